"""Tickets that belong together: merging and taking apart, links, and messages that become a ticket of their own."""

from collections.abc import Collection
from difflib import SequenceMatcher
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only, by_htmx
from tickets import texts
from tickets.models import Merge, Message, MessageKind, Ticket
from tickets.operations import linking, merging, moving
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.status import NotPossible
from tickets.views.shared import after_act, collision, find, not_possible, seen

SUGGESTED = 8


def suggestions(ticket: Ticket, agent: Agent, *, open_only: bool) -> list[Ticket]:
    """The same customer's tickets, those with a similar subject first; then what their organisation has open."""
    tickets = Ticket.objects.visible_to(agent).filter(inbox=ticket.inbox_id, merged_into=None).exclude(pk=ticket.pk)
    if open_only:
        tickets = tickets.unsolved()
    theirs = list(tickets.filter(customer=ticket.customer_id).order_by("-number")[:30])
    theirs.sort(key=lambda one: -_similar(one.subject, ticket.subject))
    organisation = ticket.customer.organisation_id
    if organisation and len(theirs) < SUGGESTED:
        others = tickets.filter(customer__organisation=organisation).exclude(customer=ticket.customer_id)
        theirs += list(others.select_related("customer").order_by("-number")[:SUGGESTED])
    return theirs[:SUGGESTED]


def _similar(one: str, other: str) -> float:
    return round(SequenceMatcher(None, one.casefold(), other.casefold()).quick_ratio(), 1)


def _chosen(request: HttpRequest, given: str) -> Ticket:
    number = texts.number(given.strip().removeprefix("#"))
    found = Ticket.objects.visible_to(agent_of(request)).filter(number=number).first() if number else None
    if found is None:
        raise NotPossible(_("There is no such ticket."))
    return found


def _goes_to(request: HttpRequest, ticket: Ticket, said: str) -> HttpResponse:
    messages.success(request, said)
    where = reverse("ticket", args=[ticket.pk])
    if not by_htmx(request):
        return redirect(where)
    response = HttpResponse()
    response["HX-Redirect"] = where
    return response


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def ticket_merge(request: HttpRequest, number: int) -> HttpResponse:
    """Into which ticket this one goes, and what will happen; a POST of its number does it."""
    ticket, agent = find(request, number), agent_of(request)
    problem = ""
    if request.method == "POST":
        try:
            into = _chosen(request, request.POST.get("into", ""))
            merging.merge(ticket, into=into, actor=agent, seen=seen(request))
            said = _("#%(source)s is merged into this ticket. It can be taken out again for 30 days.")
            return _goes_to(request, into, said % {"source": ticket.pk})
        except ChangedMeanwhile as why:
            return collision(request, ticket, why)
        except NotPossible as why:
            problem = str(why)
            if by_htmx(request):
                return not_possible(request, ticket, problem)
    context = {
        "ticket": ticket,
        "suggestions": suggestions(ticket, agent, open_only=True),
        "goes": ticket.messages.count(),
        "tags": ticket.tags.count(),
        "followers": ticket.followers.count(),
        "drafts": ticket.drafts.count(),
        "problem": problem,
        "rail_current": "queue",
    }
    template = "tickets/_merge.html" if by_htmx(request) else "tickets/merge.html"
    return render(request, template, context, status=409 if problem else 200)


@agents_only
@require_POST
def ticket_unmerge(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Take a ticket out of this one again."""
    ticket = find(request, number)
    merge = get_object_or_404(Merge.objects.select_related("source"), pk=pk, target=ticket)
    try:
        source = merging.unmerge(merge, actor=agent_of(request))
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("#%(number)s stands alone again") % {"number": source.pk}, can_undo=False)


@agents_only
@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def ticket_links(request: HttpRequest, number: int) -> HttpResponse:
    """Link with another ticket, or take a link off (`_method=delete`)."""
    ticket, agent = find(request, number), agent_of(request)
    if request.method in ("POST", "DELETE"):
        given = request.POST if request.method == "POST" else request.GET
        removal = request.method == "DELETE" or given.get("_method") == "delete"
        try:
            other = _chosen(request, given.get("ticket", ""))
            if removal:
                ticket = linking.unlink(ticket, to=other, actor=agent)
            else:
                ticket = linking.link(ticket, to=other, kind=given.get("kind", "related"), actor=agent)
        except NotPossible as why:
            return not_possible(request, ticket, str(why))
        said = _("No longer linked with #%(number)s") if removal else _("Linked with #%(number)s")
        return after_act(request, ticket, said % {"number": other.pk})
    kinds = [
        ("related", _("is related to")), ("parent", _("is the parent of")), ("child", _("is part of")),
        ("duplicate", _("is a duplicate of")), ("original", _("is the original of")),
    ]  # fmt: skip
    context = {
        "ticket": ticket, "kinds": kinds, "suggestions": suggestions(ticket, agent, open_only=False),
        "rail_current": "queue",
    }  # fmt: skip
    template = "tickets/_link.html" if by_htmx(request) else "tickets/link.html"
    return render(request, template, context)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def ticket_split(request: HttpRequest, number: int) -> HttpResponse:
    """Which messages go, and what both tickets are called then; a POST (`message`, any number) makes the new one."""
    ticket, problem = find(request, number), ""
    chosen = {pk for given in request.POST.getlist("message") if (pk := texts.number(given))}
    if request.method == "POST":
        try:
            going = list(Message.objects.filter(ticket=ticket, pk__in=chosen))
            new = moving.split(going, actor=agent_of(request), subject=request.POST.get("subject", ""))
            return _goes_to(request, new, _("This was split from #%(number)s.") % {"number": ticket.pk})
        except NotPossible as why:
            problem = str(why)
    context = {
        "ticket": ticket, "rows": _that_can_go(ticket, chosen), "problem": problem,
        "subject": texts.line(request.POST.get("subject", "")), "rail_current": "queue",
    }  # fmt: skip
    if not by_htmx(request):
        return render(request, "tickets/split.html", context, status=409 if problem else 200)
    return render(request, "tickets/_split.html", context, status=422 if problem else 200)


def _that_can_go(ticket: Ticket, chosen: Collection[int]) -> list[dict[str, Any]]:
    """What a customer wrote, with the words to know it by, and the subject of a ticket that begins with it."""
    said = ticket.messages.filter(kind=MessageKind.INCOMING, withdrawn_at=None).select_related("sender__customer")
    return [
        {
            "message": one, "snippet": texts.snippet(one.text), "is_chosen": one.pk in chosen,
            "name": one.sender.customer.display_name if one.sender else one.sender_name,
            "subject": moving.subject_of_its_own(one, ticket),
        }
        for one in said.order_by("created_at", "pk")
    ]  # fmt: skip
