"""Answering, and noting among ourselves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.failpoints import reach
from helpdesk.models import Agent, Event
from helpdesk.prepared import insert, update
from tickets import mentions, minting, rich_text, texts
from tickets.models import Draft, Message, MessageKind, SideConversation, Status, Ticket
from tickets.operations import (
    acting,
    drafting,
    enclosing,
    following,
    network_templates,
    participants,
    posting,
    recipients,
    sending,
    status,
)
from tickets.operations.acting import Act
from tickets.operations.enclosing import Enclosure, Upload
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible, must_answer_customers

__all__ = ["SomethingNew", "Upload", "add_note", "reply"]

NO_DELAY = timedelta(0)
MOST_ACTS = 12


class SomethingNew(NotPossible):
    """Others wrote since the writer looked; `messages` is what they have not seen."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        super().__init__(_("Something new arrived while you wrote. Nothing was sent yet."))


@transaction.atomic
def reply(
    ticket: Ticket, *, text: str, html: str = "", actor: Agent, once: str | None = None, files: Sequence[Upload] = (),
    enclosures: Sequence[Enclosure] = (), to: Chosen | None = None, answers: Message | None = None, then: str = "",
    seen: int | None = None, draft: int | None = None, delay: timedelta = NO_DELAY, acts: Sequence[Act] = (),
    via: str = "", template: dict[str, Any] | None = None,
) -> Message:  # fmt: skip
    """Answer the customer; what goes out is a row in the same transaction, due after `delay`.

    `html` is what the editor wrote, where that says more than `text` (see `rich_text.read`). `once` makes a repeat of
    the same request return the first message. `to` is who gets it, by default whoever the answered message says; an
    agent who includes somebody new thereby lets them take part. `then="resolve"` resolves the ticket with it, `acts`
    are done with it. `via` is the way it goes (a key of `posting.routes`), by default the way the answered message
    came; `template` (its `key`, and the words for its `places`) is sent instead of free words where a network takes
    those no more, and where there are none. `seen` is the last
    message the writer saw: what others wrote since holds the answer. `draft` is the version of the actor's draft it was
    written from, which is gone with it. An unassigned ticket becomes the actor's, a resolved one is opened.

    Raises SomethingNew; NotPossible for an empty text, recipients nobody can write to, a closed ticket, an answer that
    was taken back, or who may not reply.
    """
    must_be_able_to_reply(actor, ticket)
    reach("out.clicked")
    ticket = Ticket.objects.locked(ticket.pk)
    if done := done_before(actor, once):
        return done
    status.must_be_here(ticket)
    if ticket.is_closed:
        raise NotPossible(_("This ticket is closed. A new message of the customer opens a new one."))
    if then == "resolve":
        status.must_be_answered(ticket)
    must_have_seen(ticket, seen, actor)
    at = clock.now()
    answered = answers if answers is not None else recipients.answered_by(ticket)
    route = posting.route_to(ticket, answered, via)
    if route is not None and route.talk is not None and route.talk.inbox_id == ticket.inbox_id:
        ticket.inbox = route.talk.inbox
    chosen = recipients.decide(ticket, answered, to) if route is None else Chosen()
    words = text
    if template is not None and route is not None and (route.is_late or not texts.clean(text)):
        words, template = network_templates.filled(route.templates, template)
        html = ""
    else:
        template = None
    channel = route.kind if route is not None else ticket.channel if ticket.inbox.is_of_mail else "email"
    message = write(
        ticket, MessageKind.REPLY, words, actor, once, files, enclosures, at=at, html=html, channel=channel,
        in_reply_to=answered.message_id if answered else "", references=sending.references(answered),
    )  # fmt: skip
    if route is not None:
        _must_fit(message, route, template, has_files=bool(files or enclosures or html))
    _move(ticket, message, answered, actor, at, then)
    if route is not None and route.talk is not None:
        posting.enqueue(message, route.talk, delay=delay, template=template)
        mail = None
    else:
        participants.include(ticket, chosen, actor=actor, message=message)
        mail = sending.enqueue_reply(message, to=list(chosen.to), cc=list(chosen.cc), bcc=list(chosen.bcc), delay=delay)
    if mail is not None:
        message.refresh_from_db(fields=["to", "cc", "bcc"])
    act_with(message, acts, actor)
    if draft is not None:
        # the free words that a template went instead of were not sent, and stay
        sent = (draft, text) if template is None else (-1, "")
        drafting.consume(ticket, actor, Draft.Kind.REPLY, *sent)
    return message


def _must_fit(message: Message, route: posting.Route, template: dict[str, Any] | None, *, has_files: bool) -> None:
    """Raise NotPossible where its way does not take the answer."""
    files = message.attachments.values_list("filename", "content_type", "file__size") if has_files else ()
    posting.must_fit(route, message.text, list(files), template=template is not None)


def _move(ticket: Ticket, message: Message, answered: Message | None, actor: Agent, at: datetime, then: str) -> None:
    """What an answer does to its ticket. All its events bear the same instant, so that it can be taken back whole."""
    was: dict[str, Any] = {
        "was_waiting_since": ticket.waiting_since.isoformat() if ticket.waiting_since else None,
        "was_snoozed_until": ticket.snoozed_until.isoformat() if ticket.snoozed_until else None,
        "was_last_message": ticket.last_message_id,
        "answers": answered.pk if answered else None,
    }
    if ticket.is_resolved:
        change = status.apply(ticket, Status.OPEN, at)
        record(status.VERBS[Status.OPEN], ticket, actor=actor, at=at, **change)
    ticket.waiting_since = None
    record("message.replied", ticket, actor=actor, at=at, message=message.pk, automated=False, **was)
    ticket.snippet = texts.snippet(message.text)
    ticket.last_message_id = message.pk
    ticket.updated_at = at
    if ticket.assignee_id is None:
        was_team = ticket.team_id
        ticket.assignee = actor
        record(
            "ticket.assigned", ticket, actor=actor, at=at,
            agent=actor.pk, team=was_team, was_agent=None, was_team=was_team,
        )  # fmt: skip
    if then == "resolve":
        change = status.apply(ticket, Status.RESOLVED, at)
        record(status.VERBS[Status.RESOLVED], ticket, actor=actor, at=at, **change)
    update(ticket)


@transaction.atomic
def add_note(
    ticket: Ticket, *, text: str, html: str = "", actor: Agent, once: str | None = None, files: Sequence[Upload] = (),
    enclosures: Sequence[Enclosure] = (), draft: int | None = None, acts: Sequence[Act] = (),
) -> Message:  # fmt: skip
    """Write for the team's eyes only. No clock hears it. Colleagues it names with @ follow the ticket from now on.

    Raises NotPossible for an empty text.
    """
    ticket = Ticket.objects.locked(ticket.pk)
    if done := done_before(actor, once):
        return done
    message = write(ticket, MessageKind.NOTE, text, actor, once, files, enclosures, at=clock.now(), html=html)
    ticket.updated_at = message.created_at
    ticket.save(update_fields=["updated_at"])
    named = [agent for agent in mentions.named_in(message.text, ticket) if agent.pk != actor.pk]
    facts = {"mentions": [agent.pk for agent in named]} if named else {}
    record("message.noted", ticket, actor=actor, at=message.created_at, message=message.pk, **facts)
    for agent in named:
        following.follow(ticket, agent=agent, actor=actor)
    act_with(message, acts, actor)
    if draft is not None:
        drafting.consume(ticket, actor, Draft.Kind.NOTE, draft, text)
    return message


def act_with(message: Message, acts: Sequence[Act], actor: Agent) -> None:
    """Do what goes with a message of ours, all or none of it; part of sending it, on a locked ticket.

    One event names what the acts recorded, so that the message is taken back with all of it.
    """
    if not acts:
        return
    if len(acts) > MOST_ACTS:
        raise NotPossible(_("At most %(most)s actions go with one message.") % {"most": MOST_ACTS})
    ticket = Ticket.objects.get(pk=message.ticket_id)
    before = Event.objects.filter(stream_id=ticket.number).order_by("-id").values_list("id", flat=True).first() or 0
    known = [acting.clean(act) for act in acts]
    for act in known:
        ticket = acting.perform(ticket, act, actor=actor)
    done = Event.objects.filter(stream_id=ticket.number, id__gt=before).order_by("id").values_list("id", flat=True)
    record("message.acted", ticket, actor=actor, message=message.pk, acts=known, events=list(done))


def must_be_able_to_reply(actor: Agent, ticket: Ticket) -> None:
    """Raise NotPossible for who only reads and notes here."""
    must_answer_customers(actor, ticket)


def must_have_seen(ticket: Ticket, seen: int | None, actor: Agent) -> None:
    """Raise SomethingNew when others wrote since the writer looked; None looks at nothing."""
    if seen is None:
        return
    fresh = ticket.messages.filter(pk__gt=seen, is_automated=False, withdrawn_at=None).exclude(author=actor)
    if messages := list(fresh.select_related("author", "sender").order_by("created_at", "pk")):
        raise SomethingNew(messages)


def done_before(actor: Agent, once: str | None) -> Message | None:
    """What an earlier request with this key wrote."""
    if not once:
        return None
    done = Message.objects.filter(once=drafting.once_key(actor, once)).first()
    if done is not None and done.withdrawn_at:
        raise NotPossible(_("This was sent and taken back; its text is in your draft."))
    return done


def write(
    ticket: Ticket, kind: MessageKind, text: str, actor: Agent, once: str | None, files: Sequence[Upload] = (),
    enclosures: Sequence[Enclosure] = (), *, at: datetime, side: SideConversation | None = None, full_text: str = "",
    html: str = "", channel: str = "", in_reply_to: str = "", references: Sequence[str] = (),
) -> Message:  # fmt: skip
    """A message of ours with its files, on a locked ticket; its operation records it. Raises NotPossible."""
    text = texts.clean(text)
    if not text and not files and not enclosures and not full_text:
        raise NotPossible(_("There is nothing to send yet."))
    if len(text) > drafting.MOST_TEXT or len(html) > rich_text.MOST:
        raise NotPossible(_("That is too long: a message has at most 200,000 characters."))
    message = Message(
        ticket=ticket,
        kind=kind,
        author=actor,
        sender_name=actor.name,
        channel=channel or ticket.channel,
        in_reply_to=in_reply_to,
        references=list(references),
        text=text,
        full_text=full_text,
        side=side,
        message_id=minting.message_id(ticket.inbox.mail_domain),
        once=drafting.once_key(actor, once) if once else None,
        created_at=at,
    )
    insert(message)
    html = rich_text.clean(html)
    enclosing.put_on(message, files, enclosures, html)
    if html:
        shown = message.attachments.filter(is_inline=True).values_list("filename", "content_id")
        message.html = rich_text.in_message(html, dict(shown))
        message.save(update_fields=["html"])
    return message
