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
from helpdesk.pages import agents_only, remember_reader, sections_for


@agents_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What can be set up, each with a sentence."""
    context = {"sections": sections_for(request.user), "section": "", "rail_current": "settings"}  # type: ignore[arg-type]
    return render(request, "helpdesk/settings/home.html", context)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """One's own name, language and zone."""
    form = ProfileForm(request.POST or None, instance=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        agent = keep(form, actor=request.user)  # type: ignore[arg-type]
        remember_reader(request, agent)
        messages.success(request, _("Saved."))
        return redirect("settings_profile")
    context = {
        "sections": sections_for(request.user), "section": "profile", "title": _("You"),  # type: ignore[arg-type]
        "about": _("How the helpdesk speaks to you."), "form": form, "rail_current": "settings",
    }  # fmt: skip
    return render(request, "helpdesk/settings/form.html", context, status=422 if form.errors else 200)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's API tokens; the secret of a new one is shown once."""
    form, secret = ApiTokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        _token, secret = ApiToken.objects.issue(request.user, form.cleaned_data["name"])
        form = ApiTokenForm()
    context = {
        "sections": sections_for(request.user), "section": "tokens", "form": form, "secret": secret,  # type: ignore[arg-type]
        "tokens": ApiToken.objects.filter(agent=request.user, revoked_at=None), "rail_current": "settings",
    }  # fmt: skip
    return render(request, "helpdesk/settings/tokens.html", context)


@agents_only
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """A revoked token opens nothing from this moment on."""
    token = get_object_or_404(ApiToken, pk=pk, agent=request.user, revoked_at=None)
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("settings_tokens")
