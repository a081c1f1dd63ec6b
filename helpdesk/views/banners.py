"""The banners by themselves, for pages that are open when something begins or ends."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from helpdesk.pages import agent_of, agents_only, banners_for


@agents_only
@require_safe
def banners(request: HttpRequest) -> HttpResponse:
    """What the agent must know on every page. Asked for when something just began or ended, so looked up anew."""
    return render(request, "components/_banners.html", {"banners": banners_for(agent_of(request), fresh=True)})
