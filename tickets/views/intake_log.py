"""Every mail that came in, and what became of it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.pages import agent_of, agents_only
from tickets import texts
from tickets.models import RawMessage, RawState
from tickets.operations import intake

PAGE = 50


@agents_only
@require_safe
def intake_log(request: HttpRequest) -> HttpResponse:
    """The latest mails of the agent's inboxes; first of all those that wait for a person."""
    state = request.GET.get("state", "")
    mails = RawMessage.objects.visible_to(agent_of(request)).select_related("inbox", "said").defer("content")
    if state in RawState.values:
        mails = mails.filter(state=state)
    if before := texts.number(request.GET.get("before", "")):
        mails = mails.filter(pk__lt=before)
    rows = list(mails.order_by("-pk")[: PAGE + 1])
    context = {
        "mails": rows[:PAGE],
        "before": rows[PAGE - 1].pk if len(rows) > PAGE else "",
        "state": state,
        "states": RawState.choices,
        "rail_current": "settings",
    }
    return render(request, "tickets/intake_log.html", context)


@agents_only
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a parked mail again; release a quarantined one."""
    raw = get_object_or_404(RawMessage.objects.visible_to(agent_of(request)), pk=pk)
    if not agent_of(request).may_reply:
        raise PermissionDenied
    if raw.state in (RawState.PARKED, RawState.QUARANTINED):
        intake.replay(raw, force=raw.state == RawState.QUARANTINED)
        messages.success(request, _("It is being read again."))
    else:
        messages.error(request, _("Only a parked or quarantined mail can be read again."))
    return redirect("intake_log")


@agents_only
@require_safe
def raw_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail, byte for byte, to save."""
    raw = get_object_or_404(RawMessage.objects.visible_to(agent_of(request)), pk=pk)
    response = HttpResponse(bytes(raw.content), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, f"mail-{raw.pk}.eml")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
