"""Whether customers would recommend us, and whether they stayed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

from reports.counting.statistics import Difference, Interval, share, z_for
from reports.metrics.satisfaction import Scores, tally


@dataclass(frozen=True, slots=True)
class Nps:
    """Promoters (9–10) minus detractors (0–6) of those who answered, from −100 to 100."""

    n: int
    promoters: int
    passives: int
    detractors: int
    score: float | None
    standard_error: float | None
    wald: Interval | None
    adjusted: Interval | None  # adjusted Wald: the one to show


def nps(scores: Scores) -> Nps:
    """Net promoter score of answers from 0 to 10."""
    counts = tally(scores)
    for given in counts:
        if not 0 <= given <= 10:
            raise ValueError(f"A score of {given} is not on the scale from 0 to 10.")
    n = sum(counts.values())
    promoters = counts[9] + counts[10]
    passives = counts[7] + counts[8]
    detractors = n - promoters - passives
    if n == 0:
        return Nps(0, 0, 0, 0, None, None, None, None)
    score, error = _score(promoters, detractors, n)
    half = z_for() * error
    adjusted, adjusted_error = _score(promoters + 0.75, detractors + 0.75, n + 3)
    adjusted_half = z_for() * adjusted_error
    return Nps(
        n,
        promoters,
        passives,
        detractors,
        score,
        error,
        Interval(score - half, score + half),
        Interval(adjusted - adjusted_half, adjusted + adjusted_half),
    )


def _score(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    p, d = promoters / n, detractors / n
    return 100 * (p - d), 100 * sqrt(max(p + d - (p - d) ** 2, 0) / n)


@dataclass(frozen=True, slots=True)
class NpsDifference:
    change: Difference
    standard_error: float
    z: float | None


def nps_difference(before: Nps, after: Nps) -> NpsDifference | None:
    """The change of a net promoter score; the squared errors of both sides add up."""
    if before.score is None or after.score is None or before.standard_error is None or after.standard_error is None:
        return None
    change = after.score - before.score
    error = sqrt(before.standard_error**2 + after.standard_error**2)
    half = z_for() * error
    return NpsDifference(Difference(change, change - half, change + half), error, change / error if error else None)


# ---------------------------------------------------------------------- staying

Active = Sequence[tuple[date, date | None]]  # half-open intervals in which a customer was one


@dataclass(frozen=True, slots=True)
class Retention:
    """Customers at the start, and how many of the same are there at the end."""

    start: int
    end: int
    new: int
    reactivated: int
    retained: int
    retention_rate: float | None
    churn_rate: float | None


def retention(customers: Iterable[Active], start: date, end: date) -> Retention:
    """Who stayed from one day to another. One who had left before and came back is reactivated, not retained."""
    at_start = at_end = new = reactivated = retained = 0
    for active in customers:
        was, is_ = _is_active(active, start), _is_active(active, end)
        at_start += was
        at_end += is_
        retained += was and is_
        if is_ and not was:
            earlier = any(since < start for since, _ in active)
            reactivated += earlier
            new += not earlier
    rate = share(retained, at_start)
    return Retention(at_start, at_end, new, reactivated, retained, rate, None if rate is None else 1 - rate)


def _is_active(active: Active, day: date) -> bool:
    return any(since <= day and (until is None or day < until) for since, until in active)


def compound_churn(rate: float, periods: int = 12) -> float:
    """The churn of several periods from that of one: rates compound, they do not add."""
    return float(1 - (1 - rate) ** periods)
