"""What goes with a good answer: one fact of the service at a time, the mix held fixed, told from chance."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erfc, log, sqrt

from reports.counting.statistics import Difference, OddsRatio, Stratum, mantel_haenszel, newcombe, wilson, z_for
from reports.metrics.drivers import mix_adjusted
from reports.metrics.satisfaction import csat

#: of what is called clear, at most so many in a hundred are expected to be chance
FALSE_DISCOVERIES = 0.10
#: fewer answers on one side say nothing
ENOUGH = 30
#: with the mix held fixed only groups speak that occur on both sides; this much of all answers must
OVERLAP = 0.5

#: answers and good answers, by the bucket of the fact and by what is held fixed
Table = Mapping[tuple[Hashable, Hashable], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Group:
    """One bucket: as it is, and as it would be with everybody's mix (None where that would say nothing)."""

    n: int
    good: int
    low: float
    high: float
    standardised: float | None

    @property
    def share(self) -> float:
        return self.good / self.n


@dataclass(frozen=True, slots=True)
class Contrast:
    """One side of a fact against the other: crude, and with the mix held fixed (Mantel–Haenszel)."""

    n: int
    good: int
    n_other: int
    good_other: int
    odds: OddsRatio
    #: which share of the answers is in groups that occur on both sides
    overlap: float
    p: float | None

    @property
    def is_thin(self) -> bool:
        return min(self.n, self.n_other) < ENOUGH or self.overlap < OVERLAP or self.p is None

    @property
    def is_reversed(self) -> bool:
        """Holding the mix fixed turns it round (Simpson)."""
        crude, pooled = self.odds.crude, self.odds.pooled
        return crude is not None and pooled is not None and (crude - 1) * (pooled - 1) < 0


@dataclass(frozen=True, slots=True)
class Step:
    """Two neighbouring buckets, and how the share changes from the one to the other."""

    before: Hashable
    after: Hashable
    change: Difference
    p: float


def groups(table: Table, shown: Collection[Hashable]) -> dict[Hashable, Group]:
    """The buckets that may be shown, each crude and standardised to the mix they have in common."""
    cells: dict[Hashable, dict[Hashable, tuple[int, int]]] = {}
    for (bucket, stratum), (n, good) in table.items():
        if n and bucket in shown:
            cells.setdefault(bucket, {})[stratum] = (n, good)
    enough = {bucket: of for bucket, of in cells.items() if sum(n for n, _good in of.values()) >= ENOUGH}
    adjusted = _standardised(enough) if len(enough) > 1 else {}
    found = {}
    for bucket, of in cells.items():
        n, good = sum(n for n, _good in of.values()), sum(good for _n, good in of.values())
        low, high = wilson(good, n) or (0.0, 1.0)
        found[bucket] = Group(n, good, low, high, adjusted.get(bucket))
    return found


def _standardised(
    cells: Mapping[Hashable, Mapping[Hashable, tuple[int, int]]],
) -> dict[Hashable, float | None]:
    """Each bucket with the mix all have in common; nothing where that is less than half of the answers."""
    common = set.intersection(*({stratum for stratum, (n, _good) in of.items() if n} for of in cells.values()))
    everything = sum(n for of in cells.values() for n, _good in of.values())
    if sum(of[stratum][0] for of in cells.values() for stratum in common) < OVERLAP * everything:
        return {}
    made = mix_adjusted(
        {bucket: {stratum: csat({5: good, 3: n - good}) for stratum, (n, good) in of.items()}
         for bucket, of in cells.items()}
    )  # fmt: skip
    return {bucket: one.standardised for bucket, one in made.groups.items()}


def contrast(table: Table, one_side: Collection[Hashable], other_side: Collection[Hashable]) -> Contrast:
    """One side against the other within each stratum."""
    strata: dict[Hashable, list[int]] = {}
    for (bucket, stratum), (n, good) in sorted(table.items(), key=str):  # sums of the same numbers, to the last digit
        cell = strata.setdefault(stratum, [0, 0, 0, 0])
        if bucket in one_side:
            cell[0] += good
            cell[1] += n - good
        elif bucket in other_side:
            cell[2] += good
            cell[3] += n - good
    tables = [Stratum(*cell) for cell in strata.values()]
    odds = mantel_haenszel(tables)
    total = sum(map(sum, tables))
    both = sum(sum(one) for one in tables if one.with_yes + one.with_no and one.without_yes + one.without_no)
    return Contrast(
        sum(one.with_yes + one.with_no for one in tables), sum(one.with_yes for one in tables),
        sum(one.without_yes + one.without_no for one in tables), sum(one.without_yes for one in tables),
        odds, both / total if total else 0.0, _p_of(odds),
    )  # fmt: skip


def _p_of(odds: OddsRatio) -> float | None:
    """The two-sided p of an odds ratio, from its interval."""
    if not odds.pooled or not odds.low or not odds.high or odds.low == odds.high:
        return None
    error = log(odds.high / odds.low) / (2 * z_for())
    return erfc(abs(log(odds.pooled)) / error / sqrt(2))


def steps(found: Mapping[Hashable, Group], order: Sequence[Hashable]) -> list[Step]:
    """The change from each bucket to its neighbour, in order; buckets with too few answers break it."""
    made = []
    for before, after in pairwise(order):
        if before not in found or after not in found or min(found[before].n, found[after].n) < ENOUGH:
            continue
        one, two = found[before], found[after]
        change = newcombe(one.good, one.n, two.good, two.n)
        if change is not None:
            made.append(Step(before, after, change, _p_of_shares(one, two)))
    return made


def _p_of_shares(one: Group, two: Group) -> float:
    """The two-sided p of the difference of two shares (pooled z)."""
    p = (one.good + two.good) / (one.n + two.n)
    error = sqrt(p * (1 - p) * (1 / one.n + 1 / two.n))
    return erfc(abs(two.share - one.share) / error / sqrt(2)) if error else 1.0


def clear_of_chance(ps: Sequence[float]) -> list[bool]:
    """Which of many tests stand out when all are looked at (Benjamini–Hochberg at 10 %)."""
    if not ps:
        return []
    from scipy.stats import false_discovery_control

    return [bool(p <= FALSE_DISCOVERIES) for p in false_discovery_control(ps)]


def cliff(all_steps: Mapping[Hashable, Sequence[Step]]) -> dict[Hashable, Step]:
    """Where each fact's cliff is: the largest drop between neighbouring buckets whose interval leaves 0 out and that
    stands out among all steps of all facts."""
    listed = [(key, step) for key, of in all_steps.items() for step in of]
    found: dict[Hashable, Step] = {}
    for (key, step), is_clear in zip(listed, clear_of_chance([step.p for _key, step in listed]), strict=True):
        falls = is_clear and step.change.high < 0
        if falls and (key not in found or step.change.value < found[key].change.value):
            found[key] = step
    return found
