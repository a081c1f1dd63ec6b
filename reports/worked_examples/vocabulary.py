"""The vocabulary of the worked examples, translated into ledger events and plain answers."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from helpdesk.calendars import ALWAYS_OPEN, BusinessCalendar, start_of_day
from reports.ledger.folding import fold
from reports.ledger.ticket_facts import TicketFacts
from reports.periods import Period

TICKET_EVENTS = frozenset({"created", "message", "status", "priority", "handoff", "left", "merge", "spam"})
OTHER_EVENTS = frozenset(
    {
        "config",
        "survey.sent",
        "survey.bounced",
        "survey.reminded",
        "survey.suppressed",
        "survey.http",
        "survey.response",
        "survey.fcr",
        "trigger",
        "observation",
        "point",
        "week",
        "population",
        "customer",
        "paid",
        "available",
        "handling",
    }
)
STATUS_VERBS = {
    "new": ("ticket.reopened", "new"),
    "open": ("ticket.reopened", "open"),
    "pending": ("ticket.pended", "pending"),
    "on_hold": ("ticket.held", "on_hold"),
    "solved": ("ticket.resolved", "resolved"),
    "resolved": ("ticket.resolved", "resolved"),
    "closed": ("ticket.closed", "closed"),
}
NOT_GROUPS = frozenset(
    {"type", "kind", "score", "n", "t", "ticket", "invite", "customer", "id", "seconds", "hours", "solved", "value"}
)


class UnreadableError(ValueError):
    """An example that does not speak the vocabulary."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger event of an example."""

    id: int
    at: datetime
    verb: str
    facts: Mapping[str, Any]
    actor_id: Any
    ticket: str


@dataclass(frozen=True)
class Example:
    """One worked example: its events, read on demand as what a family asks for."""

    family: str
    events: tuple[Mapping[str, Any], ...]
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # names of answers and of their parts, no values

    def __post_init__(self) -> None:
        for event in self.events:
            if not isinstance(event, Mapping) or "type" not in event:
                raise UnreadableError("an event is an object with a type")
            if event["type"] not in TICKET_EVENTS and event["type"] not in OTHER_EVENTS:
                raise UnreadableError(f"“{event['type']}” is not an event of the vocabulary")

    # ------------------------------------------------------------------ the configuration

    @cached_property
    def config(self) -> dict[str, Any]:
        return {key: value for event in self.of("config") for key, value in event.items() if key != "type"}

    @cached_property
    def calendar(self) -> BusinessCalendar:
        found = self.config.get("calendar")
        return ALWAYS_OPEN if found is None else BusinessCalendar.from_config(found)

    @property
    def has_calendar(self) -> bool:
        return "calendar" in self.config

    @property
    def zone(self) -> str:
        return str(self.config.get("zone") or self.calendar.zone)

    @cached_property
    def as_of(self) -> datetime | None:
        return self.moment(self.config["as_of"]) if self.config.get("as_of") else None

    @property
    def period(self) -> Period:
        return Period(self.moment(self.need("from")), self.moment(self.need("to")))

    def need(self, name: str) -> Any:
        if name not in self.config:
            raise UnreadableError(f"the configuration does not say “{name}”")
        return self.config[name]

    def moment(self, text: Any) -> datetime:
        """An instant; a bare day means its first instant in the example's zone."""
        try:
            if len(str(text)) == 10:
                return start_of_day(self.zone, date.fromisoformat(str(text)))
            at = datetime.fromisoformat(str(text))
        except ValueError as error:
            raise UnreadableError(f"“{text}” is not an instant") from error
        if at.tzinfo is None:
            raise UnreadableError(f"“{text}” has no offset")
        return at

    # ------------------------------------------------------------------ events

    def of(self, *types: str) -> Iterator[Mapping[str, Any]]:
        return (event for event in self.events if event["type"] in types)

    def stretches(self, type_: str) -> list[tuple[datetime, datetime]]:
        """The spans from … to of every event of a type."""
        return [
            (self.moment(event["from"]), self.moment(event["to"]))
            for event in self.of(type_)
            for _ in range(count(event))
        ]

    @cached_property
    def ledger(self) -> dict[str, list[Entry]]:
        """The ledger of each ticket, in the order of time, no later than `as_of`."""
        timed = sorted(
            ((self.moment(event["t"]), event) for event in self.of(*TICKET_EVENTS)), key=lambda pair: pair[0]
        )
        ledger: dict[str, list[Entry]] = {str(event["ticket"]): [] for event in self.of(*TICKET_EVENTS)}
        number = 0
        for at, event in timed:
            if self.as_of is not None and at > self.as_of:
                continue
            for _ in range(count(event)):
                number += 1
                verb, facts = _translated(event)
                ticket = str(event["ticket"])
                actor = event.get("agent", event.get("author"))
                ledger[ticket].append(Entry(number, at, verb, facts, actor, ticket))
        return {ticket: entries for ticket, entries in ledger.items() if entries}

    @cached_property
    def tickets(self) -> dict[str, TicketFacts]:
        """The facts of each ticket, folded as the product folds them, merged ones into their survivor."""
        into: dict[str, str] = {}
        for ticket, entries in self.ledger.items():
            for entry in entries:
                if entry.verb == "ticket.merged":
                    into[ticket] = str(entry.facts["into"])
        absorbed: dict[str, list[Entry]] = {}
        for source in into:
            survivor, seen = source, {source}
            while survivor in into and into[survivor] not in seen:
                survivor = into[survivor]
                seen.add(survivor)
                absorbed.setdefault(survivor, []).extend(self.ledger[source])
        return {
            ticket: fold(entries, self.calendar, absorbed=absorbed.get(ticket, ()))
            for ticket, entries in self.ledger.items()
        }

    # ------------------------------------------------------------------ answers to surveys

    def scores(self, *kinds: str, **group: Any) -> Counter[int]:
        """How often each score was answered, of given kinds (all without), in a group."""
        counts: Counter[int] = Counter()
        for event in self.of("survey.response"):
            if kinds and event.get("kind", "csat") not in kinds:
                continue
            if all(event.get(key) == value for key, value in group.items()):
                counts[event["score"]] += count(event)
        return counts

    def group_keys(self, type_: str = "survey.response") -> list[str]:
        """The keys by which events of a type can be grouped, in the order in which they first appear."""
        return list(dict.fromkeys(key for event in self.of(type_) for key in event if key not in NOT_GROUPS))

    def group_values(self, key: str, type_: str = "survey.response") -> list[Any]:
        """The values a grouping key takes, in the order in which they first appear."""
        return list(dict.fromkeys(event[key] for event in self.of(type_) if key in event))


def count(event: Mapping[str, Any]) -> int:
    """How many identical events one stands for."""
    n = event.get("n", 1)
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise UnreadableError(f"“n” of an event is a number of times, not {n!r}")
    return n


def _translated(event: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The ledger's verb and facts of one event of a ticket."""
    type_ = event["type"]
    if type_ == "created":
        told = ("channel", "inbox", "team", "agent", "customer", "topic", "initiated_by", "priority", "imported")
        return "ticket.created", {key: event[key] for key in (*told, "split_from", "follow_up_of") if key in event}
    if type_ == "message":
        author = event.get("author")
        if author not in ("customer", "agent", "bot"):
            raise UnreadableError(f"a message's author is customer, agent or bot, not {author!r}")
        if event.get("public") is False:
            return "message.noted", {}
        automated = bool(event.get("auto")) or author == "bot"
        return ("message.received" if author == "customer" else "message.replied"), {"automated": automated}
    if type_ == "status":
        if event.get("to") not in STATUS_VERBS:
            raise UnreadableError(f"{event.get('to')!r} is not a status")
        verb, to = STATUS_VERBS[event["to"]]
        return verb, {"to": to, "bulk": bool(event.get("bulk"))}
    if type_ == "priority":
        return "ticket.prioritised", {"to": event["to"], "was": event.get("was")}
    if type_ == "merge":
        return "ticket.merged", {"into": event["into"]}
    return {"handoff": "ticket.handed_over", "left": "chat.left", "spam": "ticket.spammed"}[type_], {}


def keyed(groups: Iterable[Hashable]) -> str:
    """The name of a group as the examples write it."""
    return " / ".join(str(group).lower() if isinstance(group, bool) else str(group) for group in groups)
