"""Alarms: the figures that left their limits, and whether one is told of them."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.models import Role
from helpdesk.pages import agent_of
from reports import reading
from reports.models import Alarm
from reports.operations import alarming
from reports.pages.changes import NAMES, RULES, say_of
from reports.views import menu, readers

MOST = 200


@readers
@require_safe
def alarms(request: HttpRequest) -> HttpResponse:
    """The latest of the inboxes one may see, each with its rule and the way to its chart."""
    agent = agent_of(request)
    inboxes = dict(reading.inboxes_for(agent))
    found = Alarm.objects.filter(Q(inbox__in=list(inboxes)))[:MOST]
    context = {
        "menu": menu(agent, "alarms"),
        "rows": [_row(one, inboxes) for one in found],
        "may_be_told": agent.role in (Role.LEAD, Role.ADMIN),
        "is_told": alarming.wants(agent),
    }
    return render(request, "reports/alarms.html", context)


def _row(one: Alarm, inboxes: dict[int, str]) -> dict[str, Any]:
    unit = next((watched.unit for watched in alarming.WATCHED if watched.key == one.figure), "")
    say = say_of(unit)
    first, last = one.day - timedelta(days=20), one.day + timedelta(days=7)
    return {
        "day": one.day,
        "figure": NAMES.get(one.figure, one.figure),
        "inbox": inboxes[one.inbox_id] if one.inbox_id else "",
        "value": say(one.value),
        "limits": _("%(low)s to %(high)s") % {"low": say(one.lower), "high": say(one.upper)},
        "rule": dict(RULES).get(one.rule, one.rule),  # type: ignore[call-overload]
        "url": f"{reverse('report', args=['changes'])}?period=custom&from={first}&to={last}&inbox={one.inbox_id}"
        f"#chart-control-{one.figure}",
    }


@readers
@require_POST
def alarm_mails(request: HttpRequest) -> HttpResponse:
    """A lead or an admin says whether alarms are mailed to them."""
    agent = agent_of(request)
    if agent.role not in (Role.LEAD, Role.ADMIN):
        raise PermissionDenied
    is_wanted = request.POST.get("wanted") == "1"
    alarming.choose(agent, is_wanted=is_wanted)
    messages.success(request, _("New alarms are mailed to you.") if is_wanted else _("Alarms are mailed no more."))
    return redirect("report_alarms")
