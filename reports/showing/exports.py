"""Reports as CSV and as a workbook: the same figures as on the screen, and safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from reports.definitions import VERSION
from reports.pages import Page
from reports.showing.blocks import Chart, Report

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


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
        [_("Definitions of"), VERSION],
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
        rows += [[], [chart.title], *table(chart)]
    return written(rows)


def table(chart: Chart) -> list[Sequence[object]]:
    """A chart's table: a row a slice, raw values under their names, and what happened then where anything did."""
    is_marked = any(row.get("mark") for row in chart.rows)
    rows: list[Sequence[object]] = [["slice", *chart.raw_columns, *(["annotation"] if is_marked else [])]]
    for row, cells in zip(chart.rows, chart.cells, strict=True):
        rows.append([row["label"], *cells, *([row.get("mark", "")] if is_marked else [])])
    return rows


# ---------------------------------------------------------------------- workbook


def as_xlsx(page: Page, report: Report, names: Mapping[str, str]) -> bytes:
    """A report as a workbook: a sheet of figures, and one for each chart. Nothing in it is a formula or a link."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {
        "constant_memory": True, "in_memory": False, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": True,
    })  # fmt: skip
    bold = book.add_format({"bold": True})
    wanted = [(_("Figures"), [*head(page, report, names), [], *figures(report)])]
    wanted += [(chart.title, [[chart.title], [], *table(chart)]) for chart in report.charts()]
    used: set[str] = set()
    for title, rows in wanted:
        sheet = book.add_worksheet(_sheet_name(title, used))
        sheet.set_column(0, 1, 28)
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                if value is None or value == "":
                    continue
                if isinstance(value, int | float):
                    sheet.write_number(y, x, value)
                else:
                    sheet.write_string(y, x, str(value)[:32_767], bold if y == 0 else None)
    book.close()
    return out.getvalue()


def _sheet_name(title: str, used: set[str]) -> str:
    """A name a workbook takes: at most 31 letters, none of []:*?/\\, and not twice whatever its case."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", title).strip(" '")[:31].strip(" '") or _("Table")
    name, n = plain, 2
    while name.casefold() in used:
        name = f"{plain[:27]} {n}"
        n += 1
    used.add(name.casefold())
    return name
