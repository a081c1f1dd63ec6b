"""Holidays in a calendar file (.ics, RFC 5545): its whole days, as dates with names. Nothing is kept here."""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

MOST_BYTES = 500 * 1024
MOST_EVENTS = 2_000
MOST_DAYS = 500
#: how many days one event may last: school holidays do
LONGEST = 100
#: so many years from the first day on are read; what repeats every year has no end
YEARS = 3
#: nothing repeats since before that: counting would take as long as it likes
EARLIEST = date(1900, 1, 1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: what we understand of a rule; whatever else stands in one makes it another rule
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"}


class Unreadable(ValueError):
    """The file as a whole cannot be read; the text says why."""


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A day and what it is called."""

    date: date
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """The days of a file, in order, one a date; how many events have a time of day; what else was left out."""

    days: list[Holiday]
    with_times: int
    problems: list[str]


def read(content: bytes, *, since: date) -> Found:
    """The whole days from `since` on, for three years. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(_("A calendar file has at most 500 KB. Export the holidays alone."))
    events = _events(content)
    until = date(since.year + YEARS, 12, 31)
    days: dict[date, str] = {}
    problems: list[str] = []
    with_times = 0
    moved = {_moved(event) for event in events} - {None}
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        name = " ".join(str(event.get("SUMMARY", "")).split())[:80] or _("Holiday")
        try:
            first, length = _whole(event)
            if not length:
                with_times += 1
                continue
            for day in _beginnings(event, first, until):
                if "RECURRENCE-ID" not in event and (str(event.get("UID", "")), day) in moved:
                    continue
                for one in (day + timedelta(days=n) for n in range(length)):
                    if since <= one <= until:
                        days.setdefault(one, name)
        except (Unreadable, OverflowError) as why:
            problems.append(f"{name}: {why}" if isinstance(why, Unreadable) else name)
        if len(days) > MOST_DAYS:
            raise Unreadable(
                _("There are more than 500 whole days in this file. Export the holidays of one place alone.")
            )
    return Found([Holiday(day, days[day]) for day in sorted(days)], with_times, problems)


def _events(content: bytes) -> list[Any]:
    from icalendar import Calendar  # only who reads a file needs it

    try:
        calendars = Calendar.from_ical(content.removeprefix(b"\xef\xbb\xbf"), multiple=True)
        if not calendars:
            raise ValueError("no whole calendar")
        events = [event for one in calendars for event in one.walk("VEVENT")]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise Unreadable(_("This is no calendar file. Export one that ends in .ics, and choose that.")) from None
    if not events:
        raise Unreadable(_("There are no days in this file."))
    if len(events) > MOST_EVENTS:
        raise Unreadable(_("There are more than 2,000 entries in this file. Export the holidays alone."))
    return events


def _of(value: Any, name: str) -> Any:
    """What a parsed property says; None where it is none of that kind, or could not be parsed."""
    try:
        return getattr(value, name, None)
    except ValueError:  # such a property says so when it is asked
        return None


def _day(at: Any) -> date | None:
    """A whole day; None for a moment, and for what is neither."""
    return at if isinstance(at, date) and not isinstance(at, datetime) else None


def _moved(event: Any) -> tuple[str, date] | None:
    """Which day of which series an event takes the place of."""
    day = _day(_of(event.get("RECURRENCE-ID"), "dt"))
    return (str(event.get("UID", "")), day) if day else None


def _whole(event: Any) -> tuple[date, int]:
    """The first day of an event and how many it lasts; of one with a time of day, none. Raises Unreadable."""
    begins = _of(event.get("DTSTART"), "dt")
    if begins is None:
        raise Unreadable(_("its day cannot be read"))
    first = _day(begins)
    if first is None:
        return EARLIEST, 0
    if first < EARLIEST:
        raise Unreadable(_("it begins before 1900"))
    last, lasts = _day(_of(event.get("DTEND"), "dt")), _of(event.get("DURATION"), "dt")
    length = 1
    if last is not None:
        length = (last - first).days
    elif isinstance(lasts, timedelta):
        length = lasts.days
    if length > LONGEST:
        raise Unreadable(_("it lasts more than 100 days"))
    return first, max(length, 1)


def _beginnings(event: Any, first: date, until: date) -> Iterator[date]:
    """The days on which an event begins, up to `until`. Raises Unreadable for a rule that we do not know."""
    rule = event.get("RRULE")
    if isinstance(rule, list):
        raise Unreadable(_("it repeats by several rules"))
    left_out = set(_listed(event.get("EXDATE")))
    repeated = _yearly(rule, first, until) if rule else [first]
    for day in dict.fromkeys([*repeated, *_listed(event.get("RDATE"))]):
        if day not in left_out:
            yield day


def _listed(value: Any) -> Iterable[date]:
    for one in value if isinstance(value, list) else [value]:
        for each in _of(one, "dts") or ():
            if (day := _day(_of(each, "dt"))) is not None:
                yield day


def _yearly(rule: Any, first: date, until: date) -> list[date]:
    """The days of a rule that repeats every year: a date, or the fourth Thursday of a month."""
    if set(rule) - _KNOWN or [str(one).upper() for one in rule.get("FREQ", ())] != ["YEARLY"]:
        raise Unreadable(_("it repeats in a way that is not read; write its days by hand"))
    every = max(int(next(iter(rule.get("INTERVAL", ())), 1)), 1)
    count = int(next(iter(rule.get("COUNT", ())), 0))
    for one in rule.get("UNTIL", ()):
        until = min(until, one.date() if isinstance(one, datetime) else one)
    numbers = [int(one) for one in rule.get("BYMONTHDAY", ())]
    weekdays = [str(one).upper() for one in rule.get("BYDAY", ())]
    months = [int(one) for one in rule.get("BYMONTH", ())]
    if not months and weekdays and not numbers:
        raise Unreadable(_("it repeats in a way that is not read; write its days by hand"))
    months = months or ([first.month] if not numbers else list(range(1, 13)))
    if not numbers and not weekdays:
        numbers = [first.day]
    found: list[date] = []
    for year in range(first.year, until.year + 1, every):
        for month in sorted({one for one in months if 1 <= one <= 12}):
            found += [day for day in _of_month(year, month, numbers, weekdays) if first <= day <= until]
        if count and len(found) >= count:
            return found[:count]
    return found


def _of_month(year: int, month: int, numbers: list[int], weekdays: list[str]) -> Iterator[date]:
    length = calendar.monthrange(year, month)[1]
    for number in range(1, length + 1):
        day = date(year, month, number)
        if numbers and number not in numbers and number - length - 1 not in numbers:
            continue
        name, place = _WEEKDAYS[day.weekday()], (number - 1) // 7 + 1
        from_end = (length - number) // 7 + 1
        if weekdays and not {name, f"{place}{name}", f"+{place}{name}", f"-{from_end}{name}"} & set(weekdays):
            continue
        yield day
