"""Writing what was decided of a batch of mails, in a number of statements that does not depend on how many they are."""

from typing import Any

from helpdesk.bulk import update_rows
from helpdesk.events import draft, history, record_many
from helpdesk.models import Event, File
from tickets import texts
from tickets.models import (
    Attachment,
    AwaitedMessage,
    ContactPoint,
    Customer,
    Message,
    MessageKind,
    Participant,
    RawState,
    Status,
    Ticket,
)
from tickets.operations import agent_notes, delivery_reports, status
from tickets.operations.placing import Arrival, Batch

_RAW = [
    "state", "reason", "reason_code", "message_id", "content_hash", "sender", "subject", "said", "belongs_to",
    "lease_until",
]  # fmt: skip


def write(batch: Batch) -> None:
    """Write the batch: customers, tickets, messages, files, what is awaited, events, and the state of each mail."""
    Customer.objects.bulk_create(batch.new_customers)
    fresh = [point for point in batch.points.values() if point.pk is None]
    for point in fresh:
        point.customer_id = point.customer.pk
    ContactPoint.objects.bulk_create(fresh)
    update_rows(batch.vouched_for, ["is_verified"])
    _tickets(batch)
    _messages(batch)
    _files(batch)
    _awaited(batch)
    _participants(batch)
    _events(batch)
    for note in batch.notes:
        agent_notes.take(note)
    for raw, refusal in batch.withheld:
        agent_notes.withhold(raw, refusal)
    raws = [read.raw for read in batch.reads]
    for raw in raws:
        raw.lease_until = None
    update_rows(raws, _RAW)
    for one in batch.outcomes:
        delivery_reports.reported(one.delivery, action=one.action, status_code=one.status_code, words=one.words)


def created(ticket: Ticket, *, actor, imported: bool = False) -> Event:  # type: ignore[no-untyped-def]
    """The event of a new ticket, drafted."""
    return draft(
        "ticket.created", ticket, actor=actor, at=ticket.created_at, channel=ticket.channel, inbox=ticket.inbox_id,
        team=ticket.team_id, customer=ticket.customer_id, initiated_by=ticket.initiated_by,
        **({"follow_up_of": ticket.follow_up_of_id} if ticket.follow_up_of_id else {}),
        **({"imported": True} if imported else {}),
    )  # fmt: skip


def _tickets(batch: Batch) -> None:
    seen: dict[int, Ticket] = {id(a.ticket): a.ticket for a in batch.arrivals}
    new = [ticket for ticket in seen.values() if ticket.pk is None]
    for ticket in new:
        ticket.customer_id = ticket.customer.pk
    Ticket.objects.bulk_create(new)


def _messages(batch: Batch) -> None:
    for arrival in batch.arrivals:
        arrival.message.ticket_id = arrival.ticket.pk
        arrival.message.sender_id = arrival.message.sender.pk if arrival.message.sender else None
    Message.objects.bulk_create([a.message for a in batch.arrivals])
    touched: dict[int, Ticket] = {}
    for arrival in batch.arrivals:
        if arrival.is_new or not arrival.raw.is_history:
            arrival.ticket.last_message_id = arrival.message.pk
            touched[arrival.ticket.pk] = arrival.ticket
        raw = arrival.raw
        raw.state, raw.reason, raw.reason_code, raw.said = RawState.DONE, "", "", arrival.message
        if arrival.message.matched_by == "stranger":
            raw.reason_code, raw.reason = "stranger", "It names a ticket its sender takes no part in."
    update_rows(touched.values(), [*status.FIELDS, "snippet", "last_message_id"])


def _files(batch: Batch) -> None:
    parts = [(a.message, part) for a in batch.arrivals for part in a.mail.attachments]
    files = File.objects.store_many([part.content for _, part in parts])
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            file=stored,
            filename=texts.filename(part.filename),
            content_type=texts.line(part.content_type, 100),
            content_id=texts.line(part.content_id, 255),
            is_inline=part.is_inline,
        )
        for (message, part), stored in zip(parts, files, strict=True)
    )


def _awaited(batch: Batch) -> None:
    """Remember which mails were named and never seen: they join when they come."""
    AwaitedMessage.objects.bulk_create(
        [
            AwaitedMessage(
                inbox_id=a.raw.inbox_id, identifier=identifier[:998], address=a.raw.sender, ticket_id=a.ticket.pk
            )
            for a in batch.arrivals
            if a.message.kind == MessageKind.INCOMING
            for identifier in a.names.awaited
            if (a.raw.inbox_id, identifier) not in batch.threads.said
        ],
        ignore_conflicts=True,
    )


def _participants(batch: Batch) -> None:
    for ticket, person in batch.suggested:
        person.ticket_id = ticket.pk
    Participant.objects.bulk_create([person for _ticket, person in batch.suggested], ignore_conflicts=True)


def _events(batch: Batch) -> None:
    events: list[Event] = []
    audiences: list[str] = []
    for arrival in batch.arrivals:
        drafts = _of(arrival)
        events.extend(drafts)
        audiences.extend([arrival.ticket.ledger_audience] * len(drafts))
    record_many(events, audiences=audiences)


def _of(arrival: Arrival) -> list[Event]:
    ticket, message = arrival.ticket, arrival.message
    is_history = arrival.raw.is_history
    drafts = [created(ticket, actor=None, imported=is_history)] if arrival.is_new else []
    facts: dict[str, Any] = {"message": message.pk, "customer": message.sender.customer_id if message.sender else None}
    if is_history:
        drafts.append(draft("message.imported", ticket, actor=None, **facts))
    elif message.kind == MessageKind.ASIDE:
        drafts.append(draft("message.answered_aside", ticket, actor=None, side=message.side_id, **facts))
    else:
        # a repeat of the same words is no second question
        drafts.append(
            draft(
                "message.received", ticket, actor=None, at=message.created_at, channel="email",
                automated=message.is_automated or not arrival.moves, **facts,
            )
        )  # fmt: skip
    if arrival.reopened and arrival.reopened["was"] == Status.TRASH:
        drafts.extend(out_of_the_trash(ticket))
    elif arrival.reopened:
        drafts.append(draft(status.VERBS[Status.OPEN], ticket, actor=None, **arrival.reopened))
    if arrival.spammed:
        drafts.append(draft("ticket.spammed", ticket, actor=None, was=str(Status.OPEN), to=str(Status.SPAM)))
    drafts.extend(draft("ticket.copied", ticket, actor=None, ticket=number) for number in arrival.copies)
    return drafts


def out_of_the_trash(ticket: Ticket) -> list[Event]:
    """It is again what it was before, and open from there on: the figures understand both steps."""
    thrown = history(ticket.number, ["ticket.deleted"]).last()
    was = str(thrown.facts["was"]) if thrown else str(Status.OPEN)
    drafts = [draft("ticket.restored", ticket, actor=None, was=str(Status.TRASH), to=was)]
    if was == Status.SPAM:
        drafts.append(draft("ticket.unspammed", ticket, actor=None, was=was, to=str(Status.OPEN)))
    elif was != Status.OPEN:
        drafts.append(draft(status.VERBS[Status.OPEN], ticket, actor=None, was=was, to=str(Status.OPEN)))
    return drafts
