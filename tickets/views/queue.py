"""The queue."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from helpdesk import pieces
from helpdesk.pages import agent_of, agents_only, by_htmx
from tickets import hours
from tickets.operations import list_looks
from tickets.operations.status import NotPossible
from tickets.views.lists import address_of, queue_context, view_of


@agents_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """A view's list; htmx is answered with the list or the views alone."""
    part = request.GET.get("part", "")
    part = part if by_htmx(request) and part in ("list", "views", "rows") else ""
    context = queue_context(request, view_of(request, strict=True), part=part)
    if part:
        return pieces.page(request, f"tickets/queue.html#{part}", context)
    known = hours.inboxes(set(context["inboxes"]))
    listed = [known[pk] for pk in context["inboxes"] if pk in known]
    context["addresses"] = [inbox.address for inbox in listed if inbox.is_active and inbox.address]
    return pieces.page(request, "tickets/queue.html", context)


@agents_only
@require_POST
def settings(request: HttpRequest) -> HttpResponse:
    """How the agent likes lists to look."""
    given = request.POST
    try:
        list_looks.choose(
            agent_of(request), density=given.get("density", ""), columns=given.getlist("columns"),
            group_by=given.get("group_by", ""), is_table=bool(given.get("table")),
        )  # fmt: skip
    except NotPossible as why:
        messages.error(request, str(why))
    return redirect(address_of(view_of(request)))
