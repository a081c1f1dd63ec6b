"""Recoveries: whether those who were let down heard from us in time, were made good to, and stayed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, F
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.models import Department, Outcome, ReasonCode
from helpdesk import clock
from reports import charts, privacy, reading
from reports.charts import Series
from reports.charts.bins import bins
from reports.charts.survival import survival
from reports.counting import changes, cohorts, recovery_sets
from reports.counting.cohorts import Curve
from reports.counting.recovery_sets import NEEDED, After, Second
from reports.counting.statistics import newcombe, percentiles, wilson
from reports.counting.statistics import share as share_of
from reports.ledger import arrays
from reports.ledger.arrays import Frame
from reports.ledger.gathering import gathered
from reports.ledger.packs import Array, Column
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.metrics.slas import Attainment
from reports.pages import page
from reports.pages.parts import NO_DRAWING, count, few, interval_line, share, share_line, tile
from reports.privacy import Guard
from reports.reading import Filter
from reports.showing.blocks import Change, Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, definition_url, number, percent, slice_name, spell, unit_name

HOUR, DAY = 3600, 86_400
MICROSECONDS = 1_000_000  # of a second
_MARKS = (HOUR, 4 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 56 * DAY)


class Figures:
    """Everything counted of the recoveries opened in a period, as it is at a moment."""

    def __init__(self, rows: Frame, at: datetime) -> None:
        self.rows, self.at = rows, at
        self.opened, self.due, self.taken_up, self.closed_at = (rows[name] for name in _MOMENTS)
        self._is_needed = rows["outcome"].is_one_of(NEEDED)

    @property
    def n(self) -> int:
        return self.rows.n

    @cached_property
    def needed(self) -> int:
        return int(self._is_needed.sum())

    @cached_property
    def recovered(self) -> int:
        return self.ended(Outcome.RECOVERED)

    @cached_property
    def still_open(self) -> int:
        return int((~self.closed_at.known()).sum())

    def ended(self, outcome: str) -> int:
        """How many ended so; "" for those that are not over."""
        return int(self.rows["outcome"].is_one_of({outcome}).sum())

    @cached_property
    def taken(self) -> Array:
        """How many seconds until they were taken up, in order."""
        return self._in_order(self.taken_up, self.taken_up.known())

    @cached_property
    def closed(self) -> Array:
        return self._in_order(self.closed_at, self.closed_at.known() & self._is_needed)

    def _in_order(self, until: Column, mask: Array) -> Array:
        import numpy as np

        return np.sort((until.data - self.opened.data)[mask] / MICROSECONDS)

    @cached_property
    def costs(self) -> list[Decimal]:
        cents = self.rows["cents"]
        return [Decimal(n).scaleb(-2) for n in sorted(cents.data[cents.known() & self.closed_at.known()].tolist())]

    @cached_property
    def is_breached(self) -> Array:
        """Those that heard from us too late, or not at all by when it was due (`recovery_sets.state_of`)."""
        import numpy as np

        until = np.where(self.taken_up.known(), self.taken_up.data, self._end())
        return until > self.due.data

    @cached_property
    def in_time(self) -> Attainment:
        """Whether they were taken up in time; equality is met. What ended in time without a word is neither."""
        is_taken, breached = self.taken_up.known(), int(self.is_breached.sum())
        met = int((is_taken & ~self.is_breached).sum())
        running = int((~is_taken & ~self.closed_at.known() & ~self.is_breached).sum())
        return Attainment(met, breached, running, share_of(met, met + breached))

    def _end(self) -> Array:
        """When each was closed; now, where it is not over."""
        import numpy as np

        return np.where(self.closed_at.known(), self.closed_at.data, arrays.stamp(self.at))

    @cached_property
    def until_taken(self) -> Curve:
        """Those closed without a word leave when they were closed."""
        is_taken = self.taken_up.known()
        return self._curve(self.taken_up, is_taken)

    @cached_property
    def until_closed(self) -> Curve:
        return self._curve(self.closed_at, self._is_needed)

    def _curve(self, moment: Column, is_ended: Array) -> Curve:
        import numpy as np

        until = np.where(is_ended & moment.known(), moment.data, self._end())
        took: Array = np.fix((until - self.opened.data) / MICROSECONDS).astype(np.int64)
        ended: Array = np.sort(took[is_ended])
        return cohorts.curve(ended, took[~is_ended].tolist())

    def by(self, column: str) -> "list[tuple[Any, Figures]]":
        """Apart by the values of a column, most first; without a value at the end."""
        found = arrays.tally_frame(self.rows, (column,), {"n": Count("*")})
        return [
            (value, Figures(self.rows.where(_is_value(self.rows[column], value)), self.at))
            for value, _n in sorted(found, key=lambda one: (one[0] is None, -one[1]))
        ]


def _is_value(column: Column, value: Any) -> Array:
    if value is None:
        return ~column.known()
    return column.data == int(value) if column.kind == "flag" else column.is_one_of({value})


_MOMENTS = ("opened_at", "due_at", "taken_up_at", "closed_at")


def read(chosen: Filter, at: datetime) -> Figures:
    # in cents, which are whole numbers
    rows = recovery_sets.opened(chosen).annotate(cents=F("cost") * 100).order_by()
    return Figures(
        gathered(rows, moment=" ".join(_MOMENTS), number="id customer response cents", name="reason department",
                 word="outcome", flag="in_control"),
        at,
    )  # fmt: skip


@page("recoveries", gettext_lazy("Recoveries"),
      gettext_lazy("Did those who were let down hear from us in time, were they made good to, and did they stay?"),
      "experience")  # fmt: skip
def build(chosen: Filter) -> Report:
    """What was opened, taken up, recovered, and what became of those customers."""
    at = clock.now()
    other = chosen.compared()
    figures, before = read(chosen, at), read(other, at) if other else None
    again = recovery_sets.seconds(chosen, figures.rows)
    guard = privacy.guard(chosen, recovery_sets.second_answers)
    later = recovery_sets.after(figures.rows, at)
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(figures, () if guard.hides else again),
        sections=[
            Section(
                tiles=_tiles(chosen, figures, before),
                charts=[_opened_chart(chosen, figures), _outcomes_chart(figures)],
            ),
            Section(
                title=_("How long it took"), key="times", tiles=_time_tiles(chosen, figures, before),
                charts=[
                    _curve("curve_take_up", _("How many have not heard from us?"), figures.until_taken,
                           _("waiting"), "recoveries_take_up"),
                    _curve("curve_close", _("How many are not over?"), figures.until_closed, _("open"),
                           "recoveries_close"),
                ],
            ),
            Section(
                title=_("What they said once it was over"), key="second", tiles=[_second_tile(chosen, again, guard)],
                charts=[] if guard.hides else _second_charts(again),
            ),
            Section(
                title=_("Why, and whose matter it was"), key="reasons", charts=_reason_charts(figures),
                notes=[] if figures.n else [_("No recovery was opened in this period.")],
            ),
            Section(
                title=_("What became of those customers"), key="after", about=_after_about(),
                tiles=_after_tiles(chosen, later), charts=_after_charts(later),
                notes=_after_notes(later),
            ),
        ],
        left_out=_left_out(figures),
        basis=[
            _("By when the recovery was opened, whatever became of it since."),
            _("Due in business hours of the inbox; times in calendar time."),
        ],
    )  # fmt: skip


def said(n: int) -> str:
    return ngettext("%(n)s recovery", "%(n)s recoveries", n) % {"n": number(n)}


def money(value: Decimal | None) -> str:
    return UNKNOWN if value is None else formats.number_format(value, 2, force_grouping=True)


def _answer(figures: Figures, again: Sequence[Second]) -> list[str]:
    if not figures.n:
        return [_("Nobody had to be made good to in this period.")]
    found = figures.in_time
    answer = [_("%(n)s opened.") % {"n": said(figures.n)}]
    if found.share is not None:
        answer.append(
            _("%(met)s of %(n)s heard from us in time.")
            % {"met": number(found.met), "n": number(found.met + found.breached)}
        )
    if figures.needed:
        answer.append(
            _("Of %(n)s that needed something and are over, %(k)s were recovered.")
            % {"n": number(figures.needed), "k": number(figures.recovered)}
        )
    better = sum(not one.is_low for one in again)
    if len(again) >= SMALLEST_CELL:
        answer.append(
            _("Asked again, %(k)s of %(n)s did not give a low answer any more.")
            % {"k": number(better), "n": number(len(again))}
        )
    return answer


# ---------------------------------------------------------------------- tiles


def _tiles(chosen: Filter, figures: Figures, before: Figures | None) -> list[Tile]:
    found = figures.in_time
    was = before.in_time if before else None
    compare = chosen.compare
    opened = changes.count_change(before.n, figures.n, compare=compare) if before else None
    in_time: Change | None = None
    rate: Change | None = None
    if before and was:
        in_time = changes.share_change(
            (was.met, was.met + was.breached), (found.met, found.met + found.breached), compare=compare
        )
        rate = changes.share_change(
            (before.recovered, before.needed), (figures.recovered, figures.needed), compare=compare
        )
    still = figures.still_open
    costs = figures.costs
    return [
        tile(chosen, count("recoveries", _("Recoveries opened"), figures.n, "recoveries", opened),
             [Line("recoveries.open", _("Recoveries still open"), still, "recoveries",
                   _("%(n)s still open") % {"n": number(still)}, still)], behind="recoveries"),
        share(chosen, "recoveries_in_time", _("Taken up in time"), found.met, found.met + found.breached,
              of=_("heard from us in time"), behind="recoveries_breached", definition="recoveries_in_time",
              change=in_time, more=[
                  Line("recoveries_in_time.breached", _("Taken up too late, or overdue"), found.breached, "recoveries",
                       _("%(n)s too late, or overdue") % {"n": number(found.breached)}, found.breached),
                  Line("recoveries_in_time.running", _("Still in time"), found.running, "recoveries",
                       _("%(n)s still in time") % {"n": number(found.running)}, found.running),
              ]),
        share(chosen, "recovery_rate", _("Recovery rate"), figures.recovered, figures.needed,
              of=_("that needed something were recovered"), behind="recoveries_closed", change=rate,
              notes=[_("as we say ourselves")]),
        tile(chosen, Line("recovery_cost", _("Cost"), float(sum(costs, Decimal())) if costs else None, "money",
                          money(sum(costs, Decimal())) if costs else UNKNOWN, len(costs)),
             [Line("recovery_cost.n", _("Cost: how many recoveries"), len(costs), "recoveries",
                   _("noted for %(n)s") % {"n": said(len(costs))}, len(costs)),
              *([Line("recovery_cost.median", _("Cost: median"), float(_middle(costs)), "money",
                      _("half of them cost %(cost)s or less") % {"cost": money(_middle(costs))}, len(costs))]
                if len(costs) > 1 else [])],
             behind="recoveries_cost", definition="recovery_cost"),
    ]  # fmt: skip


def _middle(costs: Sequence[Decimal]) -> Decimal:
    half = len(costs) // 2
    return costs[half] if len(costs) % 2 else (costs[half - 1] + costs[half]) / 2


def _time_tiles(chosen: Filter, figures: Figures, before: Figures | None) -> list[Tile]:
    def made(key: str, label: str, seconds: Array, earlier: Array | None, curve: Curve, behind: str) -> Tile:
        found = percentiles(seconds.tolist())
        change = changes.median_change(earlier, seconds, compare=chosen.compare) if earlier is not None else None
        lead = Line(f"{key}.median", _("%(what)s: median") % {"what": label}, found.p50, "seconds", spell(found.p50),
                    found.n, change=change)  # fmt: skip
        lines = [
            Line(f"{key}.n", _("%(what)s: how many") % {"what": label}, found.n, "recoveries", said(found.n), found.n),
            Line(f"{key}.p90", _("%(what)s: 90th percentile") % {"what": label}, found.p90, "seconds",
                 _("9 of 10 within %(time)s") % {"time": spell(found.p90)}, found.n),
            Line(f"{key}.all_median", _("%(what)s: median, open ones counted") % {"what": label}, curve.median,
                 "seconds", _("with those still open: %(time)s") % {"time": spell(curve.median)}, curve.n),
        ]  # fmt: skip
        return tile(chosen, lead, lines, few(found.n), definition=key, behind=behind)

    return [
        made("recoveries_take_up", _("Time until taken up"), figures.taken, before.taken if before else None,
             figures.until_taken, "recoveries_taken_up"),
        made("recoveries_close", _("Time until closed"), figures.closed, before.closed if before else None,
             figures.until_closed, "recoveries_closed"),
    ]  # fmt: skip


def _second_tile(chosen: Filter, again: Sequence[Second], guard: Guard) -> Tile:
    label = _("Not low any more")
    n = len(again)
    answered = ngettext("%(n)s answered again", "%(n)s answered again", n) % {"n": number(n)}
    lines = [Line("recovery_second.n", _("%(what)s: of how many") % {"what": label}, n, "answers", answered, n)]
    if guard.hides or n < SMALLEST_CELL:
        lead = Line("recovery_second", label, None, "share", UNKNOWN, n)
        return tile(chosen, lead, lines, [guard.said or _("Not shown: too few answers.")])
    lead = share_line("recovery_second", label, sum(not one.is_low for one in again), n)
    notes = [_("Somebody at their lowest tends to answer higher the next time: this alone proves nothing.")]
    return tile(chosen, lead, [*lines, interval_line("recovery_second", label, lead)], [*notes, *few(n)])


# ---------------------------------------------------------------------- charts


def _opened_chart(chosen: Filter, figures: Figures) -> Chart:
    import numpy as np

    _fine, unit = reading.units(chosen)
    slices = reading.cut(chosen, unit)
    names = [slice_name(one, chosen.zone, unit) for one in slices]
    in_slice = arrays.sliced(figures.opened.data, slices)
    counts, late = (
        np.bincount(places, minlength=len(slices) + 1)[1:].tolist()
        for places in (in_slice, in_slice[figures.is_breached])
    )
    title = _("How many were opened, and how many heard from us too late?")
    running = next((i for i, one in enumerate(slices) if one.end > figures.at), -1)
    drawn = charts.bars(
        key="recoveries", title=title,
        about=_("%(n)s opened, %(late)s too late or overdue.")
        % {"n": said(figures.n), "late": number(sum(late))},
        labels=names, series=[Series(_("Opened"), counts), Series(_("Too late"), late, "second")], say=number,
        unfinished=running,
    )  # fmt: skip
    cells = list(zip(counts, late, strict=True))
    rows = [
        {"name": name, "label": one.label, "cells": [number(value) for value in values], "url": ""}
        for name, one, values in zip(names, slices, cells, strict=True)
    ]
    return Chart(
        "recoveries", title, drawn if figures.n else NO_DRAWING,
        [unit_name(unit), _("Opened"), _("Too late")], rows, cells, ["opened", "too_late"],
        definition_url("recoveries"), _("The pale bars are not over yet.") if running >= 0 else "",
    )  # fmt: skip


def _outcomes_chart(figures: Figures) -> Chart:
    title = _("How did they end?")
    tones = {"recovered": "good", "not_recovered": "bad", "": "quiet"}
    names = [*((value, str(label)) for value, label in Outcome.choices), ("", _("still open"))]
    found = [(value, name, n) for value, name in names if (n := figures.ended(value))]
    # the drawing has room for short names; the table says them in full
    short = {"unreachable": _("not reached"), "not_needed": _("nothing to do")}
    drawn = bins(
        key="outcomes", left=110, title=title, about=", ".join(f"{name}: {number(n)}" for _value, name, n in found),
        rows=[(short.get(value, name), n, tones.get(value, "quiet")) for value, name, n in found],
    )  # fmt: skip
    return Chart(
        "outcomes", title, drawn if found else NO_DRAWING, [_("Outcome"), _("Recoveries")],
        [{"name": name, "label": value or "open", "cells": [number(n)], "url": ""} for value, name, n in found],
        [(n,) for _value, _name, n in found], ["recoveries"], definition_url("recovery_rate"),
        _("As we closed them."),
    )  # fmt: skip


def _curve(key: str, title: str, curve: Curve, name: str, definition: str) -> Chart:
    last = curve.points[-1].left if curve.points else 1.0
    drawn = survival(
        key=key, title=title,
        about=_("Of %(n)s, %(left)s are left at the end of the curve; half are done after %(median)s.")
        % {"n": said(curve.n), "left": percent(last), "median": spell(curve.median)},
        points=curve.points, end=max(curve.end, 60), median=curve.median, say=spell,
        say_median=_("half: %(time)s") % {"time": spell(curve.median)}, name=f"{percent(last)} {name}",
    )  # fmt: skip
    rows, cells = [], []
    for mark in (one for one in _MARKS if one <= curve.end):
        point = next((one for one in reversed(curve.points) if one.time <= mark), None)
        values = (point.left, point.low, point.high) if point else (1.0, None, None)
        cells.append(values)
        rows.append({"name": spell(mark), "label": str(mark), "cells": [percent(one) for one in values], "url": ""})
    return Chart(
        key, title, drawn if curve.n else NO_DRAWING, [_("After"), _("Not done"), _("at least"), _("at most")],
        rows, cells, ["left", "left_low", "left_high"], definition_url(definition),
        _("The band is the confidence interval (95 in 100). Time runs slower to the right.")
        if curve.n else _("Nothing was opened."),
    )  # fmt: skip


def _second_charts(again: Sequence[Second]) -> list[Chart]:
    """By how it ended: how many of the second answers are not low any more."""
    if len(again) < SMALLEST_CELL:
        return []
    groups = [(Outcome.RECOVERED, _("recovered")), (Outcome.NOT_RECOVERED, _("not recovered"))]
    counts = {outcome: [one for one in again if one.outcome == outcome] for outcome, _name in groups}
    # a hidden group would be known by subtraction from the tile
    if any(0 < len(found) < SMALLEST_CELL for found in counts.values()):
        return []
    rows, cells = [], []
    for outcome, name in groups:
        found = counts[outcome]
        better = sum(not one.is_low for one in found)
        interval = wilson(better, len(found)) if found else None
        values = (
            len(found), better / len(found) if found else None, interval.low if interval else None,
            interval.high if interval else None,
        )  # fmt: skip
        cells.append(values)
        rows.append({"name": name, "label": str(outcome), "url": "",
                     "cells": [number(values[0]), *(percent(one) for one in values[1:])]})  # fmt: skip
    return [
        Chart("second_by_outcome", _("Do they say what we say?"), NO_DRAWING,
              [_("As we closed it"), _("Answers"), _("Not low any more"), _("at least"), _("at most")], rows, cells,
              ["answers", "better", "better_low", "better_high"], definition_url("recovery_second"))
    ]  # fmt: skip


def _reason_charts(figures: Figures) -> list[Chart]:
    if not figures.n:
        return []
    reasons = dict(ReasonCode.objects.values_list("pk", "name"))
    departments = dict(Department.objects.values_list("pk", "name"))
    control: Mapping[Any, str] = {True: _("yes"), False: _("no")}
    return [
        _table("by_reason", _("Why were they let down?"), _("Reason"), figures, "reason", reasons,
               _("not said yet")),
        _table("by_department", _("Whose matter was it?"), _("Department"), figures, "department",
               departments, _("nobody's")),
        _table("by_control", _("Could the service team alone have prevented it?"), _("In control"), figures,
               "in_control", control, _("not decided")),
    ]  # fmt: skip


def _table(
    key: str, title: str, head: str, figures: Figures, by: str, names: Mapping[Any, str], none: str
) -> Chart:  # fmt: skip
    rows, cells = [], []
    for value, part in figures.by(by):
        interval = wilson(part.recovered, part.needed) if part.needed >= SMALLEST_CELL else None
        rate = part.recovered / part.needed if interval else None
        median = percentiles(part.taken.tolist()).p50
        cost = sum(part.costs, Decimal()) if part.costs else None
        low, high = interval or (None, None)
        cells.append((part.n, part.needed, rate, low, high, median, None if cost is None else float(cost)))
        said_rate = (
            _("%(share)s (%(low)s to %(high)s)")
            % {"share": percent(rate), "low": percent(interval.low), "high": percent(interval.high)}
            if interval else _("too few") if part.needed else UNKNOWN
        )  # fmt: skip
        rows.append({
            "name": none if value is None else str(names.get(value, UNKNOWN)),
            "label": "" if value is None else str(value), "url": "",
            "cells": [number(part.n), number(part.needed), said_rate, spell(median), money(cost)],
        })  # fmt: skip
    return Chart(
        key, title, NO_DRAWING,
        [head, _("Opened"), _("Over, and needed something"), _("Recovered"), _("Taken up after (median)"), _("Cost")],
        rows, cells,
        ["opened", "needed", "recovered_share", "recovered_low", "recovered_high", "take_up_median_s", "cost"],
        definition_url("recovery_reasons"), is_wide=True,
    )  # fmt: skip


# ---------------------------------------------------------------------- after


def _after_about() -> str:
    return _("In the 90 days after the recovery was over. It goes with how it ended; it does not show what caused it.")


def _after_tiles(chosen: Filter, later: After) -> list[Tile]:
    tiles = [
        share(chosen, "recovery_after", _("Contacted us again within 90 days"), later.back, later.n,
              of=_("customers contacted us again"), definition="recovery_after",
              more=[Line("recovery_after.young", _("Too young to tell"), later.young, "customers",
                         _("%(n)s too young to tell") % {"n": number(later.young)}, later.young)])
    ]  # fmt: skip
    known = recovery_sets.still_customers(later, chosen.zone)
    if known is not None:
        tiles.append(
            share(chosen, "recovery_stayed", _("Still customers after 90 days"), known[1], known[0],
                  of=_("of whom account events tell"), definition="recovery_after")
        )  # fmt: skip
    return tiles


def _after_charts(later: After) -> list[Chart]:
    if not later.n:
        return []
    rows, cells = [], []
    # beside the figure of all of them: of one that is too few the other would tell
    hidden = privacy.hidden_cells({i: n for i, (n, _back) in enumerate(later.split())})
    for i, (name, key, (n, back)) in enumerate(zip(
        (_("recovered"), _("not recovered, or unreachable")), ("recovered", "not_recovered"), later.split(), strict=True
    )):  # fmt: skip
        interval = None if i in hidden else wilson(back, n)
        values = (
            n, back / n if interval else None, interval.low if interval else None,
            interval.high if interval else None,
        )  # fmt: skip
        cells.append(values)
        rows.append({"name": name, "label": key, "url": "",
                     "cells": [number(values[0]), *(percent(one) for one in values[1:])]})  # fmt: skip
    return [
        Chart("after_by_outcome", _("Did they contact us again?"), NO_DRAWING,
              [_("How it ended"), _("Customers"), _("Again within 90 days"), _("at least"), _("at most")], rows, cells,
              ["customers", "again", "again_low", "again_high"], definition_url("recovery_after"))
    ]  # fmt: skip


def _after_notes(later: After) -> list[str]:
    (good, good_back), (bad, bad_back) = later.split()
    notes = []
    if min(good, bad) >= SMALLEST_CELL:
        change = newcombe(bad_back, bad, good_back, good)
        if change is not None and not change.distinguishable:
            notes.append(_("No clear link between how it ended and whether they contacted us again."))
    elif later.n:
        notes.append(_("Too few customers to compare those recovered with the others."))
    if not later.n and later.young:
        notes.append(_("All of them are too young to tell: 90 days have not passed."))
    return notes


def _left_out(figures: Figures) -> list[tuple[Line, str]]:
    n = figures.ended(Outcome.NOT_NEEDED)
    if not n:
        return []
    words = _("%(n)s where nothing was to be done, not in the recovery rate") % {"n": said(n)}
    label = _("Left out of the recovery rate: nothing was to be done")
    return [(Line("recoveries.left_out.not_needed", label, n, "recoveries", words, n), "")]
