"""Mail on its way out: rows first, then claimed, then sent, and honest where nobody can know.

    queued -> sending -> sent | failed | queued again (later) | uncertain

A delivery is claimed by a conditional update that commits before anybody connects. `transmitting` commits before the
content goes out; a worker that dies after that leaves the delivery `uncertain`, never silently repeated.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from helpdesk import clock
from helpdesk.events import record
from helpdesk.failpoints import reach
from tickets import minting, texts
from tickets.models import Delivery, DeliveryState, Inbox, Message, OutgoingMail, Ticket

#: waits between attempts, then every two hours
RETRY_MINUTES = (1, 5, 15, 30, 60)
LEASE = timedelta(minutes=15)
REPLY_PATIENCE = timedelta(days=5)
SURVEY_PATIENCE = timedelta(hours=48)


def references(answered: Message | None) -> list[str]:
    """The References of an answer: those of the mail answered, then itself; the middle pruned beyond 20."""
    if answered is None or not answered.message_id:
        return []
    ids = [*answered.references, answered.message_id]
    return ids if len(ids) <= 20 else [ids[0], *ids[-19:]]


def enqueue_reply(message: Message) -> OutgoingMail | None:
    """The mail of an agent's reply: to the customer, and to participants an agent confirmed. None without address."""
    ticket = message.ticket
    to = recipients(ticket)
    if not to:
        return None
    confirmed = list(ticket.participants.filter(is_confirmed=True).values_list("address", flat=True))
    cc = [address for address in confirmed if address not in to]
    subject = texts.line(ticket.subject)
    mail = OutgoingMail.objects.create(
        inbox=ticket.inbox,
        ticket=ticket,
        said=message,
        purpose=OutgoingMail.Purpose.REPLY,
        message_id=message.message_id,
        to=to,
        cc=cc,
        subject=subject if subject.lower().startswith("re:") else f"Re: {subject}"[:300],
        in_reply_to=message.in_reply_to,
        references=message.references,
        text=message.text,
    )
    Message.objects.filter(pk=message.pk).update(to=to, cc=cc)
    _deliver_to(mail, [*to, *cc], REPLY_PATIENCE)
    return mail


def recipients(ticket: Ticket) -> list[str]:
    """Who an answer goes to: the address the customer last wrote from, else their first address."""
    points = ticket.customer.contact_points.filter(channel="email")
    last = (
        ticket.messages.filter(kind="incoming", sender__customer=ticket.customer, sender__channel="email")
        .order_by("-created_at", "-id")
        .values_list("sender__address", flat=True)
        .first()
    )
    address = last or points.values_list("address", flat=True).first()
    return [address] if address else []


@transaction.atomic
def enqueue(
    *, inbox: Inbox, ticket: Ticket | None, to: str, subject: str, text: str, html: str = "",
    purpose: OutgoingMail.Purpose, headers: dict[str, str] | None = None, due_at: datetime | None = None,
) -> OutgoingMail:  # fmt: skip
    """A mail of our own accord (a survey), to one address. `headers` are added as they are."""
    mail = OutgoingMail.objects.create(
        inbox=inbox,
        ticket=ticket,
        purpose=purpose,
        message_id=minting.message_id(inbox.address.rpartition("@")[2]),
        to=[to],
        subject=texts.line(subject),
        text=text,
        html=html,
        headers=headers or {},
    )
    _deliver_to(mail, [to], SURVEY_PATIENCE, due_at)
    return mail


def _deliver_to(mail: OutgoingMail, addresses: Sequence[str], patience: timedelta, due: datetime | None = None) -> None:
    due = due or clock.now()
    Delivery.objects.bulk_create(
        [Delivery(mail=mail, recipient=a, due_at=due, give_up_at=due + patience) for a in dict.fromkeys(addresses)]
    )
    from helpdesk.doorbell import ring
    from tickets.tasks import deliver

    transaction.on_commit(lambda: reach("out.tx_committed"))
    transaction.on_commit(lambda: ring(deliver), robust=True)


@transaction.atomic
def claim(limit: int) -> list[Delivery]:
    """Take up to `limit` due deliveries; nobody else gets them while the lease lasts."""
    now = clock.now()
    ids = list(
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(state=DeliveryState.QUEUED, due_at__lte=now)
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    if ids:
        reach("out.undo_elapsed")
    Delivery.objects.filter(pk__in=ids).update(
        state=DeliveryState.SENDING, lease=uuid.uuid4(), lease_until=now + LEASE, attempts=F("attempts") + 1,
        transmitting=False,
    )  # fmt: skip
    return list(Delivery.objects.filter(pk__in=ids).select_related("mail__inbox", "mail__said", "mail__ticket"))


def hand_back(delivery: Delivery) -> bool:
    """Give up one's turn before anything was tried. False when the lease was lost."""
    change = {"state": DeliveryState.QUEUED, "lease": None, "attempts": F("attempts") - 1}
    return bool(_mine(delivery).update(**change))


def begin_transmission(delivery: Delivery) -> bool:
    """Say that the content is about to go out. False when the lease was lost meanwhile: then do not send."""
    return bool(_mine(delivery).update(transmitting=True, lease_until=clock.now() + LEASE))


@transaction.atomic
def sent(delivery: Delivery, answer: str) -> bool:
    """The next server took it. False when the lease was lost."""
    now = clock.now()
    if not _mine(delivery).update(state=DeliveryState.SENT, sent_at=now, lease=None, answer=answer[:1000]):
        return False
    _tell("message.sent", delivery)
    return True


@transaction.atomic
def refused(delivery: Delivery, answer: str, *, for_good: bool) -> bool:
    """The next server did not take it: try again later, or give up and say so."""
    now = clock.now()
    wait = RETRY_MINUTES[delivery.attempts - 1] if delivery.attempts <= len(RETRY_MINUTES) else 120
    due = now + timedelta(minutes=wait)
    if for_good or due > delivery.give_up_at:
        change: dict[str, Any] = {"state": DeliveryState.FAILED}
    else:
        change = {"state": DeliveryState.QUEUED, "due_at": due}
    if not _mine(delivery).update(lease=None, transmitting=False, answer=answer[:1000], **change):
        return False
    if change["state"] == DeliveryState.FAILED:
        _tell("message.failed", delivery)
    return True


@transaction.atomic
def unknowable(delivery: Delivery, why: str) -> bool:
    """The content went out and no answer came: it may or may not have arrived. A person is shown it."""
    if not _mine(delivery).update(state=DeliveryState.UNCERTAIN, lease=None, answer=why[:1000]):
        return False
    _tell("message.uncertain", delivery)
    return True


@transaction.atomic
def recover(now: datetime | None = None) -> int:
    """Settle deliveries whose worker died: before the content went out they are queued again, after it uncertain."""
    lost = list(
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("mail__ticket", "mail__inbox")
        .filter(state=DeliveryState.SENDING, lease_until__lt=now or clock.now())
    )
    for delivery in lost:
        if delivery.transmitting:
            unknowable(delivery, "The sending process ended before the answer came.")
        else:
            _mine(delivery).update(state=DeliveryState.QUEUED, lease=None, due_at=clock.now())
    return len(lost)


def _mine(delivery: Delivery):  # type: ignore[no-untyped-def]
    return Delivery.objects.filter(Q(pk=delivery.pk, state=DeliveryState.SENDING, lease=delivery.lease))


def _tell(verb: str, delivery: Delivery) -> None:
    mail = delivery.mail
    record(
        verb, mail.ticket or mail.inbox, actor=None,
        message=mail.said_id, delivery=delivery.pk, mail=mail.pk, purpose=mail.purpose,
    )  # fmt: skip
