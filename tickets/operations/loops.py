"""What ends a loop of machines that nobody recognised as machines."""

from datetime import datetime, timedelta

from helpdesk.models import Event
from tickets.models import Ticket

MOST_REOPENINGS = 3
WITHIN = timedelta(hours=1)


def may_reopen(ticket: Ticket, *, at: datetime) -> bool:
    """Whether one more mail may open the ticket again: three times an hour, then it only adds its message."""
    lately = Event.objects.filter(stream_id=ticket.pk, verb="ticket.reopened", actor_id=None, at__gt=at - WITHIN)
    return lately.count() < MOST_REOPENINGS
