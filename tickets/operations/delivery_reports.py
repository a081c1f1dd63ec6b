"""What became of a mail after the next server took it, and what people do about it."""

from datetime import timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.doorbell import ring
from helpdesk.failpoints import reach
from helpdesk.models import Agent
from tickets import minting
from tickets.models import ContactPoint, Delivery, DeliveryState, Message, OutgoingMail, Ticket
from tickets.operations.claims import mark_bouncing, show_undelivered, tell
from tickets.operations.status import NotPossible, must_answer_customers

#: how long a mail is tried
PATIENCE = {
    OutgoingMail.Purpose.REPLY: timedelta(days=5),
    OutgoingMail.Purpose.FORWARD: timedelta(days=5),
    OutgoingMail.Purpose.ACKNOWLEDGEMENT: timedelta(hours=24),
    OutgoingMail.Purpose.SURVEY: timedelta(hours=48),
    OutgoingMail.Purpose.NOTICE: timedelta(hours=48),
    OutgoingMail.Purpose.PROBE: timedelta(hours=24),
}
#: a person may order another attempt
RETRIABLE = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.UNCERTAIN)
#: a person may put another address in place
CORRECTABLE = (*RETRIABLE, DeliveryState.DELAYED)

Action = Literal["delivered", "delayed", "failed", "relayed", "expanded"]
#: which states a report may move, and to what. What was refused or came back may be reported as delivered after all by
#: nobody but the server that has it; what was delivered may still be sent back by a server behind that one.
_GONE_OUT = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)
_MOVES: dict[str, tuple[tuple[DeliveryState, ...], DeliveryState]] = {
    "delivered": ((*_GONE_OUT, DeliveryState.DELAYED, DeliveryState.FAILED), DeliveryState.DELIVERED),
    "delayed": (_GONE_OUT, DeliveryState.DELAYED),
    "failed": ((*_GONE_OUT, DeliveryState.DELAYED, DeliveryState.DELIVERED), DeliveryState.BOUNCED),
    # passed on to where no reports are made: it left, and that is all we shall hear
    "relayed": ((DeliveryState.SENDING, DeliveryState.UNCERTAIN), DeliveryState.SENT),
    "expanded": ((DeliveryState.SENDING, DeliveryState.UNCERTAIN), DeliveryState.SENT),
}
_VERBS = {
    DeliveryState.SENT: "message.sent",
    DeliveryState.DELIVERED: "message.delivered",
    DeliveryState.DELAYED: "message.delayed",
    DeliveryState.BOUNCED: "message.bounced",
}


@transaction.atomic
def reported(delivery: Delivery, *, action: Action, status_code: str = "", words: str = "") -> bool:
    """A server or a provider says what became of a delivery. True when that is news.

    A report may come before the attempt it speaks of was recorded: it proves that the mail left, and the attempt that
    ends later changes nothing any more. Reports that come twice, late or in the wrong order change nothing. No report
    opens a ticket or moves a clock. Writes the ticket's row (`has_undelivered`) itself.
    """
    delivery = _locked(delivery)
    before, after = _MOVES[action]
    if delivery.state not in before and not _ends_a_retry(delivery, action):
        return False
    now = clock.now()
    never_said = delivery.state in (DeliveryState.SENDING, DeliveryState.UNCERTAIN) and delivery.sent_at is None
    if never_said and after != DeliveryState.SENT:
        delivery.sent_at = now
        tell("message.sent", delivery)
    delivery.state, delivery.status_code = after, status_code[:10]
    delivery.answer = words[:1000] or delivery.answer
    delivery.sent_at = delivery.sent_at or now
    delivery.lease, delivery.transmitting = None, False
    delivery.settled_at = now if after in (DeliveryState.DELIVERED, DeliveryState.BOUNCED) else None
    delivery.save(update_fields=["state", "status_code", "answer", "sent_at", "lease", "transmitting", "settled_at"])
    tell(_VERBS[after], delivery, status=delivery.status_code)
    show_undelivered(delivery)
    if after == DeliveryState.BOUNCED:
        mark_bouncing(delivery, delivery.status_code, words)
    elif after == DeliveryState.DELIVERED:
        _arrives(delivery)
    return True


def _ends_a_retry(delivery: Delivery, action: Action) -> bool:
    """The server that put us off delivered all the same: then it is not sent again."""
    return action == "delivered" and delivery.state == DeliveryState.QUEUED and delivery.attempts > 0


def _arrives(delivery: Delivery) -> None:
    ContactPoint.objects.filter(channel="email", address=delivery.recipient.lower(), is_bouncing=True).update(
        is_bouncing=False, bounced_at=None, bounce_reason=""
    )


def _locked(delivery: Delivery) -> Delivery:
    """The delivery as it is now, ours until the transaction ends; its ticket is locked before it."""
    if number := delivery.mail.ticket_id:
        Ticket.objects.select_for_update(of=("self",), no_key=True).filter(pk=number).first()
    fresh = Delivery.objects.select_for_update(of=("self",)).select_related("mail__ticket", "mail__inbox")
    return fresh.get(pk=delivery.pk)


@transaction.atomic
def retry(delivery: Delivery, *, actor: Agent | None) -> Delivery:
    """Send it once more to the same address, under the same Message-ID, because a person says so.

    Ordering it twice is ordering it once. Raises NotPossible for what is on its way, arrived or was put right.
    """
    _must_reply(actor, delivery)
    delivery = _locked(delivery)
    if delivery.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
        return delivery
    if delivery.state not in RETRIABLE or delivery.corrected_by_id:
        raise NotPossible(_("There is nothing to send again here."))
    now = clock.now()
    delivery.state, delivery.attempts, delivery.due_at = DeliveryState.QUEUED, 0, now
    delivery.give_up_at = now + PATIENCE[OutgoingMail.Purpose(delivery.mail.purpose)]
    delivery.answer = delivery.status_code = delivery.provider_id = ""
    delivery.settled_at, delivery.transmitting = None, False
    delivery.save()
    tell("message.retried", delivery, actor=actor)
    show_undelivered(delivery)
    ring_for_delivery()
    return delivery


@transaction.atomic
def correct(delivery: Delivery, *, address: str, actor: Agent | None, remember: bool = True) -> Delivery:
    """Send the same mail, under the same Message-ID, to the address that was meant. Returns the new delivery.

    With `remember` the address becomes one of the customer's, unless it is somebody's already; a participant's is
    replaced. Correcting twice alike is correcting once. Raises NotPossible where there is nothing to correct.
    """
    _must_reply(actor, delivery)
    address = _an_address(address)
    delivery = _locked(delivery)
    if delivery.mail.conversation_id:
        raise NotPossible(_("An answer on this channel goes to the conversation; there is no address to correct."))
    if delivery.corrected_by is not None and delivery.corrected_by.recipient == address:
        return delivery.corrected_by
    if delivery.state not in CORRECTABLE or delivery.corrected_by_id:
        raise NotPossible(_("There is nothing to correct here."))
    if address == delivery.recipient.lower():
        raise NotPossible(_("That is the address it was sent to. To try it once more, send it again."))
    now, mail = clock.now(), delivery.mail
    patience = PATIENCE[OutgoingMail.Purpose(mail.purpose)]
    given: dict[str, Any] = {"token": minting.token(), "due_at": now, "give_up_at": now + patience}
    # who gets it already does not get it twice
    new, _made = Delivery.objects.get_or_create(mail=mail, recipient=address, defaults=given)
    delivery.corrected_by, delivery.settled_at = new, now
    delivery.save(update_fields=["corrected_by", "settled_at"])
    _address_anew(mail, delivery.recipient, address)
    if remember and mail.ticket:
        _remember(mail.ticket, delivery.recipient, address)
    tell("message.corrected", delivery, actor=actor, to=new.pk)
    show_undelivered(delivery)
    ring_for_delivery()
    return new


def _an_address(text: str) -> str:
    address = text.strip().lower()
    try:
        EmailValidator()(address)
    except ValidationError:
        raise NotPossible(_("That is not an address mail can be sent to.")) from None
    return address


def _address_anew(mail: OutgoingMail, old: str, new: str) -> None:
    """Every list of recipients that named the old address names the new one in its place."""
    for column in ("to", "cc", "bcc"):
        named = [new if a.lower() == old.lower() else a for a in getattr(mail, column)]
        setattr(mail, column, list(dict.fromkeys(named)))
    mail.save(update_fields=["to", "cc", "bcc"])
    if mail.said_id:
        Message.objects.filter(pk=mail.said_id).update(to=mail.to, cc=mail.cc, bcc=mail.bcc)


def _remember(ticket: Ticket, old: str, new: str) -> None:
    taken = ContactPoint.objects.filter(channel="email", address=new).exists()
    if ticket.customer.contact_points.filter(channel="email", address=old.lower()).exists() and not taken:
        ContactPoint.objects.bulk_create(
            [ContactPoint(customer=ticket.customer, channel="email", address=new)], ignore_conflicts=True
        )
    if not ticket.participants.filter(address__iexact=new).exists():
        ticket.participants.filter(address__iexact=old).update(address=new)


def _must_reply(actor: Agent | None, delivery: Delivery) -> None:
    if delivery.mail.ticket is not None:
        must_answer_customers(actor, delivery.mail.ticket)


def ring_for_delivery(delay: timedelta = timedelta(0)) -> None:
    """After the commit, ask a worker to send what is due; `delay` after it, where nothing is due before."""
    from tickets.tasks import deliver

    transaction.on_commit(lambda: reach("out.tx_committed"))
    transaction.on_commit(lambda: ring(deliver, after=delay), robust=True)
