"""Statements asked at every turn, which PostgreSQL reads and plans once a connection instead of once a page.

A statement of ten joins takes longer to plan than to answer: three quarters of what a ticket's page asked of PostgreSQL
was planning. `cursor` is as Django's own, but values travel beside the words, so the words stay the same and psycopg
prepares what it has sent twice. Ask here what is found by a key, where one plan is good for all values. What depends on
how many there are of something (open against closed) keeps that value in its words: `written_out`.
"""

import select
from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg import adapt, adapters, sql
from psycopg.errors import FeatureNotSupported
from psycopg.pq import Format, TransactionStatus

#: as many as psycopg keeps prepared on a connection
KEPT = 100
#: a cursor with more rows than that goes, and what it held with it
_MANY = 2000


@lru_cache(maxsize=1)
def _adapters() -> adapt.AdaptersMap:
    """Django's, but moments are read by psycopg's own loader: they are in UTC in both, and this one is not Python."""
    ours = adapt.AdaptersMap(get_adapters_template(True, UTC))
    loader = adapters.get_loader(adapters.types["timestamptz"].oid, Format.TEXT)
    assert loader is not None
    ours.register_loader("timestamptz", loader)
    return ours


class _Cursor(ServerBindingCursor):
    @property
    def adapters(self) -> adapt.AdaptersMap:
        return _adapters()

    def execute(self, query: Any, params: Any = None, **more: Any) -> Self:
        """As always; a plan whose columns a migration changed since is done without.

        Within a transaction nothing can be done but to fail: its end lets all plans go.
        """
        try:
            return super().execute(query, params, **more)  # type: ignore[misc]
        except FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:  # type: ignore[attr-defined]
                raise
        return super().execute(query, params, prepare=False)  # type: ignore[misc]

    def forget(self) -> None:
        """Let go of the rows; how this statement's values are sent and its columns read stays known."""
        self._reset(reset_query=False)  # type: ignore[attr-defined]


class cursor:  # noqa: N801 - it reads as connection.cursor() does
    """A cursor whose statements are prepared. `NULL` and texts have no type in them: cast where it matters.

    Each statement has a psycopg cursor of its own, which the connection keeps: how its columns are read is then worked
    out once and not each time, and what Django does around every cursor is done where somebody counts or listens.
    """

    __slots__ = ("_cursor", "_db", "_query")

    def __init__(self) -> None:
        self._db: Any = connections[DEFAULT_DB_ALIAS]
        self._query = ""
        self._cursor: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self._give_back()

    def execute(self, query: str, values: Any = None) -> Self:
        """Ask; the rows are fetched from here."""
        self._give_back()
        db = self._db
        is_usual = db.connection is not None and not (db.execute_wrappers or db.queries_logged)
        if is_usual and _is_well(db):
            db.validate_no_broken_transaction()
            self._query, taken = _take(db, query)
            with db.wrap_database_errors:
                taken.execute(self._query, values)
        else:
            around = db.cursor()
            around.cursor.close()
            self._query, taken = _take(db, query)
            around.cursor = taken
            around.execute(self._query, values)
        self._cursor = taken
        return self

    def fetchone(self) -> Any:
        with self._db.wrap_database_errors:
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with self._db.wrap_database_errors:
            found: list[Any] = self._cursor.fetchall()
            return found

    @property
    def rowcount(self) -> int:
        count: int = self._cursor.rowcount
        return count

    def _give_back(self) -> None:
        if self._cursor is None:
            return
        taken, self._cursor = self._cursor, None
        if taken.rowcount > _MANY or taken.connection is not self._db.connection:
            return
        taken.forget()
        kept = _kept(self._db)
        kept[self._query] = self._query, taken
        if len(kept) > KEPT:
            del kept[next(iter(kept))]


def _is_well(db: Any) -> bool:
    """Whether the connection still stands, which Django asks the server once a request.

    A connection that was closed has something to read, its end. Where nothing came nothing is asked.
    """
    if db.health_check_enabled and not db.health_check_done:
        line = select.poll()
        line.register(db.connection.pgconn.socket, select.POLLIN)
        db.health_check_done = not line.poll(0)
    return bool(db.health_check_done or not db.health_check_enabled)


def _kept(db: Any) -> dict[Any, tuple[str, _Cursor]]:
    """The cursors of this connection, by statement, the one used longest ago first."""
    of, kept = db.__dict__.get("_cursors_of_statements", (None, None))
    if of is not db.connection or kept is None:
        kept = {}
        db._cursors_of_statements = db.connection, kept
    found: dict[Any, tuple[str, _Cursor]] = kept
    return found


def _take(db: Any, query: str) -> tuple[str, _Cursor]:
    """A cursor for a statement that nobody else uses meanwhile, and its words as it had them the last time."""
    kept = _kept(db)
    return kept.pop(query) if query in kept else (query, _Cursor(db.connection))  # type: ignore[call-arg]


def written_out(statement: str, values: Sequence[Any], places: Sequence[Any] = ()) -> tuple[str, list[Any]]:
    """A statement with its values in its words, but for those that are `places`, and these in their order."""
    left: list[Any] = []
    parts = statement.replace("%%", "\0").split("%s")
    words = [parts[0]]
    for value, rest in zip(values, parts[1:], strict=True):
        if any(value is place or (type(value) is type(place) and value == place) for place in places):
            left.append(value)
            words.append("%s")
        else:
            connection.ensure_connection()
            words.append(sql.Literal(value).as_string(connection.connection).replace("%", "%%"))
        words.append(rest)
    return "".join(words).replace("\0", "%%"), left
