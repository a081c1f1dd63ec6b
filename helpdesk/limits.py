"""What a program's key may be limited to. The floor that owns inboxes says which there are."""

from collections.abc import Callable, Sequence

from helpdesk.models import Agent

_inboxes: Callable[[Agent], Sequence[tuple[int, str]]] = lambda agent: ()  # noqa: E731


def inboxes_are(function: Callable[[Agent], Sequence[tuple[int, str]]]) -> Callable[..., Sequence[tuple[int, str]]]:
    """Register how the inboxes an agent sees are found, as ids and names."""
    global _inboxes
    _inboxes = function
    return function


def inboxes_of(agent: Agent) -> Sequence[tuple[int, str]]:
    """The inboxes a key of this agent may be limited to."""
    return _inboxes(agent)
