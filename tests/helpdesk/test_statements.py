"""What is asked at every turn is prepared by PostgreSQL, and answered as before."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection, connections, transaction

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


def test_a_statement_may_be_asked_while_its_rows_are_gone_through() -> None:
    words = "SELECT * FROM generate_series(1, %s::int)"
    with statements.cursor() as outer:
        outer.execute(words, [3])
        found = []
        for (number,) in outer.fetchall():
            with statements.cursor() as inner:
                found.append([row[0] for row in inner.execute(words, [number]).fetchall()])
    assert found == [[1], [1, 2], [1, 2, 3]]


def test_the_same_words_take_values_of_other_kinds() -> None:
    words = "SELECT %s::text"
    with statements.cursor() as cursor:
        for value, said in ((1, "1"), ("a", "a"), (None, None), (2**40, str(2**40)), ("", "")):
            assert cursor.execute(words, [value]).fetchone() == (said,)


def test_each_is_counted(django_assert_num_queries: Any) -> None:
    words = "SELECT %s::int + 43"
    assert [ask(words, n) for n in range(3)] == [43, 44, 45]
    with django_assert_num_queries(2):
        assert [ask(words, n) for n in range(2)] == [43, 44]


def test_an_error_is_djangos_and_what_comes_after_is_answered() -> None:
    words = "SELECT 12 / %s::int"
    assert ask(words, 3) == 4
    with pytest.raises(DataError), transaction.atomic():
        ask(words, 0)
    assert ask(words, 4) == 3


def test_within_a_transaction_that_failed_nothing_is_asked() -> None:
    ask("SELECT %s::int", 1)
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            ask("SELECT %s::int", 1)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_closed_is_made_anew() -> None:
    words = "SELECT %s::int + 44"
    assert ask(words, 1) == 45
    connection.close()
    assert ask(words, 1) == 45


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_made_anew_at_the_next_request() -> None:
    words = "SELECT %s::int + 45"
    assert [ask(words, n) for n in range(3)] == [45, 46, 47]
    was = connection.connection
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(end, was.info.backend_pid).result()
    connection.close_if_unusable_or_obsolete()  # as at the beginning of each request
    assert ask(words, 3) == 48
    assert connection.connection is not was


def end(process: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [process])
        assert cursor.fetchone()[0]
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_stands_is_not_asked_whether_it_does() -> None:
    ask("SELECT %s::int + 46", 1)
    was = connection.connection
    connection.close_if_unusable_or_obsolete()
    assert not connection.health_check_done
    assert ask("SELECT %s::int + 46", 1) == 47
    assert connection.health_check_done and connection.connection is was


def test_only_the_latest_statements_keep_a_cursor() -> None:
    for n in range(statements.KEPT + 5):
        ask(f"SELECT %s::int + {n}", 1)
    assert len(statements._kept(connections["default"])) == statements.KEPT
    assert ask("SELECT %s::int + 0", 1) == 1
