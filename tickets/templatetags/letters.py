"""A message of a conversation, drawn once for everything that looks the same.

What was said does not change, and a conversation is fetched anew after each act. A message's template sees a `Said`
and nothing else, so equal ones are the same message, and the last ones drawn are kept.
"""

from datetime import date
from functools import lru_cache

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from helpdesk import clock
from tickets.timeline import Said

register = template.Library()

#: how many are kept, and how long one may be to be kept: a few megabytes in all
KEPT, LONGEST = 500, 20_000


@register.simple_tag(takes_context=True)
def letter(context: Context, message: Said) -> SafeString:
    """A message that `timeline.of` made ready."""
    asked = getattr(context.get("request"), "session", {}).get("pictures", ()) if message.frame else ()
    return draw(message, with_pictures=message.id in asked)


def draw(message: Said, *, with_pictures: bool = False) -> SafeString:
    """As `letter`; `with_pictures` where those from elsewhere were asked for."""
    today = timezone.localtime(clock.now()).date()  # times of today are told by the hour
    drawn = _drawn if len(message.html) + len(message.quoted_html) <= LONGEST else _drawn.__wrapped__
    return drawn(message, with_pictures, get_language(), timezone.get_current_timezone_name(), today)


@lru_cache(maxsize=KEPT)
def _drawn(message: Said, with_pictures: bool, _language: str | None, _zone: str, _today: date) -> SafeString:
    return render_to_string("tickets/_message.html", {"message": message, "with_pictures": with_pictures})
