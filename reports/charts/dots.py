"""Dots with their intervals, a row each: shares of groups side by side, and each again with the mix held fixed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from reports.charts import TOP, WIDTH, _joined, at, svg, wrap
from reports.charts.markup import filled

LEFT, RIGHT, HEIGHT, FOOT = 120, 64, 24, 20
_LETTERS = 21
_LINE = 11  # of a name in two lines


@dataclass(frozen=True, slots=True)
class Dot:
    """One group; without a value its row says why, in `note`. `second` is drawn as a hollow dot."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    note: str
    second: float | None = None
    tone: str = ""


def dots(
    *, key: str, title: str, about: str, rows: Sequence[Dot], say: Callable[[float], str],
    steps: Sequence[float] = (0, 0.25, 0.5, 0.75, 1), reference: float | None = None,
    right: int = RIGHT,
) -> SafeString:  # fmt: skip
    """Rows from the top down on one axis; `reference` is a line down all of them."""
    bottom, top = steps[0], steps[-1]
    foot = TOP + HEIGHT * len(rows)

    def x(value: float) -> float:
        inside = min(max(value, bottom), top)
        return LEFT + (WIDTH - LEFT - right) * (inside - bottom) / (top - bottom)

    parts = [
        filled(
            '<line class="chart-grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
            '<text class="chart-tick" x="{0}" y="{3}" text-anchor="middle">{4}</text>',
            at(x(step)), TOP, foot, foot + 14, say(step),
        )
        for step in steps
    ]  # fmt: skip
    if reference is not None:
        parts.append(filled('<line class="chart-axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>', at(x(reference)),
                                 TOP, foot))  # fmt: skip
    for i, row in enumerate(rows):
        parts.append(_row(row, TOP + HEIGHT * (i + 0.5), x, say, WIDTH - right))
    return svg(key, title, about, parts, height=foot + FOOT)


def _row(row: Dot, y: float, x: Callable[[float], float], say: Callable[[float], str], right: int) -> SafeString:
    said = [row.name] if len(row.name) <= _LETTERS else wrap(row.name, _LETTERS)
    if len(said) > 2 or any(len(one) > _LETTERS for one in said):
        said = [f"{row.name[: _LETTERS - 1].rstrip()}…"]
    first = y + 4 - _LINE * (len(said) - 1) / 2
    drawn = [
        filled('<text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>', LEFT - 8,
                    at(first + _LINE * i), words)
        for i, words in enumerate(said)
    ]  # fmt: skip
    drawn += [
        filled('<text class="chart-value" x="{}" y="{}">{}</text>', right + 8, at(y + 4), row.note),
    ]
    told = f"{row.name}: {row.note}"
    if row.value is not None and row.low is not None and row.high is not None:
        told = f"{row.name}: {say(row.value)} ({say(row.low)}–{say(row.high)}), {row.note}"
        drawn.append(filled('<line class="chart-line {}" x1="{}" x2="{}" y1="{}" y2="{}"/>', row.tone,
                                 at(x(row.low)), at(x(row.high)), at(y), at(y)))  # fmt: skip
        if row.second is not None:
            drawn.append(filled('<circle class="chart-dot beside" cx="{}" cy="{}" r="3.5"/>', at(x(row.second)),
                                     at(y)))  # fmt: skip
        drawn.append(filled('<circle class="chart-dot full {}" cx="{}" cy="{}" r="4"/>', row.tone,
                                 at(x(row.value)), at(y)))  # fmt: skip
    return filled("<g><title>{}</title>{}</g>", told, _joined(drawn))
