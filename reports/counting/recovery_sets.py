"""Recoveries as reports read them: those of a choice, their lists, and what became of their customers after."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from feedback import accounts
from feedback.models import Invitation, Outcome, Recovery, RecoveryState, Response
from helpdesk import clock
from reports.models import SurveyFacts, TicketFacts
from reports.reading import BEHIND, Behind, Filter, choice, tickets, within

#: how long we look at what customers do after
AFTER = timedelta(days=90)
#: outcomes of those that needed something
NEEDED = (Outcome.RECOVERED, Outcome.NOT_RECOVERED, Outcome.UNREACHABLE)
State = Literal["met", "breached", "running", "none"]


def recoveries(chosen: Filter) -> "QuerySet[Recovery]":
    """Recoveries of a choice, whenever they were opened. Team, channel and topic are those of their ticket."""
    is_there = Q(ticket=None) | Q(ticket__removed_at=None)  # neither spam nor in the trash
    found = Recovery.objects.filter(is_there, inbox__in=chosen.inboxes)
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
    found = answers.select_related("invitation__survey", "invitation__recovery__response")
    made = []
    for answer in found:
        recovery = answer.invitation.recovery
        if recovery is not None and recovery.response is not None:
            made.append(Second(recovery.outcome, recovery.response.score, answer.score, answer.is_low))
    return made


@dataclass(frozen=True, slots=True)
class After:
    """What one customer did in the 90 days after a recovery of theirs was closed."""

    customer: int
    outcome: str
    closed_at: datetime
    came_back: bool


def after(chosen: Filter, at: datetime) -> tuple[list[After], int]:
    """The first recovery of each customer, where 90 days have passed since; and how many are too young to tell."""
    until = ExpressionWrapper(F("closed_at") + Value(AFTER), output_field=DateTimeField())
    again = TicketFacts.objects.filter(
        customer=OuterRef("customer"), started_at__gt=OuterRef("closed_at"), started_at__lte=OuterRef("until"),
        is_contact=True, in_volume=True,
    ).exclude(ticket=OuterRef("number"))  # fmt: skip
    rows = needed(chosen).annotate(until=until, number=Coalesce(F("ticket_id"), 0)).annotate(came_back=Exists(again))
    found: dict[int, After] = {}
    young: set[int] = set()
    for customer, outcome, closed, back in rows.order_by("closed_at", "pk").values_list(
        "customer", "outcome", "closed_at", "came_back"
    ):
        if closed is None or customer in found or customer in young:
            continue
        if closed + AFTER > at:
            young.add(customer)
        else:
            found[customer] = After(customer, outcome, closed, back)
    return list(found.values()), len(young)


def still_customers(those: list[After], zone: str) -> dict[int, bool] | None:
    """Who of them was a customer 90 days after, as the account events say; None where we only know who wrote."""
    rule = accounts.Rule.of_the_house(zone)
    if rule.is_proxy or not those:
        return None
    days: list[date] = [(one.closed_at + AFTER).astimezone(ZoneInfo(zone)).date() for one in those]
    with_spans, asked = accounts.sql(rule)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{with_spans} SELECT w.person, bool_or(s.since <= w.day AND (s.until IS NULL OR w.day < s.until))"  # noqa: S608 - our own words
            " FROM unnest(%(people)s::bigint[], %(days)s::date[]) AS w (person, day)"
            " JOIN spans s ON s.person = w.person GROUP BY 1",
            {**asked, "people": [one.customer for one in those], "days": days},
        )
        return dict(cursor.fetchall())


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
