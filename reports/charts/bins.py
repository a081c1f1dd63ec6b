"""A histogram of named bins: lying bars with room for their names, how many and which share."""

from collections.abc import Sequence

from django.utils.safestring import SafeString

from reports.charts import TOP, WIDTH, at, svg
from reports.charts.markup import filled
from reports.charts.named import room, short
from reports.showing.words import number, percent

LEFT, RIGHT, HEIGHT = 110, 80, 24


def bins(
    *, key: str, title: str, about: str, rows: Sequence[tuple[str, int, str]], total: int | None = None,
    left: int = LEFT,
) -> SafeString:  # fmt: skip
    """(name, how many, tone) from the top down; shares are of `total`, else of their sum."""
    left = room((name for name, _n, _tone in rows), left)
    most = max((n for _name, n, _tone in rows), default=0) or 1
    whole = total if total is not None else sum(n for _name, n, _tone in rows)
    parts = []
    for i, (name, n, tone) in enumerate(rows):
        middle = TOP + HEIGHT * (i + 0.5)
        width = (WIDTH - left - RIGHT) * n / most
        bar = filled(
            '<rect class="chart-bar {}" x="{}" y="{}" width="{}" height="15"/>',
            tone, left, at(middle - 7.5), at(width),
        )  # fmt: skip
        parts.append(
            filled(
                '<g><title>{}</title><text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>{}'
                '<text class="chart-value" x="{}" y="{}">{}</text></g>',
                name, left - 8, at(middle + 3.5), short(name), bar if n else "", at(left + width + 6), at(middle + 3.5),
                f"{number(n)} · {percent(n / whole if whole else None)}",
            )
        )  # fmt: skip
    axis = filled('<line class="chart-axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>', left, TOP, TOP + HEIGHT * len(rows))
    return svg(key, title, about, [*parts, axis], height=TOP * 2 + HEIGHT * len(rows))
