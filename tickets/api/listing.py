"""The list of tickets for programs: filters, orders, a page at a time.

As the lists for people (`tickets.reading`), it is read along an index in its own order, an inbox at a time, and the few
rows found are merged; so a page costs the same at a thousand and at a million tickets.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from helpdesk.api import paging
from helpdesk.api.problems import BadQuery
from helpdesk.models import Agent
from tickets import reading
from tickets.models import ContactPoint, Status, Ticket
from tickets.models.ticket import TicketQuerySet

ORDERS = {
    order.name: order
    for order in (
        paging.Order("number", "number", down=True),
        paging.Order("number", "number"),
        paging.Order("updated_at", "number", down=True),
        paging.Order("updated_at", "number"),
    )
}
#: beyond that many parts a merge costs more than it saves
MOST_PARTS = 60

PARAMETERS = [
    OpenApiParameter("status", OpenApiTypes.STR, description="One or more, separated by commas.", many=False),
    OpenApiParameter("inbox", OpenApiTypes.INT, description="An inbox's id."),
    OpenApiParameter("assignee", OpenApiTypes.STR, description="An agent's id, `me` or `none`."),
    OpenApiParameter("tag", OpenApiTypes.STR),
    OpenApiParameter("customer", OpenApiTypes.EMAIL, description="One of the customer's addresses."),
    OpenApiParameter("created_since", OpenApiTypes.DATETIME),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME),
    OpenApiParameter("order", OpenApiTypes.STR, enum=list(ORDERS), default="-number"),
]
_KNOWN = {parameter.name for parameter in PARAMETERS} | {"cursor", "limit"}


def page(request: Request) -> tuple[list[Ticket], str | None]:
    """The tickets asked for that the agent may see, and the cursor of the next page."""
    for name in request.query_params:
        if name not in _KNOWN:
            raise BadQuery(name, _("There is no such parameter."))
    order = _order(request)
    most, after = paging.limit(request), paging.cursor(request, order)
    condition = _condition(request) & order.beyond(after)
    parts = [
        part.filter(condition).order_by(*order.terms).values_list("number", order.column)[: most + 1]
        for part in _parts(request, order)
    ]
    if not parts:
        return [], None
    rows: list[Any] = list(
        parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True).order_by(*order.terms)[: most + 1]
    )
    shown = rows[:most]
    more = paging.write_cursor(order, shown[-1][1], shown[-1][0]) if len(rows) > most else None
    return presentable([number for number, _value in shown]), more


def presentable(numbers: Sequence[int]) -> list[Ticket]:
    """Tickets with all that is sent of them, in this order, in three queries."""
    found = whole(Ticket.objects.filter(number__in=numbers)).in_bulk()
    return [found[number] for number in numbers if number in found]


def whole(tickets: TicketQuerySet) -> TicketQuerySet:
    """Tickets with all that is sent of them."""
    return tickets.select_related("inbox", "customer", "assignee", "team").prefetch_related(
        "tags", "customer__contact_points"
    )


def _order(request: Request) -> paging.Order:
    order = ORDERS.get(request.query_params.get("order", "-number"))
    if order is None:
        raise BadQuery("order", _("One of: %(choices)s.") % {"choices": ", ".join(ORDERS)})
    return order


def _parts(request: Request, order: paging.Order) -> list[TicketQuerySet]:
    """The pieces of the list that have an index in its order, of the inboxes the agent sees."""
    agent: Agent = request.user  # type: ignore[assignment]
    inboxes = reading.inbox_ids(agent)
    if (wanted := _whole_number(request, "inbox")) is not None:
        inboxes = [inbox for inbox in inboxes if inbox == wanted]
    statuses = _statuses(request)
    seen = Ticket.objects.filter(status__in=statuses) if len(statuses) < len(Status) else Ticket.objects.all()
    if not inboxes:
        return []
    if address := request.query_params.get("customer", ""):
        point = ContactPoint.objects.filter(address=_storable(address, "customer").lower()).first()
        return [seen.filter(inbox__in=inboxes, customer=point.customer_id)] if point else []
    by_status = order.column == "updated_at"
    if len(inboxes) * (len(statuses) if by_status else 1) > MOST_PARTS:
        return [seen.filter(inbox__in=inboxes)]
    if by_status:
        return [Ticket.objects.filter(inbox=inbox, status=status) for inbox, status in product(inboxes, statuses)]
    return [seen.filter(inbox=inbox) for inbox in inboxes]


def _condition(request: Request) -> Q:
    condition = Q()
    readers: dict[str, Callable[[Request], Q]] = {"assignee": _assignee, "tag": _tag}
    for name, reader in readers.items():
        if name in request.query_params:
            condition &= reader(request)
    for name in ("created", "updated"):
        if (since := _instant(request, f"{name}_since")) is not None:
            condition &= Q(**{f"{name}_at__gte": since})
    return condition


def _assignee(request: Request) -> Q:
    match request.query_params["assignee"]:
        case "none":
            return Q(assignee=None)
        case "me":
            return Q(assignee=request.user)
    return Q(assignee=_whole_number(request, "assignee"))


def _tag(request: Request) -> Q:
    name = _storable(request.query_params["tag"], "tag").lower()
    return Q(pk__in=Ticket.tags.through.objects.filter(tag__name=name).values("ticket_id"))


def _statuses(request: Request) -> list[str]:
    text = request.query_params.get("status", "")
    names = [name for name in text.split(",") if name]
    if any(name not in Status.values for name in names):
        raise BadQuery("status", _("One of: %(choices)s.") % {"choices": ", ".join(Status.values)})
    return sorted(set(names)) or list(Status.values)


def _whole_number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadQuery(name, _("A whole number."))
    return int(text)


def _storable(text: str, name: str) -> str:
    if "\x00" in text or len(text) > 320:
        raise BadQuery(name, _("This cannot be one."))
    return text


def _instant(request: Request, name: str) -> datetime | None:
    """An instant in ISO 8601; without a zone it is UTC. A + that the address turned into a space is forgiven."""
    text = request.query_params.get(name)
    if text is None:
        return None
    text = text.strip().replace(" ", "+") if "T" in text else text
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)):
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        at = None
    if at is None or not 1900 < at.year < 9000:
        raise BadQuery(name, _("An instant as in 2026-03-01T09:00:00Z."))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
