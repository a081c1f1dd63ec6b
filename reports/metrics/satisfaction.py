"""What customers said of the help they got: CSAT, effort, and how many of those asked answered."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reports.counting.statistics import Difference, Interval, mean_interval, newcombe, share, wilson

Scores = Mapping[int, int] | Iterable[int]  # how often each score was given, or the scores themselves
SMALLEST_CELL = 5
SATISFIED = (4, 5)
DISSATISFIED = (1, 2)


def tally(scores: Scores) -> Counter[int]:
    """How often each score was given."""
    return Counter({score: n for score, n in Counter(scores).items() if n})


def _mean(counts: Mapping[int, int]) -> float | None:
    return share(sum(score * n for score, n in counts.items()), sum(counts.values()))


def _count(counts: Mapping[int, int], low: int, high: int) -> int:
    return sum(n for score, n in counts.items() if low <= score <= high)


def _checked(scores: Scores, low: int, high: int) -> Counter[int]:
    counts = tally(scores)
    for score in counts:
        if not low <= score <= high:
            raise ValueError(f"A score of {score} is not on the scale from {low} to {high}.")
    return counts


# ---------------------------------------------------------------------- CSAT


@dataclass(frozen=True, slots=True)
class Csat:
    """The share of 4s and 5s on the five-point scale, with its Wilson interval; the mean is secondary."""

    n: int
    satisfied: int
    share: float | None
    low: float | None
    high: float | None
    mean: float | None
    bottom2: float | None
    bottom2_interval: Interval | None  # nobody dissatisfied so far is not certainty
    distribution: Mapping[int, int]


def csat(scores: Scores) -> Csat:
    """CSAT of answers from 1 to 5."""
    counts = _checked(scores, 1, 5)
    n = sum(counts.values())
    satisfied = _count(counts, *SATISFIED)
    interval = wilson(satisfied, n)
    return Csat(
        n=n,
        satisfied=satisfied,
        share=share(satisfied, n),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        mean=_mean(counts),
        bottom2=share(_count(counts, *DISSATISFIED), n),
        bottom2_interval=wilson(_count(counts, *DISSATISFIED), n),
        distribution={score: counts[score] for score in range(1, 6)},
    )


def csat_difference(before: Csat, after: Csat) -> Difference | None:
    """The change in CSAT with its Newcombe interval: say up or down only when it is distinguishable."""
    return newcombe(before.satisfied, before.n, after.satisfied, after.n)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A share in which each answer stands for as many as were drawn from; `effective` is how many it is worth."""

    share: float
    effective: float
    low: float
    high: float


def weighted(drawn: Mapping[int, tuple[int, int]]) -> Weighted | None:
    """By how many in a hundred were drawn, (answers, good ones): weighted by one over that, with the Wilson interval of
    the effective number of answers (Kish). None where nobody answered."""
    sums = [(100 / percent, n, k) for percent, (n, k) in drawn.items() if n]
    if not sums:
        return None
    whole = sum(weight * n for weight, n, _k in sums)
    of_good = sum(weight * k for weight, _n, k in sums) / whole
    effective = whole**2 / sum(weight**2 * n for weight, n, _k in sums)
    interval = wilson(min(of_good, 1) * effective, effective)
    assert interval is not None
    return Weighted(of_good, effective, interval.low, interval.high)


# ---------------------------------------------------------------------- effort


@dataclass(frozen=True, slots=True)
class Ces:
    """CES 2.0, "made it easy": 1 … 7 where high is good. The t-interval is shown from n = 30."""

    n: int
    mean: float | None
    mean_interval: Interval | None
    agree: int
    agree_share: float | None
    agree_interval: Interval | None
    high_effort_share: float | None
    distribution: Mapping[int, int]


def ces2(scores: Scores) -> Ces:
    """Customer effort, second version."""
    counts = _checked(scores, 1, 7)
    n = sum(counts.values())
    agree = _count(counts, 5, 7)
    return Ces(
        n=n,
        mean=_mean(counts),
        mean_interval=mean_interval(counts.items()),
        agree=agree,
        agree_share=share(agree, n),
        agree_interval=wilson(agree, n),
        high_effort_share=share(_count(counts, 1, 3), n),
        distribution={score: counts[score] for score in range(1, 8)},
    )


@dataclass(frozen=True, slots=True)
class Ces1:
    """CES 1.0, "how much effort": 1 … 5 where low is good. Never pooled with the second version."""

    n: int
    mean_effort: float | None
    distribution: Mapping[int, int]


def ces1(scores: Scores) -> Ces1:
    """Customer effort, first version."""
    counts = _checked(scores, 1, 5)
    return Ces1(sum(counts.values()), _mean(counts), {score: counts[score] for score in range(1, 6)})


# ---------------------------------------------------------------------- who answered


@dataclass(frozen=True, slots=True)
class ResponseRate:
    """Invitations with a valid scored answer among those delivered."""

    delivered: int
    answered: int
    rate: float | None
    low: float | None
    high: float | None


def response_rate(delivered: int, answered: int) -> ResponseRate:
    """How many of the delivered invitations were answered. Reminders and suppressions add nothing to either."""
    interval = wilson(answered, delivered)
    low, high = interval or (None, None)
    return ResponseRate(delivered, answered, share(answered, delivered), low, high)


# ---------------------------------------------------------------------- small groups

Suppression = Literal["primary", "complementary"]


def suppressed(sizes: Mapping[Hashable, int], smallest: int = SMALLEST_CELL) -> dict[Hashable, Suppression | None]:
    """Which groups of a published total to hide: those below the minimum, and, so that a single hidden one cannot be
    recovered by subtraction, the next smallest too."""
    hidden: dict[Hashable, Suppression | None] = {
        group: "primary" if n < smallest else None for group, n in sizes.items()
    }
    if sum(reason is not None for reason in hidden.values()) == 1:
        shown = [group for group, reason in hidden.items() if reason is None]
        if shown:
            hidden[min(shown, key=lambda group: (sizes[group], str(group)))] = "complementary"
    return hidden
