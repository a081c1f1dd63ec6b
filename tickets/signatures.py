"""What stands below an answer: the inbox's signature with a few fields filled in.

There is no language in it: a field is replaced by its value once, and what the value says is never read again.
"""

import re
from typing import TYPE_CHECKING

from tickets import texts

if TYPE_CHECKING:
    from helpdesk.models import Agent
    from tickets.models import Inbox, Ticket

_FIELD = re.compile(r"\{\{ ?([a-z]+\.[a-z]+) ?\}\}")
#: what may be written between the braces
FIELDS = ("agent.name", "agent.signature", "inbox.name", "inbox.address", "ticket.number")


def render(inbox: "Inbox", agent: "Agent | None", ticket: "Ticket | None") -> str:
    """The inbox's signature for an answer of this agent on this ticket; fields nobody knows stay as they are."""
    values = {
        "agent.name": agent.name if agent else "",
        "agent.signature": agent.signature if agent else "",
        "inbox.name": inbox.sender_name or inbox.name,
        "inbox.address": inbox.address,
        "ticket.number": str(ticket.pk) if ticket and ticket.pk else "",
    }
    return texts.clean(_FIELD.sub(lambda field: values.get(field[1], field[0]), inbox.signature))
