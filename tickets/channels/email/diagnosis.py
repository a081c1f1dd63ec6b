"""What is wrong with an inbox, and what probably causes it, in words for the people who can mend it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from tickets.models import (
    ChannelAccount,
    Delivery,
    DeliveryState,
    Inbox,
    InboxHealth,
    Mailbox,
    OutgoingServer,
    RawMessage,
    RawState,
)

#: a server may stumble for that long before anybody is told
HICCUP = timedelta(minutes=2)
#: a mailbox that is watched is looked into every minute or so
UNWATCHED = timedelta(minutes=15)
#: mail that came in is read within seconds, and mail that goes out leaves within seconds
STUCK = timedelta(minutes=10)
#: how long a test mail may be on its way
PROBE_PATIENCE = timedelta(minutes=10)

UNSENT = (DeliveryState.QUEUED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong: the cause in a word for programs, the words for people, since when where that is known."""

    cause: str
    words: str
    since: datetime | None = None


def is_outstanding(health: InboxHealth) -> bool:
    """Whether the latest test mail is still on its way."""
    sent, seen = health.probe_sent_at, health.probe_seen_at
    return sent is not None and (seen is None or seen < sent)


def probe_delivery(inbox: Inbox, health: InboxHealth) -> Delivery | None:
    """How the latest test mail went out."""
    if not health.probe_token:
        return None
    return Delivery.objects.filter(
        mail__inbox=inbox, mail__message_id__startswith=f"{health.probe_token}@"
    ).first()  # fmt: skip


def incoming(inbox: Inbox, health: InboxHealth, now: datetime) -> Trouble | None:
    """Why nothing comes in, if nothing does."""
    if not inbox.is_of_mail:
        return _account(inbox) or unread(inbox, now)
    mailbox = Mailbox.objects.filter(inbox=inbox, is_active=True).select_related("grant").first()
    return (
        (_mailbox(mailbox, health, now) if mailbox else None)
        or unread(inbox, now)
        or _lost_probe(inbox, health, mailbox, now)
    )  # fmt: skip


def _account(inbox: Inbox) -> Trouble | None:
    """What is wrong with the account of an inbox of another channel."""
    account = ChannelAccount.objects.filter(inbox=inbox).first()
    if account is None:
        return Trouble("unconnected", _("It is not connected to an account yet. What to do: connect it."))
    if account.dead_since:
        hint = _("What to do: connect it anew. Nothing is lost meanwhile.")
        return Trouble("disconnected", f"{_sentence(account.problem)} {hint}", account.dead_since)
    return Trouble("network", _sentence(account.problem), account.polled_at) if account.problem else None


def _mailbox(mailbox: Mailbox, health: InboxHealth, now: datetime) -> Trouble | None:
    error = mailbox.error or (mailbox.grant.error if mailbox.grant else "")
    if error:
        since = mailbox.failing_since
        if since and since > now - HICCUP:
            return None
        return Trouble("mailbox", _sentence(error), since)  # it says what to do, too
    # while much is fetched at once it is not known to be complete, and yet mail comes in
    if mailbox.checked_at and max(mailbox.checked_at, health.received_at or mailbox.checked_at) < now - UNWATCHED:
        words = _(
            "Nobody looks into the mailbox: the process that fetches mail has stopped. "
            "What to do: start it (manage.py mailroom) and read its log."
        )
        return Trouble("unwatched", words, mailbox.checked_at)
    return None


def unread_since(now: datetime) -> list[int]:
    """The inboxes whose mail waits to be read for too long, while nobody reads at all."""
    received = RawMessage.objects.filter(state=RawState.RECEIVED)
    waiting = received.filter(received_at__lt=now - STUCK)
    # whoever reads holds a lease: a long queue that moves is no trouble
    if not waiting.exists() or received.filter(lease_until__gt=now).exists():
        return []
    return list(waiting.order_by().values_list("inbox", flat=True).distinct())


def unread(inbox: Inbox, now: datetime) -> Trouble | None:
    """Whether mail that came in waits to be read for too long."""
    if inbox.pk not in unread_since(now):
        return None
    waiting = RawMessage.objects.filter(state=RawState.RECEIVED, inbox=inbox, received_at__lt=now - STUCK)
    since = waiting.order_by("id").values_list("received_at", flat=True).first()
    if since is None:
        return None
    words = _(
        "Mail that came in is not being read. "
        "What to do: see that a worker runs for the queue “intake”, and read its log."
    )
    return Trouble("unread", words, since)


def _lost_probe(inbox: Inbox, health: InboxHealth, mailbox: Mailbox | None, now: datetime) -> Trouble | None:
    sent = health.probe_sent_at
    if not inbox.probe_minutes or not is_outstanding(health) or sent is None or sent > now - PROBE_PATIENCE:
        return None
    delivery = probe_delivery(inbox, health)
    if delivery is None or delivery.sent_at is None:
        return None  # it never left: that is the other way's trouble
    if delivery.sent_at > now - PROBE_PATIENCE:
        return None
    if health.received_at and health.received_at > delivery.sent_at:
        cause = _("Other mail arrives, so look whether it was taken for spam.")
    elif mailbox:
        cause = _("It was handed over, and nothing was fetched since: look whether mail still reaches this mailbox.")
    else:
        cause = _("It was handed over, and nothing arrived since: look at the forwarding or the MX record.")
    return Trouble("probe", f"{_('A test mail to itself did not come back.')} {cause}", delivery.sent_at)


def outgoing(inbox: Inbox, health: InboxHealth, now: datetime) -> Trouble | None:
    """Why nothing goes out, if nothing does."""
    if not inbox.is_of_mail:
        return _waiting(inbox, health, now)
    server = OutgoingServer.objects.filter(inbox=inbox).select_related("grant").first()
    error = server and (server.error or (server.grant.error if server.grant else ""))
    if error:
        hint = _("What to do: look at how this inbox sends, and test the connection there.")
        return Trouble("server", f"{_sentence(error)} {hint}")
    return _waiting(inbox, health, now) or _unsent_probe(inbox, health, now)


def _waiting(inbox: Inbox, health: InboxHealth, now: datetime) -> Trouble | None:
    """Mail that was tried and waits, while nothing at all goes out."""
    queued = Delivery.objects.filter(state=DeliveryState.QUEUED, mail__inbox=inbox, attempts__gt=0)
    # an answer with a number is one recipient's server saying "later"; without one nobody could be asked
    unasked = queued.exclude(answer__regex=r"^\d{3}").filter(mail__created_at__lt=now - STUCK / 2)
    oldest = unasked.order_by("mail__created_at").values_list("mail__created_at", "answer").first()
    if oldest is None or (health.sent_at and health.sent_at > oldest[0] + STUCK / 2):
        return None
    hint = _("What to do: see that the server for outgoing mail runs and can be reached. Nothing is lost meanwhile.")
    return Trouble("unreachable", f"{_sentence(oldest[1])} {hint}", oldest[0])


def _unsent_probe(inbox: Inbox, health: InboxHealth, now: datetime) -> Trouble | None:
    sent = health.probe_sent_at
    if not inbox.probe_minutes or not is_outstanding(health) or sent is None or sent > now - PROBE_PATIENCE:
        return None
    delivery = probe_delivery(inbox, health)
    if delivery is None or delivery.sent_at is not None:
        return None
    if delivery.state in UNSENT and not delivery.answer:
        words = _(
            "A test mail to itself waits to be sent. "
            "What to do: see that a worker runs for the queue “delivery”, and read its log."
        )
    else:
        words = _("A test mail to itself could not be sent: %(answer)s") % {"answer": _sentence(delivery.answer)}
    return Trouble("probe", words, sent)


def _sentence(words: str) -> str:
    words = " ".join(words.split())[:500]
    return words if words.endswith((".", "!", "?")) else f"{words}."
