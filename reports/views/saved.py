"""Saved reports: kept under a name, opened, changed, and mailed by the clock."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.pages import agent_of
from reports.forms import FilterForm, SavedReportForm
from reports.models import SavedReport
from reports.operations import saving
from reports.pages import find
from reports.showing import mails, words
from reports.views import menu, readers


@readers
@require_safe
def saved_reports(request: HttpRequest) -> HttpResponse:
    """One's own and those for everybody."""
    agent = agent_of(request)
    found = saving.visible_to(agent).select_related("owner").prefetch_related("recipients").order_by("name", "pk")
    context = {"menu": menu(agent, "saved"), "rows": [_row(one, agent) for one in found]}
    return render(request, "reports/saved.html", context)


def _row(one: SavedReport, agent: Any) -> dict[str, Any]:
    page = find(one.page)
    return {
        "saved": one,
        "page": page.name if page else one.page,
        "zone": one.asked.get("zone") or "UTC",
        "recipients": ", ".join(agent.name for agent in one.recipients.all()),
        "may_change": saving.may_change(one, agent),
    }


@readers
@require_safe
def saved_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Open it: the page with its choice, on the days that are meant today."""
    found = get_object_or_404(saving.visible_to(agent_of(request)), pk=pk)
    if find(found.page) is None:
        raise Http404
    return redirect(f"{reverse('report', args=[found.page])}?{urlencode(found.asked)}")


@readers
@require_http_methods(["GET", "HEAD", "POST"])
def saved_report_new(request: HttpRequest) -> HttpResponse:
    """Keep a page with its choice; `page` and the choice are in the address."""
    agent, page = agent_of(request), find(request.GET.get("page", "overview"))
    asked = FilterForm(agent, request.GET)
    if page is None or not asked.is_valid():
        raise Http404
    form = SavedReportForm(agent, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        chosen = {key: request.GET.get(key, "") for key in saving.ASKED} | {"zone": asked.filter.zone}
        saving.save(owner=agent, page=page.key, asked=chosen, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("saved_reports")
    context = {"menu": menu(agent, "saved"), "form": form, "page": page, "said": words.choice(asked), "saved": None}
    return render(request, "reports/saved_form.html", context, status=422 if form.errors else 200)


@readers
@require_http_methods(["GET", "HEAD", "POST"])
def saved_report_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, other readers, another time."""
    agent = agent_of(request)
    found = get_object_or_404(saving.visible_to(agent), pk=pk)
    if not saving.may_change(found, agent):
        raise PermissionDenied
    initial = {
        "name": found.name, "is_shared": found.is_shared, "cadence": found.cadence, "hour": found.hour,
        "recipients": found.recipients.all(),
    }  # fmt: skip
    form = SavedReportForm(agent, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        saving.change(found, **form.cleaned_data, actor=agent)
        messages.success(request, _("Saved."))
        return redirect("saved_reports")
    context = {"menu": menu(agent, "saved"), "form": form, "page": find(found.page), "saved": found}
    return render(request, "reports/saved_form.html", context, status=422 if form.errors else 200)


@readers
@require_POST
def saved_report_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """It goes, and is mailed no more."""
    agent = agent_of(request)
    saving.delete(get_object_or_404(saving.visible_to(agent), pk=pk), actor=agent)
    messages.success(request, _("Deleted."))
    return redirect("saved_reports")


# RFC 8058: the mail program posts here by itself, without cookies; the signed token says whose mails end, and no more.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_off(request: HttpRequest, token: str) -> HttpResponse:
    """The way out of its mails, without signing in: asked before, done on the POST that RFC 8058 prescribes."""
    found, is_done = mails.whose(token), False
    if found is not None and request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        saving.leave(found[0], agent=found[1])
        is_done = True
    context = {"token": token if found else "", "name": found[0].name if found else "", "is_done": is_done}
    return render(request, "reports/mail_off.html", context, status=200 if found else 404)
