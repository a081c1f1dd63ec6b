"""Who is here and on which ticket: pages say that they are there, and ask for the faces on what they show."""

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only
from tickets import presence as kept
from tickets.models import Ticket
from tickets.presence import Doing, Presence
from tickets.views.shared import assignable

_SEAT = re.compile(r"[0-9a-z]{1,32}\Z")
#: how many faces a row has room for
FACES = 3


@agents_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def presence(request: HttpRequest) -> HttpResponse:
    """Say that one is here, or learn who is.

    POST: a page is open, is on a ticket, or leaves it. GET: the faces on `tickets=1,2,3`, of those one may see; or how
    those are who can be given the ticket `people_of=1`.
    """
    if request.method == "POST":
        return _come(request)
    return _people(request) if "people_of" in request.GET else _faces(request)


def _come(request: HttpRequest) -> HttpResponse:
    agent, number = agent_of(request), request.POST.get("ticket", "")
    if request.POST.get("doing") == "here":
        kept.be_here(agent.pk)
        return HttpResponse(status=204)
    inbox = Ticket.objects.visible_to(agent).filter(pk=_whole(number)).values_list("inbox_id", flat=True).first()
    if inbox is None:
        raise Http404
    seat, doing = request.POST.get("seat", ""), request.POST.get("doing", "")
    if not _SEAT.match(seat):
        return HttpResponse(status=400)
    audience = f"inbox:{inbox}"
    if doing == "leave":
        kept.leave(int(number), audience=audience, agent=agent.pk, seat=seat)
    elif doing in set(Doing):
        kept.come(int(number), audience=audience, agent=agent.pk, seat=seat, doing=Doing(doing))
    else:
        return HttpResponse(status=400)
    return HttpResponse(status=204)


def _people(request: HttpRequest) -> HttpResponse:
    """Here, away or offline, and the word for it: of everybody who can be given a ticket one may see."""
    tickets = Ticket.objects.visible_to(agent_of(request)).select_related("inbox")
    ticket = get_object_or_404(tickets, pk=_whole(request.GET["people_of"]))
    there = kept.here()
    people = assignable(ticket).values_list("pk", "is_away")
    return JsonResponse({str(pk): _state(pk, is_away=is_away, there=there) for pk, is_away in people})


def _state(agent: int, *, is_away: bool, there: set[int] | None) -> dict[str, str]:
    """Who says that they are away is, whatever page of theirs is open."""
    if is_away:
        return {"state": "away", "word": _("away")}
    if there is None:
        return {"state": "", "word": ""}
    if agent in there:
        return {"state": "here", "word": pgettext("presence of a colleague", "here")}
    return {"state": "offline", "word": pgettext("presence of a colleague", "offline")}


def _whole(word: str) -> int:
    """A ticket's number; 0, which is nobody's, for anything else."""
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 19 else 0


def _faces(request: HttpRequest) -> HttpResponse:
    agent = agent_of(request)
    asked = {_whole(word) for word in request.GET.get("tickets", "").split(",")[: kept.MOST_TICKETS]} - {0}
    there = kept.around(sorted(asked), but=agent.pk)
    seen = set(Ticket.objects.visible_to(agent).filter(pk__in=there).values_list("pk", flat=True)) if there else set()
    names = dict(
        Agent.objects.active()
        .filter(pk__in={one.agent for number in seen for one in there[number]})
        .values_list("pk", "name")
    ) if seen else {}  # fmt: skip
    return JsonResponse({str(number): _shown(there[number], names) for number in sorted(seen)})


def _shown(there: list[Presence], names: dict[int, str]) -> dict[str, Any]:
    people = [(names[one.agent], one) for one in there if one.agent in names]
    faces = [{"name": name, "is_typing": one.doing != Doing.VIEWING, "said": _said(name, one)} for name, one in people]
    return {
        "faces": render_to_string("tickets/_faces.html", {"faces": faces[:FACES], "rest": faces[FACES:]}),
        "typing": " · ".join(_said(name, one) for name, one in people if one.doing != Doing.VIEWING),
        "seconds": max(1, round(min((one.seconds for _name, one in people), default=1))),
    }


def _said(name: str, one: Presence) -> str:
    return {
        Doing.VIEWING: _("%(name)s is viewing"),
        Doing.REPLY: _("%(name)s is typing a reply"),
        Doing.NOTE: _("%(name)s is typing a note"),
        Doing.FORWARD: _("%(name)s is passing it on"),
    }[one.doing] % {"name": name}
