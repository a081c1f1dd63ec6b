"""Telling a change from the usual up and down: points judged against limits that were fixed before them.

The limits come from a baseline of at least twenty points before the period and stay where they are. Days are measured
against their weekday (XmR), shares of weeks by a p-chart with Laney's sigma. A signal names its rule; without one there
is no evidence of change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Literal

from reports.counting import statistics

#: fewer points than that carry no limits
LEAST = 20
#: how often a point of nothing but chance lies outside three sigmas, and how often it is the eighth on one side
OUTSIDE_BY_CHANCE = 0.0027
RUN_BY_CHANCE = 2 * 0.5**8

Rule = Literal["above", "below", "run_above", "run_below"]


@dataclass(frozen=True, slots=True)
class Point:
    """A day or the first day of a week: what was counted (None where nothing was), out of how many for shares."""

    day: date
    value: float | None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a point is expected, and between what chance alone would leave it."""

    centre: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Signal:
    """Which point, by its place, is no chance by which rule."""

    place: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Judged:
    """A series with its limits: the first `baseline` points made them, the others are judged."""

    points: Sequence[Point]
    baseline: int
    #: None where there are no limits: the baseline is too short, or the point has no value
    limits: Sequence[Limit | None]
    signals: Sequence[Signal]
    #: how many points were judged
    judged: int

    @property
    def is_judged(self) -> bool:
        return any(limit is not None for limit in self.limits)

    @property
    def expected_by_chance(self) -> float:
        """How many signals to expect of so many points if nothing changed at all."""
        return self.judged * (OUTSIDE_BY_CHANCE + RUN_BY_CHANCE)


def judge_days(points: Sequence[Point], baseline: int, *, floor: float | None = 0.0) -> Judged:
    """One number a day, each against what its weekday had in the baseline. Limits go no lower than `floor`."""
    base = [point for point in points[:baseline] if point.value is not None]
    if len(base) < LEAST or not any(point.value for point in base):  # nothing ever happened: nothing is usual
        return _not_judged(points, baseline)
    mean = fmean(point.value for point in base if point.value is not None)
    of_weekday = {
        weekday: fmean(values) if (values := _values(base, weekday)) else mean for weekday in range(7)
    }  # fmt: skip
    known = [(i, point, point.value) for i, point in enumerate(points) if point.value is not None]
    rests = [value - of_weekday[point.day.weekday()] for _i, point, value in known]
    chart = statistics.xmr(rests, len(base))
    assert chart is not None
    limits: list[Limit | None] = [None] * len(points)
    for i, point, _value in known:
        centre = of_weekday[point.day.weekday()] + chart.mean
        low, high = centre - (chart.mean - chart.lower), centre + (chart.upper - chart.mean)
        limits[i] = Limit(centre, low if floor is None else max(low, floor), high)
    found = _signals(rests, chart.mean, chart.outside, chart.run_of_8)
    signals = [Signal(known[one.place][0], one.rule) for one in found]
    return _judged(points, baseline, limits, signals)


def judge_shares(points: Sequence[tuple[date, int, int]], baseline: int) -> Judged:
    """Shares k / n of weeks. Where weeks vary more than chance allows, the limits are Laney's."""
    shown = [Point(day, k / n if n else None, n) for day, k, n in points]
    if sum(point.value is not None for point in shown[:baseline]) < LEAST:
        return _not_judged(shown, baseline)
    chart = statistics.p_chart([(k, n) for _day, k, n in points], baseline)
    assert chart is not None
    is_wide = (chart.laney_sigma_z or 0.0) > 1
    found = chart.laney_limits if is_wide else chart.limits
    limits = [Limit(chart.p_bar, one.low, one.high) if one else None for one in found]
    known = [(i, point.value) for i, point in enumerate(shown) if point.value is not None]
    values = [value for _i, value in known]
    outside = set(chart.laney_outside if is_wide else chart.outside)
    places = tuple(place for place, (i, _value) in enumerate(known) if i in outside)
    signals = _signals(values, chart.p_bar, places, statistics.runs_of_8(values, chart.p_bar))
    return _judged(shown, baseline, limits, [Signal(known[one.place][0], one.rule) for one in signals])


def _signals(values: Sequence[float], centre: float, outside: Sequence[int], runs: Sequence[int]) -> list[Signal]:
    """Each point's signal: outside weighs more than a run; of a run only its eighth point is told."""
    found = {i: Signal(i, "above" if values[i] > centre else "below") for i in outside}
    in_run = set(runs)
    for i in runs:
        if i not in found and i - 1 not in in_run:
            found[i] = Signal(i, "run_above" if values[i] > centre else "run_below")
    return [found[i] for i in sorted(found)]


def _judged(
    points: Sequence[Point], baseline: int, limits: Sequence[Limit | None], signals: Sequence[Signal]
) -> Judged:
    judged = sum(limit is not None for limit in limits[baseline:])
    return Judged(points, baseline, limits, [one for one in signals if one.place >= baseline], judged)


def _not_judged(points: Sequence[Point], baseline: int) -> Judged:
    return Judged(points, baseline, [None] * len(points), (), 0)


def _values(points: Sequence[Point], weekday: int) -> list[float]:
    return [point.value for point in points if point.value is not None and point.day.weekday() == weekday]
