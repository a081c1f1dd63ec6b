"""Our own signed JSON over HTTP (docs/channels.md), for every channel that is told by a source's own webhook.

An event is an object with a `type` and an `id`; `{"events": [ … ]}` carries several. The same `type` and `id` (and
`version`) is kept once.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from tickets.channels import signing
from tickets.channels.protocol import Account, Forged, Raw, Request, Unreadable

SECRET = "signing_secret"  # noqa: S105 - the name of a field


def verify(account: Account, request: Request, *, named: Sequence[str] = ("id",)) -> Sequence[Raw]:
    """The events of a signed webhook; `named` are the fields that together name what one is about. Raises Forged."""
    timestamp = request.headers.get("x-helpdesk-timestamp", "")
    given = request.headers.get("x-helpdesk-signature", "")
    if not signing.is_signed(account.secrets.get(SECRET, ""), timestamp, request.body, given):
        raise Forged(_("This request is not signed with this inbox's secret, or not within five minutes of our time."))
    try:
        return [Raw(json.dumps(one).encode(), key_of(one, named)) for one in _events(json.loads(request.body))]
    except (ValueError, RecursionError):
        return [Raw(request.body)]


def _events(body: Any) -> list[Any]:
    """One event, or a list of them in `events`."""
    events = body.get("events", [body]) if isinstance(body, Mapping) else [body]
    return list(events) if isinstance(events, list) else [body]


def key_of(event: Any, named: Sequence[str] = ("id",)) -> str:
    """What makes an event the same as another: what it says happened to what."""
    if not isinstance(event, Mapping) or not all(event.get(name) for name in named):
        return ""
    name = " ".join(str(event[name]) for name in named)
    return f"{event.get('type')} {name} {event.get('version', '')}"[:120]


def read(content: bytes) -> Mapping[str, Any]:
    """The event of a raw body. Raises Unreadable."""
    try:
        event = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("It is not JSON.") from None
    if not isinstance(event, Mapping):
        raise Unreadable("It is not an object.")
    return event


def text(event: Mapping[str, Any], name: str, most: int, *, is_needed: bool = True) -> str:
    """A field of it as text. Raises Unreadable."""
    value = event.get(name)
    if value is None and not is_needed:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool) or (is_needed and not str(value).strip()):
        raise Unreadable(f"“{name}” is missing, or no text.")
    return str(value)[:most]


def at(value: Any) -> datetime | None:
    """A moment with its zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    offset = moment.utcoffset()
    return moment if moment.tzinfo and offset is not None and abs(offset) < timedelta(days=1) else None
