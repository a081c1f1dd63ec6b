"""The standard library's MIME tree (compat32), with headers left raw and nested mails left whole."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from functools import cached_property
from typing import Any, cast

from tickets.channels.email import headers
from tickets.channels.email.limits import MAX_HEADER_BLOCK

_HEADER_END = re.compile(rb"\r?\n\r?\n")
# A line that is neither a header nor the continuation of one, and the headers worth looking for below it.
_NO_HEADER = re.compile(rb"\n(?![ \t\r\n]|[!-9;-~]+[ \t]*:)")
_CORE_HEADER = re.compile(rb"\n(?:from|to|subject|date|message-id|content-type|mime-version):", re.IGNORECASE)
_NO_HEADERS: list[str] = []


class Part(Message):
    """One part of a mail: its raw headers by lower-case name, its bytes as they were sent, and its parts."""

    _payload: Any

    def get_content_type(self) -> str:
        """Ask the parser to keep nested mails and reports as bytes: they are attachments, not parts to recurse into."""
        content_type = super().get_content_type()
        return "application/octet-stream" if content_type.startswith("message/") else content_type

    @cached_property
    def fields(self) -> dict[str, list[str]]:
        """Every value of every header, raw, bytes above ASCII as surrogates."""
        fields: dict[str, list[str]] = {}
        for name, value in self.raw_items():
            fields.setdefault(name.lower().rstrip(), []).append(str(value))
        return fields

    def all(self, name: str) -> list[str]:
        """The raw values of one header."""
        return self.fields.get(name, _NO_HEADERS)

    def first(self, name: str) -> str:
        """The first raw value of one header, "" when there is none."""
        values = self.fields.get(name)
        return values[0] if values else ""

    @cached_property
    def typed(self) -> tuple[str, dict[str, str]]:
        """The content type as the mail states it, and its parameters."""
        raw = self.first("content-type")
        if not raw:
            return self.get_default_type(), {}
        kind, parameters = headers.parameters(raw)
        if kind.count("/") != 1 or " " in kind:
            kind = kind.split()[0] if kind.split() and kind.split()[0].count("/") == 1 else "text/plain"
        return kind, parameters

    @cached_property
    def disposition(self) -> tuple[str, dict[str, str]]:
        """Whether the part is to be shown or saved, and its parameters; "" when it does not say."""
        raw = self.first("content-disposition")
        return headers.parameters(raw) if raw else ("", {})

    @property
    def file_name(self) -> str:
        """What the sender called the part, as written; "" when it has no name."""
        details, parameters = self.disposition[1], self.typed[1]
        return (
            details.get("filename") or details.get("name") or parameters.get("name") or parameters.get("filename") or ""
        )

    @property
    def parts(self) -> list["Part"]:
        """The parts of a multipart; empty for a leaf."""
        return self._payload if isinstance(self._payload, list) else []

    def sent_bytes(self) -> bytes:
        """The content as it travelled, transfer encoding and all."""
        payload = self._payload
        if payload is None or isinstance(payload, list):
            return b""
        try:
            return str(payload).encode("ascii", "surrogateescape")
        except UnicodeEncodeError:
            return str(payload).encode("utf-8", "replace")

    def walk_parts(self) -> Iterator["Part"]:
        """This part and every part below it, in order."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


def read(raw: bytes) -> tuple[Part, str]:
    """The tree of a mail, and a warning when the parser failed and everything after the header is taken as text."""
    raw = raw.lstrip(b"\r\n\x00") if raw[:1] in b"\r\n\x00" else raw
    raw = _mended(raw.removeprefix(b"\xef\xbb\xbf"))
    try:
        return cast(Part, message_from_bytes(raw, _class=Part, policy=compat32)), ""
    except Exception as error:
        return _flat(raw), f"The structure could not be read ({type(error).__name__})."


def _mended(raw: bytes) -> bytes:
    """A header block with a line in it that is no header: fold it into the one above, if real headers follow.

    The standard library ends the header there, and would take From and Subject below for text.
    """
    match = _NO_HEADER.search(raw, 0, MAX_HEADER_BLOCK)
    end = _HEADER_END.search(raw, 0, MAX_HEADER_BLOCK)
    if match is None or end is None or match.start() >= end.start():
        return raw
    if not _CORE_HEADER.search(raw, match.end(), end.start()):
        return raw
    return _NO_HEADER.sub(b"\n ", raw[: end.start()]) + raw[end.start() :]


def _flat(raw: bytes) -> Part:
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    part = Part(policy=compat32)
    for line in head.replace(b"\n ", b" ").replace(b"\n\t", b" ").split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and not name.lower().startswith(b"content-"):
            part.set_raw(name.decode("ascii", "replace"), value.strip().decode("ascii", "surrogateescape"))
    part.set_payload(body.decode("ascii", "surrogateescape"))
    return part
