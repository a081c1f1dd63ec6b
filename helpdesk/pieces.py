"""Pieces of pages, drawn once for everything that looks the same.

A piece's template sees what it is given and nothing else, so equal values give the same piece, and the last ones drawn
are kept. What is another one each time and never changes how a piece looks (a ticket's number in an address, the token
of a form, somebody's name) is drawn as a place, and put there afterwards.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.context import make_context
from django.template.loader import get_template, render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from helpdesk.models import Agent

KEPT = 2000
#: nobody's numbers, which nobody can guess; they go through `{% url %}` as any other
_FIRST = 7_000_000_000_000_000_000 + secrets.randbelow(10**17) * 10
NUMBERS = tuple(range(_FIRST, _FIRST + 5))
NUMBER, SEEN, CUSTOMER, ORGANISATION, OTHER = NUMBERS
_MARK = secrets.token_hex(6)


def place(name: str) -> str:
    """Where something goes that is known later; it survives escaping as it is."""
    return f"{_MARK}-{name}."


_LETTERS = str.maketrans("0123456789", "abcdefghij")


def nth(name: str, at: int) -> str:
    """The place of one of several, counted from 0."""
    letters = str(at).translate(_LETTERS)
    return place(f"{name}_{letters}")


TOKEN = place("token")
_PLACES = re.compile(rf"({'|'.join(map(str, NUMBERS))}|{_MARK}-[a-z_]+\.)")


def draw(template: str, places: Mapping[Any, Any], request: HttpRequest | None = None, **given: Any) -> SafeString:
    """A template with what it was given, which must be hashable, and with its places filled.

    With a request its forms have their token, and keys are those of whose request it is.
    """
    keys = getattr(request.user, "keys", None) if request is not None else None
    parts: list[str] = [*_drawn(template, get_language(), tuple(sorted(keys.items())) if keys else (), **given)]
    filled: dict[str, str] = {str(where): conditional_escape(value) for where, value in places.items()}
    if request is not None:
        filled[TOKEN] = token(request)
    # every second part is a place
    parts[1::2] = [filled[where] for where in parts[1::2]]
    return mark_safe("".join(parts))  # noqa: S308 - a template's output, and values that were escaped


_LATE = re.compile(rf"({_MARK}-late_[a-j]+\.)")
#: longer ones are encoded each time
_LONG = 20_000


def late(request: HttpRequest | None, drawn: Sequence[str]) -> SafeString:
    """Something large of many pieces, such as a conversation: `page` puts it into the page when all else is drawn.

    A template copies what stands in it once for each block around it. Anywhere but within `page` it is put there at
    once. It must not become part of anything that is kept.
    """
    waiting: dict[str, Sequence[str]] | None = getattr(request, "_late", None)
    if waiting is None:
        return mark_safe("".join(drawn))  # noqa: S308 - templates' output
    where = nth("late", len(waiting))
    waiting[where] = drawn
    return mark_safe(where)  # noqa: S308 - a place


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """As Django's `render`."""
    waiting: dict[str, Sequence[str]] = {}
    request._late = waiting  # type: ignore[attr-defined]
    try:
        around = _LATE.split(_rendered(template, context, request))
    finally:
        del request._late  # type: ignore[attr-defined]
    content = [around[0].encode()]
    for where, rest in zip(around[1::2], around[2::2], strict=True):
        content += [_encoded(one) if len(one) <= _LONG else one.encode() for one in waiting[where]]
        content.append(rest.encode())
    return HttpResponse(b"".join(content))


def _rendered(template: str, given: dict[str, Any], request: HttpRequest) -> str:
    found: Any = get_template(template)
    context = make_context(given, request, autoescape=found.backend.engine.autoescape)
    try:
        text: str = found.template.render(context)
    finally:
        # a context that was given something knows itself: all in it would wait for the collector of garbage
        context.dicts.clear()
    return text


@lru_cache(maxsize=1000)
def _encoded(drawn: str) -> bytes:
    return drawn.encode()


def token(request: HttpRequest) -> str:
    """The token of a page's forms: one for all of them. Masking it costs as much as drawing a small piece."""
    secret, known = getattr(request, "_token_of_pieces", (None, ""))
    if not known or secret != request.META.get("CSRF_COOKIE"):  # signing in makes a new secret
        known = get_token(request)
        request._token_of_pieces = request.META.get("CSRF_COOKIE"), known  # type: ignore[attr-defined]
    return known


@lru_cache(maxsize=KEPT)
def _drawn(_template: str, _language: str | None, _keys: tuple[tuple[str, str], ...], **given: Any) -> Sequence[str]:
    context = {"csrf_token": TOKEN, "user": Agent(keys=dict(_keys)), **given}
    return _PLACES.split(render_to_string(_template, context))
