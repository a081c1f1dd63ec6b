"""The tab of an inbox's settings that says who sees it, why, and what they may do there."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.forms import field_of
from helpdesk.models import Agent, Role
from helpdesk.pages import agent_of, roles
from tickets.models import Inbox, InboxAccess
from tickets.operations import access
from tickets.settings_tabs import Tab, frame


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who sees an inbox, or to whom it is closed; why, and what they may do there."""

    agent: Agent
    why: str
    may: str
    own: InboxAccess | None


class AccessForm(forms.Form):
    """Who may do what here."""

    agent = forms.ModelChoiceField(label=gettext_lazy("Who"), queryset=Agent.objects.none())
    level = forms.ChoiceField(label=gettext_lazy("May do here"), choices=InboxAccess.Level.choices, initial="agent")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Agent.objects.active().exclude(role=Role.ADMIN)
        field_of(self, "agent").queryset = others

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        agent = data.get("agent")
        if agent and data.get("level") == InboxAccess.Level.AGENT and not agent.may_reply:
            self.add_error("level", _("%(name)s is a light collaborator: change their role first.") % {"name": agent})
        return data


def people_of(inbox: Inbox) -> list[Person]:
    """Everybody who sees the inbox or was shut out of it, by name; in a few questions however many there are."""
    own = {one.agent_id: one for one in inbox.accesses.all()}
    teams = list(inbox.teams.all())
    found = (
        Agent.objects.active()
        .filter(Q(role=Role.ADMIN) | Q(teams__in=teams) | Q(pk__in=list(own)))
        .distinct()
        .order_by("name")
        .prefetch_related("teams")
    )
    return [_person(agent, own.get(agent.pk), {team.pk for team in teams}) for agent in found]


def _person(agent: Agent, own: InboxAccess | None, teams: set[int]) -> Person:
    by_team = ", ".join(team.name for team in agent.teams.all() if team.pk in teams)
    if agent.is_admin:
        return Person(agent, _("admin"), _("everything"), own)
    why = _("team %(teams)s") % {"teams": by_team} if by_team else _("by name")
    if own is not None:
        why = _("by name, beside team %(teams)s") % {"teams": by_team} if by_team else _("by name")
    level = own.level if own else InboxAccess.Level.AGENT
    if level == InboxAccess.Level.NONE:
        may = _("nothing")
    elif level == InboxAccess.Level.LIGHT or not agent.may_reply:
        may = _("read and note")
    else:
        may = _("work tickets")
    return Person(agent, why, may, own)


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody who sees this inbox, and a form to give somebody more or less."""
    inbox = get_object_or_404(Inbox, pk=pk)
    form = AccessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        access.give(inbox, given["agent"], level=given["level"], actor=agent_of(request))
        messages.success(request, _("Saved."))
        return redirect("settings_inboxes_people", pk=pk)
    context = {**frame(request, inbox, TAB), "form": form, "people": people_of(inbox)}
    return render(request, "tickets/settings/inbox_people.html", context, status=422 if form.errors else 200)


@roles(Role.ADMIN)
@require_POST
def forget(request: HttpRequest, pk: int, agent: int) -> HttpResponse:
    """Let teams and role alone decide for this agent again."""
    inbox = get_object_or_404(Inbox, pk=pk)
    access.forget(inbox, get_object_or_404(Agent, pk=agent), actor=agent_of(request))
    messages.success(request, _("Their teams and role decide again."))
    return redirect("settings_inboxes_people", pk=pk)


TAB = Tab(
    "people", gettext_lazy("People"), gettext_lazy("Who sees this inbox and why, and what they may do here."),
    None, view=people, on=lambda inbox: True,
)  # fmt: skip
