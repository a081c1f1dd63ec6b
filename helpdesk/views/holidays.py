"""Holidays from a calendar file: chosen, looked at, kept."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from helpdesk import clock, holiday_files
from helpdesk.holiday_files import Found, Holiday, Unreadable
from helpdesk.models import Calendar, Role
from helpdesk.operations import holidays as keeping
from helpdesk.pages import agent_of, roles, sections_for

SHOWN_PROBLEMS = 20


class HolidayFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Calendar file"), max_length=200,
        help_text=gettext_lazy(
            "An .ics file, as authorities and calendar programs offer it for public holidays. Its whole days of the "
            "next three years are read, also those that come every year. At most 500 KB."
        ),
        widget=forms.FileInput({"accept": ".ics,text/calendar"}),
    )  # fmt: skip


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def holidays(request: HttpRequest, pk: int) -> HttpResponse:
    """A file is chosen, its days are shown, and those that stay chosen are kept."""
    calendar = get_object_or_404(Calendar, pk=pk)
    if request.method == "POST" and request.POST.get("do") == "keep":
        added = keeping.add(calendar, _chosen(request), actor=agent_of(request))
        said = ngettext("%(n)s holiday is added.", "%(n)s holidays are added.", added) % {"n": added}
        messages.success(request, said)
        return redirect("settings_calendars_edit", calendar.pk)
    form = HolidayFileForm(request.POST or None, request.FILES or None)
    found: Found | None = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        today = clock.now().astimezone(ZoneInfo(calendar.zone)).date()
        try:
            found = holiday_files.read(file.read(holiday_files.MOST_BYTES + 1), since=today)
        except Unreadable as why:
            form.add_error("file", str(why))
    context = {
        "sections": sections_for(agent_of(request)), "section": "calendars", "rail_current": "settings",
        "calendar": calendar, "form": form, "found": found, **(_shown(calendar, found) if found else {}),
    }  # fmt: skip
    return render(request, "helpdesk/settings/holidays.html", context, status=422 if form.errors else 200)


def _shown(calendar: Calendar, found: Found) -> dict[str, Any]:
    known = {day.date: day for day in calendar.special_days.all()}
    return {
        "days": [(one, known.get(one.date)) for one in found.days],
        "new": sum(one.date not in known for one in found.days),
        "problems": found.problems[:SHOWN_PROBLEMS],
        "more_problems": max(len(found.problems) - SHOWN_PROBLEMS, 0),
    }


def _chosen(request: HttpRequest) -> list[Holiday]:
    """The days that are ticked; what somebody made up instead of one is left out."""
    chosen = []
    for text in request.POST.getlist("day")[: holiday_files.MOST_DAYS]:
        day, _space, name = text.replace("\x00", "").partition(" ")
        try:
            chosen.append(Holiday(date.fromisoformat(day), " ".join(name.split())[:80] or _("Holiday")))
        except ValueError:
            continue
    return chosen
