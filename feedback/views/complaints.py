"""Complaints: the list, and the steps each is taken through."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from feedback import tabs, voice
from feedback.models import Complaint
from feedback.operations import complaining
from feedback.voice_forms import DecideForm
from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only
from tickets.operations.status import NotPossible
from tickets.views.customers import done, refused
from tickets.views.shared import find as find_ticket

SHOWN = ("open", "overdue", "closed", "all")


@agents_only
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Complaints, and how far each has come."""
    agent = agent_of(request)
    show = request.GET.get("show", "")
    show = show if show in SHOWN else "open"
    rows, after = voice.complaints_page(agent, show=show, after=request.GET.get("after", ""))
    names = {"open": _("Open"), "overdue": _("Acknowledgement overdue"), "closed": _("Closed"), "all": _("All")}
    context = {
        **tabs.shown(request, "complaints"), "rows": rows, "show": show,
        "shelves": [{"title": names[key], "url": f"{reverse('complaints')}?show={key}", "is_here": key == show}
                    for key in SHOWN],
        "next_url": f"?show={show}&after={after}" if after else "",
        "overdue": Complaint.objects.visible_to(agent).overdue(clock.now()).count(),
    }  # fmt: skip
    return render(request, "feedback/voice/complaints.html", context)


@agents_only
@require_POST
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Take a complaint a step further, or back: `do` says which."""
    ticket, agent = find_ticket(request, number), agent_of(request)
    complaint = get_object_or_404(Complaint, ticket=ticket)
    given = request.POST if "do" in request.POST else request.GET
    step = _STEPS.get(given.get("do", ""))
    if step is None:
        return HttpResponse(_("There is no such act."), status=400, content_type="text/plain; charset=utf-8")
    try:
        said, undo = step(complaint, given, agent)
    except NotPossible as why:
        return refused(request, why, ticket.get_absolute_url())
    undo_url = f"{reverse('complaint_act', args=[number])}?do={undo}" if undo else ""
    return done(request, said, ticket.get_absolute_url(), undo_url=undo_url)


def _acknowledge(complaint: Complaint, given: Any, agent: Agent) -> tuple[str, str]:
    complaining.acknowledge(complaint, actor=agent)
    return _("Acknowledged"), "unacknowledge"


def _unacknowledge(complaint: Complaint, given: Any, agent: Agent) -> tuple[str, str]:
    complaining.unacknowledge(complaint, actor=agent)
    return _("Not acknowledged yet"), "acknowledge"


def _decide(complaint: Complaint, given: Any, agent: Agent) -> tuple[str, str]:
    form = DecideForm(given)
    if not form.is_valid():
        raise NotPossible(_("Choose what was found: upheld, partly, or not."))
    was_decided = complaint.decided_at is not None
    complaining.decide(complaint, actor=agent, **form.cleaned_data)
    return _("Decided"), "" if was_decided else "undecide"


def _undecide(complaint: Complaint, given: Any, agent: Agent) -> tuple[str, str]:
    complaining.undecide(complaint, actor=agent)
    return _("Not decided yet"), ""


def _close(complaint: Complaint, given: Any, agent: Agent) -> tuple[str, str]:
    complaining.close(complaint, is_agreed={"yes": True, "no": False}.get(given.get("agreed", "")), actor=agent)
    return _("Complaint closed"), "reopen"


def _reopen(complaint: Complaint, given: Any, agent: Agent) -> tuple[str, str]:
    complaining.reopen(complaint, actor=agent)
    return _("Complaint open again"), ""


_STEPS = {
    "acknowledge": _acknowledge, "unacknowledge": _unacknowledge, "decide": _decide, "undecide": _undecide,
    "close": _close, "reopen": _reopen,
}  # fmt: skip
