"""Test mails that inboxes send to themselves, through whatever all their mail goes through."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent, Slot
from tickets import minting
from tickets.channels.email import diagnosis
from tickets.models import Inbox, InboxHealth, OutgoingMail
from tickets.operations import health as heartbeat
from tickets.operations import sending
from tickets.operations.status import must_work_in

SUBJECT = "Test mail of the helpdesk"


def is_due(inbox: Inbox, health: InboxHealth, now: datetime) -> bool:
    """Whether the inbox should send itself the next one.

    While one is on its way no other follows until its time is over, and none at all while it has not even left.
    """
    if not inbox.probe_minutes or not inbox.is_active or not inbox.is_of_mail:
        return False
    sent = health.probe_sent_at
    if sent is None:
        return True
    if now < sent + timedelta(minutes=inbox.probe_minutes):
        return False
    if not diagnosis.is_outstanding(health):
        return True
    delivery = diagnosis.probe_delivery(inbox, health)
    return now >= sent + diagnosis.PROBE_PATIENCE and (delivery is None or delivery.state not in diagnosis.UNSENT)


@transaction.atomic
def send_if_due(inbox: Inbox) -> OutgoingMail | None:
    """The clock's question; None when it is not time. Two clocks send one."""
    health, now = heartbeat.locked(inbox), clock.now()
    if not is_due(inbox, health, now):
        return None
    last = health.probe_sent_at.isoformat() if health.probe_sent_at else "none"
    return _send(inbox, health) if Slot.objects.take("probe", f"{inbox.pk} after {last}") else None


@transaction.atomic
def send_now(inbox: Inbox, *, actor: Agent) -> OutgoingMail | None:
    """Somebody wants to know now. None when one left less than a minute ago. Raises NotPossible for lookers."""
    must_work_in(actor, inbox.pk)
    health = heartbeat.locked(inbox)
    if health.probe_sent_at and health.probe_sent_at > clock.now() - timedelta(minutes=1):
        return None
    return _send(inbox, health)


def _send(inbox: Inbox, health: InboxHealth) -> OutgoingMail:
    mail = sending.enqueue(
        inbox=inbox, ticket=None, to=inbox.address, subject=SUBJECT, text="", purpose=OutgoingMail.Purpose.PROBE
    )  # fmt: skip
    # one token in three places: some servers rewrite the Message-ID, others drop a Reply-To
    token = mail.message_id.partition("@")[0]
    with translation.override(settings.LANGUAGE_CODE):
        mail.text = _(
            "This is a test mail that the helpdesk sends to itself, to see that mail goes out and comes in. "
            "Nobody needs to do anything about it."
        )
    mail.text += f"\n\n{token}"
    mail.reply_to = minting.signed_address(inbox, "probe", token)
    mail.save(update_fields=["text", "reply_to"])
    health.probe_token, health.probe_sent_at = token, clock.now()
    health.save(update_fields=["probe_token", "probe_sent_at"])
    return mail
