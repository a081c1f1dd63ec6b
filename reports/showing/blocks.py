"""What a report is made of, whatever shows it: the page, the CSV, the workbook, the mail and the API read these.

Each number is one `Line` with its raw value and with what is said of it. The screen shows the words, programs the
value, files both: so they cannot tell different things.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from reports.reading import Filter


@dataclass(frozen=True, slots=True)
class Change:
    """How a number differs from that of the period it is compared with.

    `is_clear` when the interval of the difference leaves 0 out: only then may anybody say up or down. `is_better` is
    None where neither direction is good.
    """

    before: float | None
    difference: float | None
    low: float | None
    high: float | None
    is_clear: bool
    said: str
    is_better: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One number: its raw value in a unit, how many it was counted from, its interval, and how the page says it."""

    key: str
    label: str
    value: float | int | None
    unit: str
    said: str
    n: int | None = None
    low: float | None = None
    high: float | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A number on the page with its quiet companions."""

    lead: Line
    companions: Sequence[Line] = ()
    notes: Sequence[str] = ()
    definition_url: str = ""
    tickets_url: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, its table, and the way to its definition; without a drawing it is a table.

    `rows` are {name, label, cells, url, mark?}: what people read; a mark says what happened then. `cells` are the same
    as raw values under `raw_columns`, for files and programs.
    """

    key: str
    title: str
    svg: SafeString
    columns: Sequence[str]
    rows: Sequence[Mapping[str, object]]
    cells: Sequence[Sequence[object]]
    raw_columns: Sequence[str]
    definition_url: str
    note: str = ""
    #: across the whole page
    is_wide: bool = False
    #: the same drawn for a narrow screen, where it would be too small to read
    narrow: str = ""

    @property
    def lines(self) -> SafeString:
        """The lines of its table: they are most of a page, and a template takes long over so many cells."""
        return mark_safe("".join(map(_line, self.rows)))  # noqa: S308 - escaped there


def _line(row: Mapping[str, Any]) -> str:
    url, mark = row.get("url"), row.get("mark")
    name = f'<a href="{_said(url)}">{_said(row["name"])}</a>' if url else _said(row["name"])
    words = f' <span class="mark-words">{_said(mark)}</span>' if mark else ""
    cells = "".join([f'<td class="number">{_said(cell)}</td>' for cell in row["cells"]])
    return f'<tr><th scope="row">{name}{words}</th>{cells}</tr>'


def _said(value: Any) -> str:
    """As a template says it."""
    return escape(value) if type(value) is str else conditional_escape(localize(value))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under a heading of its own; the first one may have none."""

    tiles: Sequence[Tile] = ()
    charts: Sequence[Chart] = ()
    title: str = ""
    about: str = ""
    #: sentences below: what to make of it, or why there is nothing
    notes: Sequence[str] = ()
    key: str = ""
    #: half the page wide, beside the next one that is
    is_half: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one page says about one choice."""

    chosen: Filter
    taken_at: datetime
    #: the answer to the page's question, in words; never more than the numbers carry
    answer: Sequence[str]
    sections: Sequence[Section]
    #: what the numbers leave out, with counts, and where the tickets are listed ("" for nowhere)
    left_out: Sequence[tuple[Line, str]] = ()
    #: how it is counted: event or cohort, calendar or business hours
    basis: Sequence[str] = ()

    def lines(self) -> Iterator[Line]:
        """Every number, one after the other."""
        for section in self.sections:
            for tile in section.tiles:
                yield tile.lead
                yield from tile.companions
        for line, _url in self.left_out:
            yield line

    def charts(self) -> Iterator[Chart]:
        for section in self.sections:
            yield from section.charts
