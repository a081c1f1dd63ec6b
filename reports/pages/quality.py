"""Quality: what leads think of answers drawn by lot, beside what customers thought."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback import quality
from feedback.models import QualityReview
from feedback.operations.reviewing import GRADES
from helpdesk import clock
from helpdesk.models import Team
from reports import privacy, reading
from reports.counting import changes
from reports.counting.statistics import Interval, mean_interval
from reports.ledger import arrays
from reports.ledger.arrays import Frame
from reports.ledger.columns import tallied
from reports.ledger.gathering import gathered
from reports.ledger.packs import Column
from reports.metrics.satisfaction import SATISFIED, SMALLEST_CELL
from reports.pages import page
from reports.pages.parts import NO_DRAWING, alike, few, share_line, tile
from reports.privacy import guard, hidden_cells
from reports.reading import Filter, within
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, answers, definition_url, number, percent, slice_name, unit_name

NAMES = {
    "overall": gettext_lazy("Quality of answers"), "clear": gettext_lazy("Clear"), "correct": gettext_lazy("Correct"),
    "complete": gettext_lazy("Complete"), "kind": gettext_lazy("Kind"),
}  # fmt: skip
#: a grade, or the mean of the four, and how often it was given
Pairs = Sequence[tuple[float, int]]


@page("quality", gettext_lazy("Quality"), gettext_lazy("How good are our answers, by our own judgement?"), "service")
def build(chosen: Filter) -> Report:
    """Means of the four grades, satisfaction beside them, by team and week by week."""
    frame = read(chosen)
    watch = guard(chosen, _guarded, frame.n)
    # what would tell the grades of a few by subtraction counts as nothing
    found = {name: () if watch.hides else _pairs(frame, name) for name in NAMES}
    other = chosen.compared()
    before = None
    if other and not watch.hides:
        earlier = read(other)
        before = {name: _pairs(earlier, name) for name in NAMES}
    n = sum(count for _value, count in found["overall"])
    return Report(
        chosen=chosen,
        taken_at=clock.now(),
        answer=[_("Too few answers were reviewed to say how good they are.")] if watch.n and watch.hides
        else _answer(found["overall"]),
        sections=[
            Section(tiles=[*(_tile(chosen, name, found[name], before[name] if before else None) for name in NAMES),
                           _csat(chosen)],
                    charts=[_by_team(chosen, frame), _by_slice(chosen, frame)] if n >= SMALLEST_CELL else [])
        ],
        basis=[
            _("Reviews by when they were made, of tickets drawn by lot each week so that everybody has their turn."),
            alike(),
            _("A review counts once the agent has seen it, or after a week. Customers and leads judge different "
              "tickets: satisfaction stands beside quality, it does not explain it."),
        ],
    )  # fmt: skip


def reviews(chosen: Filter) -> "QuerySet[QualityReview]":
    """The reviews of a choice that figures hold."""
    choice = Q(ticket__inbox__in=chosen.inboxes) & within("reviewed_at", chosen.period)
    for column, value in (("team", chosen.team), ("channel", chosen.channel), ("topic__topic", chosen.topic)):
        if value:
            choice &= Q(**{f"ticket__{column}": value})
    return quality.counting().filter(choice)


def _guarded(chosen: Filter) -> "QuerySet[QualityReview]":
    return reviews(chosen).annotate(
        inbox=F("ticket__inbox"), team=F("ticket__team"), channel=F("ticket__channel"),
        topic=Cast("ticket__topic__topic", TextField()),
    )  # fmt: skip


def read(chosen: Filter) -> Frame:
    """The reviews of a choice with all that is counted of them; the sum of the four grades as `overall`."""
    rows = reviews(chosen).annotate(team=F("ticket__team")).order_by()
    frame = gathered(rows, moment="reviewed_at", name="team agent", number=" ".join(GRADES))
    frame.put(overall=Column("number", sum(frame[name].data for name in GRADES)))
    return frame


def _pairs(frame: Frame, name: str) -> Pairs:
    return _grouped(frame, name).get((), ())


def _grouped(frame: Frame, name: str, *by: str) -> dict[tuple[Any, ...], Pairs]:
    """By groups how often each value was given, in order of the values."""
    found: dict[tuple[Any, ...], list[tuple[float, int]]] = {}
    parts = len(GRADES) if name == "overall" else 1
    for *key, value, n in arrays.tally_frame(frame, (*by, name), {"n": Count("*")}):
        found.setdefault(tuple(key), []).append((value / parts, n))
    return dict(found)


def _mean(pairs: Pairs) -> tuple[int, float | None, Interval | None]:
    """How many, and below five nothing more."""
    n = sum(count for _value, count in pairs)
    if n < SMALLEST_CELL:
        return n, None, None
    return n, sum(value * count for value, count in pairs) / n, mean_interval(pairs)


def said_grade(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def said_reviews(n: int) -> str:
    return ngettext("%(n)s review", "%(n)s reviews", n) % {"n": number(n)}


def _answer(pairs: Pairs) -> list[str]:
    n, mean, _interval = _mean(pairs)
    if not n:
        return [_("Nothing was reviewed in this period.")]
    if mean is None:
        return [_("Too few answers were reviewed to say how good they are.")]
    return [_("%(n)s give our answers %(mean)s of 4.") % {"n": said_reviews(n), "mean": said_grade(mean)}]


def _tile(chosen: Filter, name: str, pairs: Pairs, before: Pairs | None) -> Tile:
    n, mean, interval = _mean(pairs)
    change = (
        changes.mean_change(before, pairs, say=said_grade_of, compare=chosen.compare) if before is not None else None
    )
    key, label = f"quality.{name}", str(NAMES[name])
    low, high = (interval.low, interval.high) if interval else (None, None)
    lead = Line(key, label, mean, "grade", said_grade(mean), n, low, high, change)
    lines = [Line(f"{key}.n", _("%(what)s: how many") % {"what": label}, n, "reviews", said_reviews(n), n)]
    if interval is not None:
        lines.append(
            Line(f"{key}.interval", _("%(what)s: confidence interval (95 in 100)") % {"what": label}, None, "grade",
                 _("between %(low)s and %(high)s") % {"low": said_grade(low), "high": said_grade(high)}, n, low, high)
        )  # fmt: skip
    notes = [_("grades from 1 to 4"), *few(n)] if mean is not None else [_("not shown below five reviews")]
    return tile(chosen, lead, lines, notes, definition="quality")


def said_grade_of(value: float) -> str:
    return f"{value:.2f}"


def _csat(chosen: Filter) -> Tile:
    """What customers thought in the same days."""
    rows = reading.answered(chosen)
    [(n, satisfied)] = tallied(rows, n=Count("event"), satisfied=Count("event", filter=Q(score__range=SATISFIED)))
    sums = {"n": n, "satisfied": satisfied}
    watch = guard(chosen, reading.answered, sums["n"])
    lead = share_line("quality.csat", _("Satisfied customers beside it"), sums["satisfied"],
                      0 if watch.hides else sums["n"], smallest=SMALLEST_CELL)  # fmt: skip
    lines = [Line("quality.csat.n", _("CSAT: how many answers"), sums["n"], "answers", answers(sums["n"]), sums["n"])]
    if lead.low is not None:
        lines.append(
            Line("quality.csat.interval", _("CSAT: confidence interval (95 in 100)"), None, "share",
                 _("between %(low)s and %(high)s") % {"low": percent(lead.low), "high": percent(lead.high)}, sums["n"],
                 lead.low, lead.high)
        )  # fmt: skip
    return tile(chosen, lead, lines, [watch.said] if watch.hides else few(sums["n"]), definition="csat")


def _table(
    key: str,
    title: str,
    first: str,
    groups: Mapping[str, Mapping[str, Pairs]],
    persons: frozenset[str] = frozenset(),
    note: str = "",
) -> Chart:
    rows, cells = [], []
    sizes = {label: _mean(found.get("overall", ()))[0] for label, found in groups.items()}
    hidden = privacy.and_these(hidden_cells(sizes), sizes, persons)
    for label, found in groups.items():
        means = [_mean(found.get(name, ())) for name in NAMES]
        n, _overall, interval = means[0]
        is_hidden = n < SMALLEST_CELL or label in hidden
        if is_hidden:
            means, interval = [(n, None, None)] * len(NAMES), None
        low, high = (interval.low, interval.high) if interval else (None, None)
        rows.append({
            "name": label, "label": label, "url": "",
            "cells": [(_("too few") if n else number(0)) if is_hidden else number(n),
                      *(said_grade(mean) for _n, mean, _interval in means), said_grade(low), said_grade(high)],
        })  # fmt: skip
        cells.append((None if is_hidden and n else n, *(mean for _n, mean, _interval in means), low, high))
    return Chart(
        key, title, NO_DRAWING,
        [first, _("Reviews"), _("Overall"), *(str(NAMES[name]) for name in GRADES), _("at least"), _("at most")],
        rows, cells, ["reviews", "overall", *GRADES, "low", "high"], definition_url("quality"), note, is_wide=True,
    )  # fmt: skip


def _by(frame: Frame, column: str) -> dict[Any, dict[str, Pairs]]:
    """Each value of a column with the grades given there."""
    found: dict[Any, dict[str, Pairs]] = {}
    for name in NAMES:
        for (key,), pairs in _grouped(frame, name, column).items():
            found.setdefault(key, {})[name] = pairs
    return found


def _by_team(chosen: Filter, frame: Frame) -> Chart:
    names = dict(Team.objects.values_list("pk", "name"))
    found = _by(frame, "team")

    def name(key: object) -> str:
        return str(names.get(key, _("no team")))  # type: ignore[call-overload]

    named = {name(key): of_key for key, of_key in found.items()}
    people = arrays.tally_frame(frame, ("team", "agent"), {"n": Count("*")})
    persons = frozenset(name(key) for key in privacy.of_one_of(chosen, ((team, who) for team, who, _n in people)))
    return _table("quality_by_team", _("By team"), _("Team"), dict(sorted(named.items())), persons,
                  _("By name: the order says nothing. The interval is that of the overall mean."))  # fmt: skip


def _by_slice(chosen: Filter, frame: Frame) -> Chart:
    _fine, unit = reading.units(chosen)
    slices = reading.cut(chosen, unit)
    frame.put(slice=arrays.bucketed(frame["reviewed_at"], [arrays.stamp(one.start) for one in slices]))
    found = _by(frame, "slice")
    named = {slice_name(one, chosen.zone, unit): found.get(i, {}) for i, one in enumerate(slices, 1)}
    return _table("quality_over_time", _("Over time"), unit_name(unit), named)
