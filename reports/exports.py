"""Reports as CSV: the same figures as on the screen, and safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from reports.blocks import Report
from reports.pages import Page

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


def head(page: Page, report: Report, names: Mapping[str, str]) -> list[Sequence[object]]:
    """What was asked for, and the answer in words."""
    chosen = report.chosen
    other = chosen.compared()
    rows: list[Sequence[object]] = [
        [_("Report"), page.name],
        [_("First day"), chosen.first.isoformat()],
        [_("Last day"), chosen.last.isoformat()],
        [_("Time zone"), chosen.zone],
        [_("Inbox"), names["inbox"] or _("all")],
        [_("Team"), names["team"] or _("all")],
        [_("Channel"), names["channel"] or _("all")],
        [_("Topic"), names["topic"] or _("all")],
        *([[_("Compared with"), other.first.isoformat(), other.last.isoformat()]] if other else []),
        [_("Computed at"), report.taken_at.isoformat(timespec="seconds")],
    ]
    return [*rows, *([words] for words in report.answer)]


def figures(report: Report) -> list[Sequence[object]]:
    """Every number of the page, a row each under its headings."""
    rows: list[Sequence[object]] = [
        ["key", _("Figure"), _("Value"), _("Unit"), _("Counted from"), _("At least"), _("At most"), _("On the page"),
         _("Compared with"), _("Difference"), _("Difference at least"), _("Difference at most")]
    ]  # fmt: skip
    for one in report.lines():
        change = one.change
        compared = (change.before, change.difference, change.low, change.high) if change else (None,) * 4
        rows.append([one.key, one.label, one.value, one.unit, one.n, one.low, one.high, one.said, *compared])
    return rows


def as_csv(page: Page, report: Report, names: Mapping[str, str]) -> str:
    """A report: what was asked for, every number of the page, and every chart's table."""
    rows = [*head(page, report, names), [], *figures(report)]
    for chart in report.charts():
        rows += [[], [chart.title], ["slice", *chart.raw_columns]]
        rows += [[row["label"], *cells] for row, cells in zip(chart.rows, chart.cells, strict=True)]
    return written(rows)
