"""Recoveries as reports read them: those of a choice, their lists, and what became of their customers after."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from feedback import accounts
from feedback.models import Invitation, Outcome, Recovery, RecoveryState, Response
from feedback.models.survey import low_of
from helpdesk import clock
from reports.counting.cohorts import offsets
from reports.ledger import arrays, packs
from reports.ledger.arrays import Frame
from reports.ledger.packs import Array
from reports.models import SurveyFacts
from reports.reading import BEHIND, Behind, Filter, choice, tickets, within
from tickets.models import Ticket

#: how long we look at what customers do after
AFTER = timedelta(days=90)
#: outcomes of those that needed something
NEEDED = (Outcome.RECOVERED, Outcome.NOT_RECOVERED, Outcome.UNREACHABLE)
State = Literal["met", "breached", "running", "none"]


def recoveries(chosen: Filter) -> "QuerySet[Recovery]":
    """Recoveries of a choice, whenever they were opened. Team, channel and topic are those of their ticket."""
    removed = Ticket.objects.filter(pk=OuterRef("ticket"), removed_at__isnull=False)  # spam, or in the trash
    found = Recovery.objects.filter(~Exists(removed), inbox__in=chosen.inboxes)
    if chosen.team is not None or chosen.channel or chosen.topic:
        found = found.filter(ticket__in=tickets(chosen).values("ticket"))
    return found


def opened(chosen: Filter) -> "QuerySet[Recovery]":
    return recoveries(chosen).filter(within("opened_at", chosen.period))


def taken_up(chosen: Filter) -> "QuerySet[Recovery]":
    return opened(chosen).filter(taken_up_at__isnull=False)


def breached(chosen: Filter) -> "QuerySet[Recovery]":
    """Taken up too late, or not at all by when it was due."""
    late = Q(taken_up_at__gt=F("due_at")) | Q(taken_up_at=None, closed_at__gt=F("due_at"))
    return opened(chosen).filter(late | Q(taken_up_at=None, closed_at=None, due_at__lt=clock.now()))


def still_open(chosen: Filter) -> "QuerySet[Recovery]":
    return opened(chosen).exclude(state=RecoveryState.CLOSED)


def needed(chosen: Filter) -> "QuerySet[Recovery]":
    """Closed ones that needed something."""
    return opened(chosen).filter(outcome__in=NEEDED)


def with_cost(chosen: Filter) -> "QuerySet[Recovery]":
    return opened(chosen).filter(state=RecoveryState.CLOSED, cost__isnull=False)


def state_of(due: datetime, taken: datetime | None, closed: datetime | None, at: datetime) -> State:
    """Whether it was taken up in time; equality is met. What still runs in time, or ended without need, is neither."""
    if taken is not None:
        return "met" if taken <= due else "breached"
    if (closed or at) > due:
        return "breached"
    return "none" if closed else "running"


# ---------------------------------------------------------------------- after


def second_answers(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """The askings about recoveries of a choice that were answered: what the guard of small numbers counts."""
    about = Invitation.objects.filter(recovery__in=opened(replace(chosen, team=None, channel=None, topic=None)))
    return SurveyFacts.objects.filter(
        choice(chosen), invitation__in=about.values("pk"), counts=True, score__isnull=False
    )


@dataclass(frozen=True, slots=True)
class Second:
    """The answer to the second question: how the recovery had ended, and whether it is a low one again."""

    outcome: str
    is_low: bool


def seconds(chosen: Filter, rows: Frame) -> list[Second]:
    """What customers answered once their recovery was over; of the recoveries of a choice that an answer opened.

    Of rows with `id`, `outcome` and `response`.
    """
    answers = Response.objects.filter(
        invitation__recovery__inbox__in=chosen.inboxes,
        invitation__recovery__opened_at__gte=chosen.period.start, invitation__recovery__opened_at__lt=chosen.period.end,
        is_doubtful=False,
    ).order_by()  # fmt: skip
    asked = rows.where(rows["response"].known())
    outcome = asked["outcome"]
    outcomes = dict(zip(asked["id"].data.tolist(), outcome.data.tolist(), strict=True))
    found = answers.values_list(
        "invitation__recovery", "score", "invitation__survey__kind", "invitation__survey__low_at"
    )
    return [
        Second(outcome.values[outcomes[number]], (low := low_of(kind, low_at)) is not None and score <= low)
        for number, score, kind, low_at in found if number in outcomes
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class After:
    """What customers did in the 90 days after the first recovery of theirs that was closed, a row each."""

    customers: Array
    #: microseconds since 1970
    closed: Array
    is_recovered: Array
    came_back: Array
    #: and how many are too young to tell
    young: int

    @property
    def n(self) -> int:
        return len(self.customers)

    @property
    def back(self) -> int:
        return int(self.came_back.sum())

    def split(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """How many, and how many of them came back: of those recovered, and of the others."""
        both = self.is_recovered, ~self.is_recovered
        good, bad = ((int(mask.sum()), int((self.came_back & mask).sum())) for mask in both)
        return good, bad


def after(rows: Frame, at: datetime) -> After:
    """The first recovery of each customer, where 90 days have passed since.

    Of rows with `id`, `customer`, `outcome` and `closed_at`.
    """
    import numpy as np

    over = rows.where(rows["closed_at"].known() & rows["outcome"].is_one_of(NEEDED))
    in_order = np.lexsort((over["id"].data, over["closed_at"].data))
    _people, first = np.unique(over["customer"].data[in_order], return_index=True)
    first = in_order[np.sort(first)]
    old = first[over["closed_at"].data[first] <= arrays.stamp(at - AFTER)]
    numbers, customers, closed = (over[name].data[old] for name in ("id", "customer", "closed_at"))
    is_recovered = over["outcome"].at(old).is_one_of({Outcome.RECOVERED})
    return After(customers, closed, is_recovered, np.isin(numbers, _came_back(numbers)), len(first) - len(old))


_CAME_BACK = """
    SELECT r.id FROM feedback_recovery r WHERE r.id = ANY(%(numbers)s::bigint[]) AND EXISTS (
        SELECT FROM reports_ticketfacts f
        WHERE f.customer = r.customer_id AND f.started_at > r.closed_at
            AND f.started_at <= r.closed_at + make_interval(days => %(days)s)
            AND f.is_contact AND f.in_volume AND f.ticket <> coalesce(r.ticket_id, 0)
    )
"""


def _came_back(numbers: Array) -> list[int]:
    """After which of these recoveries the customer contacted us about something else."""
    with connection.cursor() as cursor:
        cursor.execute(_CAME_BACK, {"numbers": accounts.as_array(numbers.tolist()), "days": AFTER.days})
        return [number for (number,) in cursor.fetchall()]


def still_customers(those: After, zone: str) -> tuple[int, int] | None:
    """Of how many of them we know whether they were customers 90 days after, as the account events say, and how many
    were; None where we only know who wrote.

    Of whom they say nothing, or nothing that made them a customer for a day, is not known.
    """
    import numpy as np

    rule = accounts.Rule.of_the_house(zone)
    if rule.is_proxy or not those.n:
        return None
    with_steps, asked = accounts.steps_sql(rule, those.customers.tolist())
    [columns] = packs.fetch(f"{with_steps}{_STEPS}", asked, is_kept=False)
    people, at, number, days = (np.frombuffer(data or b"", dtype=">i8").astype(np.int64) for data in columns[:4])
    order = np.lexsort((number, at, people))
    people, days = people[order], days[order]
    is_sign: Array = np.frombuffer(columns[4] or b"", dtype=">i2")[order] == 1
    # a step holds until the next one of the same person, or until it has lasted as long as steps do
    until = np.full(len(days), NEVER)
    until[:-1] = np.where(people[1:] == people[:-1], days[1:], NEVER)
    if rule.lasts is not None:
        until = np.minimum(until, days + rule.lasts)
    holds = is_sign & (until > days)
    is_known = np.isin(those.customers, people[holds])
    if not is_known.any():
        return 0, 0
    who, then = those.customers[is_known], _days(those.closed[is_known] + AFTER // MICROSECOND, zone)
    # their last step up to that day
    place: Array = np.searchsorted(people * NEVER + days, who * NEVER + then, side="right") - 1
    was = (place >= 0) & (people[place] == who) & holds[place] & (then < until[place])
    return int(is_known.sum()), int(was.sum())


def _days(moments: Array, zone: str) -> Array:
    """The days of a zone that moments lie in, counted from the first of all."""
    import numpy as np

    first, last = (arrays.instant(int(one)) for one in (moments.min(), moments.max()))
    changes = offsets(zone, first, last + timedelta(microseconds=1))
    which: Any = np.searchsorted([arrays.stamp(until) for until, _shift in changes[:-1]], moments, side="right")
    local: Array = moments + np.array([shift // MICROSECOND for _until, shift in changes])[which]
    return local // (timedelta(days=1) // MICROSECOND) + date(1970, 1, 1).toordinal() - 1


MICROSECOND = timedelta(microseconds=1)
#: a day no one lives to see
NEVER = 1 << 22
_STEPS = """
    SELECT string_agg(int8send(person), ''::bytea), string_agg(timestamptz_send(at), ''::bytea),
           string_agg(int8send(id), ''::bytea), string_agg(int8send(day - date '0001-01-01'), ''::bytea),
           string_agg(int2send(is_sign::int::int2), ''::bytea)
    FROM steps
"""


BEHIND.update({
    "recoveries": Behind(
        _("Recoveries opened"), opened, "-opened_at", ("opened_at", "due_at", "taken_up_at", "outcome"), identity="id"),
    "recoveries_taken_up": Behind(
        _("Recoveries taken up"), taken_up, "-opened_at", ("opened_at", "due_at", "taken_up_at"), identity="id"),
    "recoveries_breached": Behind(
        _("Recoveries taken up too late, or not yet"), breached, "due_at", ("opened_at", "due_at", "taken_up_at"),
        identity="id"),
    "recoveries_open": Behind(
        _("Recoveries still open"), still_open, "due_at", ("opened_at", "due_at", "taken_up_at"), identity="id"),
    "recoveries_closed": Behind(
        _("Recoveries closed that needed something"), needed, "-closed_at", ("opened_at", "closed_at", "outcome"),
        identity="id"),
    "recoveries_cost": Behind(
        _("Recoveries with a cost"), with_cost, "-closed_at", ("closed_at", "outcome", "cost"), identity="id"),
})  # fmt: skip
