"""The report pages. All of them read the same filter from the address, and show only inboxes the reader may see."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from feedback.models import Outcome
from helpdesk import channel_names
from helpdesk.models import Agent, Role
from helpdesk.pages import agent_of, roles
from reports import privacy, reading, warm
from reports.definitions import DEFINITIONS, HISTORY
from reports.forms import FilterForm
from reports.operations import saving
from reports.pages import GROUPS, Page, all_pages, find
from reports.reading import BEHIND
from reports.showing import exports, words
from reports.showing.blocks import Report
from tickets.models import Status

readers = roles(Role.LEAD, Role.AGENT)
#: more are on their own page
_SAVED_IN_MENU = 12


@readers
@require_safe
def report(request: HttpRequest, key: str = "overview") -> HttpResponse:
    """One page: its answer in words, its numbers, its charts."""
    page = _page(key)
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    form.ask(page.asks)
    if not form.is_valid():
        return not_understood(request, form, page)
    found = page.build(form.filter)
    query = form.filter.query()
    if page.is_live:
        form.hide_days()
    if not page.compares:
        form.hide("compare")
    context = {
        "page": page,
        "menu": menu(agent_of(request), page.key, query),
        "filters": form,
        "said": words.choice(form, found.chosen),
        "report": found,
        "csv_url": f"{reverse('report_csv', args=[page.key])}?{query}",
        "xlsx_url": f"{reverse('report_xlsx', args=[page.key])}?{query}",
        "save_url": f"{reverse('saved_report_new')}?{saving.question(form.filter, page.key)}",
    }
    response = render(request, "reports/report.html", context)
    warm.soon()
    return response


@readers
@require_safe
def report_csv(request: HttpRequest, key: str) -> HttpResponse:
    """The same figures as a file."""
    return _file(request, key, "csv")


@readers
@require_safe
def report_xlsx(request: HttpRequest, key: str) -> HttpResponse:
    """The same figures as a workbook."""
    return _file(request, key, "xlsx")


_FILES: Mapping[str, tuple[str, Callable[[Page, Report, Mapping[str, str]], str | bytes]]] = {
    "csv": ("text/csv; charset=utf-8", exports.as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", exports.as_xlsx),
}


def _file(request: HttpRequest, key: str, ending: str) -> HttpResponse:
    page = _page(key)
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    if not form.is_valid():
        return not_understood(request, form, page)
    found = page.build(form.filter)
    kind, write = _FILES[ending]
    response = HttpResponse(write(page, found, form.names()), content_type=kind)
    name = f"{page.key}-{found.chosen.first}-{found.chosen.last}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def menu(agent: Agent, here: str = "", query: str = "") -> list[dict[str, Any]]:
    """All pages by their groups, each with the choice that is made; then what is saved, and what is kept beside."""
    ending = f"?{query}" if query else ""
    groups: list[tuple[str, str | Promise, list[tuple[str | Promise, str | Promise, bool, str]]]] = [
        (group, title, [
            (one.name, one.question, one.key == here, f"{reverse('report', args=[one.key])}{ending}")
            for one in all_pages() if one.group == group
        ])
        for group, title in GROUPS.items()
    ]  # fmt: skip
    kept = saving.visible_to(agent).order_by("name").values_list("pk", "name")[:_SAVED_IN_MENU]
    groups.append(("saved", _("Saved"), [
        *((name, "", here == f"saved-{pk}", reverse("saved_report", args=[pk])) for pk, name in kept),
        (_("All saved reports"), "", here == "saved", reverse("saved_reports")),
    ]))  # fmt: skip
    groups.append(("beside", _("Beside the figures"), [
        (_("Annotations"), _("What happened, on the charts"), here == "annotations", reverse("report_annotations")),
        (_("Alarms"), _("Figures that left their limits"), here == "alarms", reverse("report_alarms")),
    ]))  # fmt: skip
    return [
        {"key": key, "title": title, "pages": [
            {"name": name, "question": question, "is_here": is_here, "url": url}
            for name, question, is_here, url in pages
        ]}
        for key, title, pages in groups if pages
    ]  # fmt: skip


def _page(key: str) -> Page:
    page = find(key)
    if page is None:
        raise Http404
    return page


def not_understood(request: HttpRequest, form: FilterForm, page: Page) -> HttpResponse:
    """Ask again, with what was not understood marked."""
    context = {"page": page, "menu": menu(agent_of(request), page.key), "filters": form}
    return render(request, "reports/report.html", context, status=422)


@readers
@require_safe
def tickets(request: HttpRequest, key: str) -> HttpResponse:
    """The tickets behind a number, with what was counted of each."""
    if key not in BEHIND:
        raise Http404
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    if not form.is_valid():
        return not_understood(request, form, _page("overview"))
    chosen, what = form.filter, BEHIND[key]
    zone = ZoneInfo(chosen.zone)
    back_url = f"{reverse('report', args=['overview'])}?{chosen.query()}"
    context: dict[str, Any] = {"title": what.title, "back_url": back_url, "columns": [COLUMNS[c]() for c in what.shows]}
    page = reading.behind(key, chosen, after=request.GET.get("after", ""))
    if what.is_of_answers and (guard := privacy.guard(chosen, what.rows)).hides:
        context["said"] = guard.said
        return render(request, "reports/tickets.html", context)
    counted = words.answers(page.total) if what.is_of_answers else (
        _("%(n)s customers") % {"n": words.number(page.total)} if key == "response_rate"
        else words.tickets(page.total)
    )  # fmt: skip
    context |= {
        "said": f"{counted} · {words.choice(form)}",
        "definition_url": words.definition_url(key),
        "total": page.total,
        "rows": [
            {"number": row.ticket, "subject": row.subject,
             "cells": [show(column, value, zone) for column, value in zip(what.shows, row.values, strict=True)]}
            for row in page.rows
        ],
        "next_url": f"{request.path}?{chosen.query(after=page.after)}" if page.after else "",
    }  # fmt: skip
    return render(request, "reports/tickets.html", context)


@readers
@require_safe
def definitions(request: HttpRequest) -> HttpResponse:
    """How the numbers are made."""
    names = {one.key: one.name for one in DEFINITIONS}
    history = [
        {"day": one.day, "why": one.why, "names": [{"key": key, "name": names[key]} for key in one.keys]}
        for one in HISTORY
    ]
    return render(request, "reports/definitions.html", {"definitions": DEFINITIONS, "history": history})


COLUMNS = {
    "created_at": lambda: _("Created"),
    "started_at": lambda: _("First contact"),
    "first_reply_at": lambda: _("First answer"),
    "resolved_at": lambda: _("Resolved"),
    "left_at": lambda: _("Closed"),
    "answered_at": lambda: _("Answered"),
    "sent_at": lambda: _("Asked"),
    "frt_s": lambda: _("Counted"),
    "frt_business_s": lambda: _("In business hours"),
    "resolution_s": lambda: _("Counted"),
    "resolution_business_s": lambda: _("In business hours"),
    "channel": lambda: _("Channel"),
    "status": lambda: _("Status"),
    "score": lambda: _("Score"),
    "at": lambda: _("Answered"),
    "waiting_since": lambda: _("Waiting since"),
    "abandoned_at": lambda: _("Left"),
    "seconds": lambda: _("Counted"),
    "business_seconds": lambda: _("In business hours"),
    "open_s": lambda: _("Waited on us"),
    "business_open_s": lambda: _("In business hours"),
    "on_hold_s": lambda: _("Waited on others"),
    "first_resolved_at": lambda: _("First resolved"),
    "net_reopened_at": lambda: _("Came back"),
    "judged_at": lambda: _("Judged from"),
    "next_same_topic_at": lambda: _("Next contact"),
    "reopens": lambda: _("Times reopened"),
    "net_reopens": lambda: _("Without courtesies"),
    "replies": lambda: _("Replies"),
    "replies_before_first_resolution": lambda: _("Replies until resolved"),
    "opened_at": lambda: _("Opened"),
    "due_at": lambda: _("Due"),
    "taken_up_at": lambda: _("Taken up"),
    "closed_at": lambda: _("Closed"),
    "outcome": lambda: _("Outcome"),
    "cost": lambda: _("Cost"),
    "touches": lambda: _("Counted as"),
    "fcr": lambda: _("Counted as"),
}
_STATUS_NAMES = {"new": Status.OPEN.label, **dict(Status.choices)}


def show(column: str, value: Any, zone: ZoneInfo) -> str:
    """What a list says of one ticket: times in words with the seconds counted, moments in the report's zone."""
    if value is None:
        return words.UNKNOWN
    if column.endswith(("_s", "seconds")):
        if value < 60:
            return words.spell(value)
        return _("%(time)s (%(seconds)s s)") % {
            "time": words.spell(value), "seconds": formats.number_format(value, force_grouping=True)}  # fmt: skip
    if isinstance(value, datetime):
        return words.moment_name(value, zone)
    if column == "outcome":
        return str(dict(Outcome.choices).get(value, words.UNKNOWN))
    if column == "cost":
        return formats.number_format(value, 2, force_grouping=True)
    if column == "status":
        return str(_STATUS_NAMES.get(value, value))
    if column in ("fcr", "touches"):
        return words.label_name(value)
    if column == "channel":
        return channel_names.name_of(value)
    return str(value)
