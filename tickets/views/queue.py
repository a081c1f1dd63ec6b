"""The queue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from helpdesk.pages import agent_of, agents_only
from tickets.models import Inbox
from tickets.views.lists import queue_context, view_of


@agents_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """A view's list; htmx is answered with the list or the views alone."""
    context = queue_context(request, view_of(request, strict=True))
    part = request.GET.get("part", "")
    if request.htmx and part in ("list", "views", "rows"):  # type: ignore[attr-defined]
        return render(request, f"tickets/queue.html#{part}", context)
    context["addresses"] = list(Inbox.objects.visible_to(agent_of(request)).active().values_list("address", flat=True))
    return render(request, "tickets/queue.html", context)
