"""What the voice of the customer does when it hears of events. Each may be heard twice."""

from collections.abc import Sequence

from django.db import transaction

from feedback.operations import topics
from feedback.tasks import resort_topics
from helpdesk.doorbell import ring
from helpdesk.events import subscribe, subscribe_batch
from helpdesk.models import Event


@subscribe_batch("ticket.created", "message.received", "message.moved_here")
def find_topics(events: Sequence[Event]) -> None:
    """What a customer opens a ticket with says what it is about."""
    numbers = {event.stream_id for event in events if event.stream_id and not event.facts.get("automated")}
    if numbers:
        topics.look_at(numbers)


@subscribe("topic.created", "topic.changed")
def look_again(event: Event) -> None:
    """Other words find other things."""
    if not {"phrases", "is_active"} & set(event.facts.get("fields", ())):
        return
    topics.begin_resorting(event.subject_id)
    transaction.on_commit(lambda: ring(resort_topics), robust=True)
