"""The tabs of the rail's entry Feedback. Each part of feedback adds its own; the first one somebody may open is shown.

    tabs.tab(Tab("voice", _("Voice"), "voice", order=20))

Its pages are rendered with `tabs.shown(request, "voice")` in their context and extend `feedback/base.html`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from feedback import queue
from helpdesk.models import Agent
from helpdesk.pages import agent_of


@dataclass(frozen=True, slots=True)
class Tab:
    """A page that people of feedback go to daily."""

    key: str
    title: str | Promise
    url_name: str
    order: int = 100
    may_open: Callable[[Agent], bool] = lambda agent: True

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_tabs: dict[str, Tab] = {}


def tab(one: Tab) -> Tab:
    """Add a tab."""
    _tabs[one.key] = one
    return one


def tabs_for(agent: Agent) -> Sequence[Tab]:
    """The tabs an agent may open, in their order."""
    return [one for one in sorted(_tabs.values(), key=lambda one: one.order) if one.may_open(agent)]


def shown(request: HttpRequest, key: str) -> dict[str, Any]:
    """What `feedback/base.html` needs."""
    return {"tabs": tabs_for(agent_of(request)), "tab": key, "rail_current": "feedback"}


def waiting(agent: Agent) -> int:
    """How many recoveries wait for this agent to take them up."""
    return queue.waiting_for(agent)


tab(Tab("recoveries", _("Recoveries"), "recoveries", order=10))
