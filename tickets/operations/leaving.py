"""A chat whose visitor left: where to reach them, what goes there by mail, and that they left.

What they did not see goes to their address, gathered; what they answer there stands in the widget when they come back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from tickets import texts
from tickets.models import (
    ChannelMessage,
    ContactPoint,
    Inbox,
    Message,
    MessageKind,
    OutgoingMail,
    Participant,
    Ticket,
    Visitor,
)
from tickets.operations import budget, chatting, locking, participants, sending
from tickets.operations.status import NotPossible

#: who has no browser connected for so long, and no address to go on to, left
LEFT = timedelta(minutes=3)
#: answers are gathered until nothing was added for so long, or the first has waited so long
GATHER, GATHER_AT_MOST = timedelta(minutes=1), timedelta(minutes=5)
#: answers older than that are mailed no more
WRITTEN_FOR = timedelta(days=7)
TRANSCRIPT_EVERY = timedelta(hours=24)


# ---------------------------------------------------------------------- where to reach them


@transaction.atomic
def leave_address(visitor: Visitor, address: str) -> None:
    """Answers go there once they left. What the site signed stays. Raises NotPossible for what is no address of theirs.

    It proves nothing: it joins them to nobody and opens nobody's history to them.
    """
    if visitor.is_email_vouched:
        return
    address = must_be_reachable(address)
    if address != visitor.email:
        visitor.email, visitor.mailed_to = address, max(visitor.mailed_to, visitor.seen_to)
        Visitor.objects.filter(pk=visitor.pk).update(email=visitor.email, mailed_to=visitor.mailed_to)


def must_be_reachable(address: str) -> str:
    """An address as we write to it. Raises NotPossible for what is none, for machines, and for our own."""
    address = texts.line(address, 320).strip()
    local, at, domain = address.rpartition("@")
    if not (local and at and "." in domain) or any(one.isspace() for one in address) or budget.never(address):
        raise NotPossible(_("This is no e-mail address we can write to."))
    return address


def mail_unseen(*, at: datetime | None = None) -> int:
    """Send who is away the answers they have not seen, gathered in one mail. Returns how many mails that were."""
    now = at or clock.now()
    visitor = "conversation__visitor__"
    unseen = ChannelMessage.objects.filter(
        message__outgoing__conversation=F("conversation"), message__created_at__gt=now - WRITTEN_FOR,
        pk__gt=Greatest(F(f"{visitor}seen_to"), F(f"{visitor}mailed_to")),
        **{f"{visitor}here_at__lt": now - chatting.AWAY},
    )  # fmt: skip
    late = unseen.exclude(**{f"{visitor}email": ""}).order_by().values_list(f"{visitor}pk", flat=True).distinct()
    return sum(_mail_unseen(pk, now) for pk in late)


@transaction.atomic
def _mail_unseen(pk: int, now: datetime) -> bool:
    ticket = _ticket_of(pk)
    visitor = Visitor.objects.select_for_update(of=("self",)).select_related("talk", "inbox").get(pk=pk)
    is_here = visitor.here_at >= now - chatting.AWAY
    if is_here or visitor.talk is None or visitor.inbox.mailing is None or ticket is None:
        return False
    unseen = chatting.shown(visitor.talk).filter(pk__gt=max(visitor.seen_to, visitor.mailed_to))
    rows = unseen.filter(message__kind=MessageKind.REPLY)
    rows = rows.filter(message__outgoing__conversation=visitor.talk)  # what went by mail is there already
    waiting = list(rows.select_related("message__outgoing"))
    if not waiting:
        return False
    sent = [row.message.created_at for row in waiting if row.message]
    if max(sent) > now - GATHER and min(sent) > now - GATHER_AT_MOST:
        return False
    let_speak(visitor, ticket)
    with translation.override(visitor.language or None):
        mail = sending.enqueue(
            inbox=visitor.inbox, ticket=ticket, to=visitor.email, purpose=OutgoingMail.Purpose.REPLY,
            subject=_("Our answer to your chat with %(company)s") % {"company": company(visitor.inbox)},
            text=_answers([row.message for row in waiting if row.message], _sender(visitor.inbox)),
        )  # fmt: skip
    Visitor.objects.filter(pk=pk).update(mailed_to=waiting[-1].pk)
    record("chat.mailed", ticket, actor=None, mail=mail.pk, messages=[row.message_id for row in waiting])
    return True


def company(inbox: Inbox) -> str:
    """As whom customers know us: an inbox may be called Chat, which says nothing to them."""
    named = inbox.brand or (inbox.mailing and inbox.mailing.brand)
    if named:
        return named.name
    return inbox.sender_name or (_sender(inbox.mailing) if inbox.mailing else inbox.name)


def _sender(inbox: Inbox) -> str:
    return inbox.sender_name or inbox.name


def _answers(said: Sequence[Message], sender: str) -> str:
    parts = [f"{one.sender_name or sender}:\n{one.text}{_files(one)}" for one in said]
    parts.append(_("You can answer this mail, or go on in the chat where you began it."))
    return "\n\n".join(parts)


def _files(message: Message) -> str:
    names = [one.filename for one in message.attachments.all()]
    return "".join(f"\n[{name}]" for name in names) + ("\n" + _("(The files are in the chat.)") if names else "")


def let_speak(visitor: Visitor, ticket: Ticket) -> None:
    """Who reads the mail may answer it: an address nobody has becomes the visitor's, unverified; another takes part."""
    address = visitor.email.lower()
    point = ContactPoint.objects.filter(channel="email", address=address).first()
    if point is None:
        point = ContactPoint.objects.create(customer=ticket.customer, channel="email", address=address)
        record("customer.address_added", ticket.customer, actor=None, point=point.pk, channel="email", by="chat")
    if point.customer_id == ticket.customer_id:
        return
    if not Participant.objects.filter(ticket=ticket, address=address, is_confirmed=True).exists():
        participants.add(ticket, address=visitor.email, actor=None)


def join_mail(message: Message) -> None:
    """A mail on a chat's ticket that the visitor wrote or got is part of their talk, and stands in the widget, too."""
    for visitor in Visitor.objects.filter(talk__ticket=message.ticket_id).select_related("talk"):
        if _is_theirs(visitor, message):
            _add(visitor, message)


def _is_theirs(visitor: Visitor, message: Message) -> bool:
    if message.kind == MessageKind.INCOMING:
        return message.sender is not None and message.sender.address == visitor.email.lower()
    return visitor.email.lower() in {one.lower() for one in message.to}


@transaction.atomic
def _add(visitor: Visitor, message: Message) -> None:
    assert visitor.talk is not None
    locking.hold(f"talk {visitor.inbox_id} {visitor.thread}")
    row, is_new = ChannelMessage.objects.get_or_create(
        inbox_id=visitor.inbox_id, identifier=f"mail {message.pk}",
        defaults={"conversation": visitor.talk, "message": message, "facts": {"by_mail": True}},
    )  # fmt: skip
    if is_new:
        if message.kind == MessageKind.INCOMING:  # they answered what we mailed: they have seen it
            chatting.saw(visitor, visitor.mailed_to)
        chatting.tell(visitor.talk.pk, row.pk)


@transaction.atomic
def mail_transcript(visitor: Visitor) -> bool:
    """Send the talk to the visitor's address, once a day, and only where one of us took part.

    Part of the budget of what nobody vouched for: a stranger's address gets one mail a day, whoever types it (T10).
    """
    locked = Visitor.objects.select_for_update(of=("self",)).select_related("talk", "inbox").get(pk=visitor.pk)
    now = clock.now()
    rows = list(chatting.shown(locked.talk)) if locked.talk else []
    answered = any(row.message and row.message.author_id for row in rows)
    is_due = locked.transcript_at is None or locked.transcript_at <= now - TRANSCRIPT_EVERY
    if not (locked.email and answered and is_due and locked.inbox.mailing and locked.talk and locked.talk.ticket_id):
        return False
    if budget.draw(locked.email, OutgoingMail.Purpose.NOTICE, at=now):
        return False
    with translation.override(locked.language or None):
        sending.enqueue(
            inbox=locked.inbox, ticket=Ticket.objects.get(pk=locked.talk.ticket_id), to=locked.email,
            purpose=OutgoingMail.Purpose.NOTICE,
            subject=_("Your chat with %(inbox)s") % {"inbox": _sender(locked.inbox)},
            text="\n\n".join(_line(row.message, locked) for row in rows[-500:] if row.message),
        )  # fmt: skip
    Visitor.objects.filter(pk=locked.pk).update(transcript_at=now)
    return True


def _line(message: Message, visitor: Visitor) -> str:
    who = _sender(visitor.inbox) if message.kind == MessageKind.REPLY else visitor.name or _("You")
    who = message.sender_name or who if message.kind == MessageKind.REPLY else who
    return f"{who}, {message.created_at:%Y-%m-%d %H:%M} UTC:\n{message.text}{_files(message)}"


# ---------------------------------------------------------------------- who left


def see_who_left(*, at: datetime | None = None) -> int:
    """Say of whom no browser is connected any more, once a stay. Returns of how many that was said."""
    now = at or clock.now()
    gone = Visitor.objects.filter(left_at=None, here_at__lt=now - LEFT, talk__ticket__isnull=False)
    return sum(_leave(pk, now) for pk in gone.values_list("pk", flat=True)[:500])


@transaction.atomic
def _leave(pk: int, now: datetime) -> bool:
    ticket = _ticket_of(pk)
    visitor = Visitor.objects.select_for_update(of=("self",)).get(pk=pk)
    if visitor.left_at is not None or visitor.here_at >= now - LEFT:
        return False
    Visitor.objects.filter(pk=pk).update(left_at=visitor.here_at)
    if ticket is None or ticket.is_resolved or ticket.is_closed:
        return False
    facts: Mapping[str, Any] = {"by_mail": True} if visitor.email else {}
    record("chat.left", ticket, actor=None, at=visitor.here_at, visitor=visitor.pk, **facts)
    return True


def _ticket_of(visitor: int) -> Ticket | None:
    """The ticket their talk is on now, locked: before the visitor, as everywhere."""
    number = Visitor.objects.filter(pk=visitor).values_list("talk__ticket", flat=True).first()
    for _hop in range(20):
        ticket = Ticket.objects.locked(number) if number else None
        if ticket is None or ticket.merged_into_id is None:
            return ticket
        number = ticket.merged_into_id
    return None
