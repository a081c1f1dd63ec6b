"""What came with a message: its files, and its original look in a sandbox."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from helpdesk.pages import agent_of, agents_only
from tickets import safe_html, texts
from tickets.models import Attachment, Message, Ticket

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def _picture_type(content: bytes) -> str:
    """The type of a picture a browser may show in the page, decided by its bytes; "" for everything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), "")


@agents_only
@require_safe
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of a visible ticket's message: pictures to look at, everything else only to save."""
    seen = Ticket.objects.visible_to(agent_of(request))
    found = get_object_or_404(Attachment.objects.select_related("file"), pk=pk, message__ticket__in=seen)
    try:
        content = found.file.read()
    except FileNotFoundError:
        raise Http404 from None
    kind = _picture_type(content)
    response = HttpResponse(content, content_type=kind or "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(not kind, found.filename) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=86400"
    return response


@agents_only
@require_safe
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """A message as it was laid out, in a page that may do nothing: no scripts, no requests but its own pictures."""
    seen = Ticket.objects.visible_to(agent_of(request))
    message = get_object_or_404(Message.objects.prefetch_related("attachments"), pk=pk, ticket__in=seen)
    images = {a.content_id: reverse("attachment", args=[a.pk]) for a in message.attachments.all() if a.content_id}
    body = safe_html.original(message.html, images) or texts.paragraphs(message.full_text or message.text)
    head = f'<!doctype html><html><head><meta charset="utf-8"><title>#{message.ticket_id}</title></head>'
    response = HttpResponse(f"{head}<body>{body}</body></html>")
    # mail styles itself inline; inside a sandbox without scripts, forms or origin that is all it can do
    response["Content-Security-Policy"] = (
        "sandbox allow-popups; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    return response


@agents_only
@require_safe
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail of a message, byte for byte, to save."""
    seen = Ticket.objects.visible_to(agent_of(request))
    message = get_object_or_404(Message.objects.select_related("raw"), pk=pk, ticket__in=seen, raw__isnull=False)
    response = HttpResponse(bytes(message.raw.content), content_type="application/octet-stream")  # type: ignore[union-attr]
    response["Content-Disposition"] = content_disposition_header(True, f"message-{message.pk}.eml")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
