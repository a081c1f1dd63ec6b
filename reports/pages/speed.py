"""Speed: how long customers waited for a first answer, for each further one, on us, and until it was done."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils import dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk import clock
from reports import charts, reading
from reports.charts import Series
from reports.charts.bins import bins
from reports.charts.heat import Cell, heat
from reports.charts.ranges import Range, ranges
from reports.charts.survival import survival
from reports.counting import aggregates, changes, cohorts, service_sets
from reports.counting.cohorts import Cohort, Curve, OfInbox
from reports.counting.figures import FEW
from reports.counting.statistics import Percentiles
from reports.ledger.columns import Ordered, Packed, how_many, percentiles, quantile, tallied, together, unpack
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.pages import page
from reports.pages.parts import NO_DRAWING, count, interval_line, share, share_line, tile, times
from reports.periods import Period
from reports.reading import Filter, Slice
from reports.showing.blocks import Change, Chart, Line, Report, Section, Tile
from reports.showing.words import (
    UNKNOWN,
    days,
    definition_url,
    number,
    percent,
    slice_name,
    spell,
    tickets,
    tickets_url,
    unit_name,
)

HOUR, DAY = 3600, 86_400
#: named bins: up to so many seconds
EDGES = {
    "first_response": (15 * 60, HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 7 * DAY),
    "next_response": (15 * 60, HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 7 * DAY),
    "resolution": (HOUR, 4 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of time, each value in order of size: by the calendar and in business hours."""

    seconds: Ordered
    business_seconds: Ordered

    @property
    def calendar(self) -> Percentiles:
        return percentiles(self.seconds)

    @property
    def business(self) -> Percentiles:
        return percentiles(self.business_seconds)


@dataclass(frozen=True, slots=True)
class Times:
    """The four kinds of time of one choice."""

    first_response: Measured
    next_response: Measured
    our_wait: Measured
    resolution: Measured
    on_hold: Percentiles
    #: next response times, slice by slice
    next_slices: Sequence[Ordered]


@page("speed", gettext_lazy("Speed"), gettext_lazy("How long do customers wait, and for what?"), "service")
def build(chosen: Filter) -> Report:
    """First response, next response, the wait on us, resolution."""
    at = clock.now()
    other = chosen.compared()
    found = _times(chosen)
    before = _times(other) if other else None
    came = cohorts.cohort(chosen, at)
    came_before = cohorts.cohort(other, at) if other else None
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(found, came.targets),
        sections=[
            Section(
                key="times", tiles=[*_tiles(chosen, found, before), *_abandoned(chosen, came, came_before)],
                charts=[
                    _histogram("first_response", _("How long until the first answer?"), found.first_response),
                    _histogram("next_response", _("How long until the next answer?"), found.next_response),
                    _histogram("resolution", _("How long until it is resolved?"), found.resolution),
                    _waits(chosen, found),
                ],
            ),
            Section(
                title=_("Those not done yet are counted too"), key="still-open",
                about=_(
                    "Looking at finished tickets alone forgets whoever still waits. These are all tickets that came in "
                    "the period; who is not done counts as waiting for as long as it has been."
                ),
                tiles=[
                    _survival_tile(
                        chosen, "still_open.first_response", _("First answer"), came.first_reply, "never_answered"
                    ),
                    _survival_tile(chosen, "still_open.resolution", _("Resolution"), came.resolution, ""),
                ],
                charts=[
                    _curve(
                        "curve_first_response", _("How many are still without an answer?"), came.first_reply,
                        _("waiting"),
                    ),
                    _curve("curve_resolution", _("How many are still not resolved?"), came.resolution, _("open")),
                ],
            ),
            Section(
                title=_("When customers write"), key="arrival", charts=_arrival(chosen, came),
            ),
            Section(
                title=_("First response targets"), key="targets",
                tiles=_target_tiles(chosen, came.targets, came_before),
                charts=_target_charts(came.targets),
                notes=[] if came.targets else [_("No ticket of this choice was owed a first answer.")],
            ),
        ],
        left_out=_left_out(chosen, came.started_by_us),
        basis=[
            _("First response, next response, waits and resolution are counted by when they happened; curves, hours of "
              "arrival and targets by when the ticket came."),
            _("Calendar time, and business hours of the inbox beside it."),
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------- read


def _times(chosen: Filter) -> Times:
    replies = aggregates.measure(reading.replied(chosen), "frt_s", "frt_business_s")
    slices = reading.cut(chosen, reading.units(chosen)[0])
    answers = {
        number: (unpack(seconds), unpack(business))
        for number, seconds, business in tallied(
            service_sets.answers(chosen, "next").annotate(slice=Slice("at", slices)), "slice",
            a=Packed("seconds"), b=Packed("business_seconds"))
    }  # fmt: skip
    settled = aggregates.measure(
        reading.measured(chosen), "resolution_s", "resolution_business_s", "open_s", "business_open_s", "on_hold_s"
    )
    return Times(
        Measured(replies["frt_s"], replies["frt_business_s"]),
        Measured(together(one for one, _b in answers.values()), together(one for _a, one in answers.values())),
        Measured(settled["open_s"], settled["business_open_s"]),
        Measured(settled["resolution_s"], settled["resolution_business_s"]),
        percentiles(settled["on_hold_s"]),
        [answers[i][0] if i in answers else () for i in range(1, len(slices) + 1)],
    )


def _left_out(chosen: Filter, agents: int) -> list[tuple[Line, str]]:
    n = how_many(reading.bulk_closed(chosen))
    found = []
    if n:
        line = count("left_out.bulk_closed", _("Left out: closed in bulk"), n)
        found.append((_say(line, _("%(n)s closed in bulk") % {"n": tickets(n)}), tickets_url("bulk_closed", chosen)))
    if agents:
        line = count("left_out.agent", _("Left out of first response: started by us"), agents)
        found.append((_say(line, _("%(n)s started by us, in first response") % {"n": tickets(agents)}), ""))
    return found


def _say(line: Line, said: str) -> Line:
    return Line(line.key, line.label, line.value, line.unit, said, line.n, line.low, line.high, line.change)


# ---------------------------------------------------------------------- words and tiles


def _answer(found: Times, of_inboxes: Sequence[OfInbox]) -> list[str]:
    said = []
    first, following, done = found.first_response.calendar, found.next_response.calendar, found.resolution.calendar
    if first.p50 is not None:
        said.append(
            _("Half of the customers had a first answer within %(p50)s, 9 of 10 within %(p90)s.")
            % {"p50": spell(first.p50), "p90": spell(first.p90)}
        )
    if following.p50 is not None:
        said.append(_("Further answers took %(p50)s on the median.") % {"p50": spell(following.p50)})
    if done.p50 is not None:
        said.append(_("Half of what was resolved was done within %(p50)s.") % {"p50": spell(done.p50)})
    met = sum(one.attainment.met for one in of_inboxes)
    judged = met + sum(one.attainment.breached for one in of_inboxes)
    if judged >= SMALLEST_CELL:
        share = {"share": percent(met / judged)}
        said.append(_("The target for the first answer was met for %(share)s of them.") % share)
    return said or [_("Nobody was answered and nothing was resolved in this period.")]


def _tiles(chosen: Filter, found: Times, before: Times | None) -> list[Tile]:
    def change(now: Measured, then: Measured | None) -> Change | None:
        return changes.median_change(then.seconds, now.seconds, compare=chosen.compare) if then else None

    def made(key: str, label: str, basis: str, unit: str = "tickets") -> Tile:
        now, then = getattr(found, key), getattr(before, key) if before else None
        return times(chosen, key, label, now.calendar, now.business, basis=basis, change=change(now, then), unit=unit)

    return [
        made("first_response", _("First response time"), _("answered in this period, whenever they came")),
        made("next_response", _("Next response time"), _("answers given in this period"), "answers"),
        _our_wait(
            made("our_wait", _("Time the customer waited on us"), _("of tickets resolved in this period")), found
        ),
        made("resolution", _("Resolution time"), _("resolved in this period, whenever they came")),
    ]


def _our_wait(made: Tile, found: Times) -> Tile:
    """Beside it what was waited on others."""
    if not found.on_hold.p90:
        return made
    said = _("on others, 9 of 10 at most %(time)s") % {"time": spell(found.on_hold.p90)}
    label = _("Waited on others: 90th percentile")
    line = Line("our_wait.on_hold.p90", label, found.on_hold.p90, "seconds", said, found.on_hold.n)
    return Tile(made.lead, (*made.companions, line), made.notes, made.definition_url, made.tickets_url)


def _abandoned(chosen: Filter, came: Cohort, before: Cohort | None) -> list[Tile]:
    """Chats whose visitor left; nothing where nobody chats."""
    if not came.chats:
        return []
    change = changes.share_change(
        (before.abandoned, before.chats), (came.abandoned, came.chats), compare=chosen.compare, better="less"
    ) if before else None  # fmt: skip
    return [share(chosen, "abandoned", _("Visitors who left"), came.abandoned, came.chats, of=_("chats"),
                  behind="abandoned", change=change)]  # fmt: skip


def _survival_tile(chosen: Filter, key: str, label: str, curve: Curve, behind: str) -> Tile:
    lead = Line(f"{key}.median", _("%(what)s: median, open ones counted") % {"what": label}, curve.median, "seconds",
                spell(curve.median), curve.n)  # fmt: skip
    lines = [
        Line(f"{key}.n", _("%(what)s: how many came") % {"what": label}, curve.n, "tickets", tickets(curve.n), curve.n),
        Line(f"{key}.open", _("%(what)s: not done so far") % {"what": label}, curve.censored, "tickets",
             _("%(n)s of them not done so far") % {"n": number(curve.censored)}, curve.n),
        Line(f"{key}.ended_median", _("%(what)s: median of the finished alone") % {"what": label},
             curve.median_of_ended, "seconds",
             _("the finished alone would say %(time)s") % {"time": spell(curve.median_of_ended)}, curve.ended),
    ]  # fmt: skip
    notes = [_("unknown: fewer than half are done")] if curve.median is None and curve.n else []
    return tile(chosen, lead, lines, notes, definition="still_open", behind=behind)


# ---------------------------------------------------------------------- charts


def _histogram(key: str, title: str, found: Measured) -> Chart:
    names, counts = _bin_names(EDGES[key]), aggregates.bins(found.seconds, EDGES[key])
    total = sum(counts)
    drawn = bins(
        key=f"bins_{key}", title=title,
        about=_("Median %(p50)s, 9 of 10 within %(p90)s.")
        % {"p50": spell(found.calendar.p50), "p90": spell(found.calendar.p90)},
        rows=[(name, n, "") for name, n in zip(names, counts, strict=True)],
    )  # fmt: skip
    cells = [(n, n / total if total else None) for n in counts]
    return Chart(
        f"bins_{key}", title, drawn, [_("Time"), _("How many"), _("Share")],
        [{"name": name, "label": name, "cells": [number(n), percent(of)], "url": ""}
         for name, (n, of) in zip(names, cells, strict=True)],
        cells, ["n", "share"], definition_url(key), _("Calendar time."),
    )  # fmt: skip


def _bin_names(edges: Sequence[int]) -> list[str]:
    said = [spell(edge) if edge < DAY else ngettext("%(n)d day", "%(n)d days", edge // DAY) % {"n": edge // DAY}
            for edge in edges]  # fmt: skip
    between = [_("%(from)s to %(to)s") % {"from": one, "to": other} for one, other in pairwise(said)]
    return [_("up to %(time)s") % {"time": said[0]}, *between, _("longer than %(time)s") % {"time": said[-1]}]


def _curve(key: str, title: str, curve: Curve, name: str) -> Chart:
    last = curve.points[-1].left if curve.points else 1.0
    drawn = survival(
        key=key, title=title,
        about=_("Of %(n)s, %(left)s are left at the end of the curve; half are done after %(median)s.")
        % {"n": tickets(curve.n), "left": percent(last), "median": spell(curve.median)},
        points=curve.points, end=max(curve.end, 60), median=curve.median, say=spell,
        say_median=_("half: %(time)s") % {"time": spell(curve.median)}, name=f"{percent(last)} {name}",
    )  # fmt: skip
    marks = [60 * 60, 4 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY]
    rows, cells = [], []
    for mark in (one for one in marks if one <= curve.end):
        point = next((one for one in reversed(curve.points) if one.time <= mark), None)
        values = (point.left, point.low, point.high) if point else (1.0, None, None)
        cells.append(values)
        rows.append({"name": spell(mark), "label": str(mark), "cells": [percent(value) for value in values], "url": ""})
    return Chart(
        key, title, drawn if curve.n else NO_DRAWING, [_("After"), _("Not done"), _("at least"), _("at most")],
        rows, cells, ["left", "left_low", "left_high"], definition_url("still_open"),
        _("The band is the confidence interval (95 in 100). Time runs slower to the right.")
        if curve.n else _("Nothing came in."),
    )  # fmt: skip


def _arrival(chosen: Filter, came: Cohort) -> list[Chart]:
    """The first response time by weekday and hour of arrival, and how many come at which hour."""
    found = {(day + 1, hour): (n, len(took), quantile(took, 0.5)) for (day, hour), (n, took) in came.arrival.items()}
    names = [str(dates.WEEKDAYS_ABBR[day]) for day in range(7)]
    shown = sorted(q for _wrote, n, q in found.values() if q is not None and n >= SMALLEST_CELL)
    drawn_rows, said, cells = [], [], []
    for hour in range(24):
        drawn, words, raw = [], [], []
        for day in range(1, 8):
            wrote, n, half = found.get((day, hour), (0, 0, None))
            told = _("%(day)s %(hour)d:00: %(n)s came, first answer after %(time)s") % {
                "day": dates.WEEKDAYS[day - 1], "hour": hour, "n": tickets(wrote), "time": spell(half)}  # fmt: skip
            strength = None
            if half is not None and n >= SMALLEST_CELL and shown:
                strength = bisect_left(shown, half) / max(len(shown), 1)
            drawn.append(Cell(_short(half) if wrote else "", told, strength))
            words.append(f"{spell(half)} ({number(wrote)})" if wrote else UNKNOWN)
            raw += [wrote, half]
        drawn_rows.append((f"{hour}:00", drawn))
        said.append({"name": f"{hour}:00", "label": str(hour), "cells": words, "url": ""})
        cells.append(tuple(raw))
    title = _("After how long is the first answer given, by when they wrote?")
    picture = heat(
        key="arrival", title=title,
        about=_("The median first response time for each hour of the week: %(days)s.") % {"days": days(chosen)},
        columns=names, rows=drawn_rows,
    )  # fmt: skip
    raw_columns = [f"{day}_{what}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
                   for what in ("came", "median_s")]  # fmt: skip
    # people read one cell a weekday, files two columns
    of_hours = Chart(
        "arrival", title, picture, [_("Hour"), *names], said, cells, raw_columns, definition_url("arrival"),
        _("Median in calendar time; stronger is longer; hours of fewer than %(n)d have no colour.")
        % {"n": SMALLEST_CELL},
    )  # fmt: skip
    return [of_hours, _by_hour(chosen, [sum(found.get((day, hour), (0, 0, None))[0] for day in range(1, 8))
                                        for hour in range(24)])]  # fmt: skip


def _by_hour(chosen: Filter, counts: Sequence[int]) -> Chart:
    title = _("At which hour do they write?")
    names = [f"{hour}:00" for hour in range(24)]
    about = _("Tickets of customers by hour of the day: %(days)s.") % {"days": days(chosen)}
    drawn = charts.bars(
        key="by_hour", title=title, about=about, labels=names, series=[Series(_("new"), counts)], say=number,
    )  # fmt: skip
    return Chart(
        "by_hour", title, drawn, [_("Hour"), _("Tickets")],
        [{"name": name, "label": name, "cells": [number(n)], "url": ""} for name, n in zip(names, counts, strict=True)],
        [(n,) for n in counts], ["came"], definition_url("arrival"),
    )  # fmt: skip


def _short(seconds: float | None) -> str:
    """A time in one unit: a cell is small."""
    if seconds is None:
        return UNKNOWN
    if seconds < HOUR:
        return _("%(n)d min") % {"n": round(seconds / 60)}
    if seconds < 2 * DAY:
        return _("%(n)d h") % {"n": round(seconds / HOUR)}
    return _("%(n)d d") % {"n": round(seconds / DAY)}


def _waits(chosen: Filter, times_: Times) -> Chart:
    """The next response time, slice by slice."""
    unit, _coarse = reading.units(chosen)
    slices: Sequence[Period] = reading.cut(chosen, unit)
    found = [percentiles(one) for one in times_.next_slices]
    names = [slice_name(one, chosen.zone, unit) for one in slices]
    title = _("How did the next answers do over time?")
    drawn = charts.lines(
        key="next_over_time", title=title,
        about=_("Median and 90th percentile of the next response time: %(days)s.") % {"days": days(chosen)},
        labels=names, lower=Series(_("half within"), [one.p50 for one in found]),
        upper=Series(_("9 of 10 within"), [one.p90 for one in found], "second"), say=spell,
    )  # fmt: skip
    cells = [(one.n, one.p50, one.p90) for one in found]
    return Chart(
        "next_over_time", title, drawn, [unit_name(unit), _("Answers"), _("Median"), _("90th percentile")],
        [{"name": name, "label": one.label, "cells": [number(n), spell(p50), spell(p90)], "url": ""}
         for name, one, (n, p50, p90) in zip(names, slices, cells, strict=True)],
        cells, ["next_n", "next_median_s", "next_p90_s"], definition_url("next_response"), _("Calendar time."),
    )  # fmt: skip


# ---------------------------------------------------------------------- targets


def _target_tiles(chosen: Filter, of_inboxes: Sequence[OfInbox], before: Cohort | None) -> list[Tile]:
    if not of_inboxes:
        return []
    met = sum(one.attainment.met for one in of_inboxes)
    breached = sum(one.attainment.breached for one in of_inboxes)
    running = sum(one.attainment.running for one in of_inboxes)
    label = _("First response target met")
    change = None
    if before is not None:
        then = sum(one.attainment.met for one in before.targets)
        judged = then + sum(one.attainment.breached for one in before.targets)
        change = changes.share_change((then, judged), (met, met + breached), compare=chosen.compare)
    lead = share_line("target", label, met, met + breached, change=change)
    lines = [
        Line("target.n", _("First response target: of how many"), met + breached, "tickets",
             _("%(met)s met, %(breached)s breached") % {"met": number(met), "breached": number(breached)},
             met + breached),
        Line("target.running", _("First response target: still running"), running, "tickets",
             _("%(n)s still running, in neither") % {"n": number(running)}, running),
    ]  # fmt: skip
    if lead.low is not None:
        lines.append(interval_line("target", label, lead))
    return [tile(chosen, lead, lines, [_("the targets of the inboxes as they are today")], definition="target")]


def _target_charts(of_inboxes: Sequence[OfInbox]) -> list[Chart]:
    if not of_inboxes:
        return []
    rows, cells, drawn = [], [], []
    for one in of_inboxes:
        found = one.attainment
        judged = found.met + found.breached
        line = share_line("", "", found.met, judged)
        between = f"{percent(line.low)} – {percent(line.high)}" if line.low is not None else UNKNOWN
        told = f"{percent(found.share)} · {number(judged)}"
        drawn.append(Range(one.name, found.share, line.low, line.high, told, judged < FEW))
        cells.append((one.target_s, found.met, found.breached, found.running, found.share, line.low, line.high))
        rows.append({"name": one.name, "label": one.name, "url": "", "cells": [
            spell(one.target_s), number(found.met), number(found.breached), number(found.running),
            percent(found.share), between]})  # fmt: skip
    title = _("Which inboxes keep their target?")
    return [Chart(
        "targets", title,
        ranges(key="targets", title=title, about=", ".join(f"{one.name}: {one.said}" for one in drawn), rows=drawn),
        [_("Inbox"), _("Target"), _("Met"), _("Breached"), _("Running"), _("Share met"), _("between")],
        rows, cells, ["target_s", "met", "breached", "running", "share", "share_low", "share_high"],
        definition_url("target"),
    )]  # fmt: skip
