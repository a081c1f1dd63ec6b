"""The voice of the customer: the list of remarks, one of them, and what is done about it."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback import tabs, voice
from feedback.models import Remark, Topic
from feedback.operations import remarks, topics
from feedback.voice_forms import AssignForm, NoteForm, RemarkFilter
from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only
from tickets import texts
from tickets.operations.status import NotPossible
from tickets.views.customers import done, refused
from tickets.views.shared import find as find_ticket


@agents_only
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """What customers said, the latest first."""
    agent = agent_of(request)
    form = RemarkFilter(agent, request.GET)
    asked = form.asked()
    rows, after = voice.page(agent, asked, after=request.GET.get("after", ""))
    query = request.GET.copy()
    query["after"] = after
    is_narrowed = any(value for name, value in request.GET.items() if name != "after")
    context = {
        **tabs.shown(request, "voice"), "filters": form, "rows": rows, "is_narrowed": is_narrowed,
        "next_url": f"?{query.urlencode()}" if after else "",
        "blocks": voice.anonymous(agent) if not is_narrowed and not request.GET.get("after") else [],
        "may_note": agent.may_reply, "report_url": _report_url(agent),
    }  # fmt: skip
    return render(request, "feedback/voice/remarks.html", context)


def _report_url(agent: Agent) -> str:
    """Where the figures are: reports stand above us, so the address is all we know of them."""
    return "/reports/voice/" if agent.may_reply else ""


def find(request: HttpRequest, pk: int) -> Remark:
    """The remark, if the agent may see it; else 404, whether it exists or not."""
    agent = agent_of(request)
    found = voice.dressed(Remark.objects.visible_to(agent).filter(pk=pk))
    return found[0] if found else get_object_or_404(Remark.objects.none(), pk=pk)


@agents_only
@require_safe
def remark(request: HttpRequest, pk: int) -> HttpResponse:
    """One remark: what was said, what it is about, whose matter it is."""
    found, agent = find(request, pk), agent_of(request)
    may_work = remarks.may_work(found, agent)
    context = {
        **tabs.shown(request, "voice"), "row": voice.rows([found], agent)[0], "remark": found, "may_work": may_work,
        "may_sort": may_work and agent.may_reply,
        "assign_form": AssignForm(initial={"department": found.department_id, "assignee": found.assignee_id}),
        "all_topics": Topic.objects.filter(is_active=True),
        "its_topics": {one.topic_id for one in found.found_topics.all()},
    }  # fmt: skip
    return render(request, "feedback/voice/remark.html", context)


@agents_only
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Do something about a remark: `do` says what; what undoes it stands in the address."""
    found, agent = find(request, pk), agent_of(request)
    given = request.POST if "do" in request.POST else request.GET
    url = reverse("remark_act", args=[pk])
    try:
        if given.get("do") == "settle":
            remarks.settle(found, actor=agent)
            said, undo = _("Settled"), {"do": "unsettle"}
        elif given.get("do") == "unsettle":
            remarks.unsettle(found, actor=agent)
            said, undo = _("To do again"), {"do": "settle"}
        elif given.get("do") == "assign":
            form = AssignForm(given)
            if not form.is_valid():
                raise NotPossible(_("That department or person is gone."))
            was = (found.department_id, found.assignee_id)
            undo = {"do": "assign", "department": str(was[0] or ""), "assignee": str(was[1] or "")}
            remarks.assign(found, actor=agent, **form.cleaned_data)
            said = _("Assigned")
        elif given.get("do") == "sort":
            if not agent.may_reply:
                raise NotPossible(_("Agents say what a remark is about."))
            wanted = [number for text in given.getlist("topics") if (number := texts.number(text))]
            chosen = Topic.objects.filter(pk__in=wanted)
            topics.sort_remark(found, topics=chosen, actor=agent)
            said, undo = _("Topics changed"), {}
        else:
            return HttpResponse(_("There is no such act."), status=400, content_type="text/plain; charset=utf-8")
    except NotPossible as why:
        return refused(request, why, reverse("remark", args=[pk]))
    fallback = (
        reverse("remark", args=[pk]) if Remark.objects.visible_to(agent).filter(pk=pk).exists() else reverse("voice")
    )
    return done(request, said, fallback, undo_url=f"{url}?{urlencode(undo)}" if undo else "")


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Write down what a customer said; with a number, on that ticket."""
    agent = agent_of(request)
    ticket = find_ticket(request, number) if number else None
    form = NoteForm(agent, request.POST or None)
    if ticket is not None:
        del form.fields["inbox"]
    if request.method == "POST" and form.is_valid():
        inbox = ticket.inbox if ticket else form.cleaned_data["inbox"]
        try:
            kept = remarks.note(
                text=form.cleaned_data["text"], tone=form.cleaned_data["tone"], inbox=inbox, ticket=ticket, actor=agent
            )
            return done(request, _("Written down"), reverse("remark", args=[kept.pk]))
        except NotPossible as why:
            form.add_error(None, str(why))
    context = {**tabs.shown(request, "voice"), "form": form, "ticket": ticket, "may_note": agent.may_reply}
    return render(request, "feedback/voice/note.html", context, status=422 if form.errors else 200)
