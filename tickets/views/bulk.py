"""One act on many tickets: asked for in the list's bar, with progress, failures named, and one way back."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.doorbell import ring
from helpdesk.pages import agent_of, agents_only, by_htmx, tell_page, toast
from tickets import reading, texts
from tickets.models import BulkAct
from tickets.operations import bulk as operation
from tickets.operations.status import NotPossible
from tickets.views.lists import view_of


@agents_only
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Do it: at once for a handful, else by a worker while the page shows how far it is."""
    agent = agent_of(request)
    try:
        asked = operation.ask(
            actor=agent, act=_act(request), tickets=_numbers(request), once=texts.line(request.POST.get("once", ""), 60)
        )
    except NotPossible as why:
        return _refused(request, str(why))
    return _begun(request, asked)


@agents_only
@require_POST
def undoing(request: HttpRequest, pk: int) -> HttpResponse:
    """Take all of it back."""
    return take_back(request, get_object_or_404(BulkAct, pk=pk, agent=agent_of(request)))


def take_back(request: HttpRequest, done: BulkAct) -> HttpResponse:
    """As asked for from anywhere: whatever page it is leaves its parts as they are, and shows how far it is."""
    try:
        asked = operation.ask_undo(done, actor=agent_of(request))
    except NotPossible as why:
        return _refused(request, str(why))
    response = _begun(request, asked)
    if by_htmx(request):
        response["HX-Reswap"] = "none"
        if asked.state != BulkAct.State.DONE or asked.failed:
            tell_page(response, bulkbegun={"url": reverse("bulk_progress", args=[asked.pk])})
    return response


@agents_only
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and how it went."""
    asked = get_object_or_404(BulkAct, pk=pk, agent=agent_of(request))
    if by_htmx(request):
        return _told(request, asked)
    return render(request, "tickets/bulk.html", {**_context(asked), "rail_current": "queue"})


def _act(request: HttpRequest) -> dict[str, Any]:
    """The act of the button that was pressed, with the words of the field beside it."""
    try:
        act = json.loads(request.POST.get("act", ""))
    except json.JSONDecodeError:
        act = None
    if not isinstance(act, dict):
        raise NotPossible(_("There is no such act."))
    for name in ("tag", "words"):
        if name in act and act[name] == "":
            act[name] = request.POST.get(name, "")
    return act


def _numbers(request: HttpRequest) -> list[int]:
    """The tickets that were ticked, or all of the list in its order."""
    if request.POST.get("all"):
        view = view_of(request)
        return reading.numbers_of(view, agent_of(request), limit=operation.MOST)[0]
    return [number for one in request.POST.getlist("ticket") if (number := texts.number(one))]


def _begun(request: HttpRequest, asked: BulkAct) -> HttpResponse:
    """Do what can be done at once, or have it done."""
    if len(asked.tickets) - asked.done <= operation.AT_ONCE:
        operation.run(asked.pk)
        asked.refresh_from_db()
    else:
        from tickets.tasks import run_bulk_acts

        ring(run_bulk_acts)
    if by_htmx(request):
        return _told(request, asked)
    if asked.state == BulkAct.State.DONE and not asked.failed:
        messages.success(request, operation.result(asked).said)
    return redirect("bulk_progress", pk=asked.pk)


def _told(request: HttpRequest, asked: BulkAct) -> HttpResponse:
    """The bar's part of the page, and a sentence with the way back once it is done."""
    response = render(request, "tickets/_bulk_progress.html", _context(asked))
    if asked.state != BulkAct.State.DONE:
        return response
    way_back = "" if asked.undoes_id or not asked.events else reverse("bulk_undo", args=[asked.pk])
    response = toast(response, operation.result(asked).said, undo_url=way_back)
    return tell_page(response, bulkdone={"number": asked.pk})


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    if not by_htmx(request):
        messages.error(request, why)
        return redirect("queue")
    response = HttpResponse(status=409)
    response["HX-Trigger"] = json.dumps({"toast": {"message": why, "undo_url": "", "tone": "bad"}})
    return response


def _context(asked: BulkAct) -> dict[str, Any]:
    is_done = asked.state == BulkAct.State.DONE
    return {
        "bulk": asked,
        "is_done": is_done,
        "total": len(asked.tickets),
        "result": operation.result(asked),
        "can_undo": is_done and not asked.undoes_id and bool(asked.events),
    }
