"""The queries behind customers' and organisations' pages: constant in number, and of what the agent may see only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, F, Max, Q
from django.db.models.functions import Left

from helpdesk.models import Agent
from helpdesk.prepared import Statement
from tickets import reading, texts
from tickets.models import REMOVED, UNSOLVED, Customer, Message, MessageKind, Organisation, Ticket
from tickets.models.ticket import TicketQuerySet

PAGE = 50
#: customers of a name, whose keys are looked up first
MOST_NAMED = 10_000
TIMELINE_PAGE = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in a list: how many open tickets the agent sees, and when they last were in touch there."""

    customer: Customer
    address: str
    more_addresses: int
    open: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row]
    #: where the next ones begin; 0 at the end
    before: int


def tickets_of(customers: Sequence[Customer], agent: Agent) -> TicketQuerySet:
    """Their tickets that the agent may see, without spam and trash."""
    return Ticket.objects.visible_to(agent).filter(customer__in=customers).exclude(status__in=REMOVED)


def page(
    agent: Agent, *, words: str = "", organisation: int | None = None, blocked: bool = False, before: int | None = None,
    limit: int = PAGE,
) -> Page:  # fmt: skip
    """The next customers the agent may see, the newest first."""
    found = Customer.objects.visible_to(agent).filter(erased_at=None)
    if words:
        named = list(Customer.objects.like(words).order_by().values_list("pk", flat=True)[: MOST_NAMED + 1])
        # who may be seen is looked up for these alone; of more, enough are among the newest
        found = found.filter(pk__in=named) if len(named) <= MOST_NAMED else found.like(words)
    if organisation is not None:
        found = found.filter(organisation=organisation)
    if blocked:
        found = found.filter(is_blocked=True)
    if before:
        found = found.filter(pk__lt=before)
    customers = list(
        found.select_related("organisation").prefetch_related("contact_points").order_by("-pk")[: limit + 1]
    )
    shown = customers[:limit]
    return Page(rows(shown, agent), shown[-1].pk if len(customers) > limit else 0)


def rows(customers: Sequence[Customer], agent: Agent) -> list[Row]:
    """Customers with what a list says of them, in one query for all."""
    counted = {
        one["customer"]: one
        for one in tickets_of(customers, agent)
        .order_by()
        .values("customer")
        .annotate(open=Count("pk", filter=Q(status__in=UNSOLVED)), last=Max("updated_at"))
    }
    made = []
    for one in customers:
        points = list(one.contact_points.all())
        figures: dict[str, Any] = dict(counted.get(one.pk, {}))
        first, count, last = points[0].address if points else "", figures.get("open", 0), figures.get("last")
        made.append(Row(one, first, max(len(points) - 1, 0), count, last))
    return made


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that was said, on any channel."""

    pk: int
    at: datetime
    kind: str
    channel: str
    who: str
    text: str
    is_ours: bool
    ticket: int
    subject: str
    status: str
    #: it opened its ticket
    is_first: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    moments: Sequence[Moment]
    #: the message the next ones come before; 0 at the end
    before: int


def timeline(
    customer: Customer, agent: Agent, *, before: int | None = None, limit: int = TIMELINE_PAGE,
    besides: Ticket | None = None,
) -> Timeline:  # fmt: skip
    """All that was said with this customer, over all channels in one line of time, the latest first.

    `besides` leaves out what was said on one ticket.
    """
    inboxes = None if agent.sees_all else tuple(reading.inbox_ids(agent))
    if besides is not None and before is None:
        rows = _latest(inboxes, limit + 1).rows(customer.pk, besides.pk) if inboxes != () else []
        found = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    else:
        said = _said(customer.pk, inboxes)
        if besides is not None:
            said = said.exclude(ticket=besides)
        if before and (at := said.filter(pk=before).values_list("created_at", flat=True).first()):
            said = said.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=before))
        found = list(_in_order(said).values(*_COLUMNS)[: limit + 1])
    shown = found[:limit]
    return Timeline([_moment(one, customer) for one in shown], shown[-1]["pk"] if len(found) > limit else 0)


_COLUMNS = (
    "pk", "created_at", "kind", "channel", "beginning", "sender_name", "author__name", "ticket_id",
    "ticket__subject", "ticket__status", "sender__address", "ticket__created_at",
)  # fmt: skip


def _said(customer: int, inboxes: Sequence[int] | None) -> Any:
    """What was said with a customer in these inboxes, in all where none are named."""
    said = Message.objects.filter(ticket__customer=customer, withdrawn_at=None).exclude(ticket__status__in=REMOVED)
    return said if inboxes is None else said.filter(ticket__inbox__in=inboxes)


def _in_order(said: Any) -> Any:
    return said.order_by("-created_at", "-pk").annotate(beginning=Left("text", 600))


@lru_cache(maxsize=256)
def _latest(inboxes: tuple[int, ...] | None, most: int) -> Statement:
    """The first lines of `timeline` beside a ticket, which each of its pages asks for; for the customer, the ticket."""

    def built(place: Callable[[type], Any]) -> Any:
        said = _said(place(int), inboxes).exclude(ticket=place(int))
        return _in_order(said).values_list(*_COLUMNS)[:most]

    return Statement(built)


def _moment(one: dict[str, Any], customer: Customer) -> Moment:
    is_ours = one["kind"] in (MessageKind.REPLY, MessageKind.NOTE, MessageKind.FORWARD)
    who = one["author__name"] if is_ours else one["sender_name"] or one["sender__address"] or customer.display_name
    return Moment(
        pk=one["pk"], at=one["created_at"], kind=one["kind"], channel=one["channel"], who=who or "",
        text=texts.line(one["beginning"], 240), is_ours=is_ours, ticket=one["ticket_id"],
        subject=one["ticket__subject"], status=one["ticket__status"],
        is_first=one["created_at"] <= one["ticket__created_at"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    organisations: Sequence[Organisation]
    after: str


def organisations(agent: Agent, *, words: str = "", after: str = "", limit: int = PAGE) -> OrganisationPage:
    """The next organisations the agent may see, by name, each with how many of its people they see."""
    found = Organisation.objects.visible_to(agent).order_by("name", "pk")
    if words:
        found = found.filter(Q(name__icontains=words) | Q(domain__icontains=words))
    name, _bar, pk = after.rpartition("|")
    if name and (number := texts.number(pk)):
        found = found.filter(Q(name__gt=name) | Q(name=name, pk__gt=number))
    some = list(found[: limit + 1])
    shown = some[:limit]
    seen = Customer.objects.visible_to(agent).filter(organisation__in=shown, erased_at=None).order_by()
    people = dict(seen.values("organisation").annotate(n=Count("pk")).values_list("organisation", "n"))
    for one in shown:
        one.people_seen = people.get(one.pk, 0)  # type: ignore[attr-defined]
    return OrganisationPage(shown, f"{shown[-1].name}|{shown[-1].pk}" if len(some) > limit else "")


def organisation_tickets(organisation: Organisation, agent: Agent, *, limit: int = 20) -> list[Ticket]:
    """The latest tickets of its people that the agent may see, open ones first."""
    theirs = Ticket.objects.visible_to(agent).filter(customer__organisation=organisation).exclude(status__in=REMOVED)
    found = theirs.select_related("customer").order_by(F("waiting_since").desc(nulls_last=True), "-number")
    unsolved = list(found.filter(status__in=UNSOLVED)[:limit])
    rest = limit - len(unsolved)
    return unsolved + (list(found.exclude(status__in=UNSOLVED).order_by("-number")[:rest]) if rest else [])
