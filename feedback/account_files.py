"""Account events in a CSV file: what its columns mean, and what is wrong with which line. Nothing is kept here."""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models.account import KNOWN_KINDS
from feedback.operations import telling
from feedback.operations.telling import News
from tickets.channels.email import charsets
from tickets.models import ContactPoint, Customer, Organisation
from tickets.operations.status import NotPossible

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 100_000
#: so many lines are understood before anything is kept
LOOKED_AT = 1_000
MOST_COLUMNS = 100

#: what a column can mean, and what it is called in files
COLUMNS: dict[str, str | Promise] = {
    "kind": gettext_lazy("What happened"),
    "at": gettext_lazy("When"),
    "address": gettext_lazy("Customer, by mail address"),
    "organisation": gettext_lazy("Organisation, by name, domain or number"),
    "value": gettext_lazy("Value"),
    "currency": gettext_lazy("Currency"),
    "external_id": gettext_lazy("Your number for it"),
}
#: before the colon of an event of one's own
_OWN = "own"
_CALLED = {
    "kind": ("kind", "event", "type", "what", "ereignis", "art"),
    "at": ("at", "date", "when", "time", "timestamp", "moment", "occurred_at", "created_at", "datum", "zeitpunkt"),
    "address": ("address", "email", "e_mail", "mail", "customer_email", "customer", "adresse", "kunde"),
    "organisation": ("organisation", "organization", "company", "account", "domain", "firma"),
    "value": ("value", "amount", "total", "price", "betrag", "wert"),
    "currency": ("currency", "waehrung", "währung"),
    "external_id": ("external_id", "id", "number", "reference", "invoice", "nummer"),
}


class Unreadable(ValueError):
    """The file as a whole cannot be read; the text says why."""


Row = tuple[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A file: its headings, its first lines with the number each begins at, and how many lines there are."""

    headings: Sequence[str]
    rows: Sequence[Row]
    lines: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says: events, and lines that say none, each with the reason."""

    news: Sequence[News]
    lines: Sequence[int]
    problems: Sequence[tuple[int, str]] = field(default=())


def decoded(content: bytes) -> str:
    """The text of a file, whatever program wrote it. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(_("A file has at most 20 MB. Split it, or tell the events by the API."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = charsets.without_surrogates(content.decode("utf-16", "replace"))
    else:
        text, _charset = charsets.decode(content)
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise Unreadable(_("This is no CSV file."))
    return text


def opened(text: str) -> tuple[Sequence[str], Iterator[Row]]:
    """The headings of a file, and its lines one after the other. Raises Unreadable, also while they are read."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = _rows(csv.reader(io.StringIO(text), delimiter=delimiter))
    _line, headings = next(rows, (0, ()))
    return [heading[:100] for heading in headings], rows


def _rows(reader: Any) -> Iterator[Row]:
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [_plain(cell) for cell in cells[:MOST_COLUMNS]]
    except csv.Error:
        raise Unreadable(_("This is no CSV file.")) from None


def table(text: str) -> Table:
    """The first lines of a file, whose others can be read as well. Raises Unreadable."""
    headings, rows = opened(text)
    begun: list[Row] = []
    lines = 0
    for row in rows:
        lines += 1
        if lines <= LOOKED_AT:
            begun.append(row)
        if lines > MOST_ROWS:
            raise Unreadable(_("A file has at most 100,000 lines. Split it, or tell the events by the API."))
    if not headings or not begun:
        raise Unreadable(_("There is nothing in this file: a line of headings and a line for each event are needed."))
    return Table(headings, begun, lines)


def _plain(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from taking it for a formula."""
    cell = cell.strip()
    return cell[1:] if re.match(r"'[=+\-@]", cell) else cell


def guessed(headings: Sequence[str]) -> dict[str, int]:
    """Which column means what, by what it is called."""
    names = [re.sub(r"[^\w]+", "_", heading.lower()).strip("_") for heading in headings]
    found: dict[str, int] = {}
    for meaning, called in _CALLED.items():
        place = next((names.index(name) for name in called if name in names), None)
        if place is not None and place not in found.values():
            found[meaning] = place
    return found


def understood(
    rows: Sequence[Row], columns: Mapping[str, int], zone: str, *, seen: Counter[str] | None = None
) -> Found:
    """What each line says. A moment without a zone is of `zone`. Three queries, however many lines there are.

    `seen` counts lines that are alike; whoever understands a file in parts passes the same for all.
    """

    def cell(row: Sequence[str], meaning: str) -> str:
        place = columns.get(meaning, -1)
        return row[place] if 0 <= place < len(row) else ""

    customers = _customers({cell(row, "address").lower() for _line, row in rows})
    organisations = _organisations({cell(row, "organisation") for _line, row in rows})
    news: list[News] = []
    lines: list[int] = []
    problems: list[tuple[int, str]] = []
    seen = Counter() if seen is None else seen
    for line, row in rows:
        try:
            one = _news({meaning: cell(row, meaning) for meaning in COLUMNS}, customers, organisations, zone, seen)
            telling.check(one)
        except (NotPossible, Unreadable) as why:
            problems.append((line, str(why)))
        else:
            news.append(one)
            lines.append(line)
    return Found(news, lines, problems)


def _news(
    said: Mapping[str, str], customers: Mapping[str, Customer], organisations: Mapping[str, Organisation], zone: str,
    seen: Counter[str],
) -> News:  # fmt: skip
    about: Customer | Organisation | None
    if address := said["address"].lower():
        about = customers.get(address)
        if about is None:
            raise Unreadable(_("There is no customer with the address %(address)s.") % {"address": address[:100]})
    elif name := said["organisation"]:
        about = organisations.get(name.lower())
        if about is None:
            raise Unreadable(_("There is no organisation %(name)s, or more than one.") % {"name": name[:100]})
    else:
        raise Unreadable(_("It names neither a customer nor an organisation."))
    kind = _kind(said["kind"])
    at, value = _moment(said["at"], zone), _value(said["value"])
    number = said["external_id"][:200]
    if not number:
        # told twice is told once without a number, too; two lines alike in one file are two events
        content = "\n".join([type(about).__name__, str(about.pk), kind, at.isoformat(), str(value), said["currency"]])
        seen[content] += 1
        number = "line-" + hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:40]
    return News(about, kind, at, value, said["currency"].upper() if value is not None else "", number)


def _kind(given: str) -> str:
    """What happened. A word we do not know is a slip of the pen, unless the file says that it is one of their own."""
    prefix, mark, word = given.lower().partition(":")
    is_own = bool(mark) and prefix.strip() == _OWN
    kind = re.sub(r"[^a-z0-9]+", "_", word if is_own else given.lower()).strip("_")
    if not is_own and kind not in KNOWN_KINDS:
        raise Unreadable(
            _("“%(word)s” is no event we know (%(known)s). Write %(own)s if it is one of your own.")
            % {"word": given[:40], "known": ", ".join(KNOWN_KINDS), "own": f"{_OWN}:{kind[:40] or 'word'}"}
        )
    return kind


def _moment(given: str, zone: str) -> datetime:
    text = given
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}:\d{2}))?", text):
        day, month, year, clock = found.groups()
        text = f"{year}-{int(month):02}-{int(day):02}" + (f"T{clock.zfill(5)}" if clock else "")
    try:
        at = parse_datetime(text)
        if at is None and (whole := parse_date(text)):
            at = datetime.combine(whole, time(12))
    except ValueError:
        at = None
    if at is None:
        raise Unreadable(
            _("“%(text)s” is no moment: write 2026-03-01, 2026-03-01 09:30 or 1.3.2026.") % {"text": given[:40]}
        )
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def _value(text: str) -> Decimal | None:
    text = re.sub(r"[\s\u00a0']", "", text)
    if not text:
        return None
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d+,\d{1,2}", text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    try:
        value = Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or abs(value) >= 10**12:
        raise Unreadable(_("“%(text)s” is no value.") % {"text": text[:40]})
    return value


def _customers(addresses: set[str]) -> dict[str, Customer]:
    points = ContactPoint.objects.filter(channel="email", address__in=addresses - {""}, customer__erased_at=None)
    return {point.address: point.customer for point in points.select_related("customer")}


def _organisations(names: set[str]) -> dict[str, Organisation]:
    """By name where only one has it, by domain, by number."""
    wanted = {name.lower() for name in names if name}
    if not wanted:
        return {}
    found: dict[str, Organisation] = {}
    count: Counter[str] = Counter()
    everybody = list(Organisation.objects.all())
    for one in everybody:
        count[one.name.lower()] += 1
    for one in everybody:
        for name in (str(one.pk), one.domain, one.name.lower()):
            if name in wanted and (name != one.name.lower() or count[name] == 1):
                found[name] = one
    return found
