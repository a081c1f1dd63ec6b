"""What the clock starts, and what it leaves behind."""

from datetime import timedelta
from typing import Any

from celery.schedules import crontab
from django.contrib.sessions.models import Session

from helpdesk import clock, tasks
from helpdesk.celery import app


def test_sweeps_do_not_pile_up_while_no_worker_is_about() -> None:
    for name, entry in app.conf.beat_schedule.items():
        assert isinstance(entry["schedule"], crontab) or 0 < entry["options"]["expires"] <= 300, name


def test_every_entry_names_a_task() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_sessions_that_ran_out_are_dropped(db: Any) -> None:
    now = clock.now()
    for key, ends in (("old", now - timedelta(days=1)), ("new", now + timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    tasks.forget_old()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
