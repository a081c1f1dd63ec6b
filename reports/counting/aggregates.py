"""Columns of times as the pages of service read them: one reading of the rows, packed, and what is made of it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.db.models import Count, Q, QuerySet, Value

from reports.ledger.columns import Ordered, Packed, tallied, unpack


def those(condition: Q) -> Count:
    """How many of the rows a condition holds of."""
    return Count(Value(1), filter=condition)


def measure(rows: "QuerySet[Any]", *columns: str) -> dict[str, Ordered]:
    """The known values of each column in order of size."""
    [found] = tallied(rows, **{f"{column}_values": Packed(column) for column in columns})
    return {column: unpack(values) for column, values in zip(columns, found, strict=True)}


def bins(ordered: Ordered, edges: Sequence[int]) -> list[int]:
    """How many values lie in each bin: up to the first edge, up to the next …, beyond the last one."""
    import numpy as np

    reached = [0, *np.searchsorted(np.asarray(ordered, dtype=np.int64), edges, side="right").tolist(), len(ordered)]
    return [after - before for before, after in pairwise(reached)]
