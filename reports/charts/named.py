"""How many of each, one a row: lying bars with room for names in words."""

from collections.abc import Iterable, Sequence

from django.utils.safestring import SafeString

from reports.charts import TOP, WIDTH, at, svg
from reports.charts.markup import filled

LEFT, RIGHT, ROW = 170, 56, 26
#: letters of a name; all of it when pointed at
MOST = 26


def short(name: str) -> str:
    """A name as it fits beside a bar."""
    return name if len(name) <= MOST else f"{name[: MOST - 1].rstrip()}…"


def room(names: Iterable[str], least: int) -> int:
    """How far right the bars start so that the longest of these names, made short, fits before them."""
    return max(least, *(min(LEFT, 8 + 7 * len(name)) for name in names), 0)


def named(*, key: str, title: str, about: str, rows: Sequence[tuple[str, int, str, str]]) -> SafeString:
    """Each row is a name, how many, that in words, and a tone."""
    most = max((n for _name, n, _said, _tone in rows), default=0) or 1
    room = WIDTH - LEFT - RIGHT
    parts = []
    for i, (name, n, said, tone) in enumerate(rows):
        middle, width = TOP + ROW * (i + 0.5), room * n / most
        bar = filled(
            '<rect class="chart-bar {}" x="{}" y="{}" width="{}" height="16"/>', tone, LEFT, at(middle - 8), at(width)
        )
        parts.append(
            filled(
                '<g><title>{}: {}</title><text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>{}'
                '<text class="chart-value" x="{}" y="{}">{}</text></g>',
                name, said, LEFT - 8, at(middle + 4), short(name), bar if n else "", at(LEFT + width + 6),
                at(middle + 4), said,
            )
        )  # fmt: skip
    axis = filled('<line class="chart-axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>', LEFT, TOP, TOP + ROW * len(rows))
    return svg(key, title, about, [*parts, axis], height=TOP * 2 + ROW * len(rows))
