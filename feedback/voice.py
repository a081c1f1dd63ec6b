"""What the list of remarks shows: which, to whom, in pages; and what nobody signed, in cells that hide who said it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from feedback import ballots
from feedback.models import Ballot, Complaint, Remark, RemarkTopic, Survey
from feedback.models.voice import ComplaintQuerySet, RemarkQuerySet
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox, Ticket

PAGE = 30
#: of each anonymous survey, so many blocks of weeks
MOST_BLOCKS = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """Which remarks are asked for; None and "" are any."""

    words: str = ""
    source: str = ""
    tone: int | None = None
    topic: int | None = None
    #: without any topic
    no_topic: bool = False
    inbox: int | None = None
    department: int | None = None
    #: somebody's; 0 is nobody's
    assignee: int | None = None
    days: int | None = None
    #: said in [since, until)
    since: datetime | None = None
    until: datetime | None = None
    #: with a comment, not a score alone
    has_words: bool = True
    #: those that are not settled, those that are, or both
    state: str = "open"


def listed(agent: Agent, asked: Asked) -> RemarkQuerySet:
    """The remarks asked for that the agent may see, the latest first."""
    found = Remark.objects.visible_to(agent).counting()
    if asked.words:
        found = found.filter(text__ilike=asked.words)
    if asked.source:
        found = found.filter(source=asked.source)
    if asked.tone is not None:
        found = found.filter(tone=asked.tone)
    if asked.topic:
        found = found.filter(pk__in=RemarkTopic.objects.filter(topic=asked.topic).values("remark"))
    elif asked.no_topic:
        found = found.filter(found_topics=None)
    if asked.inbox:
        found = found.filter(inbox=asked.inbox)
    if asked.department:
        found = found.filter(department=asked.department)
    if asked.assignee is not None:
        found = found.filter(assignee=asked.assignee or None)
    if asked.days:
        found = found.filter(said_at__gte=clock.now() - timedelta(days=asked.days))
    if asked.since:
        found = found.filter(said_at__gte=asked.since)
    if asked.until:
        found = found.filter(said_at__lt=asked.until)
    if asked.has_words:
        found = found.exclude(text="")
    if asked.state:
        found = found.filter(settled_at__isnull=asked.state == "open")
    return found.order_by("-said_at", "-pk")


@dataclass(frozen=True, slots=True)
class Row:
    """A remark with what its row says."""

    remark: Remark
    who: str
    topics: Sequence[RemarkTopic]
    #: the ticket, where the agent may open it
    ticket: int | None

    @property
    def tone(self) -> str:
        return {1: "good", -1: "bad"}.get(self.remark.tone, "")


def page(agent: Agent, asked: Asked, *, after: str = "", size: int = PAGE) -> tuple[Sequence[Row], str]:
    """Some rows, and from where the next ones go on. A cursor somebody made up starts at the beginning."""
    remarks = listed(agent, asked)
    if place := place_of(after):
        at, pk = place
        remarks = remarks.filter(Q(said_at__lt=at) | Q(said_at=at, pk__lt=pk))
    found = dressed(remarks[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return rows(found[:size], agent), f"{last.said_at.isoformat()}~{last.pk}" if last else ""


def dressed(remarks: RemarkQuerySet) -> list[Remark]:
    """Remarks with all that is shown of them."""
    its = Prefetch("found_topics", RemarkTopic.objects.select_related("topic").order_by("topic__name"))
    return list(
        remarks.select_related("customer", "inbox", "department", "assignee", "noted_by", "response__reason")
        .prefetch_related(its, "customer__contact_points")
    )  # fmt: skip


def rows(remarks: Sequence[Remark], agent: Agent) -> list[Row]:
    """What rows say, in one more query for all."""
    numbers = {one.ticket_id for one in remarks if one.ticket_id}
    open_to = set(Ticket.objects.visible_to(agent).filter(pk__in=numbers).values_list("pk", flat=True))
    return [
        Row(
            one, one.customer.display_name if one.customer else "", list(one.found_topics.all()),
            one.ticket_id if one.ticket_id in open_to else None,
        )
        for one in remarks
    ]  # fmt: skip


def place_of(text: str) -> tuple[datetime, int] | None:
    """The cursor of a list in order of time."""
    at, _tilde, pk = text.partition("~")
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    if moment is None or timezone.is_naive(moment) or not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    return moment, int(pk)


# ---------------------------------------------------------------------- nobody knows who said it


@dataclass(frozen=True, slots=True)
class Block:
    """What some people said in some weeks, in no order that tells anything."""

    survey: str
    first: date
    last: date
    comments: Sequence[str]


def anonymous(agent: Agent) -> list[Block]:
    """Comments on anonymous surveys in the cells of `feedback.ballots`, which hide who said what; the latest first.

    The cells are the same for every filter and every reader, so that no two lists differ by one person: who does not
    see all the inboxes they come from sees none of them.
    """
    if not agent.may_reply:
        return []
    seen = set(Inbox.objects.visible_to(agent).values_list("pk", flat=True))
    found = []
    for survey in Survey.objects.filter(is_anonymous=True):
        boxes = set(Ballot.objects.filter(survey=survey).order_by().values_list("inbox", flat=True).distinct())
        if boxes and boxes <= seen:
            shown = [cell for cell in ballots.cells(survey) if cell.is_shown and cell.comments]
            found += [
                Block(survey.name, one.first, one.last + timedelta(days=6), one.comments) for one in shown[:MOST_BLOCKS]
            ]
    return sorted(found, key=lambda one: one.first, reverse=True)


# ---------------------------------------------------------------------- complaints


def complaints(agent: Agent, *, show: str = "open") -> ComplaintQuerySet:
    """The complaints an agent may see: those open, overdue, closed or all; the latest first, overdue ones by due."""
    seen = Complaint.objects.visible_to(agent)
    chosen = {
        "open": seen.open(), "overdue": seen.overdue(clock.now()),
        "closed": seen.standing().filter(closed_at__isnull=False), "all": seen.standing(),
    }[show]  # fmt: skip
    chosen = chosen.select_related("ticket__customer", "ticket__assignee", "ticket__inbox", "reason")
    return chosen.order_by("-received_at", "-pk")


def complaints_page(
    agent: Agent, *, show: str = "open", after: str = "", size: int = PAGE
) -> tuple[Sequence[Complaint], str]:
    """Some of them, and from where the next ones go on."""
    found = complaints(agent, show=show)
    if place := place_of(after):
        at, pk = place
        found = found.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=pk))
    shown = list(found[: size + 1])
    last = shown[size - 1] if len(shown) > size else None
    return shown[:size], f"{last.received_at.isoformat()}~{last.pk}" if last else ""
