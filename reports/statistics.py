"""The statistics behind the figures: percentiles, intervals, survival, control charts, association.

Pure functions of plain numbers, standard library only. Intervals are 95 % unless told otherwise. Nothing of nothing is
None, never 0.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import exp, lgamma, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
XMR_FACTOR = 2.66  # 3 / 1.128: three sigmas out of a mean moving range
MOVING_RANGE_BIAS = 1.128  # the mean moving range of two neighbours, in sigmas
_TOLERANCE = 1e-12


class Interval(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How many, the median and the ninetieth percentile. The mean is for exports only."""

    n: int
    p50: float | None
    p90: float | None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A change with its interval; `distinguishable` when the interval leaves 0 out."""

    value: float
    low: float
    high: float

    @property
    def distinguishable(self) -> bool:
        return self.low > 0 or self.high < 0


# ---------------------------------------------------------------------- percentiles


def percentile(values: Iterable[float], p: float) -> float | None:
    """The p-th quantile (0 … 1) by linear interpolation, as PostgreSQL's percentile_cont; None of nothing."""
    ordered = sorted(values)
    return _interpolate(ordered, p) if ordered else None


def percentiles(values: Iterable[float | None]) -> Percentiles:
    """n, median, 90th percentile and mean of what is known."""
    ordered = [value for value in values if value is not None]
    ordered.sort()
    if not ordered:
        return Percentiles(0, None, None, None)
    n = len(ordered)
    return Percentiles(n, _interpolate(ordered, 0.5), _interpolate(ordered, 0.9), sum(ordered) / n)


def _interpolate(ordered: Sequence[float], p: float) -> float:
    if not 0 <= p <= 1:
        raise ValueError("A percentile lies between 0 and 1.")
    place = p * (len(ordered) - 1)
    below = int(place)
    if below + 1 >= len(ordered):
        return float(ordered[-1])
    return float(ordered[below] + (ordered[below + 1] - ordered[below]) * (place - below))


# ---------------------------------------------------------------------- shares


def share(k: float, n: float) -> float | None:
    """k / n; 0 / 0 is None."""
    return k / n if n else None


@cache
def z_for(confidence: float = CONFIDENCE) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> Interval | None:
    """The Wilson interval of a share k / n; None without observations."""
    if not 0 <= k <= n:
        raise ValueError("A share needs 0 ≤ k ≤ n.")
    if n == 0:
        return None
    z = z_for(confidence)
    p, z2 = k / n, z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Interval(0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)


def newcombe(k1: int, n1: int, k2: int, n2: int, confidence: float = CONFIDENCE) -> Difference | None:
    """The change k2 / n2 − k1 / n1 with Newcombe's hybrid Wilson interval; None when either side is empty."""
    first, second = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    if first is None or second is None:
        return None
    p1, p2 = k1 / n1, k2 / n2
    change = p2 - p1
    return Difference(
        change,
        change - sqrt((p2 - second.low) ** 2 + (first.high - p1) ** 2),
        change + sqrt((second.high - p2) ** 2 + (p1 - first.low) ** 2),
    )


# ---------------------------------------------------------------------- means


def mean_interval(counts: Iterable[tuple[float, int]], confidence: float = CONFIDENCE) -> Interval | None:
    """The t-interval of a mean, from (value, how many) pairs; None below two observations."""
    pairs = [(value, count) for value, count in counts if count]
    n = sum(count for _, count in pairs)
    if n < 2:
        return None
    mean = sum(value * count for value, count in pairs) / n
    variance = sum(count * (value - mean) ** 2 for value, count in pairs) / (n - 1)
    half = student_t((1 + confidence) / 2, n - 1) * sqrt(variance / n)
    return Interval(mean - half, mean + half)


@cache
def student_t(p: float, freedom: int) -> float:
    """The p-th quantile of Student's t."""
    if p < 0.5:
        return -student_t(1 - p, freedom)
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < p:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if _t_below(middle, freedom) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_below(t: float, freedom: int) -> float:
    return 1 - _beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Lentz's continued fraction of the incomplete beta function."""
    tiny = 1e-300
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1), tiny)
    result = d
    for m in range(1, 1000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + term * d, tiny)
            c = _away_from_zero(1 + term / c, tiny)
            result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return result


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


# ---------------------------------------------------------------------- survival


class Step(NamedTuple):
    """A time at which something ended: how many were at risk just before, how many ended, the share left."""

    time: float
    at_risk: int
    ended: int
    left: float


@dataclass(frozen=True, slots=True)
class Survival:
    """A Kaplan–Meier curve. What has not ended is right-censored at its age, after the endings of that instant."""

    n: int
    ended: int
    steps: tuple[Step, ...]

    @property
    def censored(self) -> int:
        return self.n - self.ended

    @property
    def median(self) -> float | None:
        return self.quantile(0.5)

    def quantile(self, p: float) -> float | None:
        """The time by which a share p has ended; None when that many never did."""
        return next((step.time for step in self.steps if step.left <= 1 - p + _TOLERANCE), None)

    def left_at(self, time: float) -> float:
        """The share not yet ended at a time."""
        reached = [step for step in self.steps if step.time <= time]
        return reached[-1].left if reached else 1.0

    def standard_error_at(self, time: float) -> float | None:
        """Greenwood's standard error of the share left at a time."""
        total = self._greenwood(time)
        return None if total is None else self.left_at(time) * sqrt(total)

    def interval_at(self, time: float, confidence: float = CONFIDENCE) -> Interval | None:
        """The log-log interval of the share left at a time; None while all or none are left."""
        left, total = self.left_at(time), self._greenwood(time)
        if total is None or not 0 < left < 1:
            return None
        spread = z_for(confidence) * sqrt(total) / abs(log(left))
        return Interval(left ** exp(spread), left ** exp(-spread))

    def mean_up_to(self, tau: float) -> float:
        """The restricted mean: the area under the curve up to `tau`."""
        area, since, left = 0.0, 0.0, 1.0
        for step in self.steps:
            if step.time >= tau:
                break
            area += left * (step.time - since)
            since, left = step.time, step.left
        return area + left * (tau - since)

    def _greenwood(self, time: float) -> float | None:
        total = 0.0
        for step in self.steps:
            if step.time > time:
                break
            if step.at_risk == step.ended:
                return None
            total += step.ended / (step.at_risk * (step.at_risk - step.ended))
        return total


def kaplan_meier(observations: Iterable[tuple[float, bool]]) -> Survival:
    """The curve of (time, whether it ended then); not ended means still open at that age."""
    seen = sorted(observations)
    times = [time for time, _ in seen]
    n = len(seen)
    endings: dict[float, int] = {}
    for time, ended in seen:
        if ended:
            endings[time] = endings.get(time, 0) + 1
    steps = []
    left = 1.0
    for time, endings_then in endings.items():
        at_risk = n - bisect_left(times, time)
        left *= 1 - endings_then / at_risk
        steps.append(Step(time, at_risk, endings_then, left))
    return Survival(n, sum(endings.values()), tuple(steps))


# ---------------------------------------------------------------------- control charts


@dataclass(frozen=True, slots=True)
class Xmr:
    """An individuals chart: limits from the baseline's moving range, and the points that are signals."""

    mean: float
    mr_bar: float
    lower: float
    upper: float
    outside: tuple[int, ...]
    run_of_8: tuple[int, ...]  # the eighth and later points in a row on one side of the mean

    @property
    def signals(self) -> tuple[int, ...]:
        return tuple(sorted({*self.outside, *self.run_of_8}))


def xmr(values: Sequence[float], baseline: int | None = None) -> Xmr | None:
    """The XmR chart of one number a day, limits frozen on the first `baseline` points; None below two of them."""
    base = values[: baseline or len(values)]
    if len(base) < 2:
        return None
    mean = sum(base) / len(base)
    mr_bar = sum(abs(b - a) for a, b in pairwise(base)) / (len(base) - 1)
    lower, upper = mean - XMR_FACTOR * mr_bar, mean + XMR_FACTOR * mr_bar
    outside = tuple(i for i, value in enumerate(values) if value < lower or value > upper)
    runs, side, length = [], 0, 0
    for i, value in enumerate(values):
        here = (value > mean) - (value < mean)
        length = length + 1 if here == side else 1
        side = here
        if side and length >= 8:
            runs.append(i)
    return Xmr(mean, mr_bar, lower, upper, outside, tuple(runs))


@dataclass(frozen=True, slots=True)
class PChart:
    """Limits of a share whose n varies, and Laney's correction when it varies more than chance allows."""

    p_bar: float
    limits: tuple[Interval | None, ...]
    outside: tuple[int, ...]
    laney_sigma_z: float | None
    laney_limits: tuple[Interval | None, ...]
    laney_outside: tuple[int, ...]


def p_chart(points: Sequence[tuple[int, int]], baseline: int | None = None) -> PChart | None:
    """The p-chart of (k, n) pairs, centred on the first `baseline` of them; None without observations."""
    base = points[: baseline or len(points)]
    total = sum(n for _, n in base)
    if total == 0:
        return None
    p_bar = sum(k for k, _ in base) / total
    sigmas = [sqrt(p_bar * (1 - p_bar) / n) if n else None for _, n in points]
    zs = [(k / n - p_bar) / sigma for (k, n), sigma in zip(base, sigmas, strict=False) if sigma]
    sigma_z = None
    if len(zs) >= 2:
        sigma_z = sum(abs(b - a) for a, b in pairwise(zs)) / (len(zs) - 1) / MOVING_RANGE_BIAS
    limits, outside = _share_limits(points, p_bar, sigmas, 1.0)
    laney_limits, laney_outside = _share_limits(points, p_bar, sigmas, sigma_z or 1.0)
    return PChart(p_bar, limits, outside, sigma_z, laney_limits, laney_outside)


def _share_limits(
    points: Sequence[tuple[int, int]], p_bar: float, sigmas: Sequence[float | None], stretch: float
) -> tuple[tuple[Interval | None, ...], tuple[int, ...]]:
    limits: list[Interval | None] = []
    outside = []
    for i, ((k, n), sigma) in enumerate(zip(points, sigmas, strict=True)):
        if sigma is None:
            limits.append(None)
            continue
        limit = Interval(max(p_bar - 3 * sigma * stretch, 0.0), min(p_bar + 3 * sigma * stretch, 1.0))
        limits.append(limit)
        if not limit.low <= k / n <= limit.high:
            outside.append(i)
    return tuple(limits), tuple(outside)


# ---------------------------------------------------------------------- association


class Stratum(NamedTuple):
    """One two-by-two table: yes and no with the factor, yes and no without."""

    with_yes: int
    with_no: int
    without_yes: int
    without_no: int


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """An odds ratio pooled over strata with its interval, and the pooled difference of the shares."""

    crude: float | None
    pooled: float | None
    low: float | None
    high: float | None
    risk_difference: float | None

    @property
    def is_clear(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 1 or self.high < 1)


def mantel_haenszel(strata: Iterable[Stratum], confidence: float = CONFIDENCE) -> OddsRatio:
    """The Mantel–Haenszel odds ratio with the Robins–Breslow–Greenland interval, and the pooled risk difference."""
    tables = [table for table in strata if sum(table)]
    a, b, c, d = (sum(table[i] for table in tables) for i in range(4))
    r = s = pr = ps_qr = qs = rd = weights = 0.0
    for table in tables:
        n = sum(table)
        exposed, unexposed = (table.with_yes + table.with_no, table.without_yes + table.without_no)
        if exposed and unexposed:
            rd += (table.with_yes * unexposed - table.without_yes * exposed) / n
            weights += exposed * unexposed / n
        ri, si = (table.with_yes * table.without_no / n, table.with_no * table.without_yes / n)
        pi, qi = ((table.with_yes + table.without_no) / n, (table.with_no + table.without_yes) / n)
        r, s = r + ri, s + si
        pr, ps_qr, qs = pr + pi * ri, ps_qr + pi * si + qi * ri, qs + qi * si
    crude = a * d / (b * c) if b * c else None
    difference = rd / weights if weights else None
    if not r or not s:
        return OddsRatio(crude, r / s if s else None, None, None, difference)
    spread = z_for(confidence) * sqrt(pr / (2 * r * r) + ps_qr / (2 * r * s) + qs / (2 * s * s))
    pooled = r / s
    return OddsRatio(crude, pooled, pooled * exp(-spread), pooled * exp(spread), difference)


def superiority(ours: Iterable[tuple[float, int]], theirs: Iterable[tuple[float, int]]) -> float | None:
    """P(ours > theirs) + ½ P(tie), from (score, how many) pairs: Mann–Whitney's U / nm."""
    ours, theirs = list(ours), list(theirs)
    pairs = sum(n for _, n in ours) * sum(n for _, n in theirs)
    if not pairs:
        return None
    wins = sum(n * m * ((x > y) + 0.5 * (x == y)) for x, n in ours for y, m in theirs)
    return wins / pairs


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted logistic regression: coefficients and standard errors in the order of the columns."""

    n: int
    coefficients: tuple[float, ...]
    standard_errors: tuple[float, ...]

    def odds_ratio(self, column: int, confidence: float = CONFIDENCE) -> tuple[float, Interval]:
        """The odds ratio of one column with its Wald interval."""
        coefficient, spread = (self.coefficients[column], z_for(confidence) * self.standard_errors[column])
        return exp(coefficient), Interval(exp(coefficient - spread), exp(coefficient + spread))


def logistic(rows: Sequence[tuple[Sequence[float], int, int]]) -> Logistic | None:
    """Maximum likelihood by Newton's method, from (columns, successes, trials); None where it has no finite answer.

    The caller puts a 1 in the columns for the intercept.
    """
    rows = [row for row in rows if row[2]]
    if not rows:
        return None
    size = len(rows[0][0])
    beta = [0.0] * size
    for _ in range(100):
        gradient = [0.0] * size
        information = [[0.0] * size for _ in range(size)]
        for columns, successes, trials in rows:
            score = sum(x * b for x, b in zip(columns, beta, strict=True))
            p = 1 / (1 + exp(-score)) if score > -700 else 0.0
            weight = trials * p * (1 - p)
            for i in range(size):
                gradient[i] += columns[i] * (successes - trials * p)
                for j in range(size):
                    information[i][j] += columns[i] * columns[j] * weight
        inverse = _inverse(information)
        if inverse is None:
            return None
        step = [sum(inverse[i][j] * gradient[j] for j in range(size)) for i in range(size)]
        beta = [b + s for b, s in zip(beta, step, strict=True)]
        if max(abs(b) for b in beta) > 25:  # separated: one side always says yes
            return None
        if max(abs(s) for s in step) < 1e-12:
            errors = tuple(sqrt(inverse[i][i]) for i in range(size))
            return Logistic(sum(row[2] for row in rows), tuple(beta), errors)
    return None


def _inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]] | None:
    """The inverse by Gauss–Jordan elimination; None when there is none."""
    size = len(matrix)
    work = [[*map(float, row), *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(work[row][i]))
        if abs(work[pivot][i]) < 1e-10:
            return None
        work[i], work[pivot] = work[pivot], work[i]
        work[i] = [value / work[i][i] for value in work[i]]
        for row in range(size):
            if row != i and work[row][i]:
                factor = work[row][i]
                work[row] = [a - factor * b for a, b in zip(work[row], work[i], strict=True)]
    return [row[size:] for row in work]
