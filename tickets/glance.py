"""What hangs on a ticket, in one question: a page then asks only for what is there.

Most tickets have no participants, links, drafts or files. Asking for each of them costs a page more than showing the
conversation, and one row of short answers spares it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from helpdesk import statements
from helpdesk.models import Agent
from tickets import registry
from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Glance:
    """Whether a ticket has each of these, for this agent; and how far it has come."""

    participants: bool
    files: bool
    drafts: bool
    links: bool
    merges: bool
    is_following: bool
    notifications: bool
    customer_notes: bool
    ticket_fields: bool
    customer_fields: bool
    #: the customer has other tickets, whoever may see them
    others: bool
    #: the newest event and message; 0 for none
    last_event: int
    last_message: int
    #: the message up to which the agent has read; None before their first look
    read_upto: int | None
    #: the names of its tags
    tags: list[str]
    #: panels of upper floors that would show nothing
    empty: frozenset[Callable[..., Any]] = frozenset()


_ASKED = {
    "participants": "EXISTS (SELECT FROM tickets_participant WHERE ticket_id = t.number)",
    "files": (
        "EXISTS (SELECT FROM tickets_attachment a JOIN tickets_message m ON m.id = a.message_id"
        " WHERE m.ticket_id = t.number)"
    ),
    "drafts": "EXISTS (SELECT FROM tickets_draft WHERE ticket_id = t.number)",
    "links": "EXISTS (SELECT FROM tickets_ticketlink WHERE t.number IN (source_id, target_id))",
    "merges": "EXISTS (SELECT FROM tickets_merge WHERE target_id = t.number AND undone_at IS NULL)",
    "is_following": "EXISTS (SELECT FROM tickets_follower WHERE ticket_id = t.number AND agent_id = %(agent)s)",
    "notifications": (
        "EXISTS (SELECT FROM tickets_notification"
        " WHERE ticket_id = t.number AND agent_id = %(agent)s AND read_at IS NULL)"
    ),
    "customer_notes": "EXISTS (SELECT FROM tickets_customernote WHERE customer_id = t.customer_id)",
    "ticket_fields": "EXISTS (SELECT FROM tickets_customfield WHERE is_active AND about = 'ticket')",
    "customer_fields": "EXISTS (SELECT FROM tickets_customfield WHERE is_active AND about = 'customer')",
    "others": ("EXISTS (SELECT FROM tickets_ticket o WHERE o.customer_id = t.customer_id AND o.number <> t.number)"),
    "last_event": "COALESCE((SELECT max(id) FROM helpdesk_event WHERE stream_id = t.number), 0)",
    "last_message": "COALESCE((SELECT max(id) FROM tickets_message WHERE ticket_id = t.number), 0)",
    "read_upto": "(SELECT message_id FROM tickets_readmark WHERE ticket_id = t.number AND agent_id = %(agent)s)",
    "tags": (
        "ARRAY(SELECT g.name FROM tickets_tag g JOIN tickets_ticket_tags o ON o.tag_id = g.id"
        " WHERE o.ticket_id = t.number ORDER BY g.name)"
    ),
}


@lru_cache(maxsize=1)
def _sql() -> str:
    own = [_ASKED[field.name] for field in fields(Glance) if field.name in _ASKED]
    asked = ", ".join([*own, *registry.wanted().values()])
    return f"SELECT {asked} FROM tickets_ticket t WHERE t.number = %(ticket)s"  # noqa: S608 - our own words


def at(ticket: Ticket, agent: Agent) -> Glance:
    """The glance of a ticket that the agent may see."""
    with statements.cursor() as cursor:
        cursor.execute(_sql(), {"ticket": ticket.pk, "agent": agent.pk})
        row = cursor.fetchone()
    there = row[len(_ASKED) :]
    empty = frozenset(one for one, is_there in zip(registry.wanted(), there, strict=True) if not is_there)
    return Glance(*[*row[: len(_ASKED)], empty])
