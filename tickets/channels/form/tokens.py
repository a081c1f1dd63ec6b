"""What a showing of the form is known by: signed, dated, and the name of the talk that what is sent begins.

It stands in for Django's own token, which would need a cookie; a frame on somebody else's site has none. The same
showing sent twice is the same talk, whoever presses the button how often.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing

from helpdesk import clock

_SALT, _MORE = "tickets.form.page", "tickets.form.more"
#: nobody reads, writes and sends in less; and a page that was open longer is shown anew, with all that was written
YOUNGEST, OLDEST = timedelta(seconds=2), timedelta(hours=24)
#: so long something can be added to what was sent
ADDED_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Showing:
    """One showing of a form."""

    thread: str
    at: datetime
    #: something is added to what was sent before
    is_more: bool = False

    @property
    def is_too_young(self) -> bool:
        return clock.now() < self.at + YOUNGEST

    @property
    def is_too_old(self) -> bool:
        return clock.now() > self.at + OLDEST


def make(key: str, *, thread: str = "", is_more: bool = False) -> str:
    """The token of a showing; without a thread it begins a new talk."""
    shown = [key, thread or secrets.token_urlsafe(18), clock.now().timestamp(), is_more]
    return signing.dumps(shown, salt=_SALT)


def read(key: str, token: str) -> Showing | None:
    """What a token of ours says; None for any other."""
    try:
        whose, thread, at, is_more = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Showing(thread, datetime.fromtimestamp(at, clock.now().tzinfo), is_more) if whose == key else None


def adding(key: str, thread: str) -> str:
    """The token by which somebody adds to what they sent."""
    return signing.dumps([key, thread, clock.now().timestamp()], salt=_MORE)


def added_to(key: str, token: str) -> str:
    """The talk something is added to; "" where the token is none of ours, or over."""
    try:
        whose, thread, at = signing.loads(token, salt=_MORE)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    is_over = clock.now().timestamp() > at + ADDED_FOR.total_seconds()
    return str(thread) if whose == key and not is_over else ""
