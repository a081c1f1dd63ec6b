"""Moments in words: "tomorrow 9", "in 3 working days", "Monday", "morgen 9 Uhr". Pure: words in, an instant out.

English and German are understood whatever the reader's language. What is read lies in the future or is nothing, and
what `write` says reads back to the same instant.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpdesk.calendars import BusinessCalendar

MORNING, AFTERNOON, EVENING, NIGHT = time(9), time(14), time(18), time(20)
#: whoever means later than that has mistyped
FURTHEST = timedelta(days=5 * 366)
_MOST = 3000

_WEEKDAYS = {
    0: "monday mon mo montag", 1: "tuesday tue tues di dienstag", 2: "wednesday wed mi mittwoch",
    3: "thursday thu thur thurs do donnerstag", 4: "friday fri fr freitag", 5: "saturday sat sa samstag sonnabend",
    6: "sunday sun so sonntag",
}  # fmt: skip
_MONTHS = {
    1: "january jan januar jänner", 2: "february feb februar", 3: "march mar märz maerz mrz", 4: "april apr",
    5: "may mai", 6: "june jun juni", 7: "july jul juli", 8: "august aug", 9: "september sep sept",
    10: "october oct oktober okt", 11: "november nov", 12: "december dec dezember dez",
}  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "ein": 1, "eine": 1, "einem": 1, "einer": 1, "einen": 1, "two": 2, "zwei": 2,
    "three": 3, "drei": 3, "four": 4, "vier": 4, "five": 5, "fünf": 5, "six": 6, "sechs": 6, "seven": 7, "sieben": 7,
    "eight": 8, "acht": 8, "nine": 9, "neun": 9, "ten": 10, "zehn": 10,
}  # fmt: skip
_UNITS = {
    "minute": "m min mins minute minutes minuten", "hour": "h hr hrs hour hours std stunde stunden",
    "day": "d day days t tag tage tagen", "week": "w week weeks wk wks woche wochen",
    "month": "mo mon month months monat monate monaten",
    "workday": "wd workday workdays arbeitstag arbeitstage arbeitstagen werktag werktage werktagen bd",
    "workhour": "wh arbeitsstunde arbeitsstunden",
}  # fmt: skip
_PARTS = {
    "morning": MORNING, "früh": MORNING, "frueh": MORNING, "vormittag": time(10), "noon": time(12), "midday": time(12),
    "mittag": time(12), "afternoon": AFTERNOON, "nachmittag": AFTERNOON, "evening": EVENING, "abend": EVENING,
    "night": NIGHT, "nacht": NIGHT, "vormittags": time(10), "mittags": time(12), "nachmittags": AFTERNOON,
    "abends": EVENING,
}  # fmt: skip
_FILLERS = frozenset(
    "at on um am den dem der the until till til bis for für in zum im ab this diesen diese dieser by o'clock".split()
)


def _turned(table: dict[int, str]) -> dict[str, int]:
    return {word: key for key, words in table.items() for word in words.split()}


_WEEKDAY, _MONTH = _turned(_WEEKDAYS), _turned(_MONTHS)
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}

_AMPM = re.compile(r"(?<![\d.:-])(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\b\.?")
_CLOCK = re.compile(r"(?<![\d.:-])(\d{1,2}):(\d{2})(?::00)?(?:\s*uhr\b)?(?:\s*([+-]\d{2}):?(\d{2})\b|\s*(z)\b)?")
_UHR = re.compile(r"(?<![\d.:-])(\d{1,2})(?:\.(\d{2}))?\s*uhr\b(?:\s*(\d{2})\b)?")
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d))?")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}|\d{2})\b)?")
_GLUED = re.compile(r"\b(\d+)([^\W\d_]+)")


@dataclass(frozen=True, slots=True)
class _Now:
    """From where words are understood."""

    now: datetime  # in the reader's zone
    calendar: BusinessCalendar
    #: what is past may be meant, too
    may_be_past: bool = False

    @property
    def today(self) -> date:
        return self.now.date()

    def at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.now.tzinfo)


#: a day, and the time it begins at unless one is said; or an instant
_Found = tuple[date, time | None] | datetime


def read(words: str, *, now: datetime, zone: str, calendar: BusinessCalendar) -> datetime | None:
    """The instant that words mean, in UTC and in the future; None where they mean none.

    `zone` is the reader's; working days and hours are the calendar's.
    """
    try:
        return _read(words, _Now(now.astimezone(ZoneInfo(zone)), calendar))
    except (ValueError, OverflowError):
        return None


_PAST = frozenset("yesterday ago last previous gestern vorgestern letzten letzte letzter letztes vorigen".split())


def is_past(words: str, *, now: datetime, zone: str, calendar: BusinessCalendar) -> bool:
    """Whether words mean a moment that is over, which `read` does not take."""
    if _PAST & set(words.casefold().replace(",", " ").split()):
        return True
    here = _Now(now.astimezone(ZoneInfo(zone)), calendar, may_be_past=True)
    try:
        at = _read(words, here)
    except (ValueError, OverflowError):
        return False
    return at is not None and at <= now


def write(at: datetime, *, zone: str, months: tuple[str, ...] = (), days: tuple[str, ...] = ()) -> str:
    """An instant in full words, which `read` understands again: "Thursday 24 December 2026, 14:00"."""
    local = at.astimezone(ZoneInfo(zone))
    day = days[local.weekday()] if days else _WEEKDAYS[local.weekday()].split()[0].title()
    month = months[local.month - 1] if months else _MONTHS[local.month].split()[0].title()
    said = f"{day} {local.day} {month} {local.year}, {local:%H:%M}"
    if local.fold:  # the clocks show it twice, and this is the second time
        said += f" {local:%z}"[:4] + ":" + f"{local:%z}"[3:]
    return said


def _read(words: str, here: _Now) -> datetime | None:
    text = " ".join(words.replace("\x00", " ").casefold().replace(",", " ").split())
    if not text or len(text) > 80:
        return None
    text, day = _written_day(text, here)
    text, clock, offset = _clock(text)
    said = _spread(text).split()
    rest = [word for word in said if word.strip(".") not in _FILLERS]
    found: _Found | None = None
    if day is not None:
        if rest and rest[0].strip(".") in _WEEKDAY:
            rest = rest[1:]
        found = (day, None)
    elif rest:
        found, rest = _day(rest, here)
    if rest:
        clock, rest = _part_of_day(rest, clock)
    if found is not None and clock is not None and clock.hour < 12 and _is_evening(said):
        clock = clock.replace(hour=clock.hour + 12)
    if rest or (found is None and (clock is None or "in" in said)):
        return None
    if isinstance(found, datetime):
        return _checked(found, here) if clock is None else None
    at = _next_time(clock or MORNING, here) if found is None else _together(found, clock, offset, here)
    return _checked(at, here)


def _is_evening(said: list[str]) -> bool:
    return "tonight" in said or "abend" in said


def _together(found: tuple[date, time | None], clock: time | None, offset: timedelta | None, here: _Now) -> datetime:
    day, usual = found
    at = here.at(day, clock or usual or MORNING)
    if offset is not None:
        return at.replace(tzinfo=UTC) - offset
    return at


def _checked(at: datetime, here: _Now) -> datetime | None:
    at, now = at.astimezone(UTC), here.now.astimezone(UTC)
    if at.second or at.microsecond:
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return at if (here.may_be_past or now < at) and at <= now + FURTHEST else None


def _next_time(clock: time, here: _Now) -> datetime:
    today = here.at(here.today, clock)
    return today if today.astimezone(UTC) > here.now.astimezone(UTC) else here.at(here.today + timedelta(days=1), clock)


# --- the day in figures, and the time of day


def _written_day(text: str, here: _Now) -> tuple[str, date | None]:
    if found := _ISO.search(text):
        day = date(int(found[1]), int(found[2]), int(found[3]))
    elif found := _DOTTED.search(text):
        day = _of_year(int(found[1]), int(found[2]), found[3], here)
    else:
        return _named_day(text, here)
    return f"{text[: found.start()]} {text[found.end() :]}", day


_NAMED = re.compile(
    rf"(?<![\d:.])(\d{{1,2}})(?:\.|st|nd|rd|th)?\s+(?:of\s+)?({'|'.join(_MONTH)})\b\.?(?:\s+(\d{{4}})\b(?!:))?"
)
_NAMED_FIRST = re.compile(
    rf"\b({'|'.join(_MONTH)})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th|\.)?(?![\d:])(?:\s+(\d{{4}})\b(?!:))?"
)


def _named_day(text: str, here: _Now) -> tuple[str, date | None]:
    if found := _NAMED.search(text):
        day = _of_year(int(found[1]), _MONTH[found[2]], found[3], here)
    elif found := _NAMED_FIRST.search(text):
        day = _of_year(int(found[2]), _MONTH[found[1]], found[3], here)
    else:
        return text, None
    return f"{text[: found.start()]} {text[found.end() :]}", day


def _of_year(day: int, month: int, year: str | None, here: _Now) -> date:
    """A day of that year; without one, the next there is."""
    if year:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for later in range(9):  # there may be no 29 February for eight years
        try:
            found = date(here.today.year + later, month, day)
        except ValueError:
            if later == 8:
                raise
            continue
        if found >= here.today:
            return found
    raise ValueError("no such day")


def _clock(text: str) -> tuple[str, time | None, timedelta | None]:
    offset: timedelta | None = None
    if found := _AMPM.search(text):
        hour = int(found[1])
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        clock = time(hour % 12 + (12 if found[3] == "p" else 0), int(found[2] or 0))
    elif found := _CLOCK.search(text):
        clock = time(int(found[1]), int(found[2]))
        if found[3]:
            away = timedelta(hours=abs(int(found[3])), minutes=int(found[4]))
            offset = -away if found[3].startswith("-") else away
        elif found[5]:
            offset = timedelta(0)
    elif found := _UHR.search(text):
        clock = time(int(found[1]), int(found[2] or found[3] or 0))
    else:
        return text, None, None
    return f"{text[: found.start()]} {text[found.end() :]}", clock, offset


def _part_of_day(rest: list[str], clock: time | None) -> tuple[time | None, list[str]]:
    """What may follow a day: an hour alone, or a part of the day, perhaps with its hour said before."""
    [first, *others] = rest
    if part := MORNING if first == "morgen" else _PARTS.get(first):  # "morgen" after a day is the morning
        if clock is None and others:
            clock, others = _part_of_day(others, None)
        if clock is not None and part.hour >= 12 and clock.hour < 12:
            clock = clock.replace(hour=clock.hour + 12)
        return clock or part, others
    if clock is None and first.isascii() and first.isdigit() and len(first) <= 2:
        return time(int(first)), others
    return clock, rest


def _spread(text: str) -> str:
    """ "3d" as "3 d"."""
    return _GLUED.sub(r"\1 \2", text)


# --- the day in words


def _day(rest: list[str], here: _Now) -> tuple[_Found | None, list[str]]:
    """What the first words mean, and the words after them."""
    for length in (3, 2, 1):
        phrase = " ".join(rest[:length])
        if len(rest) >= length and phrase in _PHRASES:
            return _PHRASES[phrase](here), rest[length:]
    if rest[0] in ("next", "nächsten", "nächste", "nächster", "naechsten", "kommenden", "coming") and len(rest) > 1:
        rest = rest[1:]
    if rest[0].rstrip(".") in _WEEKDAY and not rest[0].isdigit():
        return (_weekday(_WEEKDAY[rest[0].rstrip(".")], here), None), rest[1:]
    for day in _WEEKDAYS:
        for name in _WEEKDAYS[day].split()[-1:]:
            if rest[0] in (f"{name}{part}" for part in ("morgen", "früh")):
                return (_weekday(day, here), MORNING), rest[1:]
            if rest[0] in (f"{name}mittag", f"{name}nachmittag", f"{name}abend"):
                return (_weekday(day, here), _PARTS[rest[0].removeprefix(name)]), rest[1:]
    count = _count(rest[0])
    if count is not None and len(rest) > 1:
        unit = _UNIT.get(rest[1].rstrip("."))
        after = rest[2:]
        if rest[1] in ("working", "business", "work") and len(rest) > 2:
            unit, after = {"day": "workday", "hour": "workhour"}.get(_UNIT.get(rest[2], "")), rest[3:]
        if unit:
            return _away(count, unit, here), after
    return None, rest


def _count(word: str) -> int | None:
    if word.isascii() and word.isdigit() and len(word) <= 4:
        return int(word) if 0 < int(word) <= _MOST else None
    return _NUMBERS.get(word)


def _away(count: int, unit: str, here: _Now) -> _Found:
    """So many units from now. Days and longer begin in the morning."""
    match unit:
        case "minute":
            return here.now.astimezone(UTC) + timedelta(minutes=count)
        case "hour":
            return here.now.astimezone(UTC) + timedelta(hours=count)
        case "workhour":
            return here.calendar.due(here.now, count * 3600)
        case "workday":
            return _working_day(count, here)
        case "week":
            return here.today + timedelta(weeks=count), None
        case "month":
            return _months_later(here.today, count), None
    return here.today + timedelta(days=count), None


def _months_later(day: date, count: int) -> date:
    months = day.month - 1 + count
    year, month = day.year + months // 12, months % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(last, day.day))
        except ValueError:
            continue
    raise ValueError("no such day")


def _working_day(count: int, here: _Now) -> datetime:
    """When the calendar opens on the so-many-th day after today on which it does; one that never closes has no say."""
    is_ours = not all(version.never_closes for version in here.calendar.versions)
    zone = ZoneInfo(here.calendar.zone) if is_ours else here.now.tzinfo
    day = here.now.astimezone(zone).date()
    for _ in range(_MOST):
        day += timedelta(days=1)
        hours = here.calendar.hours_on(day) if is_ours else ((MORNING, NIGHT),) * (day.weekday() < 5)
        if hours:
            count -= 1
            if count == 0:
                return datetime.combine(day, hours[0][0], zone)
    raise ValueError("it hardly ever opens")


def _weekday(wanted: int, here: _Now) -> date:
    """The next such day after today."""
    return here.today + timedelta(days=(wanted - here.today.weekday() - 1) % 7 + 1)


def _in_days(days: int, clock: time | None = None) -> Callable[[_Now], _Found]:
    return lambda here: (here.today + timedelta(days=days), clock)


def _tonight(here: _Now) -> _Found:
    """This evening; who asks in the evening means an hour from now."""
    if here.now.time() < EVENING:
        return here.today, NIGHT
    return here.today, (here.now + timedelta(hours=1)).time() if here.now.hour < 23 else time(23, 59)


def _later(here: _Now) -> _Found:
    return here.now.astimezone(UTC) + timedelta(hours=3)


def _next_month(here: _Now) -> _Found:
    return _months_later(here.today.replace(day=1), 1), None


_PHRASES: dict[str, Callable[[_Now], _Found]] = {
    **dict.fromkeys(["today", "heute"], _in_days(0, EVENING)),
    **dict.fromkeys(["tomorrow", "tmr", "tmrw", "tom", "morgen"], _in_days(1)),
    **dict.fromkeys(["day after tomorrow", "after tomorrow", "übermorgen", "uebermorgen"], _in_days(2)),
    **dict.fromkeys(["tonight", "heute abend", "heute nacht"], _tonight),
    **dict.fromkeys(["heute nachmittag"], _in_days(0, AFTERNOON)),
    **dict.fromkeys(["end of day", "eod", "feierabend"], _in_days(0, EVENING)),
    **dict.fromkeys(["later", "later today", "später", "heute später", "spaeter"], _later),
    **dict.fromkeys(
        ["next week", "nächste woche", "nächster woche", "naechste woche", "kommende woche"],
        lambda here: (_weekday(0, here), None),
    ),
    **dict.fromkeys(["next month", "nächsten monat", "naechsten monat"], _next_month),
    **dict.fromkeys(["weekend", "wochenende"], lambda here: (_weekday(5, here), None)),
    **dict.fromkeys(
        ["next working day", "next business day", "next workday", "nächster arbeitstag", "nächsten arbeitstag",
         "nächster werktag", "nächsten werktag"],
        lambda here: _working_day(1, here),
    ),
}  # fmt: skip
