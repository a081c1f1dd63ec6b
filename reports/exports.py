"""Reports as CSV: the same figures as on the screen, and safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from reports import presenting
from reports.figures import Figures

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """A cell no spreadsheet takes for a formula; numbers stay numbers, unknown is empty."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def written(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV (RFC 4180) with a byte order mark, so that spreadsheets read it as UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def service(figures: Figures, names: dict[str, str]) -> str:
    """The service report: what was asked for, every number of the page, and every chart's table."""
    chosen = figures.chosen
    rows: list[Sequence[object]] = [
        [_("Report"), _("Service")],
        [_("First day"), chosen.first.isoformat()],
        [_("Last day"), chosen.last.isoformat()],
        [_("Time zone"), chosen.zone],
        [_("Inbox"), names["inbox"] or _("all")],
        [_("Team"), names["team"] or _("all")],
        [_("Channel"), names["channel"] or _("all")],
        [_("Computed at"), figures.taken_at.isoformat(timespec="seconds")],
        [],
        ["key", _("Figure"), _("Value"), _("Unit"), _("Counted from"), _("At least"), _("At most"), _("On the page")],
    ]
    rows += [
        [one.key, one.label, one.value, one.unit, one.n, one.low, one.high, one.said]
        for one in presenting.lines(figures)
    ]
    for chart in presenting.draw(figures):
        rows += [[], [chart.title], ["slice", *chart.raw_columns]]
        rows += [[row["label"], *cells] for row, cells in zip(chart.rows, chart.cells, strict=True)]
    return written(rows)
