"""One walk along the rows, counted by many things at once (GROUPING SETS), and columns cut into buckets."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet


class Bucket(models.Func):
    """Which bucket a number lies in, from 0: the first is below the first edge, the last from the last edge on."""

    function = "width_bucket"
    template = "%(function)s(%(expressions)s::int8[])"
    output_field = models.IntegerField()

    def __init__(self, column: str, edges: Sequence[int]) -> None:
        super().__init__(models.F(column), models.Value(list(edges)))


Groups = dict[tuple[Any, ...], tuple[int, ...]]


def grouped(
    rows: "QuerySet[Any]", sets: Sequence[Sequence[str]], counts: Mapping[str, str], reads: Sequence[str] = ()
) -> list[Groups]:
    """The counts of the rows, by each set of columns: what `sets` names, in its order.

    `counts` are conditions in SQL over the columns; an empty one counts every row. `reads` are the columns they read
    that no set names.
    """
    columns = list(dict.fromkeys(column for one in sets for column in one))
    read = list(dict.fromkeys([*columns, *reads]))
    names = {name: f"c{i}" for i, name in enumerate(read)}
    found: list[Groups] = [{} for _one in sets]
    try:
        inner, params = rows.order_by().values_list(*read).query.sql_with_params()
    except EmptyResultSet:  # no inbox may be seen
        return found
    counted = ", ".join(f"count(*) FILTER (WHERE {sql})" if sql else "count(*)" for sql in counts.values())
    quoted = [names[column] for column in columns]
    sets_sql = ", ".join(f"({', '.join(names[column] for column in one)})" for one in sets)
    outer = f"GROUPING({', '.join(quoted)})" if quoted else "0"
    sql = (  # the names are ours, the values are parameters
        f"SELECT {outer}, {', '.join([*quoted, counted])} FROM ({inner}) AS r ({', '.join(names.values())}) "  # noqa: S608
        f"GROUP BY GROUPING SETS ({sets_sql})"
    )
    for name in sorted(names, key=len, reverse=True):
        sql = sql.replace(f"{{{name}}}", names[name])
    masks = [sum(1 << (len(columns) - 1 - i) for i, name in enumerate(columns) if name not in one) for one in sets]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for mask, *values in cursor.fetchall():
            at = masks.index(mask)
            key = tuple(values[columns.index(name)] for name in sets[at])
            found[at][key] = tuple(values[len(columns) :])
    return found
