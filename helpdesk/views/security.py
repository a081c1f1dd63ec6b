"""Signing in: one's own ways and sessions, and what everybody needs."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import browsers, second_factor
from helpdesk.forms import HouseForm
from helpdesk.models import Agent, House
from helpdesk.operations import people, sessions
from helpdesk.pages import agent_of, agents_only, roles, sections_for


@agents_only
@require_safe
def signing_in(request: HttpRequest) -> HttpResponse:
    """One's password, second factor and open sessions."""
    agent = agent_of(request)
    own = [
        {
            "session": one,
            "is_here": one.session_key == request.session.session_key,
            "name": browsers.name(one.user_agent),
        }
        for one in sorted(UserSession.objects.purge_and_list(agent), key=lambda one: one.created_at, reverse=True)
    ]
    context = {
        "sections": sections_for(agent), "section": "signing_in", "title": _("Signing in"), "own": own,
        "about": _("How you prove who you are, and where you are signed in."), "rail_current": "settings",
        "factors": Authenticator.objects.filter(user=agent, type__in=second_factor.KINDS),
        "is_required": second_factor.is_required(),
    }  # fmt: skip
    return render(request, "helpdesk/settings/signing_in.html", context)


@agents_only
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions."""
    sessions.end(get_object_or_404(UserSession, pk=pk, user=agent_of(request)), actor=agent_of(request))
    messages.success(request, _("That session has ended."))
    return redirect("settings_signing_in")


@agents_only
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    sessions.end_others(agent_of(request), keeping=request.session.session_key)
    messages.success(request, _("You are signed in only here."))
    return redirect("settings_signing_in")


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: HttpRequest) -> HttpResponse:
    """What everybody needs to get in."""
    form = HouseForm(request.POST or None, instance=House.objects.the())
    agent = agent_of(request)
    if request.method == "POST" and form.is_valid():
        required = form.cleaned_data["requires_second_factor"]
        if required and not second_factor.has_one(agent):
            form.add_error(None, _("Set up your own second factor first, so that you do not lock yourself out."))
        else:
            people.require_second_factor(required=required, actor=agent)
            second_factor.forget()
            messages.success(request, _("Saved."))
            return redirect("settings_security")
    without = Agent.objects.active().exclude(
        pk__in=Authenticator.objects.filter(type__in=second_factor.KINDS).values("user")
    )
    context = {
        "sections": sections_for(agent), "section": "security", "title": _("Security"), "form": form,
        "about": _("What everybody needs to get in."), "rail_current": "settings", "without": list(without[:50]),
    }  # fmt: skip
    return render(request, "helpdesk/settings/security.html", context, status=422 if form.errors else 200)
