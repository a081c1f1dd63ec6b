"""The second factor: who has one, who still needs one, and how they are led to it."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.models import Agent, House

#: recovery codes come with one of these and are none by themselves
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_KEPT_SECONDS = 5
_kept: tuple[float, bool] = (0.0, False)


def is_required() -> bool:
    """Whether everybody needs one; asked at every request, so a few seconds old."""
    global _kept
    until, required = _kept
    if until < time.monotonic():
        required = House.objects.filter(requires_second_factor=True).exists()
        _kept = (time.monotonic() + _KEPT_SECONDS, required)
    return required


def forget() -> None:
    """Look anew at the next question."""
    global _kept
    _kept = (0.0, False)


def has_one(agent: Agent) -> bool:
    """Whether signing in asks for more than a password."""
    return Authenticator.objects.filter(user=agent, type__in=KINDS).exists()


def is_missing(user: Any) -> bool:
    """Whether somebody who is signed in needs one and has none."""
    return is_required() and isinstance(user, Agent) and user.is_active and not has_one(user)


def led_there(request: HttpRequest) -> HttpResponse:
    """What they are answered instead of the page."""
    if request.path.startswith("/api/"):
        said = {"title": "Forbidden", "status": 403, "detail": _("Set up your second factor first.")}
        return JsonResponse(said, status=403, content_type="application/problem+json")
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = reverse("mfa_index")
        return answer
    return redirect("mfa_index")
