"""Work of the reports that the clock starts. Each task is safe to lose and safe to run twice."""

import structlog
from celery import shared_task

from reports.ledger import packs, sweep
from reports.operations import alarming, mailing

log = structlog.get_logger(__name__)


@shared_task
def refresh_stale_facts() -> None:
    """Fold tickets whose facts lag behind the ledger, whatever the reason."""
    if refreshed := sweep.catch_up():
        log.info("facts had fallen behind", tickets=refreshed)


@shared_task
def pack_facts() -> None:
    """Pack the facts anew that reports read by the million, where enough of them changed."""
    packs.pack_if_due()


@shared_task
def raise_alarms() -> None:
    """Look whether a figure left its limits in the last days."""
    if raised := alarming.raise_due():
        log.info("alarms were raised", alarms=raised)


@shared_task
def mail_reports() -> None:
    """Mail the saved reports that are due."""
    mailing.plan()
    mailing.send_waiting()
