"""What workers and the clock do for surveys. Each task is safe to lose and safe to run twice."""

from celery import shared_task

from feedback.models import QualityPlan
from feedback.operations import answering, mailing, reviewing, rounds, topics, watching_recoveries


@shared_task
def send_due_invitations() -> int:
    """Ask whoever is due, until nobody is."""
    count = 0
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
def forget_hits() -> int:
    """Drop old notes of pressed buttons."""
    return answering.forget_hits()


@shared_task
def watch_recoveries() -> int:
    """Say which recoveries should be taken up now."""
    return sum(watching_recoveries.warn(one, job) for one, job in watching_recoveries.to_say())


@shared_task
def draw_for_review() -> int:
    """Draw last week's tickets for review, where it was not done yet."""
    return sum(reviewing.draw(plan) for plan in QualityPlan.objects.filter(inbox__is_active=True))
