"""Recoveries as reports read them: those of a choice, their lists, and what became of their customers after."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from feedback import accounts
from feedback.models import Invitation, Outcome, Recovery, RecoveryState, Response
from feedback.models.survey import low_of
from helpdesk import clock
from reports.ledger import arrays, packs
from reports.ledger.arrays import Frame
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
    """The answer to the second question beside the first one, on one scale."""

    outcome: str
    first: int
    second: int
    is_low: bool


def seconds(chosen: Filter) -> list[Second]:
    """What customers answered once their recovery was over."""
    answers = Response.objects.filter(invitation__recovery__in=opened(chosen).values("pk"))
    answers = answers.filter(invitation__recovery__response__isnull=False, is_doubtful=False)
    rows = answers.annotate(
        outcome=F("invitation__recovery__outcome"), first=F("invitation__recovery__response__score"),
        kind=F("invitation__survey__kind"), low_at=F("invitation__survey__low_at"),
    ).values_list("outcome", "first", "score", "kind", "low_at")  # fmt: skip
    return [
        Second(outcome, first, score, (low := low_of(kind, low_at)) is not None and score <= low)
        for outcome, first, score, kind, low_at in rows.order_by()
    ]


@dataclass(frozen=True, slots=True)
class After:
    """What one customer did in the 90 days after a recovery of theirs was closed."""

    customer: int
    outcome: str
    closed_at: datetime
    came_back: bool


def after(rows: Frame, at: datetime) -> tuple[list[After], int]:
    """The first recovery of each customer, where 90 days have passed since; and how many are too young to tell.

    Of rows with `id`, `customer`, `outcome` and `closed_at`.
    """
    import numpy as np

    over = rows.where(rows["closed_at"].known() & rows["outcome"].is_one_of(NEEDED))
    in_order = np.lexsort((over["id"].data, over["closed_at"].data))
    _people, first = np.unique(over["customer"].data[in_order], return_index=True)
    first = in_order[np.sort(first)]
    old = first[over["closed_at"].data[first] <= arrays.stamp(at - AFTER)]
    numbers, customers, closed = (over[name].data[old].tolist() for name in ("id", "customer", "closed_at"))
    outcomes = over["outcome"].at(old)
    back = _came_back(numbers)
    found = [
        After(customer, outcomes.values[outcome], arrays.instant(moment), number in back)
        for number, customer, outcome, moment in zip(numbers, customers, outcomes.data.tolist(), closed, strict=True)
    ]
    return found, len(first) - len(found)


_CAME_BACK = """
    SELECT r.id FROM feedback_recovery r WHERE r.id = ANY(%(numbers)s) AND EXISTS (
        SELECT FROM reports_ticketfacts f
        WHERE f.customer = r.customer_id AND f.started_at > r.closed_at AND f.started_at <= r.closed_at + %(after)s
            AND f.is_contact AND f.in_volume AND f.ticket <> coalesce(r.ticket_id, 0)
    )
"""


def _came_back(numbers: list[int]) -> set[int]:
    """After which of these recoveries the customer contacted us about something else."""
    with connection.cursor() as cursor:
        cursor.execute(_CAME_BACK, {"numbers": numbers, "after": AFTER})
        return {number for (number,) in cursor.fetchall()}


def still_customers(those: list[After], zone: str) -> dict[int, bool] | None:
    """Who of them was a customer 90 days after, as the account events say; None where we only know who wrote.

    Of whom they say nothing, or nothing that made them a customer for a day, is not told.
    """
    import numpy as np

    rule = accounts.Rule.of_the_house(zone)
    if rule.is_proxy or not those:
        return None
    with_steps, asked = accounts.steps_sql(rule, [one.customer for one in those])
    [columns] = packs.fetch(f"{with_steps}{_IN_ORDER}", asked, is_kept=False)
    people, days, signs = (np.frombuffer(data or b"", dtype=">i8").astype(np.int64) for data in columns)
    is_last = np.append(people[1:] != people[:-1], True)[: len(people)]
    # a step holds until the next one of the same person, or until it has lasted as long as steps do
    until = np.where(is_last, NEVER, np.append(days[1:], 0)[: len(days)])
    if rule.lasts is not None:
        until = np.minimum(until, days + rule.lasts)
    holds = (signs == 1) & (until > days)
    known = set(people[holds].tolist())
    tz = ZoneInfo(zone)
    found = {}
    starts = np.searchsorted(people, [one.customer for one in those])
    ends = np.searchsorted(people, [one.customer for one in those], side="right")
    for one, start, end in zip(those, starts.tolist(), ends.tolist(), strict=True):
        if one.customer in known:
            day = ((one.closed_at + AFTER).astimezone(tz).date() - _FIRST_DAY).days
            place = start + int(np.searchsorted(days[start:end], day, side="right")) - 1
            found[one.customer] = bool(place >= start and holds[place] and day < until[place])
    return found


#: a day no one lives to see, and the one from which days are counted
NEVER, _FIRST_DAY = 1 << 40, date(2000, 1, 1)
_IN_ORDER = """
    SELECT string_agg(int8send(person), ''::bytea), string_agg(int8send(day - date '2000-01-01'), ''::bytea),
           string_agg(int8send(is_sign::int), ''::bytea)
    FROM (SELECT person, day, is_sign FROM steps ORDER BY person, at, id) AS one
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
