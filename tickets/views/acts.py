"""Acts on a ticket: a verb becomes a noun one can create and delete."""

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.models import Event, Team
from helpdesk.pages import agent_of, agents_only
from tickets import texts
from tickets.operations import assignment, sorting, status
from tickets.operations.status import NotPossible
from tickets.operations.undo import undo as undo_event
from tickets.views.shared import after_act, assignable, find, not_possible


def _wants_removal(request: HttpRequest) -> bool:
    """DELETE, or a plain form's way of saying it."""
    return request.method == "DELETE" or request.POST.get("_method") == "delete"


def _given(request: HttpRequest, name: str) -> str:
    """A value of the form, also with DELETE, whose form is in the address or in the body."""
    if request.method == "DELETE":
        return request.GET.get(name) or QueryDict(request.body).get(name) or ""
    return request.POST.get(name, "")


@agents_only
@require_http_methods(["POST", "DELETE"])
def resolution(request: HttpRequest, number: int) -> HttpResponse:
    """Resolve; delete the resolution to reopen."""
    ticket = find(request, number)
    removal = _wants_removal(request)
    change = status.reopen if removal else status.resolve
    try:
        ticket = change(ticket, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("Opened again") if removal else _("Resolved"))


@agents_only
@require_POST
def status_change(request: HttpRequest, number: int) -> HttpResponse:
    """Pending, on hold, or open."""
    ticket = find(request, number)
    moves = {"pending": status.pend, "on_hold": status.hold, "open": status.reopen, "resolved": status.resolve}
    move = moves.get(request.POST.get("to", ""))
    if move is None:
        return not_possible(request, ticket, _("There is no such status."))
    try:
        ticket = move(ticket, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("Now %(status)s") % {"status": ticket.get_status_display().lower()})


@agents_only
@require_http_methods(["POST", "DELETE"])
def assignee(request: HttpRequest, number: int) -> HttpResponse:
    """Give it to an agent ("me" or an id), to a team, or to nobody."""
    ticket = find(request, number)
    try:
        if _wants_removal(request):
            ticket = assignment.unassign(ticket, actor=agent_of(request))
            return after_act(request, ticket, _("Nobody's now"))
        agent, team = _who(request, ticket)
        ticket = assignment.assign(ticket, agent=agent, team=team, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("Given to %(who)s") % {"who": agent or team})


def _who(request, ticket):  # type: ignore[no-untyped-def]
    given = request.POST.get("agent", "")
    if given == "me":
        return agent_of(request), ticket.team
    if agent := texts.number(given):
        return get_object_or_404(assignable(ticket), pk=agent), ticket.team
    if team := texts.number(request.POST.get("team", "")):
        return None, get_object_or_404(Team.objects.filter(inboxes=ticket.inbox_id), pk=team)
    raise NotPossible(_("Choose somebody to give it to."))


@agents_only
@require_http_methods(["POST", "DELETE"])
def tags(request: HttpRequest, number: int) -> HttpResponse:
    """Put a tag on, or take it off."""
    ticket = find(request, number)
    name, removal = _given(request, "tag"), _wants_removal(request)
    change = sorting.untag if removal else sorting.tag
    try:
        ticket = change(ticket, name=name, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    said = _("Tag %(tag)s taken off") if removal else _("Tagged %(tag)s")
    return after_act(request, ticket, said % {"tag": name})


@agents_only
@require_POST
def undo(request: HttpRequest, number: int, event: int) -> HttpResponse:
    """Take back what the agent just did."""
    ticket = find(request, number)
    done = Event.objects.filter(pk=event, stream_id=ticket.number).first()
    if done is None:
        raise Http404
    try:
        ticket = undo_event(ticket, done, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("Undone"), can_undo=False)


@agents_only
@require_POST
def subject(request: HttpRequest, number: int) -> HttpResponse:
    """Say anew what the ticket is about."""
    ticket = find(request, number)
    try:
        ticket = sorting.rename(ticket, subject=request.POST.get("subject", ""), actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("Subject changed"), can_undo=False)
