"""A mail over our caps, read as plainly as can be: its header line by line, and the first words of its text.

Nothing here builds a tree, recurses or looks further than a fixed number of bytes, so there is no mail that it cannot
read. Nothing is decoded but the words that are shown.
"""

import binascii
import re
from email.policy import compat32

from tickets.channels.email import charsets, headers, html_text
from tickets.channels.email.body import Body
from tickets.channels.email.tree import Part

MAX_HEADER = 1024 * 1024
MAX_LINES = 20_000
MAX_TEXT = 65536
_SCANNED = 1024 * 1024
_MAX_VALUE = 262144
_END = re.compile(rb"\n\n")
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def read(raw: bytes) -> tuple[Part, Body, str]:
    """The header of a mail, the beginning of its text, and why even that may not be believed ("" when it may).

    A header that does not end where we look, or has more lines than we read, may hide a second From.
    """
    lines = raw[: MAX_HEADER + _SCANNED].lstrip(b"\r\n\0").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = _END.search(lines, 0, MAX_HEADER)
    head, rest = (lines[: end.start()], lines[end.end() :]) if end else (lines[:MAX_HEADER], b"")
    header, is_whole = _header(head)
    doubt = "" if end and is_whole else "Its header is longer than we read."
    return header, _body(header, rest), doubt


def _header(head: bytes) -> tuple[Part, bool]:
    """The fields of a header block, and whether these are all. A line that is no field goes on with the one above."""
    part = Part(policy=compat32)
    name, value = "", bytearray()
    lines = head.split(b"\n", MAX_LINES)
    for line in lines[:MAX_LINES]:
        match = None if line[:1] in (b" ", b"\t") else _NAME.match(line)
        if match is None:
            value += b"\n" + line if len(value) + len(line) < _MAX_VALUE else b""
            continue
        if name:
            part.set_raw(name, value.decode("ascii", "surrogateescape"))
        name, value = match[1].decode("ascii"), bytearray(line[match.end() :].strip())
    if name:
        part.set_raw(name, value.decode("ascii", "surrogateescape"))
    return part, len(lines) <= MAX_LINES


def _body(header: Part, rest: bytes) -> Body:
    kind = header.typed[0]
    if kind.startswith("multipart/"):
        text, charset, html = _first_text(rest[:_SCANNED])
    elif kind.startswith("text/"):
        text, charset = _decoded(header, rest[:_SCANNED])
        html = kind == "text/html"
    else:
        text, charset, html = "", "", False
    if html:
        text = html_text.convert(text).text
    text = _CONTROLS.sub("", text)[:MAX_TEXT]
    return Body(text=text, answer_text=text, charset=charset)


def _first_text(content: bytes) -> tuple[str, str, bool]:
    """The first part of a multipart that is text, its character set, and whether it is HTML.

    A line that begins with two dashes and is followed by a header begins a part; the same line, or that line with two
    dashes behind it, ends it.
    """
    position, length = 0, len(content)
    first_html: tuple[str, str, bool] | None = None
    for _ in range(200):
        start = (
            content.find(b"--", position)
            if position == 0 and content.startswith(b"--")
            else content.find(b"\n--", position)
        )
        if start < 0 or start >= length:
            break
        start += content[start : start + 1] == b"\n"
        line_end = content.find(b"\n", start)
        if line_end < 0:
            break
        delimiter = content[start:line_end].rstrip()
        blank = line_end if content[line_end + 1 : line_end + 2] == b"\n" else content.find(b"\n\n", line_end)
        if blank < 0:
            break
        header = _header(content[line_end + 1 : min(blank, line_end + 65536)])[0]
        body_start = blank + (1 if blank == line_end else 2)
        end = content.find(b"\n" + delimiter, body_start - 1)
        kind = header.typed[0]
        if kind in ("text/plain", "text/html") and header.disposition[0] != "attachment":
            text, charset = _decoded(header, content[body_start : end if end >= 0 else length])
            if text.strip() and kind == "text/plain":
                return text, charset, False
            if text.strip() and first_html is None:
                first_html = (text, charset, True)
        position = line_end if kind.startswith("multipart/") or end < 0 else end
    return first_html or ("", "", False)


def _decoded(part: Part, content: bytes) -> tuple[str, str]:
    encoding = part.first("content-transfer-encoding").strip().lower()
    if "base64" in encoding:
        content = headers.decode_base64(content[: MAX_TEXT * 8])
    elif "quoted" in encoding:
        content = binascii.a2b_qp(content[: MAX_TEXT * 8])
    return charsets.decode(content[: MAX_TEXT * 4], part.typed[1].get("charset", ""))
