"""Reading a body: JSON only, so much and no more, and remembered by its hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from helpdesk.api.problems import LengthRequired, TooLarge

MOST_BYTES = 25 * 1024 * 1024
_ATTRIBUTE = "_body_digest"


class StrictJSONParser(BaseParser):
    """JSON of at most MOST_BYTES. Too deep, not UTF-8 or not JSON is a ParseError, never a crash.

    Not a JSONParser: REST framework hands those the body through Django's limit for what is kept in memory, which is
    meant for forms and too small for attachments.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TooLarge(_("A request has at most 25 MB."))
        if parser_context and (request := parser_context.get("request")):
            setattr(request, _ATTRIBUTE, hashlib.sha256(content).hexdigest())
        try:
            return json.loads(content.decode(), parse_constant=_refuse)
        except RecursionError:
            raise ParseError(_("This JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("This is not JSON: %(error)s") % {"error": error}) from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not in it.")


def check_length(request: Request) -> None:
    """Refuse a body that says it is too large, or does not say how large, before a byte of it is read."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower() and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired(_("Send a Content-Length."))
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise ParseError(_("The Content-Length is not a number.")) from None
    if length > MOST_BYTES:
        raise TooLarge(_("A request has at most 25 MB."))


def body_digest(request: Request) -> str:
    """The SHA-256 of the body as it came. Reads and parses it, so that what is not JSON is refused first."""
    request.data  # noqa: B018
    return getattr(request, _ATTRIBUTE, hashlib.sha256(b"").hexdigest())
