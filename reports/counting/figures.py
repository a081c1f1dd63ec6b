"""The figures of the service report: columns of the facts, put through the published metric functions.

`service` is asked by page, CSV and API alike and knows nothing of how figures are shown.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

from helpdesk import clock
from reports import privacy, reading
from reports.counting.statistics import Percentiles
from reports.ledger import arrays, columns
from reports.ledger.columns import Packed
from reports.ledger.packs import Column
from reports.metrics import satisfaction
from reports.metrics.satisfaction import SMALLEST_CELL, Csat, ResponseRate
from reports.models import TicketFacts
from reports.periods import Period, Unit
from reports.privacy import Guard
from reports.reading import Filter

#: below it a share is shown with a warning
FEW = 30


@dataclass(frozen=True, slots=True)
class Open:
    """What is not finished: how many tickets, and since when the oldest of them waits."""

    n: int
    since: datetime | None

    def age_s(self, at: datetime) -> int | None:
        return None if self.since is None else max(0, int((at - self.since).total_seconds()))


@dataclass(frozen=True, slots=True)
class Times:
    """Durations in calendar and business seconds. `business` is None where no inbox chosen has opening hours."""

    calendar: Percentiles
    business: Percentiles | None
    left_out: Mapping[str, int]
    unfinished: Open
    #: the calendar seconds in order (see `columns`): what a comparison needs
    seconds: columns.Ordered = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """What came in and what was resolved."""

    created: int
    resolved: int
    by_channel: Mapping[str | None, int]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TicketSlice:
    """One slice of the period: what came in, what was resolved, and how long it took."""

    period: Period
    created: int
    resolved: int
    first_response: Percentiles
    resolution: Percentiles


@dataclass(frozen=True, slots=True)
class AnswerSlice:
    """One slice of the period: what customers said; hidden when too few did, or when subtraction would give it away."""

    period: Period
    csat: Csat
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the service report says about one choice of tickets."""

    chosen: Filter
    taken_at: datetime
    unit: Unit
    answers_unit: Unit
    volume: Volume
    first_response: Times
    resolution: Times
    csat: Csat
    response_rate: ResponseRate
    held_back: Mapping[str, int]
    slices: Sequence[TicketSlice]
    answer_slices: Sequence[AnswerSlice]
    #: whether the answers may be shown
    guard: Guard

    @property
    def hides_csat(self) -> bool:
        """Fewer answers than may be shown, or too few that a wider choice has besides."""
        return self.guard.hides

    @property
    def has_few_answers(self) -> bool:
        return SMALLEST_CELL <= self.csat.n < FEW


def service(chosen: Filter) -> Figures:
    """The service report. A fixed number of queries, each along one index."""
    at = clock.now()
    unit, answers_unit = reading.units(chosen)
    slices, answer_slices = reading.cut(chosen, unit), reading.cut(chosen, answers_unit)

    created, by_channel, not_counted = _created(chosen, slices)
    replies = _durations(reading.replied(chosen), "first_reply_at", "frt_s", "frt_business_s", slices)
    settled = _durations(
        reading.settled(chosen), "resolved_at", "resolution_s", "resolution_business_s", slices, reading.IS_MEASURED
    )
    scores = _scores(chosen, answer_slices)
    hidden = privacy.hidden_cells({i: sum(one.values()) for i, one in scores.items()})
    unfinished, waiting = _unfinished(chosen)
    [(delivered, answered)] = columns.tallied(reading.asked(chosen), n=Count("*"), answered=Count("answered_at"))
    resolved = sum(one.rows for one in settled.values())
    not_measured = {
        "bulk_closed": columns.how_many(reading.bulk_closed(chosen)),
        "no_customer": resolved - sum(len(one.calendar) for one in settled.values()),
    }

    return Figures(
        chosen=chosen,
        taken_at=at,
        unit=unit,
        answers_unit=answers_unit,
        volume=Volume(sum(created.values()), resolved, by_channel, not_counted),
        first_response=_times(replies, {}, waiting),
        resolution=_times(settled, {reason: n for reason, n in not_measured.items() if n}, unfinished),
        csat=satisfaction.csat(sum(scores.values(), Counter())),
        response_rate=satisfaction.response_rate(delivered, answered),
        held_back=columns.by_frequency(columns.tallied(reading.held_back(chosen), "reason", n=Count("*"))),
        slices=[
            TicketSlice(
                period=one,
                created=created[i],
                resolved=settled[i].rows,
                first_response=columns.percentiles(replies[i].calendar),
                resolution=columns.percentiles(settled[i].calendar),
            )
            for i, one in enumerate(slices, 1)
        ],
        answer_slices=[
            AnswerSlice(one, satisfaction.csat(scores.get(i, Counter())), is_hidden=i in hidden)
            for i, one in enumerate(answer_slices, 1)
        ],
        guard=privacy.guard(chosen, reading.answered, sum(sum(one.values()) for one in scores.values())),
    )


@dataclass(frozen=True, slots=True)
class SoonerLater:
    """What customers said whose first answer came within a time, and those whose came later."""

    sooner: Csat
    later: Csat


_BY_FIRST_RESPONSE = """
    SELECT ticket.frt_s <= %s, answer.score, count(*)
    FROM ({answers}) AS answer (ticket, score) JOIN reports_ticketfacts AS ticket ON ticket.ticket = answer.ticket
    WHERE ticket.in_volume AND ticket.frt_s IS NOT NULL GROUP BY 1, 2
"""


def satisfied_by_first_response(chosen: Filter, seconds: float) -> SoonerLater:
    """The answers of the period by how long the first answer on their ticket took, at most `seconds` or longer."""
    counted: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    found = _packed_by_first_response(chosen, seconds)
    for soon, score, n in found if found is not None else _by_first_response(chosen, seconds):
        counted[soon][score] += n
    return SoonerLater(satisfaction.csat(counted[True]), satisfaction.csat(counted[False]))


def _packed_by_first_response(chosen: Filter, seconds: float) -> list[tuple[Any, ...]] | None:
    """Whether in time, score and how many; where it is kept in packs."""
    import numpy as np

    given = arrays.of(reading.answered(chosen).filter(ticket__isnull=False), "ticket", "score")
    if given is None:
        return None
    about: Any = given["ticket"].data
    rows = TicketFacts.objects.filter(in_volume=True, frt_s__isnull=False)
    answered = arrays.of(rows, "ticket", "frt_s", keys=about)
    if answered is None:
        return None
    order = np.argsort(answered["ticket"].data)
    numbers, took = answered["ticket"].data[order], answered["frt_s"].data[order]
    place = np.searchsorted(numbers, about)
    is_soon: Any = np.append(took, 0)[place] <= seconds
    given.put(soon=Column("flag", np.where(np.append(numbers, -1)[place] == about, is_soon, -1)))
    found = arrays.tally_frame(given, ("soon", "score"), {"n": Count("*")})
    return [one for one in found if one[0] is not None]


def _by_first_response(chosen: Filter, seconds: float) -> list[tuple[Any, ...]]:
    """The same by PostgreSQL."""
    inner, given = reading.answered(chosen).order_by().values("ticket", "score").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_BY_FIRST_RESPONSE.format(answers=inner), [seconds, *given])
        return cursor.fetchall()


# ---------------------------------------------------------------------- columns read, a slice at a time


@dataclass(slots=True)
class Durations:
    """The durations of one slice in seconds, in order, and how many rows it has in all."""

    rows: int = 0
    calendar: columns.Ordered = ()
    business: columns.Ordered = ()


def _created(chosen: Filter, slices: Sequence[Period]) -> tuple[Counter[int], dict[str | None, int], dict[str, int]]:
    """What came in, by slice and by channel, and what does not count, by class."""
    by_slice: Counter[int] = Counter()
    by_channel: Counter[str | None] = Counter()
    not_counted: Counter[str] = Counter()
    groups = ("channel", "klass", "in_volume")
    read = columns.by_slice(reading.created(chosen), "created_at", slices, *groups, n=Count("*"))
    for number, channel, klass, in_volume, n in read:
        if in_volume:
            by_slice[number] += n
            by_channel[channel] += n
        else:
            not_counted[klass] += n
    return by_slice, columns.by_frequency(by_channel.items()), columns.by_frequency(not_counted.items())


def _durations(
    rows: "QuerySet[Any]",
    moment: str,
    calendar: str,
    business: str,
    slices: Sequence[Period],
    measured: Q | None = None,
) -> dict[int, Durations]:
    """The durations of each slice; of those rows only that are `measured`."""
    read = columns.by_slice(
        rows, moment, slices, rows=Count("*"), calendar=Packed(calendar, filter=measured),
        business=Packed(business, filter=measured),
    )  # fmt: skip
    found: dict[int, Durations] = defaultdict(Durations)
    for number, n, calendar_s, business_s in read:
        found[number] = Durations(n, columns.unpack(calendar_s), columns.unpack(business_s))
    return found


def _times(durations: Mapping[int, Durations], left_out: Mapping[str, int], unfinished: Open) -> Times:
    calendar = columns.together(one.calendar for one in durations.values())
    business = columns.together(one.business for one in durations.values())
    known = columns.percentiles(business) if len(business) else None
    return Times(columns.percentiles(calendar), known, left_out, unfinished, calendar)


def _unfinished(chosen: Filter) -> tuple[Open, Open]:
    """What is open now, and what of it was never answered."""
    found = reading.still_open(chosen).aggregate(
        n=Count("*"),
        since=Min("started_at"),
        waiting=Count("started_at", filter=reading.IS_WAITING),
        waiting_since=Min("started_at", filter=reading.IS_WAITING),
    )
    return Open(found["n"], found["since"]), Open(found["waiting"], found["waiting_since"])


def _scores(chosen: Filter, slices: Sequence[Period]) -> dict[int, Counter[int]]:
    """How often each score was given, in each slice."""
    scores: dict[int, Counter[int]] = defaultdict(Counter)
    for number, score, n in columns.by_slice(reading.answered(chosen), "answered_at", slices, "score", n=Count("*")):
        scores[number][score] += n
    return scores
