"""A control chart: the points, where they are expected, the limits, and every signal by shape and word."""

from collections.abc import Mapping, Sequence

from django.utils.safestring import SafeString

from reports import charts
from reports.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, Marks, Say, Series
from reports.charts.markup import filled
from reports.counting.control import Judged

#: twice as wide as the others: it holds the baseline, too
WIDTH = 800
#: as wide as the others, for narrow screens
NARROW = charts.WIDTH


def control(
    *, key: str, title: str, about: str, labels: Sequence[str], name: str, judged: Judged, say: Say,
    words: Mapping[str, str], is_share: bool = False, is_time: bool = False, baseline_words: str = "",
    marks: Marks | None = None, width: int = WIDTH,
) -> SafeString:  # fmt: skip
    """`words` names the rules in a word or two. The baseline is pale; what was judged is drawn in full."""
    values = [point.value for point in judged.points]
    known = [value for value in values if value is not None]
    highs = [limit.high for limit in judged.limits if limit]
    most = max([*known, *highs], default=0)
    top = 1.0 if is_share else charts.time_top(most) if is_time else charts.nice_top(most)
    frame = charts.Frame(len(values), top, width)
    steps = [0, 0.25, 0.5, 0.75, 1.0] if is_share else charts.time_steps(top) if is_time else None
    parts = [charts.axes(frame, labels, say, steps)]
    if 0 < judged.baseline < len(values):
        x = frame.x(judged.baseline) - frame.step / 2
        parts.append(
            filled(
                '<rect class="chart-before" x="{}" y="{}" width="{}" height="{}"/>'
                '<text class="chart-tick" x="{}" y="{}">{}</text>',
                LEFT, TOP, charts.at(x - LEFT), HEIGHT - BOTTOM - TOP, LEFT + 4, TOP + 9,
                baseline_words if width == WIDTH or not marks else "",
            )
        )  # fmt: skip
    #: where each slice begins and ends
    sides = [
        (charts.at(frame.x(i) - frame.step / 2), charts.at(frame.x(i) + frame.step / 2)) for i in range(len(values))
    ]
    parts += _bands(frame, judged, sides)
    for pick, tone in (("high", "chart-limit"), ("low", "chart-limit"), ("centre", "chart-centre")):
        edge = [getattr(limit, pick) if limit else None for limit in judged.limits]
        for run in charts.runs(edge):
            heights = ((i, charts.at(frame.y(edge[i] or 0))) for i in run)
            points = " ".join(f"{sides[i][0]},{y} {sides[i][1]},{y}" for i, y in heights)
            parts.append(filled('<polyline class="{}" points="{}"/>', tone, points))
    parts += charts.line(frame, Series(name, values), labels, say)
    parts += charts.mark(frame, marks or {}, labels)
    said: list[tuple[float, float]] = []
    before = None
    for signal in judged.signals:
        value = values[signal.place] or 0
        x, y, word = frame.x(signal.place), frame.y(value), words[signal.rule]
        is_right = x > width - RIGHT - 70
        parts.append(
            filled(
                '<path class="chart-signal" d="M{} {}l5 5-5 5-5-5z"><title>{}: {} {}, {}</title></path>',
                charts.at(x), charts.at(y - 5), labels[signal.place], name, say(value), word,
            )
        )  # fmt: skip
        # what was just said is not said again, nor over another word: the shape says it, and the table
        is_again = before and before.rule == signal.rule and signal.place - before.place <= 3
        before = signal
        if is_again or any(abs(x - across) < 12 + 6 * len(word) and abs(y - up) < 14 for across, up in said):
            continue
        said.append((x, y))
        parts.append(
            filled(
                '<text class="chart-label strong" x="{}" y="{}" text-anchor="{}">{}</text>',
                charts.at(x + (-8 if is_right else 8)), charts.at(max(y - 4, TOP + 4)), "end" if is_right else "start",
                word,
            )
        )  # fmt: skip
    parts.append(charts.names(frame, [Series(name, values)]))
    return charts.svg(key, title, about, parts, width=width)


def _bands(frame: charts.Frame, judged: Judged, sides: Sequence[tuple[str, str]]) -> list[SafeString]:
    """What chance alone would do, as a field between the limits."""
    found = []
    for run in charts.runs([limit.low if limit else None for limit in judged.limits]):
        limits = [(sides[i], limit) for i in run if (limit := judged.limits[i])]
        there = [f"{x[0]},{y} {x[1]},{y}" for x, one in limits if (y := charts.at(frame.y(one.high)))]
        back = [f"{x[1]},{y} {x[0]},{y}" for x, one in reversed(limits) if (y := charts.at(frame.y(one.low)))]
        found.append(filled('<polygon class="chart-usual" points="{}"/>', " ".join([*there, *back])))
    return found
