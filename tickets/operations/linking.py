"""Tickets that have to do with each other: related, parent and child, duplicate and original."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import Ticket, TicketLink
from tickets.operations import locking
from tickets.operations.status import NotPossible, must_work_tickets

#: how a link is said from a ticket, and how the other one says it
OTHER_WAY = {
    "related": "related", "parent": "child", "child": "parent", "duplicate": "original", "original": "duplicate",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """Another ticket, and what it is to this one, in a word of OTHER_WAY."""

    other: Ticket
    kind: str

    @property
    def words(self) -> str:
        return {
            "related": _("Related"), "parent": _("Parent of"), "child": _("Part of"), "duplicate": _("Duplicate of"),
            "original": _("Original of"),
        }[self.kind]  # fmt: skip


@transaction.atomic
def link(ticket: Ticket, *, to: Ticket, kind: str, actor: Agent | None) -> Ticket:
    """Say what this ticket is to another one: "parent" makes it its parent, "child" its child, and so on.

    It is said on both, so the actor must work both.

    Two tickets have one link: a second says it anew. Raises NotPossible for itself, or no such word.
    """
    must_work_tickets(actor, ticket)
    must_work_tickets(actor, to)
    if kind not in OTHER_WAY:
        raise NotPossible(_("There is no such link."))
    if ticket.pk == to.pk:
        raise NotPossible(_("A ticket has to do with itself anyway."))
    ticket, to = locking.hold_both(ticket, to)
    is_turned = kind in ("child", "original")
    source, target = (to, ticket) if is_turned else (ticket, to)
    wanted: dict[str, Any] = {"source": source, "target": target, "kind": OTHER_WAY[kind] if is_turned else kind}
    known = _known(ticket, to)
    was: dict[str, Any] = {}
    was_there: dict[str, Any] = {}
    if known is not None:
        said = _from(ticket, known)
        if said == kind:
            return ticket
        was, was_there = {"was": said}, {"was": OTHER_WAY[said]}
        known.delete()
    TicketLink.objects.create(**wanted, by=actor)
    record("ticket.linked", ticket, actor=actor, ticket=to.pk, kind=kind, **was)
    record("ticket.linked", to, actor=None, ticket=ticket.pk, kind=OTHER_WAY[kind], **was_there)
    return ticket


@transaction.atomic
def unlink(ticket: Ticket, *, to: Ticket, actor: Agent | None) -> Ticket:
    """Let two tickets have nothing to do with each other."""
    must_work_tickets(actor, ticket)
    must_work_tickets(actor, to)
    ticket, to = locking.hold_both(ticket, to)
    known = _known(ticket, to)
    if known is None:
        return ticket
    kind = _from(ticket, known)
    known.delete()
    record("ticket.unlinked", ticket, actor=actor, ticket=to.pk, kind=kind)
    record("ticket.unlinked", to, actor=None, ticket=ticket.pk, kind=OTHER_WAY[kind])
    return ticket


def links_of(ticket: Ticket, agent: Agent) -> list[Link]:
    """The links of a ticket with tickets this agent may see."""
    links = list(TicketLink.objects.filter(Q(source=ticket) | Q(target=ticket)).order_by("pk"))
    if not links:
        return []
    numbers = [one.target_id if one.source_id == ticket.pk else one.source_id for one in links]
    others = Ticket.objects.visible_to(agent).in_bulk(numbers)
    return [
        Link(others[number], one.kind if one.source_id == ticket.pk else OTHER_WAY[one.kind])
        for one, number in zip(links, numbers, strict=True)
        if number in others
    ]


def kind_of(ticket: Ticket, to: Ticket) -> str:
    """What a ticket is to another one; "" where they are not linked."""
    known = _known(ticket, to)
    return _from(ticket, known) if known else ""


def _from(ticket: Ticket, link: TicketLink) -> str:
    return link.kind if link.source_id == ticket.pk else OTHER_WAY[link.kind]


def _known(one: Ticket, other: Ticket) -> TicketLink | None:
    links = TicketLink.objects.filter(source=one, target=other) | TicketLink.objects.filter(source=other, target=one)
    return links.first()
