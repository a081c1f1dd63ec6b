"""The shape of how a mail fared."""

from django import template
from django.utils.safestring import SafeString

from helpdesk.templatetags.ui import icon

register = template.Library()

_ICONS = {
    "sent": "check",
    "delivered": "check-check",
    "failed": "triangle-alert",
    "bounced": "triangle-alert",
    "uncertain": "triangle-alert",
    "corrected": "arrow-right",
    "cancelled": "undo-2",
}


@register.simple_tag
def delivery_icon(state: str, size: int = 16) -> SafeString:
    """An icon for a state of `tickets.ways`; words stand beside it."""
    return icon(_ICONS.get(state, "clock"), size)
