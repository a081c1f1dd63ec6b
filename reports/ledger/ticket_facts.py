"""What the figures know of one ticket, once its events are folded (`reports.ledger.folding`).

Pure: no database. Metric functions in `reports.metrics` read these.

Seconds are differences of instants floored to whole seconds, so parts always add up to the whole.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from helpdesk.calendars import BusinessCalendar

Klass = Literal["counted", "spam", "merged", "deleted", "bulk_closed", "imported"]
MoveKind = Literal["created", "solved", "bulk_closed", "reopened", "removed", "restored"]

SETTLED = frozenset({"resolved", "closed"})
RUNNING = ("new", "open", "pending", "on_hold")
GONE = "gone"  # the status of a span while the ticket is spam, merged or deleted
#: moves into the backlog
ENTERING = frozenset({"created", "reopened", "restored"})
#: classes that are in nobody's volume
OUT = frozenset({"spam", "merged", "deleted"})


def seconds(start: datetime, end: datetime) -> int:
    """Whole seconds from one instant to another, each floored; 0 when `end` is earlier."""
    return max(int(end.timestamp() // 1) - int(start.timestamp() // 1), 0)


@dataclass(frozen=True, slots=True)
class Resolution:
    """One time the ticket was resolved by someone; bulk closing is not one.

    `seconds` count from the earliest contact, or from the customer's first message when an agent started the ticket
    (None before it). `courtesy` means it only undid a courtesy reopening: a "thanks" that needed no reply.
    """

    at: datetime
    seconds: int | None
    business_seconds: int | None
    courtesy: bool
    actor: Any


@dataclass(frozen=True, slots=True)
class Reopening:
    """One time a resolved ticket came back. It is a courtesy once a customer's message was resolved without a reply."""

    at: datetime
    courtesy: bool


AnswerKind = Literal["opening", "first", "next", "more"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One public message of a person, and what it answered.

    `opening` is the message an agent started the ticket with, `first` the first human reply, `next` one that answers
    what the customer wrote since, `more` one nobody was waiting for. Seconds are None where nobody waited.
    """

    at: datetime
    actor: Any
    kind: AnswerKind
    asked_at: datetime | None = None
    seconds: int | None = None
    business_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in the backlog; it has not left while `left_at` is None."""

    entered_at: datetime
    entered_by: "MoveKind"
    left_at: datetime | None
    left_by: "MoveKind | None"


@dataclass(frozen=True, slots=True)
class NextResponse:
    """The oldest unanswered customer message after a first reply, and the human reply that answered it."""

    asked_at: datetime
    at: datetime
    seconds: int
    business_seconds: int | None
    actor: Any


@dataclass(frozen=True, slots=True)
class Span:
    """A finished stay in one status; `new` is open without a human reply, `gone` is spam, merged or deleted."""

    status: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """The ticket entering or leaving the backlog."""

    at: datetime
    kind: MoveKind


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds spent in each status. `open` includes `new`; the customer waits on us while open."""

    new_s: int
    open_s: int
    pending_s: int
    on_hold_s: int

    @property
    def requester_wait_s(self) -> int:
        return self.open_s + self.on_hold_s

    @property
    def agent_wait_s(self) -> int:
        return self.pending_s

    @property
    def agent_work_s(self) -> int:
        return self.open_s


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """Everything the figures need to know of one ticket. None is unknown or not yet, never 0."""

    # who and where
    klass: Klass
    channel: str | None
    inbox: Any
    team: Any
    agent: Any  # the assignee now
    customer: Any
    topic: str | None
    initiated_by: str
    priority: str | None  # now
    first_priority: str | None
    priorities: tuple[tuple[datetime, str], ...]  # every change
    split_from: Any
    follow_up_of: Any
    merged_into: Any
    contacts: int  # 1 and one more for every ticket merged into this one
    # the beginning
    created_at: datetime
    started_at: datetime  # the earliest customer contact of this ticket and those merged into it
    first_customer_at: datetime | None
    # replies
    first_reply_at: datetime | None
    frt_s: int | None
    frt_business_s: int | None
    first_replier: Any
    handed_over_at: datetime | None
    frt_from_handover_s: int | None
    frt_from_handover_business_s: int | None
    abandoned_at: datetime | None
    waiting_since: datetime | None
    answers: tuple[Answer, ...]  # every public message of a person
    channel_switches: int  # how often the customer went on by another channel
    unanswered_at_solve: int
    incoming: int
    automated_incoming: int
    outgoing: int  # public messages of people, an agent's opening message included
    replies: int  # those that answer a customer
    replies_before_first_resolution: int
    automated_replies: int
    notes: int
    last_replier: Any
    handoffs: int  # from one agent to another
    # status
    status: str
    status_since: datetime
    spans: tuple[Span, ...]
    waits: Waits  # finished spans only: see `waits_at`
    business_waits: Waits
    resolutions: tuple[Resolution, ...]
    reopenings: tuple[Reopening, ...]
    first_resolved_at: datetime | None
    first_resolution_s: int | None
    first_resolution_business_s: int | None
    resolved_at: datetime | None  # the last resolution, while it holds
    resolution_s: int | None
    resolution_business_s: int | None
    closed_at: datetime | None
    left_at: datetime | None  # when it left the backlog, while it is out
    moves: tuple[Move, ...]
    last_event_at: datetime

    @property
    def is_counted(self) -> bool:
        return self.klass == "counted"

    @property
    def in_volume(self) -> bool:
        """Bulk-closed tickets did come in; spam, merged, deleted and imported ones did not."""
        return self.klass in ("counted", "bulk_closed")

    @property
    def is_contact(self) -> bool:
        """Whether a customer takes part: a ticket an agent started is judged only once the customer writes."""
        return self.initiated_by != "agent" or self.first_customer_at is not None

    @property
    def in_quality(self) -> bool:
        """Whether resolution, reopening, touches and first contact resolution look at the ticket."""
        return self.is_counted and self.is_contact and self.abandoned_at is None

    @property
    def awaits_first_reply(self) -> bool:
        return self.initiated_by != "agent" and self.first_reply_at is None and self.abandoned_at is None

    @property
    def is_resolved(self) -> bool:
        return self.resolved_at is not None

    @property
    def reopens(self) -> int:
        return len(self.reopenings)

    @property
    def net_reopens(self) -> int:
        return sum(not reopening.courtesy for reopening in self.reopenings)

    @property
    def net_reopened_at(self) -> datetime | None:
        """When it came back the first time that was no courtesy."""
        return next((reopening.at for reopening in self.reopenings if not reopening.courtesy), None)

    @property
    def first_solved_at(self) -> datetime | None:
        """The first resolution, also one from before the customer wrote."""
        return self.resolutions[0].at if self.resolutions else None

    @property
    def last_solved_at(self) -> datetime | None:
        """The last resolution, whether it holds or not."""
        return self.resolutions[-1].at if self.resolutions else None

    @property
    def next_responses(self) -> tuple[NextResponse, ...]:
        """The answers to what the customer wrote after the first reply."""
        return tuple(
            NextResponse(one.asked_at, one.at, one.seconds, one.business_seconds, one.actor)
            for one in self.answers
            if one.kind == "next" and one.asked_at is not None and one.seconds is not None
        )

    @property
    def repliers(self) -> tuple[Any, ...]:
        """Who answered, in the order of their first answers."""
        return tuple(dict.fromkeys(one.actor for one in self.answers))

    @property
    def next_response_max_s(self) -> int | None:
        """The longest wait after the first reply."""
        return max((one.seconds or 0 for one in self.answers if one.kind == "next"), default=None)

    @property
    def people(self) -> int:
        """How many persons answered."""
        return len({one.actor for one in self.answers})

    @property
    def stays(self) -> tuple[Stay, ...]:
        """Its stays in the backlog, from its moves."""
        stays: list[Stay] = []
        inside: Move | None = None
        for move in self.moves:
            if move.kind in ENTERING:
                inside = inside or move
            elif inside is not None:
                stays.append(Stay(inside.at, inside.kind, move.at, move.kind))
                inside = None
        if inside is not None:
            stays.append(Stay(inside.at, inside.kind, None, None))
        return tuple(stays)

    @property
    def touches(self) -> Literal["zero", "one", "two", "multi"] | None:
        """How many public human replies it took, while resolved. One-touch stands no net reopening."""
        if not self.is_resolved or not self.is_contact:
            return None
        if self.replies == 0:
            return "zero"
        if self.replies == 1 and self.net_reopens == 0:
            return "one"
        return "two" if self.replies <= 2 else "multi"

    def in_backlog_at(self, moment: datetime) -> bool:
        """Whether it was unsolved just before `moment`: what happens at midnight belongs to the next day."""
        inside = False
        for move in self.moves:
            if move.at >= moment:
                break
            inside = move.kind in ENTERING
        return inside

    def waits_at(self, as_of: datetime, calendar: BusinessCalendar | None = None) -> Waits:
        """Seconds in each status up to `as_of`, the running one included; business seconds with a calendar."""
        waits = self.waits if calendar is None else self.business_waits
        status = "gone" if self.klass in OUT else self.status
        if status not in RUNNING or as_of <= self.status_since:
            return waits
        if calendar is None:
            more = seconds(self.status_since, as_of)
        else:
            more = calendar.seconds_between(self.status_since, as_of)
        return Waits(
            new_s=waits.new_s + more * (status == "new"),
            open_s=waits.open_s + more * (status in ("new", "open")),
            pending_s=waits.pending_s + more * (status == "pending"),
            on_hold_s=waits.on_hold_s + more * (status == "on_hold"),
        )
