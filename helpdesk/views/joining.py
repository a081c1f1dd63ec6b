"""The way in for somebody who was invited: one link, once, within a week."""

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.forms import JoiningForm
from helpdesk.operations import people
from helpdesk.pages import remember_reader

_KEPT = "invitation"
_BACKEND = "helpdesk.signed_in.Backend"


def _private(answer: HttpResponse) -> HttpResponse:
    """Kept by nobody, and told to no other site. A page that names no origin at all could not send its form back."""
    answer["Referrer-Policy"] = "same-origin"
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@never_cache
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the secret out of the address, so that neither a log nor a next page sees it; nothing changes yet."""
    request.session[_KEPT] = secret[:100]
    answer = _private(redirect("invitation_accept"))
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def accept(request: HttpRequest) -> HttpResponse:
    """Choose a name and a password, and be in."""
    secret = str(request.session.get(_KEPT, ""))
    found = people.invited_by_link(secret)
    if found is None:
        return _private(render(request, "account/invitation_over.html", status=404))
    form = JoiningForm(request.POST or None, agent=found.agent, initial={"name": found.agent.name})
    if request.method == "POST" and form.is_valid():
        try:
            agent = people.accept(secret, password=form.cleaned_data["password"], name=form.cleaned_data["name"])
        except people.NotPossible:
            return _private(render(request, "account/invitation_over.html", status=404))
        request.session.flush()
        login(request, agent, backend=_BACKEND)
        record_authentication(request, agent, "password", reauthenticated=False)
        UserSession.objects.create_from_request(request)
        remember_reader(request, agent)
        return _private(redirect("queue"))
    context = {"form": form, "invitation": found}
    return _private(render(request, "account/invitation.html", context, status=422 if form.errors else 200))
