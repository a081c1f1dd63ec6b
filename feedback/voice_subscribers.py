"""What the voice of the customer does when it hears of events. Each may be heard twice."""

from collections.abc import Sequence

from django.db import transaction

from feedback.operations import complaining, opening_recoveries, remarks, topics
from feedback.tasks import resort_topics
from helpdesk.doorbell import ring
from helpdesk.events import subscribe, subscribe_batch
from helpdesk.models import Event
from helpdesk.prepared import Prepared
from tickets.models import Ticket, TicketType

_tickets = Prepared(lambda place: Ticket.objects.filter(pk=place(int)))
_complained = Prepared(lambda place: Ticket.objects.filter(pk=place(int), complaint__isnull=False))


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


# --- remarks


@subscribe("survey.answered", "survey.commented", "survey.explained")
def keep_answer(event: Event) -> None:
    """What a customer answers is a remark, and says what the answer says last."""
    if invitation := event.facts.get("invitation"):
        remarks.hear_answer(invitation)


@subscribe("complaint.received")
def keep_complaint(event: Event) -> None:
    """What a customer complains of is a remark."""
    remarks.hear_complaint(event.stream_id or 0)


@subscribe("message.received", "message.edited")
def keep_review(event: Event) -> None:
    """What customers write about us elsewhere is a remark, with the stars they gave; few of them let somebody act."""
    if event.verb == "message.edited" or event.facts.get("channel") == "reviews":
        remarks.hear_review(event.facts["message"])
        opening_recoveries.open_for_review(event.facts["message"], at=event.at)


@subscribe("message.taken_back")
def leave_review(event: Event) -> None:
    """A review that was taken back needs nobody who acts, unless somebody does already."""
    opening_recoveries.open_for_review(event.facts["message"], at=event.at)


@subscribe("customer.merged", "customer.unmerged")
def follow_customers(event: Event) -> None:
    """What was said goes with who said it."""
    remarks.follow_merge(event.facts["source"], event.subject_id)


# --- complaints


@subscribe("ticket.created", "ticket.retyped")
def follow_type(event: Event) -> None:
    """A ticket of the type complaint is one."""
    if event.verb == "ticket.retyped" and TicketType.COMPLAINT not in (event.facts.get("was"), event.facts.get("to")):
        return
    for ticket in _tickets(event.stream_id or 0):
        if event.verb == "ticket.retyped" or ticket.type == TicketType.COMPLAINT:
            complaining.follow(ticket)


@subscribe("message.replied", "message.withdrawn")
def hear_answers(event: Event) -> None:
    """A person's answer tells the customer that the complaint came."""
    for ticket in _complained(event.stream_id or 0):
        complaining.hear_answers(ticket)


@subscribe("ticket.merged")
def move_complaint(event: Event) -> None:
    """It goes on where its ticket goes on."""
    found = Ticket.objects.in_bulk([event.stream_id or 0, event.facts["into"]])
    if len(found) == 2:
        complaining.move(found[event.stream_id or 0], found[event.facts["into"]])


@subscribe("ticket.unmerged")
def move_complaint_back(event: Event) -> None:
    """What went with its ticket comes back with it."""
    found = Ticket.objects.in_bulk([event.stream_id or 0, event.facts["source"]])
    if len(found) == 2:
        complaining.move_back(found[event.stream_id or 0], found[event.facts["source"]])
