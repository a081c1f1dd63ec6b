"""Files written into the text of a mail the old way: `begin 644 name`, lines, `end`."""

import binascii
import re
from dataclasses import dataclass

from tickets.channels.email import headers

_BEGIN = re.compile(r"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One file, and where in the text it stood."""

    filename: str
    content: bytes
    start: int
    end: int


def find(text: str) -> list[Encoded]:
    """Every complete uuencoded file in a text. Each line is read once."""
    found: list[Encoded] = []
    position = 0
    while match := _BEGIN.search(text, position):
        read = _lines(text, match.end(), is_base64="-base64" in match[0])
        if read is None:
            position = match.end()
            continue
        content, position = read
        found.append(Encoded(headers.file_name(match[1]) or "file", content, match.start(), position))
        if len(found) > 200:
            break
    return found


def _lines(text: str, position: int, *, is_base64: bool) -> tuple[bytes, int] | None:
    """The content and the place after `end`; None when this is no encoded file after all."""
    out: list[bytes] = []
    while position < len(text):
        newline = text.find("\n", position)
        end = len(text) if newline < 0 else newline
        line = text[position:end].rstrip("\r")
        position = end + 1
        if line.strip() in ("end", "===="):
            return b"".join(out), min(position, len(text))
        if not line.strip():
            continue
        try:
            raw = line.encode("ascii")
            out.append(headers.decode_base64(raw) if is_base64 else _line(raw))
        except (ValueError, binascii.Error):
            return None
    return None


def _line(raw: bytes) -> bytes:
    try:
        return binascii.a2b_uu(raw)
    except binascii.Error:  # some encoders count wrong; the length byte says how much is meant
        if not 32 <= raw[0] <= 96:
            raise
        wanted = (((raw[0] - 32) & 63) * 4 + 5) // 3
        return binascii.a2b_uu(raw[:wanted])
