"""What agents are told of: the register of kinds. Operations only record events; these say who cares, in which words.

Kinds stand in the order of their weight: who has two reasons to be told of one event is told the first. An upper floor
adds its own in `ready()`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.events import history
from helpdesk.models import Agent, Event
from tickets.models import Message, Ticket, Way, workers_of

PAGE, PUSH = frozenset({Way.PAGE}), frozenset({Way.PAGE, Way.PUSH})


@dataclass(slots=True)
class About:
    """A ticket, and who has to do with it; one without a number stands for what is about no ticket they may see."""

    ticket: Ticket
    followers: frozenset[int] = frozenset()

    def members(self, team: int | None) -> Iterable[int]:
        """The agents of a team."""
        return Agent.objects.active().filter(teams=team).values_list("pk", flat=True) if team else ()

    def author(self, message: int | None) -> int | None:
        """The agent who wrote a message."""
        return Message.objects.filter(pk=message).values_list("author_id", flat=True).first() if message else None


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence is made of: who did it ("" is nobody: the clock or a rule), by which event, with which facts."""

    name: str
    verb: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Apart:
    """What agents may be told of though they may see no ticket it is about."""

    #: of these agents those who may see what an event speaks of
    may_see: Callable[[Event, Iterable[int]], Iterable[int]]
    #: which of an agent's notifications without a ticket are of what they may see now
    seen_by: Callable[[Agent], Q]
    #: what each of these is about, in place of a ticket's number and subject; from the facts that are kept
    headings: Callable[[Sequence[Mapping[str, Any]]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Something agents are told of. `who` gives ids of agents; who may not see the ticket is left out for it."""

    key: str
    label: str | Promise
    verbs: tuple[str, ...]
    who: Callable[[Event, About], Iterable[int | None]]
    sentence: Callable[[Said], str]
    icon: str
    #: how it is told while nobody chose otherwise; never by mail
    ways: frozenset[Way] = PAGE
    #: it is said in a corner of the page at once, too
    is_urgent: bool = False
    #: it concerns everybody who sees the inbox, and is looked at only where somebody asked for it
    is_wide: bool = False
    #: where it leads, of the facts that are kept of it; to its ticket where this is not said
    leads_to: Callable[[Mapping[str, Any]], str] | None = None
    #: who else may be told than those who may see its ticket
    apart: Apart | None = None


_kinds: dict[str, Kind] = {}


def kind(made: Kind) -> Kind:
    """Add a kind."""
    _kinds[made.key] = made
    return made


def kinds() -> list[Kind]:
    """Every kind, the weightiest first."""
    return list(_kinds.values())


def named(key: str) -> Kind | None:
    """A kind by its key; None for one that is no more."""
    return _kinds.get(key)


def aparts() -> list[Apart]:
    """What is told without a ticket, each once."""
    return list({id(one.apart): one.apart for one in _kinds.values() if one.apart}.values())


def weight(key: str) -> int:
    """The place of a kind: the lower the weightier."""
    return list(_kinds).index(key) if key in _kinds else len(_kinds)


def of_verb(verb: str) -> list[Kind]:
    """The kinds an event of this verb may be told as."""
    return [one for one in _kinds.values() if verb in one.verbs]


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose: an agent (None is the default for all) and an inbox (None is all of them)."""

    agent: int | None
    inbox: int | None
    kind: str
    way: str


@dataclass(slots=True)
class Choices:
    """What was chosen, and what follows from it."""

    made: dict[Choice, bool] = field(default_factory=dict)

    def wants(self, agent: int | None, inbox: int | None, kind: Kind, way: Way) -> bool:
        """The agent's own word for this inbox, else for all, else the house's for it, else for all, else ours."""
        for who in dict.fromkeys((agent, None)):
            for where in dict.fromkeys((inbox, None)):
                said = self.made.get(Choice(who, where, kind.key, way))
                if said is not None:
                    return said
        return way in kind.ways

    def ways(self, agent: int, inbox: int, kind: Kind) -> frozenset[Way]:
        """By which ways an agent is told."""
        return frozenset(way for way in Way if self.wants(agent, inbox, kind, way))

    def is_asked_for(self, kind: Kind) -> bool:
        """Whether anybody at all wants to hear of it."""
        return bool(kind.ways) or any(wanted for choice, wanted in self.made.items() if choice.kind == kind.key)


# --- our own kinds ---------------------------------------------------------------------------------------------------


def _is_persons(event: Event) -> bool:
    return not event.facts.get("automated")


def _mentioned(event: Event, about: About) -> Iterable[int | None]:
    return event.facts.get("mentions") or ()


def _assigned(event: Event, about: About) -> Iterable[int | None]:
    agent = event.facts.get("agent")
    return (agent,) if agent != event.facts.get("was_agent") else ()


def _given_to_team(event: Event, about: About) -> Iterable[int | None]:
    """A colleague passed it on to a team, and to nobody in it."""
    facts = event.facts
    is_new = facts.get("team") != facts.get("was_team") or facts.get("was_agent")
    return about.members(facts.get("team")) if event.actor_id and not facts.get("agent") and is_new else ()


def _assignee(event: Event, about: About) -> Iterable[int | None]:
    return (about.ticket.assignee_id,) if _is_persons(event) else ()


def _followers(event: Event, about: About) -> Iterable[int | None]:
    return about.followers if _is_persons(event) else ()


def _not_delivered(event: Event, about: About) -> Iterable[int | None]:
    if event.facts.get("purpose") not in ("reply", "forward"):
        return ()
    return (about.author(event.facts.get("message")), about.ticket.assignee_id)


def _owner(event: Event, about: About) -> Iterable[int | None]:
    return (about.ticket.assignee_id,)


def _could_take(event: Event, about: About) -> Iterable[int | None]:
    """While it is nobody's: those of its team who work its inbox, or all who do."""
    if about.ticket.assignee_id:
        return ()
    workers = set(workers_of(about.ticket.inbox_id).values_list("pk", flat=True))
    return workers & set(about.members(about.ticket.team_id)) or workers


def _woken(event: Event, about: About) -> Iterable[int | None]:
    """Whose it is, and who put it aside."""
    if event.actor_id is not None:
        return ()
    snoozed = history(about.ticket.number, ["ticket.snoozed"]).last()
    return (about.ticket.assignee_id, snoozed.actor_id if snoozed else None)


def _written(said: Said) -> str:
    if said.verb == "message.replied":
        return _("%(name)s answered the customer") % {"name": said.name}
    if said.verb == "message.answered_aside":
        return _("%(name)s answered in a side conversation") % {"name": said.name}
    if said.verb == "message.noted":
        return _("%(name)s wrote a note") % {"name": said.name}
    return _("%(name)s wrote") % {"name": said.name}


def _given(said: Said) -> str:
    return _("%(name)s assigned it to you") % {"name": said.name} if said.name else _("It was assigned to you")


def _almost_up(said: Said) -> str:
    return _("The time to answer is almost up")


kind(
    Kind(
        "mentioned", gettext_lazy("I am mentioned in a note"), ("message.noted",), _mentioned,
        lambda said: _("%(name)s mentioned you") % {"name": said.name}, "at-sign", PUSH, is_urgent=True,
    )
)  # fmt: skip
kind(
    Kind(
        "assigned", gettext_lazy("A ticket is assigned to me"), ("ticket.assigned",), _assigned, _given,
        "user-round-check", PUSH, is_urgent=True,
    )
)  # fmt: skip
kind(
    Kind(
        "target", gettext_lazy("My ticket is about to miss its target"), ("ticket.target_near",), _owner,
        _almost_up, "hourglass", PUSH, is_urgent=True,
    )
)  # fmt: skip
kind(
    Kind(
        "target_unassigned", gettext_lazy("A ticket I could take is about to miss its target"),
        ("ticket.target_near",), _could_take, _almost_up, "hourglass", frozenset(),
    )
)  # fmt: skip
kind(
    Kind(
        "team", gettext_lazy("A colleague passes a ticket on to my team"), ("ticket.assigned",), _given_to_team,
        lambda said: _("%(name)s passed it on to your team") % {"name": said.name}, "users-round",
    )
)  # fmt: skip
kind(
    Kind(
        "answered", gettext_lazy("A customer writes on my ticket"), ("message.received", "message.answered_aside"),
        _assignee, _written, "mail", PUSH,
    )
)  # fmt: skip
kind(
    Kind(
        "answered_followed", gettext_lazy("A customer writes on a ticket I follow"),
        ("message.received", "message.answered_aside"), _followers, _written, "mail",
    )
)  # fmt: skip
kind(
    Kind(
        "written", gettext_lazy("A colleague writes on my ticket"), ("message.noted", "message.replied"),
        _assignee, _written, "sticky-note",
    )
)  # fmt: skip
kind(
    Kind(
        "written_followed", gettext_lazy("A colleague writes on a ticket I follow"),
        ("message.noted", "message.replied"), _followers, _written, "sticky-note",
    )
)  # fmt: skip
kind(
    Kind(
        "undelivered", gettext_lazy("An answer of mine does not arrive"), ("message.failed", "message.bounced"),
        _not_delivered, lambda said: _("An answer could not be delivered"), "mail-warning",
    )
)  # fmt: skip
kind(
    Kind(
        "woken", gettext_lazy("A ticket I put aside is back"), ("ticket.woken",), _woken,
        lambda said: _("It is back from its snooze"), "alarm-clock",
    )
)  # fmt: skip
kind(
    Kind(
        "new", gettext_lazy("A new ticket comes in"), ("ticket.created",), lambda event, about: (),
        lambda said: _("%(name)s opened it") % {"name": said.name} if said.name else _("It is new"), "inbox",
        frozenset(), is_wide=True,
    )
)  # fmt: skip
kind(
    Kind(
        "withheld", gettext_lazy("A mail in my name is held back"), ("mail.withheld",),
        lambda event, about: (event.facts.get("agent"),),
        lambda said: _("A mail in your name was held back: nobody can tell that it is yours"), "shield-alert",
    )
)  # fmt: skip
