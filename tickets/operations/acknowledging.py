"""Saying that a message arrived: once, to who wrote it, and never to a machine.

The message that opens a ticket is acknowledged where its inbox does so, by the way it came: a mail by mail, what was
said in a private talk in that talk. To an address nobody vouches for the mail says nothing the sender could have
chosen, so that we carry nobody's words to a stranger.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from psycopg.types.numeric import Int8

from helpdesk import clock, statements
from helpdesk.events import history, record
from tickets import acknowledgements, minting
from tickets.acknowledgements import About, Written
from tickets.channels import directory
from tickets.models import AcknowledgementText, Inbox, Message, MessageKind, OutgoingMail
from tickets.operations import budget, loops, posting, sending
from tickets.operations.status import NotPossible

#: what came before that is answered by people alone: no storm after an outage
FRESH = timedelta(hours=24)
PURPOSE = OutgoingMail.Purpose.ACKNOWLEDGEMENT
#: a Message-ID that says nothing to people: a stranger is shown no other
_PLAIN_ID = re.compile(r"[A-Za-z0-9._%+=$-]{1,120}@[A-Za-z0-9.-]{1,100}\Z")
_VERBS = ("message.acknowledged", "message.unacknowledged")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message is acknowledged: `reason` says why not, in a word of `acknowledgements.REASONS`.

    `is_silent` where nobody would ask: it opened no ticket, or it was here before we came.
    """

    reason: str = ""
    is_silent: bool = False
    #: the talk it goes into; None goes by mail
    route: "posting.Route | None" = None


#: of these messages those that opened a ticket where that is done: very few of all that are heard of
_OPENINGS = """
    SELECT m.id FROM tickets_message m
    JOIN tickets_ticket t ON t.number = m.ticket_id
    JOIN tickets_inbox i ON i.id = t.inbox_id
    WHERE m.id = ANY(%s) AND m.kind = 'incoming' AND i.acknowledges AND NOT i.is_quiet
        AND NOT EXISTS (SELECT FROM tickets_message WHERE ticket_id = m.ticket_id AND id < m.id)
"""


@transaction.atomic(savepoint=False)
def acknowledge_all(pks: Iterable[int]) -> int:
    """Acknowledge those of these messages that opened a ticket where that is done. Returns how many that made."""
    with statements.cursor() as cursor:
        cursor.execute(_OPENINGS, [[Int8(pk) for pk in pks]])
        openings = [pk for (pk,) in cursor.fetchall()]
    if not openings:
        return 0
    messages = list(_messages().filter(pk__in=openings).order_by("pk"))
    # all at once and in one order, so that two workers never wait for each other in a circle
    budget.lock_all((message.sender.channel, message.sender.address) for message in messages if message.sender)
    floods = loops.floods(clock.now())
    return sum(acknowledge(message, floods=floods) is not None for message in messages)


def _messages():  # type: ignore[no-untyped-def]
    """Messages with what is asked of them, and without the megabytes."""
    return Message.objects.select_related("ticket__inbox__calendar", "ticket__customer", "sender", "raw").defer(
        "html", "raw__content"
    )


@transaction.atomic
def acknowledge(message: Message, *, floods: loops.Floods | None = None) -> OutgoingMail | None:
    """Tell the sender that their message arrived and by when we answer, or record why not. Twice is once.

    Nothing is recorded where the inbox acknowledges nothing, or the message opened no ticket.
    """
    at, ticket, inbox = clock.now(), message.ticket, message.ticket.inbox
    if not inbox.acknowledges or inbox.is_quiet:
        return None
    address, channel = (message.sender.address, message.sender.channel) if message.sender else ("", "email")
    budget.lock([address], channel=channel)
    if _is_settled(message):
        return None
    floods = loops.floods(at) if floods is None else floods
    verdict = decide(message, at=at)
    if verdict.is_silent:
        return None
    source = floods.source_of(address) if channel == "email" else ""
    if source:
        loops.raise_alarm(inbox, source, tickets=floods.tickets[source], at=at)
    written = compose(message, at=at)
    reason = (
        verdict.reason
        or ("flood" if source else "")
        or _misfit(verdict.route, written)
        or _was_told(verdict.route, at)
        or budget.draw(address, PURPOSE, at=at, channel=channel)
    )
    if reason:
        record("message.unacknowledged", ticket, actor=None, at=at, message=message.pk, reason=reason)
        return None
    if verdict.route is not None and verdict.route.talk is not None:
        mail = posting.write(
            verdict.route.talk, ticket=ticket, text=written.text, purpose=PURPOSE,
            message_id=minting.message_id(inbox.mail_domain),
        )  # fmt: skip
    else:
        mail = _enqueue(message, address, written)
    record("message.acknowledged", ticket, actor=None, at=at, message=message.pk, mail=mail.pk)
    return mail


def carries(inbox: Inbox) -> bool:
    """Whether acknowledgements can go out by the channel of an inbox: not where nothing is sent from here."""
    if inbox.is_of_mail:
        return True
    if inbox.channel not in directory.every():
        return False
    can = directory.of(inbox.channel).can
    return can.carries_links and not can.is_read_only


def _misfit(route: "posting.Route | None", written: Written) -> str:
    """Why the words do not go into this talk as they are, in a word."""
    try:
        if route is not None:
            posting.must_fit(route, written.text, ())
    except NotPossible:
        return "too_long"
    return ""


def _is_settled(message: Message) -> bool:
    """Whether this message was decided before. The lock on its sender's budget makes the answer last."""
    return any(event.facts.get("message") == message.pk for event in history(message.ticket_id, _VERBS))


def decide(message: Message, *, at: datetime) -> Verdict:
    """Whether a message is one to acknowledge, whatever its inbox's switch and its sender's budget say. Only looks."""
    raw, sender = message.raw, message.sender
    if message.kind != MessageKind.INCOMING or message.ticket.is_removed or _has_earlier(message):
        return Verdict(is_silent=True)
    opened = history(message.ticket_id, ["ticket.created"]).first()
    if (raw is not None and raw.is_history) or (opened is not None and opened.facts.get("imported")):
        return Verdict(is_silent=True)
    if opened is not None and opened.actor_id is not None:
        return Verdict("agent")
    if at - ((raw.arrived_at if raw else None) or message.created_at) > FRESH:
        return Verdict("old")
    if message.is_automated:
        return Verdict("automated")
    if message.authentication == "fail":
        return Verdict("unauthenticated")
    if sender is None:
        return Verdict("no_address")
    if sender.channel != "email":
        return _decide_in_talk(message)
    if reason := budget.never(sender.address):
        return Verdict(reason)
    if sender.is_bouncing:
        return Verdict("bouncing")
    # a form takes any address: only where its owner once proved it to be theirs is it theirs here too
    if raw is None and not sender.is_verified:
        return Verdict("anonymous")
    return Verdict(loops.machine(raw, message.text) if raw is not None else "")


def _decide_in_talk(message: Message) -> Verdict:
    """Whether what was said in a talk is acknowledged there: where it is private and open."""
    sender = message.sender
    talk = next((row.conversation for row in message.abroad.select_related("conversation") if row.conversation), None)
    if sender is not None and directory.of(sender.channel).can.answers_by_mail:
        return Verdict("anonymous")  # as below: a form takes any address
    if sender is None or talk is None or not carries(message.ticket.inbox):
        return Verdict("no_way")
    if talk.is_public:
        return Verdict("public")
    if sender.is_bouncing:
        return Verdict("bouncing")
    route = next((one for one in posting.routes(message.ticket) if one.talk and one.talk.pk == talk.pk), None)
    if route is None or route.closed:
        return Verdict("closed")
    return Verdict(route=route)


def _was_told(route: "posting.Route | None", at: datetime) -> str:
    """Whether a talk was told so within a day, in a word."""
    if route is None or route.talk is None:
        return ""
    told = OutgoingMail.objects.filter(conversation=route.talk, purpose=PURPOSE, created_at__gt=at - budget.DAY)
    return "told" if told.exists() else ""


def _has_earlier(message: Message) -> bool:
    return Message.objects.filter(ticket=message.ticket_id, pk__lt=message.pk).exists()


def compose(message: Message, *, at: datetime) -> Written:
    """The words that acknowledge a message, in its sender's language."""
    ticket = message.ticket
    prepared = texts_of(ticket.inbox)
    language = acknowledgements.language_for(ticket.customer.language, message.text, prepared)
    about = About(
        ticket.number, message.created_at, message.subject, is_vouched=message.authentication == "pass",
        is_talk=message.sender is not None and message.sender.channel != "email",
    )  # fmt: skip
    return acknowledgements.write(ticket.inbox, about, language, prepared, at=at)


def texts_of(inbox: Inbox) -> dict[str, AcknowledgementText]:
    """The texts an inbox has of its own, by language."""
    return {text.language: text for text in inbox.acknowledgement_texts.order_by("language")}


def _enqueue(message: Message, address: str, written: Written) -> OutgoingMail:
    mail = sending.enqueue(
        inbox=message.ticket.inbox,
        ticket=message.ticket,
        to=address,
        subject=written.subject,
        text=written.text,
        html=written.html,
        purpose=PURPOSE,
    )
    if message.authentication == "pass":
        mail.in_reply_to, mail.references = message.message_id, sending.references(message)
    elif _PLAIN_ID.match(message.message_id):
        mail.in_reply_to, mail.references = message.message_id, [message.message_id]
    mail.save(update_fields=["in_reply_to", "references"])
    return mail


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of a ticket that came in lately, if the inbox acknowledged."""

    message: Message
    reason: str


def rehearse(inbox: Inbox, *, at: datetime, most: int = 20) -> Sequence[Tried]:
    """What the latest new tickets of the last 24 hours would get, newest first. Only looks, and sends nothing."""
    first = ~Exists(Message.objects.filter(ticket=OuterRef("ticket"), pk__lt=OuterRef("pk")))
    newest = inbox.tickets.filter(created_at__gt=at - FRESH).order_by("-number").values("pk")[:most]
    messages = list(_messages().filter(first, ticket__in=list(newest.values_list("pk", flat=True))).order_by("pk"))
    taken: set[str] = set()
    tried = []
    for message in messages:
        verdict = decide(message, at=at)
        if verdict.is_silent:
            continue
        key = budget.key_on(message.sender.channel, message.sender.address) if message.sender else ""
        reason = verdict.reason
        if not reason and key in taken:
            reason = "spent"
        if not reason:
            taken.add(key)
        tried.append(Tried(message, reason))
    return tried[::-1]
