"""How much mail we read. Checked on the bytes, before a parser that recurses or builds objects sees them."""

import re

MAX_BYTES = 50 * 1024 * 1024
MAX_HEADER_BLOCK = 256 * 1024
MAX_PARTS = 1000
MAX_DEPTH = 50
MAX_ATTACHMENTS = 200
#: what all parts come to without their transfer encoding, and with what containers in them hold
MAX_DECODED = 100 * 1024 * 1024

_HEADER_LINE = re.compile(rb"[!-9;-~\x80-\xff]+[ \t]*:")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_MULTIPART = re.compile(rb"^content-type[ \t]*:\s*[\"']?multipart/", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{0,200})\"?|([^\s;\"]{1,200}))", re.IGNORECASE)


class MailTooComplex(Exception):
    """The mail exceeds what we read. It is kept as it came; the reason is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(raw: bytes) -> None:
    """Raise MailTooComplex for a mail over any cap. The exact count is only made where a cheap one is suspicious."""
    if len(raw) > MAX_BYTES:
        raise MailTooComplex(f"The mail has {len(raw):,} bytes; at most {MAX_BYTES:,} are read.")
    if len(raw) > MAX_HEADER_BLOCK:
        _check_header_block(raw)
    # Every level and every part takes a line that begins with two dashes.
    if raw.count(b"\n--") + raw.count(b"\r--") > MAX_DEPTH:
        _check_structure(raw)


def _check_header_block(raw: bytes) -> None:
    end = _END_OF_HEADERS.search(raw, 0, MAX_HEADER_BLOCK)
    if end:
        return
    position = 0
    while position <= MAX_HEADER_BLOCK:  # a block ends as well at the first line that is no header
        newline = raw.find(b"\n", position, MAX_HEADER_BLOCK)
        if newline < 0:
            if position == 0 and not _HEADER_LINE.match(raw, 0, 1000):
                return
            break
        line_is_header = raw[position : position + 1] in b" \t" or _HEADER_LINE.match(raw, position, newline)
        if not line_is_header and not (position == 0 and raw.startswith(b"From ")):
            return
        position = newline + 1
    raise MailTooComplex(f"The header is longer than {MAX_HEADER_BLOCK:,} bytes.")


def _check_structure(raw: bytes) -> None:
    """Count parts and depth exactly, line by line, with the open boundaries on a stack."""
    depth_of: dict[bytes, int] = {}
    open_boundaries: list[bytes] = []
    parts = 0
    in_headers, header = True, [b""]
    for line in raw.splitlines():
        if line.startswith(b"--") and open_boundaries:
            mark = line[2:].rstrip()
            closes = mark not in depth_of and mark.endswith(b"--") and mark[:-2] in depth_of
            name = mark[:-2] if closes else mark
            if name in depth_of:
                depth = depth_of[name]
                for inner in open_boundaries[depth:]:
                    depth_of.pop(inner, None)
                del open_boundaries[depth:]
                if closes:
                    depth_of.pop(name)
                    open_boundaries.pop()
                else:
                    parts += 1
                    if parts > MAX_PARTS:
                        raise MailTooComplex(f"The mail has more than {MAX_PARTS:,} parts.")
                in_headers, header = not closes, [b""]
                continue
        if not in_headers:
            continue
        if line.strip():
            if line[:1] in b" \t" and header:
                header[-1] += line[:1000] if len(header[-1]) < 10000 else b""
            else:
                header.append(line[:1000])
            continue
        in_headers = False
        boundary = next((_boundary(one) for one in header if _MULTIPART.match(one)), None)
        if boundary is not None and boundary not in depth_of:
            open_boundaries.append(boundary)
            depth_of[boundary] = len(open_boundaries)
            if len(open_boundaries) > MAX_DEPTH:
                raise MailTooComplex(f"The mail has parts nested deeper than {MAX_DEPTH}.")


def _boundary(header: bytes) -> bytes | None:
    match = _BOUNDARY.search(header)
    return (match[1] if match[1] is not None else match[2]).rstrip() if match else None
