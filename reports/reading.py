"""What a report is asked for, and the rows it is made of: the one query behind page, CSV, API and drill-down.

A figure and the list of tickets behind it read the same set, so their counts cannot differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Agent, Team
from reports import periods
from reports.ledger import arrays, packs
from reports.models import StayFacts, SurveyFacts, TicketFacts
from reports.periods import Period, Unit
from tickets.models import Inbox, Ticket

PAGE = 50
Preset = Literal["7", "28", "90", "365", "month", "last_month", "custom"]
Compare = Literal["", "before", "year"]


@dataclass(frozen=True, slots=True)
class Filter:
    """A period of whole local days and a choice of tickets.

    `inboxes` are those the reader may see, or the one chosen: whoever makes a Filter answers for that (`FilterForm`).
    """

    first: date
    last: date  # included
    zone: str
    inboxes: tuple[int, ...]
    inbox: int | None = None
    team: int | None = None
    channel: str | None = None
    topic: str | None = None
    #: what the period is compared with: nothing, the days before it, or the same days a year ago
    compare: Compare = ""
    preset: Preset = "custom"
    #: what a good answer is, where a page asks: satisfied ("" or csat) or found it easy (ces2)
    outcome: str = ""
    #: with the regression, where a page has one
    model: str = ""
    #: who reads: figures of single people are their own, and for leads those of everybody in these inboxes
    reader: int | None = None
    is_lead: bool = False
    #: all inboxes the reader may see, whichever is chosen; nothing where it is those of `inboxes`
    visible: tuple[int, ...] = ()

    @property
    def seen(self) -> tuple[int, ...]:
        return self.visible or self.inboxes

    @property
    def period(self) -> Period:
        return periods.days(self.first, self.last, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def on(self, first: date, last: date) -> "Filter":
        """The same choice on other days."""
        return replace(self, first=first, last=last, preset="custom")

    def compared(self) -> "Filter | None":
        """The same choice on the days it is compared with; as many days, a year ago shifted by whole weeks."""
        if not self.compare:
            return None
        back = timedelta(days=364 if self.compare == "year" else self.days)
        return replace(self, first=self.first - back, last=self.last - back, preset="custom", compare="")

    def query(self, **more: Any) -> str:
        """The address's query that asks for exactly this, on whatever day it is opened."""
        asked: dict[str, Any] = {"period": "custom", "from": self.first, "to": self.last, "zone": self.zone}
        asked |= {"inbox": self.inbox, "team": self.team, "channel": self.channel}
        asked |= {"topic": self.topic, "compare": self.compare, "outcome": self.outcome, "model": self.model, **more}
        return urlencode({key: str(value) for key, value in asked.items() if value not in (None, "")})


# ---------------------------------------------------------------------- who may see what


def inboxes_for(agent: Agent) -> list[tuple[int, str]]:
    """The inboxes whose figures an agent may see: those whose tickets they may see."""
    return list(Inbox.objects.visible_to(agent).order_by("name").values_list("pk", "name"))


def teams_for(inboxes: Sequence[int]) -> list[tuple[int, str]]:
    """The teams that work in these inboxes."""
    return list(Team.objects.filter(inboxes__in=inboxes).distinct().order_by("name").values_list("pk", "name"))


# ---------------------------------------------------------------------- sets of rows

#: of the settled tickets, those whose resolution time is measured
IS_MEASURED = Q(in_quality=True, resolution_s__isnull=False)
#: of the open tickets, those no person ever answered
IS_WAITING = Q(awaits_first_reply=True)


def tickets(chosen: Filter) -> "QuerySet[TicketFacts]":
    """The facts of the tickets a filter chooses, whenever they came."""
    return TicketFacts.objects.filter(choice(chosen))


def stays(chosen: Filter) -> "QuerySet[StayFacts]":
    """The stays in the backlog of the tickets a filter chooses."""
    return StayFacts.objects.filter(choice(chosen))


def askings(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """The askings on the tickets a filter chooses; those of spam, deleted and imported tickets are left out."""
    return SurveyFacts.objects.filter(choice(chosen), counts=True, kind="csat")


def choice(chosen: Filter) -> Q:
    """The rows of a choice, whenever something happened; of tickets and of askings alike."""
    choice = Q(inbox__in=chosen.inboxes)
    if chosen.team is not None:
        choice &= Q(team=chosen.team)
    if chosen.channel:
        choice &= Q(channel=chosen.channel)
    if chosen.topic:
        choice &= Q(topic=chosen.topic)
    return choice


def within(column: str, period: Period) -> Q:
    """The rows whose moment lies in [start, end)."""
    return Q(**{f"{column}__gte": period.start, f"{column}__lt": period.end})


def created(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Everything that came in during the period, whatever became of it."""
    return tickets(chosen).filter(within("created_at", chosen.period))


def came_in(chosen: Filter) -> "QuerySet[TicketFacts]":
    return created(chosen).filter(in_volume=True)


def replied(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Tickets first answered in the period, whenever they came."""
    return tickets(chosen).filter(within("first_reply_at", chosen.period), in_volume=True)


def settled(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Tickets whose resolution lies in the period and still holds."""
    return tickets(chosen).filter(within("resolved_at", chosen.period), klass="counted")


def measured(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Those of the settled ones whose resolution time is measured."""
    return settled(chosen).filter(IS_MEASURED)


def bulk_closed(chosen: Filter) -> "QuerySet[TicketFacts]":
    return tickets(chosen).filter(within("left_at", chosen.period), klass="bulk_closed")


def still_open(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Unsolved now, whenever they came."""
    return tickets(chosen).filter(is_open=True)


def still_waiting(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Unsolved now and never answered by a person."""
    return still_open(chosen).filter(IS_WAITING)


def answered(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """Askings answered in the period, whenever they were sent."""
    return askings(chosen).filter(within("answered_at", chosen.period), score__isnull=False)


def asked(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """Askings sent in the period that arrived."""
    return askings(chosen).filter(within("sent_at", chosen.period), is_delivered=True)


def held_back(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """Customers who would have been asked in the period, but for a reason were not."""
    return askings(chosen).filter(within("invited_at", chosen.period), state="suppressed")


# ---------------------------------------------------------------------- cutting a period


#: (most days, the unit of the charts, the unit of the satisfaction chart, which needs answers enough)
_CUTS: tuple[tuple[int, Unit, Unit], ...] = ((14, "day", "day"), (98, "day", "week"), (400, "week", "month"))


def units(chosen: Filter) -> tuple[Unit, Unit]:
    """How finely a period is cut in charts of tickets, and of answers."""
    for most, unit, coarse in _CUTS:
        if chosen.days <= most:
            return unit, coarse
    return "month", "quarter"


def cut(chosen: Filter, unit: Unit) -> list[Period]:
    """The period in units of its zone; the first and the last one only as far as they lie in it."""
    span = chosen.period
    return [
        Period(max(one.start, span.start), min(one.end, span.end), one.label)
        for one in periods.covering(span, chosen.zone, unit)
    ]


class Slice(models.Func):
    """The number of the slice, from 1, that a moment falls in."""

    function = "width_bucket"
    output_field = models.IntegerField()

    def __init__(self, column: str, slices: Sequence[Period]) -> None:
        starts = models.Value([one.start for one in slices])
        super().__init__(models.F(column), starts)
        self.reads = (column,)
        self.starts = [one.start for one in slices]

    def on_arrays(self, frame: arrays.Frame) -> packs.Column:
        """The same of packed facts."""
        return arrays.bucketed(frame[self.reads[0]], [arrays.stamp(start) for start in self.starts])


# ---------------------------------------------------------------------- the tickets behind a number


@dataclass(frozen=True, slots=True)
class Behind:
    """Which rows a number counts, in which order they are listed, and what is shown of each."""

    title: str | Promise
    rows: Callable[[Filter], "QuerySet[Any]"]
    order: str  # a column that is never null in these rows
    shows: tuple[str, ...]
    #: scores people gave: listed only where they may be shown (`privacy.guard`)
    is_of_answers: bool = False
    #: a number that no two of these rows share; by default that of the asking, or of the ticket
    identity: str = ""


#: the lists there are; a page with numbers of its own adds theirs when it is loaded
BEHIND: dict[str, Behind] = {
    "created": Behind(_("New tickets"), came_in, "-created_at", ("created_at", "channel", "status")),
    "resolved": Behind(_("Resolved tickets"), settled, "-resolved_at", ("resolved_at", "status")),
    "first_response": Behind(
        _("First response time"), replied, "-frt_s", ("frt_s", "frt_business_s", "started_at", "first_reply_at")
    ),
    "resolution": Behind(
        _("Resolution time"), measured, "-resolution_s",
        ("resolution_s", "resolution_business_s", "started_at", "resolved_at"),
    ),
    "waiting": Behind(_("Waiting for a first answer"), still_waiting, "started_at", ("started_at", "status")),
    "open": Behind(_("Open now"), still_open, "started_at", ("started_at", "status")),
    "bulk_closed": Behind(_("Closed in bulk"), bulk_closed, "-left_at", ("created_at", "left_at")),
    "csat": Behind(_("Answers"), answered, "-answered_at", ("score", "answered_at"), is_of_answers=True),
    "response_rate": Behind(_("Customers asked"), asked, "-sent_at", ("sent_at", "answered_at")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list of tickets."""

    ticket: int
    subject: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the tickets behind a number, how many there are in all, and where the next ones begin."""

    rows: Sequence[Row]
    total: int
    after: str


def behind(key: str, chosen: Filter, *, after: str = "", limit: int = PAGE) -> Page:
    """The tickets behind a number, `limit` at a time. A cursor somebody made up starts at the beginning."""
    what = BEHIND[key]
    rows = what.rows(chosen)
    column, is_down = what.order.lstrip("-"), what.order.startswith("-")
    identity = what.identity or ("event" if rows.model is SurveyFacts else "ticket")
    listed = rows.order_by(what.order, f"-{identity}")
    is_moment = isinstance(rows.model._meta.get_field(column), models.DateTimeField)
    place = _place(after, is_moment=is_moment)
    if place is not None:
        value, number = place
        further = Q(**{f"{column}__{'lt' if is_down else 'gt'}": value})
        listed = listed.filter(further | Q(**{column: value, f"{identity}__lt": number}))
    found = list(listed.values_list(identity, "ticket", column, *what.shows)[: limit + 1])
    shown = found[:limit]
    subjects = dict(Ticket.objects.filter(number__in={row[1] for row in shown}).values_list("number", "subject"))
    more = f"{_written(shown[-1][2])}~{shown[-1][0]}" if len(found) > limit else ""
    return Page([Row(row[1], subjects.get(row[1], ""), tuple(row[3:])) for row in shown], rows.count(), more)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _place(text: str, *, is_moment: bool) -> tuple[Any, int] | None:
    value, _tilde, number = text.partition("~")
    try:
        place = datetime.fromisoformat(value) if is_moment else int(value)
        if isinstance(place, datetime) and place.tzinfo is None:
            return None
        return place, int(number)
    except ValueError:
        return None
