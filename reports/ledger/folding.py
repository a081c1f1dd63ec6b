"""Folding the ledger of one ticket into one row of facts.

The only road from events to figures: live figures, rebuilt figures and the worked examples all come through `fold`.
Pure: events in, facts out (`reports.ledger.ticket_facts`), no database.

Who counts: a *human reply* is a public message of a person; acknowledgements and bots are automated; notes never start,
stop or count. A *customer message* is one a person wrote: automatic answers and bounces start nothing.

What was taken back in the seconds for that (`message.withdrawn {undone}`) never was, nor was what a message did on a
ticket it was moved away from (`message.moved`); where it came to rest (`message.moved_here`), it counts as received.

What the fold understands beside the ledger's everyday verbs: `ticket.handed_over` (a bot passes the customer to
people), `chat.left` (the visitor left), `ticket.categorised {topic}`, `ticket.customer_changed` and `ticket.unmerged`.
It ignores every other.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol

from helpdesk.calendars import BusinessCalendar
from reports.ledger.ticket_facts import (
    GONE,
    RUNNING,
    SETTLED,
    Answer,
    Klass,
    Move,
    MoveKind,
    Reopening,
    Resolution,
    Span,
    TicketFacts,
    Waits,
    seconds,
)

#: automatic mail of ours: no figure knows of it, and it is no sign of life of the ticket
ASIDE = frozenset({"message.acknowledged", "message.unacknowledged"})
_SPOKEN = frozenset({"message.received", "message.moved_here", "message.replied"})


class LedgerEvent(Protocol):
    """What the fold reads of an event."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def verb(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def actor_id(self) -> Any: ...


def fold(
    events: Iterable[LedgerEvent], calendar: BusinessCalendar, *, absorbed: Iterable[LedgerEvent] = ()
) -> TicketFacts:
    """The facts of one ticket, from all its events in ledger order.

    `absorbed` holds the events of every ticket merged into it, in any order: their customer's earliest contact is
    where this ticket starts, and their messages count as its own. ValueError without any event.
    """
    own = list(events)
    if not own:
        raise ValueError("There are no facts of a ticket without events.")
    folding = _Folding(standing(own), standing(list(absorbed)), calendar)
    return folding.facts()


def standing(events: list[LedgerEvent]) -> list[LedgerEvent]:
    """The events that hold, in their order."""
    if not any(event.verb in ("message.withdrawn", "message.moved") for event in events):
        return events
    fallen: set[int] = set()
    here: dict[Any, int] = {}  # message -> the event that brought it
    for event in events:
        if event.verb in ("message.received", "message.moved_here"):
            here[event.facts.get("message")] = event.id
        elif event.verb == "message.moved" and event.facts.get("message") in here:
            fallen.add(here.pop(event.facts.get("message")))
        elif event.verb == "message.withdrawn":
            fallen.update(event.facts.get("undone", ()))
    return [event for event in events if event.id not in fallen]


def _text(topic: Any) -> str | None:
    return None if topic is None else str(topic)


class _Folding:
    """The state of a fold. Handlers are named after the verb they take in."""

    def __init__(self, own: list[LedgerEvent], absorbed: list[LedgerEvent], calendar: BusinessCalendar) -> None:
        self.calendar = calendar
        first = next((event for event in own if event.verb == "ticket.created"), own[0])
        facts = first.facts if first.verb == "ticket.created" else {}
        self.created_at = self.started_at = first.at
        self.channel = facts.get("channel")
        self.inbox = facts.get("inbox")
        self.team = facts.get("team")
        self.agent = facts.get("agent")
        self.customer = facts.get("customer")
        self.topic = _text(facts.get("topic"))
        self.initiated_by = facts.get("initiated_by") or "customer"
        self.priority = self.first_priority = facts.get("priority")
        self.imported = bool(facts.get("imported"))
        self.split_from = facts.get("split_from")
        self.follow_up_of = facts.get("follow_up_of")
        self.contacts = 1
        self.absorb(absorbed)

        self.priorities: list[tuple[datetime, str]] = []
        self.spam = self.deleted = self.bulk = False
        self.merged_into: Any = None
        self.first_customer_at: datetime | None = None
        self.asked_at: datetime | None = None
        self.first_reply_at: datetime | None = None
        self.first_replier: Any = None
        self.handed_over_at: datetime | None = None
        self.abandoned_at: datetime | None = None
        self.answers: list[Answer] = []
        self.first_answer: Answer | None = None
        self.way = self.channel  # by which the customer spoke last
        self.channel_switches = 0
        self.unanswered_at_solve = 0
        self.incoming = self.automated_incoming = self.automated_replies = self.notes = 0
        self.outgoing = self.replies = self.replies_before_first_resolution = self.handoffs = 0
        self.last_replier: Any = None
        self.wrote_since = self.answered_since = False  # since the last resolution
        self.returned = False  # reopened and not yet resolved again
        self.status = self.span_status = "new"
        self.since = self.started_at
        self.spans: list[Span] = []
        self.waited = dict.fromkeys((*RUNNING, "business_new", "business_open", "business_pending"), 0)
        self.waited["business_on_hold"] = 0
        self.resolutions: list[Resolution] = []
        self.reopenings: list[Reopening] = []
        self.holds: Resolution | None = None  # the resolution in force
        self.closed_at: datetime | None = None
        self.left_at: datetime | None = None
        self.moves = [] if self.imported else [Move(self.created_at, "created")]
        self.last_event_at = self.started_at

        timeline = [event for event in own if event is not first]
        if absorbed:
            timeline += [event for event in absorbed if event.verb in _SPOKEN]
            timeline.sort(key=attrgetter("id"))
        handlers = _HANDLERS
        for event in timeline:
            if event.verb in ASIDE:
                continue
            handler = handlers.get(event.verb)
            if handler is not None:
                handler(self, event)
            self.last_event_at = max(self.last_event_at, event.at)

    def absorb(self, absorbed: list[LedgerEvent]) -> None:
        """Start at the earliest customer contact among the tickets merged into this one."""
        for event in absorbed:
            if event.verb == "ticket.created":
                self.contacts += 1
                if (event.facts.get("initiated_by") or "customer") == "agent":
                    continue
            elif event.verb not in ("message.received", "message.moved_here") or event.facts.get("automated"):
                continue
            self.started_at = min(self.started_at, event.at)

    def move(self, kind: MoveKind, at: datetime) -> None:
        if self.moves:
            at = max(at, self.moves[-1].at)
        self.moves.append(Move(at, kind))

    # ------------------------------------------------------------------ messages

    def received(self, event: LedgerEvent) -> None:
        if event.facts.get("automated"):
            self.automated_incoming += 1
            return
        self.incoming += 1
        way = event.facts.get("channel") or self.way
        if self.way is not None and way != self.way:
            self.channel_switches += 1
        self.way = way
        self.first_customer_at = self.first_customer_at or event.at
        self.asked_at = self.asked_at or event.at
        self.wrote_since = True
        if not self.outgoing:
            self.abandoned_at = None  # the visitor came back

    def replied(self, event: LedgerEvent) -> None:
        if event.facts.get("automated"):
            self.automated_replies += 1
            return
        at, actor = event.at, event.actor_id
        self.outgoing += 1
        self.last_replier = actor
        if self.initiated_by == "agent" and self.first_customer_at is None:
            self.answers.append(Answer(at, actor, "opening"))  # it answers nobody
        else:
            self.replies += 1
            answer = Answer(at, actor, "more")
            if self.first_reply_at is None and self.initiated_by != "agent" and self.abandoned_at is None:
                self.first_reply_at = at
                self.first_replier = actor
                business = self.calendar.seconds_between(self.started_at, at)
                waited = seconds(self.started_at, at)
                answer = self.first_answer = Answer(at, actor, "first", self.started_at, waited, business)
            elif self.asked_at is not None:
                business = self.calendar.seconds_between(self.asked_at, at)
                answer = Answer(at, actor, "next", self.asked_at, seconds(self.asked_at, at), business)
            self.answers.append(answer)
        self.asked_at = None
        self.answered_since = self.answered_since or self.wrote_since
        if self.status == "new":
            self.turn("open", at)

    def noted(self, event: LedgerEvent) -> None:
        self.notes += 1

    def handed_over(self, event: LedgerEvent) -> None:
        if self.first_reply_at is None:
            self.handed_over_at = self.handed_over_at or event.at

    def left(self, event: LedgerEvent) -> None:
        if event.facts.get("by_mail"):
            return  # they left an address and wait for the answer there
        if not self.outgoing:
            self.abandoned_at = self.abandoned_at or event.at
        self.asked_at = None

    # ------------------------------------------------------------------ status

    def turned(self, event: LedgerEvent) -> None:
        """Any change of status: resolved, reopened, pended, held, closed."""
        was, to = self.status, event.facts.get("to") or _STATUS_OF[event.verb]
        at, settles = event.at, to in SETTLED
        if not self.gone:
            if settles and was not in SETTLED:
                self.settle(event)
            elif was in SETTLED and not settles:
                self.come_back(at)
        elif not settles:
            self.bulk = False
            self.holds = None
        self.closed_at = at if to == "closed" and was != "closed" else self.closed_at if settles else None
        self.turn(to, at)

    def settle(self, event: LedgerEvent) -> None:
        at = event.at
        if self.asked_at is not None:
            self.unanswered_at_solve += 1
            self.asked_at = None
        self.left_at = at
        self.bulk = bool(event.facts.get("bulk"))
        if self.bulk:
            self.move("bulk_closed", at)
            return
        start = self.started_at if self.initiated_by != "agent" else self.first_customer_at
        courtesy = self.returned and self.wrote_since and not self.answered_since
        if courtesy:
            self.reopenings[-1] = Reopening(self.reopenings[-1].at, courtesy=True)
        self.returned = False
        resolution = Resolution(
            at=at,
            seconds=None if start is None else seconds(start, at),
            business_seconds=None if start is None else self.calendar.seconds_between(start, at),
            courtesy=courtesy,
            actor=event.actor_id,
        )
        if not self.resolutions:
            self.replies_before_first_resolution = self.replies
        self.resolutions.append(resolution)
        self.holds = resolution
        self.wrote_since = self.answered_since = False
        self.move("solved", at)

    def come_back(self, at: datetime) -> None:
        self.left_at = None
        self.move("reopened", at)
        if self.holds is not None:  # bulk closing, or resolving while it was out, is no resolution to come back from
            self.reopenings.append(Reopening(at, courtesy=False))
            self.returned = True
        self.bulk = False
        self.holds = None

    def turn(self, to: str, at: datetime) -> None:
        """Take on a status and finish the span of the last one."""
        self.status = to
        status = GONE if self.gone else to
        if status == self.span_status:
            return
        was, since = self.span_status, self.since
        at = max(at, since)
        self.spans.append(Span(was, since, at))
        if was in RUNNING:
            self.waited[was] += seconds(since, at)
            self.waited[f"business_{was}"] += self.calendar.seconds_between(since, at)
        self.span_status, self.since = status, at

    # ------------------------------------------------------------------ leaving and returning

    @property
    def gone(self) -> bool:
        return self.spam or self.deleted or self.merged_into is not None

    def vanish(self, event: LedgerEvent) -> None:
        was_gone = self.gone
        if event.verb == "ticket.spammed":
            self.spam = True
        elif event.verb == "ticket.deleted":
            self.deleted = True
        else:
            self.merged_into = event.facts.get("into")
        if not was_gone:
            if self.status not in SETTLED:
                self.left_at = event.at
                self.move("removed", event.at)
            self.turn(self.status, event.at)

    def return_(self, event: LedgerEvent) -> None:
        was_gone = self.gone
        if event.verb == "ticket.unspammed":
            self.spam = False
        elif event.verb == "ticket.restored":
            self.deleted = False
        else:
            self.merged_into = None
        if was_gone and not self.gone:
            if self.status not in SETTLED:
                self.left_at = None
                self.move("restored", event.at)
            self.turn(self.status, event.at)

    # ------------------------------------------------------------------ the rest

    def assigned(self, event: LedgerEvent) -> None:
        facts = event.facts
        if "agent" in facts:
            was = facts.get("was_agent", self.agent)
            if was is not None and facts["agent"] is not None and facts["agent"] != was:
                self.handoffs += 1
            self.agent = facts["agent"]
        if "team" in facts:
            self.team = facts["team"]

    def prioritised(self, event: LedgerEvent) -> None:
        if self.first_priority is None and not self.priorities:
            self.first_priority = event.facts.get("was")
        self.priority = event.facts.get("to")
        if self.priority is not None:
            self.priorities.append((event.at, self.priority))

    def categorised(self, event: LedgerEvent) -> None:
        self.topic = _text(event.facts.get("topic"))

    def given_to(self, event: LedgerEvent) -> None:
        """Its customer turned out to be another one."""
        self.customer = event.facts.get("to")

    # ------------------------------------------------------------------ the outcome

    @property
    def klass(self) -> Klass:
        if self.deleted:
            return "deleted"
        if self.spam:
            return "spam"
        if self.merged_into is not None:
            return "merged"
        if self.imported:
            return "imported"
        return "bulk_closed" if self.bulk and self.status in SETTLED else "counted"

    def waiting_since(self) -> datetime | None:
        if self.gone or self.abandoned_at is not None:
            return None
        unanswered = self.initiated_by != "agent" and self.first_reply_at is None
        if unanswered and self.status not in SETTLED:
            return self.started_at
        return self.asked_at

    def facts(self) -> TicketFacts:
        between = self.calendar.seconds_between
        replied, over = self.first_reply_at, self.handed_over_at
        answer = self.first_answer
        first = next((one for one in self.resolutions if one.seconds is not None), None)
        holds = self.holds if self.holds is not None and self.status in SETTLED else None
        waited = self.waited
        return TicketFacts(
            klass=self.klass,
            channel=self.channel,
            inbox=self.inbox,
            team=self.team,
            agent=self.agent,
            customer=self.customer,
            topic=self.topic,
            initiated_by=self.initiated_by,
            priority=self.priority,
            first_priority=self.first_priority,
            priorities=tuple(self.priorities),
            split_from=self.split_from,
            follow_up_of=self.follow_up_of,
            merged_into=self.merged_into,
            contacts=self.contacts,
            created_at=self.created_at,
            started_at=self.started_at,
            first_customer_at=self.first_customer_at,
            first_reply_at=replied,
            frt_s=None if answer is None else answer.seconds,
            frt_business_s=None if answer is None else answer.business_seconds,
            first_replier=self.first_replier,
            handed_over_at=over,
            frt_from_handover_s=None if replied is None or over is None else seconds(over, replied),
            frt_from_handover_business_s=None if replied is None or over is None else between(over, replied),
            abandoned_at=self.abandoned_at,
            waiting_since=self.waiting_since(),
            answers=tuple(self.answers),
            channel_switches=self.channel_switches,
            unanswered_at_solve=self.unanswered_at_solve,
            incoming=self.incoming,
            automated_incoming=self.automated_incoming,
            outgoing=self.outgoing,
            replies=self.replies,
            replies_before_first_resolution=self.replies_before_first_resolution,
            automated_replies=self.automated_replies,
            notes=self.notes,
            last_replier=self.last_replier,
            handoffs=self.handoffs,
            status=self.status,
            status_since=self.since,
            spans=tuple(self.spans),
            waits=Waits(waited["new"], waited["new"] + waited["open"], waited["pending"], waited["on_hold"]),
            business_waits=Waits(
                waited["business_new"],
                waited["business_new"] + waited["business_open"],
                waited["business_pending"],
                waited["business_on_hold"],
            ),
            resolutions=tuple(self.resolutions),
            reopenings=tuple(self.reopenings),
            first_resolved_at=None if first is None else first.at,
            first_resolution_s=None if first is None else first.seconds,
            first_resolution_business_s=None if first is None else first.business_seconds,
            resolved_at=None if holds is None else holds.at,
            resolution_s=None if holds is None else holds.seconds,
            resolution_business_s=None if holds is None else holds.business_seconds,
            closed_at=self.closed_at,
            left_at=self.left_at,
            moves=() if self.imported else tuple(self.moves),
            last_event_at=self.last_event_at,
        )


_STATUS_OF = {
    "ticket.resolved": "resolved",
    "ticket.reopened": "open",
    "ticket.pended": "pending",
    "ticket.held": "on_hold",
    "ticket.closed": "closed",
}

_HANDLERS: dict[str, Callable[[_Folding, LedgerEvent], None]] = {
    "message.received": _Folding.received,
    "message.moved_here": _Folding.received,
    "message.replied": _Folding.replied,
    "message.noted": _Folding.noted,
    "ticket.handed_over": _Folding.handed_over,
    "chat.left": _Folding.left,
    **dict.fromkeys(_STATUS_OF, _Folding.turned),
    "ticket.spammed": _Folding.vanish,
    "ticket.deleted": _Folding.vanish,
    "ticket.merged": _Folding.vanish,
    "ticket.unspammed": _Folding.return_,
    "ticket.restored": _Folding.return_,
    "ticket.unmerged": _Folding.return_,
    "ticket.assigned": _Folding.assigned,
    "ticket.prioritised": _Folding.prioritised,
    "ticket.categorised": _Folding.categorised,
    "ticket.customer_changed": _Folding.given_to,
}
