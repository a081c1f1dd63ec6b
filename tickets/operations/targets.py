"""Saying in time that a customer has waited almost as long as their inbox promises.

The clock looks; the slot of a ticket and its wait is the job. A clock that was away says nothing of what is missed
already, and one that runs twice says it once.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import transaction

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Slot
from tickets import hours
from tickets.models import Inbox, Ticket

#: the last part of a target is "almost up": a quarter of it, half an hour at most
PART = 4
MOST_LEAD = timedelta(minutes=30)
JOB = "target"
#: looked at an inbox and a look; the rest comes with the next
BATCH = 500


def lead_of(inbox: Inbox) -> int:
    """How many open seconds before its target runs out that is said."""
    return min(inbox.response_target_minutes * 60 // PART, int(MOST_LEAD.total_seconds()))


def almost_up() -> Iterator[Ticket]:
    """Tickets somebody should look at now, of which nothing was said during this wait."""
    now = clock.now()
    for inbox in Inbox.objects.active().order_by("pk"):
        calendar, target = hours.business(inbox.calendar_id), inbox.response_target_minutes * 60
        if not calendar.is_open(now):
            continue  # nobody's time runs; it is said when it runs on
        latest = hours.waiting_at_least(calendar, now, target - lead_of(inbox))
        if latest is None:
            continue
        found = Ticket.objects.awake().filter(inbox=inbox, waiting_since__lt=latest)
        if missed := hours.waiting_at_least(calendar, now, target):
            found = found.filter(waiting_since__gte=missed)
        yield from _unsaid(found.order_by("waiting_since", "number")[:BATCH])


def _slot(ticket: Ticket) -> str:
    return f"{ticket.pk} {ticket.waiting_since:%Y-%m-%dT%H:%M:%S.%f}"


def _unsaid(found: Iterable[Ticket]) -> list[Ticket]:
    tickets = list(found)
    said = Slot.objects.filter(job=JOB, slot__in=[_slot(ticket) for ticket in tickets]) if tickets else []
    known = {slot.slot for slot in said}
    return [ticket for ticket in tickets if _slot(ticket) not in known]


@transaction.atomic
def warn(ticket: Ticket) -> bool:
    """Record that a ticket is about to miss its target: once a wait, and not when it was answered meanwhile."""
    locked = Ticket.objects.awake().select_for_update(of=("self",)).filter(pk=ticket.pk).first()
    if locked is None or locked.waiting_since is None or locked.waiting_since != ticket.waiting_since:
        return False
    if not Slot.objects.take(JOB, _slot(locked)):
        return False
    record("ticket.target_near", locked, actor=None, since=locked.waiting_since.isoformat())
    return True
