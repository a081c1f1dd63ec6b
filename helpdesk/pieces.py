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

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
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


def nth(name: str, at: int) -> str:
    """The place of one of several, counted from 0."""
    return place(f"{name}_{chr(97 + at // 26)}{chr(97 + at % 26)}")


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
