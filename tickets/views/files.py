"""The doors to what came with a message: who may see it is sent on to a signed address, made for them and for now."""

import structlog
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from helpdesk import content
from helpdesk.models import File
from helpdesk.pages import agent_of, agents_only, by_htmx
from helpdesk.tasks import scan_file
from tickets import timeline
from tickets.models import Attachment, Message, Ticket

log = structlog.get_logger(__name__)

#: so many messages are remembered as ones whose pictures were asked for, until the session ends
MOST_REMEMBERED = 200


def _sent_on(address: str) -> HttpResponse:
    response = redirect(address)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _message(request: HttpRequest, pk: int) -> Message:
    seen = Ticket.objects.visible_to(agent_of(request))
    return get_object_or_404(Message.objects.select_related("raw"), pk=pk, ticket__in=seen)


def held_among(message: int) -> Attachment | None:
    """The first file of a message that is not handed out, and neither is the mail that brought it."""
    files = Attachment.objects.filter(message=message).select_related("file")
    return next((attachment for attachment in files if attachment.file.held), None)


def held_page(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """Say why a file is not handed out, and have it scanned before others if it waits."""
    file = attachment.file
    if file.held == File.Scan.UNSCANNED and cache.add(f"scan:{file.pk}", 1, 20):
        try:
            scan_file.apply_async((file.pk,), retry=False, ignore_result=True)
        except Exception as error:  # kombu wraps whatever the broker's client raises; the sweep comes by
            log.warning("the doorbell is away", error=str(error))
    status = 403 if file.held == File.Scan.INFECTED else 409
    response = render(request, "tickets/file_held.html", {"attachment": attachment, "file": file}, status=status)
    response["Cache-Control"] = "no-store"
    return response


@agents_only
@require_safe
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of a visible ticket's message."""
    seen = Ticket.objects.visible_to(agent_of(request))
    found = get_object_or_404(Attachment.objects.select_related("file"), pk=pk, message__ticket__in=seen)
    if found.file.held:
        return held_page(request, found)
    return _sent_on(content.address("content_file", found.pk, agent_of(request).pk))


@agents_only
@require_safe
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """A message as it was laid out, for its frame or a window of its own; `?pictures=1` for those from elsewhere."""
    message = _message(request, pk)
    wanted = request.GET.get("pictures") == "1" or message.pk in pictures_asked_for(request)
    return _sent_on(content.address("content_letter", message.pk, agent_of(request).pk, int(wanted)))


def pictures_asked_for(request: HttpRequest) -> list[int]:
    """The messages whose pictures from elsewhere were asked for since they signed in."""
    asked: list[int] = request.session.get("pictures", [])
    return asked


@agents_only
@require_POST
def show_pictures(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a message's pictures from elsewhere, now and until the session ends."""
    message = _message(request, pk)
    asked = [one for one in pictures_asked_for(request) if one != message.pk]
    request.session["pictures"] = [*asked, message.pk][-MOST_REMEMBERED:]
    if not by_htmx(request):
        return redirect(f"{message.ticket.get_absolute_url()}#message-{message.pk}")
    return render(request, "tickets/_paper.html", {"message": timeline.show(message), "with_pictures": True})


@agents_only
@require_safe
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail of a message, byte for byte, to save."""
    message = _message(request, pk)
    if message.raw is None:
        return render(request, "404.html", status=404)
    if held := held_among(message.pk):
        return held_page(request, held)
    response = HttpResponse(bytes(message.raw.content), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, f"message-{message.pk}.eml")
    return content.guard(response, "sandbox; default-src 'none'")
