"""Letting everything happen that would: the queues drained, and the clock's own tasks run, as often as a test wants."""

from collections.abc import Callable

from feedback.tasks import send_due_invitations
from helpdesk.celery import app
from tickets.tasks import deliver, receive_mail


def pass_on(settle: Callable[[], None]) -> None:
    """What the doorbells bring about: mail is read, events are heard, surveys written, and mail is sent."""
    receive_mail()
    settle()
    send_due_invitations()
    deliver()
    settle()


def run_twice(settle: Callable[[], None]) -> None:
    """As `pass_on`, and then every task of the timetable twice, so that nothing is left that could still go out."""
    app.loader.import_default_modules()
    pass_on(settle)
    for _ in range(2):
        for entry in app.conf.beat_schedule.values():
            if entry["task"].partition(".")[0] in ("tickets", "feedback"):
                app.tasks[entry["task"]]()
        pass_on(settle)
