"""Quality reviews: what waits for a lead, one ticket beside its grades, and what was said of one's own answers."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from feedback import quality, tabs
from feedback.models import QualityReview
from feedback.operations import reviewing
from feedback.operations.reviewing import GRADES
from helpdesk.pages import agent_of, agents_only
from tickets import texts
from tickets.models import Message, MessageKind
from tickets.operations.status import NotPossible
from tickets.views.customers import done, refused

ASKED: dict[str, tuple[str | Promise, str | Promise]] = {
    "clear": (gettext_lazy("Clear"), gettext_lazy("Would the customer understand it at once?")),
    "correct": (gettext_lazy("Correct"), gettext_lazy("Is what it says right?")),
    "complete": (gettext_lazy("Complete"), gettext_lazy("Is everything answered, and what would be asked next?")),
    "kind": (gettext_lazy("Kind"), gettext_lazy("Would one like to be spoken to so?")),
}
#: messages of a ticket beside the grades
MOST_MESSAGES = 100


@agents_only
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """What waits for a lead, what was said of one's own answers, and what was reviewed."""
    agent = agent_of(request)
    if not agent.may_reply:
        raise Http404
    shown = ("ticket__inbox", "agent", "reviewer")
    context = {
        **tabs.shown(request, "quality"),
        "waiting": quality.waiting(agent).select_related(*shown)[: quality.MOST],
        "own": quality.of_agent(agent).select_related(*shown)[:50],
        "done": quality.done(agent).exclude(agent=agent).select_related(*shown)[:50],
        "is_lead": agent.is_lead, "report_url": "/reports/quality/",
    }  # fmt: skip
    return render(request, "feedback/quality/list.html", context)


def find(request: HttpRequest, pk: int) -> QualityReview:
    """The review, if the agent may open it; else 404, whether it exists or not."""
    seen = quality.visible_to(agent_of(request)).select_related(
        "ticket__inbox", "ticket__customer", "agent", "reviewer"
    )
    return get_object_or_404(seen, pk=pk)


@agents_only
@require_safe
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One ticket's conversation beside its four grades. The agent who opens theirs has seen it."""
    found, agent = find(request, pk), agent_of(request)
    if found.agent_id == agent.pk:
        found.seen_at = reviewing.see(found, actor=agent).seen_at
    return _page(request, found)


def _page(request: HttpRequest, found: QualityReview, *, why: str = "", given: Any = None) -> HttpResponse:
    agent = agent_of(request)
    may_review = reviewing.may_review(found, agent) and found.seen_at is None
    said = Message.objects.filter(
        ticket=found.ticket, kind__in=[MessageKind.INCOMING, MessageKind.REPLY], withdrawn_at=None
    ).select_related("author", "sender__customer")  # fmt: skip
    context = {
        **tabs.shown(request, "quality"), "review": found, "messages_said": list(said[:MOST_MESSAGES]),
        "grades": [
            {"name": name, "label": ASKED[name][0], "about": ASKED[name][1],
             "value": texts.number(given.get(name, "")) if given else getattr(found, name)}
            for name in GRADES
        ],
        "steps": [(4, _("very good")), (3, _("good")), (2, _("not good enough")), (1, _("bad"))],
        "may_review": may_review, "is_own": found.agent_id == agent.pk, "why": why,
        "comment": given.get("comment", "") if given else found.comment,
    }  # fmt: skip
    return render(request, "feedback/quality/review.html", context, status=422 if why else 200)


@agents_only
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Grade it, take that back, or reply to it: `do` says which."""
    found, agent = find(request, pk), agent_of(request)
    given = request.POST if "do" in request.POST else request.GET
    here = reverse("quality_review", args=[pk])
    try:
        if given.get("do") == "grade":
            return _grade(request, found)
        if given.get("do") == "take_back":
            reviewing.take_back(found, actor=agent)
            return done(request, _("Not reviewed yet"), here)
        if given.get("do") == "reply":
            reviewing.reply(found, text=given.get("text", ""), actor=agent)
            return done(request, _("Reply kept"), here)
    except NotPossible as why:
        return refused(request, why, here)
    return HttpResponse(_("There is no such act."), status=400, content_type="text/plain; charset=utf-8")


def _grade(request: HttpRequest, found: QualityReview) -> HttpResponse:
    agent = agent_of(request)
    grades = {name: texts.number(request.POST.get(name, "")) or 0 for name in GRADES}
    try:
        reviewing.review(found, grades=grades, comment=request.POST.get("comment", ""), actor=agent)
    except NotPossible as why:
        return _page(request, found, why=str(why), given=request.POST)
    undo = f"{reverse('quality_act', args=[found.pk])}?do=take_back"
    messages.success(request, _("Reviewed. %(name)s sees it first.") % {"name": found.agent.name}, extra_tags=undo)
    following = quality.waiting(agent).first()
    return redirect("quality_review", pk=following.pk) if following else redirect("quality")
