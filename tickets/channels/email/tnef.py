"""Outlook's container of attachments (winmail.dat), opened with a guarded library."""

import logging
from dataclasses import dataclass

from tnefparse import TNEF

MAX_BYTES = 20 * 1024 * 1024

logging.getLogger("tnefparse").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside."""

    files: tuple[tuple[str, bytes], ...]
    text: str
    html: str


def read(content: bytes) -> Opened | None:
    """Open a container; None when it cannot be read or holds nothing, so that the container itself is kept."""
    if len(content) > MAX_BYTES or content[:4] != b"\x78\x9f\x3e\x22":
        return None
    try:
        container = TNEF(content, do_checksum=False)
        files = tuple(
            (str(one.long_filename() or one.name or "file"), bytes(one.data or b"")) for one in container.attachments
        )
        text, html = _text(container.body), _text(container.htmlbody)
    except Exception:  # the library raises whatever its tables meet
        return None
    return Opened(files, text, html) if files or text or html else None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").replace("\0", "")
    return str(value).replace("\0", "") if isinstance(value, str) else ""
