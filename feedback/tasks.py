"""What workers and the clock do for surveys. Each task is safe to lose and safe to run twice."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from celery import shared_task

from feedback.models import QualityPlan
from feedback.operations import account_files, answering, mailing, reviewing, rounds, topics, watching_recoveries

log = structlog.get_logger(__name__)


@shared_task
def send_due_invitations() -> int:
    """Ask whoever is due, until nobody is."""
    count = 0
    mailing.mail_unseen()
    while done := mailing.send_due():
        count += done
    return count


@shared_task
def expire_invitations() -> int:
    """Close what nobody can answer any more."""
    count = 0
    while done := mailing.expire():
        count += done
    return count


@shared_task
def resort_topics() -> int:
    """Look again at what words found, until everything was looked at."""
    count = 0
    while done := topics.go_on():
        count += done
    return count


@shared_task
def ask_by_the_calendar() -> int:
    """Ask those whose day it is how likely they are to recommend us."""
    return rounds.ask_by_the_calendar()


@shared_task
def remind_silent() -> int:
    """Remind whoever did not open the page, once."""
    return mailing.remind_silent()


@shared_task
def read_account_files() -> int:
    """Void what files told that were taken back; then read in those that wait, or were left behind."""
    while account_files.go_on_voiding():
        pass
    return sum(_each(account_files.run, account_files.to_do()))


@shared_task
def forget_account_files() -> int:
    """Throw away files that nobody read in."""
    return account_files.forget()


@shared_task
def forget_hits() -> int:
    """Drop old notes of pressed buttons."""
    return answering.forget_hits()


@shared_task
def watch_recoveries() -> int:
    """Say which recoveries should be taken up now."""
    return sum(_each(lambda said: watching_recoveries.warn(*said), watching_recoveries.to_say()))


@shared_task
def draw_for_review() -> int:
    """Draw last week's tickets for review, where it was not done yet."""
    return sum(_each(reviewing.draw, QualityPlan.objects.filter(inbox__is_active=True)))


def _each(work: Callable[[Any], int], those: Iterable[Any]) -> Iterator[int]:
    """What came of each; one that fails does not hold up the others, and is tried when the clock comes again."""
    for one in those:
        try:
            yield work(one)
        except Exception:
            log.exception("the clock could not do one of many", one=str(one))
