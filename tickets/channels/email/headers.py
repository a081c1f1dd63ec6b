"""One header at a time: raw text as the parser found it in, clean text, ids, dates and parameters out.

Nothing here raises, whatever the header holds, and everything is linear in its length.
"""

import base64
import binascii
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from tickets.channels.email import charsets

MAX_HEADER = 262144

_ENCODED_WORD = re.compile(
    r"=\?([^?\s\"<>@]{1,60})\?\s?([bBqQ])\s?\?([^?]*(?:\?(?!=)[^?]{0,200}){0,3})\?=(?:(\s+)(?==\?))?"
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Marks that turn the reading direction round: a file name or an address must not carry them.
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_BRACKETED_ID = re.compile(r"<([^<>]{1,2000})>")
_PLAIN_ID = re.compile(r"[^\s<>,;\"()]{1,900}@[^\s<>,;\"()]{1,900}")


def raw_text(raw: str, charset: str = "") -> str:
    """A header value whose bytes above ASCII were kept as surrogates, as text."""
    if raw.isascii():
        return raw
    try:
        content = raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return charsets.without_surrogates(raw)
    try:
        return content.decode("utf-8")  # RFC 6532, and what nearly everybody means who does not encode
    except UnicodeDecodeError:
        return charsets.decode(content, charset)[0]


def clean(text: str) -> str:
    """One line without control characters or runs of space, composed (NFC)."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _CONTROLS.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _SPACES.sub(" ", text.replace("  ", " ")).strip()


def decoded(raw: str, charset: str = "") -> str:
    """What a header says to a reader: unfolded, RFC 2047 words decoded, clean."""
    text = raw[:MAX_HEADER]
    if not text.isascii():
        text = raw_text(text, charset)
    elif "\x1b" in text:  # ISO-2022-JP without encoding it: ASCII bytes with escapes
        text = charsets.decode(text.encode("ascii"), "iso-2022-jp")[0]
    elif charset == "utf-7" and "+" in text:
        text = charsets.decode(text.encode("ascii"), "utf-7")[0]
    if "=?" in text:
        text = encoded_words(text)
    return clean(text)


def encoded_words(text: str) -> str:
    """Decode RFC 2047 words wherever they stand; neighbours of one charset share their bytes."""
    out: list[str] = []
    pending, pending_charset = b"", ""
    end = 0
    for match in _ENCODED_WORD.finditer(text):
        charset = match[1].lower().partition("*")[0]
        if match.start() > end or charset != pending_charset:
            if pending:
                out.append(charsets.decode(pending, pending_charset)[0])
                pending = b""
            out.append(text[end : match.start()])
        pending_charset = charset
        pending += _word(match[2], match[3], charset)
        end = match.end()
    if pending:
        out.append(charsets.decode(pending, pending_charset)[0])
    out.append(text[end:])
    return "".join(out)


def _word(encoding: str, content: str, charset: str) -> bytes:
    raw = _bytes_of(content, charset)
    if encoding in "bB":
        return decode_base64(raw)
    return _Q_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), raw.replace(b"_", b" "))


def _bytes_of(content: str, charset: str) -> bytes:
    """The bytes of an encoded word; characters that should not be there unencoded are put back as they came."""
    if content.isascii():
        return content.encode("ascii")
    try:
        return content.encode(charsets.codec_named(charset) or "utf-8")
    except (UnicodeError, LookupError):
        return content.encode("utf-8", "replace")


def decode_base64(content: bytes) -> bytes:
    """Base64 as it comes: line breaks, missing padding, foreign characters and cut ends are forgiven."""
    content = content.rstrip()
    try:
        if content.find(b"=", 0, -2) < 0:
            return binascii.a2b_base64(content)
        return _in_pieces(content)
    except binascii.Error:
        return _in_pieces(content)


def _in_pieces(content: bytes) -> bytes:
    """Decode base64 that was put together from several padded pieces, or whose end is missing."""
    out = []
    for piece in re.split(rb"=+", content):
        kept = _NOT_BASE64.sub(b"", piece)
        kept = kept[: len(kept) - (len(kept) % 4 == 1)]
        out.append(base64.b64decode(kept + b"=" * (-len(kept) % 4)))
    return b"".join(out)


def message_ids(raw: str) -> tuple[str, ...]:
    """Every message id in a header, in order, without its brackets."""
    text = clean(raw_text(raw[:MAX_HEADER])) if not (raw.isascii() and raw.isprintable()) else raw[:MAX_HEADER]
    found = _BRACKETED_ID.findall(text)
    ids = [one.replace(" ", "") for one in found]
    if not ids:
        ids = _PLAIN_ID.findall(text)
    return tuple(one[:995] for one in ids[:1000] if one)


def message_id(raw: str) -> str:
    """The id of a mail without brackets; one without an @, or without brackets, is taken as it stands."""
    ids = message_ids(raw)
    if ids:
        return ids[0]
    words = clean(raw_text(raw[:2000])).strip("<> ").split()
    return words[0][:995] if words else ""


_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
_COMMENT = re.compile(r"\([^()]*\)")
_ZONE = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d\d):(\d\d)\b")
_DOUBLED_SECONDS = re.compile(r"(\d\d:\d\d:\d\d)[.:]\d+")


def date(raw: str) -> datetime | None:
    """The instant a Date header names, in UTC; None when it names none."""
    text = clean(raw_text(raw[:300]))
    if "=?" in text:
        text = clean(encoded_words(text))
    if "(" in text:
        text = _COMMENT.sub(" ", text)
    if match := _ISO_DATE.search(text):
        return _moment([int(match[n] or 0) for n in range(1, 7)], _offset(match[7]))
    text = _DOUBLED_SECONDS.sub(r"\1", _ZONE.sub(r"\1\2\3", text))
    try:
        parts = parsedate_tz(text)
    except Exception:  # the standard library raises several kinds on odd dates
        parts = None
    if parts is None:
        return None
    return _moment(list(parts[:6]), parts[9] or 0)


def _offset(zone: str | None) -> int:
    if not zone or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _moment(parts: list[int], offset: int) -> datetime | None:
    try:
        year, month, day, hour, minute, second = parts
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - timedelta(seconds=offset)
    except (ValueError, OverflowError):
        return None


def parameters(raw: str) -> tuple[str, dict[str, str]]:
    """A header such as Content-Type: its value in lower case, and its parameters, decoded.

    Reads RFC 2231 (charset, language, continuations in any order), RFC 2047 in quotes, which is wrong but common,
    raw 8-bit text, and unquoted values with spaces.
    """
    text = raw[:MAX_HEADER]
    value, semicolon, rest = text.partition(";")
    value = clean(raw_text(value)).lower()
    return value, (_parameters(rest) if semicolon else {})


def _parameters(text: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in _pairs(text):
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(base, value)
            continue
        number, second_star, _ = rest.partition("*")
        index = int(number) if number.isdecimal() and len(number) < 5 else 0
        pieces.setdefault(base, {}).setdefault(index, (value, bool(second_star) or not number))
    for base, found in pieces.items():
        plain[base] = _joined(found)
    return {name: clean(value) if name in pieces else decoded(value) for name, value in plain.items()}


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    position, length = 0, len(text)
    while position < length and len(pairs) < 200:
        equals = text.find("=", position)
        if equals < 0:
            break
        name = text[position:equals].rpartition(";")[2].strip().lower()
        position = equals + 1
        while position < length and text[position] in " \t\r\n":
            position += 1
        if position < length and text[position] == '"':
            value, position = _quoted(text, position + 1)
            semicolon = text.find(";", position)
            position = length if semicolon < 0 else semicolon + 1
        else:
            semicolon = text.find(";", position)
            end = length if semicolon < 0 else semicolon
            value, position = text[position:end].strip(), end + 1
        if name:
            pairs.append((name, value))
    return pairs


def _quoted(text: str, position: int) -> tuple[str, int]:
    out = []
    while True:
        quote = text.find('"', position)
        if quote < 0:
            out.append(text[position:])
            return "".join(out), len(text)
        chunk = text[position:quote]
        out.append(chunk)
        if not chunk.endswith("\\") or chunk.endswith("\\\\"):
            return "".join(out).replace("\\\\", "\\"), quote + 1
        out[-1] = chunk[:-1]
        out.append('"')
        position = quote + 1


def _joined(found: dict[int, tuple[str, bool]]) -> str:
    charset, out = "", b""
    for place, index in enumerate(sorted(found)):
        value, is_encoded = found[index]
        raw = value.encode("ascii", "surrogateescape") if _encodable(value) else value.encode("utf-8", "replace")
        if is_encoded:
            if place == 0 and raw.count(b"'") >= 2:
                head, _, raw = raw.partition(b"'")
                raw = raw.partition(b"'")[2]
                charset = head.decode("ascii", "replace")
            raw = unquote_to_bytes(raw)
        out += raw
    text = charsets.decode(out, charset)[0]
    return encoded_words(text) if "=?" in text else text


def _encodable(value: str) -> bool:
    try:
        value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def file_name(text: str) -> str:
    """A name to show and to save under: no folders, no control characters, no direction tricks."""
    name = clean(_OVERRIDES.sub("", text))
    name = name.replace("\\", "/").rpartition("/")[2].strip(". ") if "/" in name or "\\" in name else name
    return name[-200:]


def without_overrides(text: str) -> str:
    """The text without marks that turn the reading direction round."""
    return text if text.isascii() else _OVERRIDES.sub("", text)
