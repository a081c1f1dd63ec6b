"""The words of Outlook's compressed rich text ([MS-OXRTFCP]), without a library and without its pictures."""

import re

from tickets.channels.email import charsets

MAX_BYTES = 4 * 1024 * 1024
_MAX_OUT = 4 * 1024 * 1024
_COMPRESSED, _UNCOMPRESSED = b"LZFu", b"MELA"
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN = re.compile(rb"\\'([0-9a-fA-F]{2})|\\([a-z]{1,32})(-?\d{1,9})? ?|\\(.)|([{}])|([^\\{}\r\n]+)", re.DOTALL)
_HIDDEN = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer themedata datastore latentstyles listtable "
    b"listoverridetable rsidtbl generator xmlnstbl mmathPr filetbl".split()
)
_SIGNS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"emdash": "—", b"endash": "–", b"bullet": "•", b"row": "\n",
          b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"cell": "\t"}  # fmt: skip


def text_of(compressed: bytes) -> str:
    """The text of a compressed document; "" when it is none. Linear, and bounded in what comes out."""
    content = decompressed(compressed)
    return _text(content) if content.lstrip().startswith(rb"{\rtf") else ""


def decompressed(content: bytes) -> bytes:
    """The document, as far as it can be decompressed."""
    if len(content) < 16 or len(content) > MAX_BYTES:
        return b""
    size = min(int.from_bytes(content[4:8], "little"), _MAX_OUT)
    if content[8:12] == _UNCOMPRESSED:
        return content[16 : 16 + size]
    if content[8:12] != _COMPRESSED:
        return b""
    window = bytearray(_DICTIONARY.ljust(4096, b"\0"))
    write, out = len(_DICTIONARY), bytearray()
    place, length = 16, len(content)
    while place < length and len(out) < size:
        control = content[place]
        place += 1
        for bit in range(8):
            if place >= length or len(out) >= size:
                break
            if not control >> bit & 1:
                run = content[place : place + 1]
                place += 1
                out += run
                window[write] = run[0]
                write = (write + 1) % 4096
                continue
            reference = int.from_bytes(content[place : place + 2], "big")
            place += 2
            offset, count = reference >> 4, (reference & 15) + 2
            if offset == write:
                return bytes(out)
            for index in range(count):
                byte = window[(offset + index) % 4096]
                out.append(byte)
                window[write] = byte
                write = (write + 1) % 4096
    return bytes(out)


def _text(content: bytes) -> str:
    """What a reader sees: groups that are no text, and HTML wrapped in the document, left out."""
    out: list[str] = []
    pending = bytearray()
    codec, skip_after = "cp1252", 1
    hidden, depth = 0, 0  # the depth at which what is hidden began, 0 when nothing is
    to_skip = 0

    def end_bytes() -> None:
        if pending:
            out.append(charsets.decode(bytes(pending), codec)[0])
            pending.clear()

    for match in _TOKEN.finditer(content):
        code, word, number, symbol, brace, plain = match.groups()
        if brace:
            depth += 1 if brace == b"{" else -1
            hidden = hidden if depth >= hidden else 0
            to_skip = 0
        elif word in _HIDDEN or symbol == b"*":
            hidden = hidden or depth
        elif word == b"ansicpg" and number:
            codec = charsets.codec_named(f"cp{int(number)}") or codec
        elif word == b"uc" and number:
            skip_after = min(abs(int(number)), 9)
        elif hidden:
            continue
        elif code:
            if to_skip:
                to_skip -= 1
            else:
                pending += bytes.fromhex(code.decode())
        elif plain:
            skipped = min(to_skip, len(plain))
            to_skip -= skipped
            pending += plain[skipped:]
        elif word == b"u" and number:
            end_bytes()
            out.append(_character(int(number)))
            to_skip = skip_after
        elif word in _SIGNS:
            end_bytes()
            out.append(_SIGNS[word])
        elif symbol in (b"\\", b"{", b"}"):
            pending += symbol
        elif symbol == b"~":
            pending += b" "
    end_bytes()
    text = charsets.without_surrogates("".join(out).encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return text.replace("\0", "").strip("\n")


def _character(number: int) -> str:
    return chr(number % 65536)
