"""Small honest changes to text: what may be stored, what a list shows, what an HTML mail looks like."""

import re
import unicodedata
from functools import lru_cache

from django.utils.html import escape, urlize

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
#: whatever `urlize` makes a link of has one of these
_MAY_LINK = re.compile(r"@|://|www\.|\.(com|edu|gov|int|mil|net|org)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_MEDIA_TYPE = re.compile(r"(?=.{3,100}\Z)[a-z0-9][\w.+-]*/[a-z0-9][\w.+-]*\Z", re.ASCII)


def clean(text: str) -> str:
    """Text as we keep it: no control characters (PostgreSQL refuses NUL), one kind of line end, no edges."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def line(text: str, most: int = 300) -> str:
    """Text fit for a header or a title: one line, no control characters, at most `most` characters."""
    return _SPACE.sub(" ", _LINE.sub(" ", text)).strip()[:most]


def snippet(text: str) -> str:
    """The beginning of a text, for lists."""
    return line(text[:1000], 200)


def filename(name: str) -> str:
    """A file's name without folders, control characters, invisible ones, or nothing at all."""
    name = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    name = line(name.replace("\\", "/").rpartition("/")[2], 200).strip(". ")
    return name or "file"


def number(text: str) -> int | None:
    """A whole number as an address or a form says it; None for anything else, and for more than a row could have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def media_type(name: str) -> str:
    """A file's media type as we keep and send it; what is none, or would nest a mail in ours, is just bytes."""
    name = name.strip().lower()
    is_one = _MEDIA_TYPE.match(name) and not name.startswith(("multipart/", "message/"))
    return name if is_one else "application/octet-stream"


def paragraphs(text: str) -> str:
    """Plain text as HTML: escaped, links made links, blank lines made paragraphs."""
    return _paragraphs(text) if len(text) <= KEPT_UPTO else _paragraphs.__wrapped__(text)


#: a conversation is drawn anew after each act: the last texts of ordinary length are kept, some megabytes at most
KEPT_UPTO = 8000


@lru_cache(maxsize=1000)
def _paragraphs(text: str) -> str:
    blocks = [block for block in re.split(r"\n{2,}", text) if block.strip()]
    return "\n".join("<p>" + "<br>".join(_row(row) for row in block.split("\n")) + "</p>" for block in blocks)


def _row(row: str) -> str:
    """One row of text. Looking for links word by word is slow, so rows that cannot have one are spared it."""
    safe = escape(row)
    return urlize(safe, nofollow=True) if _MAY_LINK.search(row) else safe
