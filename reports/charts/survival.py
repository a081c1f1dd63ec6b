"""A survival curve: the share not done after a time, in steps, with its interval as a band."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log1p

from django.utils.safestring import SafeString

from reports.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Say, at, svg
from reports.charts.markup import filled

_TICKS = (
    60, 300, 900, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 86400, 2 * 86400, 4 * 86400, 7 * 86400, 14 * 86400, 28 * 86400,
    56 * 86400, 112 * 86400, 365 * 86400,
)  # fmt: skip
_APART = 34  # two names below the axis are at least that far from each other


@dataclass(frozen=True, slots=True)
class Point:
    """From this time on, this share is left, with its interval where there is one."""

    time: float
    left: float
    low: float | None = None
    high: float | None = None


def survival(
    *, key: str, title: str, about: str, points: Sequence[Point], end: float, median: float | None, say: Say,
    say_median: str, name: str,
) -> SafeString:  # fmt: skip
    """The curve up to `end`. Time runs on a logarithmic axis: minutes and weeks are both to be seen."""
    scale = _scale(points, end)
    floor = HEIGHT - BOTTOM

    def y(share: float) -> float:
        return floor - (floor - TOP) * share

    parts = [
        filled(
            '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="chart-tick" x="{}" y="{}" text-anchor="end">{}</text>',
            "chart-grid" if share else "chart-axis", LEFT, WIDTH - RIGHT, at(y(share)), at(y(share)),
            LEFT - 6, at(y(share) + 4), f"{round(100 * share)} %" if share else "0",
        )
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]  # fmt: skip
    reached = float("-inf")
    for tick in _TICKS:
        x = scale(tick)
        if tick <= end and x - reached >= _APART:
            parts.append(
                filled(
                    '<text class="chart-tick" x="{}" y="{}" text-anchor="middle">{}</text>',
                    at(x),
                    HEIGHT - 6,
                    say(tick),
                )
            )
            reached = x
    steps = [Point(0, 1.0, 1.0, 1.0), *points]
    known = [one for one in steps if one.low is not None and one.high is not None]
    if len(known) > 1:
        upper = _stairs(scale, y, [(one.time, one.high or 0.0) for one in known], end)
        lower = _stairs(scale, y, [(one.time, one.low or 0.0) for one in known], end)
        parts.append(filled('<polygon class="chart-band" points="{}"/>', " ".join([*upper, *reversed(lower)])))
    curve = _stairs(scale, y, [(one.time, one.left) for one in steps], end)
    parts.append(filled('<polyline class="chart-line chart-steps" points="{}"/>', " ".join(curve)))
    if median is not None:
        x = scale(median)
        parts.append(
            filled(
                '<line class="chart-limit" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<circle class="chart-dot" cx="{}" cy="{}" r="3"/><text class="chart-label" x="{}" y="{}">{}</text>',
                at(x), at(x), at(y(0.5)), floor, at(x), at(y(0.5)), at(x + 6), at(y(0.5) - 6), say_median,
            )
        )  # fmt: skip
    last = steps[-1].left
    parts.append(filled('<text class="chart-label" x="{}" y="{}">{}</text>', WIDTH - RIGHT + 8, at(y(last) + 4), name))
    return svg(key, title, about, parts)


def _scale(points: Sequence[Point], end: float) -> Callable[[float], float]:
    """Where a time stands: minutes at the start as wide as weeks at the end."""
    unit = max(min((one.time for one in points if one.time), default=60), 60)
    whole = log1p(end / unit) or 1

    def x(time: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(log1p(time / unit) / whole, 1)

    return x


def _stairs(
    x: Callable[[float], float], y: Callable[[float], float], values: Sequence[tuple[float, float]], end: float
) -> list[str]:  # fmt: skip
    """Level until the next time, then straight down."""
    corners = []
    for i, (time, value) in enumerate(values):
        corners.append(f"{at(x(time))},{at(y(value))}")
        until = values[i + 1][0] if i + 1 < len(values) else end
        corners.append(f"{at(x(until))},{at(y(value))}")
    return corners
