"""When an inbox's outgoing server does not let us in: everything rests, nothing is lost, and somebody is told."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from helpdesk import clock
from helpdesk.events import record
from tickets.models import Delivery, DeliveryState, Inbox, OutgoingServer
from tickets.operations import health
from tickets.operations.claims import hand_back
from tickets.operations.delivery_reports import ring_for_delivery

#: a refused sign-in is not repeated sooner: servers lock accounts out that knock too often
PAUSE = timedelta(minutes=10)


@transaction.atomic
def pause(deliveries: Sequence[Delivery], *, why: str, answer: str) -> datetime:
    """A server refused our sign-in: what was claimed for it and what waits for it rests, and no attempt counts.

    `why` is for people and stands in the inbox's settings, `answer` with each delivery. Returns until when.
    """
    until = clock.now() + PAUSE
    inboxes = {delivery.mail.inbox_id: delivery.mail.inbox for delivery in deliveries}
    for delivery in deliveries:
        hand_back(delivery, until=until)
    waiting = Delivery.objects.filter(state=DeliveryState.QUEUED, mail__inbox_id__in=inboxes, due_at__lte=until)
    locked = waiting.order_by("pk").select_for_update(skip_locked=True, of=("self",)).only("pk", "due_at")
    rows = {row.pk: row.due_at for row in locked}
    Delivery.objects.filter(pk__in=rows).update(answer=answer[:1000])
    later = [pk for pk, due in rows.items() if due < until]
    Delivery.objects.filter(pk__in=later).update(due_at=until, give_up_at=F("give_up_at") + PAUSE)
    for pk, inbox in inboxes.items():
        server = OutgoingServer.objects.select_for_update().filter(inbox_id=pk).first()
        if server:
            was = server.error
            server.paused_until, server.error = until, why
            server.save(update_fields=["paused_until", "error"])
            if not was:
                record("inbox.paused", inbox, actor=None, until=until.isoformat())
    return until


@transaction.atomic
def works(inbox_ids: Iterable[int]) -> None:
    """Mail of these inboxes was taken: whatever was wrong with their servers is over."""
    ids = set(inbox_ids)
    for pk in ids:
        health.note_sent(pk)
    for pk in OutgoingServer.objects.filter(inbox_id__in=ids).exclude(error="").values_list("inbox_id", flat=True):
        resume(Inbox.objects.get(pk=pk))


@transaction.atomic
def resume(inbox: Inbox) -> bool:
    """The inbox's server is as it should be: what rested goes out now. False when nothing was wrong."""
    server = OutgoingServer.objects.select_for_update().filter(inbox=inbox).first()
    if server is None or not (server.error or server.paused_until):
        return False
    until, server.paused_until, server.error = server.paused_until, None, ""
    server.save(update_fields=["paused_until", "error"])
    if until:
        Delivery.objects.filter(state=DeliveryState.QUEUED, mail__inbox=inbox, due_at=until).update(due_at=clock.now())
    record("inbox.resumed", inbox, actor=None)
    ring_for_delivery()
    return True


@transaction.atomic
def away(inbox_ids: Iterable[int], *, why: str) -> None:
    """A server could not be reached: its settings say so until it can. Its mail is tried again by itself."""
    OutgoingServer.objects.filter(inbox_id__in=set(inbox_ids), paused_until=None).update(error=why)
