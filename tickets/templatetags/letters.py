"""A message of a conversation, drawn once for everything that looks the same.

What was said does not change, and a conversation is fetched anew after each act. A message's template sees a `Said`
and nothing else, so equal ones are the same message, and the last ones drawn are kept.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk import clock, pieces
from tickets.activity import Activity
from tickets.stretches import Stretch
from tickets.timeline import Entry, Said

register = template.Library()

#: a reader's language, zone and day
Reader = tuple[str | None, str, date]
#: how many are kept, and how long one may be to be kept: a few megabytes in all
KEPT, LONGEST = 500, 20_000


@register.simple_tag(takes_context=True)
def letter(context: Context, message: Said) -> SafeString:
    """A message that `timeline.of` made ready."""
    return _letter(context, message, _reader())


def _letter(context: Context, message: Said, reader: Reader) -> SafeString:
    asked = getattr(context.get("request"), "session", {}).get("pictures", ()) if message.frame else ()
    return draw(message, with_pictures=message.id in asked, reader=reader)


def _reader() -> Reader:
    # times of today are told by the hour
    return get_language(), timezone.get_current_timezone_name(), timezone.localtime(clock.now()).date()


@register.simple_tag(takes_context=True)
def entries(context: Context, shown: Sequence[Entry]) -> SafeString:
    """Messages, talks and what happened between them, one after the other."""
    unread, reader = context.get("first_unread"), _reader()
    drawn: list[str] = []
    for one in shown:
        if unread and unread in one.ids:
            drawn.append(format_html('<p class="unread-line" id="unread">{}</p>', _("New")))
        if one.message is not None:
            drawn.append(_letter(context, one.message, reader))
        elif one.talk is not None:
            with context.push(talk=one.talk):
                talk: Any = get_template("tickets/_talk.html")
                drawn.append(talk.template.render(context))
        elif one.event is not None:
            drawn.append(_line_drawn(one.event, *reader))
    return pieces.late(context.get("request"), drawn)


_ENTRIES, _PEOPLE = pieces.place("entries"), pieces.place("people")


@register.simple_tag(takes_context=True)
def stretch_of(context: Context, stretch: Stretch) -> SafeString:
    """Some entries in a row, folded where they are many changes, or were said before."""
    inside = entries(context, stretch.entries)
    if stretch.kind == "open":
        return inside
    is_changes = stretch.kind == "changes"
    return pieces.draw(
        "tickets/_fold.html",
        {_ENTRIES: inside, _PEOPLE: "" if is_changes else ", ".join(stretch.people)},
        kind=stretch.kind,
        n=len(stretch.entries) if is_changes else stretch.messages,
        people=_PEOPLE,
        entries=_ENTRIES,
    )


@lru_cache(maxsize=KEPT)
def _line_drawn(event: Activity, _language: str | None, _zone: str, _today: date) -> SafeString:
    return render_to_string("tickets/_activity.html", {"event": event})


def draw(message: Said, *, with_pictures: bool = False, reader: Reader | None = None) -> SafeString:
    """As `letter`; `with_pictures` where those from elsewhere were asked for."""
    drawn = _drawn if len(message.html) + len(message.quoted_html) <= LONGEST else _drawn.__wrapped__
    return drawn(message, with_pictures, *(reader or _reader()))


@lru_cache(maxsize=KEPT)
def _drawn(message: Said, with_pictures: bool, _language: str | None, _zone: str, _today: date) -> SafeString:
    return render_to_string("tickets/_message.html", {"message": message, "with_pictures": with_pictures})
