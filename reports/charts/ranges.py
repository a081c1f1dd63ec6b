"""Shares of several groups with their intervals, one a row: what overlaps is to be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from reports.charts import TOP, WIDTH, at, named, svg
from reports.charts.markup import filled
from reports.showing.words import percent

LEFT, RIGHT, ROW, FOOT = 110, 78, 24, 18


@dataclass(frozen=True, slots=True)
class Range:
    """A share between its ends, and what is written at its end; without a share only that."""

    name: str
    share: float | None
    low: float | None
    high: float | None
    said: str
    #: too few to be sure
    is_pale: bool = False


def ranges(*, key: str, title: str, about: str, rows: Sequence[Range], left: int = LEFT) -> SafeString:
    """Each share as a dot on the line of its interval, from 0 to 100 %."""
    left = named.room((row.name for row in rows), left)
    room = WIDTH - left - RIGHT
    height = TOP + ROW * len(rows)
    parts = [
        filled(
            '<line class="{}" x1="{x}" x2="{x}" y1="{}" y2="{}"/>'
            '<text class="chart-tick" x="{x}" y="{}" text-anchor="middle">{}</text>',
            "chart-grid" if step else "chart-axis", TOP, height, height + 13, percent(step), x=at(left + room * step),
        )
        for step in (0, 0.25, 0.5, 0.75, 1)
    ]  # fmt: skip
    for i, row in enumerate(rows):
        y = TOP + ROW * (i + 0.5)
        parts.append(
            filled('<text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>', left - 8, at(y + 3.5),
                        named.short(row.name))
        )  # fmt: skip
        if row.share is not None and row.low is not None and row.high is not None:
            parts.append(
                filled(
                    '<g class="{}"><title>{}: {} ({} – {})</title>'
                    '<line class="chart-line" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                    '<circle class="chart-dot" cx="{}" cy="{}" r="3.5"/></g>',
                    "chart-open" if row.is_pale else "", row.name, percent(row.share), percent(row.low),
                    percent(row.high), at(left + room * row.low), at(left + room * row.high), at(y), at(y),
                    at(left + room * row.share), at(y),
                )
            )  # fmt: skip
        parts.append(
            filled('<text class="chart-value" x="{}" y="{}">{}</text>', WIDTH - RIGHT + 8, at(y + 3.5), row.said)
        )
    return svg(key, title, about, parts, height=height + FOOT)
