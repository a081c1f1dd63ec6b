"""Calls in words."""

from typing import Any

from django.utils.translation import gettext as _

_KINDS = {
    ("in", "answered"): lambda: _("Call of the customer"),
    ("in", "missed"): lambda: _("Missed call"),
    ("in", "voicemail"): lambda: _("On the answering machine"),
    ("out", "answered"): lambda: _("We called"),
    ("out", "missed"): lambda: _("We called; nobody answered"),
    ("out", "voicemail"): lambda: _("We left a message"),
}


def of(call: Any) -> tuple[str, str]:
    """What sort of call it was and how long it took, and the number to call back; both "" for what was none."""
    if not isinstance(call, dict) or (call.get("direction"), call.get("outcome")) not in _KINDS:
        return "", ""
    words = _KINDS[call["direction"], call["outcome"]]()
    number = call.get("number") if call["outcome"] != "answered" else ""
    return f"{words}, {length(call['seconds'])}" if call.get("seconds") else words, number or ""


def length(seconds: int) -> str:
    """4:20, or 1:04:20."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
