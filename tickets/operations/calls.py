"""Calls: told by a telephone system, or written down by hand; and calling back.

A call that somebody answered is a question and its answer at once: `message.received` when it began, `message.replied`
by whoever took it. One that nobody answered waits for us, or for nobody, by who called.
"""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import draft, record, record_many
from helpdesk.models import Agent, Event
from tickets import texts
from tickets.channels.phone import adapter as phone
from tickets.channels.phone.numbers import clean_number
from tickets.channels.protocol import Called, Said
from tickets.models import (
    ChannelMessage,
    ContactPoint,
    Conversation,
    Customer,
    Inbox,
    Message,
    MessageKind,
    RawMessage,
    Status,
    Ticket,
    TicketType,
    workers_of,
)
from tickets.operations import locking, replying, sorting, status, talking, writing_down
from tickets.operations.status import NotPossible, must_work_in, must_work_tickets

Direction = Literal["in", "out"]
Outcome = Literal["answered", "missed", "voicemail"]
#: nobody talks for longer, and nobody writes down a call of longer ago
LONGEST = timedelta(hours=12)
OLDEST = timedelta(days=31)
#: a call back lies within
FURTHEST = timedelta(days=366)


# ---------------------------------------------------------------------- told by the telephone system


def take(inbox: Inbox, called: Called, raw: RawMessage) -> tuple[Message | None, bool]:
    """Put a call on the ticket of its customer's talk, or on a new one. Twice is once: (its message, is it new)."""
    said = called.said
    locking.hold(f"talk {inbox.pk} {said.thread}")
    known = ChannelMessage.objects.filter(inbox=inbox, identifier=said.identifier[:255]).first()
    if known is not None:
        return (talking.amend(known, said) if called.is_edit else known.message), False
    here = raw.received_at
    begun = min(max(called.answered_at or said.at or here, here - LONGEST), here)
    talk = talking.talk_of(inbox, said, begun)
    by = Agent.objects.active().filter(email__iexact=called.by).first() if called.by else None
    ticket, follows = talking.ticket_of(talk)
    is_new = ticket is None
    if ticket is None:
        ticket = talking.open_for(inbox, talk, replace(said, subject=said.subject or phone.words(_call(said))), begun,
                                  follows)  # fmt: skip
    message = _write(
        ticket, point=talk.point, by=by, at=begun, is_theirs=not said.is_ours, answered=called.answered_at is not None,
        text=said.text, is_new=is_new, said=said, raw=raw,
    )  # fmt: skip
    talking.remember(talk, ticket, message, said, begun)
    return message, True


def _call(said: Said) -> dict[str, Any]:
    return dict(said.facts.get("call") or {})


def _write(
    ticket: Ticket, *, point: ContactPoint | None, by: Agent | None, at: datetime, is_theirs: bool, answered: bool,
    text: str, is_new: bool, said: Said | None = None, raw: RawMessage | None = None, actor: Agent | None = None,
) -> Message:  # fmt: skip
    """The call as a message on its ticket, and what it does there."""
    kind = MessageKind.REPLY if answered else MessageKind.INCOMING if is_theirs else MessageKind.NOTE
    is_incoming = kind == MessageKind.INCOMING
    name = (point.customer.name if point else "") if is_incoming else by.name if by else _("Somebody of us")
    message = Message.objects.create(
        ticket=ticket, kind=kind, author=None if is_incoming else by, sender=point if is_incoming else None,
        sender_name=name, channel="phone", text=texts.clean(text), marks=["elsewhere"] if answered else [],
        matched_by="new" if is_new else "talk", created_at=at, raw=raw,
    )  # fmt: skip
    talking.enclose(message, said.files if said else ())
    drafts = [writing_down.created(ticket, actor=actor)] if is_new else []
    customer = point.customer_id if point else ticket.customer_id
    if is_theirs:
        drafts.append(
            draft(
                "message.received", ticket, actor=actor if is_incoming else None, at=at, message=message.pk,
                customer=customer, automated=False, channel="phone",
            )
        )  # fmt: skip
    drafts += _move(ticket, message, by, at, answered=answered, is_theirs=is_theirs)
    record_many(drafts, audiences=[ticket.ledger_audience] * len(drafts))
    return message


def _move(
    ticket: Ticket, message: Message, by: Agent | None, at: datetime, *, answered: bool, is_theirs: bool
) -> list[Event]:
    """What a call does to its ticket."""
    drafts: list[Event] = []
    was: dict[str, Any] = {
        "was_waiting_since": ticket.waiting_since.isoformat() if ticket.waiting_since else None,
        "was_snoozed_until": ticket.snoozed_until.isoformat() if ticket.snoozed_until else None,
        "was_last_message": ticket.last_message_id,
    }
    if (is_theirs or answered) and ticket.status not in (Status.OPEN, Status.SPAM):
        change = status.apply(ticket, Status.OPEN, clock.now())
        if change["was"] == Status.TRASH:
            drafts += writing_down.out_of_the_trash(ticket)
        else:
            drafts.append(draft(status.VERBS[Status.OPEN], ticket, actor=None, **change))
    ticket.updated_at = max(ticket.updated_at, at)
    if answered:
        ticket.waiting_since = None
        facts = {"message": message.pk, "automated": False, "elsewhere": True, **was}
        drafts.append(draft("message.replied", ticket, actor=by, at=at, **facts))
        if by is not None and ticket.assignee_id is None and workers_of(ticket.inbox_id).filter(pk=by.pk).exists():
            was_team, ticket.assignee = ticket.team_id, by
            drafts.append(
                draft(
                    "ticket.assigned", ticket, actor=by, at=at, agent=by.pk, team=was_team, was_agent=None,
                    was_team=was_team,
                )
            )  # fmt: skip
    elif is_theirs:
        ticket.snoozed_until = None
        if ticket.status == Status.OPEN:
            ticket.waiting_since = ticket.waiting_since or at
    else:
        drafts.append(draft("message.noted", ticket, actor=by, at=at, message=message.pk))
    if answered or is_theirs:
        ticket.last_message_id, ticket.snippet = message.pk, texts.snippet(message.text)
    ticket.save()
    return drafts


# ---------------------------------------------------------------------- written down by hand


@transaction.atomic
def log(
    *, actor: Agent, direction: Direction, outcome: Outcome, text: str = "", ticket: Ticket | None = None,
    customer: Customer | None = None, inbox: Inbox | None = None, number: str = "", seconds: int = 0,
    at: datetime | None = None, call_back_at: datetime | None = None, once: str = "",
) -> Message:  # fmt: skip
    """Write down a call the actor had or tried: on a ticket, or on a new one of a customer in an inbox.

    `call_back_at` makes the ticket a task that comes back then. `once` makes a repeat of the same form return the first
    message. Raises NotPossible for who does not work there, a number that is none, a time that lies ahead, and a call
    that was answered and of which nothing is told.
    """
    must_work_in(actor, ticket.inbox_id if ticket else inbox.pk if inbox else None)
    if done := replying.done_before(actor, once or None):
        return done
    now, text = clock.now(), texts.clean(text)
    at = at or now
    if not now - OLDEST <= at <= now:
        raise NotPossible(_("Choose when the call was: a time within the last month."))
    if outcome == "answered" and not text:
        raise NotPossible(_("Write down what was said."))
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise NotPossible(_("No call takes that long."))
    if call_back_at is not None:
        _must_be_ahead(call_back_at, now)
    if number and not (number := clean_number(number)):
        raise NotPossible(_("Write the number with its country's code, beginning with +."))
    call = {"direction": direction, "outcome": outcome, "seconds": seconds, "number": number}
    is_new = ticket is None
    if ticket is not None:
        ticket = Ticket.objects.locked(ticket.pk)
        status.must_be_here(ticket)
        if ticket.is_closed:
            raise NotPossible(_("This ticket is closed. A new call of the customer is a new ticket."))
        customer = ticket.customer
    elif customer is not None and customer.is_current and inbox is not None and inbox.is_active:
        ticket = _open(inbox, customer, text or phone.words(call), direction, outcome, at)
    else:
        raise NotPossible(_("Choose a customer and an inbox that is in use."))
    point = _point(customer, number, actor) if number else None
    message = _write(
        ticket, point=point, by=actor, actor=actor, at=at, is_theirs=direction == "in",
        answered=outcome == "answered", text=text or phone.words(call), is_new=is_new,
    )  # fmt: skip
    if not message.sender_name:
        message.sender_name = customer.name
    message.once = replying.drafting.once_key(actor, once) if once else None
    message.save(update_fields=["once", "sender_name"])
    ChannelMessage.objects.create(
        inbox_id=ticket.inbox_id, identifier=f"by hand {uuid.uuid4().hex}", message=message, facts={"call": call}
    )
    if call_back_at is not None:
        call_back(ticket, at=call_back_at, actor=actor)
    return message


def _open(
    inbox: Inbox, customer: Customer, subject: str, direction: Direction, outcome: Outcome, at: datetime
) -> Ticket:
    teams = list(inbox.teams.all()[:2])
    ticket = Ticket(
        inbox=inbox, customer=customer, channel="phone", created_at=at, updated_at=at,
        subject=texts.line(texts.snippet(subject), talking.SUBJECT), team=teams[0] if len(teams) == 1 else None,
        initiated_by="customer" if direction == "in" else "agent",
        type=TicketType.TASK if direction == "in" and outcome != "answered" else "",
    )  # fmt: skip
    ticket.save(force_insert=True)
    return ticket


def _point(customer: Customer, number: str, actor: Agent) -> ContactPoint | None:
    """The customer's number, kept if nobody has it; None where it is somebody else's as well: they share it."""
    locking.hold(f"from phone {number}")
    point = ContactPoint.objects.select_related("customer").filter(channel="phone", address=number).first()
    if point is not None:
        return point if point.customer_id == customer.pk else None
    point = ContactPoint.objects.create(customer=customer, channel="phone", address=number)
    record("customer.address_added", customer, actor=actor, point=point.pk, channel="phone")
    return point


@transaction.atomic
def call_back(ticket: Ticket, *, at: datetime, actor: Agent) -> Ticket:
    """Make a ticket a task that comes back when the customer is to be called. Raises NotPossible as snoozing does."""
    must_work_tickets(actor, ticket)
    _must_be_ahead(at, clock.now())
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.status != Status.OPEN:
        ticket = status.reopen(ticket, actor=actor)
    if ticket.type != TicketType.TASK:
        ticket = sorting.retype(ticket, to=TicketType.TASK, actor=actor)
    return status.snooze(ticket, until=at, actor=actor)


def _must_be_ahead(at: datetime, now: datetime) -> None:
    if not now < at <= now + FURTHEST:
        raise NotPossible(_("Choose a time to call back that is still to come, within a year."))


# ---------------------------------------------------------------------- answered on the other side


@transaction.atomic
def answered_there(talk: Conversation, ticket: Ticket, *, text: str, actor: Agent, once: str = "") -> Message:
    """Write down what the actor answered on the network itself, where nothing can be sent from here.

    It is an answer like any other: the customer waits no more. Raises NotPossible for who may not answer, a talk of
    another ticket, and no words.
    """
    replying.must_be_able_to_reply(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if done := replying.done_before(actor, once or None):
        return done
    status.must_be_here(ticket)
    text, at = texts.clean(text), clock.now()
    if not text:
        raise NotPossible(_("Write down what you answered."))
    if ticket.is_closed:
        raise NotPossible(_("This ticket is closed. A new message of the customer opens a new one."))
    if not ChannelMessage.objects.filter(conversation=talk, message__ticket=ticket).exists():
        raise NotPossible(_("That conversation is not on this ticket."))
    message = Message.objects.create(
        ticket=ticket, kind=MessageKind.REPLY, author=actor, sender_name=actor.name, channel=talk.inbox.channel,
        text=text, marks=["elsewhere"], created_at=at, once=replying.drafting.once_key(actor, once) if once else None,
    )  # fmt: skip
    drafts = _move(ticket, message, actor, at, answered=True, is_theirs=False)
    record_many(drafts, audiences=[ticket.ledger_audience] * len(drafts))
    ChannelMessage.objects.create(
        inbox=talk.inbox, identifier=f"by hand {uuid.uuid4().hex}", conversation=talk, message=message
    )
    return message
