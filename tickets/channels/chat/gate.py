"""The door of the widget's endpoints: which widget it is, whether the page may speak to it, and JSON both ways.

No cookie is read or set and no credentials are allowed: who somebody is says their token, in the body. Bodies are sent
as text so that browsers need not ask first; a page elsewhere can send one, and gets no further than its origin.
"""

import json
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from helpdesk import content, rates
from tickets.channels.chat import origins
from tickets.channels.chat.adapter import MOST_FILE, MOST_FILES
from tickets.models import ChannelAccount, Inbox

MOST_BODY = 100_000
MOST_UPLOAD = MOST_FILE * MOST_FILES // 2 + MOST_BODY
#: requests of one address to one widget in a minute, whatever they are
MOST_A_MINUTE = 600

Said = dict[str, Any]
Endpoint = Callable[[HttpRequest, ChannelAccount, Said], HttpResponseBase]


class Answer(Exception):
    """Ends an endpoint with this answer."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.response = JsonResponse({"error": error, **more}, status=status)


_accounts: dict[str, tuple[float, ChannelAccount]] = {}
KEPT_SECONDS = 3.0


def account_of(key: str) -> ChannelAccount | None:
    """The widget of a key, in use; some seconds old at most, as it is asked for with everything anybody does."""
    kept = _accounts.get(key)
    if kept is None or kept[0] < time.monotonic():
        account = _account_of(key)
        if account is None:
            _accounts.pop(key, None)
            return None
        kept = _accounts[key] = (time.monotonic() + KEPT_SECONDS, account)
    return kept[1]


def forget() -> None:
    """Know no widget any more: one was changed."""
    _accounts.clear()


@receiver(post_save, sender=ChannelAccount)
@receiver(post_save, sender=Inbox)
def _changed(**_: object) -> None:
    forget()


def _account_of(key: str) -> ChannelAccount | None:
    found = ChannelAccount.objects.filter(kind="chat", key=key, inbox__is_active=True)
    return found.select_related("inbox__mails_through").first()


def may_speak(account: ChannelAccount, origin: str | None) -> bool:
    """Whether a page of this origin may use the widget. Our own pages show it, too; programs name no origin."""
    if origin is None:
        return True
    return origins.is_allowed(origin, account.config.get("allowed_origins", [])) or _is_own(origin)


def _is_own(origin: str) -> bool:
    """One of the names under which our own pages are looked at."""
    asked, base = urlsplit(origins.cleaned(origin)), urlsplit(origins.cleaned(settings.BASE_URL))
    host = asked.hostname or ""
    if not host or (asked.scheme, asked.port) != (base.scheme, base.port) or content.is_content_host(asked.netloc):
        return False
    return host == base.hostname or (host in settings.ALLOWED_HOSTS and "*" not in host)


def endpoint(function: Endpoint) -> Callable[[HttpRequest, str], HttpResponseBase]:
    """An endpoint of the widget: POST, with a JSON object, of an allowed origin."""

    @csrf_exempt
    @wraps(function)
    def view(request: HttpRequest, key: str) -> HttpResponseBase:
        origin = request.headers.get("Origin")
        account = account_of(key)
        if account is None:
            return JsonResponse({"error": "gone"}, status=404)
        if not may_speak(account, origin):
            return _mannered(JsonResponse({"error": "origin"}, status=403), None)
        if request.method == "OPTIONS":
            return _mannered(_preflight(), origin)
        if request.method != "POST":
            return _mannered(JsonResponse({"error": "method"}, status=405, headers={"Allow": "POST"}), origin)
        try:
            if rates.count(f"chat {account.pk} {rates.address_of(request)}", 60) > MOST_A_MINUTE:
                raise Answer(429, "busy", after=30)
            response = function(request, account, _said(request))
        except Answer as answer:
            response = answer.response
        return _mannered(response, origin)

    return view


def _preflight() -> HttpResponse:
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = "POST"
    response["Access-Control-Allow-Headers"] = "content-type"
    response["Access-Control-Max-Age"] = "7200"
    return response


def _mannered(response: HttpResponseBase, origin: str | None) -> HttpResponseBase:
    if origin is not None:
        response["Access-Control-Allow-Origin"] = origin
    response["Vary"] = "Origin"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _said(request: HttpRequest) -> Said:
    """The object a request carries: its body, or the field `body` of a form with files."""
    is_form = (request.content_type or "").startswith("multipart/form-data")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > (MOST_UPLOAD if is_form else MOST_BODY):
            raise Answer(413, "large")
        text = request.POST.get("body", "") if is_form else request.read(MOST_BODY + 1).decode()
        said = json.loads(text[: MOST_BODY + 1])
    except (ValueError, RecursionError, UnreadablePostError, MultiPartParserError):
        raise Answer(400, "unreadable") from None
    if not isinstance(said, dict):
        raise Answer(400, "unreadable")
    return said


def text(said: Said, name: str, most: int) -> str:
    """A text of what was said; "" for anything else."""
    value = said.get(name)
    return value.replace("\x00", "").strip()[:most] if isinstance(value, str) else ""


def whole(said: Said, name: str) -> int:
    """A place in the talk; 0 for anything else."""
    value = said.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < 2**62 else 0  # type: ignore[operator,return-value]
