"""The settings' front page, one's own pages, and API tokens."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.forms import ApiTokenForm, ProfileForm, WorkingForm
from helpdesk.models import ApiToken
from helpdesk.models.agent import Theme
from helpdesk.operations import people
from helpdesk.operations import tokens as keys
from helpdesk.operations.keeping import keep
from helpdesk.pages import agent_of, agents_only, remember_reader, sections_for, settings_blocks_for


@agents_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What can be set up, each with a sentence."""
    context = {
        "sections": sections_for(agent_of(request)), "section": "", "rail_current": "settings",
        "blocks": settings_blocks_for(agent_of(request)),
    }  # fmt: skip
    return render(request, "helpdesk/settings/home.html", context)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """One's own name, language and zone."""
    form = ProfileForm(request.POST or None, instance=agent_of(request))
    if request.method == "POST" and form.is_valid():
        agent = keep(form, actor=agent_of(request))
        remember_reader(request, agent)
        messages.success(request, _("Saved."))
        return redirect("settings_profile")
    return _form(
        request, "profile", _("Your profile"), _("How customers and colleagues see you, and your language."), form
    )


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def working(request: HttpRequest) -> HttpResponse:
    """How the helpdesk looks and behaves for oneself."""
    form = WorkingForm(request.POST or None, instance=agent_of(request))
    if request.method == "POST" and form.is_valid():
        keep(form, actor=agent_of(request))
        messages.success(request, _("Saved."))
        return redirect("settings_working")
    about = _("How the helpdesk looks to you, and where you go after an answer. On every device you sign in on.")
    return _form(request, "working", _("How you work"), about, form, "helpdesk/settings/working.html")


def _form(
    request: HttpRequest, key: str, title: str, about: str, form: Any, template: str = "helpdesk/settings/form.html"
) -> HttpResponse:
    context = {
        "sections": sections_for(agent_of(request)), "section": key, "title": title, "about": about, "form": form,
        "rail_current": "settings",
    }  # fmt: skip
    return render(request, template, context, status=422 if form.errors else 200)


@agents_only
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device."""
    agent, chosen = agent_of(request), request.POST.get("theme", "")
    if chosen in Theme.values and agent.theme != chosen:
        agent.theme = chosen
        agent.save(update_fields=["theme"])
    return _back(request)


@agents_only
@require_POST
def away(request: HttpRequest) -> HttpResponse:
    """Away, or back."""
    agent = people.go_away(agent_of(request), is_away=request.POST.get("away") == "1")
    messages.success(request, _("You are away now.") if agent.is_away else _("Welcome back."))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    before = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
        return redirect(before)
    return redirect("settings_working")


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's API tokens; the secret of a new one is shown once."""
    agent = agent_of(request)
    form, secret = ApiTokenForm(request.POST or None, agent=agent), ""
    if request.method == "POST" and form.is_valid():
        _token, secret = keys.issue(agent, name=form.cleaned_data["name"], **form.limits)
        form = ApiTokenForm(agent=agent)
    names = dict(form.fields["inboxes"].choices) if "inboxes" in form.fields else {}  # type: ignore[attr-defined]
    mine = list(ApiToken.objects.filter(agent=agent, revoked_at=None))
    for token in mine:
        token.names = [names.get(pk, f"#{pk}") for pk in token.inboxes or []]  # type: ignore[attr-defined]
    context = {
        "sections": sections_for(agent), "section": "tokens", "form": form, "secret": secret, "tokens": mine,
        "rail_current": "settings", "docs_url": reverse("api_docs"),
    }  # fmt: skip
    answer = render(request, "helpdesk/settings/tokens.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@agents_only
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """A revoked token opens nothing from this moment on."""
    token = get_object_or_404(ApiToken, pk=pk, agent=agent_of(request), revoked_at=None)
    keys.revoke(token, actor=agent_of(request))
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("settings_tokens")
