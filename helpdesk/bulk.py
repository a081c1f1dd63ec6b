"""Many rows changed in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def update_rows(rows: Iterable[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows that exist, as they are in memory; all rows are of one model.

    As `bulk_update`, whose CASE for every row and field takes Django longer to put together than reading the mails
    that changed the rows. Plain columns only: what a field's own SQL would convert is not converted.
    """
    rows = list(rows)
    if not rows:
        return
    meta = rows[0]._meta
    assert meta.pk is not None
    fields: list[models.Field[Any, Any]] = [meta.pk, *(meta.get_field(name) for name in names)]  # type: ignore[list-item]
    columns = [[field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in fields]
    arrays = ", ".join(f"%s::{_type(field)}[]" for field in fields)
    changes = ", ".join(f'"{field.column}" = new."{field.column}"' for field in fields[1:])
    given = ", ".join(f'"{field.column}"' for field in fields)
    statement = (
        f'UPDATE "{meta.db_table}" AS old SET {changes} FROM unnest({arrays}) AS new ({given}) '  # noqa: S608
        f'WHERE old."{meta.pk.column}" = new."{meta.pk.column}"'
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, columns)


def _type(field: "models.Field[Any, Any]") -> str:
    """The type of a column, without its length: a cast would cut a text off where an assignment refuses it."""
    found = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return (found or "text").partition("(")[0]
