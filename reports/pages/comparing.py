"""How satisfaction of groups is shown side by side: with intervals, the few hidden, the mix taken out, never ranked."""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from reports.charts.ranges import Range, ranges
from reports.counting.groups import Answers, Key, Satisfied
from reports.pages.parts import NO_DRAWING
from reports.showing.blocks import Chart
from reports.showing.words import UNKNOWN, definition_url, number, percent

Name = Callable[[Key], str]


def satisfaction_cells(found: Satisfied) -> tuple[list[str], list[float | int | None]]:
    """Answers, satisfied, between, with everybody's mix: in words, and as values (n, share, low, high, adjusted)."""
    csat = found.csat
    if csat is None or not csat.n:
        said = _("too few") if found.is_hidden else number(0)
        return [said, UNKNOWN, UNKNOWN, UNKNOWN], [None if found.is_hidden else 0, None, None, None, None]
    between = f"{percent(csat.low)} – {percent(csat.high)}"
    return (
        [number(csat.n), percent(csat.share), between, percent(found.adjusted)],
        [csat.n, csat.share, csat.low, csat.high, found.adjusted],
    )


def satisfaction_chart(
    key: str, title: str, keys: Sequence[Key], said: Answers, name: Name, *, note: str = ""
) -> Chart:  # fmt: skip
    """A row a group, in the order given: that of size or of names, never of the score."""
    shown = [(one, said.get(one)) for one in keys if one in said.of]
    rows, cells, drawn = [], [], []
    for one, found in shown:
        words, raw = satisfaction_cells(found)
        rows.append({"name": name(one), "label": name(one), "cells": words, "url": ""})
        cells.append(tuple(raw))
        csat = found.csat
        told = _("too few") if csat is None else f"{percent(csat.share)} · {number(csat.n)}"
        drawn.append(
            Range(name(one), *((csat.share, csat.low, csat.high) if csat else (None, None, None)), told, found.is_few)
        )
    about = ", ".join(f"{one.name}: {one.said}" for one in drawn)
    notes = [note] if note else []
    if said.guard.hides:
        notes.append(said.guard.said)
    elif drawn:
        notes.append(
            _("The line is the confidence interval (95 in 100). Lines that overlap may be the same. Pale: few.")
        )
    return Chart(
        key, title,
        ranges(key=key, title=title, about=about, rows=drawn) if drawn and not said.guard.hides else NO_DRAWING,
        [_("Group"), _("Answers"), _("Satisfied"), _("between"), _("with everybody's mix")],
        rows, cells, ["csat_n", "csat_share", "csat_low", "csat_high", "csat_adjusted"], definition_url("mix_adjusted"),
        " ".join(notes),
    )  # fmt: skip


def adjusted_notes(said: Answers, kind_name: Name) -> list[str]:
    """What was compared with the same mix, and whether that turns the order round."""
    if said.guard.hides or not any(one.adjusted is not None for one in said.of.values()):
        return []
    kinds = ", ".join(kind_name(kind) for kind in said.common)
    notes = [_("With everybody's mix: compared on what all of them have answers in: %(kinds)s.") % {"kinds": kinds}]
    if said.is_reversal:
        notes.append(
            _("With the same mix, another one comes first: the plain shares say more of the mix than of the work.")
        )
    return notes
