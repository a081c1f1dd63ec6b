"""The agents' side of live chat: the visitor of a ticket."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.pages import agents_only
from tickets import chat_desk
from tickets.views.shared import find


@agents_only
@never_cache
@require_safe
def visitor(request: HttpRequest, number: int) -> HttpResponse:
    """Who is at the other end now, and what they are typing: the strip above a chat, looked at again while it is open.

    Nothing for what is no chat.
    """
    ticket = find(request, number)
    return render(request, "tickets/_visitor.html", {"visitor": chat_desk.strip(ticket), "ticket": ticket})
