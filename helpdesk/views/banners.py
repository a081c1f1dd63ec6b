"""The banners by themselves, for pages that are open when something begins or ends."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from helpdesk.pages import agents_only


@agents_only
@require_safe
def banners(request: HttpRequest) -> HttpResponse:
    """What the agent must know on every page."""
    return render(request, "components/_banners.html")
