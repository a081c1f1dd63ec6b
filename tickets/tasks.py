"""What workers and the clock do for tickets. Each task is safe to lose and safe to run twice."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, transaction

from helpdesk import clock
from helpdesk.doorbell import ring
from helpdesk.failpoints import reach
from helpdesk.models import Slot
from tickets.channels import handling
from tickets.channels.email import reading
from tickets.channels.email import sending as outgoing
from tickets.models import Draft, Inbox, RawMessage, Ticket
from tickets.operations import (
    alarms,
    budget,
    bulk,
    chat_seats,
    customer_notes,
    health,
    indexing,
    intake,
    leaving,
    macros,
    notice_mails,
    notifying,
    posting,
    probing,
    pushing,
    removing,
    scheduling,
    sending,
    status,
    talking,
    targets,
)

log = structlog.get_logger(__name__)

INTAKE_BATCH = 100
#: a batch that takes so long to read is put on tickets in parts: a mail that hangs holds up no neighbour
PART_SECONDS = 5
#: a task begins nothing after that long, so that its time limit never falls in the middle of a mail
SECONDS = 120
#: a mail begun at the last moment may take its time: ten minutes of it for the answer to its last dot
DELIVERY_LIMIT = 1700


@shared_task
def receive_mail() -> int:
    """Read what is waiting, until nothing is. Returns how many mails were read."""
    count, until = 0, time.monotonic() + SECONDS
    while raws := intake.claim(INTAKE_BATCH):
        count += len(raws)
        reach("in.claimed")
        _read_and_receive(raws)
        if time.monotonic() >= until:
            ring(receive_mail)
            break
    return count


def _read_and_receive(raws: Sequence[RawMessage]) -> None:
    """Read claimed mails and put them on their tickets: together, or in parts where one is slow to read."""
    reads: list[intake.Read] = []
    began = time.monotonic()
    for number, raw in enumerate(raws, 1):
        reads.append(reading.read(raw))
        if number == len(raws) or time.monotonic() - began > PART_SECONDS:
            _receive(reads)
            reads, began = [], time.monotonic()
            intake.renew(raws[number:])


def _receive(reads: Sequence[intake.Read]) -> None:
    reach("in.parsed")
    try:
        intake.receive(reads)
        reach("in.notified")
    except Exception:
        log.exception("a batch of mails failed; each is tried alone", mails=len(reads))
        for read in reads:
            _receive_alone(read)


def _receive_alone(read: intake.Read) -> None:
    fresh = read.raw.__class__.objects.select_related("inbox").get(pk=read.raw.pk)
    try:
        intake.receive([intake.Read(fresh, read.mail, read.content_hash, read.problem)])
    except (OperationalError, InterfaceError) as error:  # the database's trouble and not the mail's: it comes again
        log.warning("a mail waits for the database", raw=fresh.pk, error=str(error))
    except Exception as error:
        log.exception("a mail could not be received", raw=fresh.pk)
        intake.park(fresh, f"It could not be put on a ticket: {error!r}"[:2000])


@shared_task
def receive_posts() -> int:
    """Read what came by other channels than mail, until nothing waits. Returns how many raw bodies were read."""
    count, until = 0, time.monotonic() + SECONDS
    while raws := intake.claim(INTAKE_BATCH, of_mail=False):
        count += len(raws)
        reach("in.claimed")
        for number, raw in enumerate(raws, 1):
            _hear(raw)
            if number % 20 == 0:
                intake.renew(raws[number:])
        if time.monotonic() >= until:
            ring(receive_posts)
            break
    return count


def _hear(raw: RawMessage) -> None:
    heard = handling.read(raw)
    reach("in.parsed")
    try:
        talking.receive(heard)
        reach("in.notified")
    except (OperationalError, InterfaceError) as error:  # the database's trouble: it comes again
        log.warning("a message waits for the database", raw=raw.pk, error=str(error))
    except Exception as error:
        log.exception("a message could not be received", raw=raw.pk)
        intake.park(raw, f"It could not be put on a ticket: {error!r}"[:2000])


@shared_task
def fetch_templates() -> int:
    """Ask the networks that have templates which there are now. Returns how many accounts were asked."""
    return handling.fetch_templates()


@shared_task
def poll_channels() -> int:
    """Ask the networks that call nobody what is new. Returns how many raw bodies were kept."""
    return handling.poll_all()


@shared_task
def watch_chats() -> int:
    """Mail what visitors who are away have not seen, and say who left. Returns how many there were."""
    return leaving.mail_unseen() + leaving.see_who_left()


@shared_task
def give_out_chats() -> int:
    """Give waiting chats to agents who take them, and none to who is gone. Returns how many changed hands."""
    chat_seats.free_the_absent()
    return chat_seats.give_out()


@shared_task(soft_time_limit=DELIVERY_LIMIT - 30, time_limit=DELIVERY_LIMIT)
def deliver_posts() -> int:
    """Hand on what is due by other channels than mail, until nothing is. Returns how many answers were tried."""
    sending.recover()
    posting.give_up_overdue()
    count, is_more = handling.deliver_due(SECONDS)
    if is_more:
        ring(deliver_posts)
    return count


@shared_task(soft_time_limit=DELIVERY_LIMIT - 30, time_limit=DELIVERY_LIMIT)
def deliver() -> int:
    """Send what is due, until nothing is. Returns how many deliveries were tried."""
    sending.recover()
    count, is_more = outgoing.deliver_due(SECONDS)
    if is_more:
        ring(deliver)
    return count


@shared_task
def watch_inboxes() -> None:
    """See how each inbox is, tell the admins of trouble, and send the test mails that are due. Two clocks send one."""
    for inbox in Inbox.objects.active().order_by("pk"):
        for look in (health.examine, alarms.tell, probing.send_if_due):
            try:
                look(inbox)
            except Exception:
                log.exception("an inbox could not be looked after", inbox=inbox.pk, what=look.__name__)


@shared_task
def wake_snoozed() -> None:
    """Bring back the tickets whose time has come; each snooze wakes once."""
    for ticket in Ticket.objects.due_to_wake(clock.now()).order_by("snoozed_until")[:1000]:
        with transaction.atomic():
            locked = Ticket.objects.locked(ticket.pk)
            until = locked.snoozed_until
            if until and until <= clock.now() and Slot.objects.take("wake", f"{ticket.pk} {until.isoformat()}"):
                status.wake(locked, actor=None)


@shared_task
def watch_targets() -> int:
    """Say which customers have waited almost as long as was promised. Returns of how many that was said."""
    return sum(targets.warn(ticket) for ticket in targets.almost_up())


@shared_task
def empty_trash() -> None:
    """Delete for good what has been spam or in the trash for TRASH_DAYS; 0 never does."""
    if not settings.TRASH_DAYS:
        return
    before = clock.now() - timedelta(days=settings.TRASH_DAYS)
    for ticket in Ticket.objects.filter(removed_at__lt=before).order_by("removed_at")[:1000]:
        try:
            _purge(ticket.pk, before)
        except Exception:
            log.exception("a removed ticket could not be deleted; it is tried again", ticket=ticket.pk)


@transaction.atomic
def _purge(number: int, before: datetime) -> None:
    ticket = Ticket.objects.all_locked([number]).get(number)
    if ticket is not None and ticket.removed_at and ticket.removed_at < before:
        removing.purge(ticket, actor=None)


@shared_task
def close_resolved() -> None:
    """Close what has been resolved for AUTO_CLOSE_DAYS; 0 never closes."""
    if not settings.AUTO_CLOSE_DAYS:
        return
    before = clock.now() - timedelta(days=settings.AUTO_CLOSE_DAYS)
    for ticket in Ticket.objects.resolved_before(before).order_by("resolved_at")[:1000]:
        with transaction.atomic():
            locked = Ticket.objects.locked(ticket.pk)
            if locked.is_resolved and locked.resolved_at == ticket.resolved_at:
                status.close(locked, actor=None)


@shared_task
def forget_spent() -> int:
    """Drop what the budget of unrequested mail no longer needs to know, notes deleted long ago, old uses of macros."""
    return budget.forget_old() + customer_notes.forget_deleted() + macros.forget_old_uses()


@shared_task
def send_scheduled_drafts() -> None:
    """Send the answers whose time has come; one that fails for a reason of ours holds up no other."""
    for draft in Draft.objects.filter(send_at__lte=clock.now()).order_by("send_at")[:500]:
        try:
            scheduling.send_due(draft)
        except Exception:
            log.exception("a scheduled answer could not be sent; it is tried again", draft=draft.pk)


#: how long nothing was missing from the search documents, so that looking for it can wait
_WHOLE, _WHOLE_SECONDS = "search:whole", 3600


@shared_task
def write_search_documents() -> int:
    """Write the search documents that were put off, and some of those that are missing: after an upgrade, all are."""
    count, until = 0, time.monotonic() + SECONDS / 3
    while time.monotonic() < until:
        done = indexing.write_stale()
        if not done and not cache.get(_WHOLE):
            done = indexing.write_missing()
            if not done:
                cache.set(_WHOLE, True, _WHOLE_SECONDS)
        if not done:
            break
        count += done
    return count


@shared_task
def mail_notifications() -> int:
    """Write the mails agents asked for."""
    return notice_mails.send_due()


@shared_task
def push_notifications() -> int:
    """Post to agents' devices what is due."""
    return pushing.push_due()


@shared_task
def forget_notifications() -> int:
    """Drop what agents were told long ago."""
    return notifying.forget_old()


@shared_task
def run_bulk_acts() -> int:
    """Do the acts on many tickets that wait, or that somebody died over. Returns how many were finished."""
    return sum(bulk.run(pk) is not None for pk in bulk.to_do())
