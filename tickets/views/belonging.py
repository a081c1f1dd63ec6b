"""Saying on which ticket a message belongs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only, by_htmx
from tickets import texts, whys
from tickets.models import Message, Ticket
from tickets.operations import moving
from tickets.operations.status import NotPossible
from tickets.views.shared import not_possible

SUGGESTED = 8


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def message_ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """Why the message is here, and where else it may go; a POST of a number, or of `new`, puts it there."""
    agent = agent_of(request)
    seen = Ticket.objects.visible_to(agent)
    message = get_object_or_404(Message.objects.select_related("ticket", "sender", "raw"), pk=pk, ticket__in=seen)
    problem = ""
    if request.method == "POST":
        try:
            return _moved(request, _put(message, request.POST.get("ticket", ""), agent))
        except NotPossible as why:
            problem = str(why)
            if by_htmx(request):
                return not_possible(request, message.ticket, problem)
    context = {
        "message": message,
        "ticket": message.ticket,
        "why": whys.why(message),
        "vouching": whys.vouching(message),
        "suggestions": _suggestions(message, agent),
        "problem": problem,
        "rail_current": "queue",
    }
    template = "tickets/_belongs.html" if by_htmx(request) else "tickets/belongs.html"
    return render(request, template, context, status=409 if problem else 200)


def _put(message: Message, given: str, agent: Agent) -> Message:
    if given == "new":
        return moving.move(message, ticket=None, actor=agent)
    number = texts.number(given.strip().removeprefix("#"))
    target = Ticket.objects.visible_to(agent).filter(number=number).first() if number else None
    if target is None:
        raise NotPossible(_("There is no such ticket."))
    return moving.move(message, ticket=target, actor=agent)


def _moved(request: HttpRequest, message: Message) -> HttpResponse:
    where = f"{reverse('ticket', args=[message.ticket_id])}#message-{message.pk}"
    messages.success(request, _("The message is here now."))
    if not by_htmx(request):
        return redirect(where)
    response = HttpResponse()
    response["HX-Redirect"] = where
    return response


def _suggestions(message: Message, agent: Agent) -> list[Ticket]:
    """The ticket it names, then its sender's and this customer's other open ones, the latest first."""
    tickets = Ticket.objects.visible_to(agent).filter(inbox=message.ticket.inbox_id).exclude(pk=message.ticket_id)
    named = message.raw.belongs_to_id if message.raw else None
    customers = {message.ticket.customer_id, *([message.sender.customer_id] if message.sender else [])}
    first = list(tickets.filter(pk=named)) if named else []
    theirs = tickets.filter(customer__in=customers).unsolved().exclude(pk=named or 0).order_by("-number")
    return [*first, *theirs[: SUGGESTED - len(first)]]
