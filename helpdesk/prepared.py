"""Queries asked at every turn, put together once.

Django builds a statement anew each time it is asked, which costs several times what PostgreSQL needs to answer a lookup
by key: a new ticket by the API costs about a third less with these. Here a queryset is compiled at its first use, and
later only gets other values. So nothing may depend on who asks: never prepare what decides who may see what.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.expressions import Col

Row = TypeVar("Row", bound=Model)


@lru_cache(maxsize=64)
def columns(model: type[Model]) -> Sequence[str]:
    """The columns of a model, in the order `made` takes their values in."""
    return tuple(str(field.column) for field in model._meta.concrete_fields)


@lru_cache(maxsize=64)
def _making(model: type[Model]) -> tuple[Sequence[str], Sequence[tuple[int, Any, Any]]]:
    fields = model._meta.concrete_fields
    converters = tuple(
        (at, one.from_db_value, Col("", one)) for at, one in enumerate(fields) if hasattr(one, "from_db_value")
    )
    return tuple(field.attname for field in fields), converters


def made(model: type[Row], row: Sequence[Any]) -> Row:
    """A row of all `columns` as an object, as Django would make it but without asking each field: a third of the time.

    Signals of its making are not sent; nothing here listens to any.
    """
    names, converters = _making(model)
    one = model.__new__(model)
    state = one.__dict__
    state["_state"] = fresh = ModelState()
    fresh.adding, fresh.db = False, connection.alias
    state.update(zip(names, row, strict=True))
    for at, convert, column in converters:
        state[names[at]] = convert(row[at], column, connection)
    return one


def part_of(model: type[Row], **known: Any) -> Row:
    """An object of which these columns are known; any other is fetched where somebody asks for it."""
    one = model.__new__(model)
    one.__dict__["_state"] = fresh = ModelState()
    fresh.adding, fresh.db = False, connection.alias
    one.__dict__.update(known)
    return one


class Prepared(Generic[Row]):
    """A queryset with places for values: `Prepared(lambda place: Team.objects.filter(pk=place(int)))`.

    Calling it with as many values, in the order the places were made, gives the rows. It knows plain columns and
    one `select_related` foreign key, named by `related`; no prefetching and no annotations.
    """

    def __init__(self, build: Callable[[Callable[[type], Any]], QuerySet[Row]], related: str = "") -> None:
        self.build, self.related = build, related
        self.sql = ""

    def __call__(self, *values: Any) -> list[Row]:
        if not self.sql:
            self._compile()
        with connection.cursor() as cursor:
            cursor.execute(
                self.sql, [values[place] if place is not None else given for place, given in self.parameters]
            )
            rows = cursor.fetchall()
        return [self._row(row) for row in rows]

    def _compile(self) -> None:
        marks: list[Any] = []

        def place(kind: type) -> Any:
            # nobody's number, and nobody's text
            marks.append(kind(7_000_000_000_000_000_000 + len(marks)))
            return marks[-1]

        rows = self.build(place)
        rows = rows.select_related(self.related) if self.related else rows.select_related(None)
        sql, given = rows.query.sql_with_params()
        self.parameters = [(marks.index(value) if value in marks else None, value) for value in given]
        if set(range(len(marks))) - {place for place, _value in self.parameters}:
            raise ValueError("A place of this query did not come through as it was made.")
        self.model = rows.model
        self.names = [field.attname for field in self.model._meta.concrete_fields]
        fields = [*self.model._meta.concrete_fields]
        if self.related:
            self.other: type[Model] = self.model._meta.get_field(self.related).related_model  # type: ignore[assignment]
            self.other_names = [field.attname for field in self.other._meta.concrete_fields]
            fields += self.other._meta.concrete_fields
        # what Django makes of a column's value, such as objects of JSON
        self.converters = [
            (at, one.from_db_value, one) for at, one in enumerate(fields) if hasattr(one, "from_db_value")
        ]
        self.sql = sql

    def _row(self, row: Sequence[Any]) -> Row:
        if self.converters:
            row = list(row)
            for at, convert, field in self.converters:
                row[at] = convert(row[at], Col("", field), connection)
        made = self.model.from_db(connection.alias, self.names, row[: len(self.names)])
        if self.related:
            setattr(made, self.related, self.other.from_db(connection.alias, self.other_names, row[len(self.names) :]))
        return made
