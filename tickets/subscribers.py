"""What the ticket floor does when it hears of events; and who may hear of them live."""

from typing import Any

from helpdesk import live
from helpdesk.events import subscribe
from helpdesk.models import Agent, Event
from tickets.models import Draft, Inbox
from tickets.operations import scheduling


@live.audience_is
def audiences(agent: Any) -> frozenset[str] | None:
    """Admins hear everything; others what happens in the inboxes they see."""
    if isinstance(agent, Agent) and agent.is_admin:
        return None
    return frozenset(f"inbox:{pk}" for pk in Inbox.objects.visible_to(agent).values_list("pk", flat=True))


@subscribe("message.received", "message.replied", "ticket.closed")
def hold_back_what_was_scheduled(event: Event) -> None:
    """An answer written for later does not go out past what its author did not know of."""
    if event.facts.get("automated"):
        return
    draft = Draft.objects.filter(ticket=event.stream_id, send_at__isnull=False).select_related("ticket").first()
    if draft is None:
        return
    why = {"message.received": "customer_wrote", "message.replied": "answered"}.get(event.verb, "closed")
    by = event.actor_id if event.verb == "message.replied" else None
    scheduling.hold_back(draft.ticket, why=why, since=event.pk, by=by)
