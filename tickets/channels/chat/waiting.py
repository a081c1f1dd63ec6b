"""What a visitor may expect: whether anybody is there, and how long answers have taken lately."""

import math
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Min, Q

from helpdesk import clock
from tickets import chat_desk, hours
from tickets.models import Inbox, MessageKind, Ticket

#: of so many first answers lately, eight in ten came within what is said
MOST, LEAST = 50, 5
SHARE = 0.8
LATELY = timedelta(days=14)
KEPT_SECONDS = 60


def expected(inbox: Inbox) -> dict[str, Any]:
    """`open`; `opens`, when somebody is back; `seconds`, within which eight in ten were answered, or None."""
    calendar, now = hours.business(inbox.calendar_id), clock.now()
    if not calendar.is_open(now):
        opens = calendar.opens_next(now)
        return {"open": False, "opens": opens.isoformat() if opens else None, "seconds": None}
    if not chat_desk.is_attended(inbox):
        return {"open": False, "opens": None, "seconds": None}
    key = f"chat-wait:{inbox.pk}"
    kept = cache.get(key)
    if kept is None:
        kept = {"seconds": _seconds(inbox, now)}
        cache.set(key, kept, KEPT_SECONDS)
    return {"open": True, "opens": None, "seconds": kept["seconds"]}


def _seconds(inbox: Inbox, now: datetime) -> int | None:
    """Open seconds until a person first answered. Who still waits counts, as longer than all others."""
    calendar = hours.business(inbox.calendar_id)
    by_people = Q(messages__kind=MessageKind.REPLY, messages__author__isnull=False, messages__withdrawn_at=None)
    asked = Ticket.objects.filter(inbox=inbox, created_at__gt=now - LATELY, removed_at=None, merged_into=None)
    rows = asked.annotate(answered=Min("messages__created_at", filter=by_people)).order_by("-created_at")
    waits = sorted(
        math.inf if answered is None else calendar.seconds_between(began, answered)
        for began, answered in rows.values_list("created_at", "answered")[:MOST]
        if answered is not None or now - began > timedelta(minutes=2)
    )
    if len(waits) < LEAST:
        return None
    within = waits[math.ceil(SHARE * len(waits)) - 1]
    return None if math.isinf(within) else int(within)
