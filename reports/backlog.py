"""What was not done at a moment, and what went in and out: from the stays of tickets in the backlog.

The same numbers as `metrics.flow`, which takes whole tickets; the tests hold both beside each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count

from reports.metrics.flow import Backlog, Flow
from reports.periods import Period
from reports.reading import Filter, stays, within


@dataclass(frozen=True, slots=True)
class At:
    """The backlog at a moment."""

    moment: datetime
    backlog: Backlog


_AGES = """
    SELECT place, count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY age), max(age)
    FROM (
        SELECT place, greatest(floor(extract(epoch FROM %(moments)s[place]))
            - floor(extract(epoch FROM stay.started_at)), 0)::bigint AS age
        FROM ({rows}) AS stay,
            -- inside just before a moment: entered before it and not left before it
            generate_series(
                width_bucket(stay.entered_at, %(moments)s) + 1,
                CASE WHEN stay.left_at IS NULL THEN cardinality(%(moments)s)
                     ELSE width_bucket(stay.left_at, %(moments)s) END
            ) AS place
    ) AS aged GROUP BY place
"""


def at_moments(chosen: Filter, moments: Sequence[datetime]) -> list[At]:
    """The backlog just before each of these moments, in order of time. One statement."""
    if not moments:
        return []
    entered = stays(chosen).filter(entered_at__lt=moments[-1]).values("entered_at", "left_at", "started_at")
    # apart, so that both are read from the index alone
    rows = entered.filter(left_at__gte=moments[0]).union(entered.filter(left_at=None), all=True)
    inner, parameters = rows.query.sql_with_params()
    name = "%s::timestamptz[]"
    # the inner query brings parameters of its own, in their order
    sql = _AGES.replace("%(moments)s", f"({name})").format(rows=inner)
    given = list(moments)
    with connection.cursor() as cursor:
        cursor.execute(sql, [given, *parameters, given, given, given])
        found = {place: (n, *ages, oldest) for place, n, ages, oldest in cursor.fetchall()}
    nothing = (0, None, None, None)
    return [At(moment, Backlog(*found.get(i, nothing))) for i, moment in enumerate(moments, 1)]


def flow(chosen: Filter, period: Period, standing: Sequence[At] = ()) -> Flow:
    """What entered and left in a period; the two ends are counted apart from the movements.

    `standing` is the backlog at some moments where it is known, the first of them the start, the last one the end.
    """
    standing = standing or at_moments(chosen, [period.start, period.end])
    entered = _moves(chosen, "entered_by", "entered_at", period)
    left = _moves(chosen, "left_by", "left_at", period)
    return Flow(
        opening=standing[0].backlog.n,
        created=entered.get("created", 0),
        reopened=entered.get("reopened", 0),
        restored=entered.get("restored", 0),
        solved=left.get("solved", 0) + left.get("bulk_closed", 0),
        bulk_closed=left.get("bulk_closed", 0),
        removed=left.get("removed", 0),
        closing=standing[-1].backlog.n,
    )


def _moves(chosen: Filter, kind: str, moment: str, period: Period) -> dict[str, int]:
    rows = stays(chosen).filter(within(moment, period)).order_by().values_list(kind)
    return dict(rows.annotate(n=Count("*")))
