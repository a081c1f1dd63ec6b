"""What stories are made of: people, inboxes and surveys, and the rows a ticket leaves behind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from helpdesk.calendars import BusinessCalendar
from reports.demo.rhythm import Rhythm
from tickets import texts


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code as stories need it."""

    id: int
    department: int | None
    in_control: bool | None


@dataclass(frozen=True, slots=True)
class Programme:
    """Topics, reasons and departments by their names."""

    topics: Mapping[str, int]
    reasons: Mapping[str, Reason]
    departments: Mapping[str, int]


@dataclass(slots=True)
class Recovered:
    """A recovery, and the notes on it."""

    id: int
    response: int | None
    source: str
    opened_at: datetime
    due_at: datetime
    owner: int | None
    reason: Reason | None
    rated_agent: int | None
    state: str = "open"
    taken_up_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str = ""
    done: str = ""
    cost: str | None = None
    version: int = 0
    notes: list[tuple[int, int, str, datetime]] = field(default_factory=list)


@dataclass(slots=True)
class Remarked:
    """Something a customer said about us; `topics` with the words that were found."""

    id: int
    source: str
    text: str
    language: str
    tone: int
    at: datetime
    department: int | None
    response: int | None = None
    complaint: int | None = None
    kind: str = ""
    score: int | None = None
    assignee: int | None = None
    settled_at: datetime | None = None
    topics: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Complained:
    """A complaint and how far it came."""

    id: int
    received_at: datetime
    acknowledge_by: datetime
    reason: int | None
    acknowledged_at: datetime | None = None
    decided_at: datetime | None = None
    finding: str = ""
    outcome: str = ""
    closed_at: datetime | None = None
    is_agreed: bool | None = None


@dataclass(slots=True)
class Reviewed:
    """A review of somebody's answers on the ticket."""

    id: int
    agent: int
    reviewer: int
    drawn_at: datetime
    reviewed_at: datetime | None = None
    grades: tuple[int, int, int, int] | None = None
    comment: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An agent as the story needs them. `pace` is how long they take beside others, `charm` what it adds to a score."""

    id: int
    name: str
    pace: float = 1.0
    charm: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """An inbox, who answers there, and how long they usually take (business minutes)."""

    id: int
    address: str
    team: int | None
    hours: int
    calendar: BusinessCalendar
    agents: Sequence[Person]
    lead: Person
    usual_minutes: float
    survey: "Asking | None"
    #: asked instead of `survey` for this share of the customers, always the same ones
    other: "Asking | None" = None
    share: float = 0.0

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Asking:
    """The survey that asks after an inbox's tickets."""

    id: int
    kind: str
    delay: timedelta
    cool_down: timedelta
    valid: timedelta
    asks_solved: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """All that stories share."""

    until: datetime
    rhythm: Rhythm
    sources: Mapping[str, Source]
    workshop: Sequence[Person]
    workshop_team: int
    helper: Person  # the light collaborator: writes notes
    close_after: timedelta | None
    survey_link: str  # with {token}
    programme: Programme


@dataclass(frozen=True, slots=True)
class Writer:
    """A customer and the address they write from."""

    id: int
    point: int
    name: str
    address: str
    language: str
    is_business: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ticket about to begin. `may_ask`: nobody asked this customer lately, nor will soon."""

    number: int
    at: datetime
    writer: Writer
    may_ask: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where ids of rows to come are taken from."""

    messages: Iterator[int]
    mails: Iterator[int]
    deliveries: Iterator[int]
    invitations: Iterator[int]
    responses: Iterator[int]
    recoveries: Iterator[int]
    recovery_notes: Iterator[int]
    remarks: Iterator[int]
    complaints: Iterator[int]
    reviews: Iterator[int]


@dataclass(slots=True)
class Happened:
    """An event, before it has its place in the ledger."""

    at: datetime
    verb: str
    facts: dict[str, Any]
    actor_id: int | None
    id: int = 0


@dataclass(slots=True)
class Said:
    """A message."""

    id: int
    kind: str
    at: datetime
    text: str
    author: Person | None = None
    full_text: str = ""
    html: str = ""
    subject: str = ""
    channel: str = "email"
    to: list[str] = field(default_factory=list)
    message_id: str = ""
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    is_automated: bool = False
    authentication: str = ""
    matched_by: str = ""
    claimed_at: datetime | None = None


@dataclass(slots=True)
class Posted:
    """A mail that left the house, and its one delivery."""

    id: int
    delivery: int
    purpose: str
    said: int | None
    message_id: str
    subject: str
    text: str
    at: datetime
    state: str
    answer: str
    sent_at: datetime | None
    patience: timedelta
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Invited:
    """An invitation and, where there is one, its answer."""

    id: int
    survey: int
    occasion: Happened
    token: str
    state: str
    due_at: datetime
    at: datetime
    reason: str = ""
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    expires_at: datetime | None = None
    mail: int | None = None
    score: int | None = None
    comment: str = ""
    answered_at: datetime | None = None
    agent: int | None = None
    is_shared: bool = False
    kind: str = "csat"
    response: int | None = None
    is_solved: bool | None = None
    low_reason: int | None = None


class Story:
    """One ticket and all that hangs on it."""

    __slots__ = (
        "assignee",
        "channel",
        "complaints",
        "created_at",
        "events",
        "initiated_by",
        "invitations",
        "last_message_id",
        "low_score",
        "mails",
        "messages",
        "number",
        "priority",
        "recoveries",
        "remarks",
        "resolved_at",
        "reviews",
        "seen",
        "snippet",
        "snoozed_until",
        "source",
        "status",
        "subject",
        "tags",
        "team",
        "topic",
        "updated_at",
        "waiting_since",
        "writer",
    )

    def __init__(self, arrival: Arrival, source: Source, subject: str, channel: str, initiated_by: str) -> None:
        self.number, self.writer, self.source = arrival.number, arrival.writer, source
        self.subject, self.channel, self.initiated_by = texts.line(subject), channel, initiated_by
        self.status, self.priority = "open", "normal"
        self.assignee: int | None = None
        self.team: int | None = source.team
        self.created_at = self.updated_at = arrival.at
        self.waiting_since: datetime | None = None
        self.resolved_at: datetime | None = None
        self.snoozed_until: datetime | None = None
        self.snippet = ""
        self.last_message_id: int | None = None
        self.low_score: int | None = None
        self.tags: list[str] = []
        self.seen: dict[int, int] = {}  # how far each agent has read
        self.events: list[Happened] = []
        self.messages: list[Said] = []
        self.mails: list[Posted] = []
        self.invitations: list[Invited] = []
        self.topic: int | None = None
        self.recoveries: list[Recovered] = []
        self.remarks: list[Remarked] = []
        self.complaints: list[Complained] = []
        self.reviews: list[Reviewed] = []
