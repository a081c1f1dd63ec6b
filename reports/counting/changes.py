"""How a number differs from that of the period it is compared with: makers of `Change`.

Every difference has an interval (95 in 100), and only where that leaves 0 out is the change clear. SciPy is imported
when a report compares, so that idle processes do not carry it.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, sqrt
from typing import Literal

from django.utils.translation import gettext as _

from reports.counting.statistics import CONFIDENCE, Difference, Interval, newcombe
from reports.metrics.loyalty import Nps, nps_difference
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.reading import Compare
from reports.showing import words
from reports.showing.blocks import Change

Better = Literal["more", "less"] | None
Say = Callable[[float], str]
MINUS = "\N{MINUS SIGN}"


def share_change(
    before: tuple[int, int], after: tuple[int, int], *, compare: Compare = "before", better: Better = "more",
    smallest: int = 0,
) -> Change | None:  # fmt: skip
    """The change of a share k / n, in points, by Newcombe's interval.

    `smallest` is how many there must be on both sides to say anything: `SMALLEST_CELL` for what people answered.
    """
    if min(before[1], after[1]) < max(smallest, 1):
        return _too_few(compare, before[1], max(smallest, 1))
    found = newcombe(*before, *after)
    assert found is not None
    return _made(before[0] / before[1], found, words.percent, _points, compare, better, unit=_("points"))


def count_change(before: int, after: int, *, compare: Compare = "before", better: Better = None) -> Change:
    """The change of a count over as many days, each count taken as Poisson's."""
    found = hybrid(before, poisson_interval(before), after, poisson_interval(after))
    return _made(before, found, words.number, words.number, compare, better)


def median_change(
    before: Sequence[float], after: Sequence[float], *, compare: Compare = "before", say: Say = words.spell,
    better: Better = "less",
) -> Change | None:  # fmt: skip
    """The change of a median of values in order, each median with the exact interval of its order statistics."""
    if len(before) == 0 or len(after) == 0:
        return _too_few(compare, len(before), 1)
    was, is_ = _middle(before), _middle(after)
    first, second = median_interval(before), median_interval(after)
    if first is None or second is None:
        return _unsure(was, is_ - was, say, compare)
    return _made(was, hybrid(was, first, is_, second), say, say, compare, better)


def mean_change(
    before: Iterable[tuple[float, int]], after: Iterable[tuple[float, int]], *, say: Say,
    compare: Compare = "before", better: Better = "more", smallest: int = SMALLEST_CELL,
) -> Change | None:  # fmt: skip
    """The change of a mean of (value, how many) pairs, by Welch's t-interval."""
    import numpy as np
    from scipy.stats import ttest_ind

    sides = []
    for pairs in (before, after):
        known = [(value, n) for value, n in pairs if n]
        sides.append(np.repeat([value for value, _n in known], [n for _value, n in known]) if known else np.array([]))
    was, is_ = sides
    if min(len(was), len(is_)) < max(smallest, 2):
        return _too_few(compare, len(was), max(smallest, 2))
    difference = float(is_.mean() - was.mean())
    if was.std() == is_.std() == 0:
        return _unsure(float(was.mean()), difference, say, compare)
    interval = ttest_ind(is_, was, equal_var=False).confidence_interval(CONFIDENCE)
    found = Difference(difference, float(interval.low), float(interval.high))
    return _made(float(was.mean()), found, say, say, compare, better)


def nps_change(
    before: Nps, after: Nps, *, compare: Compare = "before", smallest: int = SMALLEST_CELL
) -> Change | None:  # fmt: skip
    """The change of a net promoter score; the squared errors of both sides add up."""
    found = nps_difference(before, after)
    if found is None or before.score is None or min(before.n, after.n) < smallest:
        return _too_few(compare, before.n, smallest)
    return _made(before.score, found.change, words.number, words.number, compare, "more", unit=_("points"))


# ---------------------------------------------------------------------- intervals


def hybrid(before: float, first: Interval, after: float, second: Interval) -> Difference:
    """The interval of after − before out of the intervals of both, as Newcombe does for shares."""
    change = after - before
    return Difference(
        change,
        change - sqrt((after - second.low) ** 2 + (first.high - before) ** 2),
        change + sqrt((second.high - after) ** 2 + (before - first.low) ** 2),
    )


def poisson_interval(n: int, confidence: float = CONFIDENCE) -> Interval:
    """The exact interval of the rate behind a count."""
    from scipy.special import gammaincinv

    tail = (1 - confidence) / 2
    return Interval(float(gammaincinv(n, tail)) if n else 0.0, float(gammaincinv(n + 1, 1 - tail)))


def median_interval(ordered: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """The exact interval of the median of values in order; None where they are too few to have one (below six)."""
    ranks = median_ranks(len(ordered), confidence)
    return None if ranks is None else Interval(float(ordered[ranks[0]]), float(ordered[ranks[1]]))


def median_ranks(n: int, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Which of n values in order, from 0, are the ends of the median's interval."""
    from scipy.special import bdtr

    tail = (1 - confidence) / 2
    # the greatest rank with at most `tail` below it: start from the normal approximation and step to the exact one
    k = max(floor(n / 2 - 0.98 * sqrt(n)) - 2, -1)
    while k + 1 < n / 2 and bdtr(k + 1, n, 0.5) <= tail:
        k += 1
    while k >= 0 and bdtr(k, n, 0.5) > tail:
        k -= 1
    return (k, n - 1 - k) if k >= 0 else None


def _middle(ordered: Sequence[float]) -> float:
    half = (len(ordered) - 1) / 2
    return float(ordered[floor(half)] + ordered[ceil(half)]) / 2


# ---------------------------------------------------------------------- words


def _made(
    before: float, found: Difference, say: Say, say_size: Say, compare: Compare, better: Better, unit: str = ""
) -> Change:
    """A change in words: what it was, by how much it differs, and between what."""
    is_clear = found.distinguishable
    facts = {
        "then": then(compare, say(before)),
        "size": _with(signed(found.value, say_size), unit),
        "low": signed(found.low, say_size),
        "high": _with(signed(found.high, say_size), unit),
    }
    said = (
        _("%(then)s, now %(size)s (%(low)s to %(high)s)") if is_clear
        else _("%(then)s, no evidence of change (%(low)s to %(high)s)")
    )  # fmt: skip
    is_better = None if better is None or not is_clear else (found.value > 0) == (better == "more")
    return Change(before, found.value, found.low, found.high, is_clear, said % facts, is_better)


def _unsure(before: float, difference: float, say: Say, compare: Compare) -> Change:
    said = _("%(then)s; too few to say whether it changed") % {"then": then(compare, say(before))}
    return Change(before, difference, None, None, False, said)


def _too_few(compare: Compare, n: int, smallest: int) -> Change | None:
    """What is said where one side may not be shown; nothing of its numbers."""
    if n >= smallest:
        return None
    said = _("a year ago: too few to compare") if compare == "year" else _("before: too few to compare")
    return Change(None, None, None, None, False, said)


def then(compare: Compare, said: str) -> str:
    """What the number was, in words."""
    return (_("a year ago %(said)s") if compare == "year" else _("before %(said)s")) % {"said": said}


def signed(value: float, say: Say) -> str:
    """A difference with its sign."""
    said = say(abs(value))
    if said == say(0.0):
        return said
    return f"+{said}" if value > 0 else f"{MINUS}{said}"


def _points(share: float) -> str:
    return words.number(100 * share)


def _with(said: str, unit: str) -> str:
    return f"{said} {unit}" if unit else said
