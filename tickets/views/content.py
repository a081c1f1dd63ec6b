"""What came with a message, at signed addresses that know no cookie. Every refusal looks the same."""

from threading import BoundedSemaphore

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from helpdesk import content, fetching, pictures
from helpdesk.models import Agent, File
from tickets import letter_page
from tickets.models import Attachment, Message, Ticket
from tickets.operations import posting

#: pictures fetched at a time by one process, so that pages always find a thread; and how long one waits for its turn
_turns = BoundedSemaphore(3)
TURN_SECONDS = 3.0
FETCH_SECONDS = 8.0
MOST_PICTURE_BYTES = 5_000_000
#: besides pictures, what a network takes by what it is called; it is to be saved, and never looked at here
_SENT = frozenset(
    [
        "application/pdf", "audio/aac", "audio/mp4", "audio/mpeg", "audio/wav", "audio/x-m4a", "audio/x-wav",
        "video/mp4", "video/ogg", "video/quicktime", "video/webm", "video/x-msvideo",
    ]
)  # fmt: skip
_FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def _reader(pk: str) -> Agent | None:
    """The agent an address was made for, if they are still one of us."""
    return Agent.objects.active().filter(pk=int(pk)).first()


@require_safe
def letter(request: HttpRequest, token: str) -> HttpResponse:
    """A message's HTML, as a page for its frame."""
    match content.named_by("content_letter", token):
        case [pk, reader_pk, with_pictures] if reader := _reader(reader_pk):
            seen = Message.objects.filter(ticket__in=Ticket.objects.visible_to(reader))
            if message := seen.prefetch_related("attachments").filter(pk=int(pk)).first():
                return letter_page.render(request, message, reader, with_pictures=with_pictures == "1")
    return content.refusal()


@require_safe
def file(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """An attachment: a picture to look at if its bytes are a sane one, everything else only to save."""
    match content.named_by("content_file", token):
        case [pk, reader_pk] if reader := _reader(reader_pk):
            seen = Attachment.objects.filter(message__ticket__in=Ticket.objects.visible_to(reader))
            found = seen.select_related("file").filter(pk=int(pk)).first()
            if found and not found.file.held:
                return handed_out(found)
    return content.refusal()


@require_safe
def sent_file(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """A file of an answer, for the network that fetches it."""
    match content.named_by("content_sent_file", token):
        case [pk, mail_pk]:
            found = posting.file_at(int(pk), int(mail_pk))
            if found is not None and not found.file.held:
                response = handed_out(found)
                if response["Content-Type"] == "application/octet-stream" and found.content_type in _SENT:
                    response["Content-Type"] = found.content_type
                return response
    return content.refusal()


def handed_out(found: Attachment) -> HttpResponse | FileResponse:
    """A file as it may leave us, whoever asked: to look at if it is a sane picture, else only to save."""
    try:
        stored = default_storage.open(File.name_of(found.file.sha256))
    except FileNotFoundError:
        return content.refusal()
    head = stored.read(pictures.HEAD)
    if pictures.kind(head) and found.file.size <= pictures.MOST_BYTES:
        whole = head + stored.read()
        stored.close()
        kind = pictures.safe_type(whole)
        response: HttpResponse | FileResponse = HttpResponse(whole)
    else:
        kind = ""
        stored.seek(0)
        response = FileResponse(stored)
        response["Content-Length"] = str(found.file.size)
    response["Content-Type"] = kind or "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(not kind, found.filename) or "attachment"
    response["Cache-Control"] = f"private, max-age={content.STEP_SECONDS}"
    return content.guard(response, _FILE_POLICY)


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """A picture from elsewhere that an agent asked to see: we fetch it, its server learns nothing about them."""
    match content.named_by("content_picture", token):
        case [pk, reader_pk, packed] if reader := _reader(reader_pk):
            if Message.objects.filter(pk=int(pk), ticket__in=Ticket.objects.visible_to(reader)).exists():
                return _fetched(letter_page.unpacked(packed))
    return content.refusal()


def _fetched(url: str) -> HttpResponse:
    if not _turns.acquire(timeout=TURN_SECONDS):
        return content.refusal()
    try:
        found = fetching.fetch(url, most=MOST_PICTURE_BYTES, seconds=FETCH_SECONDS)
    except fetching.Refused:
        return content.refusal()
    finally:
        _turns.release()
    seen = pictures.look(found.content)
    if seen is None or not seen.is_sane or seen.is_pixel:
        return content.refusal()
    response = HttpResponse(found.content, content_type=seen.media_type)
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = f"private, max-age={content.STEP_SECONDS}"
    return content.guard(response, _FILE_POLICY)
