"""Rows into tables by COPY, and ids from the sequences everybody else takes them from."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

_encode = json.JSONEncoder(separators=(",", ":")).encode


def _text(value: str) -> str:
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\n" in value:
        value = value.replace("\n", "\\n")
    if "\t" in value:
        value = value.replace("\t", "\\t")
    return value.replace("\r", "\\r") if "\r" in value else value


def _json(value: Any) -> str:
    return _encode(value).replace("\\", "\\\\")


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    type(None): lambda value: "\\N",
    datetime: datetime.isoformat,
    dict: _json,
    list: _json,
    UUID: str,
    date: date.isoformat,
}


def copy_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, into: str = ""
) -> None:
    """Write rows, in the order of `columns` (attribute names); other columns get their default. Text must be clean.

    Or `into` another table that has these columns and no others."""
    statement, tail = _statement(model, tuple(columns))
    if into:
        statement, tail = f"COPY {into} ({', '.join(columns)}) FROM STDIN", "\n"
    writers = _WRITERS
    lines: list[str] = []
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            lines.append("\t".join([writers.get(type(value), _other)(value) for value in row]) + tail)
            if len(lines) >= 500:
                copy.write("".join(lines))
                lines.clear()
        copy.write("".join(lines))


def _other(value: Any) -> str:
    """A subclass of something we know, such as a choice."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"{type(value).__name__} cannot be copied.")


@cache
def _statement(model: type[models.Model], columns: tuple[str, ...]) -> tuple[str, str]:
    """The COPY statement, and the end of every line: the defaults of the columns that are not named."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    names = [fields[name].column for name in columns]
    tail = []
    for name, field in fields.items():
        if name in columns or getattr(field, "generated", False) or field.has_db_default():
            continue
        if field.primary_key and isinstance(field, models.AutoField | models.BigAutoField):
            continue
        names.append(field.column)
        value = field.get_default()
        tail.append(_WRITERS.get(type(value), _other)(value))
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"COPY {model._meta.db_table} ({quoted}) FROM STDIN", "".join("\t" + value for value in tail) + "\n"


def ids_of(model: type[models.Model], at_once: int) -> Iterator[int]:
    """Ids from the table's own sequence, so that nobody else gets them."""
    table, column = model._meta.db_table, model._meta.pk.column
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [table, column, at_once]
            )
            ids = [row[0] for row in cursor.fetchall()]
        yield from ids
