"""Mail on its way out: rows first, then claimed, then sent, and honest where nobody can know.

A mail's identity and content are fixed here, in the transaction of what it says, and its recipients each get a delivery
with a token of its own. Whose turn it is to send: `claims`. What became of it, and what people do then:
`delivery_reports`. Both are called through this module.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from textwrap import shorten

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import File
from tickets import minting, quoted_history, signatures, texts
from tickets.channels import directory
from tickets.models import (
    Conversation,
    Delivery,
    DeliveryState,
    Inbox,
    MailPicture,
    Message,
    MessageKind,
    OutgoingMail,
    Ticket,
)
from tickets.operations.claims import (
    LEASE,
    begin_transmission,
    claim,
    hand_back,
    recover,
    refused,
    renew,
    sent,
    servers_with_work,
    tell,
    undelivered,
    unknowable,
)
from tickets.operations.delivery_reports import (
    CORRECTABLE,
    PATIENCE,
    RETRIABLE,
    Action,
    correct,
    reported,
    retry,
    ring_for_delivery,
)
from tickets.operations.status import NotPossible

__all__ = [
    "CORRECTABLE", "LEASE", "RETRIABLE", "Action", "begin_transmission", "cancel", "claim", "correct", "enqueue",
    "enqueue_forward", "enqueue_reply", "hand_back", "recipients", "recover", "references", "refused",
    "renew", "reported", "retry", "sent", "servers_with_work", "tell", "undelivered", "unknowable",
]  # fmt: skip

_Purpose = OutgoingMail.Purpose
#: what a machine says of its own mail (RFC 3834): other machines do not answer it
_AUTOMATIC = {
    _Purpose.ACKNOWLEDGEMENT: "auto-replied",
    _Purpose.SURVEY: "auto-generated",
    _Purpose.NOTICE: "auto-generated",
    _Purpose.PROBE: "auto-generated",
}
#: an answer to these is an answer to us
_ANSWERED = (_Purpose.REPLY, _Purpose.FORWARD, _Purpose.ACKNOWLEDGEMENT)
MOST_REFERENCES = 20


def references(answered: Message | None) -> list[str]:
    """The References of an answer: those of the mail answered, then itself; the middle pruned beyond 20."""
    if answered is None or not answered.message_id:
        return []
    return _pruned([*answered.references, answered.message_id])


def _pruned(ids: Sequence[str]) -> list[str]:
    return list(ids) if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]]


def recipients(ticket: Ticket, *, said: Sequence[Message] | None = None) -> list[str]:
    """Who an answer goes to: the address the customer last wrote from, else their first that takes mail.

    Who wrote on a channel that is answered by mail, and has no address of their own, is reached where they said.

    `said` are the ticket's messages with their senders, oldest first, where they are at hand.
    """
    last = _last_written_from(ticket) if said is None else _last_among(ticket, said)
    if last and not last[1]:
        return [last[0]]
    points = ticket.customer.contact_points.filter(channel="email")
    good = points.filter(is_bouncing=False).order_by("-id" if last else "id").values_list("address", flat=True).first()
    address = good or (last[0] if last else points.values_list("address", flat=True).first())
    address = address or claimed(ticket)
    return [address] if address else []


def claimed(ticket: Ticket) -> str:
    """The address a form was given, which nobody proved."""
    channel = directory.every().get(ticket.channel)
    if channel is None or not channel.can.answers_by_mail:
        return ""
    talks = Conversation.objects.filter(messages__message__ticket=ticket, inbox__channel=ticket.channel)
    said = talks.filter(facts__claimed__has_key="email").order_by("-heard_at")
    return str(said.values_list("facts__claimed__email", flat=True).first() or "")


def _last_written_from(ticket: Ticket) -> tuple[str, bool] | None:
    """The address the customer last wrote from, and whether mail to it bounces."""
    theirs = ticket.messages.filter(kind="incoming", sender__customer=ticket.customer, sender__channel="email")
    return theirs.order_by("-created_at", "-id").values_list("sender__address", "sender__is_bouncing").first()


def _last_among(ticket: Ticket, said: Sequence[Message]) -> tuple[str, bool] | None:
    for one in reversed(said):
        sender = one.sender if one.kind == "incoming" else None
        if sender is not None and sender.customer_id == ticket.customer_id and sender.channel == "email":
            return sender.address, sender.is_bouncing
    return None


def enqueue_reply(
    message: Message, *, to: Sequence[str] | None = None, cc: Sequence[str] | None = None, bcc: Sequence[str] = (),
    delay: timedelta = timedelta(0),
) -> OutgoingMail | None:  # fmt: skip
    """The mail of an agent's reply, written down for good: identity, signature, history and recipients.

    Without `to` it goes to the customer, without `cc` to the participants an agent confirmed too. None when nobody is
    left to send it to. It rests for `delay`, so that it can be taken back.
    """
    ticket = message.ticket
    if cc is None:
        cc = list(ticket.participants.filter(is_confirmed=True).values_list("address", flat=True)) if to is None else []
    lists = _each_once(recipients(ticket) if to is None else to, cc, bcc)
    if not any(lists):
        return None
    subject = texts.line(ticket.subject) or _instead_of_subject(ticket, [one for some in lists for one in some])
    subject = subject if subject.lower().startswith("re:") else f"Re: {subject}".strip()
    quoted = quoted_history.of(message, [a for addresses in lists for a in addresses])
    return _enqueue_said(
        message, _Purpose.REPLY, lists, subject, quoted, delay,
        in_reply_to=message.in_reply_to, references=_pruned(message.references),
    )  # fmt: skip


def _instead_of_subject(ticket: Ticket, readers: Sequence[str]) -> str:
    """Who wrote a mail without a subject knows the answer by their own first words; others get the number alone."""
    first = ticket.messages.filter(kind=MessageKind.INCOMING).select_related("sender").order_by("pk").first()
    writer = first.sender.address if first and first.sender and first.channel == "email" else None
    words = texts.line(first.text) if first and [address.lower() for address in readers] == [writer] else ""
    whole = shorten(words, 60, placeholder="…")
    return (whole if whole != "…" else words[:60]) or f"[#{ticket.number}]"


def enqueue_forward(
    message: Message, *, to: Sequence[str], cc: Sequence[str] = (), bcc: Sequence[str] = (), subject: str,
    delay: timedelta = timedelta(0), original: Message | None = None,
) -> OutgoingMail:  # fmt: skip
    """The mail that passes something on to somebody else, with the original quoted in full below.

    The original is `original`, else the message this one names in `in_reply_to`, else the latest the customer wrote.
    A further mail in the same side conversation answers what was said there and quotes nothing again. Raises
    NotPossible without a recipient.
    """
    lists = _each_once(to, cc, bcc)
    if not any(lists):
        raise NotPossible(_("Say to whom it shall go."))
    aside = _aside(message)
    if original is None and aside is None:
        original = _original(message)
    quoted = quoted_history.in_full(original) if original else quoted_history.NOTHING
    return _enqueue_said(
        message, _Purpose.FORWARD, lists, texts.line(subject), quoted, delay,
        in_reply_to=aside.message_id if aside else "", references=references(aside),
    )  # fmt: skip


def _aside(message: Message) -> Message | None:
    """What was last said in the side conversation this message goes on with."""
    if message.side_id is None:
        return None
    return Message.objects.filter(side=message.side_id).exclude(pk=message.pk).order_by("created_at", "pk").last()


def _original(message: Message) -> Message | None:
    said = Message.objects.filter(ticket=message.ticket_id).exclude(pk=message.pk).order_by("created_at", "pk")
    named = said.filter(message_id=message.in_reply_to).last() if message.in_reply_to else None
    return named or said.filter(kind=MessageKind.INCOMING, is_automated=False).last()


def _enqueue_said(
    message: Message, purpose: OutgoingMail.Purpose, lists: tuple[list[str], list[str], list[str]], subject: str,
    quoted: quoted_history.Quoted, delay: timedelta, *, in_reply_to: str, references: list[str],
) -> OutgoingMail:  # fmt: skip
    ticket, (to, cc, bcc) = message.ticket, lists
    mailing = ticket.inbox.mailing
    if mailing is None:
        raise NotPossible(
            _("No mail goes out from this inbox: an admin says in its settings through which one it does.")
        )
    mail = OutgoingMail.objects.create(
        inbox=mailing,
        ticket=ticket,
        said=message,
        purpose=purpose,
        message_id=message.message_id,
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=_reply_address(mailing, message.message_id),
        subject=subject[:300],
        in_reply_to=in_reply_to,
        references=references,
        text=message.text,
        html=message.html,
        signature=signatures.render(ticket.inbox, message.author, ticket),
        quoted_text=quoted.text,
        quoted_html=quoted.html,
    )
    message.to, message.cc, message.bcc = to, cc, bcc
    Message.objects.filter(pk=message.pk).update(to=to, cc=cc, bcc=bcc)
    _deliver_to(mail, [*to, *cc, *bcc], clock.now() + delay, delay)
    return mail


@transaction.atomic
def enqueue(
    *, inbox: Inbox, ticket: Ticket | None, to: str, subject: str, text: str, html: str = "",
    purpose: OutgoingMail.Purpose, headers: Mapping[str, str] | None = None, due_at: datetime | None = None,
    reply_to: str = "", pictures: Mapping[str, tuple[str, bytes]] | None = None,
) -> OutgoingMail:  # fmt: skip
    """A mail of our own accord (a survey, an acknowledgement, a notice, a probe), to one address.

    What a machine's mail must say of itself is added; `headers` are added as they are and win. `pictures` are those a
    notice's HTML shows by `cid:`: their names and PNG bytes by their ids.
    """
    inbox = inbox.mailing or Inbox.objects.active().of_mail().order_by("pk").first() or inbox
    message_id = minting.message_id(inbox.mail_domain)
    mail = OutgoingMail.objects.create(
        inbox=inbox,
        ticket=ticket,
        purpose=purpose,
        message_id=message_id,
        to=[to],
        reply_to=reply_to or (_reply_address(inbox, message_id) if purpose in _ANSWERED else ""),
        subject=texts.line(subject),
        text=text,
        html=html,
        headers={**_of_a_machine(purpose, message_id), **(headers or {})},
    )
    if pictures:
        files = File.objects.store_many([content for _name, content in pictures.values()])
        MailPicture.objects.bulk_create(
            MailPicture(mail=mail, file=file, filename=name, content_id=cid)
            for (cid, (name, _content)), file in zip(pictures.items(), files, strict=True)
        )
    due = due_at or clock.now()
    _deliver_to(mail, [to], due, max(due - clock.now(), timedelta(0)))
    return mail


def _of_a_machine(purpose: OutgoingMail.Purpose, message_id: str) -> dict[str, str]:
    """Headers that keep machines from answering each other, and tell ourselves when one of ours comes back."""
    if purpose not in _AUTOMATIC:
        return {}
    return {
        "Auto-Submitted": _AUTOMATIC[purpose],
        "X-Auto-Response-Suppress": "All",
        "X-Helpdesk-Loop": message_id.partition("@")[0],
    }


def _reply_address(inbox: Inbox, message_id: str) -> str:
    """Where answers find their ticket whatever became of the Message-ID; only on a domain of our own."""
    token = message_id.partition("@")[0]
    if not settings.MAIL_REPLY_DOMAIN or not minting.is_token(token):
        return ""
    return minting.signed_address(inbox, "reply", token)


def _each_once(*lists: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """To, Cc and Bcc with every address in the first of them that names it."""
    seen: set[str] = set()
    kept: list[list[str]] = []
    for addresses in lists:
        kept.append([])
        for address in addresses:
            address = texts.line(address, 320)
            if address and address.lower() not in seen:
                seen.add(address.lower())
                kept[-1].append(address)
    to, cc, bcc = kept
    return to, cc, bcc


def _deliver_to(mail: OutgoingMail, addresses: Sequence[str], due: datetime, delay: timedelta) -> None:
    give_up = due + PATIENCE[_Purpose(mail.purpose)]
    Delivery.objects.bulk_create(
        [
            Delivery(mail=mail, recipient=address, due_at=due, give_up_at=give_up, token=minting.token())
            for address in addresses
        ]
    )
    ring_for_delivery(delay)


@transaction.atomic
def cancel(mail: OutgoingMail) -> bool:
    """Take a mail back before anybody began to send it. True iff nobody had, and it was not taken back before.

    Undoing wins over sending when it comes before the claim, and loses after it: the rows' locks decide.
    """
    rows = list(Delivery.objects.select_for_update(of=("self",)).filter(mail=mail).order_by("pk"))
    if not rows or any(row.state != DeliveryState.QUEUED or row.attempts for row in rows):
        return False
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=DeliveryState.CANCELLED, settled_at=clock.now()
    )
    return True
