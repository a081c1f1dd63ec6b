"""Bytes to text, whatever the mail says about its character set and whether or not that is true."""

import codecs
import re

import cchardet

# What senders declare is often a subset of what they send; the superset reads both (as browsers do).
_SUPERSETS = {
    "": "utf-8",
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Names that Python does not know.
_ALIASES = {
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-sjis": "cp932",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "x-windows-949": "cp949",
    "ms949": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "windows-874": "cp874",
    "x-big5": "big5hkscs",
    "ansi_x3.110-1983": "cp1252",
}
# Codecs that are no character sets, or are slow or dangerous to run on a stranger's bytes.
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode_escape", "raw-unicode-escape", "unicode-escape", "undefined"})

_SURROGATES = re.compile("[\ud800-\udfff]")
_DETECTED_PREFIX = 65536

_known: dict[str, str] = {}


def codec_named(charset: str) -> str:
    """The name of Python's codec for a declared character set; "" when there is none that may be used."""
    try:
        return _known[charset]
    except KeyError:
        pass
    name = charset.strip().strip("\"'").lower().partition("*")[0]
    name = _ALIASES.get(name, name)
    found = ""
    if name and len(name) < 40 and name.isascii():
        try:
            info = codecs.lookup(name)
            if info._is_text_encoding and info.name not in _NO_CHARSETS:
                found = info.name
        except (LookupError, ValueError):
            found = _codec_in(name)
    if len(_known) < 500:
        _known[charset] = found
    return found


def _codec_in(name: str) -> str:
    """Read `cp-1252`, `windows1252`, `iso8859_15`, `x-utf-8`: near misses of a real name."""
    if match := re.fullmatch(r"(?:x-)?(?:cp|windows|win|ms)?[-_ ]?(125[0-8]|874|932|949|950)", name):
        return f"cp{match[1]}"
    if match := re.fullmatch(r"(?:x-)?iso[-_ ]?8859[-_ ]?(\d{1,2})(?:[-_].*)?", name):
        return f"iso8859-{int(match[1])}" if 1 <= int(match[1]) <= 16 and int(match[1]) != 12 else ""
    if name.startswith("x-"):
        return codec_named(name[2:])
    return "utf-8" if "utf" in name and "8" in name else ""


def decode(content: bytes, charset: str = "") -> tuple[str, str]:
    """The text, and the name of the character set it was read in. Never fails; never yields a lone surrogate."""
    codec = codec_named(charset) if charset else ""
    if codec in ("", "utf-8", "ascii"):
        try:
            return content.decode("utf-8"), codec or ("ascii" if content.isascii() else "utf-8")
        except UnicodeDecodeError:
            return _guessed(content, codec)
    if codec.startswith("iso2022_jp"):
        return _japanese(content), codec
    try:
        text = content.decode(_SUPERSETS.get(codec, codec))
    except (UnicodeError, ValueError):
        try:
            text = content.decode(codec)
        except (UnicodeError, ValueError):
            return _guessed(content, codec)
    return without_surrogates(text), codec


def _guessed(content: bytes, declared: str) -> tuple[str, str]:
    """The declared set is absent or wrong: a nearly right declaration, then a detector, then what always works."""
    if declared:
        text = content.decode(_SUPERSETS.get(declared, declared) if declared != "ascii" else "utf-8", "replace")
        damaged = text.count("\ufffd")
        if damaged and damaged <= max(1, len(text) // 50) and declared != "ascii":
            return without_surrogates(text), declared
    if declared not in ("", "utf-8", "ascii"):
        try:
            return content.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            pass
    guess = detected(content)
    if guess:
        try:
            return without_surrogates(content.decode(_SUPERSETS.get(guess, guess))), guess
        except (UnicodeError, ValueError):
            pass
    return content.decode("cp1252", "replace"), declared or "cp1252"


def _japanese(content: bytes) -> str:
    """ISO-2022-JP as it is written: with the vendors' characters (① ㈱) and half-width kana that the standard lacks."""
    try:
        return content.decode("iso2022_jp")
    except UnicodeDecodeError:
        pass
    out: list[str] = []
    for piece in content.split(b"\x1b"):
        mark, rest = piece[:2], piece[2:]
        if mark in (b"$B", b"$@"):
            out.append(_jis(rest))
        elif mark == b"(I":
            out.append(bytes(byte | 0x80 for byte in rest).decode("cp932", "replace"))
        elif mark in (b"(B", b"(J", b"(H"):
            out.append(rest.decode("cp932", "replace"))
        else:
            out.append(piece.decode("cp932", "replace"))
    return "".join(out)


def _jis(content: bytes) -> str:
    """Two-byte JIS as Shift_JIS, which knows the vendors' rows."""
    out = bytearray()
    position = 0
    while position < len(content):
        first = content[position]
        second = content[position + 1] if position + 1 < len(content) else 0
        if not (0x21 <= first <= 0x7E and 0x21 <= second <= 0x7E):
            out.append(first)
            position += 1
            continue
        lead = (first - 0x21) // 2 + 0x81
        trail = second + (0x1F if first % 2 else 0x7E)
        out += bytes((lead + (0x40 if lead > 0x9F else 0), trail + (1 if first % 2 and trail >= 0x7F else 0)))
        position += 2
    return out.decode("cp932", "replace")


def detected(content: bytes) -> str:
    """The codec a detector believes in; "" when it has no opinion worth having."""
    try:
        answer = cchardet.detect(content[:_DETECTED_PREFIX])
    except Exception:  # a detector's opinion is never needed
        return ""
    if not answer or not answer.get("encoding") or (answer.get("confidence") or 0) < 0.5:
        return ""
    return codec_named(str(answer["encoding"]))


def without_surrogates(text: str) -> str:
    """The same text with every lone surrogate replaced, so that it can be stored as UTF-8."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
