"""Mailing saved reports when they are due: a row is the job, once for each period and agent.

`plan` writes down who gets what, `send_waiting` makes a mail of each row and writes its number on the row in the same
transaction: killed at any point, run twice or by two at once, nobody gets it twice. Each report is built with the
rights its recipient has when it is written.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from helpdesk import clock
from helpdesk.models import Agent
from reports import periods
from reports.forms import DEFAULT_PRESET, FilterForm, days_of
from reports.models import ReportMail, SavedReport
from reports.operations import saving
from reports.pages import find
from reports.showing import mails, words
from tickets.models import Inbox, OutgoingMail
from tickets.operations import budget, sending

log = structlog.get_logger(__name__)

#: what could not be written by then is given up
PATIENCE = timedelta(days=1)


@transaction.atomic
def plan(at: datetime | None = None) -> int:
    """Write down the mails of all reports that are due, and when each is due next. Returns how many mails."""
    at, planned = at or clock.now(), 0
    due = SavedReport.objects.select_for_update(skip_locked=True, of=("self",)).filter(next_at__lte=at)
    for saved in due.order_by("next_at"):
        assert saved.next_at is not None
        rows = [ReportMail(report=saved, agent=agent, due_at=saved.next_at) for agent in saved.recipients.all()]
        planned += len(ReportMail.objects.bulk_create(rows, ignore_conflicts=True))
        saved.next_at = saving.next_due(saved, at)
        saved.save(update_fields=["next_at"])
    return planned


def send_waiting(at: datetime | None = None) -> int:
    """Write the mails that wait. Returns how many were written."""
    at, written = at or clock.now(), 0
    for pk in list(ReportMail.objects.filter(mail=None, refused="").order_by("due_at").values_list("pk", flat=True)):
        try:
            written += _send(pk)
        except Exception:  # one report that cannot be built must not hold up the others
            log.exception("a report could not be mailed", mail=pk)
            ReportMail.objects.filter(pk=pk, mail=None, due_at__lt=at - PATIENCE).update(refused="failed")
    return written


@transaction.atomic
def _send(pk: int) -> bool:
    row = (
        ReportMail.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("report", "agent")
        .filter(pk=pk, mail=None, refused="")
        .first()
    )
    if row is None:
        return False
    saved, agent = row.report, row.agent
    row.refused = _why_not(agent)
    if not row.refused:
        zone = saved.asked.get("zone") or "UTC"
        with translation.override(agent.language or settings.LANGUAGE_CODE), timezone.override(ZoneInfo(zone)):
            row.mail, row.refused = _write(saved, agent, row.due_at)
    row.save(update_fields=["mail", "refused"])
    return row.mail is not None


def _why_not(agent: Agent) -> str:
    if not agent.is_active:
        return "left"
    if agent.role not in saving.READERS:
        return "reads_no_reports"
    if budget.inbox_at(agent.email) is not None:  # it would make a ticket of it
        return "is_an_inbox"
    return ""


def _write(saved: SavedReport, agent: Agent, due_at: datetime) -> tuple[OutgoingMail | None, str]:
    page = find(saved.page)
    form = FilterForm(agent, asked_on(saved.asked, due_at))
    carrier = Inbox.objects.active().order_by("pk").first()
    if page is None:
        return None, "no_such_report"
    if not form.is_valid():  # an inbox they may not see, for one
        return None, "may_not_see_it"
    if carrier is None:
        return None, "no_inbox"
    report = page.build(form.filter)
    written = mails.write(saved, page, report, words.choice(form, report.chosen), agent=agent)
    mail = sending.enqueue(
        inbox=carrier, ticket=None, to=agent.email, subject=written.subject, text=written.text, html=written.html,
        purpose=OutgoingMail.Purpose.NOTICE, pictures=written.pictures, headers=written.headers,
    )  # fmt: skip
    return mail, ""


def asked_on(asked: Mapping[str, str], due_at: datetime) -> dict[str, str]:
    """What a saved report asks on the day it is mailed: days up to the day before, for that one is not over."""
    zone, preset = asked.get("zone") or "UTC", asked.get("period", "")
    found = dict(asked)
    if preset == "custom":
        return found
    today = periods.local_day(due_at, zone)
    first, last = days_of(preset or DEFAULT_PRESET, today if preset == "last_month" else today - timedelta(days=1))
    return found | {"period": "custom", "from": first.isoformat(), "to": last.isoformat()}
