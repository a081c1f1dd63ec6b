"""One ticket: read it, answer it, note on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.pages import agent_of, agents_only
from tickets import reading
from tickets.forms import MessageForm
from tickets.operations import replying, status
from tickets.operations.replying import Upload
from tickets.operations.status import NotPossible
from tickets.views.shared import after_act, find, not_possible, queue_context, ticket_context, view_of

PARTS = ("reading", "header", "thread", "panel", "composer", "changed")


@agents_only
@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """The conversation with its customer beside it; htmx is answered with the part it asks for."""
    found = find(request, number)
    context = {**ticket_context(request, found), "first_unread": reading.first_unread(found, agent_of(request))}
    shown = [entry.message.id for entry in context["timeline"] if entry.message]
    reading.mark_read(found, agent_of(request), upto=max(shown, default=None))
    part = request.GET.get("part", "")
    if request.htmx and part in PARTS:  # type: ignore[attr-defined]
        return render(request, f"tickets/ticket.html#{part}", context)
    return render(request, "tickets/ticket.html", {**queue_context(request, view_of(request)), **context})


@agents_only
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Answer the customer; `then=resolve` also resolves. What was written as a note stays one, whatever the address."""
    if request.POST.get("kind") == "note":
        return note(request, number)
    return _say(request, number, replying.reply, _("Answer sent"))


@agents_only
@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Write a note for the team."""
    return _say(request, number, replying.add_note, _("Note added"))


def _say(request: HttpRequest, number: int, operation, said: str) -> HttpResponse:  # type: ignore[no-untyped-def]
    found = find(request, number)
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        if request.htmx:  # type: ignore[attr-defined]
            return not_possible(request, found, " ".join(str(e) for errors in form.errors.values() for e in errors))
        context = {**queue_context(request, view_of(request)), **ticket_context(request, found), "form": form}
        return render(request, "tickets/ticket.html", context, status=422)
    uploads = [
        Upload(f.name or "file", f.content_type or "application/octet-stream", f.read())
        for f in form.cleaned_data["files"]
    ]
    try:
        message = operation(
            found, text=form.cleaned_data["text"], actor=agent_of(request), once=form.cleaned_data["once"] or None,
            files=uploads,
        )  # fmt: skip
        if request.POST.get("then") == "resolve" and operation is replying.reply:
            status.resolve(message.ticket, actor=agent_of(request))
            said = _("Answer sent, ticket resolved")
    except NotPossible as why:
        return not_possible(request, found, str(why))
    reading.mark_read(found, agent_of(request), upto=message.pk)
    return after_act(request, found, said, can_undo=False)
