"""Outlook's container of attachments (winmail.dat; [MS-OXTNEF]), read once from front to back.

A reader of our own: libraries believe the counts that a container states, and loop for hours on a damaged one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tickets.channels.email import charsets, rtf

MAX_BYTES = 30 * 1024 * 1024
_MAX_DEPTH = 3

SIGNATURE = b"\x78\x9f\x3e\x22"
_MESSAGE_SIGNATURE = bytes.fromhex("0703020000000000c000000000000046")

# Attributes.
_OEM_CODEPAGE, _BODY, _MAPI_PROPERTIES, _SUBJECT = 0x9007, 0x800C, 0x9003, 0x8004
_ATTACH_BEGINS, _ATTACH_TITLE, _ATTACH_DATA, _ATTACH_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
# Properties.
_P_BODY, _P_HTML, _P_RTF, _P_CODEPAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_P_DATA, _P_SHORT_NAME, _P_LONG_NAME, _P_DISPLAY_NAME, _P_CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x3001, 0x3712
# Types of properties, and how many bytes one value of a fixed type takes.
_STRING, _UNICODE, _BINARY, _OBJECT, _MULTIPLE = 0x001E, 0x001F, 0x0102, 0x000D, 0x1000
_SIZES = {
    0x0001: 0, 0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8,
    0x0040: 8, 0x0048: 16,
}  # fmt: skip
_CODECS = {65001: "utf-8", 20127: "ascii", 936: "gb18030", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp"}


@dataclass(frozen=True, slots=True)
class Inside:
    """One file of a container."""

    name: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside."""

    files: tuple[Inside, ...]
    text: str
    html: str


@dataclass(slots=True)
class _File:
    names: dict[int, str] = field(default_factory=dict)
    content: bytes = b""
    content_id: str = ""
    is_message: bool = False

    def name(self) -> str:
        known = (self.names.get(which, "") for which in (_P_LONG_NAME, _P_SHORT_NAME, _ATTACH_TITLE, _P_DISPLAY_NAME))
        return next((name for name in known if name), "file")


@dataclass(slots=True)
class _Container:
    """A container while it is being read."""

    codec: str = "cp1252"
    subject: str = ""
    text: str = ""
    html: bytes = b""
    html_codec: str = ""
    rtf: bytes = b""
    files: list[_File] = field(default_factory=list)


def read(content: bytes, *, depth: int = 0) -> Opened | None:
    """Open a container; None when it cannot be read or holds nothing, so that the container itself is kept."""
    if len(content) > MAX_BYTES or content[:4] != SIGNATURE:
        return None
    container = _Container()
    for level, which, data in _attributes(content):
        if level == 1:
            _of_message(container, which, data)
        else:
            _of_file(container, which, data)
    html = charsets.decode(container.html, container.html_codec)[0].replace("\0", "") if container.html else ""
    text = container.text.replace("\0", "").replace("\r\n", "\n")
    if container.rtf and not text.strip() and not html:
        text = rtf.text_of(container.rtf)
    files = tuple(inside for file in container.files for inside in _files_of(file, depth))
    return Opened(files, text, html) if files or text.strip() or html else None


def _files_of(file: _File, depth: int) -> list[Inside]:
    """A file; of a mail in the container its text and its files, for nothing else opens it."""
    inner = read(file.content, depth=depth + 1) if file.is_message and depth < _MAX_DEPTH else None
    if inner is None:
        return [Inside(file.name(), file.content, file.content_id)]
    found = list(inner.files)
    if inner.html:
        found.insert(0, Inside(f"{file.name()}.html", inner.html.encode()))
    elif inner.text:
        found.insert(0, Inside(f"{file.name()}.txt", inner.text.encode()))
    return found


def _attributes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The level, id and data of every attribute that is there whole; of the last one what is there."""
    place, length = 6, len(content)
    while place + 9 <= length:
        level = content[place]
        which = _number(content, place + 1, 2)
        size = _number(content, place + 5, 4)
        if level not in (1, 2):
            return
        yield level, which, content[place + 9 : place + 9 + size]
        place += 9 + size + 2


def _of_message(container: _Container, which: int, data: bytes) -> None:
    if which == _OEM_CODEPAGE:
        container.codec = _codec(_number(data, 0, 4)) or container.codec
    elif which == _BODY:
        container.text = _string(data, container.codec)
    elif which == _MAPI_PROPERTIES:
        for number, kind, value in _properties(data):
            if number == _P_BODY:
                container.text = _string(value, container.codec, kind)
            elif number == _P_HTML:
                container.html = value.rstrip(b"\0") if kind != _UNICODE else _string(value, "", kind).encode()
                container.html_codec = "utf-8" if kind == _UNICODE else container.html_codec or container.codec
            elif number == _P_CODEPAGE:
                container.html_codec = _codec(_number(value, 0, 4))
            elif number == _P_RTF:
                container.rtf = value


def _of_file(container: _Container, which: int, data: bytes) -> None:
    if which == _ATTACH_BEGINS or not container.files:
        container.files.append(_File())
    file = container.files[-1]
    if which == _ATTACH_TITLE:
        file.names[_ATTACH_TITLE] = _string(data, container.codec)
    elif which == _ATTACH_DATA:
        file.content = data
    elif which == _ATTACH_PROPERTIES:
        for number, kind, value in _properties(data):
            if number == _P_DATA and kind in (_OBJECT, _BINARY):
                file.is_message = value.startswith(_MESSAGE_SIGNATURE)
                file.content = value[16:] if file.is_message else value
            elif number in (_P_SHORT_NAME, _P_LONG_NAME, _P_DISPLAY_NAME):
                file.names[number] = _string(value, container.codec, kind)
            elif number == _P_CONTENT_ID:
                file.content_id = _string(value, container.codec, kind).strip("<> ")


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The id, type and first value of every property; ends where the data ends, whatever count they state."""
    place, length = 4, len(data)
    while place + 4 <= length:
        kind, number = _number(data, place, 2), _number(data, place + 2, 2)
        place += 4
        if number >= 0x8000:  # named: by a number, or by words
            is_word = _number(data, place + 16, 4)
            place += 20
            place += 4 + (_padded(_number(data, place, 4)) if is_word else 0)
        is_multiple, kind = bool(kind & _MULTIPLE), kind & ~_MULTIPLE
        if kind in _SIZES:
            count = 1
            if is_multiple:
                count = _number(data, place, 4)
                place += 4
            yield number, kind, data[place : place + _SIZES[kind]]
            place += _SIZES[kind] * count
        elif kind in (_STRING, _UNICODE, _BINARY, _OBJECT):
            count = _number(data, place, 4)
            place += 4
            for index in range(count):
                if place + 4 > length:
                    return
                size = _number(data, place, 4)
                if index == 0:
                    yield number, kind, data[place + 4 : place + 4 + size]
                place += 4 + _padded(size)
        else:
            return


def _padded(size: int) -> int:
    return size + -size % 4


def _number(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")


def _codec(codepage: int) -> str:
    if 28591 <= codepage <= 28606:
        return f"iso8859-{codepage - 28590}"
    return charsets.codec_named(_CODECS.get(codepage, f"cp{codepage}"))


def _string(data: bytes, codec: str, kind: int = _STRING) -> str:
    if kind == _UNICODE:
        return charsets.without_surrogates(data.decode("utf-16-le", "replace")).replace("\0", "")
    return charsets.decode(data.rstrip(b"\0"), codec)[0].replace("\0", "")
