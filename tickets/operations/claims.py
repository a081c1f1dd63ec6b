"""Whose turn it is to send what, and how the attempt ended.

    queued -> sending -> sent | failed | queued again (later) | uncertain

A delivery is claimed by a conditional update that commits before anybody connects. `transmitting` commits before the
mail is ended with its dot; a worker that dies after that leaves the delivery `uncertain`, never silently repeated.
Who lost the lease neither sends nor settles.
"""

import random
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from helpdesk import clock
from helpdesk.events import record
from helpdesk.failpoints import reach
from helpdesk.models import Agent
from tickets import delivery_words
from tickets.models import ContactPoint, Delivery, DeliveryState, OutgoingMail, OutgoingServer, Ticket

#: waits between attempts, then every two hours, a fifth more or less
RETRY_MINUTES = (1, 5, 15, 30, 60)
LATER_MINUTES, JITTER = 120, 0.2
#: after that many failures the next attempt comes when half an hour has passed: people are told once
TOLD_AFTER = 4
#: renewed while the work goes on, so that the death of a worker is noticed soon
LEASE = timedelta(seconds=60)
#: what people wrote; it goes out first, and shows on the ticket when it does not arrive
WRITTEN = (OutgoingMail.Purpose.REPLY, OutgoingMail.Purpose.FORWARD)
_TROUBLED = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.UNCERTAIN)


def servers_with_work() -> list[int | None]:
    """The outgoing servers somebody's mail is due for, by id; None is the one of EMAIL_URL. Paused ones rest."""
    due = _due(clock.now()).values_list("mail__inbox__outgoing_server", flat=True)
    return list(due.order_by().distinct())


def _due(now: datetime) -> QuerySet[Delivery]:
    """What may be sent now, of the inboxes whose server is not paused."""
    resting = OutgoingServer.objects.filter(paused_until__gt=now).values("inbox_id")
    due = Delivery.objects.filter(state=DeliveryState.QUEUED, due_at__lte=now, mail__conversation=None)
    return due.exclude(mail__inbox_id__in=resting)


def _locked(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return deliveries.select_for_update(skip_locked=True, of=("self",)).only("pk", "mail_id")


@transaction.atomic
def claim(limit: int, *, server: int | None = None, lease: uuid.UUID | None = None) -> list[Delivery]:
    """Take up to `limit` due deliveries, what people wrote first; nobody else gets them while the lease lasts.

    With a `lease`, those of one `server` (as `servers_with_work` names it), and none while somebody else's lease on
    that server is alive: a server that hangs holds up one worker and no more. All due recipients of a mail come
    together.
    """
    now = clock.now()
    due = _due(now)
    if lease is not None:
        due = due.filter(mail__inbox__outgoing_server=server)
        taken = Delivery.objects.filter(state=DeliveryState.SENDING, lease_until__gte=now)
        if taken.filter(mail__inbox__outgoing_server=server).exclude(lease=lease).exists():
            return []
    first = Case(When(mail__purpose__in=WRITTEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = list(_locked(due).order_by(first, "due_at", "pk")[:limit])
    companions = _due(now).filter(mail_id__in={d.mail_id for d in found}).exclude(pk__in=[d.pk for d in found])
    ids = [delivery.pk for delivery in [*found, *_locked(companions).order_by("pk")]]
    if ids:
        reach("out.undo_elapsed")
    Delivery.objects.filter(pk__in=ids).update(
        state=DeliveryState.SENDING, lease=lease or uuid.uuid4(), lease_until=now + LEASE, attempts=F("attempts") + 1,
        transmitting=False,
    )  # fmt: skip
    claimed = Delivery.objects.filter(pk__in=ids).select_related("mail__inbox", "mail__said", "mail__ticket")
    return list(claimed.order_by("due_at", "pk"))


def renew(lease: uuid.UUID) -> int:
    """Say that the work under this lease goes on. Returns how many deliveries it still holds."""
    held = Delivery.objects.filter(state=DeliveryState.SENDING, lease=lease)
    return held.update(lease_until=clock.now() + LEASE)


def hand_back(delivery: Delivery, *, until: datetime | None = None) -> bool:
    """Give up one's turn before anything was tried. False when the lease was lost.

    With `until`, the delivery rests till then; that time does not count towards giving up.
    """
    change: dict[str, Any] = {"state": DeliveryState.QUEUED, "lease": None, "attempts": F("attempts") - 1}
    if until:
        change |= {"due_at": until, "give_up_at": F("give_up_at") + max(until - clock.now(), timedelta(0))}
    return bool(_mine(delivery).update(**change))


def begin_transmission(delivery: Delivery) -> bool:
    """Say that the mail is about to be ended. False when the lease was lost meanwhile: then do not send."""
    return bool(_mine(delivery).update(transmitting=True, lease_until=clock.now() + LEASE))


@transaction.atomic
def sent(delivery: Delivery, answer: str, *, provider_id: str = "") -> bool:
    """The next server took it. False when the lease was lost."""
    now = clock.now()
    if not _mine(delivery).update(
        state=DeliveryState.SENT, sent_at=now, lease=None, transmitting=False, answer=answer[:1000],
        status_code=delivery_words.status_in(answer), provider_id=provider_id[:255],
    ):  # fmt: skip
        return False
    tell("message.sent", delivery)
    return True


@transaction.atomic
def refused(delivery: Delivery, answer: str, *, for_good: bool, status_code: str = "") -> bool:
    """The next server did not take it: try again later, or give up and say so. False when the lease was lost."""
    now = clock.now()
    due = now + timedelta(minutes=_wait(delivery.attempts))
    change: dict[str, Any] = {"state": DeliveryState.QUEUED, "due_at": due}
    is_over = for_good or due > delivery.give_up_at
    status_code = status_code or delivery_words.status_in(answer)
    if is_over:
        _lock_ticket(delivery)
        change = {"state": DeliveryState.FAILED, "settled_at": now}
    if not _mine(delivery).update(
        lease=None, transmitting=False, answer=answer[:1000], status_code=status_code, **change
    ):
        return False
    if is_over:
        tell("message.failed", delivery, status=status_code)
        show_undelivered(delivery)
        mark_bouncing(delivery, status_code, answer)
    elif delivery.attempts == TOLD_AFTER:
        tell("message.delayed", delivery, status=status_code)
    return True


def _wait(attempts: int) -> float:
    """Minutes until the next attempt after so many failures."""
    if attempts <= len(RETRY_MINUTES):
        return RETRY_MINUTES[max(attempts, 1) - 1]
    return LATER_MINUTES * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - only that not all come at once


@transaction.atomic
def unknowable(delivery: Delivery, why: str) -> bool:
    """The mail went out and no answer came: it may or may not have arrived. A person is shown it."""
    _lock_ticket(delivery)
    change = {"state": DeliveryState.UNCERTAIN, "lease": None, "answer": why[:1000], "settled_at": clock.now()}
    if not _mine(delivery).update(**change):
        return False
    tell("message.uncertain", delivery)
    show_undelivered(delivery)
    return True


def recover(now: datetime | None = None) -> int:
    """Settle deliveries whose worker died: before the mail was ended they are queued again, after it uncertain."""
    at = now or clock.now()
    lost = Delivery.objects.select_related("mail__ticket", "mail__inbox").filter(
        state=DeliveryState.SENDING, lease_until__lt=at
    )
    return sum(_recover(delivery, at) for delivery in list(lost))


@transaction.atomic
def _recover(delivery: Delivery, at: datetime) -> bool:
    _lock_ticket(delivery)
    if not _mine(delivery).select_for_update(skip_locked=True).filter(lease_until__lt=at).exists():
        return False
    if delivery.transmitting:
        return unknowable(delivery, "The sending process ended before the answer came.")
    change = {"state": DeliveryState.QUEUED, "lease": None, "due_at": clock.now()}
    return bool(_mine(delivery).update(**change))


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(Q(pk=delivery.pk, state=DeliveryState.SENDING, lease=delivery.lease))


def _lock_ticket(delivery: Delivery) -> None:
    """A ticket is always locked before its deliveries, so that nobody waits for somebody who waits for them."""
    if delivery.mail.ticket_id:
        Ticket.objects.select_for_update(of=("self",), no_key=True).filter(pk=delivery.mail.ticket_id).first()


def tell(verb: str, delivery: Delivery, *, actor: Agent | None = None, **facts: Any) -> None:
    """Record what became of a delivery, on its ticket where it has one."""
    mail = delivery.mail
    record(
        verb, mail.ticket or mail.inbox, actor=actor,
        message=mail.said_id, delivery=delivery.pk, mail=mail.pk, purpose=mail.purpose, **facts,
    )  # fmt: skip


def undelivered() -> QuerySet[Delivery]:
    """What people wrote and did not arrive, or may not have, and nobody put right."""
    return Delivery.objects.filter(mail__purpose__in=WRITTEN, state__in=_TROUBLED, corrected_by=None)


def show_undelivered(delivery: Delivery) -> None:
    """Write to the ticket's row whether anything on it did not arrive."""
    if number := delivery.mail.ticket_id:
        has = undelivered().filter(mail__ticket=number).exists()
        Ticket.objects.filter(pk=number).exclude(has_undelivered=has).update(has_undelivered=has)


def mark_bouncing(delivery: Delivery, status_code: str, words: str) -> None:
    """Remember of an address that it takes no mail, where that is what the answer says."""
    if delivery_words.is_about_the_mailbox(status_code):
        ContactPoint.objects.filter(channel="email", address=delivery.recipient.lower(), is_bouncing=False).update(
            is_bouncing=True, bounced_at=clock.now(), bounce_reason=delivery_words.line(words)
        )
