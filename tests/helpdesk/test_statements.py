"""What is asked at every turn is prepared by PostgreSQL, and answered as before."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from helpdesk import statements

pytestmark = pytest.mark.django_db


def ask(words: str, *values: int) -> Any:
    with statements.cursor() as cursor:
        cursor.execute(words, values)
        return cursor.fetchone()[0]


def test_a_statement_asked_again_and_again_is_prepared_once() -> None:
    words = "SELECT %s::int + 41 AS prepared_by_a_test"
    assert [ask(words, n) for n in range(5)] == [41, 42, 43, 44, 45]
    known = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(known, ["%+ 41 AS prepared_by_a_test%"])
        assert cursor.fetchone()[0] == 1


def test_moments_come_as_django_reads_them() -> None:
    words = "SELECT '2026-11-27 15:00:00.5+01'::timestamptz"
    with connection.cursor() as cursor:
        cursor.execute(words)
        django = cursor.fetchone()[0]
    ours = ask(words)
    assert ours == django == datetime(2026, 11, 27, 14, 0, 0, 500_000, tzinfo=UTC)
    assert ours.tzinfo is django.tzinfo


def test_values_are_written_out_but_for_the_places() -> None:
    words, left = statements.written_out("SELECT %s || %s || '%%' || %s", ["it's 5 %", -7, "b"], [-7])
    assert left == [-7]
    with statements.cursor() as cursor:
        cursor.execute(words, ["!"])
        assert cursor.fetchone()[0] == "it's 5 %!%b"


def test_true_is_no_place_for_one() -> None:
    words, left = statements.written_out("SELECT %s AND %s = 1", [True, 1], [1])
    assert left == [1]
    assert words.startswith("SELECT true")


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_a_migration_made_stale_is_made_anew() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE widened AS SELECT 'a'::varchar(5) AS word")
        assert [ask("SELECT word FROM widened WHERE length(word) = %s", 1) for _time in range(4)] == ["a"] * 4
        # as another process does it: psycopg would take note of our own ALTER
        cursor.execute("DO $$ BEGIN ALTER TABLE widened ALTER COLUMN word TYPE varchar(9); END $$")
        assert [ask("SELECT word FROM widened WHERE length(word) = %s", 1) for _time in range(4)] == ["a"] * 4
        cursor.execute("DROP TABLE widened")
