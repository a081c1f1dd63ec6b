"""Figures of the ticket floor for /metrics."""

from helpdesk import clock, measures
from tickets.models import Delivery, DeliveryState, InboxHealth, RawMessage, RawState

measures.gauge(
    "raw_mail_waiting", "Mails stored and not yet read", RawMessage.objects.filter(state=RawState.RECEIVED).count
)
measures.gauge(
    "raw_mail_parked",
    "Mails nobody could read or trust, waiting for a person",
    RawMessage.objects.filter(state__in=[RawState.PARKED, RawState.QUARANTINED]).count,
)
measures.gauge(
    "deliveries_waiting", "Mails waiting to be sent", Delivery.objects.filter(state=DeliveryState.QUEUED).count
)
measures.gauge(
    "deliveries_uncertain",
    "Mails that may or may not have been sent",
    Delivery.objects.filter(state=DeliveryState.UNCERTAIN).count,
)
measures.gauge(
    "inboxes_not_receiving",
    "Inboxes that get no mail",
    InboxHealth.objects.filter(inbox__is_active=True).exclude(problem_in="").count,
)
measures.gauge(
    "inboxes_not_sending",
    "Inboxes that send no mail",
    InboxHealth.objects.filter(inbox__is_active=True).exclude(problem_out="").count,
)


def _oldest_unread() -> float:
    waiting = RawMessage.objects.filter(state=RawState.RECEIVED).order_by("id")
    since = waiting.values_list("received_at", flat=True).first()
    return (clock.now() - since).total_seconds() if since else 0.0


def _slowest_probe() -> float:
    """The longest that the latest test mail of any inbox took, or has been taking so far."""
    seconds = 0.0
    for one in InboxHealth.objects.filter(
        inbox__is_active=True, inbox__probe_minutes__gt=0, probe_sent_at__isnull=False
    ):
        assert one.probe_sent_at is not None
        is_back = one.probe_seen_at is not None and one.probe_seen_at >= one.probe_sent_at
        until = one.probe_seen_at if is_back and one.probe_seen_at else clock.now()
        seconds = max(seconds, (until - one.probe_sent_at).total_seconds())
    return seconds


measures.gauge("raw_mail_oldest_seconds", "How long the oldest mail nobody has read yet waits", _oldest_unread)
measures.gauge("probe_seconds", "The longest round trip of an inbox's latest test mail", _slowest_probe)
