"""The time zones of a calendar file: by the name everybody knows, else as the file itself defines them (RFC 5545)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?")
_BY_DAY = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Observance:
    """One half of a zone's year: from when in the year, and how far from UTC."""

    offset: timedelta
    month: int
    day: str  # such as -1SU, "" when it is a fixed date
    start: datetime

    def begins(self, year: int) -> datetime:
        """The local moment at which it begins in a year."""
        match = _BY_DAY.fullmatch(self.day)
        if match is None:
            return self.start.replace(year=year, day=min(self.start.day, 28))
        which, weekday = int(match[1] or 1), _DAYS.index(match[2])
        first = self.start.replace(year=year, month=self.month, day=1)
        if which > 0:
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (min(which, 4) - 1))
        after = (first + timedelta(days=32)).replace(day=1)
        last = after - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (min(-which, 4) - 1))


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as a calendar file defines it."""

    observances: tuple[Observance, ...]

    def at(self, local: datetime) -> tzinfo:
        """The offset in force at a local moment."""
        begun = [
            (begins, one.offset)
            for one in self.observances
            for year in (local.year - 1, local.year)
            if year > 1 and (begins := one.begins(year)) <= local
        ]
        return timezone(max(begun)[1] if begun else self.observances[0].offset)


def named(name: str) -> tzinfo | None:
    """A zone by its name, also behind a prefix such as `/mozilla.org/20050126_1/`; None when nobody knows it."""
    words = name.strip().strip("\"'/").split("/")[-3:]
    while words:
        candidate = "/".join(words)
        if candidate.upper() in ("UTC", "GMT", "Z"):
            return UTC
        if _NAME.fullmatch(candidate):
            try:
                return ZoneInfo(candidate)
            except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
                pass
        words = words[1:]
    return None


def observance(fields: dict[str, str]) -> Observance | None:
    """One STANDARD or DAYLIGHT block of a VTIMEZONE; None when it says too little."""
    match = _OFFSET.match(fields.get("TZOFFSETTO", ""))
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if size >= timedelta(hours=24):
        return None
    try:
        start = datetime.strptime(fields.get("DTSTART", "")[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local by nature
    except ValueError:
        start = datetime(1970, 1, 1)  # noqa: DTZ001
    rule = dict(piece.partition("=")[::2] for piece in fields.get("RRULE", "").upper().split(";"))
    month = rule.get("BYMONTH", "")
    number = int(month) if month.isdecimal() and 1 <= int(month[:2]) <= 12 and len(month) < 3 else start.month
    return Observance(-size if match[1] == "-" else size, number, rule.get("BYDAY", ""), start)
