"""Saying in time that nobody has taken up a recovery: shortly before it is due, and once it is overdue.

The clock looks; the slot of a recovery and its due time is the job, so that it is said once however often this runs.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction

from feedback.models import Recovery, RecoveryState
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Slot

#: so long before it is due that is said
LEAD = timedelta(hours=2)
#: what is overdue for longer tells nobody: no storm after an outage
LATEST = timedelta(days=2)
BATCH = 500
NEAR, OVERDUE = "recovery near", "recovery overdue"


def to_say() -> Iterator[tuple[Recovery, str]]:
    """Recoveries nobody has taken up that are nearly due or overdue, of which that was not said."""
    now = clock.now()
    waiting = Recovery.objects.filter(state=RecoveryState.OPEN, taken_up_at=None)
    waiting = waiting.filter(due_at__gt=now - LATEST, due_at__lte=now + LEAD).order_by("due_at", "pk")[:BATCH]
    found = [(one, OVERDUE if one.due_at < now else NEAR) for one in waiting]
    said = set(
        Slot.objects.filter(job__in=[NEAR, OVERDUE], slot__in=[_slot(one) for one, _job in found])
        .values_list("job", "slot")
    ) if found else set()  # fmt: skip
    yield from ((one, job) for one, job in found if (job, _slot(one)) not in said)


def _slot(recovery: Recovery) -> str:
    return f"{recovery.pk} {recovery.due_at:%Y-%m-%dT%H:%M:%S}"


@transaction.atomic
def warn(recovery: Recovery, job: str) -> bool:
    """Record that it is nearly due, or overdue: once, and not where somebody took it up meanwhile."""
    locked = Recovery.objects.locked(recovery.pk)
    if locked.state != RecoveryState.OPEN or locked.taken_up_at or locked.due_at != recovery.due_at:
        return False
    if not Slot.objects.take(job, _slot(locked)):
        return False
    facts: dict[str, Any] = {"recovery": locked.pk, "owner": locked.owner_id, "department": locked.department_id}
    if job == OVERDUE:
        record("recovery.overdue", locked.subject, actor=None, **facts)
    else:
        record("recovery.near", locked.subject, actor=None, **facts)
    return True
