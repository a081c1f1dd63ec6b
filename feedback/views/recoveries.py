"""The queue of recoveries, one of them, and what is done about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback import queue, recovery_story, tabs
from feedback.models import Outcome, ReasonCode, Recovery, Response
from feedback.operations import opening_recoveries, recovering
from feedback.recovery_forms import CloseForm, ExplainForm, OwnerForm
from helpdesk.models import Agent, Event
from helpdesk.pages import agent_of, agents_only, cause_of
from tickets import texts
from tickets.models import Ticket
from tickets.operations import notifying
from tickets.operations.status import NotPossible
from tickets.views.customers import back, done, refused
from tickets.views.shared import find as find_ticket


def find(request: HttpRequest, pk: int) -> Recovery:
    """The recovery, if the agent may see it; else 404, whether it exists or not."""
    seen = Recovery.objects.visible_to(agent_of(request)).select_related(
        "customer", "ticket", "inbox", "owner", "department", "reason", "rated_agent", "opened_by",
        "response__invitation__survey",
    )  # fmt: skip
    return get_object_or_404(seen, pk=pk)


@agents_only
@require_safe
def feedback(request: HttpRequest) -> HttpResponse:
    """The first tab somebody may open."""
    first = next(iter(tabs.tabs_for(agent_of(request))), None)
    if first is None:
        raise Http404
    return redirect(first.url)


@agents_only
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The queue, by when somebody should speak with the customer."""
    agent = agent_of(request)
    shelf = queue.SHELVES.get(request.GET.get("show", ""), queue.SHELVES["open"])
    rows, after = queue.page(agent, shelf, after=request.GET.get("after", ""))
    counts = queue.counts(agent)
    context = {
        **tabs.shown(request, "recoveries"),
        "shelves": [
            {"key": one.key, "title": one.title, "count": counts.get(one.key),
             "url": f"{reverse('recoveries')}?show={one.key}", "is_here": one is shelf}
            for one in queue.SHELVES.values()
        ],
        "shelf": shelf, "rows": [recovery_story.row(one) for one in rows],
        "next_url": f"?show={shelf.key}&after={after}" if after else "",
        "is_new": shelf.key == "open" and not rows and not Recovery.objects.visible_to(agent).exists(),
    }  # fmt: skip
    return render(request, "feedback/recoveries.html", context)


@agents_only
@require_safe
def recovery(request: HttpRequest, pk: int) -> HttpResponse:
    """What was said, what was done, and what can be. What was told of it has been read."""
    found = find(request, pk)
    notifying.mark_read(agent_of(request), fact={"recovery": found.pk})
    return _page(request, found)


def _page(request: HttpRequest, found: Recovery, *, status: int = 200, **forms: Any) -> HttpResponse:
    agent = agent_of(request)
    may_work = recovering.may_work(found, agent)
    ticket = found.ticket if found.ticket and _sees(agent, found.ticket) else None
    context = {
        **tabs.shown(request, "recoveries"),
        "recovery": found,
        "row": recovery_story.row(found),
        "story": recovery_story.of(found),
        "reviews": recovery_story.reviews(found),
        "second": recovery_story.second(found),
        "ticket": ticket,
        "sees_customer": type(found.customer).objects.visible_to(agent).filter(pk=found.customer_id).exists(),
        "control": recovery_story.control_in_words(found.in_control),
        "may_work": may_work,
        "may_answer": ticket is not None and agent.may_reply,
        "owner_form": OwnerForm(recovery=found),
        "explain_form": ExplainForm(recovery=found),
        "close_form": CloseForm(recovery=found),
        **forms,
    }
    return render(request, "feedback/recovery.html", context, status=status)


def _sees(agent: Agent, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(agent).filter(pk=ticket.pk).exists()


@agents_only
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Do something about it: `do` says what."""
    found = find(request, pk)
    work = _ACTS.get(request.POST.get("do", ""))
    if work is None:
        return HttpResponse(_("There is no such act."), status=400, content_type="text/plain; charset=utf-8")
    before = found.owner_id
    try:
        answer = work(request, found)
    except NotPossible as why:
        return refused(request, why, found.get_absolute_url())
    found.refresh_from_db(fields=["owner"])
    queue.forget(before, found.owner_id, agent_of(request).pk)
    return answer


def _seen(request: HttpRequest) -> int | None:
    return texts.number(request.POST.get("version", ""))


def _done(request: HttpRequest, found: Recovery, said: str) -> HttpResponse:
    return done(request, said, found.get_absolute_url(), undo_url=_undo_url(request, found))


def _undo_url(request: HttpRequest, found: Recovery) -> str:
    """Where to take back what this request did; "" where nothing can be."""
    cause = cause_of(request)
    done_now = Event.objects.filter(at__gte=found.opened_at, actor_id=agent_of(request).pk, cause=cause)
    if found.ticket_id is not None:
        done_now = done_now.filter(stream_id=found.ticket_id)
    event = done_now.filter(verb__in=recovering.UNDOABLE, facts__recovery=found.pk).order_by("-id").first()
    return reverse("recovery_undo", args=[found.pk, event.pk]) if event else ""


def _take_up(request: HttpRequest, found: Recovery) -> HttpResponse:
    recovering.take_up(found, actor=agent_of(request), version=_seen(request))
    return _done(request, found, _("You have spoken with the customer: it is taken up."))


def _take(request: HttpRequest, found: Recovery) -> HttpResponse:
    recovering.assign(found, owner=agent_of(request), actor=agent_of(request), version=_seen(request))
    return _done(request, found, _("It is yours."))


def _assign(request: HttpRequest, found: Recovery) -> HttpResponse:
    form = OwnerForm(request.POST, recovery=found)
    if not form.is_valid():
        return _page(request, found, status=422, owner_form=form)
    owner = form.cleaned_data["owner"]
    recovering.assign(found, owner=owner, actor=agent_of(request), version=_seen(request))
    said = _("Given to %(name)s.") % {"name": owner.name} if owner else _("It is nobody's now.")
    return _done(request, found, said)


def _explain(request: HttpRequest, found: Recovery) -> HttpResponse:
    form = ExplainForm(request.POST, recovery=found)
    if not form.is_valid():
        return _page(request, found, status=422, explain_form=form)
    recovering.explain(found, actor=agent_of(request), version=_seen(request), **form.given)
    if not Recovery.objects.visible_to(agent_of(request)).filter(pk=found.pk).exists():
        return done(request, _("It belongs to another department now."), reverse("recoveries"))
    return _done(request, found, _("The reason is noted."))


def _note(request: HttpRequest, found: Recovery) -> HttpResponse:
    recovering.note(found, text=request.POST.get("text", ""), actor=agent_of(request))
    return _done(request, found, _("Note added"))


def _close(request: HttpRequest, found: Recovery) -> HttpResponse:
    form = CloseForm(request.POST, recovery=found)
    if not form.is_valid():
        return _page(request, found, status=422, close_form=form)
    given, agent, version = form.cleaned_data, agent_of(request), _seen(request)
    if given.get("reason") and found.reason_id is None:
        found = recovering.explain(found, reason=given["reason"], actor=agent, version=version)
        version = found.version
    recovering.close(
        found, outcome=Outcome(given["outcome"]), done=given["done"], cost=given["cost"], actor=agent, version=version
    )
    return _done(request, found, _("The recovery is closed."))


def _reopen(request: HttpRequest, found: Recovery) -> HttpResponse:
    recovering.reopen(found, actor=agent_of(request), version=_seen(request))
    return _done(request, found, _("The recovery is open again."))


_ACTS: dict[str, Callable[[HttpRequest, Recovery], HttpResponse]] = {
    "take_up": _take_up, "take": _take, "assign": _assign, "explain": _explain, "note": _note, "close": _close,
    "reopen": _reopen,
}  # fmt: skip


@agents_only
@require_POST
def undo(request: HttpRequest, pk: int, event: int) -> HttpResponse:
    """Take back one's own act."""
    found = find(request, pk)
    told = Event.objects.filter(pk=event, at__gte=found.opened_at).first()
    if told is None:
        raise Http404
    try:
        recovering.undo(found, told, actor=agent_of(request))
    except NotPossible as why:
        return refused(request, why, found.get_absolute_url())
    return done(request, _("Undone."), found.get_absolute_url())


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, number: int) -> HttpResponse:
    """Open one about a ticket, by hand; while one goes on, that is shown."""
    ticket, agent = find_ticket(request, number), agent_of(request)
    known = Recovery.objects.visible_to(agent).standing().filter(ticket=ticket).first()
    if known is not None:
        return redirect(known)
    reasons = ReasonCode.objects.filter(is_active=True).select_related("department")
    if request.method == "POST":
        reason = reasons.filter(pk=texts.number(request.POST.get("reason", "")) or 0).first()
        try:
            opened = opening_recoveries.open_by_hand(
                ticket, actor=agent, reason=reason, owner=agent if request.POST.get("mine") else None
            )
        except NotPossible as why:
            return refused(request, why, ticket.get_absolute_url())
        if words := request.POST.get("text", "").strip():
            recovering.note(opened, text=words, actor=agent)
        queue.forget(opened.owner_id, agent.pk)
        messages.success(request, _("The recovery is open."))
        return redirect(opened)
    context = {**tabs.shown(request, "recoveries"), "ticket": ticket, "reasons": reasons}
    return render(request, "feedback/recovery_new.html", context)


@agents_only
@require_POST
def answer_reason(request: HttpRequest, pk: int) -> HttpResponse:
    """Say why a score was low, from the ticket's panel: the second of two clicks."""
    agent = agent_of(request)
    seen = Response.objects.filter(invitation__ticket__in=Ticket.objects.visible_to(agent))
    response = get_object_or_404(seen.select_related("invitation__ticket", "invitation__survey"), pk=pk)
    reason = ReasonCode.objects.filter(pk=texts.number(request.POST.get("reason", "")) or 0).first()
    ticket = response.invitation.ticket
    assert ticket is not None
    try:
        recovering.explain_answer(response, reason=reason, actor=agent)
    except NotPossible as why:
        return refused(request, why, ticket.get_absolute_url())
    messages.success(request, _("The reason is noted."))
    return back(request, ticket.get_absolute_url())
