"""What stands beside the figures of the demo: what happened, the alarms that were raised, a saved report."""

from datetime import datetime, timedelta

from django.conf import settings

from helpdesk.models import Agent
from reports import periods
from reports.demo.rhythm import HOME, bad_week
from reports.models import Alarm, Annotation, SavedReport
from reports.operations import alarming
from tickets.models import Inbox


def settle(until: datetime, days: int, *, is_complete: bool = True) -> None:
    """Make what is missing of it, once the tickets are there; alarms only once all of them are."""
    lead = Agent.objects.get(email=f"ingrid@{settings.MAIL_DOMAIN}")
    worst = bad_week(until - timedelta(days=days), until)
    notes = {until - timedelta(days=12): "New help pages about delivery"}
    if worst is not None:
        notes[worst] = "The carrier's hub broke down"
        notes[worst + timedelta(days=7)] = "The hub works again"
    for moment, text in notes.items():
        day = periods.local_day(moment, HOME.key)
        Annotation.objects.get_or_create(text=text, inbox=None, defaults={"day": day, "author": lead})
    SavedReport.objects.get_or_create(
        name="Our month against the one before", owner=lead,
        defaults={"page": "overview", "is_shared": True,
                  "asked": {"period": "28", "zone": HOME.key, "compare": "before"}},
    )  # fmt: skip
    if not is_complete:
        return  # against half a history every day would be an alarm
    looked = [until, *([worst + timedelta(days=n) for n in (2, 5, 8)] if worst else [])]
    for inbox in Inbox.objects.active().select_related("calendar"):
        for at in looked:
            found = list(alarming.found_in(alarming.days_of(inbox, at), inbox))
            for alarm in found:
                alarm.raised_at = at
            Alarm.objects.bulk_create(found, ignore_conflicts=True)
