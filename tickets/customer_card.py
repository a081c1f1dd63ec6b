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
from tickets import customer_book, fields, kept, registry
from tickets.glance import Glance
from tickets.models import UNSOLVED, ContactPoint, Customer, CustomerNote, Ticket

#: of the last contacts and of open tickets, so many
LAST = 3
#: with so many other tickets the database counts
ENOUGH = 20
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


def of(
    customer: Customer, agent: Agent, ticket: Ticket, *, others: Sequence[Ticket] | None = None,
    has: Glance | None = None,
) -> Card:  # fmt: skip
    """The card of a ticket's customer for this agent.

    Bring the customer with its organisation and contact points fetched, or they are asked for one by one. `others`
    are the latest of the customer's other tickets that this agent may see, and `has` the ticket's glance, where the
    page knows them already.
    """
    if others is not None and len(others) < ENOUGH:
        counted, unsolved = _count(ticket, others), [one for one in others if one.status in UNSOLVED][:MOST_OPEN]
    else:
        counted, unsolved = _ask(customer, agent, ticket)
    points = list(customer.contact_points.all())
    return Card(
        customer=customer,
        know=_know(customer, points, counted),
        points=points,
        answers=fields.for_customer(customer, kept.asked("customer")) if has is None or has.customer_fields else [],
        notes=list(customer.notes.standing().filter(is_pinned=True).select_related("author")[:5])
        if has is None or has.customer_notes
        else [],
        open_tickets=unsolved,
        contacts=customer_book.timeline(customer, agent, limit=LAST, besides=ticket).moments
        if counted["all"] > 1
        else [],
        panels=registry.customer_panels(customer, agent, empty=has.empty if has else ()),
        tickets=counted["all"],
        can_change=agent.may_reply and customer.is_current,
    )


def _count(ticket: Ticket, others: Sequence[Ticket]) -> dict[str, int]:
    """What `_ask` counts, of tickets that are at hand."""
    everything, now = [ticket, *others], clock.now()
    return {
        "all": len(everything),
        "lately": sum(one.created_at >= now - LATELY for one in everything),
        "low": sum(one.low_score is not None and one.updated_at >= now - 3 * LATELY for one in everything),
    }


def _ask(customer: Customer, agent: Agent, ticket: Ticket) -> tuple[dict[str, int], list[Ticket]]:
    theirs = customer_book.tickets_of([customer], agent).order_by()
    counted = theirs.aggregate(
        all=Count("pk"),
        lately=Count("pk", filter=Q(created_at__gte=clock.now() - LATELY)),
        low=Count("pk", filter=Q(low_score__isnull=False, updated_at__gte=clock.now() - 3 * LATELY)),
    )
    unsolved = theirs.exclude(pk=ticket.pk).filter(status__in=UNSOLVED).order_by("-number")[:MOST_OPEN]
    return counted, list(unsolved)


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
