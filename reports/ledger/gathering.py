"""Columns of tables that are kept in no packs, as the bytes NumPy works on.

For pages that count the rows of such a table in several ways: they are read once, in one statement, and counted here.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from reports.ledger import packs
from reports.ledger.arrays import Frame
from reports.ledger.packs import Kind


def gathered(rows: "QuerySet[Any]", **kinds: Kind) -> Frame:
    """Columns or annotations of a queryset's rows, each as its kind says, all in the order of the rows."""
    names = ", ".join(f'"{name}"' for name in kinds)
    found: Any = [None] * len(kinds)
    try:
        inner, parameters = rows.values_list(*kinds).query.sql_with_params()
    except EmptyResultSet:  # nothing can be chosen
        pass
    else:
        sql = f"SELECT {packs.selected(kinds, 'one')} FROM ({inner}) AS one ({names})"  # noqa: S608 - our names
        [found] = packs.fetch(sql, parameters, is_kept=False)
    columns = packs.received(kinds, found)
    return Frame.of_columns(columns)
