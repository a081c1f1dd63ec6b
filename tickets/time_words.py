"""Times as conditions say them: "2026-03-01", "7 days ago", "in 2 weeks", "today", "4 working hours"."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime

from helpdesk.calendars import start_of_day

#: seconds; a month is thirty days, as people mean it when they say "a month ago"
UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000, "year": 31_536_000}
_SHORT = {"m": "minute", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "d": "day"}
_SHORT |= {"w": "week", "mo": "month", "y": "year"}
_NAMED_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_LENGTH = re.compile(r"(\d{1,5})\s*(?:working|business)?\s*([a-z]+)", re.ASCII)
#: a length of ten years is the longest anybody can mean
_MOST = 3650 * 86_400


def length(words: str) -> str | None:
    """A length of time as we keep it: "4 hours". None for what is none."""
    found = _LENGTH.fullmatch(words.strip().lower())
    if found is None:
        return None
    unit = _SHORT.get(found[2], found[2].removesuffix("s"))
    number = int(found[1])
    if unit not in UNITS or number * UNITS[unit] > _MOST:
        return None
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def seconds_of(kept: str) -> int:
    """The seconds of a length that `length` made."""
    number, unit = kept.split(" ")
    return int(number) * UNITS[unit.removesuffix("s")]


def moment(words: str) -> str | None:
    """A moment or a day as we keep it: "2026-03-01", "7 days ago", "in 3 days", "today". None for what is none."""
    text = " ".join(words.strip().split())
    lower = text.lower()
    if lower == "now" or lower in _NAMED_DAYS:
        return lower
    if lower.endswith(" ago"):
        span = length(lower[:-4])
        return f"{span} ago" if span else None
    if lower.startswith("in "):
        span = length(lower[3:])
        return f"in {span}" if span else None
    try:
        if (day := parse_date(text)) and 1900 < day.year < 9000:
            return day.isoformat()
        at = parse_datetime(text.replace(" ", "T", 1))
    except ValueError:
        return None
    if at is None or not 1900 < at.year < 9000:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def span_of(kept: str, *, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The first instant of what `moment` made, and the first one after it: a day's, or the same twice and a bit."""
    if kept in _NAMED_DAYS:
        return _day(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=_NAMED_DAYS[kept]), zone)
    if kept == "now":
        at = now
    elif kept.endswith(" ago"):
        at = now - timedelta(seconds=seconds_of(kept[:-4]))
    elif kept.startswith("in "):
        at = now + timedelta(seconds=seconds_of(kept[3:]))
    elif "T" not in kept:
        return _day(date.fromisoformat(kept), zone)
    else:
        at = datetime.fromisoformat(kept)
    return at, at + timedelta(microseconds=1)


def _day(day: date, zone: str) -> tuple[datetime, datetime]:
    return start_of_day(zone, day), start_of_day(zone, day + timedelta(days=1))
