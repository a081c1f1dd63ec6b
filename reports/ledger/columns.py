"""Columns of durations out of the database, half a million at a time: packed there, read by NumPy here.

`tallied` and `by_slice` count rows by groups and by stretches of time: in NumPy where their table is kept in packs
(`reports.ledger.arrays`), else in PostgreSQL. Both give the same.

A percentile needs every value in order. PostgreSQL would sort them once a group and column, Python would make an object
of each; as eight bytes a value they are copied as they are and sorted in a few milliseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models.expressions import RawSQL

from reports.counting.statistics import Percentiles
from reports.ledger import arrays
from reports.periods import Period

#: whole numbers in order of size: an array of NumPy's, which is imported only when there is something to read
Ordered = Sequence[Any]


class Packed(models.Aggregate):
    """All known values of a column of whole numbers, one after another, eight bytes each; see `unpack`."""

    function = "string_agg"
    template = "%(function)s(int8send(%(expressions)s), ''::bytea)"
    output_field = models.BinaryField()
    allow_distinct = False
    #: what `arrays` knows it by
    is_packed = True


def tallied(rows: "models.QuerySet[Any]", /, *groups: str, **counted: Any) -> list[tuple[Any, ...]]:
    """Aggregates of rows by groups: (groups, aggregates). Without groups one row, also of nothing."""
    found = arrays.tally(rows, groups, counted)
    if found is not None:
        return found
    if groups:
        return list(rows.order_by().values_list(*groups).annotate(**counted))
    values = rows.aggregate(**counted)
    return [tuple(values[name] for name in counted)]


_OF_EACH = """
    SELECT slice_.number, found_.* FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY
    AS slice_(start, end_, number), LATERAL ({}) AS found_
"""


def how_many(rows: "models.QuerySet[Any]") -> int:
    """How many rows there are."""
    [(n,)] = tallied(rows, n=models.Count("*"))
    return int(n)


def by_frequency(counted: Iterable[tuple[Any, ...]]) -> dict[Any, int]:
    """Values with how often each was found, the most frequent first."""
    return dict(sorted(counted, key=lambda one: (-one[1], str(one[0]))))


def by_slice(
    rows: "models.QuerySet[Any]", moment: str, slices: Sequence[Period], /, *groups: str, **counted: Any
) -> list[tuple[Any, ...]]:
    """Aggregates of the rows of each slice, in each of its groups: (number of the slice, from 1; groups; aggregates).

    One statement, which walks the index once a slice: asking of every row which slice it is in, and collecting them
    by that, takes longer than reading them. Without groups every slice has a row.
    """
    if not slices:
        return []
    known = arrays.tally(rows, groups, counted, (moment, slices))
    if known is not None:
        return known
    inside = {f"{moment}__gte": RawSQL("slice_.start", ()), f"{moment}__lt": RawSQL("slice_.end_", ())}
    of_one = rows.filter(**inside).order_by()
    # a constant is no column to group by: without groups there is one row, also of nothing
    named = of_one.values(*groups) if groups else of_one.annotate(all_=models.Value(1)).values("all_")
    try:
        sql, parameters = named.annotate(**counted).query.sql_with_params()
    except EmptyResultSet:  # nothing can be chosen
        return []
    starts, ends = [one.start for one in slices], [one.end for one in slices]
    with connection.cursor() as cursor:
        cursor.execute(_OF_EACH.format(sql), [starts, ends, *parameters])
        found = cursor.fetchall()
    return found if groups else [(number, *values) for number, _one, *values in found]


def unpack(*parts: Any) -> Ordered:
    """The values of `Packed` columns, in order of size."""
    import numpy as np

    if len(parts) == 1 and isinstance(parts[0], np.ndarray):
        return cast(Ordered, parts[0])  # in order already
    if any(isinstance(part, np.ndarray) for part in parts):
        return together(part for part in parts if part is not None)
    values: Any = np.frombuffer(b"".join(bytes(part) for part in parts if part), dtype=">i8").astype(np.int64)
    values.sort()
    return cast(Ordered, values)


def percentiles(ordered: Ordered) -> Percentiles:
    """As `statistics.percentiles`, to the last digit, of what `unpack` gives."""
    n = len(ordered)
    if not n:
        return Percentiles(0, None, None, None)
    import numpy as np

    return Percentiles(n, quantile(ordered, 0.5), quantile(ordered, 0.9), int(np.sum(ordered)) / n)


def quantile(ordered: Ordered, p: float) -> float | None:
    """The value below which a share `p` of them lies, with linear interpolation (`percentile_cont`)."""
    if not len(ordered):
        return None
    place = p * (len(ordered) - 1)
    below = int(place)
    low = int(ordered[below])
    if below + 1 >= len(ordered):
        return float(low)
    return float(low + (int(ordered[below + 1]) - low) * (place - below))


def together(parts: Iterable[Ordered]) -> Ordered:
    """Several ordered columns as one, in order."""
    import numpy as np

    found: list[Any] = [part for part in parts if len(part)]
    if not found:
        return ()
    values: Any = np.concatenate(found)
    values.sort()  # five times as quick as merging the ordered runs
    ordered: Ordered = values
    return ordered
