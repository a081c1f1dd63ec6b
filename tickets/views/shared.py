"""What the workspace's pages share: finding a ticket, and answering after an act."""

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject

from helpdesk import clock
from helpdesk.models import Agent, Event
from helpdesk.pages import agent_of, by_htmx, cause_of, tell_page, toast
from helpdesk.prepared import Prepared
from tickets import (
    chat_desk,
    choosing,
    customer_card,
    fields,
    gist,
    glance,
    kept,
    reading,
    registry,
    stretches,
    texts,
    timeline,
)
from tickets.channels import directory
from tickets.glance import Glance
from tickets.models import ContactPoint, MessageKind, Status, Ticket, workers_of, works_in
from tickets.operations import linking, merging, posting
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.undo import UNDOABLE
from tickets.views import composing
from tickets.views.lists import queue_context as queue_context
from tickets.views.lists import view_of as view_of


def find(request: HttpRequest, number: int) -> Ticket:
    """The ticket, if the agent may see it; else 404, whether it exists or not."""
    found = reading.ticket(agent_of(request), number)
    if found is None:
        raise Http404
    return found


_points = Prepared(lambda place: ContactPoint.objects.filter(customer=place(int)))


def shown_from(request: HttpRequest, first_unread: int | None) -> int | None:
    """The message from which on nothing is folded: the first unread one, or the first that the page has open."""
    has_open = texts.number(request.headers.get("X-Shown-From", ""))
    return min(filter(None, (first_unread, has_open)), default=None)


def ticket_context(
    request: HttpRequest, ticket: Ticket, *, first_unread: int | None = None, seen_at: Glance | None = None
) -> dict[str, Any]:
    """Everything the conversation, its header and its panel show. `seen_at` is its glance, where that is known."""
    agent: Agent = agent_of(request)
    has = seen_at or glance.at(ticket, agent)
    timeline.bring(ticket.customer, "contact_points", _points(ticket.customer_id))
    if has.participants:
        prefetch_related_objects([ticket], "participants")
    else:
        timeline.fill(ticket, "participants")
    reading.look(ticket, clock.now())
    may_work = works_in(agent, ticket.inbox_id)
    messages = timeline.said_on(ticket, with_files=has.files)
    others = reading.others(agent, ticket) if has.others else []
    return {
        "ticket": ticket,
        "badges": registry.badges(ticket),
        "gist": gist.of(ticket, messages, others),
        "stretches": stretches.of(timeline.of(ticket, messages), shown_from=shown_from(request, first_unread)),
        "first_unread": first_unread,
        "panels": registry.panels(ticket, agent, empty=has.empty),
        "participants": list(ticket.participants.all()),
        "card": SimpleLazyObject(lambda: customer_card.of(ticket.customer, agent, ticket, others=others, has=has)),
        "people": kept.people(ticket.inbox_id),
        "teams": kept.teams(ticket.inbox_id),
        "tags": has.tags,
        "all_tags": kept.tag_names(),
        "composer": SimpleLazyObject(
            lambda: composing.composer(request, ticket, messages=messages, has=has, may_work=may_work)
        ),
        "pending": composing.pending(request, ticket, messages, has_drafts=has.drafts),
        "answers": fields.for_ticket(ticket, kept.asked("ticket", ticket.inbox_id)) if has.ticket_fields else [],
        "links": linking.links_of(ticket, agent) if has.links else [],
        "merges": merging.merges_of(ticket) if has.merges else [],
        "choices": choosing.choices(ticket),
        "snooze_presets": choosing.presets(ticket, agent) if ticket.status == Status.OPEN else [],
        "is_following": has.is_following,
        "seen": has.last_event,
        "can_reply": not (ticket.is_closed or ticket.is_removed) and may_work,
        "may_work": may_work,
        "can_split": sum(m.kind == MessageKind.INCOMING for m in messages) > 1,
        "visitor": chat_desk.strip(ticket),
        "wait_tone": ticket.wait_tone,  # type: ignore[attr-defined]
        "rail_current": "queue",
    }


def assignable(ticket: Ticket) -> QuerySet[Agent]:
    """The agents who may be given this ticket."""
    return workers_of(ticket.inbox_id)


def undo_url_of(request: HttpRequest, ticket: Ticket) -> str:
    """Where to post to undo what this request did; "" when it did nothing, or nothing that can be undone."""
    cause = cause_of(request)
    done = Event.objects.filter(stream_id=ticket.number, actor_id=agent_of(request).pk, cause=cause)
    event = done.filter(verb__in=UNDOABLE).order_by("-id").first()
    if event is None:
        return ""
    return reverse("ticket_undo", args=[ticket.number, event.pk])


def seen(request: HttpRequest) -> int | None:
    """The last event of the ticket the page knew; None where the agent says that it does not matter."""
    given = QueryDict(request.body) if request.method == "DELETE" else request.POST
    both = {**request.GET.dict(), **given.dict()}
    return None if both.get("nevertheless") else texts.number(str(both.get("seen", "")))


def after_act(request: HttpRequest, ticket: Ticket, said: str | Promise, *, can_undo: bool = True) -> HttpResponse:
    """Answer an act: the changed parts of the page for htmx, the whole page again for everybody else."""
    undo_url = undo_url_of(request, ticket) if can_undo else ""
    if not by_htmx(request):
        messages.success(request, str(said))
        return redirect("ticket", number=ticket.number)
    context = ticket_context(request, find(request, ticket.number))
    response = render(request, "tickets/ticket.html#changed", context)
    return toast(response, said, undo_url=undo_url)


def collision(request: HttpRequest, ticket: Ticket, why: ChangedMeanwhile) -> HttpResponse:
    """Say who changed it meanwhile, and let the agent do it nevertheless."""
    given = {**request.GET.dict(), **request.POST.dict(), "nevertheless": "1"}
    given.pop("csrfmiddlewaretoken", None)
    if not by_htmx(request):
        context = {"ticket": ticket, "why": str(why), "given": given, "rail_current": "queue"}
        return render(request, "tickets/collision.html", context, status=409)
    response = HttpResponse(status=409)
    again = {"url": request.path, "method": request.method, "values": given}
    return tell_page(response, toast={"message": str(why), "undo_url": "", "tone": "bad", "again": again})


def not_possible(request: HttpRequest, ticket: Ticket, why: str) -> HttpResponse:
    """Say why not, and show how things stand."""
    if not by_htmx(request):
        messages.error(request, why)
        return redirect("ticket", number=ticket.number)
    response = HttpResponse(status=409)
    response["HX-Trigger"] = json.dumps({"toast": {"message": why, "undo_url": "", "tone": "bad"}})
    return response


def undo_time(ticket: Ticket, via: str) -> timedelta:
    """How long an answer can be taken back: not at all in a chat, where somebody sits and waits."""
    channel = directory.every().get(ticket.inbox.channel)
    is_chat = channel is not None and channel.can.is_at_home and via != posting.BY_MAIL
    return timedelta(seconds=0 if is_chat else settings.UNDO_SECONDS)
