"""Statements asked at every turn, which PostgreSQL reads and plans once a connection instead of once a page.

A statement of ten joins takes longer to plan than to answer: three quarters of what a ticket's page asked of PostgreSQL
was planning. `cursor` is as Django's own, but values travel beside the words, so the words stay the same and psycopg
prepares what it has sent twice. Ask here what is found by a key, where one plan is good for all values. What depends on
how many there are of something (open against closed) keeps that value in its words: `written_out`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from functools import lru_cache
from typing import Any, Self

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from django.db.backends.utils import CursorWrapper
from psycopg import adapt, adapters, sql
from psycopg.errors import FeatureNotSupported
from psycopg.pq import Format, TransactionStatus


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
            if connection.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
        return super().execute(query, params, prepare=False)  # type: ignore[misc]


@contextmanager
def cursor() -> Iterator[CursorWrapper]:
    """A cursor whose statements are prepared. `NULL` and texts have no type in them: cast where it matters."""
    with connection.cursor() as ours:
        ours.cursor = _Cursor(connection.connection)  # type: ignore[call-arg]
        yield ours


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
