"""Percentiles that the database counts itself, along a covering index: no row is fetched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Count, F, FloatField, Q, QuerySet, Value

from reports.changes import median_ranks
from reports.statistics import Interval, Percentiles

UNKNOWN = Percentiles(0, None, None)


class Quantiles(Aggregate):
    """The given quantiles (0 … 1) of a column, interpolated as the definitions say: a list, or None of nothing."""

    function = "percentile_cont"
    template = "%(function)s(ARRAY[%(fractions)s]::float8[]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(FloatField())

    def __init__(self, column: Any, *fractions: float, is_of_order: bool = False, **more: Any) -> None:
        told = ", ".join(repr(float(one)) for one in fractions)
        if is_of_order:
            more["function"] = "percentile_disc"
        super().__init__(column, fractions=told, **more)


def those(condition: Q) -> Count:
    """How many of the rows a condition holds of."""
    return Count(Value(1), filter=condition)


def measure(rows: "QuerySet[Any]", *columns: str) -> dict[str, Percentiles]:
    """n, median and 90th percentile of each column, from one reading of the rows."""
    asked: dict[str, Aggregate] = {}
    for column in columns:
        asked[f"{column}_n"] = Count(column)
        asked[f"{column}_q"] = Quantiles(column, 0.5, 0.9)
    found = rows.aggregate(**asked)
    return {column: _percentiles(found[f"{column}_n"], found[f"{column}_q"]) for column in columns}


def measure_by(rows: "QuerySet[Any]", by: Any, column: str, **conditions: Any) -> dict[Any, Percentiles]:
    """The same of one column for each group; `by` is a column or an expression."""
    grouped = rows.annotate(group=F(by) if isinstance(by, str) else by).order_by().values_list("group")
    counted = grouped.annotate(n=Count(column, **conditions), q=Quantiles(column, 0.5, 0.9, **conditions))
    return {group: _percentiles(n, q) for group, n, q in counted}


def _percentiles(n: int, quantiles: Sequence[float] | None) -> Percentiles:
    return Percentiles(n, *quantiles) if quantiles else UNKNOWN


@dataclass(frozen=True, slots=True)
class Middle:
    """A median with the exact interval of its order statistics, which few values have none of."""

    n: int
    median: float | None
    interval: Interval | None


def middle(rows: "QuerySet[Any]", column: str, found: Percentiles) -> Middle:
    """What a comparison needs of a median that was measured before."""
    ranks = median_ranks(found.n) if found.n else None
    if ranks is None:
        return Middle(found.n, found.p50, None)
    # between two ranks, so that rounding does not step over one
    places = [(rank + 0.5) / found.n for rank in ranks]
    ends = rows.aggregate(ends=Quantiles(column, *places, is_of_order=True))["ends"]
    return Middle(found.n, found.p50, Interval(*ends))


def bins(rows: "QuerySet[Any]", column: str, edges: Sequence[int]) -> list[int]:
    """How many rows lie in each bin: up to the first edge, up to the next …, beyond the last one."""
    asked = {}
    for i in range(len(edges) + 1):
        inside = Q(**{f"{column}__isnull": False})
        if i:
            inside &= Q(**{f"{column}__gt": edges[i - 1]})
        if i < len(edges):
            inside &= Q(**{f"{column}__lte": edges[i]})
        asked[f"bin_{i}"] = those(inside)
    found = rows.aggregate(**asked)
    return [found[f"bin_{i}"] for i in range(len(edges) + 1)]
