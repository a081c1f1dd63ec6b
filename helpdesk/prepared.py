"""Queries asked at every turn, put together once.

Django builds a statement anew each time it is asked, which costs several times what PostgreSQL needs to answer a lookup
by key: a new ticket by the API costs about a third less with these. Here a queryset is compiled at its first use, and
later only gets other values. So nothing may depend on who asks, unless who it is is one of the values. Rows are written
the same way: `insert` and `update`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.models import JSONField, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.expressions import Col
from psycopg.types.numeric import Int8

from helpdesk import statements

Row = TypeVar("Row", bound=Model)
Answer = TypeVar("Answer")


@lru_cache(maxsize=64)
def columns(model: type[Model]) -> Sequence[str]:
    """The columns of a model, in the order `made` takes their values in."""
    return tuple(str(field.column) for field in model._meta.concrete_fields)


@lru_cache(maxsize=64)
def _making(model: type[Model]) -> tuple[Sequence[str], Sequence[tuple[int, Any, Any]]]:
    fields = model._meta.concrete_fields
    converters = tuple(
        (at, _empty_at_once(one.from_db_value) if type(one) is JSONField else one.from_db_value, Col("", one))
        for at, one in enumerate(fields)
        if hasattr(one, "from_db_value")
    )
    return tuple(field.attname for field in fields), converters


def _empty_at_once(convert: Any) -> Any:
    """Most of what is JSON is empty, which needs no reading."""

    def read(value: Any, column: Any, of: Any) -> Any:
        return {} if value == "{}" else [] if value == "[]" else convert(value, column, of)

    return read


def made(model: type[Row], row: Sequence[Any]) -> Row:
    """A row of all `columns` as an object, as Django would make it but without asking each field: a third of the time.

    Signals of its making are not sent; nothing here listens to any.
    """
    names, converters = _making(model)
    one = model.__new__(model)
    state = one.__dict__
    state["_state"] = fresh = ModelState()
    fresh.adding, fresh.db = False, DEFAULT_DB_ALIAS
    state.update(zip(names, row, strict=True))
    for at, convert, column in converters:
        state[names[at]] = convert(row[at], column, connection)
    return one


def part_of(model: type[Row], **known: Any) -> Row:
    """An object of which these columns are known; any other is fetched where somebody asks for it."""
    one = model.__new__(model)
    one.__dict__["_state"] = fresh = ModelState()
    fresh.adding, fresh.db = False, DEFAULT_DB_ALIAS
    one.__dict__.update(known)
    return one


Writer = tuple[str, Sequence[Any]]


@lru_cache(maxsize=256)
def _inserting(model: type[Model], drawn: Sequence[tuple[str, str]], has_key: bool) -> Writer:
    key, told = model._meta.pk, dict(drawn)
    fields = [one for one in model._meta.concrete_fields if has_key or one is not key]
    places = [told.get(one.attname) or _place(one) for one in fields]
    names, given = ", ".join(f'"{one.column}"' for one in fields), [one for one in fields if one.attname not in told]
    back = ", ".join(f'"{column}"' for column in (key.column, *told))
    sql = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({", ".join(places)}) RETURNING {back}'  # noqa: S608
    return sql, given


@lru_cache(maxsize=256)
def _updating(model: type[Model], names: Sequence[str]) -> Writer:
    key = model._meta.pk
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    if not names:
        fields = [one for one in model._meta.concrete_fields if one is not key]
    changes = ", ".join(f'"{one.column}" = {_place(one)}' for one in fields)
    sql = f'UPDATE "{model._meta.db_table}" SET {changes} WHERE "{key.column}" = %s'  # noqa: S608
    return sql, fields


def _place(field: Any) -> str:
    placeholder = getattr(field, "get_placeholder", None)
    return placeholder(None, None, connection) if placeholder else "%s"


def _given(one: Model, fields: Sequence[Any], *, is_new: bool) -> list[Any]:
    """The values as they are written."""
    return [_of_one_width(field.get_db_prep_save(field.pre_save(one, is_new), connection)) for field in fields]


def _of_one_width(value: Any) -> Any:
    """A number is sent as narrow as it is otherwise, and each width would be a statement of its own.

    What is too wide for any column stays as it is: it is compared with one, and equals none.
    """
    return Int8(value) if type(value) is int and -(2**63) <= value < 2**63 else value


def insert(one: Model, **drawn: str) -> None:
    """Write a new row, as `save(force_insert=True)` does, in a statement that is put together once.

    `drawn` are columns, by their own names, which the database fills in by an expression of ours. Signals are not sent:
    for models nobody listens to.
    """
    sql, fields = _inserting(type(one), tuple(drawn.items()), one.pk is not None)
    with statements.cursor() as cursor:
        cursor.execute(sql, _given(one, fields, is_new=True))
        row = cursor.fetchone()
    one.pk = row[0]
    for name, value in zip(drawn, row[1:], strict=True):
        setattr(one, name, value)
    one._state.adding, one._state.db = False, DEFAULT_DB_ALIAS


def update(one: Model, *names: str) -> None:
    """Write these columns of a row, all of them without names, as `save` does; as `insert`, without signals."""
    sql, fields = _updating(type(one), names)
    with statements.cursor() as cursor:
        cursor.execute(sql, [*_given(one, fields, is_new=False), Int8(one.pk)])
        if not cursor.rowcount:
            raise DatabaseError("A row that was to be changed is gone.")


_answers: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def asking_once() -> Iterator[None]:
    """Let `once` remember: for one act on many things in one transaction, of which each asks the same."""
    outer = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(outer)


def once(key: Any, ask: Callable[[], Answer]) -> Answer:
    """What `ask` says; within `asking_once`, what it said the first time. For what nobody in there changes."""
    known = _answers.get()
    if known is None:
        return ask()
    if key not in known:
        known[key] = ask()
    answer: Answer = known[key]
    return answer


class Statement:
    """A queryset with places for values, put together at its first use: `Statement(lambda place: ….values_list("pk"))`.

    Places are made in the order their values come in. Ask for as few columns as are wanted: rows come as they are.
    """

    def __init__(self, build: Callable[[Callable[[type], Any]], Any]) -> None:
        self.build = build
        self.sql = ""

    def words(self) -> str:
        """The statement, to be part of another one."""
        if not self.sql:
            self._compile()
        return self.sql

    def given(self, *values: Any) -> list[Any]:
        """What `words` wants beside it."""
        return [_of_one_width(values[place]) if place is not None else given for place, given in self.parameters]

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        words = self.words()
        with statements.cursor() as cursor:
            cursor.execute(words, self.given(*values))
            return cursor.fetchall()

    def _compile(self) -> None:
        marks: list[Any] = []

        def place(kind: type) -> Any:
            # nobody's number, and nobody's text
            marks.append(kind(7_000_000_000_000_000_000 + len(marks)))
            return marks[-1]

        rows = self._queryset(place)
        sql, given = rows.query.sql_with_params()
        self.parameters = [(marks.index(value) if value in marks else None, value) for value in given]
        if set(range(len(marks))) - {place for place, _value in self.parameters}:
            raise ValueError("A place of this query did not come through as it was made.")
        self.model, self.sql = rows.model, sql

    def _queryset(self, place: Callable[[type], Any]) -> Any:
        return self.build(place)


class Prepared(Statement, Generic[Row]):
    """As `Statement`, with rows as objects: `Prepared(lambda place: Team.objects.filter(pk=place(int)))`.

    Calling it with as many values, in the order the places were made, gives the rows. It knows plain columns and
    one `select_related` foreign key, named by `related`; no prefetching and no annotations.
    """

    def __init__(self, build: Callable[[Callable[[type], Any]], QuerySet[Row]], related: str = "") -> None:
        super().__init__(build)
        self.related = related

    def __call__(self, *values: Any) -> list[Row]:
        return [self._row(row) for row in self.rows(*values)]

    def _queryset(self, place: Callable[[type], Any]) -> Any:
        rows = self.build(place)
        return rows.select_related(self.related) if self.related else rows.select_related(None)

    def _compile(self) -> None:
        super()._compile()
        self.own = len(columns(self.model))
        if self.related:
            self.other: type[Model] = self.model._meta.get_field(self.related).related_model

    def _row(self, row: Sequence[Any]) -> Row:
        one = made(self.model, row[: self.own])
        if self.related:
            # the first column is the key: without one there is nothing behind the foreign key
            setattr(one, self.related, made(self.other, row[self.own :]) if row[self.own] is not None else None)
        return one
