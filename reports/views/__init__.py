"""The report pages. All of them read the same filter from the address, and show only inboxes the reader may see."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from helpdesk.models import Role
from helpdesk.pages import roles
from reports import exports, privacy, reading, words
from reports.definitions import DEFINITIONS
from reports.forms import CHANNELS, FilterForm
from reports.pages import GROUPS, Page, all_pages, find
from reports.reading import BEHIND, Filter
from tickets.models import Status

readers = roles(Role.LEAD, Role.AGENT)


@readers
@require_safe
def report(request: HttpRequest, key: str = "overview") -> HttpResponse:
    """One page: its answer in words, its numbers, its charts."""
    page = _page(key)
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    if not form.is_valid():
        return _not_understood(request, form, page)
    found = page.build(form.filter)
    query = form.filter.query()
    context = {
        "page": page,
        "menu": menu(page, query),
        "filters": form,
        "said": said(form),
        "report": found,
        "csv_url": f"{reverse('report_csv', args=[page.key])}?{query}",
    }
    return render(request, "reports/report.html", context)


@readers
@require_safe
def report_csv(request: HttpRequest, key: str) -> HttpResponse:
    """The same figures as a file."""
    page = _page(key)
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    if not form.is_valid():
        return _not_understood(request, form, page)
    found = page.build(form.filter)
    response = HttpResponse(exports.as_csv(page, found, form.names()), content_type="text/csv; charset=utf-8")
    name = f"{page.key}-{found.chosen.first}-{found.chosen.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def menu(chosen: Page, query: str) -> list[dict[str, Any]]:
    """All pages by their groups, each with the choice that is made."""
    return [
        {
            "title": title,
            "pages": [
                {"name": one.name, "question": one.question, "is_here": one.key == chosen.key,
                 "url": f"{reverse('report', args=[one.key])}?{query}"}
                for one in all_pages() if one.group == group
            ],
        }
        for group, title in GROUPS.items()
        if any(one.group == group for one in all_pages())
    ]  # fmt: skip


def _page(key: str) -> Page:
    page = find(key)
    if page is None:
        raise Http404
    return page


def _not_understood(request: HttpRequest, form: FilterForm, page: Page) -> HttpResponse:
    context = {"page": page, "menu": menu(page, ""), "filters": form}
    return render(request, "reports/report.html", context, status=422)


@readers
@require_safe
def tickets(request: HttpRequest, key: str) -> HttpResponse:
    """The tickets behind a number, with what was counted of each."""
    if key not in BEHIND:
        raise Http404
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    if not form.is_valid():
        return _not_understood(request, form, _page("overview"))
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
        "said": f"{counted} · {said(form)}",
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
    return render(request, "reports/definitions.html", {"definitions": DEFINITIONS})


def said(form: FilterForm) -> str:
    """The choice in words."""
    chosen: Filter = form.filter
    other = chosen.compared()
    beside = _("compared with %(days)s") % {"days": words.days(other)} if other else ""
    return " · ".join(filter(None, [words.days(chosen), chosen.zone, *form.names().values(), beside]))


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
}
_STATUS_NAMES = {"new": Status.OPEN.label, **dict(Status.choices)}


def show(column: str, value: Any, zone: ZoneInfo) -> str:
    """What a list says of one ticket: times in words with the seconds counted, moments in the report's zone."""
    if value is None:
        return words.UNKNOWN
    if column.endswith("_s"):
        if value < 60:
            return words.spell(value)
        return _("%(time)s (%(seconds)s s)") % {
            "time": words.spell(value), "seconds": formats.number_format(value, force_grouping=True)}  # fmt: skip
    if column.endswith("_at"):
        return formats.date_format(value.astimezone(zone), "SHORT_DATETIME_FORMAT")
    if column == "status":
        return str(_STATUS_NAMES.get(value, value))
    if column == "channel":
        return str(CHANNELS.get(value, value))
    return str(value)
