"""Putting a message where it belongs: on another ticket, or on one of its own."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record, record_many
from helpdesk.models import Agent
from tickets import texts
from tickets.models import AwaitedMessage, Message, MessageKind, Participant, RawMessage, Status, Ticket
from tickets.operations import locking, status, writing_down
from tickets.operations.status import NotPossible, must_work_tickets


def must_take(ticket: Ticket, inbox: int) -> None:
    """Raise NotPossible where a message of this inbox cannot go to that ticket."""
    if ticket.inbox_id != inbox:
        raise NotPossible(_("That ticket is in another inbox."))
    status.must_be_here(ticket)
    if ticket.is_closed and ticket.messages.filter(withdrawn_at=None).exists():
        raise NotPossible(_("That ticket is closed, and a closed ticket stays closed."))


@transaction.atomic
def move(message: Message, *, ticket: Ticket | None, actor: Agent | None, subject: str = "") -> Message:
    """Put a customer's message on that ticket; None makes it one of its own. Moving it where it is changes nothing.

    A ticket of its own has that `subject`, else the message's, else the old ticket's. The sender may write on the
    ticket from now on: an agent said so. One that nothing is left on is closed as merged into the other. Raises
    NotPossible for what is no customer's message, another inbox's or a closed ticket.
    """
    must_work_tickets(actor, message.ticket)
    was = message.ticket_id
    source, there = locking.hold_both(message.ticket, ticket or message.ticket)
    message = Message.objects.select_related("sender__customer", "ticket").get(pk=message.pk)
    if message.ticket_id != was:
        raise NotPossible(_("Somebody else has moved this message meanwhile."))
    if message.kind != MessageKind.INCOMING:
        raise NotPossible(_("Only what a customer wrote can be put on another ticket."))
    if ticket is not None and ticket.pk == was:
        return message
    if ticket is None and not _others(source, message).exists():
        raise NotPossible(_("It is the only message: it has this ticket for its own."))
    if ticket is not None:
        must_take(there, source.inbox_id)
    target = there if ticket is not None else _of_its_own(message, source, actor, texts.line(subject))
    _carry(message, source, target, actor)
    return message


@transaction.atomic
def split(messages: Sequence[Message], *, actor: Agent | None, subject: str = "") -> Ticket:
    """Make these messages of one ticket a new ticket, with the subject `move` gives it. Returns the new one.

    Raises NotPossible for none, for messages of several tickets, and as `move` does.
    """
    chosen = sorted(messages, key=lambda one: (one.created_at, one.pk))
    if not chosen or len({one.ticket_id for one in chosen}) != 1:
        raise NotPossible(_("Choose messages of one ticket."))
    source = chosen[0].ticket
    if source.messages.filter(withdrawn_at=None, kind=MessageKind.INCOMING).count() <= len(chosen):
        raise NotPossible(_("Leave something of the customer's on this ticket."))
    target = move(chosen[0], ticket=None, actor=actor, subject=subject).ticket
    for message in chosen[1:]:
        move(message, ticket=target, actor=actor)
    return Ticket.objects.get(pk=target.pk)


def _others(ticket: Ticket, message: Message):  # type: ignore[no-untyped-def]
    return ticket.messages.exclude(pk=message.pk).filter(withdrawn_at=None)


def subject_of_its_own(message: Message, source: Ticket) -> str:
    """What a ticket made of a message is about, while nobody says otherwise."""
    return texts.line(message.subject) or source.subject


def _of_its_own(message: Message, source: Ticket, actor: Agent | None, subject: str) -> Ticket:
    customer = message.sender.customer if message.sender else source.customer
    at = clock.now()
    ticket = Ticket.objects.create(
        inbox=source.inbox,
        customer=customer,
        subject=subject or subject_of_its_own(message, source),
        channel=message.channel,
        team=source.team,
        created_at=at,
        updated_at=at,
    )
    created = writing_down.created(ticket, actor=actor)
    created.facts["split_from"] = source.number
    record_many([created], audiences=[ticket.ledger_audience])
    return ticket


def _carry(message: Message, source: Ticket, target: Ticket, actor: Agent | None) -> None:
    at = clock.now()
    message.ticket, message.matched_by = target, "agent"
    message.marks = [mark for mark in message.marks if mark != "stranger"]
    message.save(update_fields=["ticket", "matched_by", "marks"])
    if message.raw_id:
        RawMessage.objects.filter(pk=message.raw_id).update(belongs_to=None, reason="", reason_code="")
    names = [i for i in (message.in_reply_to, *message.references) if i]
    if message.sender:
        AwaitedMessage.objects.filter(
            ticket=source, identifier__in=names, address=message.sender.address
        ).update(ticket=target)  # fmt: skip
    record("message.moved", source, actor=actor, at=at, message=message.pk, to=target.number)
    record(
        "message.moved_here", target, actor=actor, at=message.created_at if not message.is_automated else at,
        message=message.pk, customer=message.sender.customer_id if message.sender else None,
        automated=message.is_automated, channel=message.channel, source=source.number,
    )  # fmt: skip
    if target.is_closed:  # it was closed when its only message left
        change = status.apply(target, Status.OPEN, at)
        target.merged_into = None
        record("ticket.unmerged", target, actor=actor, at=at, **change, source=source.number)
    _hear(target, message, actor)
    _let_speak(target, message)
    if _others(source, message).exists():
        settle(source)
        source.save()
    elif not source.is_closed:
        change = status.apply(source, Status.CLOSED, at)
        source.merged_into = target
        source.save()
        record("ticket.merged", source, actor=actor, at=at, into=target.number, **change)


def _hear(target: Ticket, message: Message, actor: Agent | None) -> None:
    """What the message means to the ticket it came to: as if it had come there."""
    if not message.is_automated and target.status != Status.OPEN and not _is_answered(target, message):
        change = status.apply(target, Status.OPEN, clock.now())
        record(status.VERBS[Status.OPEN], target, actor=actor, **change)
    settle(target)
    target.save()


def _let_speak(target: Ticket, message: Message) -> None:
    address = message.sender.address if message.sender else ""
    if address and not target.customer.contact_points.filter(address=address).exists():
        Participant.objects.update_or_create(
            ticket=target, address=address,
            defaults={"name": message.sender_name, "is_confirmed": True, "added_at": clock.now()},
        )  # fmt: skip


def _is_answered(ticket: Ticket, message: Message) -> bool:
    replies = ticket.messages.filter(kind=MessageKind.REPLY, withdrawn_at=None)
    return replies.filter(created_at__gt=message.created_at).exists()


def settle(ticket: Ticket) -> None:
    """What the ticket's columns say of its messages, anew: who waits since when, and what a list shows."""
    standing = ticket.messages.filter(withdrawn_at=None)
    last = standing.exclude(kind=MessageKind.NOTE).order_by("-created_at", "-pk").first()
    newest = standing.exclude(kind=MessageKind.NOTE).order_by("-pk").values_list("pk", flat=True).first()
    ticket.snippet = texts.snippet(last.text) if last else ""
    ticket.last_message_id = newest
    ticket.updated_at = clock.now()
    ticket.waiting_since = (
        waiting_since(ticket) if ticket.status in (Status.OPEN, Status.PENDING, Status.ON_HOLD) else None
    )


def waiting_since(ticket: Ticket):  # type: ignore[no-untyped-def]
    """When the oldest customer message came that no reply has followed; None when none waits."""
    reply_after = ticket.messages.filter(
        kind=MessageKind.REPLY, withdrawn_at=None, created_at__gte=OuterRef("created_at")
    )
    asked = ticket.messages.filter(kind=MessageKind.INCOMING, is_automated=False)
    return asked.filter(~Exists(reply_after)).order_by("created_at").values_list("created_at", flat=True).first()
