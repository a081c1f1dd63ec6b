"""A ticket as a row of a list, drawn once for everything that looks the same.

Lists are fetched anew whenever something changes, and most of their rows did not. A row's template sees a `Row` and
nothing else of the ticket, so two equal ones are the same row, and the last ones drawn are kept.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from helpdesk.templatetags.ui import time_since
from tickets.models import Status
from tickets.registry import Badge

register = template.Library()

#: some 40 pages of a list, a few megabytes
KEPT = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """Everything a row shows. What is not in here cannot be shown."""

    number: int
    customer: str
    channel: str
    badges: tuple[Badge, ...]
    status: str
    waiting_since: datetime | None
    wait_tone: str
    updated_at: datetime
    #: how long ago the later of the two was, in words: a row is drawn anew when they change
    ago: str
    is_unread: bool
    is_current: bool
    has_draft: bool
    subject: str
    snippet: str
    tags: tuple[str, ...]
    assignee: str

    @property
    def status_name(self) -> str:
        return str(Status(self.status).label)


@register.simple_tag
def row(ticket: Any, current_number: int | str | None = None) -> SafeString:
    """A ticket that `reading.dress` made ready."""
    shown = Row(
        number=ticket.number,
        customer=ticket.customer.display_name,
        channel=ticket.channel,
        badges=tuple(ticket.badges),
        status=ticket.status,
        waiting_since=ticket.waiting_since,
        wait_tone=ticket.wait_tone,
        updated_at=ticket.updated_at,
        ago=time_since(ticket.waiting_since or ticket.updated_at),
        is_unread=ticket.is_unread,
        is_current=ticket.number == current_number,
        has_draft=ticket.has_draft,
        subject=ticket.subject,
        snippet=ticket.snippet,
        tags=tuple(ticket.tag_names),
        assignee=ticket.assignee.name if ticket.assignee_id and ticket.assignee else "",
    )
    return _drawn(shown, get_language(), timezone.get_current_timezone_name())


@lru_cache(maxsize=KEPT)
def _drawn(shown: Row, _language: str | None, _zone: str) -> SafeString:
    return render_to_string("tickets/_row.html", {"ticket": shown})
