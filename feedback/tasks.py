"""What workers and the clock do for surveys. Each task is safe to lose and safe to run twice."""

from celery import shared_task

from feedback.operations import mailing, topics


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
