"""Work of the ground floor that the clock or a doorbell starts. Each task is safe to lose and safe to run twice."""

from datetime import timedelta

from celery import shared_task

from helpdesk import clock, events, partitions
from helpdesk.models import IdempotencyKey, Slot
from helpdesk.operations import scanning
from helpdesk.signed_in import SessionStore


@shared_task
def drain_events() -> None:
    """Let subscribers hear what is pending."""
    events.drain()


@shared_task
def prepare_partitions() -> None:
    """Make the ledger's partitions of the coming months before they are needed."""
    today = clock.now().date()
    partitions.ensure(today, today + timedelta(days=92))


@shared_task
def forget_old() -> None:
    """Drop what has had its time: idempotency keys after 72 hours, slots after a year, sessions that ran out."""
    IdempotencyKey.objects.filter(created_at__lt=clock.now() - timedelta(hours=72)).delete()
    Slot.objects.filter(taken_at__lt=clock.now() - timedelta(days=366)).delete()
    SessionStore.clear_expired()


@shared_task
def scan_files() -> None:
    """Have the virus scanner look at what waits for it."""
    scanning.scan_waiting()


@shared_task
def scan_file(pk: int) -> None:
    """Have it look at this file before the others: somebody waits for it."""
    scanning.scan(pk)


@shared_task
def rescan_files() -> None:
    """Let what could not be scanned be tried again."""
    scanning.try_again()
