"""One walk along the rows, counted by many things at once (GROUPING SETS), and columns cut into buckets."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import BooleanField, Case, Count, Q, QuerySet, Value, When

from reports.ledger import arrays, packs


class Bucket(models.Func):
    """Which bucket a number lies in, from 0: the first is below the first edge, the last from the last edge on."""

    function = "width_bucket"
    template = "%(function)s(%(expressions)s::int8[])"
    output_field = models.IntegerField()

    def __init__(self, column: str, edges: Sequence[int]) -> None:
        super().__init__(models.F(column), models.Value(list(edges)))
        self.reads = (column,)
        self.edges = list(edges)

    def on_arrays(self, frame: arrays.Frame) -> packs.Column:
        """The same of packed facts."""
        return arrays.bucketed(frame[self.reads[0]], self.edges)


Groups = dict[tuple[Any, ...], tuple[int, ...]]


def grouped(rows: "QuerySet[Any]", sets: Sequence[Sequence[str]], counts: Mapping[str, Q | None]) -> list[Groups]:
    """The counts of the rows, by each set of columns: what `sets` names, in its order.

    `counts` are conditions; without one every row is counted.
    """
    everything = {name: Count(Value(1), filter=condition) for name, condition in counts.items()}
    packed = arrays.tally_sets(rows, sets, everything)
    if packed is not None:
        return [{row[: len(one)]: tuple(row[len(one) :]) for row in of} for one, of in zip(sets, packed, strict=True)]
    flags = {
        f"is_{name}": Case(When(condition, then=True), default=False, output_field=BooleanField())
        for name, condition in counts.items() if condition is not None
    }  # fmt: skip
    columns = list(dict.fromkeys(column for one in sets for column in one))
    names = {name: f"c{i}" for i, name in enumerate([*columns, *flags])}
    found: list[Groups] = [{} for _one in sets]
    try:
        inner, params = rows.annotate(**flags).order_by().values_list(*names).query.sql_with_params()
    except EmptyResultSet:  # no inbox may be seen
        return found
    counted = ", ".join(
        f"count(*) FILTER (WHERE {names[f'is_{name}']})" if condition is not None else "count(*)"
        for name, condition in counts.items()
    )
    quoted = [names[column] for column in columns]
    sets_sql = ", ".join(f"({', '.join(names[column] for column in one)})" for one in sets)
    outer = f"GROUPING({', '.join(quoted)})" if quoted else "0"
    sql = (  # the names are ours, the values are parameters
        f"SELECT {outer}, {', '.join([*quoted, counted])} FROM ({inner}) AS r ({', '.join(names.values())}) "  # noqa: S608
        f"GROUP BY GROUPING SETS ({sets_sql})"
    )
    masks = [sum(1 << (len(columns) - 1 - i) for i, name in enumerate(columns) if name not in one) for one in sets]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for mask, *values in cursor.fetchall():
            at = masks.index(mask)
            key = tuple(values[columns.index(name)] for name in sets[at])
            found[at][key] = tuple(values[len(columns) :])
    return found
