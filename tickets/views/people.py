"""Who gets it, and who takes part: the line under the composer, participants, and taking back what was just sent."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.pages import agent_of, agents_only, tell_page
from tickets.models import Draft, Message
from tickets.operations import merging, participants, recipients, withdrawing
from tickets.operations.status import NotPossible
from tickets.views import written
from tickets.views.shared import after_act, find, not_possible


@agents_only
@require_POST
def ticket_recipients(request: HttpRequest, number: int) -> HttpResponse:
    """The line that says who will get what is being written, with what is wrong with it in words."""
    ticket = find(request, number)
    kind = Draft.Kind.FORWARD if request.POST.get("kind") == "forward" else Draft.Kind.REPLY
    problem = ""
    try:
        read = written.read(request, ticket, kind)
        answered = read.answers or recipients.answered_by(ticket)
        answered = answered if kind == Draft.Kind.REPLY else None
        if read.chosen is None:
            people = recipients.suggest(ticket, answered)
        else:
            people = recipients.describe(ticket, answered, recipients.check(read.chosen))
    except NotPossible as why:
        people, problem = recipients.Recipients(), str(why)
    context = {"people": people, "problem": problem, "kind": kind, "prefix": written.field(kind, ""), "ticket": ticket}
    return render(request, "tickets/_recipients_line.html", context)


@agents_only
@require_http_methods(["POST", "DELETE"])
def ticket_participants(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody take part; delete to let them no longer, or to drop a suggestion."""
    ticket, agent = find(request, number), agent_of(request)
    removal = request.method == "DELETE" or request.POST.get("_method") == "delete"
    address = request.POST.get("address") or request.GET.get("address") or ""
    try:
        if removal:
            participants.remove(ticket, address=address, actor=agent)
            said = _("%(address)s no longer takes part") % {"address": address}
        else:
            participants.add(ticket, address=address, actor=agent)
            said = _("%(address)s takes part now") % {"address": address}
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    response = after_act(request, ticket, said, can_undo=False)
    return tell_page(response, composer={"ticket": ticket.number, "kind": "", "focus": False})


@agents_only
@require_POST
def ticket_withdrawal(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Take back what was just sent: the words are in the composer again."""
    ticket = find(request, merging.final(find(request, number)).number)  # it may have been merged meanwhile
    message = get_object_or_404(Message, pk=pk, ticket=ticket)
    try:
        draft = withdrawing.withdraw(message, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    response = after_act(
        request, ticket, _("Taken back. Nothing was sent; your words are in the composer."), can_undo=False
    )
    return tell_page(response, composer={"ticket": ticket.number, "kind": draft.kind, "focus": True})
