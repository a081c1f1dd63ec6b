"""Changes: whether anything changed, told from the usual up and down by control charts."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk import clock
from reports import periods
from reports.charts.control import NARROW, control
from reports.counting.control import LEAST, Judged, Rule, Signal
from reports.counting.daily import BASELINE_DAYS, BASELINE_WEEKS, MOST_DAYS, WATCHED, Watched
from reports.pages import page
from reports.reading import Filter
from reports.showing import annotations
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, day_name, definition_url, number, percent, spell

NAMES: Mapping[str, str | Promise] = {
    "created": gettext_lazy("New tickets a day"),
    "first_response": gettext_lazy("First response time, median of a day"),
    "resolution": gettext_lazy("Resolution time, median of a day"),
    "backlog": gettext_lazy("Open at the end of a day"),
    "csat": gettext_lazy("Satisfied customers a week"),
}
#: beside the point: short
SHORT: Mapping[Rule, str | Promise] = {
    "above": gettext_lazy("above"),
    "below": gettext_lazy("below"),
    "run_above": gettext_lazy("8 above"),
    "run_below": gettext_lazy("8 below"),
}
#: in sentences and lists
RULES: Mapping[Rule, str | Promise] = {
    "above": gettext_lazy("above the limits"),
    "below": gettext_lazy("below the limits"),
    "run_above": gettext_lazy("the eighth in a row above the mean"),
    "run_below": gettext_lazy("the eighth in a row below the mean"),
}


@page("changes", gettext_lazy("Changes"),
      gettext_lazy("Did anything change, or is it the usual up and down?"), "both", compares=False)  # fmt: skip
def build(chosen: Filter) -> Report:
    """Control charts of what is watched, and how many signals chance alone would give."""
    at = clock.now()
    today = periods.local_day(at, chosen.zone)
    found = [(one, one.judge(chosen, today)) for one in WATCHED]
    notes = annotations.of(chosen)
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(found),
        sections=[
            Section(tiles=[_tile(one, judged) for one, judged in found],
                    charts=[_chart(one, judged, notes) for one, judged in found])
        ],
        basis=[
            _("Limits: three sigmas, fixed on the %(days)d days (%(weeks)d weeks) before the period; days are measured "
              "against their weekday. Only days and weeks that are over.")
            % {"days": BASELINE_DAYS, "weeks": BASELINE_WEEKS},
            *([_("Of a longer period the last %(n)d days are judged.") % {"n": MOST_DAYS}]
              if chosen.days > MOST_DAYS else []),
        ],
    )  # fmt: skip


def say_of(unit: str) -> Callable[[float | None], str]:
    """How a figure of this unit is said."""
    return {"seconds": spell, "share": percent}.get(unit, number)


def _answer(found: list[tuple[Watched, Judged]]) -> list[str]:
    judged = [(one, series) for one, series in found if series.judged]
    if not judged:
        return [_("There are not enough days before this period yet to tell a change from chance.")]
    said = []
    for one, series in judged:
        if series.signals:
            last = series.signals[-1]
            said.append(
                _("%(figure)s (%(signals)s, the last on %(day)s, %(rule)s)")
                % {"figure": NAMES[one.key], "signals": _signals(len(series.signals)),
                   "day": _day(series, last), "rule": RULES[last.rule]}
            )  # fmt: skip
    if said:
        said = [_("More than the usual up and down: %(figures)s.") % {"figures": "; ".join(said)}]
    quiet = [str(NAMES[one.key]) for one, series in judged if not series.signals]
    if not said:
        said.append(
            ngettext("No evidence of change in the one figure that is watched.",
                     "No evidence of change in any of the %(n)s figures that are watched.", len(quiet))
            % {"n": number(len(quiet))}
        )  # fmt: skip
    elif quiet:
        said.append(_("No evidence of change: %(figures)s.") % {"figures": "; ".join(quiet)})
    expected = sum(series.expected_by_chance for _one, series in judged)
    points = sum(series.judged for _one, series in judged)
    said.append(
        _("Of %(points)s points chance alone gives about %(expected)s false alarms.")
        % {"points": number(points), "expected": formats.number_format(round(expected, 1))}
    )
    return said


def _signals(n: int) -> str:
    return ngettext("%(n)s signal", "%(n)s signals", n) % {"n": number(n)}


def _day(series: Judged, signal: Signal) -> str:
    return day_name(series.points[signal.place].day)


def _tile(one: Watched, series: Judged) -> Tile:
    """How many signals, of how many points, and how many chance alone would give."""
    label, n = str(NAMES[one.key]), len(series.signals)
    if not series.judged:
        lead = Line(f"{one.key}.signals", label, None, "signals", UNKNOWN, 0)
        return Tile(lead, (), [_("too few points before the period")], definition_url("control"))
    expected = round(series.expected_by_chance, 1)
    companions = [
        Line(f"{one.key}.signals.expected", _("%(figure)s: signals expected by chance") % {"figure": label},
             series.expected_by_chance, "signals",
             _("about %(n)s by chance of so many points") % {"n": formats.number_format(expected)} if expected
             else _("hardly any by chance of so many points"), series.judged),
    ]  # fmt: skip
    said = _signals(n) if n else _("no evidence of change")
    lead = Line(f"{one.key}.signals", label, n, "signals", said, series.judged)
    points = ngettext("%(n)s point judged", "%(n)s points judged", series.judged) % {"n": number(series.judged)}
    return Tile(lead, companions, [points], definition_url("control"))


def _chart(one: Watched, series: Judged, notes: list[annotations.Note]) -> Chart:
    say, title = say_of(one.unit), str(NAMES[one.key])
    labels = [day_name(point.day) for point in series.points]
    step = timedelta(weeks=1) if one.is_weekly else timedelta(days=1)
    marks = annotations.marks(notes, [(point.day, point.day + step) for point in series.points])
    rules = {signal.place: signal.rule for signal in series.signals}
    if not series.judged:
        about = _("Not judged: there are fewer than %(n)d points before the period.") % {"n": LEAST}
    elif rules:
        about = _("%(signals)s. The last: %(day)s, %(rule)s.") % {
            "signals": _signals(len(rules)), "day": _day(series, series.signals[-1]),
            "rule": RULES[series.signals[-1].rule]}  # fmt: skip
    else:
        about = _("No evidence of change.")
    draw = partial(
        control,
        title=title, about=about, labels=labels, name=_("each week") if one.is_weekly else _("each day"),
        judged=series, say=say, words={rule: str(words) for rule, words in SHORT.items()},
        is_share=one.unit == "share", is_time=one.unit == "seconds", baseline_words=_("before: these make the limits"),
        marks=marks,
    )  # fmt: skip
    key = f"control-{one.key}"
    rows, cells = [], []
    for i in range(series.baseline, len(series.points)):
        point, limit, rule = series.points[i], series.limits[i], rules.get(i)
        low, high = (limit.low, limit.high) if limit else (None, None)
        words = str(RULES[rule]) if rule else (_("no evidence of change") if limit else UNKNOWN)
        rows.append({
            "name": labels[i], "label": point.day.isoformat(), "url": "",
            "cells": [say(point.value), say(low), say(high), words, marks.get(i, "")],
        })  # fmt: skip
        cells.append((point.value, low, high, rule or "", marks.get(i, "")))
    return Chart(
        key, title, draw(key=key),
        [_("Week from") if one.is_weekly else _("Day"), _("Value"), _("Lower limit"), _("Upper limit"), _("Signal"),
         _("What happened")],
        rows, cells, ["value", "lower", "upper", "signal", "annotation"], definition_url("control"), about,
        is_wide=True, narrow=draw(key=f"{key}-narrow", width=NARROW),
    )  # fmt: skip
