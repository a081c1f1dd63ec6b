"""Columns of tables that are kept in no packs, as the bytes NumPy works on.

For pages that count the rows of such a table in several ways: they are read once, in one statement, and counted here.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from reports.ledger import packs
from reports.ledger.arrays import Frame
from reports.ledger.packs import Kind


def gathered(rows: "QuerySet[Any]", **names: str) -> Frame:
    """Columns or annotations of a queryset's rows, all in the order of the rows: by their kind (`packs.Kind`) the names
    of those of that kind, as `moment="opened_at closed_at"`."""
    kinds: dict[str, Kind] = {}
    for kind, those in names.items():
        kinds |= dict.fromkeys(those.split(), kind)  # type: ignore[arg-type]
    found: Any = [None] * len(kinds)
    try:
        inner, parameters = rows.values_list(*kinds).query.sql_with_params()
    except EmptyResultSet:  # nothing can be chosen
        pass
    else:
        columns = ", ".join(f'"{name}"' for name in kinds)
        sql = f"SELECT {packs.selected(kinds, 'one')} FROM ({inner}) AS one ({columns})"  # noqa: S608 - our names
        [found] = packs.fetch(sql, parameters, is_kept=False)
    return Frame.of_columns(packs.received(kinds, found))
