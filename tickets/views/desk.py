"""The agents' side of live chat: the visitor of a ticket, one's own chats, and whether new ones come to one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.models import Agent, Role
from helpdesk.pages import agent_of, agents_only, by_htmx, roles, sections_for, toast
from tickets import chat_desk, texts
from tickets.models import ChatSeat
from tickets.operations import chat_seats
from tickets.views.shared import find

#: a page hears of so much at once and no more
MOST_NEWS = 50


@agents_only
@never_cache
@require_safe
def visitor(request: HttpRequest, number: int) -> HttpResponse:
    """Who is at the other end now, and what they are typing: the strip above a chat, looked at again while it is open.

    Nothing for what is no chat.
    """
    ticket = find(request, number)
    return render(request, "tickets/_visitor.html", {"visitor": chat_desk.strip(ticket), "ticket": ticket})


@roles(Role.LEAD, Role.AGENT)
@never_cache
@require_safe
def chats(request: HttpRequest) -> HttpResponse:
    """One's own chats: the bar above the workspace, looked at again as things happen."""
    return render(request, "tickets/_chat_bar.html", {"bar": chat_desk.bar(agent_of(request))})


@roles(Role.LEAD, Role.AGENT)
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Let new chats come to one, with `available=1`, or no more."""
    agent = agent_of(request)
    seat = chat_seats.switch(agent, is_available=request.POST.get("available") == "1", actor=agent)
    said = _("New chats come to you now.") if seat.is_available else _("No more chats come to you.")
    if by_htmx(request):
        context = {"bar": chat_desk.bar(agent), "entry": chat_desk.menu_entry(agent)}
        return toast(render(request, "tickets/_chat_switched.html", context), said)
    messages.success(request, said)
    before = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure())
    return redirect(before if is_ours else reverse("queue"))


@roles(Role.LEAD, Role.AGENT)
@require_POST
def page_open(request: HttpRequest) -> HttpResponse:
    """A page of theirs is open somewhere: they have not gone home."""
    chat_seats.be_open(agent_of(request))
    return HttpResponse(status=204)


@roles(Role.LEAD, Role.AGENT)
@never_cache
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """Which of `tickets=1,2` a page that is looked away from tells of, and how."""
    asked = request.GET.get("tickets", "").split(",")[:MOST_NEWS]
    found = chat_desk.news(agent_of(request), {number for word in asked if (number := texts.number(word))})
    writes = _("%(name)s writes in the chat")
    chats = [
        {"ticket": pk, "words": writes % {"name": name}, "url": reverse("ticket", args=[pk])}
        for pk, name in found.chats
    ]
    return JsonResponse({"rings": found.rings, "notifies": found.notifies, "chats": chats})


class SeatForm(forms.ModelForm):
    """How many chats at once, and how one hears of them."""

    class Meta:
        model = ChatSeat
        fields = ["capacity", "rings", "notifies"]


@roles(Role.LEAD, Role.AGENT)
@require_http_methods(["GET", "HEAD", "POST"])
def seat(request: HttpRequest) -> HttpResponse:
    """How many chats come to one at once, and how one hears of what visitors write."""
    agent = agent_of(request)
    if request.method == "POST" and "agent" in request.POST:
        return _allow(request, agent)
    form = SeatForm(request.POST or None, instance=chat_seats.seat_of(agent))
    if request.method == "POST" and form.is_valid():
        chat_seats.arrange(agent, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("settings_chats")
    context: dict[str, Any] = {
        "sections": sections_for(agent), "section": "chats", "rail_current": "settings", "form": form,
        "title": _("Your chats"), "about": _("How many chats come to you at once, and how you hear of them."),
        "others": _others(agent) if agent.is_admin else (),
    }  # fmt: skip
    return render(request, "tickets/settings/seat.html", context, status=422 if form.errors else 200)


class CapacityForm(forms.ModelForm):
    """How many chats come to somebody else at once."""

    class Meta:
        model = ChatSeat
        fields = ["capacity"]
        widgets = {"capacity": forms.NumberInput(attrs={"class": "input"})}


def _others(agent: Agent) -> list[tuple[Agent, CapacityForm]]:
    """The colleagues who answer customers, each with their number."""
    theirs = Agent.objects.active().exclude(role=Role.LIGHT).exclude(pk=agent.pk).order_by("name")
    seats = {seat.agent_id: seat for seat in ChatSeat.objects.filter(agent__in=theirs)}
    return [
        (one, CapacityForm(instance=seats.get(one.pk) or ChatSeat(agent=one), auto_id=f"id_{one.pk}_%s"))
        for one in theirs
    ]


def _allow(request: HttpRequest, agent: Agent) -> HttpResponse:
    if not agent.is_admin:
        raise PermissionDenied
    other = get_object_or_404(
        Agent.objects.active().exclude(role=Role.LIGHT), pk=texts.number(request.POST["agent"]) or 0
    )
    form = CapacityForm(request.POST, instance=chat_seats.seat_of(other))
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors["capacity"]))))
        return redirect("settings_chats")
    chat_seats.allow(other, capacity=form.cleaned_data["capacity"], actor=agent)
    messages.success(request, _("Saved."))
    return redirect("settings_chats")
