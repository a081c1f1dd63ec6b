"""What tickets show of the voice: what they are about, and the steps of a complaint."""

from typing import Any

from django.utils.translation import gettext as _

from feedback import phrases
from feedback.models import TicketTopic, Topic
from feedback.operations import topics
from helpdesk.models import Agent
from tickets import registry
from tickets.models import Ticket, works_in
from tickets.registry import Panel

#: how many topics are one click away
SUGGESTED = 3


@registry.ticket_panel
@registry.only_where("EXISTS (SELECT FROM feedback_topic WHERE is_active)")
def topic(ticket: Ticket, agent: Agent) -> Panel | None:
    """What the ticket is about, why we think so, and what else its words speak for."""
    names = dict(Topic.objects.filter(is_active=True).values_list("pk", "name"))  # by name
    kept = TicketTopic.objects.filter(ticket=ticket).select_related("topic").first()
    found = topics.standing().look(topics.openings([ticket.pk]).get(ticket.pk, ""))
    now = kept.topic_id if kept else None
    offered = [
        {"pk": one.topic, "name": names[one.topic], "said": one.said}
        for one in found if one.topic != now and one.topic in names
    ][:SUGGESTED]  # fmt: skip
    return Panel(
        title=_("Topic"),
        template="feedback/voice/_topic.html",
        context={
            "ticket": ticket, "kept": kept, "offered": offered, "may_work": works_in(agent, ticket.inbox_id),
            "is_tie": not now and phrases.winner(found) is None and len(found) > 1,
            "others": [(pk, name) for pk, name in names.items() if pk != now],
        },
    )  # fmt: skip


@registry.activity("ticket.categorised")
def _categorised(facts: dict[str, Any]) -> str:
    """By hand only: what words found is said beside the ticket."""
    return _("The topic was changed") if facts.get("by") == "hand" else ""
