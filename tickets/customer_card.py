"""What stands of a customer beside their ticket, in few queries whose number never grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import clock
from helpdesk.models import Agent
from tickets import customer_book, fields, registry
from tickets.models import UNSOLVED, ContactPoint, Customer, CustomerNote, Ticket

#: of the last contacts and of open tickets, so many
LAST = 3
MOST_OPEN = 8
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Card:
    """A customer as their ticket's panel shows them: what the agent may see, and nothing else."""

    customer: Customer
    #: what to know before answering, in a line; "" when there is nothing
    know: str
    points: Sequence[ContactPoint]
    answers: Sequence[fields.Answer]
    notes: Sequence[CustomerNote]
    #: besides this ticket
    open_tickets: Sequence[Ticket]
    contacts: Sequence[customer_book.Moment]
    panels: Sequence[registry.Panel]
    #: how many tickets there are that the agent may see, this one included
    tickets: int
    can_change: bool


def of(customer: Customer, agent: Agent, ticket: Ticket) -> Card:
    """The card of a ticket's customer for this agent.

    Bring the customer with its organisation and contact points fetched, or they are asked for one by one.
    """
    theirs = customer_book.tickets_of([customer], agent).order_by()
    counted = theirs.aggregate(
        all=Count("pk"),
        lately=Count("pk", filter=Q(created_at__gte=clock.now() - LATELY)),
        low=Count("pk", filter=Q(low_score__isnull=False, updated_at__gte=clock.now() - 3 * LATELY)),
        open=Count("pk", filter=Q(status__in=UNSOLVED) & ~Q(pk=ticket.pk)),
    )
    others = theirs.exclude(pk=ticket.pk)
    unsolved = others.filter(status__in=UNSOLVED).select_related("inbox").order_by("-number")[:MOST_OPEN]
    points = list(customer.contact_points.all())
    return Card(
        customer=customer,
        know=_know(customer, points, counted),
        points=points,
        answers=fields.for_customer(customer),
        notes=list(customer.notes.standing().filter(is_pinned=True).select_related("author")[:5]),
        open_tickets=list(unsolved) if counted["open"] else [],
        contacts=customer_book.timeline(customer, agent, limit=LAST, besides=ticket).moments
        if counted["all"] > 1
        else [],
        panels=registry.customer_panels(customer, agent),
        tickets=counted["all"],
        can_change=agent.may_reply and customer.is_current,
    )


def _know(customer: Customer, points: Sequence[ContactPoint], counted: dict[str, Any]) -> str:
    """The few facts that change how one answers, the weightiest first."""
    known = []
    if customer.is_blocked:
        known.append(_("blocked"))
    if points and all(point.is_bouncing for point in points):
        known.append(_("mail does not reach them"))
    if counted["low"]:
        known.append(_("was dissatisfied lately"))
    if counted["lately"] > 2:
        said = ngettext("%(n)d ticket in 30 days", "%(n)d tickets in 30 days", counted["lately"])
        known.append(said % {"n": counted["lately"]})
    if counted["all"] == 1:
        known.append(_("first ticket"))
    return ", ".join(known)
