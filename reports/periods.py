"""Days, weeks, months, quarters and years of a zone, half-open: a period holds its start and not its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from helpdesk.calendars import start_of_day

Unit = Literal["day", "week", "month", "quarter", "year"]
UNITS: tuple[Unit, ...] = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class Period:
    """The instants in [start, end). Days have 23 to 25 hours where clocks change."""

    start: datetime
    end: datetime
    label: str = ""

    def __contains__(self, at: datetime | None) -> bool:
        return at is not None and self.start <= at < self.end


def local_day(at: datetime, zone: str) -> date:
    """The day an instant falls on in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def first_day(day: date, unit: Unit) -> date:
    """The first day of the unit a day belongs to; weeks begin on Monday."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1, 1)


def next_first_day(day: date, unit: Unit) -> date:
    """The first day of the unit after the one a day belongs to."""
    first = first_day(day, unit)
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[unit]
    return first_day(first + timedelta(days=longest), unit)


def label(day: date, unit: Unit) -> str:
    """The name of the unit a day belongs to: 2026-03-02, 2026-W10, 2026-03, 2026-Q1 or 2026."""
    if unit == "day":
        return day.isoformat()
    if unit == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if unit == "month":
        return f"{day:%Y-%m}"
    if unit == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return str(day.year)


def label_at(at: datetime, zone: str, unit: Unit) -> str:
    """The name of the unit an instant falls in, in a zone."""
    return label(local_day(at, zone), unit)


def period(day: date, zone: str, unit: Unit = "day") -> Period:
    """The unit a local day belongs to."""
    first, after = first_day(day, unit), next_first_day(day, unit)
    return Period(start_of_day(zone, first), start_of_day(zone, after), label(first, unit))


def containing(at: datetime, zone: str, unit: Unit = "day") -> Period:
    """The unit an instant falls in."""
    return period(local_day(at, zone), zone, unit)


def days(first: date, last: date, zone: str) -> Period:
    """All of the local days from `first` to `last`, both included."""
    end = start_of_day(zone, last + timedelta(days=1))
    return Period(start_of_day(zone, first), end, f"{first.isoformat()} – {last.isoformat()}")


def hours(day: date, zone: str) -> list[tuple[int, Period]]:
    """The hours of a local day as clocks show them, in order; where clocks change one is there twice, or not at all."""
    tz, span, an_hour = ZoneInfo(zone), period(day, zone), timedelta(hours=1)
    if span.end - span.start == 24 * an_hour:
        return [(hour, Period(span.start + hour * an_hour, span.start + (hour + 1) * an_hour)) for hour in range(24)]
    found: list[tuple[int, Period]] = []
    start = moment = span.start
    while moment < span.end:
        shown = moment.astimezone(tz).hour
        while moment < span.end and moment.astimezone(tz).hour == shown:
            moment += an_hour / 4  # every offset of our days is a multiple of that
        found.append((shown, Period(start, min(moment, span.end))))
        start = moment
    return found


def covering(span: Period, zone: str, unit: Unit) -> Iterator[Period]:
    """Every unit that touches a span, in order, each whole."""
    day = local_day(span.start, zone)
    while (one := period(day, zone, unit)).start < span.end:
        yield one
        day = next_first_day(day, unit)
