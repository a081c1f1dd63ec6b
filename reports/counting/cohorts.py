"""The tickets that came in a period, each kept in sight until it is done: survival curves, targets, hours of arrival.

Two statements read it all: one counts the tickets by hour of the week and packs how long the finished ones took, the
other one fetches the few that are not finished. The curve is that of `statistics.kaplan_meier`, which is slower.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    Expression,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from reports import reading
from reports.charts.survival import Point
from reports.counting.aggregates import those
from reports.counting.statistics import share, z_for
from reports.ledger import arrays, opening_hours
from reports.ledger.columns import Ordered, Packed, quantile, together, unpack
from reports.ledger.packs import NULL, Column
from reports.metrics.slas import Attainment
from reports.models import TicketFacts
from reports.reading import Filter
from tickets.models import Inbox

#: a drawing needs no more points than that
MOST_POINTS = 160
_NEVER = 2**62  # microseconds since 1970
_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
#: what a customer opened and is owed an answer
_OWED = ~Q(initiated_by="agent")
#: what a customer takes part in, and whose visitor did not leave
_CONTACT = Q(is_contact=True, abandoned_at=None)


@dataclass(frozen=True, slots=True)
class OfInbox:
    """One inbox's target for the first answer and what became of it (`metrics.slas.first_response`)."""

    inbox: int
    name: str
    target_s: int
    attainment: Attainment


@dataclass(frozen=True, slots=True)
class Cohort:
    """What came in during a period."""

    first_reply: "Curve"
    resolution: "Curve"
    targets: Sequence[OfInbox]
    #: by weekday (0 is Monday) and hour of the zone: how many customers wrote, and how long the answered ones waited
    arrival: Mapping[tuple[int, int], tuple[int, Ordered]]
    started_by_us: int
    chats: int
    abandoned: int


@dataclass(slots=True)
class _Slot:
    came: int = 0
    took: list[Ordered] = field(default_factory=list)


def cohort(chosen: Filter, at: datetime) -> Cohort:
    """Everything about the tickets that came in the period, as it is at a moment."""
    inboxes = {
        pk: (name, 60 * minutes)
        for pk, name, minutes in Inbox.objects.filter(pk__in=chosen.inboxes).order_by("name")
        .values_list("pk", "name", "response_target_minutes")
    }  # fmt: skip
    read, solved = _packed(chosen, inboxes) or _read(chosen, inboxes)
    slots: dict[tuple[int, int], _Slot] = {}
    replied = []
    met, late = dict.fromkeys(inboxes, 0), dict.fromkeys(inboxes, 0)
    ours = chats = abandoned = 0
    for is_owed, is_chat, inbox, slot, n, gone, in_time, too_late, answers in read:
        if not is_owed:
            ours += n
            continue
        known = unpack(answers)
        replied.append(known)
        hour = int(slot.total_seconds()) // 3600
        one = slots.setdefault((hour // 24, hour % 24), _Slot())
        one.came += n
        one.took.append(known)
        met[inbox] += in_time
        late[inbox] += too_late
        if is_chat:
            chats += n
            abandoned += gone
    waiting, unsolved, running = _unfinished(chosen, at, {pk: target for pk, (_name, target) in inboxes.items()}, late)
    found = []
    for pk, (name, target) in inboxes.items():
        if met[pk] + late[pk] + running[pk]:
            one_ = Attainment(met[pk], late[pk], running[pk], share(met[pk], met[pk] + late[pk]))
            found.append(OfInbox(pk, name, target, one_))
    return Cohort(
        curve(together(replied), waiting),
        curve(solved, unsolved),
        found,
        {key: (one.came, together(one.took)) for key, one in slots.items()},
        ours, chats, abandoned,
    )  # fmt: skip


def _packed(chosen: Filter, inboxes: Mapping[int, tuple[str, int]]) -> tuple[list[tuple[Any, ...]], Ordered] | None:
    """What came in, by whether we owe an answer, whether it is a chat, inbox and hour of the week: how many, how many
    visitors left, answered in time and too late, and how long answers took; and how long all resolutions took. Where
    it is kept in packs."""
    import numpy as np

    frame = arrays.of(
        reading.came_in(chosen), "initiated_by", "channel", "inbox", "created_at", "frt_s", "frt_business_s",
        "abandoned_at", "first_resolution_s", "is_contact",
    )  # fmt: skip
    if frame is None:
        return None
    changes = offsets(chosen.zone, chosen.period.start, chosen.period.end)
    untils, shifts = [until for until, _shift in changes], [shift for _until, shift in changes]
    created = frame["created_at"].data
    which: Any = np.searchsorted([arrays.stamp(until) for until in untils[:-1]], created, side="right")
    local: Any = created + np.array([shift // timedelta(microseconds=1) for shift in shifts])[which]
    hours = (local - arrays.stamp(_MONDAY)) // 3_600_000_000 % 168
    frt_s, business = frame["frt_s"], frame["frt_business_s"]
    took: Any = np.where(business.known(), business.data, frt_s.data)
    inbox = frame["inbox"]
    target = np.array([inboxes.get(pk, ("", 0))[1] for pk in inbox.values])[inbox.data]
    in_time = (took != NULL) & (took <= target)
    is_ours, is_chat = (
        np.array([value == wanted for value in frame[name].values], dtype=np.int8)[frame[name].data]
        for name, wanted in (("initiated_by", "agent"), ("channel", "chat"))
    )
    frame.put(
        is_owed=Column("flag", 1 - is_ours), is_chat=Column("flag", is_chat),
        slot=Column("name", hours, [timedelta(hours=hour) for hour in range(168)]),
        met=Column("number", np.where(in_time, 1, NULL)),
        late=Column("number", np.where(~in_time & frt_s.known(), 1, NULL)),
    )  # fmt: skip
    solved = frame["first_resolution_s"]
    found = arrays.tally_frame(
        frame, ("is_owed", "is_chat", "inbox", "slot"),
        {"n": Count("*"), "gone": Count("abandoned_at"), "met": Count("met"), "late": Count("late"),
         "replied": Packed("frt_s")},
    )  # fmt: skip
    ends: Any = np.sort(solved.data[frame.holds(_CONTACT) & solved.known()])
    return found, ends


def _read(chosen: Filter, inboxes: Mapping[int, tuple[str, int]]) -> tuple[list[tuple[Any, ...]], Ordered]:
    """The same by PostgreSQL."""
    rows = reading.came_in(chosen)
    targets: Any = [When(inbox=pk, then=Value(target)) for pk, (_name, target) in inboxes.items()]
    took = Coalesce("frt_business_s", "frt_s")
    within = Q(took__lte=F("target"))
    found = list(
        rows.annotate(
            is_owed=Case(When(_OWED, then=True), default=False),
            is_chat=Case(When(channel="chat", then=True), default=False),
            slot=_hour_of_week(chosen), took=took,
            target=Case(*targets, default=Value(0), output_field=IntegerField()),
        )
        .order_by().values_list("is_owed", "is_chat", "inbox", "slot")
        .annotate(
            n=Count("*"), gone=Count("abandoned_at"), met=those(within), late=those(~within & Q(frt_s__isnull=False)),
            replied=Packed("frt_s"), solved=Packed("first_resolution_s", filter=_CONTACT),
        )
    )  # fmt: skip
    return [row[:-1] for row in found], together(unpack(row[-1]) for row in found)


def _unfinished(
    chosen: Filter, at: datetime, targets: Mapping[int, int], late: dict[int, int]
) -> tuple[list[int], list[int], dict[int, int]]:
    """How long those without an answer, and those without a resolution, are or were open; and whose target still runs.

    Adds to `late` the unanswered ones whose target passed; what left before that is in neither.
    """
    import numpy as np

    hours = opening_hours.hours_of_inboxes()
    running = dict.fromkeys(targets, 0)
    inboxes, is_waiting, is_unsolved, started, ended = _packed_unfinished(chosen) or _read_unfinished(chosen)
    until = np.minimum(ended, arrays.stamp(at))
    took = np.maximum(until // 1_000_000 - started // 1_000_000, 0)
    for inbox in targets:
        # who came earlier has waited longer: asking a few of them finds where the target passed
        calendar, target = hours.get(inbox, opening_hours.NO_HOURS).calendar, targets[inbox]
        of_inbox = is_waiting & (inboxes == inbox)
        starts = np.sort(started[of_inbox & (ended == _NEVER)]).tolist()
        passed = bisect_left(starts, -target, key=lambda one: -calendar.seconds_between(arrays.instant(one), at))
        late[inbox] += passed
        running[inbox] += len(starts) - passed
        # what is no longer than the target by the clock is no longer in opening hours
        over = np.flatnonzero(of_inbox & (ended != _NEVER) & (took > target))
        late[inbox] += sum(
            calendar.seconds_between(arrays.instant(start), arrays.instant(end)) > target
            for start, end in zip(started[over].tolist(), until[over].tolist(), strict=True)
        )
    return took[is_waiting].tolist(), took[is_unsolved].tolist(), running


def _unfinished_rows(chosen: Filter) -> "QuerySet[TicketFacts]":
    return reading.came_in(chosen).filter(Q(_OWED, frt_s=None) | Q(_CONTACT, first_resolution_s=None))


def _packed_unfinished(chosen: Filter) -> tuple[Any, ...] | None:
    """Of each ticket its inbox, whether its first answer and its resolution are waited for, since when, and until when
    where that is over; where it is kept in packs."""
    import numpy as np

    frame = arrays.of(
        _unfinished_rows(chosen), "inbox", "initiated_by", "is_contact", "frt_s", "first_resolution_s", "started_at",
        "left_at", "abandoned_at",
    )  # fmt: skip
    if frame is None:
        return None
    inbox = frame["inbox"]
    left, gone = (np.where(one.known(), one.data, _NEVER) for one in (frame["left_at"], frame["abandoned_at"]))
    return (
        np.array([0 if pk is None else pk for pk in inbox.values], dtype=np.int64)[inbox.data],
        frame.holds(Q(_OWED, frt_s=None)), frame.holds(Q(_CONTACT, first_resolution_s=None)),
        frame["started_at"].data, np.minimum(left, gone),
    )  # fmt: skip


def _read_unfinished(chosen: Filter) -> tuple[Any, ...]:
    """The same by PostgreSQL."""
    import numpy as np

    read = [
        (inbox, by != "agent" and frt_s is None, is_contact and gone is None and solved_s is None,
         arrays.stamp(started), min((arrays.stamp(one) for one in (left, gone) if one is not None), default=_NEVER))
        for inbox, by, is_contact, frt_s, solved_s, started, left, gone in _unfinished_rows(chosen).order_by()
        .values_list("inbox", "initiated_by", "is_contact", "frt_s", "first_resolution_s", "started_at", "left_at",
                     "abandoned_at")
    ]  # fmt: skip
    kinds = (np.int64, bool, bool, np.int64, np.int64)
    return tuple(np.array([row[i] for row in read], dtype=kind) for i, kind in enumerate(kinds))


class _Bin(Func):
    """The start of the stretch a moment lies in, counted from a Monday."""

    function = "date_bin"
    output_field = DateTimeField()

    def __init__(self, stride: timedelta, moment: Expression | F) -> None:
        super().__init__(Value(stride, output_field=DurationField()), moment, Value(_MONDAY))


def _hour_of_week(chosen: Filter) -> Expression:
    """The hour of the zone's week a ticket came in, as the time since Monday began.

    The zone's offset is added by hand, from its changes in the period: asking PostgreSQL for the hour and weekday of
    each ticket in a zone costs more than all the rest.
    """
    changes = offsets(chosen.zone, chosen.period.start, chosen.period.end)
    *earlier, (_end, last) = changes
    cases = [When(created_at__lt=until, then=Value(offset, output_field=DurationField())) for until, offset in earlier]
    local = F("created_at") + Case(*cases, default=Value(last, output_field=DurationField()))
    hour, week = _Bin(timedelta(hours=1), local), _Bin(timedelta(days=7), local)
    return Func(hour, week, template="(%(expressions)s)", arg_joiner=" - ", output_field=DurationField())


def offsets(zone: str, start: datetime, end: datetime) -> list[tuple[datetime, timedelta]]:
    """The offsets of a zone in a period, each with the moment until which it holds."""
    tz = ZoneInfo(zone)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(tz).utcoffset() or timedelta()

    found, moment = [], start
    while moment < end:
        after = min(moment + timedelta(days=1), end)
        if offset(after) != offset(moment):
            low, high = moment, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (low, middle) if offset(middle) != offset(moment) else (middle, high)
            found.append((high.replace(microsecond=0), offset(moment)))
        moment = after
    return [*found, (end, offset(end))]


# ---------------------------------------------------------------------- curves


@dataclass(frozen=True, slots=True)
class Curve:
    """How many, how many ended, when half had, and the curve."""

    n: int
    ended: int
    #: None while more than half are not done
    median: float | None
    #: of those that ended alone: what is said when the others are forgotten
    median_of_ended: float | None
    points: Sequence[Point]
    #: the longest anybody was watched
    end: float

    @property
    def censored(self) -> int:
        return self.n - self.ended


def of_observations(observations: Iterable[tuple[float, bool]]) -> Curve:
    """The curve of few: (time, whether it ended then), not ended meaning still going on at that age."""
    seen = [(int(time), ended) for time, ended in observations]
    return curve(sorted(time for time, ended in seen if ended), (time for time, ended in seen if not ended))


def curve(ended: Ordered, censored: Iterable[int]) -> Curve:
    """The product-limit curve of what ended and of what is still open; endings of an instant come first."""
    import numpy as np

    ends: Any = np.maximum(np.asarray(ended, dtype=np.int64), 0)
    still = np.sort(np.asarray(list(censored), dtype=np.int64))
    total = len(ends) + len(still)
    if not total:
        return Curve(0, 0, None, None, (), 0.0)
    first = np.flatnonzero(np.diff(ends, prepend=-1))  # of each time, as they are in order
    times, counts = ends[first], np.diff(first, append=len(ends))
    end = float(max(ends[-1] if len(ends) else 0, still[-1] if len(still) else 0))
    if not len(times):
        return Curve(total, 0, None, None, (), end)
    before = np.concatenate(([0], np.cumsum(counts)[:-1])) + np.searchsorted(still, times, side="left")
    at_risk = total - before
    left = np.cumprod(1 - counts / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(counts / (at_risk * (at_risk - counts)))
        # the log-log interval: it stays between 0 and 1
        spread = z_for() * np.sqrt(greenwood) / np.abs(np.log(left))
        low, high = left ** np.exp(spread), left ** np.exp(-spread)
    half = next((float(time) for time in times[left <= 0.5 + 1e-12][:1]), None)
    shown = range(len(times)) if len(times) <= MOST_POINTS else _spread(left)
    points = [
        Point(float(times[i]), float(left[i]), *((float(low[i]), float(high[i])) if 0 < left[i] < 1 else (None, None)))
        for i in shown
    ]
    return Curve(total, len(ends), half, quantile(ends, 0.5), points, end)


def _spread(left: Any) -> Any:
    """Some of the steps, evenly down the curve, with its last one."""
    import numpy as np

    wanted = np.linspace(left[0], left[-1], MOST_POINTS)
    # the curve falls: look from its end
    found = len(left) - 1 - np.searchsorted(left[::-1], wanted, side="left")
    return np.unique(np.clip(np.append(found, len(left) - 1), 0, len(left) - 1))
