"""Writing rows of facts: inserted or replaced, and left alone where they stay the same."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db import models as db

from helpdesk import statements
from reports import models
from reports.ledger import copying
from reports.ledger.as_rows import ANSWER_COLUMNS, STAY_COLUMNS, SURVEY_COLUMNS, TICKET_COLUMNS
from reports.ledger.asking import execute, whole


def write_askings(tickets: list[int], rows: Sequence[Sequence[Any]]) -> None:
    execute(
        "DELETE FROM reports_surveyfacts WHERE ticket = ANY(%s) AND event <> ALL(%s)",
        [tickets, [row[0] for row in rows]],
    )
    write(models.SurveyFacts, rows)


def write_few(
    tickets: list[int],
    rows: Sequence[Sequence[Any]],
    answers: Sequence[Sequence[Any]],
    stays: Sequence[Sequence[Any]],
    askings: Sequence[Sequence[Any]],
) -> None:
    """As `_write`, `_write_parts` and `_write_askings` do one after the other: what is deleted is never written."""
    parameters: list[Any] = []
    for model, parts in ((models.AnswerFacts, answers), (models.StayFacts, stays)):
        last = dict.fromkeys(tickets, 0) | {row[0]: row[1] for row in parts}
        parameters += [whole(last), whole(last.values()), _as_json(model, parts)]
    parameters += [whole(tickets), whole(row[0] for row in askings), _as_json(models.SurveyFacts, askings)]
    parameters.append(_as_json(models.TicketFacts, rows))
    with statements.cursor() as cursor:
        cursor.execute(_writing_few(), parameters)


@cache
def _writing_few() -> str:
    def upsert(model: type[db.Model]) -> str:
        table, names = model._meta.db_table, ", ".join(TABLES[model][0])
        # what is JSON itself comes as a text
        taken = names.replace("detail", "(detail #>> '{}')::jsonb")
        given = f"{taken} FROM json_populate_recordset(NULL::{table}, %s::json)"
        return _upserting(model, given)

    def shorten(model: type[db.Model]) -> str:
        return (
            f"DELETE FROM {model._meta.db_table} AS old USING unnest(%s::bigint[], %s::bigint[]) "  # noqa: S608 - our names
            "AS kept(ticket, last) WHERE old.ticket = kept.ticket AND old.number > kept.last"
        )

    return f"""
        WITH fewer_answers AS ({shorten(models.AnswerFacts)}), answers AS ({upsert(models.AnswerFacts)}),
            fewer_stays AS ({shorten(models.StayFacts)}), stays AS ({upsert(models.StayFacts)}),
            fewer_askings AS (
                DELETE FROM reports_surveyfacts WHERE ticket = ANY(%s::bigint[]) AND event <> ALL(%s::bigint[])
            ), askings AS ({upsert(models.SurveyFacts)})
        {upsert(models.TicketFacts)}
    """  # noqa: S608 - our names


def _as_json(model: type[db.Model], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as one value, which takes less of the processor than a list for each of dozens of columns."""
    if not rows:
        return "[]"
    names = TABLES[model][0]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=datetime.isoformat)


def write_parts(model: type[db.Model], tickets: list[int], rows: Sequence[Sequence[Any]]) -> None:
    """The numbered parts of these tickets, and no more of them."""
    last = dict.fromkeys(tickets, 0) | {row[0]: row[1] for row in rows}
    table = model._meta.db_table
    execute(
        f"DELETE FROM {table} AS old USING unnest(%s::bigint[], %s::int[]) AS kept(ticket, last) "  # noqa: S608 - our names
        "WHERE old.ticket = kept.ticket AND old.number > kept.last",
        [list(last), list(last.values())],
    )
    write(model, rows)


def write(model: type[db.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert or replace rows in one statement; one that stays the same is not written again."""
    if len(rows) >= _WORTH_COPYING:
        execute(_incoming(model), [])
        copying.copy_rows(model, TABLES[model][0], rows, into=f"incoming_{model._meta.db_table}")
        execute(_statement(model, is_copied=True), [])
        execute(f"TRUNCATE incoming_{model._meta.db_table}", [])
    elif rows:
        execute(_statement(model), list(map(list, zip(*rows, strict=True))))


#: from so many rows on it is quicker to copy them into a table of the session first
_WORTH_COPYING = 200


@cache
def _incoming(model: type[db.Model]) -> str:
    table, columns = model._meta.db_table, TABLES[model][0]
    return (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{table} ON COMMIT DELETE ROWS AS "  # noqa: S608 - our names
        f"SELECT {', '.join(columns)} FROM {table} WITH NO DATA"
    )


#: each table's columns, and how many of the first are its key
TABLES: dict[type[db.Model], tuple[tuple[str, ...], int]] = {
    models.TicketFacts: (TICKET_COLUMNS, 1),
    models.AnswerFacts: (ANSWER_COLUMNS, 2),
    models.StayFacts: (STAY_COLUMNS, 2),
    models.SurveyFacts: (SURVEY_COLUMNS, 1),
}


@cache
def _statement(model: type[db.Model], *, is_copied: bool = False) -> str:
    columns, _ = TABLES[model]
    table = model._meta.db_table
    arrays = ", ".join(f"%s::{model._meta.get_field(name).db_type(connection)}[]" for name in columns)
    return _upserting(model, f"{', '.join(columns)} FROM incoming_{table}" if is_copied else f"* FROM unnest({arrays})")


def _upserting(model: type[db.Model], rows: str) -> str:
    columns, keys = TABLES[model]
    others = columns[keys:]
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} AS old ({', '.join(columns)}) SELECT {rows} "  # noqa: S608 - our names
        f"ON CONFLICT ({', '.join(columns[:keys])}) "
        f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)} "
        f"WHERE ({', '.join(f'old.{name}' for name in others)}) "
        f"IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in others)})"
    )
