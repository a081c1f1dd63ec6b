"""Times as conditions say them: "2026-03-01", "7 days ago", "in 2 weeks", "today", "4 working hours".

German is understood as well ("vor 7 Tagen", "heute", "1.3.2026"), whatever the reader's language. What is kept is
English; `said` says it in the reader's language, in words that are understood again.
"""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from helpdesk.calendars import start_of_day

#: seconds; a month is thirty days, as people mean it when they say "a month ago"
UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000, "year": 31_536_000}
_SHORT = {"m": "minute", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "d": "day"}
_SHORT |= {"w": "week", "mo": "month", "y": "year"}
_GERMAN_UNITS = {
    "minute": "minute minuten", "hour": "stunde stunden std arbeitsstunde arbeitsstunden",
    "day": "tag tage tagen t arbeitstag arbeitstage arbeitstagen werktag werktage werktagen",
    "week": "woche wochen", "month": "monat monate monaten", "year": "jahr jahre jahren",
}  # fmt: skip
_SHORT |= {word: unit for unit, words in _GERMAN_UNITS.items() for word in words.split()}
_NAMED_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_GERMAN = {"jetzt": "now", "gestern": "yesterday", "heute": "today", "morgen": "tomorrow"}
_LENGTH = re.compile(r"(\d{1,5})\s*(?:working|business)?\s*([a-z]+)", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
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
    text = _DOTTED.sub(_iso, " ".join(words.strip().split()), count=1)
    lower = _GERMAN.get(text.lower(), text.lower())
    if lower == "now" or lower in _NAMED_DAYS:
        return lower
    if lower.endswith(" ago"):
        span = length(lower[:-4])
        return f"{span} ago" if span else None
    if lower.startswith("vor "):
        span = length(lower[4:])
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


def _iso(found: re.Match[str]) -> str:
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"


def said(kept: str) -> str:
    """What `length` or `moment` made, in the reader's language: "vor 7 Tagen". Anything else stays as it is."""
    if (get_language() or "en").split("-")[0] == "en" or kept not in (moment(kept), length(kept)):
        return kept
    if kept in _NAMED_DAYS or kept == "now":
        return {"now": _("now"), "yesterday": _("yesterday"), "today": _("today"), "tomorrow": _("tomorrow")}[kept]
    if kept.endswith(" ago"):
        return _ago(*_parts(kept[:-4]))
    if kept.startswith("in "):
        return _ahead(*_parts(kept[3:]))
    return _long(*_parts(kept)) if _LENGTH.fullmatch(kept) else kept


def _parts(span: str) -> tuple[int, str]:
    number, unit = span.split(" ")
    return int(number), unit.removesuffix("s")


def _long(n: int, unit: str) -> str:
    return {
        "minute": ngettext("%(n)d minute", "%(n)d minutes", n), "hour": ngettext("%(n)d hour", "%(n)d hours", n),
        "day": ngettext("%(n)d day", "%(n)d days", n), "week": ngettext("%(n)d week", "%(n)d weeks", n),
        "month": ngettext("%(n)d month", "%(n)d months", n), "year": ngettext("%(n)d year", "%(n)d years", n),
    }[unit] % {"n": n}  # fmt: skip


def _ago(n: int, unit: str) -> str:
    return {
        "minute": ngettext("%(n)d minute ago", "%(n)d minutes ago", n),
        "hour": ngettext("%(n)d hour ago", "%(n)d hours ago", n),
        "day": ngettext("%(n)d day ago", "%(n)d days ago", n),
        "week": ngettext("%(n)d week ago", "%(n)d weeks ago", n),
        "month": ngettext("%(n)d month ago", "%(n)d months ago", n),
        "year": ngettext("%(n)d year ago", "%(n)d years ago", n),
    }[unit] % {"n": n}


def _ahead(n: int, unit: str) -> str:
    return {
        "minute": ngettext("in %(n)d minute", "in %(n)d minutes", n),
        "hour": ngettext("in %(n)d hour", "in %(n)d hours", n),
        "day": ngettext("in %(n)d day", "in %(n)d days", n),
        "week": ngettext("in %(n)d week", "in %(n)d weeks", n),
        "month": ngettext("in %(n)d month", "in %(n)d months", n),
        "year": ngettext("in %(n)d year", "in %(n)d years", n),
    }[unit] % {"n": n}


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
