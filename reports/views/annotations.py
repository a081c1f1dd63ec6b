"""What happened on a day: written down, changed and taken away."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.models import Agent
from helpdesk.pages import agent_of
from reports import reading
from reports.forms import AnnotationForm
from reports.models import Annotation
from reports.operations import annotating
from reports.showing import annotations
from reports.views import menu, readers

MOST = 200


@readers
@require_http_methods(["GET", "HEAD", "POST"])
def annotations_page(request: HttpRequest) -> HttpResponse:
    """All of them, the newest first, and one more."""
    agent = agent_of(request)
    form = AnnotationForm(agent, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        annotating.add(**form.cleaned_data, actor=agent)
        messages.success(request, _("Written down."))
        return redirect("report_annotations")
    found = _visible(agent).order_by("-day", "-pk")[:MOST]
    rows = [{"note": one, "may_change": annotating.may_change(one, agent)} for one in found]
    context = {"form": form, "rows": rows, "menu": menu(agent, "annotations")}
    return render(request, "reports/annotations.html", context, status=422 if form.errors else 200)


@readers
@require_http_methods(["GET", "HEAD", "POST"])
def annotation(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, to be said otherwise."""
    agent = agent_of(request)
    found = get_object_or_404(_visible(agent), pk=pk)
    if not annotating.may_change(found, agent):
        raise PermissionDenied
    asked = {"day": found.day, "text": found.text, "inbox": found.inbox_id}
    form = AnnotationForm(agent, request.POST if request.method == "POST" else None, initial=asked)
    if request.method == "POST" and form.is_valid():
        annotating.change(found, **form.cleaned_data, actor=agent)
        messages.success(request, _("Saved."))
        return redirect("report_annotations")
    context = {"form": form, "note": found, "menu": menu(agent, "annotations")}
    return render(request, "reports/annotation.html", context, status=422 if form.errors else 200)


@readers
@require_POST
def annotation_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them goes."""
    agent = agent_of(request)
    annotating.delete(get_object_or_404(_visible(agent), pk=pk), actor=agent)
    messages.success(request, _("Deleted."))
    return redirect("report_annotations")


def _visible(agent: Agent) -> "QuerySet[Annotation]":
    return annotations.in_inboxes([pk for pk, _name in reading.inboxes_for(agent)])
