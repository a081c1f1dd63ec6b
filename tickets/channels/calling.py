"""Asking a network over HTTP, with its failures told apart the same way for every channel.

Addresses of networks are fixed or given by an admin; they pass the same gate as what strangers name, so that nobody's
settings reach into our own network (FETCH_ALLOW names what may be reached all the same).
"""

import email.utils
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
from django.utils.translation import gettext as _

from helpdesk import fetching
from tickets.channels.protocol import Later, Refused, TokenDead, Trouble, Unknowable

SECONDS = 20.0
MOST_REST = timedelta(hours=6)


def call(
    method: str, url: str, *, network: str, seconds: float = SECONDS, is_sending: bool = False,
    look: Callable[[httpx.Response], None] = lambda answer: None, **request: Any,
) -> httpx.Response:  # fmt: skip
    """One request. Raises the Trouble its failure means; `is_sending`: no answer means that nobody knows.

    `look` sees a bad answer first, and may raise what the network's own codes mean. 401 means that the network does
    not know us, 429 that the account rests, 5xx later, other 4xx never.
    """
    try:
        with fetching.client(seconds) as http:
            answer = http.request(method, url, **request)
    except fetching.Refused as error:
        # the gate's refusals come before anything was sent, but for a connection that broke later
        if is_sending and str(error) in ("It took too long.", "The connection failed."):
            raise _unsure(network, url, seconds) from None
        raise Later(_("%(network)s cannot be reached: %(why)s") % {"network": network, "why": error}) from None
    except httpx.HTTPError as error:
        raise Later(_("%(network)s cannot be reached: %(why)s") % {"network": network, "why": error}) from None
    if answer.status_code >= 400:
        look(answer)
    return checked(answer, network)


def _unsure(network: str, url: str, seconds: float) -> Trouble:
    """Whether it can have arrived: not where nobody listens at all."""
    try:
        with fetching.client(min(seconds, 3)) as http:
            http.head(httpx.URL(url).copy_with(raw_path=b"/"))
    except httpx.HTTPError:
        return Later(_("%(network)s cannot be reached.") % {"network": network})
    return Unknowable(
        _("%(network)s took it and did not answer: it may or may not have arrived.") % {"network": network}
    )


def checked(answer: httpx.Response, network: str) -> httpx.Response:
    """The answer, if it is a good one. Raises the Trouble it means."""
    status = answer.status_code
    if status < 400:
        return answer
    words = _("%(network)s answered %(status)d: %(why)s") % {
        "network": network, "status": status, "why": _words(answer) or "–",
    }  # fmt: skip
    if status == 401:
        raise TokenDead(
            _("%(network)s no longer accepts the token (%(why)s).") % {"network": network, "why": _words(answer)}
        )
    if status == 429:
        raise Later(words, after=retry_after(answer.headers) or timedelta(seconds=30), rests=True)
    if status in (408, 425) or status >= 500:
        raise Later(words, after=retry_after(answer.headers))
    raise Refused(words)


def _words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    found = said.get("error") or said.get("description") or said.get("message") if isinstance(said, Mapping) else ""
    if isinstance(found, Mapping):
        found = found.get("message", "")
    return str(found or "")[:300]


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long a server wants to be left alone (RFC 9110, Retry-After): seconds or a date."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal():
        return min(timedelta(seconds=int(given[:6])), MOST_REST)
    try:
        until = email.utils.parsedate_to_datetime(given).timestamp()
    except (TypeError, ValueError):
        return None
    return min(max(timedelta(seconds=until - time.time()), timedelta(0)), MOST_REST)
