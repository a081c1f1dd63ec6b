"""The statistics behind the figures: percentiles, intervals, survival, control charts, association.

Pure functions of plain numbers. NumPy, SciPy and statsmodels compute what they have; each is imported where it is
asked, for they weigh more than everything else a process carries. By hand is what none of them has (Newcombe's
interval, control charts), and what is one line (Wilson's interval, which a page asks for by the hundred).
Intervals are 95 % unless told otherwise. Nothing of nothing is None, never 0.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import exp, log, sqrt
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


def wilson(k: float, n: float, confidence: float = CONFIDENCE) -> Interval | None:
    """The Wilson interval of a share k / n; None without observations. They may be weighted, and no whole numbers."""
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
def student_t(p: float, freedom: float) -> float:
    """The p-th quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, p))


# ---------------------------------------------------------------------- survival


class Step(NamedTuple):
    """A time at which something ended: how many were at risk just before, how many ended, the share left."""

    time: float
    at_risk: int
    ended: int
    left: float


def _last(steps: Sequence[Step], time: float) -> int:
    """The place of the last step up to a time; -1 before the first."""
    return bisect_right(steps, time, key=lambda step: step.time) - 1


@dataclass(frozen=True, slots=True)
class Survival:
    """A Kaplan–Meier curve. What has not ended is right-censored at its age, after the endings of that instant."""

    n: int
    ended: int
    steps: tuple[Step, ...]
    #: Greenwood's standard error of the share left after each step; None where nothing is left at risk
    errors: tuple[float | None, ...]

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
        place = _last(self.steps, time)
        return self.steps[place].left if place >= 0 else 1.0

    def standard_error_at(self, time: float) -> float | None:
        """Greenwood's standard error of the share left at a time."""
        place = _last(self.steps, time)
        return self.errors[place] if place >= 0 else 0.0

    def interval_at(self, time: float, confidence: float = CONFIDENCE) -> Interval | None:
        """The log-log interval of the share left at a time; None while all or none are left."""
        left, error = self.left_at(time), self.standard_error_at(time)
        if error is None or not 0 < left < 1:
            return None
        spread = z_for(confidence) * error / (left * abs(log(left)))
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


def kaplan_meier(observations: Iterable[tuple[float, bool]]) -> Survival:
    """The curve of (time, whether it ended then); not ended means still open at that age."""
    seen = list(observations)
    ended = sum(bool(one) for _time, one in seen)
    if not ended:
        return Survival(len(seen), 0, (), ())
    import numpy as np
    from statsmodels.duration.survfunc import SurvfuncRight

    times = np.array([time for time, _ended in seen], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = SurvfuncRight(times, np.array([one for _time, one in seen], dtype=int))
    steps = zip(curve.surv_times, curve.n_risk, curve.n_events, curve.surv_prob, strict=True)
    return Survival(
        len(seen),
        ended,
        tuple(Step(_plain(time), int(at_risk), int(n), float(left)) for time, at_risk, n, left in steps),
        tuple(float(error) if np.isfinite(error) else None for error in curve.surv_prob_se),
    )


def _plain(time: float) -> float:
    """A time as it was told: whole seconds stay whole."""
    return int(time) if float(time).is_integer() else float(time)


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
    return Xmr(mean, mr_bar, lower, upper, outside, runs_of_8(values, mean))


def runs_of_8(values: Sequence[float], centre: float) -> tuple[int, ...]:
    """The eighth and later points in a row on one side of a centre; a point on it breaks the run."""
    runs, side, length = [], 0, 0
    for i, value in enumerate(values):
        here = (value > centre) - (value < centre)
        length = length + 1 if here == side else 1
        side = here
        if side and length >= 8:
            runs.append(i)
    return tuple(runs)


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
    crude = a * d / (b * c) if b * c else None
    difference = _risk_difference(tables)
    concordant = sum(t.with_yes * t.without_no for t in tables)
    discordant = sum(t.with_no * t.without_yes for t in tables)
    if not discordant:
        return OddsRatio(crude, None, None, None, difference)
    if not concordant:
        return OddsRatio(crude, 0.0, None, None, difference)
    import numpy as np
    from statsmodels.stats.contingency_tables import StratifiedTable

    pooled = StratifiedTable([np.array(table, dtype=float).reshape(2, 2) for table in tables])
    low, high = pooled.oddsratio_pooled_confint(alpha=1 - confidence)
    return OddsRatio(crude, float(pooled.oddsratio_pooled), float(low), float(high), difference)


def _risk_difference(tables: Iterable[Stratum]) -> float | None:
    """The pooled difference of the shares, each stratum with its weight."""
    difference = weights = 0.0
    for table in tables:
        exposed, unexposed = table.with_yes + table.with_no, table.without_yes + table.without_no
        if exposed and unexposed:
            n = exposed + unexposed
            difference += (table.with_yes * unexposed - table.without_yes * exposed) / n
            weights += exposed * unexposed / n
    return difference / weights if weights else None


def superiority(ours: Iterable[tuple[float, int]], theirs: Iterable[tuple[float, int]]) -> float | None:
    """P(ours > theirs) + ½ P(tie), from (score, how many) pairs: Mann–Whitney's U / nm."""
    ours, theirs = [pair for pair in ours if pair[1]], [pair for pair in theirs if pair[1]]
    if not ours or not theirs:
        return None
    import numpy as np
    from scipy.stats import mannwhitneyu

    first, second = (np.repeat([x for x, _n in side], [n for _x, n in side]) for side in (ours, theirs))
    return float(mannwhitneyu(first, second, method="asymptotic").statistic / (len(first) * len(second)))


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


#: a coefficient beyond it means that one side always says yes: the model is separated
_SEPARATED = 25


def logistic(
    rows: Sequence[tuple[Sequence[float], int, int]], clusters: Sequence[Hashable] | None = None
) -> Logistic | None:
    """Maximum likelihood from (columns, successes, trials); None where it has no finite answer.

    The caller puts a 1 in the columns for the intercept. With `clusters`, one for each row (such as the customer), the
    standard errors allow for rows of the same one being alike.
    """
    kept = [i for i, row in enumerate(rows) if row[2]]
    if not kept:
        return None
    import warnings

    import numpy as np
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    columns = np.array([rows[i][0] for i in kept], dtype=float)
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return None
    counts = np.array([(rows[i][1], rows[i][2] - rows[i][1]) for i in kept], dtype=float)
    how: dict[str, object] = {}
    if clusters is not None:
        numbers = {name: number for number, name in enumerate(dict.fromkeys(clusters[i] for i in kept))}
        how = {"cov_type": "cluster", "cov_kwds": {"groups": np.array([numbers[clusters[i]] for i in kept])}}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # that it does not converge is told by the answer
        try:
            found = GLM(counts, columns, family=Binomial()).fit(tol=1e-13, maxiter=100, **how)
        except (np.linalg.LinAlgError, ValueError):
            return None
    if not np.isfinite(found.params).all() or not np.isfinite(found.bse).all() or max(abs(found.params)) > _SEPARATED:
        return None
    trials = sum(rows[i][2] for i in kept)
    return Logistic(trials, tuple(map(float, found.params)), tuple(map(float, found.bse)))
