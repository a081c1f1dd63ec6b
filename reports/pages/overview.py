"""The overview: what came in, how fast we were, and what customers said, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import charts, periods
from reports.charts import Marks, Series
from reports.counting import changes
from reports.counting import figures as service_figures
from reports.counting.figures import FEW, AnswerSlice, Figures, Open, TicketSlice, Times
from reports.metrics.satisfaction import DISSATISFIED, SATISFIED, SMALLEST_CELL, csat_difference
from reports.pages import GROUPS, page
from reports.pages.parts import alike
from reports.periods import Period
from reports.reading import Filter
from reports.showing import annotations
from reports.showing.blocks import Change, Chart, Line, Report, Section, Tile
from reports.showing.words import (
    LEFT_OUT,
    UNKNOWN,
    answers,
    channel_name,
    days,
    definition_url,
    number,
    percent,
    reason_name,
    slice_name,
    spell,
    tickets,
    tickets_url,
    unit_name,
)

#: the longest period whose answers are joined with their tickets
JOINED_DAYS = 98


@page("overview", gettext_lazy("Overview"),
      gettext_lazy("How much came in, how fast we answered, and what customers said about it?"), "both")  # fmt: skip
def build(chosen: Filter) -> Report:
    """How much came in, how fast we were, what customers said."""
    figures = service_figures.service(chosen)
    other = chosen.compared()
    before = service_figures.service(other) if other else None
    return Report(
        chosen=chosen,
        taken_at=figures.taken_at,
        answer=[*_answer(figures), *_joined(figures)],
        sections=_sections(tiles(figures, before), draw(figures)),
        left_out=left_out(figures),
        basis=[
            _("First response and resolution are counted by when they happened, not by when the ticket came."),
            alike(),
        ],
    )


def _answer(figures: Figures) -> list[str]:
    said = [
        _("%(created)s came in and %(resolved)s were resolved.")
        % {"created": tickets(figures.volume.created), "resolved": number(figures.volume.resolved)}
    ]
    times, csat = figures.first_response.calendar, figures.csat
    if times.p50 is not None:
        said.append(_("Half of the customers had a first answer within %(time)s.") % {"time": spell(times.p50)})
    if not figures.hides_csat:
        said.append(
            _("%(share)s of those who answered were satisfied (%(n)s).")
            % {"share": percent(csat.share), "n": answers(csat.n)}
        )
    return said


def _sections(said: Sequence[Tile], drawn: Sequence[Chart]) -> list[Section]:
    """What we did beside what they felt; then the other drawings, so that neither side is longer than the other."""
    felt, sides = {"csat", "response_rate"}, {"csat"}
    return [
        Section(
            title=str(GROUPS["service" if not is_felt else "experience"]), is_half=True, key=key,
            tiles=[tile for tile in said if (tile.lead.key in felt) == is_felt],
            charts=[chart for chart in drawn if chart.key in sides and is_felt],
        )
        for key, is_felt in (("service", False), ("experience", True))
    ] + [Section(key="further", charts=[chart for chart in drawn if chart.key not in sides])]  # fmt: skip


def _joined(figures: Figures) -> list[str]:
    """What joins the two: whether those answered sooner were more often satisfied. Silent while few answered, and of
    long periods, where it would be the slowest of all figures: the page on service and experience says more."""
    middle = figures.first_response.calendar.p50
    if middle is None or figures.chosen.days > JOINED_DAYS:
        return []
    found = service_figures.satisfied_by_first_response(figures.chosen, middle)
    rest = figures.csat.n - found.sooner.n - found.later.n
    if figures.hides_csat or min(found.sooner.n, found.later.n) < FEW or 0 < rest < SMALLEST_CELL:
        return []
    difference = csat_difference(found.later, found.sooner)
    facts = {
        "time": spell(middle), "sooner": percent(found.sooner.share), "later": percent(found.later.share),
        "n": answers(found.sooner.n), "m": answers(found.later.n),
    }  # fmt: skip
    said = _("Answered within %(time)s, %(sooner)s were satisfied (%(n)s); answered later, %(later)s (%(m)s).") % facts
    if difference is None or not difference.distinguishable:
        link = _("No clear link between the first answer's speed and satisfaction.")
    elif difference.value > 0:
        link = _("A faster first answer goes with more satisfied customers.")
    else:
        link = _("A slower first answer goes with more satisfied customers.")
    return [said, link]


# ---------------------------------------------------------------------- tiles


def tiles(figures: Figures, before: Figures | None = None) -> list[Tile]:
    """Everything the page says in numbers, in its order, each beside what it was before."""
    said = _tiles(figures)
    if before is None:
        return said
    found = _changes(before, figures)
    return [replace(tile, lead=replace(tile.lead, change=found.get(tile.lead.key))) for tile in said]


def _changes(before: Figures, after: Figures) -> dict[str, Change | None]:
    """What changed, by the key of the number. What is open now has no before."""
    compare = after.chosen.compare
    return {
        "created": changes.count_change(before.volume.created, after.volume.created, compare=compare),
        "resolved": changes.count_change(before.volume.resolved, after.volume.resolved, compare=compare),
        "first_response.median": changes.median_change(
            before.first_response.seconds, after.first_response.seconds, compare=compare),
        "resolution.median": changes.median_change(
            before.resolution.seconds, after.resolution.seconds, compare=compare),
        "csat": changes.share_change(
            (before.csat.satisfied, 0 if before.hides_csat else before.csat.n),
            (after.csat.satisfied, 0 if after.hides_csat else after.csat.n), compare=compare, smallest=SMALLEST_CELL),
        "response_rate": changes.share_change(
            (before.response_rate.answered, before.response_rate.delivered),
            (after.response_rate.answered, after.response_rate.delivered), compare=compare),
    }  # fmt: skip


def _tiles(figures: Figures) -> list[Tile]:
    return [
        _tile(figures, "created", *_created(figures)),
        _tile(figures, "resolved", _count("resolved", _("Resolved"), figures.volume.resolved)),
        _tile(figures, "open", *_open("open", _("Open now"), figures.resolution.unfinished, figures)),
        _tile(figures, "waiting", *_open(
            "waiting", _("Waiting for a first answer now"), figures.first_response.unfinished, figures)),
        _times(figures, "first_response", _("First response time"), figures.first_response,
               _("answered in this period, whenever they came")),
        _times(figures, "resolution", _("Resolution time"), figures.resolution,
               _("resolved in this period, whenever they came")),
        _csat(figures),
        _response_rate(figures),
    ]  # fmt: skip


def left_out(figures: Figures) -> list[tuple[Line, str]]:
    """What the numbers leave out, with counts, and where the tickets are listed."""
    lines = []
    for key, counts in (("created", figures.volume.left_out), ("resolution", figures.resolution.left_out)):
        for reason, n in counts.items():
            words = str(LEFT_OUT.get(reason, reason))
            line = Line(f"{key}.left_out.{reason}", _("Left out: %(reason)s") % {"reason": words}, n, "tickets",
                        f"{tickets(n)} {words}")  # fmt: skip
            lines.append((line, tickets_url(reason, figures.chosen) if reason == "bulk_closed" else ""))
    return lines


def _tile(figures: Figures, key: str, lead: Line, *companions: Line, notes: Sequence[str] = ()) -> Tile:
    return Tile(lead, companions, notes, definition_url(key), tickets_url(key, figures.chosen))


def _count(key: str, label: str, n: int) -> Line:
    return Line(key, label, n, "tickets", number(n), n)


def _created(figures: Figures) -> Iterator[Line]:
    volume = figures.volume
    yield _count("created", _("New tickets"), volume.created)
    if len(volume.by_channel) > 1:
        for channel, n in volume.by_channel.items():
            name = channel_name(channel)
            yield Line(f"created.{channel}", _("New tickets: %(channel)s") % {"channel": name}, n, "tickets",
                       f"{name} {number(n)}", n)  # fmt: skip


def _open(key: str, label: str, unfinished: Open, figures: Figures) -> Iterator[Line]:
    yield _count(key, label, unfinished.n)
    age = unfinished.age_s(figures.taken_at)
    if age is not None:
        yield Line(f"{key}.oldest", _("%(what)s: the oldest") % {"what": label}, age, "seconds",
                   _("the oldest for %(age)s") % {"age": spell(age)}, unfinished.n)  # fmt: skip


def _times(figures: Figures, key: str, label: str, times: Times, basis: str) -> Tile:
    calendar, business = times.calendar, times.business
    lead = Line(f"{key}.median", _("%(what)s: median") % {"what": label}, calendar.p50, "seconds",
                spell(calendar.p50), calendar.n)  # fmt: skip
    lines = [
        Line(f"{key}.n", _("%(what)s: how many tickets") % {"what": label}, calendar.n, "tickets", tickets(calendar.n)),
        Line(f"{key}.p90", _("%(what)s: 90th percentile") % {"what": label}, calendar.p90, "seconds",
             _("9 of 10 within %(time)s") % {"time": spell(calendar.p90)}, calendar.n),
    ]  # fmt: skip
    notes = [basis]
    if business is not None:
        lines += [
            Line(f"{key}.business.median", _("%(what)s in business hours: median") % {"what": label}, business.p50,
                 "seconds", _("in business hours: %(time)s") % {"time": spell(business.p50)}, business.n),
            Line(f"{key}.business.p90", _("%(what)s in business hours: 90th percentile") % {"what": label},
                 business.p90, "seconds",
                 _("in business hours, 9 of 10 within %(time)s") % {"time": spell(business.p90)}, business.n),
        ]  # fmt: skip
        if business.n < calendar.n:
            notes.append(_("business hours are known for %(n)s of them") % {"n": number(business.n)})
    elif calendar.n:
        notes.append(_("business hours are not set"))
    return Tile(lead, lines, notes, definition_url(key), tickets_url(key, figures.chosen))


def _csat(figures: Figures) -> Tile:
    csat = figures.csat
    label = _("Satisfied customers (CSAT)")
    count = Line("csat.n", _("CSAT: how many answers"), csat.n, "answers", answers(csat.n))
    url = tickets_url("csat", figures.chosen)
    if figures.hides_csat:
        lead = Line("csat", label, None, "share", UNKNOWN, csat.n)
        words = [figures.guard.said]
        return Tile(lead, [count], words, definition_url("csat"), "")
    lead = Line("csat", label, csat.share, "share", percent(csat.share), csat.n, csat.low, csat.high)
    bottom = csat.bottom2
    lines = [
        count,
        Line("csat.interval", _("CSAT: confidence interval (95 in 100)"), None, "share",
             _("between %(low)s and %(high)s") % {"low": percent(csat.low), "high": percent(csat.high)},
             csat.n, csat.low, csat.high),
        Line("csat.bottom2", _("CSAT: dissatisfied (1 or 2)"), bottom, "share",
             _("%(share)s gave 1 or 2") % {"share": percent(bottom)}, csat.n),
    ]  # fmt: skip
    notes = [_("few answers")] if csat.n < FEW else []
    return Tile(lead, lines, notes, definition_url("csat"), url)


def _response_rate(figures: Figures) -> Tile:
    rate = figures.response_rate
    lead = Line("response_rate", _("Response rate"), rate.rate, "share", percent(rate.rate), rate.delivered,
                rate.low, rate.high)  # fmt: skip
    lines = [
        Line("response_rate.n", _("Response rate: customers asked"), rate.delivered, "customers",
             _("%(answered)s of %(asked)s asked in this period answered so far")
             % {"answered": number(rate.answered), "asked": number(rate.delivered)}, rate.delivered),
    ]  # fmt: skip
    if rate.low is not None:
        lines.append(
            Line("response_rate.interval", _("Response rate: confidence interval (95 in 100)"), None, "share",
                 _("between %(low)s and %(high)s") % {"low": percent(rate.low), "high": percent(rate.high)},
                 rate.delivered, rate.low, rate.high)
        )  # fmt: skip
    if figures.held_back:
        n = sum(figures.held_back.values())
        reasons = ", ".join(f"{reason_name(reason)} {number(count)}" for reason, count in figures.held_back.items())
        lines.append(
            Line("response_rate.held_back", _("Response rate: customers not asked"), n, "customers",
                 _("%(n)s not asked: %(reasons)s") % {"n": number(n), "reasons": reasons}, n)
        )  # fmt: skip
    return Tile(lead, lines, (), definition_url("response_rate"), tickets_url("response_rate", figures.chosen))


# ---------------------------------------------------------------------- charts


def draw(figures: Figures) -> list[Chart]:
    """The charts of the page, each with its table."""
    notes = annotations.of(figures.chosen)
    happened = _marks(notes, figures.slices, figures.chosen.zone)
    return [
        _volume_chart(figures, happened),
        *_answer_charts(figures, _marks(notes, figures.answer_slices, figures.chosen.zone)),
        _times_chart(figures, "first_response", _("How long did customers wait for a first answer?"), happened),
        _times_chart(figures, "resolution", _("How long did it take to resolve tickets?"), happened),
    ]


def _marks(notes: Sequence[annotations.Note], slices: Sequence[TicketSlice | AnswerSlice], zone: str) -> Marks:
    spans = [(periods.local_day(one.period.start, zone), periods.local_day(one.period.end, zone)) for one in slices]
    return annotations.marks(notes, spans)


def _volume_chart(figures: Figures, marks: Marks) -> Chart:
    slices = figures.slices
    names = [slice_name(one.period, figures.chosen.zone, figures.unit) for one in slices]
    title = _("How much came in, and how much was resolved?")
    running = next((i for i, one in enumerate(slices) if one.period.end > figures.taken_at), -1)
    svg = charts.bars(
        key="volume",
        title=title,
        about=_("%(created)s came in and %(resolved)s were resolved: %(days)s.") % {
            "created": tickets(figures.volume.created), "resolved": number(figures.volume.resolved),
            "days": days(figures.chosen)},
        labels=names,
        series=[
            Series(_("New"), [one.created for one in slices]),
            Series(_("Resolved"), [one.resolved for one in slices], "second"),
        ],
        say=number,
        unfinished=running,
        marks=marks,
    )  # fmt: skip
    cells = [(one.created, one.resolved) for one in slices]
    return Chart(
        "volume", title, svg, [unit_name(figures.unit), _("New"), _("Resolved")],
        _rows(figures, names, [[number(value) for value in row] for row in cells], marks), cells,
        ["created", "resolved"], definition_url("created"),
        _("The pale bars are not over yet.") if running >= 0 else "",
    )  # fmt: skip


def _times_chart(figures: Figures, key: str, title: str, marks: Marks) -> Chart:
    slices = figures.slices
    names = [slice_name(one.period, figures.chosen.zone, figures.unit) for one in slices]
    found = [one.first_response if key == "first_response" else one.resolution for one in slices]
    whole = figures.first_response if key == "first_response" else figures.resolution
    svg = charts.lines(
        key=key,
        title=title,
        about=_("Median %(median)s, 9 of 10 within %(p90)s, from %(n)s: %(days)s. Calendar time.") % {
            "median": spell(whole.calendar.p50), "p90": spell(whole.calendar.p90), "n": tickets(whole.calendar.n),
            "days": days(figures.chosen)},
        labels=names,
        lower=Series(_("half within"), [one.p50 for one in found]),
        upper=Series(_("9 of 10 within"), [one.p90 for one in found], "second"),
        say=spell,
        marks=marks,
    )  # fmt: skip
    cells = [(one.n, one.p50, one.p90) for one in found]
    return Chart(
        key, title, svg, [unit_name(figures.unit), _("Tickets"), _("Median"), _("90th percentile")],
        _rows(figures, names, [[number(n), spell(p50), spell(p90)] for n, p50, p90 in cells], marks), cells,
        [f"{key}_n", f"{key}_median_s", f"{key}_p90_s"], definition_url(key), _("Calendar time."),
    )  # fmt: skip


def _answer_charts(figures: Figures, marks: Marks) -> Iterator[Chart]:
    if figures.hides_csat:
        return
    slices = figures.answer_slices
    names = [slice_name(one.period, figures.chosen.zone, figures.answers_unit) for one in slices]
    shown = [None if one.is_hidden or not one.csat.n else one.csat for one in slices]
    title = _("How many customers were satisfied?")
    svg = charts.shares(
        key="csat",
        title=title,
        about=_("%(share)s satisfied, between %(low)s and %(high)s, from %(n)s: %(days)s.") % {
            "share": percent(figures.csat.share), "low": percent(figures.csat.low), "high": percent(figures.csat.high),
            "n": answers(figures.csat.n), "days": days(figures.chosen)},
        labels=names,
        series=Series(_("satisfied"), [one.share if one else None for one in shown]),
        low=[one.low if one else None for one in shown],
        high=[one.high if one else None for one in shown],
        say=percent,
        marks=marks,
    )  # fmt: skip
    cells: list[tuple[object, ...]] = []
    words = []
    for one, csat in zip(slices, shown, strict=True):
        if csat:
            cells.append((csat.n, csat.share, csat.low, csat.high))
            words.append([number(csat.n), percent(csat.share), percent(csat.low), percent(csat.high)])
        else:
            cells.append((None if one.is_hidden else 0, None, None, None))
            words.append([_("too few") if one.is_hidden else number(0), UNKNOWN, UNKNOWN, UNKNOWN])
    hides = any(one.is_hidden for one in slices)
    yield Chart(
        "csat", title, svg,
        [unit_name(figures.answers_unit), _("Answers"), _("Satisfied"), _("at least"), _("at most")],
        _rows(figures, names, words, marks, is_of_answers=True), cells,
        ["csat_n", "csat_share", "csat_low", "csat_high"], definition_url("csat"),
        " ".join([_("The band is the confidence interval (95 in 100)."),
                  *([_("Gaps: too few answers to show.")] if hides else [])]),
    )  # fmt: skip
    title = _("What did they answer?")
    counts = figures.csat.distribution
    yield Chart(
        "scores", title,
        charts.distribution(
            key="scores", title=title,
            about=", ".join(f"{score}: {number(n)}" for score, n in sorted(counts.items(), reverse=True)),
            rows=[(str(score), n, _tone(score)) for score, n in sorted(counts.items(), reverse=True)],
        ),
        [_("Score"), _("Answers")],
        [{"name": str(score), "label": score, "cells": [number(n)], "url": ""} for score, n in counts.items()],
        [(n,) for n in counts.values()], ["answers"], definition_url("csat"),
    )  # fmt: skip


def _tone(score: int) -> str:
    if SATISFIED[0] <= score <= SATISFIED[1]:
        return "good"
    return "bad" if DISSATISFIED[0] <= score <= DISSATISFIED[1] else "quiet"


def _rows(
    figures: Figures, names: Sequence[str], words: Sequence[Sequence[str]], marks: Marks, *, is_of_answers: bool = False
) -> list[dict[str, object]]:
    """The lines of a chart's table; each leads to the report of its days."""
    slices: Sequence[Period] = [one.period for one in (figures.answer_slices if is_of_answers else figures.slices)]
    chosen = figures.chosen
    rows: list[dict[str, object]] = []
    for i, (one, name, cells) in enumerate(zip(slices, names, words, strict=True)):
        first = periods.local_day(one.start, chosen.zone)
        last = periods.local_day(one.end - timedelta(microseconds=1), chosen.zone)
        url = f"{reverse('report', args=['overview'])}?{chosen.on(first, last).query()}" if len(slices) > 1 else ""
        rows.append({"name": name, "label": one.label, "cells": cells, "url": url, "mark": marks.get(i, "")})
    return rows
