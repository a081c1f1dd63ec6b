"""Colleagues named in a note: "@Ana Silva" is Ana, whatever else her name's letters might be."""

import re

from django.db.models import QuerySet

from helpdesk.models import Agent
from tickets.models import Ticket, readers_of

_BEFORE, _AFTER = r"(?<![\w@.])@", r"(?!\w)"


def mentionable(ticket: Ticket) -> QuerySet[Agent]:
    """Who may be named on a ticket, by name: everybody who sees its inbox and has one."""
    return readers_of(ticket.inbox_id).exclude(name="").order_by("name")


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
