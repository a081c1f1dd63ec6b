"""The few ways in which facts speak with the database."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from psycopg.types.numeric import Int4, Int8

from helpdesk import statements

#: tickets or askings that are folded at once: each is locked, and a server has room for some thousands of locks
CHUNK = 500
#: up to so many rows of a table are written with all others in one statement, which PostgreSQL keeps
FEW = 50


def query(sql: str, parameters: Sequence[Any], *, is_kept: bool = False) -> list[tuple[Any, ...]]:
    """The rows of an answer. One that is asked at every turn, about few tickets, is kept by PostgreSQL."""
    with statements.cursor() if is_kept else connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def execute(sql: str, parameters: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def lock(kind: int, numbers: list[int]) -> None:
    """Hold these until the transaction ends, in their order; alone in its statement, so that the next sees the rest."""
    if not numbers:
        return
    with statements.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashint8(t)) FROM unnest(%s::bigint[]) AS t",
            [Int4(kind), whole(numbers)],
        )


def whole(numbers: Iterable[int]) -> list[Int8]:
    """Numbers of one width, so that the statement is the same one each time."""
    return [Int8(number) for number in numbers]
