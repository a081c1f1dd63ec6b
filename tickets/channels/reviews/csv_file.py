"""Reviews in a CSV file: a line of headings, then a line for each."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from tickets.channels.email import charsets
from tickets.channels.protocol import Account, Raw, Unreadable
from tickets.channels.reviews.adapter import Reviews

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 1_000_000, 2_000, 50
#: the columns we know, by what spreadsheets of others call them
COLUMNS = {
    "source": ("source", "platform", "site"),
    "id": ("id", "review id", "reference"),
    "stars": ("stars", "rating", "score"),
    "title": ("title", "headline", "subject"),
    "text": ("text", "review", "comment", "body"),
    "author": ("author", "name", "reviewer"),
    "author_id": ("author id", "reviewer id"),
    "email": ("email", "e-mail"),
    "link": ("link", "url"),
    "language": ("language", "lang", "locale"),
    "at": ("at", "date", "time", "created at", "published at"),
}
NEEDED = ("source", "id")


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says: reviews, and lines that say none, each with its number and the reason."""

    events: Sequence[dict[str, Any]]
    problems: Sequence[tuple[int, str]] = field(default=())


def decoded(content: bytes) -> str:
    """The text of a file, whatever program wrote it. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(_("A file has at most 1 MB. Split it, or tell of the reviews by the API."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = charsets.without_surrogates(content.decode("utf-16", "replace"))
    else:
        text, _charset = charsets.decode(content)
    if "\x00" in text:
        raise Unreadable(_("This is no CSV file."))
    return text.removeprefix("\ufeff")


def read(text: str, account: Account) -> Found:
    """The reviews of a file. Raises Unreadable where it is no such file at all."""
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        lines = [(reader.line_num, cells[:MOST_COLUMNS]) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error:
        raise Unreadable(_("This is no CSV file.")) from None
    if len(lines) > MOST_ROWS + 1:
        raise Unreadable(_("A file has at most 2,000 lines. Split it, or tell of the reviews by the API."))
    names = [_column(heading) for heading in lines[0][1]] if lines else []
    if missing := [name for name in NEEDED if name not in names]:
        raise Unreadable(_("The line of headings names no column “%(column)s”.") % {"column": missing[0]})
    events: dict[tuple[str, str], dict[str, Any]] = {}
    problems: list[tuple[int, str]] = []
    for number, cells in lines[1:]:
        event: dict[str, Any] = {name: _plain(cell) for name, cell in zip(names, cells, strict=False) if name}
        event = {name: value for name, value in event.items() if value} | {"type": "edited"}
        if when := _moment(event.get("at", "")):
            event["at"] = when
        try:
            Reviews().parse(account, json.dumps(event).encode())
        except Unreadable as why:
            problems.append((number, str(why)))
            continue
        if known := events.get(key := (event["source"], event["id"])):
            if known != event:
                problems.append((number, _("The same source and id as a line before.")))
            continue
        events[key] = event
    return Found(list(events.values()), problems)


def checked(event: dict[str, Any], account: Account) -> Raw:
    """A review as it is kept. Raises Unreadable."""
    Reviews().parse(account, json.dumps(event).encode())
    return raw_of(event)


def raw_of(event: dict[str, Any]) -> Raw:
    """A review as it is kept: the same words are kept once, others are what it was changed to."""
    content = json.dumps(event, sort_keys=True).encode()
    return Raw(content, f"told {hashlib.sha256(content).hexdigest()[:64]}")


def _column(heading: str) -> str:
    plain = re.sub(r"[\s_]+", " ", heading.strip().lower())
    return next((name for name, known in COLUMNS.items() if plain in known), "")


def _plain(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from taking it for a formula."""
    cell = cell.strip()
    return cell[1:] if re.match(r"'[=+\-@]", cell) else cell


def _moment(words: str) -> str:
    """A day or moment as ISO 8601 says it; one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
