"""What stands below an answer: the inbox's signature with a few fields filled in.

There is no language in it: a field is replaced by its value once, and what the value says is never read again.
"""

import re
from typing import TYPE_CHECKING

from tickets import texts

if TYPE_CHECKING:
    from helpdesk.models import Agent
    from tickets.models import Inbox, Ticket

_FIELD = re.compile(r"\{\{ ?([a-z]+)\.([a-z]+) ?\}\}")


def fields(inbox: "Inbox", agent: "Agent | None", ticket: "Ticket | None") -> dict[str, dict[str, str]]:
    """What may be written between the braces, as in {{agent.name}}, and what each says."""
    return {
        "agent": {"name": agent.name if agent else "", "signature": agent.signature if agent else ""},
        "inbox": {"name": inbox.sender_name or inbox.name, "address": inbox.address},
        "ticket": {"number": str(ticket.pk) if ticket and ticket.pk else ""},
    }


def render(inbox: "Inbox", agent: "Agent | None", ticket: "Ticket | None") -> str:
    """The inbox's signature for an answer of this agent on this ticket; fields nobody knows stay as they are."""
    values = fields(inbox, agent, ticket)
    return texts.clean(_FIELD.sub(lambda m: values.get(m[1], {}).get(m[2], m[0]), inbox.signature))
