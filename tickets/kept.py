"""What nearly every page shows and hardly ever changes: people, teams, tags and fields, kept for some seconds.

Each process keeps its own, and asks anew once it changed one of them itself. It is for showing only: who may do what,
and whether a choice is right, is asked of the database each time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models.signals import m2m_changed, post_delete, post_save

from helpdesk.models import Agent, Team
from tickets import choosing, fields
from tickets.models import CustomField, Inbox, InboxAccess, Tag, workers_of

SECONDS = 10
#: the tags one is offered
MOST_TAGS = 500

T = TypeVar("T")
_kept: dict[Any, tuple[float, Any]] = {}


def or_ask(key: Any, ask: Callable[[], T]) -> T:
    """What is kept under this key, asked anew after some seconds. Upper floors call `forget` where theirs changes."""
    known = _kept.get(key)
    if known is None or known[0] < time.monotonic():
        if len(_kept) > 2000:
            _kept.clear()
        known = (time.monotonic() + SECONDS, ask())
        _kept[key] = known
    found: T = known[1]
    return found


def agent_names() -> Mapping[int, str]:
    """Everybody's name, of those who left too."""
    return or_ask("agents", lambda: dict(Agent.objects.values_list("pk", "name")))


def team_names() -> Mapping[int, str]:
    return or_ask("teams", lambda: dict(Team.objects.values_list("pk", "name")))


def agent_addresses() -> frozenset[str]:
    """The addresses agents sign in with."""
    return or_ask("addresses", lambda: frozenset(Agent.objects.values_list("email", flat=True)))


def tag_names() -> Sequence[str]:
    return or_ask("tags", lambda: tuple(Tag.objects.values_list("name", flat=True)[:MOST_TAGS]))


def people(inbox_id: int) -> Sequence[choosing.Person]:
    """Who may be given tickets of an inbox, with their load."""
    return or_ask(("people", inbox_id), lambda: tuple(choosing.people(list(workers_of(inbox_id)))))


def teams(inbox_id: int) -> Sequence[Team]:
    """The teams of an inbox."""
    return or_ask(("teams", inbox_id), lambda: tuple(Team.objects.filter(inboxes=inbox_id)))


def asked(about: str, inbox_id: int | None = None) -> Sequence[CustomField]:
    """The custom fields about one sort of thing."""
    return or_ask((about, inbox_id), lambda: tuple(fields.asked(about, inbox=inbox_id)))


def forget(**_: object) -> None:
    """Ask anew the next time."""
    _kept.clear()


for _model in (Agent, Team, Tag, CustomField, Inbox, InboxAccess):
    post_save.connect(forget, sender=_model)
    post_delete.connect(forget, sender=_model)
for _between in (Agent.teams.through, Inbox.teams.through, CustomField.inboxes.through):
    m2m_changed.connect(forget, sender=_between)
