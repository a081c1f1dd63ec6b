"""What the ways are called by which customers come, and their icons, for every page that names one.

The floor that knows the channels registers them; those that are no channel of their own are here.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_KNOWN: dict[str, tuple[str | Promise, str]] = {
    "email": (_("Email"), "mail"),
    "api": (_("API"), "webhook"),
}


def register(kind: str, name: str | Promise, icon: str) -> None:
    """Say what a channel is called."""
    _KNOWN[kind] = (name, icon)


def every() -> dict[str, str | Promise]:
    """The names by kind, in the order people read them."""
    return {kind: name for kind, (name, _icon) in sorted(_KNOWN.items(), key=lambda one: str(one[1][0]).lower())}


def name_of(kind: str) -> str:
    """What a channel is called; its kind where nobody said."""
    return str(_KNOWN[kind][0]) if kind in _KNOWN else kind


def icon_of(kind: str) -> str:
    return _KNOWN[kind][1] if kind in _KNOWN else "at-sign"
