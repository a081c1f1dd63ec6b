"""What happened with one customer or organisation, service and feeling side by side: of what the agent may see only.

A constant number of queries, however long the story is; of a very long one the latest tickets.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from feedback import accounts
from feedback.accounts import Rule, Span
from feedback.models import LOW, SCALES, AccountEvent, Complaint, Recovery, Remark, Response
from feedback.models.survey import HIGH
from helpdesk import clock
from helpdesk.models import Agent
from reports.ledger import as_rows
from reports.models import TicketFacts
from reports.periods import Period
from tickets.models import REMOVED, UNSOLVED, Customer, Inbox, Message, MessageKind, Organisation, Ticket

#: so many tickets are drawn, and so many messages as ticks on them
MOST_TICKETS, MOST_MESSAGES = 150, 3000


@dataclass(frozen=True, slots=True)
class Wait:
    """The customer waited for us from one moment to another; to now where `is_over` is False."""

    since: datetime
    until: datetime
    is_over: bool = True

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Matter:
    """A ticket on the line of time."""

    number: int
    subject: str
    who: str
    channel: str
    since: datetime
    #: its resolution, or now
    until: datetime
    is_open: bool
    waits: Sequence[Wait]
    reopened: Sequence[datetime]
    #: when they wrote, and when we did
    theirs: Sequence[datetime]
    ours: Sequence[datetime]

    @property
    def longest(self) -> Wait | None:
        return max(self.waits, key=lambda wait: wait.seconds, default=None)


@dataclass(frozen=True, slots=True)
class Feeling:
    """What somebody answered: a score of a kind with its scale, and words."""

    kind: str
    at: datetime
    score: int
    low: int | None
    lowest: int
    highest: int
    words: str
    comment: str
    who: str
    ticket: int | None

    @property
    def tone(self) -> str:
        if self.low is None:
            return ""
        if self.score <= self.low:
            return "bad"
        high = HIGH.get(self.kind)  # passives of NPS, a 7 or an 8, are not good
        good = self.score >= high if high is not None else self.score == self.highest
        return "good" if good else ""


@dataclass(frozen=True, slots=True)
class Care:
    """A recovery or a complaint: from when until when, and what came of it."""

    kind: str
    since: datetime
    until: datetime | None
    said: str
    tone: str
    who: str
    ticket: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """Something they said elsewhere."""

    at: datetime
    tone: int
    text: str
    source: str
    who: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An event of the account."""

    at: datetime
    kind: str
    value: str
    who: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything between two moments."""

    period: Period
    zone: str
    now: datetime
    matters: Sequence[Matter]
    feelings: Sequence[Feeling]
    cares: Sequence[Care]
    remarks: Sequence[Said]
    marks: Sequence[Mark]
    #: when they were a customer, and whether that is only the proxy
    spans: Sequence[Span] = field(default=())
    is_proxy: bool = False
    #: there are more tickets than are drawn
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.matters or self.feelings or self.cares or self.remarks or self.marks)


def of_customer(customer: Customer, agent: Agent, period: Period, zone: str) -> Story:
    """The story of a customer whom the agent sees."""
    rule = Rule.of_the_house(zone)
    own = [customer.pk, *accounts.merged_into(customer.pk)]
    about = Q(customer__in=own) | Q(organisation=customer.organisation_id or 0)
    return _story([customer], about, agent, period, zone, accounts.spans_of(customer, rule), rule.is_proxy)


def of_organisation(organisation: Organisation, agent: Agent, period: Period, zone: str) -> Story:
    """The story of all people of an organisation whom the agent sees."""
    rule = Rule.of_the_house(zone)
    people = list(
        Customer.objects.visible_to(agent).filter(organisation=organisation).prefetch_related("contact_points")
    )
    spans = [] if rule.is_proxy else accounts.spans_of_organisation(organisation, rule)
    about = Q(organisation=organisation.pk) | Q(customer__in=people)
    return _story(people, about, agent, period, zone, spans, rule.is_proxy)


def began_at(customers: Iterable[int], agent: Agent) -> datetime | None:
    """The first ticket of theirs that the agent sees."""
    seen = Ticket.objects.visible_to(agent).filter(customer__in=list(customers))
    return seen.order_by("created_at").values_list("created_at", flat=True).first()


def _story(
    people: Sequence[Customer], about: Q, agent: Agent, period: Period, zone: str, spans: Sequence[Span], is_proxy: bool
) -> Story:
    now = clock.now()
    names = {one.pk: one.display_name for one in people}
    seen = Ticket.objects.visible_to(agent).filter(customer__in=list(names)).exclude(status__in=REMOVED)
    tickets = list(
        seen.filter(created_at__lt=period.end)
        .filter(Q(resolved_at__gte=period.start) | Q(status__in=UNSOLVED) | Q(updated_at__gte=period.start))
        .order_by("-created_at", "-number")
        .only("number", "subject", "channel", "created_at", "resolved_at", "status", "customer_id", "waiting_since")[
            : MOST_TICKETS + 1
        ]
    )
    inboxes = Inbox.objects.visible_to(agent).values("pk")
    return Story(
        period, zone, now, _matters(tickets[:MOST_TICKETS], names, now, period),
        _feelings(names, seen, inboxes, period),
        [*_recoveries(names, inboxes, period), *_complaints(names, seen, period)], _remarks(names, inboxes, period),
        _marks(about, names, period), spans, is_proxy, len(tickets) > MOST_TICKETS,
    )  # fmt: skip


def _matters(tickets: Sequence[Ticket], names: Mapping[int, str], now: datetime, period: Period) -> list[Matter]:
    known = TicketFacts.objects.in_bulk([one.number for one in tickets])
    said: dict[int, dict[bool, list[datetime]]] = defaultdict(lambda: {True: [], False: []})
    kinds = [MessageKind.INCOMING, MessageKind.REPLY]
    written = Message.objects.filter(
        ticket__in=[one.number for one in tickets], kind__in=kinds, withdrawn_at=None, is_automated=False,
        created_at__gte=period.start, created_at__lt=period.end,
    )  # fmt: skip
    for ticket, kind, at in written.order_by("-created_at").values_list("ticket", "kind", "created_at")[:MOST_MESSAGES]:
        said[ticket][kind == MessageKind.REPLY].append(at)
    found = []
    for one in sorted(tickets, key=lambda ticket: (ticket.created_at, ticket.number)):
        row, is_open = known.get(one.number), one.status in UNSOLVED
        waits: list[Wait] = []
        reopened: list[datetime] = []
        since, until = one.created_at, now if is_open else one.resolved_at
        if row is not None:
            course = as_rows.from_row(row)
            waits = [
                Wait(each.asked_at, each.at) for each in course.answers if each.asked_at and each.asked_at < each.at
            ]
            reopened = [each.at for each in course.reopenings if not each.courtesy]
            since = min(row.started_at, one.created_at)
            until = until or row.last_solved_at or row.last_event_at
        if is_open and one.waiting_since:
            waits.append(Wait(one.waiting_since, now, is_over=False))
        found.append(
            Matter(
                one.number, one.subject, names.get(one.customer_id, ""), one.channel, since, max(until or since, since),
                is_open, waits, reopened, said[one.number][False], said[one.number][True],
            )
        )  # fmt: skip
    return found


def _feelings(
    names: Mapping[int, str], seen: "QuerySet[Ticket]", inboxes: "QuerySet[Any]", period: Period
) -> list[Feeling]:
    """After tickets they see, and by the calendar from inboxes they see; not what a machine pressed."""
    answers = Response.objects.filter(
        Q(invitation__ticket__in=seen.values("pk"))
        | Q(invitation__ticket=None, invitation__survey__sends_from__in=inboxes),
        invitation__customer__in=list(names), invitation__survey__is_anonymous=False, is_doubtful=False,
        answered_at__gte=period.start, answered_at__lt=period.end,
    ).select_related("invitation__survey").order_by("answered_at")  # fmt: skip
    found = []
    for one in answers[:500]:
        survey = one.invitation.survey
        scale = survey.scale or SCALES.get(survey.kind) or {one.score: ""}
        found.append(
            Feeling(
                survey.kind, one.answered_at, one.score, survey.low if survey.low is not None else LOW.get(survey.kind),
                min(scale), max(scale), one.words, one.comment, names.get(one.invitation.customer_id, ""),
                one.invitation.ticket_id,
            )
        )  # fmt: skip
    return found


def _recoveries(names: Mapping[int, str], inboxes: "QuerySet[Any]", period: Period) -> list[Care]:
    tones = {"recovered": "good", "not_recovered": "bad", "unreachable": "bad"}
    return [
        Care(
            "recovery", one.opened_at, one.closed_at, one.get_outcome_display() or one.get_state_display(),
            tones.get(one.outcome, "quiet" if one.closed_at else "warn"), names.get(one.customer_id, ""), one.ticket_id,
        )
        for one in Recovery.objects.filter(customer__in=list(names), inbox__in=inboxes, opened_at__lt=period.end)
        .filter(Q(closed_at=None) | Q(closed_at__gte=period.start)).order_by("opened_at")[:200]
    ]  # fmt: skip


def _complaints(names: Mapping[int, str], seen: "QuerySet[Ticket]", period: Period) -> list[Care]:
    found = Complaint.objects.filter(ticket__in=seen.values("pk"), received_at__lt=period.end, withdrawn_at=None)
    return [
        Care(
            "complaint", one.received_at, one.closed_at, one.get_finding_display() or "",
            "quiet" if one.closed_at else "warn", names.get(one.ticket.customer_id, ""), one.ticket_id,
        )
        for one in found.filter(Q(closed_at=None) | Q(closed_at__gte=period.start)).select_related("ticket")[:200]
    ]  # fmt: skip


def _remarks(names: Mapping[int, str], inboxes: "QuerySet[Any]", period: Period) -> list[Said]:
    """What they said elsewhere: answers and complaints stand there already."""
    sources = [Remark.Source.REVIEW, Remark.Source.NOTED]
    found = Remark.objects.filter(customer__in=list(names), inbox__in=inboxes, source__in=sources)
    return [
        Said(one.said_at, one.tone, one.text, one.get_source_display(), names.get(one.customer_id or 0, ""))
        for one in found.filter(said_at__gte=period.start, said_at__lt=period.end).order_by("said_at")[:200]
    ]


def _marks(about: Q, names: Mapping[int, str], period: Period) -> list[Mark]:
    told = AccountEvent.objects.filter(about, voided_at=None, at__gte=period.start, at__lt=period.end)
    return [
        Mark(
            one.at, one.kind, "" if one.value is None else f"{one.value} {one.currency}".strip(),
            names.get(one.customer_id or 0, ""),
        )
        for one in told.order_by("at", "pk")[:300]
    ]  # fmt: skip


def span_period(span: Span, zone: str) -> tuple[datetime, datetime | None]:
    """A span of days as moments."""
    since, until = (
        None if day is None else datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for day in span
    )
    assert since is not None
    return since, until
