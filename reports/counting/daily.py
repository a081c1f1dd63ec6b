"""Figures a day or a week at a time, as control charts and alarms read them: one query each, aggregated in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet

from helpdesk import clock
from reports import periods, privacy, reading
from reports.counting.control import Judged, Point, judge_days, judge_shares
from reports.ledger import columns
from reports.ledger.columns import Packed
from reports.metrics.satisfaction import SATISFIED
from reports.periods import Period
from reports.reading import Filter

#: so many days, and weeks, before the period make its limits
BASELINE_DAYS = 56
BASELINE_WEEKS = 26
#: at most so many days, the last ones, are judged
MOST_DAYS = 98
#: how long what was read of a baseline is kept
KEPT_S = 3600
_WRITTEN = "reports:usual:written"


def forget_usual() -> None:
    """The past was written anew, or for the first time: nothing that was read of it holds."""
    cache.set(_WRITTEN, token_hex(8), None)


def days_before(chosen: Filter, today: date) -> tuple[Filter, int]:
    """The days to read: the baseline's, then those of the period that are over. How many belong to the baseline."""
    last = min(chosen.last, today - timedelta(days=1))
    first = max(chosen.first, last - timedelta(days=MOST_DAYS - 1))
    return chosen.on(first - timedelta(days=BASELINE_DAYS), max(last, first - timedelta(days=1))), BASELINE_DAYS


def weeks_before(chosen: Filter, today: date) -> tuple[Filter, int]:
    """As `days_before`, in weeks that are over; a week belongs to the period when it ends in it."""
    this_week = periods.first_day(today, "week")
    last = min(chosen.last, this_week - timedelta(days=1))
    last -= timedelta(days=(last.weekday() + 1) % 7)
    first = periods.first_day(max(chosen.first, last - timedelta(days=MOST_DAYS - 1)), "week")
    first = min(first, last + timedelta(days=1))
    return chosen.on(first - timedelta(weeks=BASELINE_WEEKS), last), BASELINE_WEEKS


def volume(days: Filter) -> list[Point]:
    """How many came in each day."""
    slices = reading.cut(days, "day")
    found = _by_slice(reading.came_in(days), "created_at", slices, n=Count("*"))
    return [Point(day, float(found.get(i, (0,))[0])) for i, day in _days(slices, days)]


def first_response(days: Filter) -> list[Point]:
    """The median first response time of each day, by when it was given."""
    return _medians(days, reading.replied(days), "first_reply_at", "frt_s")


def resolution(days: Filter) -> list[Point]:
    """The median resolution time of each day, by when it was resolved."""
    return _medians(days, reading.measured(days), "resolved_at", "resolution_s")


def backlog(days: Filter) -> list[Point]:
    """How many were unsolved at the end of each day: what is unsolved now, and back from there by what moved since."""
    slices = reading.cut(days, "day")
    stays, start = reading.stays(days), days.period.start
    till_now = [*slices, Period(days.period.end, max(clock.now(), days.period.end), "")]
    entered = _by_slice(stays.filter(entered_at__gte=start), "entered_at", till_now, n=Count("*"))
    left = _by_slice(stays.filter(left_at__gte=start), "left_at", till_now, n=Count("*"))
    here = stays.filter(left_at=None).count()
    found: dict[int, float] = {}
    for i in range(len(slices), 0, -1):
        here += left.get(i + 1, (0,))[0] - entered.get(i + 1, (0,))[0]
        found[i] = float(here)
    return [Point(day, found[i]) for i, day in _days(slices, days)]


def satisfied(weeks: Filter) -> list[tuple[date, int, int]]:
    """How many were satisfied of how many who answered, each week. What may not be shown counts as no answer."""
    slices = reading.cut(weeks, "week")
    good = Count("event", filter=Q(score__range=SATISFIED))
    found = _by_slice(reading.answered(weeks), "answered_at", slices, n=Count("*"), good=good)
    if privacy.guard(weeks, reading.answered, sum(n for n, _k in found.values())).hides:
        return [(day, 0, 0) for _i, day in _days(slices, weeks)]
    hidden = privacy.hidden_cells({i: n for i, (n, _k) in found.items()})
    rows = []
    for i, day in _days(slices, weeks):
        n, k = found.get(i, (0, 0))
        rows.append((day, 0, 0) if i in hidden else (day, k, n))
    return rows


@dataclass(frozen=True, slots=True)
class Watched:
    """A figure that is watched: its key, and how it is judged in a choice on a day."""

    key: str
    unit: str
    is_weekly: bool = False

    def judge(self, chosen: Filter, today: date) -> Judged:
        if self.is_weekly:
            asked, baseline = weeks_before(chosen, today)
            return judge_shares(satisfied(asked), baseline)
        asked, baseline = days_before(chosen, today)
        return judge_days(self._points(asked, baseline), baseline)

    def _points(self, asked: Filter, baseline: int) -> list[Point]:
        """The baseline's days, which are read once an hour at most for they are fixed, and the others, read now."""
        last = asked.first + timedelta(days=baseline - 1)
        before = replace(asked.on(asked.first, last), compare="")
        name = f"reports:usual:{sha256(repr((self.key, before)).encode()).hexdigest()}"
        kept = cache.get_many([_WRITTEN, name])
        written, (read_of, known) = kept.get(_WRITTEN), kept.get(name) or (None, None)
        if known is None or read_of != written:
            known = [(point.day, point.value, point.n) for point in _READ[self.key](before)]
            cache.set(name, (written, known), KEPT_S)
        found = [Point(*one) for one in known]
        return found + _READ[self.key](asked.on(last + timedelta(days=1), asked.last)) if asked.last > last else found


_READ: Mapping[str, Any] = {
    "created": volume, "first_response": first_response, "resolution": resolution, "backlog": backlog,
}  # fmt: skip
WATCHED: Sequence[Watched] = (
    Watched("created", "tickets"),
    Watched("first_response", "seconds"),
    Watched("resolution", "seconds"),
    Watched("backlog", "tickets"),
    Watched("csat", "share", is_weekly=True),
)


def _medians(days: Filter, rows: "QuerySet[Any]", moment: str, column: str) -> list[Point]:
    slices = reading.cut(days, "day")
    known = rows.filter(**{f"{column}__isnull": False})
    found = {i: columns.unpack(values) for i, (values,) in _by_slice(known, moment, slices, v=Packed(column)).items()}
    return [
        Point(day, columns.quantile(values, 0.5), len(values)) for i, day in _days(slices, days)
        for values in [found.get(i, ())]
    ]  # fmt: skip


def _by_slice(
    rows: "QuerySet[Any]", moment: str, slices: Sequence[Period], **counted: Any
) -> dict[int, tuple[Any, ...]]:
    return {number: tuple(values) for number, *values in columns.by_slice(rows, moment, slices, **counted)}


def _days(slices: Sequence[Period], asked: Filter) -> list[tuple[int, date]]:
    """The slices by their number, with the first day of each."""
    return [(i, periods.local_day(one.start, asked.zone)) for i, one in enumerate(slices, 1)]
