"""What upper floors may add to what we show, without our knowing them.

An upper app's `ready()` fills these; pages ask them. Order is the order of registration.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpdesk.models import Agent
from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Badge:
    """A short word on a ticket's row. `tone` is "quiet", "good", "warn" or "bad"; `title` says it in full."""

    text: str
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A block beside the ticket. `template` is rendered with `context`."""

    title: str
    template: str
    context: dict[str, Any]


_badges: list[Callable[[Ticket], Badge | None]] = []
_panels: list[Callable[[Ticket, Agent], Panel | None]] = []
_activities: dict[str, Callable[[dict[str, Any]], str]] = {}


def row_badge(function: Callable[[Ticket], Badge | None]) -> Callable[[Ticket], Badge | None]:
    """Show something on each row. It sees the ticket's own columns only: a list must not ask once a row."""
    _badges.append(function)
    return function


def ticket_panel(function: Callable[[Ticket, Agent], Panel | None]) -> Callable[[Ticket, Agent], Panel | None]:
    """Show a block beside the ticket."""
    _panels.append(function)
    return function


def activity(verb: str) -> Callable[[Callable[[dict[str, Any]], str]], Callable[[dict[str, Any]], str]]:
    """Say an event of this verb as a sentence; the function gets its facts."""

    def register(function: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        _activities[verb] = function
        return function

    return register


def badges(ticket: Ticket) -> list[Badge]:
    """What the row of this ticket shows."""
    return [badge for function in _badges if (badge := function(ticket))]


def panels(ticket: Ticket, agent: Agent) -> list[Panel]:
    """What stands beside this ticket."""
    return [panel for function in _panels if (panel := function(ticket, agent))]


def sentence(verb: str) -> Callable[[dict[str, Any]], str] | None:
    """How an upper floor's event is said, if it told us."""
    return _activities.get(verb)
