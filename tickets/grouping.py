"""The rows of a page of a list under headings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.templatetags.ui import short_day
from tickets.lists import RANKS, Order
from tickets.models import Priority, TicketType


@dataclass(slots=True)
class Group:
    """Tickets under a heading; "" has none."""

    title: str
    tickets: list[Any] = field(default_factory=list)
    rank: Any = 0


def groups(tickets: Sequence[Any], by: str, order: Order) -> Sequence[Group]:
    """The tickets in groups, each in the list's order. A further page begins its groups anew."""
    found: dict[Any, Group] = {}
    for ticket in tickets:
        key, title, rank = _of(ticket, by, order)
        found.setdefault(key, Group(title, rank=rank)).tickets.append(ticket)
    if by in ("priority", "type", "inbox", "assignee"):
        return sorted(found.values(), key=lambda group: group.rank)
    return list(found.values())


def _of(ticket: Any, by: str, order: Order) -> tuple[Any, str, Any]:
    """Which group a ticket is in: its key, its heading and where it stands."""
    match by:
        case "inbox":
            return ticket.inbox_id, ticket.inbox.name, ticket.inbox.name
        case "assignee":
            name = ticket.assignee.name if ticket.assignee_id and ticket.assignee else ""
            return name, name or _("Nobody"), (bool(name), name)
        case "priority":
            return ticket.priority, str(Priority(ticket.priority).label), RANKS.get(ticket.priority, 9)
        case "type":
            label = str(TicketType(ticket.type).label) if ticket.type else _("No type")
            return ticket.type, label, (not ticket.type, label)
        case "day":
            at = getattr(ticket, order.column) if order.column.endswith(("_at", "_since", "_until")) else None
            local = timezone.localtime(at or ticket.created_at) if at or order.column == "number" else None
            return local and local.date(), short_day(local) if local else _("Nobody waits"), 0
    return None, "", 0
