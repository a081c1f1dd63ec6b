"""What happens around every page: a reference for the request, its measure, and the reader's language and zone."""

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from helpdesk import content, measures

Handler = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("helpdesk.request")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
#: where somebody without a second factor may go: our own account pages, and what every page is made of
_SETTING_UP = ("/accounts/", "/static/", "/healthz", "/readyz", "/metrics", content.PATH)
_ID = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")


class RequestIdMiddleware:
    """Give each request a reference: in its log lines, in the events it causes, in the answer, on the error page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ID.match(given) else uuid.uuid4().hex[:16]
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.clear_contextvars()
        response["X-Request-Id"] = request_id
        return response


class MetricsMiddleware:
    """Count and time requests by named route, and log the slow and the failed."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        took = time.perf_counter() - began
        match = request.resolver_match
        route = (match.view_name or "unnamed") if match else "none"
        method = request.method if request.method in _METHODS else "other"  # strangers make up names without end
        measures.REQUESTS.labels(route, method, str(response.status_code)).inc()
        measures.REQUEST_SECONDS.labels(route).observe(took)
        if response.status_code >= 500 or took > 1:
            # signed addresses open what they name for a while, and tokens answer surveys: logs do not keep them
            path = f"{content.PATH}…" if request.path.startswith(content.PATH) else request.path
            if match and (token := match.kwargs.get("token")):
                path = path.replace(f"/{token}/", "/…/")
            log.warning("request", path=path, route=route, status=response.status_code, ms=round(took * 1000))
        return response


class ContentHostMiddleware:
    """On the host of CONTENT_URL only content answers: what strangers wrote shares no origin with anything of ours."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.CONTENT_URL and content.is_content_host(request.get_host()):
            if not request.path.startswith(content.PATH):
                return content.refusal()
            request.COOKIES.clear()
        return self.get_response(request)


class SecondFactorMiddleware:
    """Where everybody needs a second factor, who has none can set one up, sign out, and nothing else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith(_SETTING_UP):
            from helpdesk import second_factor

            if second_factor.is_missing(request.user):
                return second_factor.led_there(request)
        return self.get_response(request)


class ReaderMiddleware:
    """Show pages in the reader's language and time zone: the agent's own, else what the browser asks for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        kept: Mapping[str, Any] = request.session if settings.SESSION_COOKIE_NAME in request.COOKIES else {}
        translation.activate(kept.get("language") or translation.get_language_from_request(request))
        try:
            timezone.activate(ZoneInfo(kept.get("zone") or settings.TIME_ZONE))
        except (ZoneInfoNotFoundError, ValueError):
            timezone.deactivate()
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language())
        return response
