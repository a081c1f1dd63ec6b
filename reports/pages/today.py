"""Today: what waits now, what happened since midnight beside other such days, and who is here."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Q, QuerySet
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from feedback.models import Recovery, RecoveryState
from helpdesk import clock
from helpdesk.calendars import start_of_day
from helpdesk.models import Agent, Role
from reports import charts, periods, reading
from reports.charts import Series
from reports.counting import service_sets
from reports.counting.aggregates import those
from reports.ledger.columns import by_slice
from reports.models import TicketFacts
from reports.pages import page
from reports.pages.parts import NO_DRAWING, count, tile
from reports.periods import Period
from reports.reading import Filter, within
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, definition_url, number, spell, tickets
from tickets import presence

#: a day is compared with the same weekday of so many weeks before
WEEKS = 8


@dataclass(frozen=True, slots=True)
class SoFar:
    """How many since midnight, and how many there were at this hour on the same weekday before."""

    n: int
    before: Sequence[int]

    @property
    def usual(self) -> float | None:
        return median(self.before) if self.before else None


@page("today", gettext_lazy("Today"), gettext_lazy("What waits now, and is it a usual day?"), "both", is_live=True)
def build(chosen: Filter) -> Report:
    """What waits now, what came since midnight, who is here."""
    at = clock.now()
    chosen = service_sets.today(chosen)
    spans = _spans(chosen.zone, at)
    loads = _loads(chosen)
    waiting = _waiting(loads, service_sets.waking(chosen).count())
    came, replied, settled = (
        _so_far(chosen, rows, moment, spans)
        for rows, moment in (
            (reading.came_in, "created_at"), (reading.replied, "first_reply_at"), (reading.settled, "resolved_at"),
        )
    )  # fmt: skip
    weekday = formats.date_format(chosen.first, "l")
    facts = {"today_created": (_("New today"), came), "today_replied": (_("First answered today"), replied),
             "today_resolved": (_("Resolved today"), settled)}  # fmt: skip
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(waiting, came, weekday),
        sections=[
            Section(title=_("Now"), key="now", tiles=[*_now(chosen, waiting, at), *_recoveries(chosen, at)]),
            Section(
                title=_("Since midnight"), key="since-midnight",
                tiles=[_so_far_tile(chosen, key, label, found, weekday) for key, (label, found) in facts.items()],
                charts=[_hours(chosen, spans, weekday), _people(chosen, loads, at)],
            ),
        ],
        basis=[
            _("Always this day of the zone, whatever the period.")
            + " " + _("The usual day is the median of the same weekday of the last %(n)d weeks up to this hour.")
            % {"n": WEEKS}
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------- now


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is open at this moment."""

    open: int
    unassigned: int
    owed: int
    owed_since: datetime | None
    unanswered: int
    unanswered_since: datetime | None
    waking: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has, or nobody: how many are open, of how many the customer waits, and for how many their first
    answer; each with since when the oldest does."""

    open: int
    owed: int
    owed_since: datetime | None
    unanswered: int
    unanswered_since: datetime | None


def _loads(chosen: Filter) -> dict[int | None, Load]:
    """What is open at this moment, by whom it is given to. One query."""
    found = reading.still_open(chosen).order_by().values_list("agent").annotate(
        n=Count("*"), owed=Count("waiting_since"), owed_since=Min("waiting_since"),
        unanswered=those(reading.IS_WAITING), since=Min("started_at", filter=reading.IS_WAITING),
    )  # fmt: skip
    return {agent: Load(*of) for agent, *of in found}


def _waiting(loads: Mapping[int | None, Load], waking: int) -> Waiting:
    return Waiting(
        open=sum(one.open for one in loads.values()),
        unassigned=loads[None].open if None in loads else 0,
        owed=sum(one.owed for one in loads.values()),
        owed_since=min((one.owed_since for one in loads.values() if one.owed_since), default=None),
        unanswered=sum(one.unanswered for one in loads.values()),
        unanswered_since=min((one.unanswered_since for one in loads.values() if one.unanswered_since), default=None),
        waking=waking,
    )


def _answer(waiting: Waiting, came: SoFar, weekday: str) -> list[str]:
    said = []
    if waiting.owed and waiting.owed_since:
        said.append(
            _("In %(n)s the customer waits for us, the longest for %(time)s.")
            % {"n": tickets(waiting.owed), "time": spell(_age(waiting.owed_since, clock.now()))}
        )
    else:
        said.append(_("Nobody waits for an answer of ours."))
    if came.usual is None:
        said.append(_("%(n)s came in since midnight.") % {"n": tickets(came.n)})
    else:
        facts = {"n": tickets(came.n), "usual": number(came.usual), "low": number(min(came.before)),
                 "high": number(max(came.before)), "day": weekday}  # fmt: skip
        said.append(
            _("%(n)s came in since midnight; on a %(day)s at this hour it is usually %(usual)s (%(low)s to %(high)s).")
            % facts
        )
    return said


def _age(since: datetime, at: datetime) -> int:
    return max(0, int((at - since).total_seconds()))


def _now(chosen: Filter, waiting: Waiting, at: datetime) -> list[Tile]:
    def oldest(key: str, label: str, since: datetime | None, n: int) -> list[Line]:
        if since is None:
            return []
        age = _age(since, at)
        return [Line(f"{key}.oldest", _("%(what)s: the oldest") % {"what": label}, age, "seconds",
                     _("the oldest for %(age)s") % {"age": spell(age)}, n)]  # fmt: skip

    owed, unanswered = _("Customers waiting for our answer"), _("Waiting for a first answer")
    return [
        tile(chosen, count("owed", owed, waiting.owed), oldest("owed", owed, waiting.owed_since, waiting.owed),
             behind="owed"),
        tile(chosen, count("waiting", unanswered, waiting.unanswered),
             oldest("waiting", unanswered, waiting.unanswered_since, waiting.unanswered), behind="waiting"),
        tile(chosen, count("open", _("Open now"), waiting.open), behind="open",
             notes=[_("open, pending and on hold")]),
        tile(chosen, count("unassigned", _("Open and unassigned"), waiting.unassigned), behind="unassigned"),
        tile(chosen, count("waking", _("Snoozed, waking today"), waiting.waking), behind="waking"),
    ]  # fmt: skip


def _recoveries(chosen: Filter, at: datetime) -> list[Tile]:
    """Recoveries somebody should take up today; nothing where there never was one."""
    rows = Recovery.objects.filter(inbox__in=chosen.inboxes)
    if chosen.team is not None:
        rows = rows.filter(ticket__team=chosen.team)
    if chosen.channel:
        rows = rows.filter(ticket__channel=chosen.channel)
    if chosen.topic:
        rows = rows.filter(ticket__topic__topic_id=int(chosen.topic))
    end = start_of_day(chosen.zone, chosen.first + timedelta(days=1))
    due = rows.exclude(state=RecoveryState.CLOSED).filter(taken_up_at=None, due_at__lt=end)
    found = due.aggregate(due=Count("*"), late=those(Q(due_at__lt=at)))
    if not rows.exists():
        return []
    lead = count("recoveries_due", _("Recoveries due today"), found["due"], "recoveries")
    late = count("recoveries_due.late", _("Recoveries overdue"), found["late"], "recoveries")
    said = Line(late.key, late.label, late.value, late.unit,
                _("%(n)s of them overdue") % {"n": number(found["late"])}, found["late"])  # fmt: skip
    return [tile(chosen, lead, [said] if found["late"] else ())]


# ---------------------------------------------------------------------- since midnight


def _spans(zone: str, at: datetime) -> list[Period]:
    """From midnight to this hour: today, and the same weekday before, the latest first."""
    here = at.astimezone(ZoneInfo(zone))
    spans = [Period(start_of_day(zone, here.date()), at)]
    for week in range(1, WEEKS + 1):
        day = here.date() - timedelta(weeks=week)
        spans.append(Period(start_of_day(zone, day), datetime.combine(day, here.time(), ZoneInfo(zone))))
    return spans


def _so_far(
    chosen: Filter, rows: "Callable[[Filter], QuerySet[TicketFacts]]", moment: str, spans: Sequence[Period]
) -> SoFar:
    wide = rows(chosen.on(chosen.first - timedelta(weeks=WEEKS), chosen.last))
    counted = by_slice(wide.filter(_in_one_of(moment, spans)), moment, list(reversed(spans)), n=Count("*"))
    today, *before = [n for _number, n in reversed(counted)] or [0]
    first = wide.order_by(moment).values_list(moment, flat=True).first()
    # weeks before anything was counted at all are no quiet weeks
    return SoFar(today, [n for n, span in zip(before, spans[1:], strict=False) if first and first < span.end])


def _in_one_of(moment: str, spans: Sequence[Period]) -> Q:
    asked = Q()
    for span in spans:
        asked |= within(moment, span)
    return asked


def _so_far_tile(chosen: Filter, key: str, label: str, found: SoFar, weekday: str) -> Tile:
    lines = []
    if found.usual is not None:
        low, high = min(found.before), max(found.before)
        lines = [
            Line(f"{key}.usual", _("%(what)s: usual at this hour") % {"what": label}, found.usual, "tickets",
                 _("usually %(n)s on a %(day)s at this hour") % {"n": number(found.usual), "day": weekday},
                 len(found.before)),
            Line(f"{key}.range", _("%(what)s: range of those days") % {"what": label}, None, "tickets",
                 _("%(low)s to %(high)s in %(n)d weeks")
                 % {"low": number(low), "high": number(high), "n": len(found.before)},
                 len(found.before), low, high),
        ]  # fmt: skip
    notes = [] if lines else [_("no such day before to compare with")]
    return tile(chosen, count(key, label, found.n), lines, notes, behind=key)


def _hours(chosen: Filter, spans: Sequence[Period], weekday: str) -> Chart:
    """New tickets by hour, beside the median of the days before."""
    days = [periods.local_day(span.start, chosen.zone) for span in spans]
    hours = [(day, hour, span) for day in reversed(days) for hour, span in periods.hours(day, chosen.zone)]
    came = reading.came_in(chosen.on(days[-1], days[0])).filter(
        _in_one_of("created_at", [periods.period(day, chosen.zone) for day in days])
    )
    counts: Counter[tuple[date, int]] = Counter()
    for number_, n in by_slice(came, "created_at", [span for _day, _hour, span in hours], n=Count("*")):
        if n:
            day, hour, _span = hours[number_ - 1]
            counts[day, hour] += n
    earliest = min((day for day, _hour in counts), default=days[0])
    before = [day for day in days[1:] if day >= earliest]
    here = clock.now().astimezone(ZoneInfo(chosen.zone)).hour
    fresh = [counts.get((days[0], hour), 0) if hour <= here else None for hour in range(24)]
    usual = [median([counts.get((day, hour), 0) for day in before]) if before else None for hour in range(24)]
    names = [f"{hour}:00" for hour in range(24)]
    title = _("When does it come in?")
    drawn = charts.bars(
        key="hours", title=title,
        about=_("New tickets by hour: today, and the median of %(n)d days before.") % {"n": len(before)},
        labels=names,
        series=[Series(_("today"), fresh), Series(_("usual"), usual, "quiet")], say=number, unfinished=here,
    )  # fmt: skip
    cells = [(one, other) for one, other in zip(fresh, usual, strict=True)]
    rows_said = [
        {"name": name, "label": name, "cells": [number(one), "—" if other is None else f"{other:g}"], "url": ""}
        for name, (one, other) in zip(names, cells, strict=True)
    ]
    return Chart(
        "hours", title, drawn, [_("Hour"), pgettext("this day", "Today"), _("Usual %(day)s") % {"day": weekday}],
        rows_said, cells, ["created_today", "created_usual"], definition_url("today_created"),
        note=_("The pale bars are of the hour that is not over yet."),
    )  # fmt: skip


# ---------------------------------------------------------------------- people


def _people(chosen: Filter, loads: Mapping[int | None, Load], at: datetime) -> Chart:
    """Who is here, and for leads what each of them has, and who is not here and has something; others see their own."""
    there = presence.here()
    load = {agent: (one.open, one.owed, one.owed_since) for agent, one in loads.items() if agent is not None}
    works_here = Q(teams__inboxes__in=chosen.inboxes) | Q(inbox_accesses__inbox__in=chosen.inboxes) | Q(role=Role.ADMIN)
    if chosen.team is not None:
        works_here &= Q(teams=chosen.team)
    here = Agent.objects.active().exclude(role=Role.LIGHT).filter(works_here, pk__in=there or ())
    if not chosen.is_lead:
        load = {agent: of for agent, of in load.items() if agent == chosen.reader}
    shown = Agent.objects.filter(Q(pk__in=load) | Q(pk__in=here.values("pk"))).order_by("name")
    rows, cells = [], []
    raw: tuple[int | None, ...]
    for agent in shown:
        n, owed, since = load.get(agent.pk, (0, 0, None))
        state = (
            _("away") if agent.is_away
            else "—" if there is None
            else pgettext("presence of a colleague", "here") if agent.pk in there
            else pgettext("presence of a colleague", "offline")
        )  # fmt: skip
        age = _age(since, at) if since else None
        if chosen.is_lead or agent.pk == chosen.reader:
            said, raw = [number(n), number(owed), spell(age)], (n, owed, age)
        else:  # what one colleague has is for them and for leads
            said, raw = [UNKNOWN] * 3, (None, None, None)
        rows.append({"name": agent.name, "label": agent.name, "url": "", "cells": [state, *said]})
        cells.append((state, *raw))
    return Chart(
        "people_here", _("Who is here, and what do they have?"), NO_DRAWING,
        [_("Agent"), pgettext("presence of a colleague", "State"), _("Open"), _("Customer waits"), _("Longest wait")],
        rows, cells, ["state", "open", "owed", "longest_wait_s"], definition_url("load"),
        note=_("Nobody can tell who is here at the moment.") if there is None else "" if rows
        else _("Nobody is here, and nobody has an open ticket."),
    )  # fmt: skip
