"""The people who work here: who there is, inviting, changing and letting go."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import second_factor
from helpdesk.accounts import AccountAdapter
from helpdesk.forms import AgentForm
from helpdesk.models import Agent, AgentInvitation
from helpdesk.models.invitation import LIFE
from helpdesk.operations import people, sessions
from helpdesk.operations.keeping import keep
from helpdesk.pages import agent_of, roles, sections_for


def _agents() -> QuerySet[Agent]:
    return Agent.objects.prefetch_related("teams").annotate(
        has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.KINDS)),
        is_invited=Exists(AgentInvitation.objects.open().filter(agent=OuterRef("pk"))),
        was_invited=Exists(AgentInvitation.objects.filter(agent=OuterRef("pk"), accepted_at=None)),
    )


def _state(agent: Any) -> tuple[str, str]:
    """How somebody stands here: the word, and its tone."""
    if not agent.is_active:
        return _("left"), ""
    if agent.is_invited:
        return _("invited"), "warn"
    if agent.was_invited and not agent.has_usable_password():
        return _("invitation ran out"), "bad"
    return (_("away"), "warn") if agent.is_away else (_("active"), "good")


@roles()
@require_safe
def agents(request: HttpRequest) -> HttpResponse:
    """Everybody, those who left at the end."""
    found = list(_agents().order_by("-is_active", "name")[:500])
    for agent in found:
        agent.state, agent.tone = _state(agent)  # type: ignore[attr-defined]
    without = len([one for one in found if one.is_active and not one.has_second_factor])  # type: ignore[attr-defined]
    return render(request, "helpdesk/settings/agents.html", {**_frame(request), "agents": found, "without": without})


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Add somebody, and mail them their way in."""
    form = AgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        agent = keep(form, actor=agent_of(request))
        _mail(request, agent)
        return redirect("settings_agents")
    context = {
        **_frame(request), "form": form, "new_label": _("Invite an agent"), "back_url": reverse("settings_agents"),
        "about": _("They get a mail with a link to choose a password. It works once, for seven days."),
    }  # fmt: skip
    return render(request, "helpdesk/settings/form.html", context, status=422 if form.errors else 200)


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    """One agent: what they may do, and how they get in."""
    found = get_object_or_404(_agents(), pk=pk)
    kept = None
    with transaction.atomic():
        instance = people.hold_with_admins(pk) if request.method == "POST" else found
        form = AgentForm(request.POST or None, instance=instance)
        if request.method == "POST" and form.is_valid():
            kept = keep(form, actor=agent_of(request))
    if kept is not None:
        if kept.role != found.role:
            # other rights, another session
            sessions.end_others(kept, keeping=request.session.session_key)
        messages.success(request, _("Saved."))
        return redirect("settings_agents")
    found.state, found.tone = _state(found)  # type: ignore[attr-defined]
    factors = Authenticator.objects.filter(user=found, type__in=second_factor.KINDS)
    context = {
        **_frame(request), "form": form, "thing": found, "back_url": reverse("settings_agents"),
        "factors": [str(one.get_type_display()) for one in factors],
        "invitation": AgentInvitation.objects.open().filter(agent=found).select_related("invited_by").first(),
        "about": _("What they may do, and how they get in."),
    }  # fmt: skip
    return render(request, "helpdesk/settings/agent.html", context, status=422 if form.errors else 200)


@roles()
@require_POST
def invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation again, which ends the link before; or take it back."""
    found = get_object_or_404(Agent, pk=pk)
    if request.POST.get("_method") == "delete":
        people.revoke(found, actor=agent_of(request))
        messages.success(request, _("The link of the invitation no longer works."))
    else:
        _mail(request, found)
    return redirect("settings_agents_edit", pk=pk)


@roles()
@require_POST
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody go, or in again."""
    found = get_object_or_404(Agent, pk=pk)
    try:
        if request.POST.get("_method") == "delete":
            people.deactivate(found, actor=agent_of(request))
            messages.success(request, _("%(name)s can no longer sign in. Their tickets go back.") % {"name": found})
        else:
            people.reactivate(found, actor=agent_of(request))
            messages.success(request, _("%(name)s can sign in again.") % {"name": found})
    except people.NotPossible as why:
        messages.error(request, str(why))
    return redirect("settings_agents_edit", pk=pk)


@roles()
@require_POST
def factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Take off the second factor of somebody who lost it."""
    found = get_object_or_404(Agent, pk=pk)
    people.reset_second_factor(found, actor=agent_of(request))
    messages.success(
        request, _("%(name)s signs in with the password alone until they set up a new one.") % {"name": found}
    )
    return redirect("settings_agents_edit", pk=pk)


def _mail(request: HttpRequest, invited: Agent) -> None:
    """Make a link and mail it."""
    try:
        secret = people.invite(invited, actor=agent_of(request))
    except people.NotPossible as why:
        messages.error(request, str(why))
        return
    link = request.build_absolute_uri(reverse("invitation", args=[secret]))
    with translation.override(invited.language or translation.get_language()):
        AccountAdapter(request).send_mail(
            "account/email/invitation", invited.email,
            {"invited": invited, "inviter": agent_of(request), "link": link, "days": LIFE.days},
        )  # fmt: skip
    messages.success(request, _("The invitation to %(address)s is on its way.") % {"address": invited.email})


def _frame(request: HttpRequest) -> dict[str, Any]:
    return {
        "sections": sections_for(agent_of(request)), "section": "agents", "title": _("Agents"),
        "rail_current": "settings",
        "about": _("The people who work here. Their teams decide which inboxes they see, their role what they may do."),
    }  # fmt: skip
