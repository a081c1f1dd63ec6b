"""Answering, and noting among ourselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.failpoints import reach
from helpdesk.models import Agent, File
from tickets import minting, texts
from tickets.models import Attachment, Message, MessageKind, Status, Ticket
from tickets.operations import sending, status
from tickets.operations.status import NotPossible


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send along."""

    filename: str
    content_type: str
    content: bytes


@transaction.atomic
def reply(ticket: Ticket, *, text: str, actor: Agent, once: str | None = None, files: Sequence[Upload] = ()) -> Message:
    """Answer the customer in public; their mail is a row in the same transaction.

    `once` makes a repeat of the same request return the first message. An unassigned ticket becomes the actor's, a
    resolved one is opened. Raises NotPossible for an empty text, a closed ticket, or who may not reply.
    """
    if not actor.may_reply:
        raise NotPossible(_("A light collaborator reads and notes, but does not answer customers."))
    reach("out.clicked")
    ticket = Ticket.objects.locked(ticket.pk)
    if once and (done := Message.objects.filter(once=_once(actor, once)).first()):
        return done
    if ticket.is_closed:
        raise NotPossible(_("This ticket is closed. A new message of the customer opens a new one."))
    at = clock.now()
    answered = ticket.messages.filter(kind=MessageKind.INCOMING, is_automated=False).order_by("created_at").last()
    message = _write(ticket, MessageKind.REPLY, text, actor, once, files)
    message.in_reply_to = answered.message_id if answered else ""
    message.references = sending.references(answered)
    message.save(update_fields=["in_reply_to", "references"])
    if ticket.is_resolved:
        change = status.apply(ticket, Status.OPEN, at)
        record(status.VERBS[Status.OPEN], ticket, actor=actor, at=at, **change)
    ticket.waiting_since = None
    record("message.replied", ticket, actor=actor, at=at, message=message.pk, automated=False)
    _show(ticket, message)
    if ticket.assignee_id is None:
        was_team = ticket.team_id
        ticket.assignee = actor
        record(
            "ticket.assigned", ticket, actor=actor, at=at,
            agent=actor.pk, team=was_team, was_agent=None, was_team=was_team,
        )  # fmt: skip
    ticket.save()
    sending.enqueue_reply(message)
    return message


@transaction.atomic
def add_note(
    ticket: Ticket, *, text: str, actor: Agent, once: str | None = None, files: Sequence[Upload] = ()
) -> Message:
    """Write for the team's eyes only. No clock hears it. Raises NotPossible for an empty text."""
    ticket = Ticket.objects.locked(ticket.pk)
    if once and (done := Message.objects.filter(once=_once(actor, once)).first()):
        return done
    message = _write(ticket, MessageKind.NOTE, text, actor, once, files)
    ticket.updated_at = message.created_at
    ticket.save(update_fields=["updated_at"])
    record("message.noted", ticket, actor=actor, at=message.created_at, message=message.pk)
    return message


def _once(actor: Agent, once: str) -> str:
    return f"{actor.pk}:{once}"[:100]


def _write(
    ticket: Ticket, kind: MessageKind, text: str, actor: Agent, once: str | None, files: Sequence[Upload]
) -> Message:
    text = texts.clean(text)
    if not text and not files:
        raise NotPossible(_("There is nothing to send yet."))
    if len(text) > 200_000:
        raise NotPossible(_("That is too long: a message has at most 200,000 characters."))
    message = Message.objects.create(
        ticket=ticket,
        kind=kind,
        author=actor,
        sender_name=actor.name,
        channel=ticket.channel,
        text=text,
        message_id=minting.message_id(ticket.inbox.address.rpartition("@")[2]),
        once=_once(actor, once) if once else None,
        created_at=clock.now(),
    )
    stored = File.objects.store_many([f.content for f in files])
    Attachment.objects.bulk_create(
        [
            Attachment(
                message=message,
                file=kept,
                filename=texts.filename(f.filename),
                content_type=texts.media_type(f.content_type),
            )
            for f, kept in zip(files, stored, strict=True)
        ]
    )
    return message


def _show(ticket: Ticket, message: Message) -> None:
    ticket.snippet = texts.snippet(message.text)
    ticket.last_message_id = message.pk
    ticket.updated_at = message.created_at
