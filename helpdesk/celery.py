"""Celery: a doorbell and a clock. The database row is the job; every task may be lost or run twice."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, before_task_publish, task_postrun, task_prerun

from helpdesk.failpoints import reach

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["helpdesk", "tickets", "feedback", "reports"])

#: The timetable. Sweeps pick up whatever a lost doorbell left lying; each is harmless when nothing is due.
_TIMETABLE: dict[str, dict[str, Any]] = {
    "sweep events": {"task": "helpdesk.tasks.drain_events", "schedule": 5.0},
    "sweep raw mail": {"task": "tickets.tasks.receive_mail", "schedule": 5.0},
    "sweep raw messages": {"task": "tickets.tasks.receive_posts", "schedule": 5.0},
    "poll channels": {"task": "tickets.tasks.poll_channels", "schedule": 5.0},
    "fetch templates": {"task": "tickets.tasks.fetch_templates", "schedule": crontab(minute="37")},
    "sweep answers": {"task": "tickets.tasks.deliver_posts", "schedule": 10.0},
    "watch chats": {"task": "tickets.tasks.watch_chats", "schedule": 15.0},
    "give out chats": {"task": "tickets.tasks.give_out_chats", "schedule": 5.0},
    "sweep deliveries": {"task": "tickets.tasks.deliver", "schedule": 10.0},
    "watch inboxes": {"task": "tickets.tasks.watch_inboxes", "schedule": 30.0},
    "wake snoozed tickets": {"task": "tickets.tasks.wake_snoozed", "schedule": 30.0},
    "watch targets": {"task": "tickets.tasks.watch_targets", "schedule": 30.0},
    "send scheduled answers": {"task": "tickets.tasks.send_scheduled_drafts", "schedule": 15.0},
    "close resolved tickets": {"task": "tickets.tasks.close_resolved", "schedule": crontab(minute="17")},
    "empty the trash": {"task": "tickets.tasks.empty_trash", "schedule": crontab(minute="23")},
    "send due surveys": {"task": "feedback.tasks.send_due_invitations", "schedule": 15.0},
    "expire invitations": {"task": "feedback.tasks.expire_invitations", "schedule": crontab(minute="41")},
    "draw tickets for review": {"task": "feedback.tasks.draw_for_review", "schedule": crontab(minute="11")},
    "look again for topics": {"task": "feedback.tasks.resort_topics", "schedule": 30.0},
    "ask by the calendar": {"task": "feedback.tasks.ask_by_the_calendar", "schedule": crontab(minute="7")},
    "remind of surveys": {"task": "feedback.tasks.remind_silent", "schedule": crontab(minute="19")},
    "forget pressed buttons": {"task": "feedback.tasks.forget_hits", "schedule": crontab(minute="49", hour="3")},
    "read files of account events": {"task": "feedback.tasks.read_account_files", "schedule": 30.0},
    "forget files of account events": {
        "task": "feedback.tasks.forget_account_files",
        "schedule": crontab(minute="53", hour="3"),
    },
    "watch recoveries": {"task": "feedback.tasks.watch_recoveries", "schedule": 30.0},
    "write search documents": {"task": "tickets.tasks.write_search_documents", "schedule": 30.0},
    "forget spent budgets": {"task": "tickets.tasks.forget_spent", "schedule": crontab(minute="33", hour="3")},
    "mail notifications": {"task": "tickets.tasks.mail_notifications", "schedule": 20.0},
    "push notifications": {"task": "tickets.tasks.push_notifications", "schedule": 20.0},
    "forget notifications": {
        "task": "tickets.tasks.forget_notifications",
        "schedule": crontab(minute="37", hour="3"),
    },
    "sweep facts": {"task": "reports.tasks.refresh_stale_facts", "schedule": 4.0},
    "pack facts": {"task": "reports.tasks.pack_facts", "schedule": 60.0},
    "raise alarms": {"task": "reports.tasks.raise_alarms", "schedule": crontab(minute="9", hour="5")},
    "mail reports": {"task": "reports.tasks.mail_reports", "schedule": 30.0},
    "sweep unscanned files": {"task": "helpdesk.tasks.scan_files", "schedule": 10.0},
    "scan again what could not be": {"task": "helpdesk.tasks.rescan_files", "schedule": crontab(minute="47")},
    "go on with bulk acts": {"task": "tickets.tasks.run_bulk_acts", "schedule": 20.0},
    "prepare partitions": {"task": "helpdesk.tasks.prepare_partitions", "schedule": crontab(minute="5", hour="*/6")},
    "forget old idempotency keys": {"task": "helpdesk.tasks.forget_old", "schedule": crontab(minute="29")},
}
#: with no worker about, sweeps must not pile up: each is as good as the next
for _entry in _TIMETABLE.values():
    if isinstance(_entry["schedule"], float):
        _entry["options"] = {"expires": min(10 * _entry["schedule"], 300)}
app.conf.beat_schedule = _TIMETABLE


@beat_init.connect
def _in_the_clock(**_: Any) -> None:
    """This process is the clock: whatever it publishes, it publishes because its time has come."""
    before_task_publish.connect(lambda **_: reach("beat.tick"), weak=False)


@task_prerun.connect
def _claimed(**_: Any) -> None:
    reach("job.claimed")


@task_postrun.connect
def _done(**_: Any) -> None:
    reach("job.done")
