"""Asking somebody else about a ticket. It moves no clock of the ticket, and its customer sees none of it."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import quoted_history, texts
from tickets.models import Attachment, Draft, Message, MessageKind, SideConversation, Ticket
from tickets.operations import drafting, recipients, sending
from tickets.operations.enclosing import Enclosure, Upload
from tickets.operations.recipients import Chosen
from tickets.operations.replying import NO_DELAY, done_before, must_be_able_to_reply, must_have_seen, write
from tickets.operations.status import NotPossible


@transaction.atomic
def forward(
    ticket: Ticket, *, message: Message, text: str, html: str = "", to: Chosen, actor: Agent, subject: str = "",
    attachments: Sequence[Attachment] = (), files: Sequence[Upload] = (), enclosures: Sequence[Enclosure] = (),
    once: str | None = None, seen: int | None = None, draft: int | None = None, delay: timedelta = NO_DELAY,
) -> Message:  # fmt: skip
    """Pass a message of the ticket on to a third party, in full, with an introduction and some of its files.

    A message of a talk aside goes on within that talk. Repeats, `seen`, `draft` and `delay` are as in
    `replying.reply`. Raises NotPossible without anybody in To, or when the customer is among them.
    """
    must_be_able_to_reply(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if done := done_before(actor, once):
        return done
    if message.ticket_id != ticket.pk or message.kind == MessageKind.NOTE or message.withdrawn_at:
        raise NotPossible(_("That message cannot be passed on."))
    must_have_seen(ticket, seen, actor)
    chosen = _third_parties(ticket, to)
    goes_on = message.side
    subject = texts.line(subject) or (goes_on.subject if goes_on else default_subject(message))
    whole = "" if goes_on else drafting.joined(texts.clean(text), quoted_history.in_full(message).text)
    at = clock.now()
    side = goes_on or SideConversation.objects.create(ticket=ticket, subject=subject, created_by=actor, created_at=at)
    whole = drafting.joined(texts.clean(text), quoted_history.in_full(message).text) if goes_on is None else ""
    said = write(
        ticket, MessageKind.FORWARD, text, actor, once, files, [*enclosures, *_enclosed(attachments, message)], at=at,
        side=side, full_text=whole, html=html,
    )  # fmt: skip
    said.subject = subject
    if goes_on is not None:
        said.in_reply_to, said.references = message.message_id, sending.references(message)
    said.save(update_fields=["subject", "in_reply_to", "references"])
    side.addresses = list(dict.fromkeys([*side.addresses, *(a.lower() for a in chosen.everybody)]))
    side.save(update_fields=["addresses"])
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=at)
    record("message.forwarded", ticket, actor=actor, at=at, message=said.pk, side=side.pk, passed_on=message.pk)
    sending.enqueue_forward(
        said,
        to=list(chosen.to),
        cc=list(chosen.cc),
        bcc=list(chosen.bcc),
        subject=subject,
        delay=delay,
        original=message if goes_on is None else None,
    )
    if draft is not None:
        drafting.consume(ticket, actor, Draft.Kind.FORWARD, draft, text)
    return said


def default_subject(message: Message) -> str:
    """What a forward of this message is called."""
    subject = texts.line(message.subject or message.ticket.subject)
    return subject if subject.lower().startswith(("fwd:", "fw:", "wg:")) else f"Fwd: {subject}".strip()[:300]


def _third_parties(ticket: Ticket, to: Chosen) -> Chosen:
    """Whom it goes to, checked: somebody, and never the customer, who would see what is said aside."""
    chosen = recipients.check(to)
    if not chosen.to:
        raise NotPossible(_("Say whom to forward it to."))
    theirs = set(ticket.customer.contact_points.filter(channel="email").values_list("address", flat=True))
    for address in chosen.everybody:
        if address.lower() in theirs:
            raise NotPossible(
                _("%(address)s is the customer's own address. Write them a reply instead.") % {"address": address}
            )
    return chosen


def _enclosed(attachments: Sequence[Attachment], message: Message) -> list[Enclosure]:
    return [Enclosure(one.file, one.filename, one.content_type) for one in attachments if one.message_id == message.pk]
