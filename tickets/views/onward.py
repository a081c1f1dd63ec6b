"""Where one goes after sending or resolving, as the agent likes it: to the next ticket, to the list, or nowhere."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from helpdesk.models.agent import AfterAct
from helpdesk.pages import agent_of, by_htmx, tell_page
from tickets import reading
from tickets.models import Ticket
from tickets.views.lists import view_of


def lead_on(request: HttpRequest, response: HttpResponse, ticket: Ticket) -> HttpResponse:
    """Let the page go on from this ticket, if its agent does so. Without scripts it stays."""
    agent = agent_of(request)
    if not by_htmx(request) or agent.after_act == AfterAct.STAY:
        return response
    url = reverse("queue")
    if agent.after_act == AfterAct.NEXT:
        number = reading.next_up(view_of(request), agent, ticket)
        if number is None:
            return response
        url = reverse("ticket", args=[number])
    return tell_page(response, onward={"ticket": ticket.number, "url": url, "to": agent.after_act})
