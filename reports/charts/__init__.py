"""Charts drawn on the server: inline SVG of geometry and classes only, readable without a script and in print.

One question a chart. The vertical axis starts at zero; what is missing is a gap; names stand beside what they name.
Every chart has a table beside it for those who do not see it, so the drawing itself is one image with a description.
"""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10

from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from reports.charts.markup import filled

WIDTH, HEIGHT = 400, 200
LEFT, RIGHT, TOP, BOTTOM = 48, 90, 12, 24
_LINE = 13  # the least distance of two labels
_NAME = 14  # letters of a line of a name at the end of what it names

#: of a chart that is a table only
NOTHING = SafeString("")

Values = Sequence[float | None]
Say = Callable[[float], str]
#: what happened, in words, by the slice it happened in
Marks = Mapping[int, str]

_TIMES = (
    60, 300, 600, 1200, 1800, 3600, 7200, 3 * 3600, 4 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 3 * 86400,
    5 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 56 * 86400, 112 * 86400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """One thing measured, slice by slice; `name` stands beside it, `tone` is a class of chart.css."""

    name: str
    values: Values
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things are: slices from start to end, values from the axis up."""

    slices: int
    top: float
    width: int = WIDTH

    @property
    def step(self) -> float:
        return (self.width - LEFT - RIGHT) / max(self.slices, 1)

    def x(self, slice_: int) -> float:
        """The middle of a slice."""
        return LEFT + self.step * (slice_ + 0.5)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(value / self.top, 1)


# ---------------------------------------------------------------------- charts


def bars(
    *, key: str, title: str, about: str, labels: Sequence[str], series: Sequence[Series], say: Say,
    unfinished: int = -1, marks: Marks | None = None,
) -> SafeString:  # fmt: skip
    """Bars side by side for each slice; the slice still running is pale."""
    frame = Frame(len(labels), nice_top(max(_known(series), default=0)))
    width = min(frame.step * 0.8 / max(len(series), 1), 18)
    groups = []
    for i, label in enumerate(labels):
        rects = []
        for j, one in enumerate(series):
            value = one.values[i]
            if not value:
                continue
            x = frame.x(i) + (j - len(series) / 2) * width
            y = frame.y(value)
            pale = " chart-open" if i == unfinished else ""
            rects.append(
                filled(
                    '<rect class="chart-bar {}{}" x="{}" y="{}" width="{}" height="{}"/>',
                    one.tone, pale, at(x), at(y), at(max(width - 0.6, 0.6)), at(frame.y(0) - y),
                )
            )  # fmt: skip
        if rects:
            told = ", ".join(f"{one.name} {_said(one.values[i], say)}" for one in series)
            groups.append(filled("<g><title>{}: {}</title>{}</g>", label, told, _joined(rects)))
    ended = [replace(one, values=one.values[:unfinished]) for one in series] if unfinished > 0 else series
    return svg(
        key, title, about, [axes(frame, labels, say), *groups, *mark(frame, marks or {}, labels), names(frame, ended)]
    )


def lines(
    *, key: str, title: str, about: str, labels: Sequence[str], lower: Series, upper: Series, say: Say,
    marks: Marks | None = None,
) -> SafeString:  # fmt: skip
    """Two lines with the band between them, such as a median and a ninetieth percentile; durations in seconds."""
    frame = Frame(len(labels), time_top(max(_known([lower, upper]), default=0)))
    parts = [axes(frame, labels, say, time_steps(frame.top)), *bands(frame, lower.values, upper.values)]
    for one in (upper, lower):
        parts += line(frame, one, labels, say)
    parts += mark(frame, marks or {}, labels)
    return svg(key, title, about, [*parts, names(frame, [upper, lower])])


def shares(
    *, key: str, title: str, about: str, labels: Sequence[str], series: Series, low: Values, high: Values, say: Say,
    marks: Marks | None = None,
) -> SafeString:  # fmt: skip
    """A share between 0 and 1 with its interval as a band."""
    frame = Frame(len(labels), 1.0)
    parts = [
        axes(frame, labels, say, [0, 0.25, 0.5, 0.75, 1.0]),
        *bands(frame, low, high),
        *line(frame, series, labels, say),
    ]
    parts += mark(frame, marks or {}, labels)
    return svg(key, title, about, [*parts, names(frame, [series])])


def distribution(*, key: str, title: str, about: str, rows: Sequence[tuple[str, int, str]]) -> SafeString:
    """Lying bars, one a row: its name, how many, and a tone."""
    most = max((n for _name, n, _tone in rows), default=0) or 1
    total = sum(n for _name, n, _tone in rows) or 1
    height, room = 26, WIDTH - LEFT - RIGHT
    parts = []
    for i, (name, n, tone) in enumerate(rows):
        middle = TOP + height * (i + 0.5)
        width = room * n / most
        bar = filled(
            '<rect class="chart-bar {}" x="{}" y="{}" width="{}" height="16"/>',
            tone,
            LEFT,
            at(middle - 8),
            at(width),
        )
        parts.append(
            filled(
                '<text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>{}'
                '<text class="chart-value" x="{}" y="{}">{}</text>',
                LEFT - 8, at(middle + 4), name, bar if n else "", at(LEFT + width + 6), at(middle + 4),
                f"{n:,} · {round(100 * n / total)} %",
            )
        )  # fmt: skip
    axis = filled('<line class="chart-axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>', LEFT, TOP, TOP + height * len(rows))
    return svg(key, title, about, [*parts, axis], height=TOP * 2 + height * len(rows))


# ---------------------------------------------------------------------- parts


def svg(
    key: str, title: str, about: str, parts: Sequence[SafeString], height: int = HEIGHT, width: int = WIDTH
) -> SafeString:  # fmt: skip
    """The drawing as one image with its name and its description."""
    return filled(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-labelledby="chart-{k}-title chart-{k}-about">'
        '<title id="chart-{k}-title">{t}</title><desc id="chart-{k}-about">{a}</desc>{parts}</svg>',
        w=width, h=height, k=key, t=title, a=about, parts=_joined(parts),
    )  # fmt: skip


def axes(frame: Frame, labels: Sequence[str], say: Say, steps: Sequence[float] | None = None) -> SafeString:
    steps = steps or _steps(frame.top)
    grid = format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="chart-tick" x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (
                "chart-grid" if step else "chart-axis", LEFT, frame.width - RIGHT, at(frame.y(step)), at(frame.y(step)),
                LEFT - 6, at(frame.y(step) + 4), say(step) if step else "0",
            )
            for step in steps
        ),
    )  # fmt: skip
    return grid + format_html_join(
        "",
        '<text class="chart-tick" x="{}" y="{}" text-anchor="{}">{}</text>',
        ((at(frame.x(i)), HEIGHT - 6, _anchor(i, len(labels)), labels[i]) for i in _places(len(labels))),
    )


def _anchor(i: int, n: int) -> str:
    """The outer names stay inside the drawing."""
    return "middle" if 0 < i < n - 1 or n <= 4 else "start" if i == 0 else "end"


def _places(n: int) -> list[int]:
    """Which slices are named below the axis: both ends and a few between."""
    if n <= 4:
        return list(range(n))
    if n <= 6:
        return [0, n // 2, n - 1]
    return [0, round((n - 1) / 3), round(2 * (n - 1) / 3), n - 1]


def bands(frame: Frame, low: Values, high: Values) -> list[SafeString]:
    found = []
    for run in runs([a if b is not None else None for a, b in zip(low, high, strict=True)]):
        if len(run) < 2:
            continue
        upper = [f"{at(frame.x(i))},{at(frame.y(high[i] or 0))}" for i in run]
        lower = [f"{at(frame.x(i))},{at(frame.y(low[i] or 0))}" for i in reversed(run)]
        found.append(filled('<polygon class="chart-band" points="{}"/>', " ".join([*upper, *lower])))
    return found


def line(frame: Frame, series: Series, labels: Sequence[str], say: Say) -> list[SafeString]:
    parts = []
    for run in runs(series.values):
        if len(run) > 1:
            points = " ".join(f"{at(frame.x(i))},{at(frame.y(series.values[i] or 0))}" for i in run)
            parts.append(filled('<polyline class="chart-line {}" points="{}"/>', series.tone, points))
    few = len(labels) <= 31
    for i, value in enumerate(series.values):
        if value is None:
            continue
        alone = all(not 0 <= j < len(labels) or series.values[j] is None for j in (i - 1, i + 1))
        if few or alone:
            parts.append(
                filled(
                    '<circle class="chart-dot {}" cx="{}" cy="{}" r="2.5"><title>{}: {} {}</title></circle>',
                    series.tone, at(frame.x(i)), at(frame.y(value)), labels[i], series.name, say(value),
                )
            )  # fmt: skip
    return parts


_MARK = 22  # so many letters of a mark's words are written out


def mark(frame: Frame, marks: Marks, labels: Sequence[str]) -> list[SafeString]:
    """What happened, at the slice it happened in: a dashed line and its words; all of them when pointed at."""
    parts = []
    for row, (i, words) in enumerate(sorted(marks.items())):
        x, is_right = frame.x(i), frame.x(i) > frame.width * 0.55
        short = words if len(words) <= _MARK else f"{words[: _MARK - 1].rstrip()}…"
        parts.append(
            filled(
                '<g class="chart-mark"><title>{}: {}</title><line x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<text x="{}" y="{}" text-anchor="{}">{}</text></g>',
                labels[i], words, at(x), at(x), TOP - 4, HEIGHT - BOTTOM,
                at(x + (-4 if is_right else 4)), TOP + 3 + _LINE * (row % 3),
                "end" if is_right else "start", short,
            )
        )  # fmt: skip
    return parts


def names(frame: Frame, series: Sequence[Series]) -> SafeString:
    """The name of each series at the end of it, moved apart where they would meet."""
    ends = []
    for one in series:
        last = next((value for value in reversed(one.values) if value is not None), None)
        if last is not None:
            ends.append((frame.y(last), one))
    ends.sort(key=lambda end: end[0])
    placed: list[tuple[float, Series, list[str]]] = []
    end = 0.0
    for y, one in ends:
        y, said = max(y, end), wrap(one.name, _NAME)
        placed.append((y, one, said))
        end = y + _LINE * len(said)
    over = max(end - _LINE - (HEIGHT - BOTTOM), 0)
    x = frame.width - RIGHT + 8
    return format_html_join(
        "",
        '<rect class="chart-bar {}" x="{}" y="{}" width="8" height="8"/>{}',
        ((one.tone, x, at(y - over - 4), _lines(said, x + 13, y - over + 4)) for y, one, said in placed),
    )


def wrap(words: str, letters: int) -> list[str]:
    """Words in lines of so many letters; a word that is longer stays whole."""
    return textwrap.wrap(words, letters, break_long_words=False) or [words]


def _lines(said: Sequence[str], x: float, y: float) -> SafeString:
    return format_html_join(
        "",
        '<text class="chart-label" x="{}" y="{}">{}</text>',
        ((x, at(y + _LINE * i), words) for i, words in enumerate(said)),
    )


def runs(values: Values) -> Iterator[list[int]]:
    """Neighbouring slices that have a value: what is missing is a gap."""
    run: list[int] = []
    for i, value in enumerate(values):
        if value is not None:
            run.append(i)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _known(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]


def nice_top(most: float) -> float:
    """The least round number no value exceeds."""
    if most <= 4:
        return 4
    size = 10 ** floor(log10(most))
    return next(size * step for step in (1, 2, 4, 5, 10) if size * step >= most)


def _steps(top: float) -> list[float]:
    return [top * i / 4 for i in range(5)] if top % 4 == 0 else [top * i / 5 for i in range(6)]


def time_top(most: float) -> float:
    step = _time_step(most)
    return step * max(ceil(most / step), 1)


def _time_step(most: float) -> float:
    return next((step for step in _TIMES if step * 5 >= most), _TIMES[-1] * ceil(most / _TIMES[-1] / 5))


def time_steps(top: float) -> list[float]:
    step = _time_step(top)
    return [step * i for i in range(round(top / step) + 1)]


def _said(value: float | None, say: Say) -> str:
    return "—" if value is None else say(value)


def _joined(parts: Sequence[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped when it was made


def at(value: float) -> str:
    """A coordinate: at most one decimal, no trailing zero."""
    return f"{value:.1f}".rstrip("0").rstrip(".")
