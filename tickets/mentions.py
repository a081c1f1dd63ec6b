"""Colleagues named in a note: "@Ana Silva" is Ana, whatever else her name's letters might be."""

import re

from django.db.models import Q, QuerySet

from helpdesk.models import Agent, Role
from tickets.models import InboxAccess, Ticket

_BEFORE, _AFTER = r"(?<![\w@.])@", r"(?!\w)"


def mentionable(ticket: Ticket) -> QuerySet[Agent]:
    """Who may be named on a ticket, by name: everybody who sees its inbox."""
    own = InboxAccess.objects.filter(inbox=ticket.inbox_id)
    by_team = Agent.teams.through.objects.filter(team__inboxes=ticket.inbox_id).values("agent_id")
    by_name = own.exclude(level=InboxAccess.Level.NONE).values("agent_id")
    closed = own.filter(level=InboxAccess.Level.NONE).values("agent_id")
    here = (Q(pk__in=by_team) | Q(pk__in=by_name)) & ~Q(pk__in=closed)
    return Agent.objects.active().filter(here | Q(role=Role.ADMIN)).order_by("name")


def named_in(text: str, ticket: Ticket) -> list[Agent]:
    """The colleagues a text names, each once, in the order of their names."""
    if "@" not in text:
        return []
    people = sorted(mentionable(ticket), key=lambda one: -len(one.name))
    found = []
    for one in people:
        text, times = re.subn(rf"{_BEFORE}{re.escape(one.name)}{_AFTER}", " ", text, flags=re.IGNORECASE)
        if times:
            found.append(one)
    return sorted(found, key=lambda one: one.name)
