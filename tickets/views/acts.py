"""Acts on a ticket: a verb becomes a noun one can create and delete."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import clock
from helpdesk.models import Event, Team
from helpdesk.pages import agent_of, agents_only, by_htmx, toast
from tickets import activity, choosing, moments, reading, texts
from tickets.models import Message, Ticket
from tickets.operations import acting, assignment, collisions, replying, sorting, withdrawing
from tickets.operations import bulk as bulk_acts
from tickets.operations import undo as undoing
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.status import NotAnswered, NotPossible
from tickets.operations.undo import undo as undo_event
from tickets.views import field_answers
from tickets.views.bulk import take_back
from tickets.views.onward import lead_on
from tickets.views.shared import after_act, assignable, collision, find, not_possible, seen


def answer(
    request: HttpRequest, ticket: Ticket, work: Callable[[], Ticket], said: Callable[[Ticket], str | Promise]
) -> HttpResponse:
    """Do something and say so, or say why not."""
    try:
        ticket = work()
    except ChangedMeanwhile as why:
        return collision(request, ticket, why)
    except NotAnswered as why:
        return field_answers.ask(request, ticket, why)
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, said(ticket))


def _act(request: HttpRequest, number: int, act: Mapping[str, Any], said: Callable[[Ticket], str | Promise]):  # type: ignore[no-untyped-def]
    ticket, agent = find(request, number), agent_of(request)
    response = answer(request, ticket, lambda: acting.perform(ticket, act, actor=agent, seen=seen(request)), said)
    if act.get("do") == "status" and act.get("to") == "resolved" and response.status_code == 200:
        lead_on(request, response, ticket)
    return response


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
    if _wants_removal(request):
        return _act(request, number, {"do": "status", "to": "open"}, lambda ticket: _("Opened again"))
    return _act(request, number, {"do": "status", "to": "resolved"}, lambda ticket: _("Resolved"))


@agents_only
@require_POST
def status_change(request: HttpRequest, number: int) -> HttpResponse:
    """Pending, on hold, open or resolved."""
    return _act(
        request, number, {"do": "status", "to": request.POST.get("to", "")},
        lambda ticket: _("Now %(status)s") % {"status": ticket.get_status_display().lower()},
    )  # fmt: skip


_SAID: dict[str, Callable[[Ticket], str | Promise]] = {
    "status": lambda ticket: _("Now %(status)s") % {"status": ticket.get_status_display().lower()},
    "priority": lambda ticket: _("Priority %(priority)s") % {"priority": ticket.get_priority_display().lower()},
    "type": lambda ticket: (
        _("Type %(type)s") % {"type": ticket.get_type_display().lower()} if ticket.type else _("No type")
    ),
    "wake": lambda ticket: _("Awake again"),
    "follow": lambda ticket: _("You follow it"),
    "unfollow": lambda ticket: _("You follow it no longer"),
    "spam": lambda ticket: (
        _("It is spam") if not ticket.customer.is_blocked else _("It is spam, and its sender blocked")
    ),
    "trash": lambda ticket: _("Put into the trash"),
    "restore": lambda ticket: _("Taken out: now %(status)s") % {"status": ticket.get_status_display().lower()},
    "field": lambda ticket: _("Answer saved"),
}


@agents_only
@require_POST
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Any act in words, see tickets.operations.acting: its fields are those of the form."""
    given = {name: str(value) for name, value in request.POST.items() if name not in ("seen", "csrfmiddlewaretoken")}
    if given.get("do") == "spam block":  # one button of a form says both
        given |= {"do": "spam", "block": "1"}
    if given.get("words", "").strip():
        given.pop("until", None)
    else:
        given.pop("words", None)
    agent = agent_of(request)

    def said(ticket: Ticket) -> str | Promise:
        if ticket.snoozed_until and given.get("do") == "snooze":
            return _("Snoozed until %(when)s") % {"when": choosing.shown(ticket.snoozed_until, agent)}
        return _SAID.get(given.get("do", ""), lambda ticket: _("Done"))(ticket)

    return _act(request, number, given, said)


@agents_only
@require_safe
def moment(request: HttpRequest, number: int) -> HttpResponse:
    """What words mean as a time, while somebody writes them."""
    ticket, agent = find(request, number), agent_of(request)
    words = request.GET.get("words", "")[:200]
    business = reading.business(ticket.inbox.calendar_id)
    at = moments.read(words, now=clock.now(), zone=agent.zone, calendar=business)
    means = {
        "words": words.strip(),
        "shown": choosing.shown(at, agent) if at else "",
        "away": choosing.away(at) if at else "",
    }
    return render(request, "tickets/_moment.html", {"means": means})


@agents_only
@require_http_methods(["POST", "DELETE"])
def assignee(request: HttpRequest, number: int) -> HttpResponse:
    """Give it to an agent ("me" or an id), to a team, or to nobody; `note` says why to whoever gets it."""
    ticket, me = find(request, number), agent_of(request)

    def give() -> Ticket:
        if _wants_removal(request):
            return assignment.unassign(ticket, actor=me)
        agent, team = _who(request, ticket)
        if note := texts.clean(request.POST.get("note", "")):
            replying.add_note(ticket, text=note, actor=me)
        return assignment.assign(ticket, agent=agent, team=team, actor=me)

    return answer(
        request, ticket,
        lambda: collisions.change(ticket, "assignment", lambda one: give(), seen=seen(request), actor=me),
        lambda ticket: _("Given to %(who)s") % {"who": ticket.assignee or ticket.team}
        if (ticket.assignee or ticket.team) and not _wants_removal(request)
        else _("Nobody's now"),
    )  # fmt: skip


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
    name, removal = _given(request, "tag"), _wants_removal(request)
    said = _("Tag %(tag)s taken off") if removal else _("Tagged %(tag)s")
    return _act(
        request, number, {"do": "untag" if removal else "tag", "tag": name}, lambda ticket: said % {"tag": name}
    )


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
    current = request.POST.get("current", "")
    if by_htmx(request) and current and current != str(ticket.number):
        # the page has gone on to another ticket, and stays there
        return toast(_unchanged(), _undone(ticket, done))
    return after_act(request, ticket, _("Undone"), can_undo=False)


@agents_only
@require_POST
def undo_last(request: HttpRequest) -> HttpResponse:
    """Take back what the agent did last, on whatever ticket; `current` is the one their page shows."""
    agent = agent_of(request)
    event = undoing.latest(agent)
    ticket = Ticket.objects.visible_to(agent).filter(pk=event.stream_id or 0).first() if event else None
    if event is None or ticket is None:
        return _nowhere(request, _("There is nothing to undo."))
    if (many := bulk_acts.of_event(event)) and not many.undoes_id:
        return take_back(request, many)
    try:
        if event.verb in undoing.SAYING:
            seen = Ticket.objects.visible_to(agent)  # its ticket may have been merged meanwhile
            message = get_object_or_404(Message, pk=event.facts["message"], ticket__in=seen)
            ticket = message.ticket
            withdrawing.withdraw(message, actor=agent)
        else:
            ticket = undo_event(ticket, event, actor=agent)
    except NotPossible as why:
        return _nowhere(request, str(why))
    said = _undone(ticket, event)
    if event.verb == "ticket.merged":  # the page shows where it had gone
        messages.success(request, said)
        where = reverse("ticket", args=[ticket.number])
        response = HttpResponse() if by_htmx(request) else redirect(where)
        response["HX-Redirect"] = where
        return response
    if not by_htmx(request) or request.POST.get("current") == str(ticket.number):
        return after_act(request, ticket, said, can_undo=False)
    return toast(_unchanged(), said)


def _undone(ticket: Ticket, event: Event) -> str:
    """What was taken back, and where: Z reaches further back than the page that is shown."""
    for line in activity.told([event]):
        return _("Undone on #%(number)s: %(what)s") % {"number": ticket.number, "what": line.sentence}
    return _("Undone on #%(number)s") % {"number": ticket.number}


def _nowhere(request: HttpRequest, why: str) -> HttpResponse:
    if not by_htmx(request):
        messages.info(request, why)
        return redirect(reverse("queue"))
    return toast(_unchanged(), why)


def _unchanged() -> HttpResponse:
    """An answer that leaves the page as it is."""
    response = HttpResponse()
    response["HX-Reswap"] = "none"
    return response


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
