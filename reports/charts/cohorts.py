"""A triangle of cohorts: a row a month of joining, a column a month since, the share still there in each cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from reports.charts import at, svg
from reports.charts.markup import filled

_NAME, _SIZE, _CELL, _ROW, _HEAD = 80, 56, 64, 28, 36
#: a cell is never so dark that its number could not be read on it
_DARKEST = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """A cohort: its name, its size as it is said, and of each month since a share with how it is said; None hides."""

    name: str
    size: str
    cells: Sequence[tuple[float | None, str, str]]


def triangle(
    *, key: str, title: str, about: str, size_title: str, heads: Sequence[str], axis: str, rows: Sequence[Row]
) -> SafeString:
    """The triangle. `cells` are (share, what stands in it, what it says when pointed at)."""
    width, height = _NAME + _SIZE + _CELL * len(heads) + 4, _HEAD + _ROW * len(rows) + 4
    parts = [
        filled(
            '<text class="chart-tick" x="{}" y="12" text-anchor="end">{}</text>'
            '<text class="chart-tick" x="{}" y="12">{}</text>',
            _NAME + _SIZE - 8, size_title, _NAME + _SIZE, axis,
        )
    ]  # fmt: skip
    for i, head in enumerate(heads):
        x = _NAME + _SIZE + _CELL * (i + 0.5)
        parts.append(filled('<text class="chart-tick" x="{}" y="29" text-anchor="middle">{}</text>', at(x), head))
    for j, row in enumerate(rows):
        y = _HEAD + _ROW * j
        parts.append(
            filled(
                '<text class="chart-label" x="0" y="{0}">{1}</text>'
                '<text class="chart-tick" x="{2}" y="{0}" text-anchor="end">{3}</text>',
                at(y + _ROW / 2 + 3.5), row.name, _NAME + _SIZE - 8, row.size,
            )
        )  # fmt: skip
        for i, (share, said, told) in enumerate(row.cells):
            x = _NAME + _SIZE + _CELL * i
            tone, dark = ("", _DARKEST * (0.06 + 0.94 * share)) if share is not None else ("quiet", 0.15)
            parts.append(
                filled(
                    '<g><title>{}</title><rect class="chart-bar {}" fill-opacity="{}" x="{}" y="{}" width="{}" '
                    'height="{}" rx="2"/><text class="chart-value" x="{}" y="{}" text-anchor="middle">{}</text></g>',
                    told, tone, f"{dark:.2f}", at(x + 1), at(y + 1), _CELL - 2, _ROW - 2, at(x + _CELL / 2),
                    at(y + _ROW / 2 + 3.5), said,
                )
            )  # fmt: skip
    return svg(key, title, about, parts, height=height, width=width)
