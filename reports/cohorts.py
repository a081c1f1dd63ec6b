"""How long it takes when those not done yet are counted: survival curves of the tickets that came in a period.

The database counts how many ended, and how many were left, at each time; the curve is made from these counts, so a
year's tickets are never fetched. The curve is that of `statistics.kaplan_meier`, which takes observations one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.db.models import BigIntegerField, Case, DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Extract, Floor, Least

from reports.aggregates import those
from reports.charts.survival import Point
from reports.statistics import z_for

#: above so many tickets, times are counted in whole minutes
EXACT_UP_TO = 20_000
#: a drawing needs no more points than that
MOST_POINTS = 160


@dataclass(frozen=True, slots=True)
class Curve:
    """What is known of a cohort: how many, how many ended, when half had, and the curve."""

    n: int
    ended: int
    #: None while more than half are not done
    median: float | None
    #: of those that ended alone: what is said when the others are forgotten
    median_of_ended: float | None
    points: Sequence[Point]
    #: the longest anybody was watched
    end: float
    is_exact: bool

    @property
    def censored(self) -> int:
        return self.n - self.ended


def first_reply(rows: "QuerySet[Any]", at: datetime, n: int) -> Curve:
    """From the first contact to the first answer; what left unanswered is censored when it left."""
    return _curve(_counts(rows, "frt_s", at, n), n)


def resolution(rows: "QuerySet[Any]", at: datetime, n: int) -> Curve:
    """From the first contact to the first resolution; what was closed in bulk is censored then."""
    return _curve(_counts(rows, "first_resolution_s", at, n), n)


def of_observations(observations: Iterable[tuple[float, bool]]) -> Curve:
    """The curve of few: (time, whether it ended then), not ended meaning still going on at that age."""
    counts: dict[int, list[int]] = {}
    for time, ended in observations:
        counts.setdefault(int(time), [0, 0])[not ended] += 1
    table = [(time, ended, open_) for time, (ended, open_) in sorted(counts.items())]
    return _curve(table, sum(ended + open_ for _time, ended, open_ in table))


def _counts(rows: "QuerySet[Any]", column: str, at: datetime, n: int) -> "QuerySet[Any, Any]":
    """(time, ended, not ended) in the order of time."""
    now = Value(at, output_field=DateTimeField())
    # whole seconds, each instant floored, as the fold counts them
    until = Floor(Extract(Least("left_at", "abandoned_at", now), "epoch"))
    age = Cast(until - Floor(Extract("started_at", "epoch")), BigIntegerField())
    time: Any = Case(When(**{f"{column}__isnull": False}, then=F(column)), default=age)
    if n > EXACT_UP_TO:
        time = ExpressionWrapper(time / 60 * 60, output_field=BigIntegerField())
    ended = Q(**{f"{column}__isnull": False})
    return (
        rows.annotate(time=time).order_by("time").values_list("time")
        .annotate(ended=those(ended), censored=those(~ended))
    )  # fmt: skip


def _curve(counts: "Iterable[tuple[int, int, int]]", n: int) -> Curve:
    """The product-limit curve of counts; endings come before the censored ones of the same instant."""
    import numpy as np

    table = np.array(list(counts), dtype=np.int64).reshape(-1, 3)
    is_exact = n <= EXACT_UP_TO
    if not len(table):
        return Curve(0, 0, None, None, (), 0.0, is_exact)
    times, ended, censored = np.maximum(table[:, 0], 0), table[:, 1], table[:, 2]
    gone = ended + censored
    total = int(gone.sum())
    at_risk = total - np.concatenate(([0], np.cumsum(gone)[:-1]))
    left = np.cumprod(1 - ended / at_risk)
    is_step = ended > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(np.where(ended == at_risk, np.inf, ended / (at_risk * np.maximum(at_risk - ended, 1))))
        # the log-log interval: it stays between 0 and 1
        spread = z_for() * np.sqrt(greenwood) / np.abs(np.log(left))
        low, high = left ** np.exp(spread), left ** np.exp(-spread)
    steps = np.flatnonzero(is_step)
    half = next((float(times[i]) for i in steps if left[i] <= 0.5 + 1e-12), None)
    shown = steps if len(steps) <= MOST_POINTS else steps[_spread(left[steps])]
    points = [
        Point(float(times[i]), float(left[i]), *((float(low[i]), float(high[i])) if 0 < left[i] < 1 else (None, None)))
        for i in shown
    ]
    finished = int(ended.sum())
    return Curve(total, finished, half, _median(times, ended), points, float(times[-1]), is_exact)


def _spread(left: Any) -> Any:
    """Some of the steps, evenly down the curve, with its last one."""
    import numpy as np

    wanted = np.linspace(left[0], left[-1], MOST_POINTS)
    # the curve falls: look from its end
    found = len(left) - 1 - np.searchsorted(left[::-1], wanted, side="left")
    return np.unique(np.clip(np.append(found, len(left) - 1), 0, len(left) - 1))


def _median(times: Any, counts: Any) -> float | None:
    """The median of values with how often each was seen, interpolated as `percentile_cont` does."""
    import numpy as np

    reached = np.cumsum(counts)
    n = int(reached[-1])
    if not n:
        return None
    place = (n - 1) / 2
    low, high = (float(times[np.searchsorted(reached, rank + 1)]) for rank in (int(place), ceil(place)))
    return (low + high) / 2
