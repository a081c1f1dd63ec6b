"""What the act dialogs offer: a letter for each choice, people with their load, times to snooze until."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets import attendance, moments, reading
from tickets.models import Priority, Status, Ticket, TicketType

#: nobody's load is counted further
MOST_LOAD = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: its value, label and the letter that takes it."""

    value: str
    label: str
    letter: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """A small dialog: a key opens it, a letter chooses, done."""

    #: the act it does, and its name on the keyboard map
    do: str
    title: str
    icon: str
    each: Sequence[Choice]


_PRESETS: tuple[tuple[str | Promise, str], ...] = (
    (gettext_lazy("Later today"), "later today"),
    (gettext_lazy("Tomorrow"), "tomorrow 9:00"),
    (gettext_lazy("In 3 working days"), "in 3 working days"),
    (gettext_lazy("On Monday"), "monday 9:00"),
    (gettext_lazy("In a week"), "in a week 9:00"),
    (gettext_lazy("In a month"), "in a month 9:00"),
)


def choices(ticket: Ticket) -> tuple[Choices, ...]:
    """The dialogs that offer a few words."""
    can_move = not (ticket.is_closed or ticket.is_removed)
    return _choices(str(ticket.priority), str(ticket.type), str(ticket.status) if can_move else "", get_language())


@lru_cache(maxsize=1000)
def _choices(priority: str, kind: str, status: str, _language: str | None) -> tuple[Choices, ...]:
    moves = [Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED]
    types: list[tuple[str, Any]] = [*TicketType.choices, ("", _("No type"))]
    offered = [
        Choices("priority", _("Priority"), "flag", _lettered(Priority.choices[::-1], priority)),
        Choices("type", _("Type"), "shapes", _lettered(types, kind)),
    ]
    if status:
        states = [(one.value, str(one.label)) for one in moves]
        offered.insert(0, Choices("status", _("Status"), "circle-dot", _lettered(states, status)))
    return tuple(offered)


def _lettered(pairs: Iterable[tuple[str, Any]], current: str) -> tuple[Choice, ...]:
    """Each choice with the first letter of its label that no other has."""
    taken: set[str] = set()
    found = []
    for value, label in pairs:
        letter = next((one for one in str(label).lower() if one.isalpha() and one not in taken), "")
        taken.add(letter)
        found.append(Choice(value, str(label), letter, value == current))
    return tuple(found)


def presets(ticket: Ticket, agent: Agent) -> tuple[tuple[str, str, str], ...]:
    """Times one often snoozes until: their name, what they mean, and the instant. They begin at the minute."""
    now = clock.now().replace(second=0, microsecond=0)
    return _presets(now, agent.zone, ticket.inbox.calendar_id, get_language())


@lru_cache(maxsize=256)
def _presets(
    now: datetime, zone: str, calendar_id: int | None, _language: str | None
) -> tuple[tuple[str, str, str], ...]:
    found, calendar = [], reading.business(calendar_id)
    for name, words in _PRESETS:
        at = moments.read(words, now=now, zone=zone, calendar=calendar)
        if at is not None:
            found.append((str(name), date_format(at.astimezone(ZoneInfo(zone)), "D j M, H:i"), at.isoformat()))
    return tuple(found)


def shown(at: datetime, agent: Agent) -> str:
    """An instant in full, in the reader's language and zone; `moments` reads it back."""
    months = tuple(str(MONTHS[month]) for month in range(1, 13))
    days = tuple(str(WEEKDAYS[day]) for day in range(7))
    return moments.write(at, zone=agent.zone, months=months, days=days)


def away(at: datetime) -> str:
    """How far off an instant is, in days or hours."""
    seconds = (at - clock.now()).total_seconds()
    days = (localtime(at).date() - localtime(clock.now()).date()).days
    if seconds < 18 * 3600:
        hours, minutes = divmod(round(seconds / 60), 60)
        return _("in %(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("tomorrow") if days == 1 else _("in %(days)d days") % {"days": days}


def loads(agents: Iterable[Agent]) -> dict[int, int]:
    """How many open tickets each of them has, at most MOST_LOAD; one question, whatever there is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT agent, (
                SELECT count(*) FROM (
                    SELECT FROM tickets_ticket
                    WHERE assignee_id = agent AND status = 'open' AND snoozed_until IS NULL LIMIT %s
                ) AS capped
            ) FROM unnest(%s::bigint[]) AS agent
            """,
            [MOST_LOAD, [agent.pk for agent in agents]],
        )
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a ticket can be given to."""

    agent: Agent
    load: int
    #: how they stand with chats, in words; "" for who never said whether they take any
    chats: str = ""

    @property
    def load_words(self) -> str:
        count = f"{MOST_LOAD - 1}+" if self.load >= MOST_LOAD else str(self.load)
        return _("%(count)s open") % {"count": count}


def people(agents: Sequence[Agent]) -> list[Person]:
    """Agents with their load; those who are away stand last."""
    load, chats = loads(agents), attendance.loads(agent.pk for agent in agents)
    found = [
        Person(agent, load.get(agent.pk, 0), chats[agent.pk].words if agent.pk in chats else "") for agent in agents
    ]
    return sorted(found, key=lambda one: one.agent.is_away)
