"""What went wrong, said the same way everywhere: RFC 9457 problem details, `application/problem+json`.

`type` names the problem to programs, `title` and `detail` say it to people, `errors` points at what to correct.
"""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
_KINDS: dict[type[Exception], tuple[int, str]] = {}


class TooLarge(exceptions.APIException):
    """The body is larger than we read."""

    status_code = 413
    default_code = "too-large"


class LengthRequired(exceptions.APIException):
    """The body comes without saying how long it is."""

    status_code = 411
    default_code = "length-required"


class BadQuery(exceptions.APIException):
    """A parameter in the address that means nothing. `detail` is {parameter: what is wrong with it}."""

    status_code = 400
    default_code = "bad-query"

    def __init__(self, parameter: str, detail: str | Promise) -> None:
        super().__init__(_("The address asks for something that does not exist."))
        self.errors = [{"parameter": _sane(parameter), "detail": str(detail)}]


def kind(exception: type[Exception], status: int, code: str) -> None:
    """Let an app's own exception be answered with this status; its text is the detail."""
    _KINDS[exception] = (status, code)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Answer any exception of an endpoint. What nobody expected is logged and answered with its reference."""
    set_rollback()
    request = context.get("request")
    for type_, (status, code) in _KINDS.items():
        if isinstance(exc, type_):
            return _response(status, code, str(exc))
    match exc:
        case Http404() | exceptions.NotFound():
            # an absent and a foreign object read alike, to the last byte
            return _response(404, "", _("There is nothing here, or nothing you may see."))
        case PermissionDenied():
            return _response(403, "", _("You may not do that."))
        case exceptions.ValidationError():
            return _invalid(exc)
        case exceptions.APIException():
            return _known(exc)
        case RequestDataTooBig():
            return _response(413, "too-large", _("This is more than we read."))
        case SuspiciousOperation():
            return _response(400, "", _("This request cannot be understood."))
        case OperationalError() | InterfaceError():
            log.warning("the database is away or busy", exc_info=exc)
            return _response(503, "", _("The database cannot be reached just now."), headers={"Retry-After": "5"})
    reference = getattr(getattr(request, "_request", request), "request_id", "")
    log.error("an endpoint failed", path=getattr(request, "path", ""), exc_info=exc)
    return _response(
        500, "", _("Something went wrong on our side. Quote the reference when you ask about it."), reference=reference
    )


def answer(status: int, detail: str = "", **more: Any) -> HttpResponse:
    """A problem for who has no endpoint to answer it: an address that leads nowhere, a refused form token."""
    return HttpResponse(json.dumps(_document(status, "", detail, **more)), status=status, content_type=CONTENT_TYPE)


def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The view behind every address under /api/ that is nobody's."""
    return answer(404, _("There is nothing here, or nothing you may see."))


def _known(exc: exceptions.APIException) -> Response:
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if isinstance(exc, exceptions.Throttled) or getattr(exc, "wait", None):
        headers["Retry-After"] = str(max(1, int(-(-(exc.wait or 1) // 1))))  # type: ignore[attr-defined]
    own = not type(exc).__module__.startswith("rest_framework")
    code = exc.default_code if own else "rate-limited" if isinstance(exc, exceptions.Throttled) else ""
    more = {"errors": exc.errors} if isinstance(exc, BadQuery) else {}
    return _response(exc.status_code, code, _sane(str(exc.detail), 1000), headers=headers, **more)


def _invalid(exc: exceptions.ValidationError) -> Response:
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in _flat(exc.detail, "#")]
    return _response(400, "invalid", _("Some of what was sent cannot be used."), errors=errors[:100])


def _flat(detail: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """The errors of a serializer as JSON pointers (RFC 6901 in a fragment) and words."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            here = key in ("non_field_errors", "detail")
            yield from _flat(value, pointer if here else f"{pointer}/{_token(key)}")
    elif isinstance(detail, list | tuple):
        for number, value in enumerate(detail):
            yield from _flat(value, f"{pointer}/{number}" if isinstance(value, dict | list) else pointer)
    elif detail:
        yield pointer, _sane(str(detail), 500)


def _token(key: Any) -> str:
    return _sane(str(key)).replace("~", "~0").replace("/", "~1")


def _sane(text: str, most: int = 80) -> str:
    """What somebody sent, fit to be repeated: no lone surrogates, no control characters, not endless."""
    text = re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", text)
    return text.encode("utf-8", "replace").decode()[:most]


def _document(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    about = f"tag:helpdesk,2026:{code}" if code else "about:blank"
    return {"type": about, "title": phrase, "status": status, "detail": detail, **more}


def _response(status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    return Response(_document(status, code, detail, **more), status=status, headers=headers, content_type=CONTENT_TYPE)
