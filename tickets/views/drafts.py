"""Drafts: saved in the background, their files put on at once, and what waits for its time."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.pages import agent_of, agents_only, by_htmx, tell_page, toast
from tickets.models import Draft, DraftFile, Ticket
from tickets.operations import drafting, enclosing, scheduling, sharing
from tickets.operations.drafting import Outdated
from tickets.operations.status import NotPossible
from tickets.views import composing, written
from tickets.views.shared import after_act, find, not_possible, undo_time

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


def _kind(kind: str) -> str:
    if kind not in written.KINDS:
        raise Http404
    return kind


@agents_only
@require_http_methods(["POST", "DELETE"])
def draft(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """Save what is in the composer; delete to throw it away. A newer draft elsewhere is a 409 that brings it along."""
    ticket, agent, kind = find(request, number), agent_of(request), _kind(kind)
    if request.method == "DELETE":
        drafting.discard(ticket, actor=agent, kind=kind)
        return JsonResponse({"version": 0})
    try:
        read = written.read(request, ticket, kind)
        kept = drafting.save(
            ticket, actor=agent, kind=kind, content=read.content, version=read.version or 0, once=read.once,
            sent=read.sent,
        )  # fmt: skip
        if kept is not None and read.offered:
            enclosing.choose(kept, attachments=read.attachments, out_of=read.offered)
    except Outdated as ahead:
        theirs = (
            {
                "text": ahead.draft.text,
                "html": composing.in_editor(ahead.draft),
                "version": ahead.draft.version,
                "once": ahead.draft.once,
            }
            if ahead.draft
            else None
        )
        return JsonResponse({"outdated": True, "words": str(ahead), "theirs": theirs}, status=409)
    except NotPossible as why:
        return JsonResponse({"words": str(why)}, status=409)
    return JsonResponse(_told(kept))


def _told(draft: Draft | None) -> dict[str, Any]:
    """What a page must know of its draft."""
    return {"version": draft.version, "once": draft.once} if draft else {"version": 0}


@agents_only
@require_POST
def draft_files(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """Put files on the draft; `inline=1` for pictures that are shown in the text."""
    ticket, kind = find(request, number), _kind(kind)
    try:
        read = written.read(request, ticket, kind)
        draft, added = enclosing.attach(
            ticket, actor=agent_of(request), kind=kind, uploads=read.files, is_inline=bool(request.POST.get("inline")),
            once=read.once,
        )  # fmt: skip
    except NotPossible as why:
        return JsonResponse({"words": str(why)}, status=409)
    pictures = [{"name": one.filename, "url": composing.draft_file_url(draft, one)} for one in added if one.is_inline]
    return JsonResponse({**_told(draft), "pictures": pictures, "html": _listed(draft, kind, read)})


def _listed(draft: Draft, kind: str, read: written.Written | None = None) -> str:
    theirs = {(one.file_id, one.filename) for one in read.offered} if read else set()
    files = [one for one in draft.files.select_related("file") if (one.file_id, one.filename) not in theirs]
    return render_to_string(
        "tickets/_draft_files.html",
        {"files": files, "prefix": written.field(kind, ""), "ticket_number": draft.ticket_id},
    )


@agents_only
@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def draft_file(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """A file of a draft one may see; its author takes it off (DELETE, or a plain form's POST)."""
    ticket, agent = find(request, number), agent_of(request)
    seen = Draft.objects.visible_to(agent).filter(ticket=ticket)
    found = get_object_or_404(DraftFile.objects.select_related("file", "draft"), pk=pk, draft__in=seen)
    if request.method in ("GET", "HEAD"):
        return _shown(found)
    try:
        enclosing.detach(found, actor=agent)
    except NotPossible as why:
        return JsonResponse({"words": str(why)}, status=409)
    return JsonResponse({"html": _listed(found.draft, found.draft.kind)})


def _shown(found: DraftFile) -> HttpResponse:
    """Pictures to look at, everything else only to save."""
    try:
        content = found.file.read()
    except FileNotFoundError:
        raise Http404 from None
    kind = next((kind for magic, kind in _PICTURES.items() if content.startswith(magic)), "")
    response = HttpResponse(content, content_type=kind or "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(not kind, found.filename) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=3600"
    return response


@agents_only
@require_POST
def draft_act(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Do something with a draft that waits, was held back or is shared: `act` is change, now, cancel, take or drop."""
    ticket = find(request, number)
    seen = Draft.objects.visible_to(agent_of(request)).select_related("author")
    found = get_object_or_404(seen, pk=pk, ticket=ticket)
    acts = {"change": _change, "now": _now, "cancel": _cancel, "take": _take, "drop": _drop}
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        return not_possible(request, ticket, _("There is no such act."))
    try:
        said, undo_url = act(request, ticket, found)
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    response = after_act(request, ticket, said, can_undo=False)
    if undo_url and by_htmx(request):
        toast(response, said, undo_url=undo_url, seconds=settings.UNDO_SECONDS)
    focus = request.POST["act"] in ("change", "take")
    return tell_page(response, composer={"ticket": ticket.number, "kind": found.kind, "focus": focus})


#: what was done, and where that can be undone
Done = tuple[str, str]


def _change(request: HttpRequest, ticket: Ticket, draft: Draft) -> Done:
    scheduling.cancel(draft, actor=agent_of(request))
    return _("It no longer goes out by itself. Change it, and choose a time again."), ""


def _now(request: HttpRequest, ticket: Ticket, draft: Draft) -> Done:
    delay = undo_time(ticket, draft.via)
    message = scheduling.send_now(draft, actor=agent_of(request), delay=delay)
    undo_url = reverse("ticket_withdrawal", args=[ticket.number, message.pk]) if delay else ""
    return _("Answer sent"), undo_url


def _cancel(request: HttpRequest, ticket: Ticket, draft: Draft) -> Done:
    scheduling.cancel(draft, actor=agent_of(request))
    return _("It no longer goes out by itself. The draft is kept."), ""


def _take(request: HttpRequest, ticket: Ticket, draft: Draft) -> Done:
    was = draft.author
    sharing.take_over(draft, actor=agent_of(request))
    return _("Taken over from %(who)s") % {"who": was.name}, ""


def _drop(request: HttpRequest, ticket: Ticket, draft: Draft) -> Done:
    if draft.author_id != agent_of(request).pk:
        raise NotPossible(_("Only who wrote it throws it away."))
    drafting.discard(ticket, actor=draft.author, kind=draft.kind)
    return _("Draft discarded"), ""
