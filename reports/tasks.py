"""Work of the reports that the clock starts. Each task is safe to lose and safe to run twice."""

import structlog
from celery import shared_task

from reports import facts

log = structlog.get_logger(__name__)


@shared_task
def refresh_stale_facts() -> None:
    """Fold tickets whose facts lag behind the ledger, whatever the reason."""
    if refreshed := facts.catch_up():
        log.info("facts had fallen behind", tickets=refreshed)
