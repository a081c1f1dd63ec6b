"""The settings' front page, one's own page, and API tokens."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import clock
from helpdesk.forms import ApiTokenForm, ProfileForm
from helpdesk.models import ApiToken
from helpdesk.operations.keeping import keep
from helpdesk.pages import agent_of, agents_only, remember_reader, sections_for


@agents_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What can be set up, each with a sentence."""
    context = {"sections": sections_for(agent_of(request)), "section": "", "rail_current": "settings"}
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
    context = {
        "sections": sections_for(agent_of(request)), "section": "profile", "title": _("You"),
        "about": _("How the helpdesk speaks to you."), "form": form, "rail_current": "settings",
    }  # fmt: skip
    return render(request, "helpdesk/settings/form.html", context, status=422 if form.errors else 200)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's API tokens; the secret of a new one is shown once."""
    form, secret = ApiTokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        _token, secret = ApiToken.objects.issue(agent_of(request), form.cleaned_data["name"])
        form = ApiTokenForm()
    context = {
        "sections": sections_for(agent_of(request)), "section": "tokens", "form": form, "secret": secret,
        "tokens": ApiToken.objects.filter(agent=agent_of(request), revoked_at=None), "rail_current": "settings",
    }  # fmt: skip
    return render(request, "helpdesk/settings/tokens.html", context)


@agents_only
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """A revoked token opens nothing from this moment on."""
    token = get_object_or_404(ApiToken, pk=pk, agent=agent_of(request), revoked_at=None)
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("settings_tokens")
