"""What the ticket floor does when it hears of events; and who may hear of them live."""

from typing import Any

from helpdesk import live
from helpdesk.models import Agent
from tickets.models import Inbox


@live.audience_is
def audiences(agent: Any) -> frozenset[str] | None:
    """Admins hear everything; others what happens in the inboxes they see."""
    if isinstance(agent, Agent) and agent.is_admin:
        return None
    return frozenset(f"inbox:{pk}" for pk in Inbox.objects.visible_to(agent).values_list("pk", flat=True))
