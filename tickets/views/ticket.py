"""One ticket: read it, answer it, note on it, pass it on."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk import pieces
from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only, by_htmx, tell_page, toast
from tickets import glance, reading
from tickets.models import Draft, Message, Ticket
from tickets.operations import (
    drafting,
    enclosing,
    forwarding,
    merging,
    notifying,
    posting,
    recipients,
    replying,
    scheduling,
)
from tickets.operations.enclosing import Enclosure
from tickets.operations.recipients import Chosen
from tickets.operations.replying import SomethingNew
from tickets.operations.status import NotAnswered, NotPossible
from tickets.views import composing, field_answers, written
from tickets.views.onward import lead_on
from tickets.views.shared import after_act, find, not_possible, queue_context, ticket_context, undo_time, view_of
from tickets.views.written import Written

PARTS = ("reading", "header", "thread", "panel", "composer", "changed")


@agents_only
@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """The conversation with its customer beside it; htmx is answered with the part it asks for."""
    found = find(request, number)
    if found.merged_into_id and (elsewhere := _gone_into(request, found)):
        return elsewhere
    agent = agent_of(request)
    has = glance.at(found, agent)
    unread = reading.first_unread(found, agent) if has.read_upto and has.read_upto < has.last_message else None
    context = ticket_context(request, found, first_unread=unread, seen_at=has)
    shown = [pk for stretch in context["stretches"] for entry in stretch.entries for pk in entry.ids]
    if (newest := max(shown, default=None)) != has.read_upto:
        reading.mark_read(found, agent, upto=newest)
    if has.notifications:
        notifying.mark_read(agent, ticket=found)
    part = request.GET.get("part", "")
    if by_htmx(request) and part in PARTS:
        return pieces.page(request, f"tickets/ticket.html#{part}", context)
    beside = queue_context(request, view_of(request), is_beside=True)
    return pieces.page(request, "tickets/ticket.html", {**beside, **context})


def _gone_into(request: HttpRequest, ticket: Ticket) -> HttpResponse | None:
    """Where a merged ticket leads, if the agent may see it, with a line that says so."""
    target = merging.final(ticket)
    if not Ticket.objects.visible_to(agent_of(request)).filter(pk=target.pk).exists():
        return None
    where = reverse("ticket", args=[target.pk])
    if by_htmx(request):
        response = HttpResponse()
        response["HX-Redirect"] = where
        return response
    messages.info(request, _("#%(number)s was merged into this ticket.") % {"number": ticket.pk})
    return redirect(where)


@agents_only
@require_safe
def neighbour(request: HttpRequest, number: int, way: str) -> HttpResponse:
    """Go to the ticket before or after this one, in the order of the list one works through."""
    found = find(request, number)
    view = view_of(request)
    before, after = reading.around(view, agent_of(request), found)
    other = before if way == "previous" else after
    if other is None:
        said = _("This is the first of the list.") if way == "previous" else _("This is the last of the list.")
        messages.info(request, said)
    return redirect("ticket", number=other or found.number)


@agents_only
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Answer the customer; `then=resolve` also resolves, `send_at` sends later.

    What was written as a note or to pass on stays that, whatever the address.
    """
    kind = request.POST.get("kind", "")
    return _say(request, number, kind if kind in (Draft.Kind.NOTE, Draft.Kind.FORWARD) else Draft.Kind.REPLY)


@agents_only
@require_POST
def parts(request: HttpRequest, number: int) -> HttpResponse:
    """The messages an answer would go out as on its network, or why it would not: what the page shows while one writes.

    Nothing where it goes out as it is.
    """
    found = find(request, number)
    text, _html = written.words(request.POST, Draft.Kind.REPLY)
    try:
        route = posting.route_to(found, recipients.answered_by(found), request.POST.get("via", "")[:20])
        if route is None:
            return HttpResponse()
        posting.must_fit(route, text, drafting.files_beside(found, agent_of(request)))
    except NotPossible as why:
        return render(request, "tickets/_composer_parts.html", {"problem": str(why)})
    made = posting.parts_of(text, route.can)
    context = {"parts": made if len(made) > 1 else (), "measured": posting.measured(route, made) if text else ""}
    return render(request, "tickets/_composer_parts.html", context)


@agents_only
@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Write a note for the team."""
    return _say(request, number, Draft.Kind.NOTE)


@agents_only
@require_POST
def forward(request: HttpRequest, number: int) -> HttpResponse:
    """Pass a message on to a third party."""
    return _say(request, number, Draft.Kind.NOTE if request.POST.get("kind") == "note" else Draft.Kind.FORWARD)


def _say(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    found, agent = find(request, number), agent_of(request)
    try:
        read = written.read(request, found, kind)
        if kind == Draft.Kind.REPLY and read.send_at:
            return _later(request, found, read)
        message = _write(found, read, agent)
    except SomethingNew as held:
        return _held(request, found, kind, held)
    except NotAnswered as missing:
        if by_htmx(request):
            return field_answers.ask(request, found, missing, then="reply")
        return _refused(request, found, kind, str(missing))
    except NotPossible as why:
        return _refused(request, found, kind, str(why))
    reading.mark_read(found, agent, upto=message.pk)
    response = after_act(request, found, _said(kind, read), can_undo=False)
    if kind == Draft.Kind.REPLY:
        lead_on(request, response, found)
    if kind == Draft.Kind.NOTE or not _delay(found, read) or not by_htmx(request):
        return response
    url = reverse("ticket_withdrawal", args=[found.number, message.pk])
    return toast(response, _said(kind, read), undo_url=url, seconds=settings.UNDO_SECONDS)


def _delay(ticket: Ticket, read: Written) -> timedelta:
    """How long it can be taken back: not at all in a chat, where somebody sits and waits."""
    return undo_time(ticket, read.via) if read.kind == Draft.Kind.REPLY else timedelta(seconds=settings.UNDO_SECONDS)


def _write(ticket: Ticket, read: Written, agent: Agent) -> Message:
    delay = _delay(ticket, read)
    draft = drafting.of(ticket, agent, read.kind) if read.version is not None else None
    shared: dict[str, Any] = {
        "text": read.text, "html": read.html, "actor": agent, "once": read.once or None, "files": read.files,
        "draft": read.version, "enclosures": _enclosures(draft, read),
    }  # fmt: skip
    if read.kind == Draft.Kind.NOTE:
        return replying.add_note(ticket, acts=read.acts, **shared)
    if read.kind == Draft.Kind.REPLY:
        return replying.reply(
            ticket, to=read.chosen, answers=read.answers, then=read.then, seen=read.seen, delay=delay, acts=read.acts,
            via=read.via, template=_template(read), **shared,
        )  # fmt: skip
    passed_on = read.answers or recipients.answered_by(ticket)
    if passed_on is None:
        raise NotPossible(_("Choose the message to pass on."))
    return forwarding.forward(
        ticket, message=passed_on, to=read.chosen or Chosen(), subject=read.subject, attachments=read.attachments,
        seen=read.seen, delay=delay, **shared,
    )  # fmt: skip


def _template(read: Written) -> dict[str, Any] | None:
    return {"key": read.template, "places": read.places} if read.template else None


def _enclosures(draft: Draft | None, read: Written) -> list[Enclosure]:
    """The draft's files that the page showed; those of a forwarded message come from its own list."""
    theirs = {(one.file_id, one.filename) for one in read.offered}
    return [one for one in enclosing.of(draft, read.draft_files) if (one.file.pk, one.filename) not in theirs]


def _said(kind: str, read: Written) -> str:
    if kind == Draft.Kind.NOTE:
        return _("Note added")
    if kind == Draft.Kind.FORWARD:
        return _("Passed on")
    if any(act["do"] == "snooze" for act in read.acts):
        return _("Answer sent, ticket snoozed")
    return _("Answer sent, ticket resolved") if read.then == "resolve" else _("Answer sent")


def _later(request: HttpRequest, ticket: Ticket, read: Written) -> HttpResponse:
    """Keep it as a draft with a time."""
    agent = agent_of(request)
    assert read.send_at is not None
    replying.must_have_seen(ticket, read.seen, agent)
    draft = drafting.save(
        ticket, actor=agent, kind=read.kind, content=read.content, version=read.version or 0, once=read.once
    )
    if read.files:
        draft, _files = enclosing.attach(ticket, actor=agent, kind=read.kind, uploads=read.files, once=read.once)
    if draft is None:
        raise NotPossible(_("There is nothing to send yet."))
    scheduling.schedule(draft, actor=agent, at=read.send_at, then=read.then)
    when = formats.date_format(timezone.localtime(read.send_at), "SHORT_DATETIME_FORMAT")
    return after_act(request, ticket, _("Goes out %(when)s") % {"when": when}, can_undo=False)


def _held(request: HttpRequest, ticket: Ticket, kind: str, held: SomethingNew) -> HttpResponse:
    """Nothing was sent: show what the writer has not seen, with a way to send nevertheless."""
    fresh = {
        "messages": held.messages,
        "last": max(message.pk for message in held.messages),
        "then": request.POST.get("then", ""),
        "kind": kind,
    }
    if by_htmx(request):
        response = render(request, "tickets/_held.html", {"held": fresh, "ticket": ticket}, status=409)
        response["X-Composer"] = "held"
        # the notice says it; an empty toast keeps the page from saying that something failed
        return tell_page(response, toast={"message": ""})
    return _again(request, ticket, kind, str(held), status=409, held=fresh)


def _refused(request: HttpRequest, ticket: Ticket, kind: str, why: str) -> HttpResponse:
    if by_htmx(request):
        return not_possible(request, ticket, why)
    return _again(request, ticket, kind, why, status=422)


def _again(request: HttpRequest, ticket: Ticket, kind: str, why: str, *, status: int, **more: Any) -> HttpResponse:
    """The page with what was sent still in its fields."""
    context = {**queue_context(request, view_of(request), is_beside=True), **ticket_context(request, ticket), **more}
    context["composer"] = composing.composer(request, ticket, problem=why, kind=kind)
    return render(request, "tickets/ticket.html", context, status=status)
