"""What strangers sent us, served apart from our own pages.

Addresses under /content/ are signed and ignore cookies: each names its purpose, the thing, and the agent it was made
for, and runs out after some hours. They are made in one place only, when that agent asks and may see the thing; whoever
serves them asks again. Where CONTENT_URL is set they live on that origin, which answers nothing else.
"""

import base64
import hashlib
import time
from functools import cache
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)

PATH = "/content/"
#: addresses made within one of these are the same, so that browsers may keep what they got
STEP_SECONDS = 60 * 60
LIFE_SECONDS = 4 * 60 * 60


class _Signer(signing.TimestampSigner):
    """Signs the beginning of the present step, not the present second."""

    def timestamp(self) -> str:
        return signing.b62_encode(int(time.time()) // STEP_SECONDS * STEP_SECONDS)


def address(route: str, *what: object) -> str:
    """A signed address of a content route, for a moment's use. Sign for those who may see it only."""
    token = _Signer(salt=f"content:{route}").sign(".".join(str(one) for one in what))
    return settings.CONTENT_URL + reverse(route, args=[token])


def named_by(route: str, token: str) -> list[str] | None:
    """What `address` was given for this route; None for whatever it did not sign, or signed too long ago."""
    try:
        return _Signer(salt=f"content:{route}").unsign(token, max_age=LIFE_SECONDS).split(".")
    except signing.BadSignature:
        return None


def is_content_host(host: str) -> bool:
    """Whether a Host header names the origin of CONTENT_URL."""
    try:
        return bool(settings.CONTENT_URL) and urlsplit(f"//{host}").hostname == urlsplit(settings.CONTENT_URL).hostname
    except ValueError:
        return False


def origin(request: HttpRequest) -> str:
    """Where content is, as a browser sees it."""
    return settings.CONTENT_URL or f"{request.scheme}://{request.get_host()}"


def ancestors() -> str:
    """Who may show content in a frame: our own pages."""
    return settings.BASE_URL if settings.CONTENT_URL else "'self'"


def digest(text: str) -> str:
    """The source expression by which a policy allows exactly this script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def guard(response: AnyResponse, policy: str) -> AnyResponse:
    """Give a response of ours the policy and manners of content."""
    response["Content-Security-Policy"] = policy
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    response.xframe_options_exempt = True  # type: ignore[attr-defined]  # the policy says who may frame it
    return response


_STYLE = "body{margin:0;padding:1rem;font:15px/1.5 system-ui,sans-serif;color:#57534e}"


def refusal() -> HttpResponse:
    """The one answer to every address that is not good, whatever is wrong with it."""
    response = HttpResponse(_refusal(get_language()), status=404)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the address, good or not
    policy = f"sandbox; default-src 'none'; style-src {digest(_STYLE)}; frame-ancestors {ancestors()}"
    return guard(response, policy)


@cache
def _refusal(_language: str | None) -> str:
    title = escape(_("There is nothing here"))
    words = escape(_("The link is wrong or has run out. Open it again from the ticket."))
    return f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style><p>{title}. {words}</p>'
