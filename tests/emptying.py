"""Emptying the database after a test that commits: only what holds something, and nothing is made anew.

Django truncates every table and then writes the content types and permissions of every model again, which takes
longer than most of these tests. Nothing of ours asks for either, so they stay, and empty tables are left alone.
Where the database lets us not look away from its foreign keys, it is emptied as Django does it.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

#: written once when the database is made
STAYS = {"django_content_type", "auth_permission", "django_migrations"}


def _holding(tables: Sequence[str]) -> list[str]:
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]


_as_django = DatabaseOperations.sql_flush


def _is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        return cursor.fetchone()[0] == "on"


def _sql_flush(
    self: Any, style: Any, tables: Sequence[str], *, reset_sequences: bool = False, **_more: Any
) -> list[str]:
    assert not reset_sequences, "this emptying does not count from one again"
    if not _is_superuser():
        return _as_django(self, style, tables, reset_sequences=False, allow_cascade=False)
    holding = _holding([table for table in tables if table not in STAYS])
    if not holding:
        return []
    # as a replica the database asks no foreign keys, and the ledger's guard looks away
    emptied = [f'DELETE FROM "{table}"' for table in holding]
    return ["SET session_replication_role = replica", *emptied, "SET session_replication_role = DEFAULT"]


@pytest.fixture(autouse=True, scope="session")
def empty_quickly() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **kwargs: None)
        yield
