"""Figures of the ticket floor for /metrics."""

from helpdesk import measures
from tickets.models import Delivery, DeliveryState, RawMessage, RawState

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
