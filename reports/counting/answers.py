"""What people answered, counted: the figures of the pages about satisfaction and effort.

One walk along the answers and one along the askings, each by everything that is shown; no page knows of SQL.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import takewhile
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    Count,
    Exists,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils.timezone import localdate

from feedback.models import Ballot, last_day_of
from reports import privacy, reading
from reports.counting.grouping import Bucket, Groups, grouped
from reports.ledger import arrays
from reports.ledger.columns import Packed, by_frequency, quantile, tallied
from reports.ledger.packs import NULL, Column
from reports.metrics.drivers import NonResponse, nonresponse
from reports.metrics.satisfaction import Csat, ResponseRate, Weighted, csat, response_rate, weighted
from reports.models import SurveyFacts, TicketFacts
from reports.periods import Period
from reports.privacy import Guard
from reports.reading import Filter, Slice, within

#: which scores are good, and which are bad, on each scale
GOOD = {"csat": (4, 5), "ces2": (5, 7)}
BAD = {"csat": (1, 2), "ces2": (1, 3)}
SCALE = {"csat": (1, 5), "ces2": (1, 7)}
#: by what answers are split; each is a column of the facts
SPLITS = ("inbox", "team", "channel", "topic", "language", "is_solved", "is_after_reminder")
DAY = 86400


def askings(chosen: Filter, kind: str) -> "QuerySet[SurveyFacts]":
    """The askings of one kind; those of spam, deleted and imported tickets are left out."""
    return SurveyFacts.objects.filter(reading.choice(chosen), counts=True, kind=kind)


def answered(chosen: Filter, kind: str) -> "QuerySet[SurveyFacts]":
    return askings(chosen, kind).filter(within("answered_at", chosen.period), score__isnull=False)


def asked(chosen: Filter, kind: str) -> "QuerySet[SurveyFacts]":
    """Askings sent in the period that arrived."""
    return askings(chosen, kind).filter(within("sent_at", chosen.period), is_delivered=True)


def rows_of(kind: str) -> "Callable[[Filter], QuerySet[SurveyFacts]]":
    """The answers of a kind, for the guard."""
    return partial(answered, kind=kind)


@dataclass(frozen=True, slots=True)
class Share:
    """So many answers, so many of them good; hidden where that would show too few."""

    n: int
    good: int
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that was answered to one kind of survey in a period."""

    chosen: Filter
    kind: str
    scores: Counter[int]
    guard: Guard
    slices: Sequence[tuple[Period, Counter[int], bool]]
    #: by column, then by value; most answers first
    splits: Mapping[str, Mapping[Any, Share]]
    #: low answers by reason and by whether the service team could have prevented it; None where it may not be shown
    reasons: Mapping[Any, int | None]
    control: Mapping[bool | None, int | None]
    #: by how many in a hundred were drawn to be asked
    drawn: Mapping[int, Share]

    @property
    def is_mixed(self) -> bool:
        """Whether surveys, or times, that asked different shares of their tickets are put together."""
        return len(self.drawn) > 1

    @property
    def weighted(self) -> Weighted | None:
        """The share of good answers, each for as many as it was drawn from; None where that is not to be shown."""
        if any(one.is_hidden for one in self.drawn.values()):
            return None
        return weighted({percent: (one.n, one.good) for percent, one in self.drawn.items()})

    @property
    def n(self) -> int:
        return self.scores.total()

    @property
    def good(self) -> int:
        return count(self.scores, GOOD[self.kind])

    @property
    def bad(self) -> int:
        return count(self.scores, BAD[self.kind])


def count(scores: Mapping[int, int], span: tuple[int, int]) -> int:
    return sum(n for score, n in scores.items() if span[0] <= score <= span[1])


def answers(chosen: Filter, kind: str) -> Answers:
    """What was answered in the period. One query, one for the guard, and one a split where the choice is narrow."""
    _unit, coarse = reading.units(chosen)
    slices = reading.cut(chosen, coarse)
    rows = answered(chosen, kind).annotate(slice=Slice("answered_at", slices))
    found = grouped(
        rows, [("slice", "score"), *((name,) for name in SPLITS), ("percent",), ("low_reason",), ("in_control",)],
        {"n": None, "good": Q(score__range=GOOD[kind]), "bad": Q(score__range=BAD[kind])},
    )  # fmt: skip
    by_slice, splits, (drawn, reasons, control) = found[0], found[1 : 1 + len(SPLITS)], found[-3:]
    scores: Counter[int] = Counter()
    cut: list[Counter[int]] = [Counter() for _one in slices]
    for (number, score), (n, *_rest) in by_slice.items():
        scores[score] += n
        cut[number - 1][score] += n
    rows_for = rows_of(kind)
    guard = privacy.guard(chosen, rows_for, scores.total())
    sizes = {name: {value: of[0] for (value,), of in split.items()} for name, split in zip(SPLITS, splits, strict=True)}
    sizes["percent"] = {percent: of[0] for (percent,), of in drawn.items()}
    everything = {name: frozenset(of) for name, of in sizes.items()}
    hidden = everything if guard.hides else privacy.cells(chosen, rows_for, sizes)
    few = privacy.hidden_cells({i: one.total() for i, one in enumerate(cut)})
    return Answers(
        chosen, kind, scores, guard,
        [(one, cut[i], guard.hides or i in few) for i, one in enumerate(slices)],
        {name: _shares(split, hidden[name]) for name, split in zip(SPLITS, splits, strict=True)},
        _guarded(reasons, guard), _guarded(control, guard), _shares(drawn, hidden["percent"]),
    )  # fmt: skip


def _shares(split: Groups, hidden: frozenset[Any]) -> dict[Any, Share]:
    listed = sorted(split.items(), key=lambda one: (-one[1][0], str(one[0])))
    return {value: Share(n, good, value in hidden) for (value,), (n, good, _bad) in listed}


def _guarded(split: Groups, guard: Guard) -> dict[Any, int | None]:
    """How many low answers each value has; those that are too few to be shown are None."""
    sizes = {value: bad for (value,), (_n, _good, bad) in split.items() if bad}
    hidden = privacy.hidden_cells(sizes)
    listed = sorted(sizes.items(), key=lambda one: (-one[1], str(one[0])))
    return {value: None if guard.hides or value in hidden else n for value, n in listed}


# ---------------------------------------------------------------------- who was asked, and who answered

#: what became of the ticket, told from the facts that go with the asking
OUTCOMES = ("reopened", "quick", "slow", "unknown")


@dataclass(frozen=True, slots=True)
class Asked:
    """Those asked in a period, by channel and by what became of their ticket, and what of it was answered."""

    rate: ResponseRate
    #: answers of those asked in the period, whenever they came
    guard: Guard
    by_channel: Mapping[Any, tuple[int, Share]]
    by_outcome: Mapping[str, tuple[int, Share]]
    silence: NonResponse
    #: what the weights are by: channel and outcome, or where a group of these was silent, outcome alone
    is_by_channel: bool = True


def asked_and_answered(chosen: Filter, kind: str) -> Asked:
    """One query, and those of the guard."""
    rows = asked(chosen, kind).annotate(slow=Bucket("resolution_s", [DAY]), back=Bucket("net_reopens", [1]))
    [found] = grouped(
        rows, [("channel", "back", "slow")],
        {"n": None, "answered": Q(score__isnull=False), "good": Q(score__range=GOOD[kind])},
    )  # fmt: skip
    strata: dict[tuple[Any, str], list[int]] = {}
    for (channel, back, slow), counts in found.items():
        outcome = "reopened" if back else "unknown" if slow is None else "slow" if slow else "quick"
        cell = strata.setdefault((channel, outcome), [0, 0, 0])
        for i, n in enumerate(counts):
            cell[i] += n
    n, answers_, _good = (sum(cell[i] for cell in strata.values()) for i in range(3))

    def answers_of(one: Filter) -> "QuerySet[SurveyFacts]":
        return asked(one, kind).filter(score__isnull=False)

    guard = privacy.guard(chosen, answers_of, answers_)
    silence, by_channel = _silence(strata)
    return Asked(
        response_rate(n, answers_), guard,
        _beside(sorted({channel for channel, _out in strata}, key=str), strata, 0, guard),
        _beside([one for one in OUTCOMES if any(out == one for _c, out in strata)], strata, 1, guard),
        silence, by_channel,
    )  # fmt: skip


def _silence(strata: Mapping[tuple[Any, str], Sequence[int]]) -> tuple[NonResponse, bool]:
    """Weighted by channel and outcome; by outcome alone where a group of these answered nothing."""
    whole = _nonresponse(strata)
    if whole.poststratified is not None:
        return whole, True
    coarse: dict[str, list[int]] = {}
    for (_channel, outcome), counts in strata.items():
        cell = coarse.setdefault(outcome, [0, 0, 0])
        for i, n in enumerate(counts):
            cell[i] += n
    return _nonresponse(coarse), False


def _nonresponse(strata: Mapping[Any, Sequence[int]]) -> NonResponse:
    return nonresponse({key: cell[0] for key, cell in strata.items()},
                       {key: tally(cell[1], cell[2]) for key, cell in strata.items() if cell[1]})  # fmt: skip


def tally(n: int, good: int) -> Csat:
    """Answers of which only is known whether they are good: the share is what counts."""
    return csat({5: good, 3: n - good})


def _beside(
    values: Sequence[Any], strata: Mapping[tuple[Any, str], Sequence[int]], part: int, guard: Guard
) -> dict[Any, tuple[int, Share]]:
    sums = {
        value: [sum(cell[i] for key, cell in strata.items() if key[part] == value) for i in range(3)]
        for value in values
    }
    hidden = privacy.hidden_cells({value: of[1] for value, of in sums.items()})
    return {value: (n, Share(k, good, guard.hides or value in hidden)) for value, (n, k, good) in sums.items()}


def held_back(chosen: Filter, kind: str) -> dict[str | None, int]:
    """Customers who would have been asked in the period, by why they were not."""
    rows = askings(chosen, kind).filter(within("invited_at", chosen.period), state="suppressed")
    return by_frequency(tallied(rows, "reason", n=Count("*")))


# ---------------------------------------------------------------------- anonymous answers


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Answers nobody can be told from: of whole weeks only, in blocks of enough answers (docs/decisions/0013)."""

    asked: int
    scores: Counter[int]
    #: asked in weeks whose links still work, or whose answers are too few yet
    waiting: int
    has_filter: bool
    #: a survey asked in further inboxes, too, and is not counted
    is_elsewhere: bool = False

    @property
    def n(self) -> int:
        return self.scores.total()


def anonymous(chosen: Filter, kind: str) -> Anonymous:
    """The ballots of the weeks in a period, in the blocks of `feedback.ballots`. One query.

    The blocks of a survey are the same for every reader and every choice, and change no more once they are shown: all
    its inboxes together, each week from when its last link has run out. A survey is counted where all of it is chosen.
    """
    if chosen.team is not None or chosen.channel or chosen.topic:
        return Anonymous(0, Counter(), 0, has_filter=True)
    rows = Ballot.objects.filter(survey__kind=kind, week__lte=chosen.last)
    is_inside = Case(When(inbox__in=chosen.inboxes, then=Value(True)), default=Value(False))
    found = rows.annotate(is_inside=is_inside).order_by("survey", "week").values_list(
        "survey", "valid_days", "is_inside", "week", "score").annotate(n=Count("*"))  # fmt: skip
    today = localdate()
    surveys: dict[int, dict[date, Counter[int | None]]] = {}
    #: until when the links of a survey's week work
    until: dict[tuple[int, date], date] = {}
    outside: set[int] = set()
    for survey, days, is_chosen, week, score, n in found:
        if not is_chosen:
            outside.add(survey)
        surveys.setdefault(survey, {}).setdefault(week, Counter())[score] += n
        until[survey, week] = max(last_day_of(week, days), until.get((survey, week), week))
    asked_, scores, waiting = 0, Counter[int](), 0
    for survey, weeks in surveys.items():
        if survey in outside:
            continue
        over = dict(takewhile(lambda week: until[survey, week[0]] < today, sorted(weeks.items())))  # noqa: B023
        sizes = [(week, sum(n for score, n in of.items() if score is not None)) for week, of in over.items()]
        shown = set()
        for block in privacy.whole_blocks(sizes):
            if chosen.first <= block[0] and block[-1] + timedelta(days=6) <= chosen.last:
                shown |= set(block)
        for week, of in weeks.items():
            if week in shown:
                asked_ += of.total()
                scores.update({score: n for score, n in of.items() if score is not None})
            elif chosen.first <= week:
                waiting += of.total()
    is_elsewhere = bool(outside)
    return Anonymous(asked_, scores, waiting, has_filter=False, is_elsewhere=is_elsewhere)


# ---------------------------------------------------------------------- what was done for those who answered


@dataclass(frozen=True, slots=True)
class Done:
    """What was done on the tickets of some who answered: so many of them, and of how many this is so."""

    n: int
    facts: Mapping[str, int]
    #: seconds they waited on us in all, and replies: medians
    wait_p50: float | None
    replies_p50: float | None


class _Median(Aggregate):
    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


DONE = {
    "repeated": Q(is_repeated=True),
    "handed_over": Q(handoffs__gt=0),
    "switched": Q(channel_switches__gt=0),
    "reopened": Q(net_reopens__gt=0),
}


def done(chosen: Filter, kind: str) -> dict[str, Done]:
    """What was done for those who gave a good answer, and for those who gave a bad one. One query."""
    packed = _done_packed(chosen, kind)
    found: Iterable[Any] = packed if packed is not None else _done(chosen, kind)
    return {
        side: Done(n, dict(zip(DONE, counts, strict=True)), wait, replies) for side, n, wait, replies, *counts in found
    }


def _done_packed(chosen: Filter, kind: str) -> list[tuple[Any, ...]] | None:
    """By side how many, the medians, and of how many each is so; where it is kept in packs."""
    import numpy as np

    of = {"handed_over": "handoffs", "switched": "channel_switches", "reopened": "net_reopens"}
    frame = arrays.of(answered(chosen, kind), "score", "ticket", "open_s", "replies", *of.values())
    if frame is None:
        return None
    # an answer about no ticket has none that could have been written about again
    again = arrays.of(TicketFacts.objects.filter(next_same_topic_at__isnull=False), "ticket", keys=frame["ticket"].data)
    if again is None:
        return None
    score = frame["score"].data
    side = np.zeros(frame.n, dtype=np.uint8)
    for place, (low, high) in ((1, GOOD[kind]), (2, BAD[kind])):
        side[(score >= low) & (score <= high)] = place
    facts = {"repeated": np.isin(frame["ticket"].data, again["ticket"].data)}
    facts |= {name: frame[column].known() & (frame[column].data > 0) for name, column in of.items()}
    frame.put(
        side=Column("name", side, ["between", "good", "bad"]),
        **{name: Column("number", np.where(holds, 1, NULL)) for name, holds in facts.items()},
    )
    counted = {"wait": Packed("open_s"), "median": Packed("replies"), **{name: Count(name) for name in DONE}}
    return [
        (name, n, quantile(wait, 0.5), quantile(replies, 0.5), *counts)
        for name, n, wait, replies, *counts in arrays.tally_frame(frame, ("side",), {"n": Count("*"), **counted})
    ]


def _done(chosen: Filter, kind: str) -> list[tuple[Any, ...]]:
    """The same by PostgreSQL."""
    again = TicketFacts.objects.filter(ticket=OuterRef("ticket"), next_same_topic_at__isnull=False)
    side = Case(When(score__range=GOOD[kind], then=Value("good")), When(score__range=BAD[kind], then=Value("bad")),
                default=Value("between"))  # fmt: skip
    rows = answered(chosen, kind).annotate(side=side, is_repeated=Exists(again)).order_by().values("side")
    return list(rows.annotate(
        n=Count("*"), wait=_Median("open_s"), median_replies=_Median("replies"),
        **{f"n_{name}": Count("event", filter=condition) for name, condition in DONE.items()},
    ).values_list("side", "n", "wait", "median_replies", *(f"n_{name}" for name in DONE)))  # fmt: skip
