"""A heat map: a word in every cell, and a colour that only repeats it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from reports.charts import WIDTH, at, svg
from reports.charts.markup import filled

LEFT, TOP, RIGHT = 40, 22, 4
#: so many shades, from none to the strongest
SHADES = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """What is written, what is told when pointed at, and how strong its colour is, from 0 to 1; None has none."""

    text: str
    told: str
    strength: float | None = None


def heat(
    *, key: str, title: str, about: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]],
    row_height: int = 16,
) -> SafeString:  # fmt: skip
    """Cells in columns and rows, each row with its name before it."""
    width = (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    parts = [
        filled(
            '<text class="chart-label" x="{}" y="{}" text-anchor="middle">{}</text>',
            at(LEFT + width * (i + 0.5)), TOP - 8, name,
        )
        for i, name in enumerate(columns)
    ]  # fmt: skip
    for j, (name, cells) in enumerate(rows):
        y = TOP + row_height * j
        parts.append(
            filled(
                '<text class="chart-tick" x="{}" y="{}" text-anchor="end">{}</text>',
                LEFT - 6, at(y + row_height / 2 + 3.5), name,
            )
        )  # fmt: skip
        for i, cell in enumerate(cells):
            x = LEFT + width * i
            parts.append(
                filled(
                    '<g><title>{}</title>'
                    '<rect class="chart-cell shade-{}" x="{}" y="{}" width="{}" height="{}"/>'
                    '<text class="chart-cell-text shade-{}" x="{}" y="{}" text-anchor="middle">{}</text></g>',
                    cell.told, shade(cell.strength), at(x + 0.5), at(y + 0.5), at(width - 1), at(row_height - 1),
                    shade(cell.strength), at(x + width / 2), at(y + row_height / 2 + 3.5), cell.text,
                )
            )  # fmt: skip
    return svg(key, title, about, parts, height=TOP + row_height * len(rows) + 4)


def shade(strength: float | None) -> int:
    """0 for nothing, else 1 to SHADES."""
    return 0 if strength is None else min(int(strength * SHADES), SHADES - 1) + 1
