"""Querysets over facts, answered from packs: the same conditions, groups and aggregates, in NumPy.

A figure is written once, as a queryset. Where its table is packed (`packs`), `of` finds its rows there, and `tally`
counts them; where it is not, or where something is asked that is not known here, it is None and PostgreSQL answers.
Both give the same; tests hold them beside each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum, Value
from django.db.models.expressions import Col, Expression, Star
from django.db.models.lookups import Lookup
from django.db.models.sql.query import Query
from django.db.models.sql.where import NothingNode, WhereNode

from reports.ledger import packs
from reports.ledger.packs import NULL, Array, Column, Part, Seen
from reports.periods import Period

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: the most groups that are counted by their place in a table
_MOST_PLACES = 4_000_000
#: durations are shorter, in seconds
_SHORT_BITS = 40
_SHORT = 1 << _SHORT_BITS


class Unknown(Exception):
    """Something that only PostgreSQL can answer."""


class OnArrays(Protocol):
    """An expression that can also be worked out here: a `name` column of the rows."""

    reads: Sequence[str]

    def on_arrays(self, frame: "Frame") -> Column: ...


def stamp(at: datetime) -> int:
    """Microseconds since 1970, as moments are kept."""
    return (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


class Frame:
    """The rows a queryset chooses, column by column, in one order."""

    def __init__(self, seen: Seen | None, chosen: Sequence[tuple[Part, Array]], n: int) -> None:
        self._seen, self._chosen, self.n = seen, chosen, n
        self._columns: dict[str, Column] = {}

    @classmethod
    def of_columns(cls, columns: Mapping[str, Column]) -> "Frame":
        """Rows that are kept in no packs, with all there is of them."""
        frame = cls(None, (), len(next(iter(columns.values())).data))
        frame.put(**columns)
        return frame

    def __getitem__(self, name: str) -> Column:
        if name not in self._columns:
            if self._seen is None:
                raise KeyError(name)
            pieces = [self._seen.column(part, name).at(places) for part, places in self._chosen]
            self._columns[name] = packs.joined(pieces) if pieces else _empty(self._seen.table.columns[name])
        return self._columns[name]

    def put(self, **columns: Column) -> None:
        """Add columns that are worked out of others."""
        self._columns |= columns

    def where(self, mask: Array) -> "Frame":
        """Those of its rows, with the columns read so far."""
        import numpy as np

        places = np.flatnonzero(mask)
        frame = Frame(self._seen, (), len(places))
        frame.put(**{name: column.at(places) for name, column in self._columns.items()})
        return frame

    def holds(self, condition: Q) -> Array:
        """Of which rows a condition holds."""
        if self._seen is None:
            raise Unknown
        return _holds(self._seen.table.model.objects.filter(condition).query.where, self.__getitem__, self.n)  # type: ignore[attr-defined]


def _empty(kind: packs.Kind) -> Column:
    import numpy as np

    return Column(kind, np.zeros(0, dtype=np.uint8 if kind in ("name", "word") else np.int64), [None])


def of(rows: "QuerySet[Any]", *names: str, keys: Array = None) -> Frame | None:
    """The rows of a queryset, with these columns of theirs; None where PostgreSQL has to be asked.

    With `keys` those of these tickets (or askings) only: no other pack is read.
    """
    query = rows.query
    if query.is_sliced or query.distinct or query.combinator or rows.model not in packs.OF_MODEL:
        return None
    table = packs.OF_MODEL[rows.model][1]
    try:
        asked = set(_columns(query.where))
    except Unknown:
        return None
    wanted = {name for name in names if name in table.columns}
    if len(wanted) < len(set(names)) or not asked <= set(table.columns):
        return None
    for _try in range(3):
        seen = packs.look(rows.model)
        if seen is None:
            return None
        try:
            return _read(seen, query.where, wanted, keys)
        except Unknown:
            return None
        except packs.Moved:
            packs.forget()
    return None


def _read(seen: Seen, where: WhereNode, wanted: set[str], keys: Array) -> Frame:
    import numpy as np

    parts = [
        (part, list(_open(where, part))) for part in seen.parts
        if part.rows and _may_hold(where, part) and (keys is None or seen.may_have(part, keys))
    ]  # fmt: skip
    always = wanted if keys is None else {*wanted, seen.table.key}
    seen.load((part, {*always, *(name for one in nodes for name in _columns(one))}) for part, nodes in parts)
    chosen: list[tuple[Part, Array]] = []
    total = 0
    for part, nodes in parts:
        kept: dict[str, Column] = {}

        def column(name: str, part: Part = part, kept: dict[str, Column] = kept) -> Column:
            if name not in kept:
                kept[name] = seen.column(part, name)
            return kept[name]

        rows = seen.rows_of(part)
        masks = [_holds(one, column, rows) for one in nodes]
        if keys is not None:
            masks.append(seen.among(part, keys))
        mask = _all_of(masks, rows)
        n = int(np.count_nonzero(mask))
        if n:
            chosen.append((part, None if n == rows else np.flatnonzero(mask)))
            total += n
    return Frame(seen, chosen, total)


# ---------------------------------------------------------------------- conditions


def _columns(node: Any) -> Iterator[str]:
    """The columns a condition reads."""
    if isinstance(node, WhereNode):
        for child in node.children:
            yield from _columns(child)
    elif isinstance(node, Lookup):
        for side in (node.lhs, node.rhs):
            if isinstance(side, Col):
                yield str(side.target.column)
            elif isinstance(side, Expression) and not isinstance(side, Value):
                raise Unknown
        # what is asked of another table
        if not isinstance(node.lhs, Col) or isinstance(node.rhs, Query):
            raise Unknown
    elif not isinstance(node, NothingNode):
        raise Unknown


def _may_hold(node: Any, part: Part) -> bool:
    """Whether a part can have such rows at all, by what is known of its moments."""
    if isinstance(node, WhereNode):
        if node.negated or node.connector not in ("AND", "OR") or not node.children:
            return True
        holds = (_may_hold(child, part) for child in node.children)
        return all(holds) if node.connector == "AND" else any(holds)
    span = (
        part.known.get(str(node.lhs.target.column)) if isinstance(node, Lookup) and isinstance(node.lhs, Col) else None
    )
    if span is None or not isinstance(node, Lookup):
        return True
    first, last, unknown = span
    if node.lookup_name == "isnull":
        return unknown > 0 if node.rhs else first <= last
    if not isinstance(node.rhs, datetime):
        return True
    value, how = stamp(node.rhs), node.lookup_name
    return first <= last and not (
        (how == "gte" and last < value) or (how == "gt" and last <= value)
        or (how == "lt" and first >= value) or (how == "lte" and first > value)
    )  # fmt: skip


def _open(node: Any, part: Part) -> Iterator[Any]:
    """The conditions that have to be asked of each row of a part: not those on moments that all of it meets."""
    if isinstance(node, WhereNode) and node.connector == "AND" and not node.negated:
        for child in node.children:
            yield from _open(child, part)
    elif not _holds_of_all(node, part):
        yield node


def _holds_of_all(node: Any, part: Part) -> bool:
    if not isinstance(node, Lookup) or not isinstance(node.lhs, Col) or not isinstance(node.rhs, datetime):
        return False
    first, last, unknown = part.known.get(str(node.lhs.target.column), (0, -1, 0))
    value, how = stamp(node.rhs), node.lookup_name
    return first <= last and not unknown and (
        (how == "gte" and first >= value) or (how == "gt" and first > value)
        or (how == "lt" and last < value) or (how == "lte" and last <= value)
    )  # fmt: skip


def _all_of(masks: Sequence[Array], n: int) -> Array:
    import numpy as np

    if not masks:
        return np.ones(n, dtype=bool)
    return masks[0] if len(masks) == 1 else np.logical_and.reduce(masks)


def _holds(node: Any, column: Callable[[str], Column], n: int) -> Array:
    """Of which rows a condition holds. Unknown counts as no: Django asks with every negation for what is known."""
    import numpy as np

    if isinstance(node, NothingNode):
        return np.zeros(n, dtype=bool)
    if isinstance(node, WhereNode):
        masks = [_holds(child, column, n) for child in node.children]
        if not masks or node.connector == "AND":
            mask = _all_of(masks, n)
        elif node.connector == "OR":
            mask = np.logical_or.reduce(masks)
        else:
            raise Unknown
        return ~mask if node.negated else mask
    return _compared(node, column)


_COMPARED: Mapping[str, str] = {
    "exact": "equal", "gt": "greater", "gte": "greater_equal", "lt": "less", "lte": "less_equal",
}  # fmt: skip


def _compared(node: Any, column: Callable[[str], Column]) -> Array:
    import numpy as np

    one, rhs, how = column(str(node.lhs.target.column)), node.rhs, node.lookup_name
    if isinstance(rhs, Value):
        rhs = rhs.value
    if how == "isnull":
        return ~one.known() if rhs else one.known()
    if isinstance(rhs, Col):
        other = column(str(rhs.target.column))
        if one.is_named or other.is_named or how not in _COMPARED:
            raise Unknown
        return getattr(np, _COMPARED[how])(one.data, other.data) & one.known() & other.known()
    if how in ("exact", "in") and one.is_named:
        return one.is_one_of(set(rhs) if how == "in" else {rhs})
    if one.is_named:
        raise Unknown
    if how == "in":
        return np.isin(one.data, [_plain(value) for value in rhs]) & one.known()
    if how == "range":
        low, high = (_plain(value) for value in rhs)
        return (one.data >= low) & (one.data <= high) & one.known()
    if how not in _COMPARED:
        raise Unknown
    value = _plain(rhs)
    found = getattr(np, _COMPARED[how])(one.data, value)
    # what is unknown is less than anything
    return found if how in ("exact", "gt", "gte") and value >= 0 else found & one.known()


def _plain(value: Any) -> int:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, int):  # also bool
        return int(value)
    raise Unknown


# ---------------------------------------------------------------------- counting


def listed(rows: "QuerySet[Any]", *names: str) -> list[tuple[Any, ...]]:
    """Columns of a few rows, as `values_list` gives them, from wherever they are kept."""
    frame = of(rows, *names)
    if frame is None:
        return list(rows.order_by().values_list(*names))
    return list(zip(*(_plainly(frame[name]) for name in names), strict=True))


def _plainly(column: Column) -> Sequence[Any]:
    values = column.data.tolist()
    if column.is_named:
        return [column.values[place] for place in values]
    if column.kind == "flag":
        return [None if value < 0 else bool(value) for value in values]
    if column.kind == "moment":
        return [None if value == NULL else instant(value) for value in values]
    return [None if value == NULL else value for value in values]


def tally(
    rows: "QuerySet[Any]", groups: Sequence[str], counted: Mapping[str, Any],
    slices: tuple[str, Sequence[Period]] | None = None,
) -> list[tuple[Any, ...]] | None:  # fmt: skip
    """Aggregates of rows by groups, as `values_list(*groups).annotate(**counted)` gives them; None as in `of`.

    With slices each row begins with the number of the one its moment lies in, from 1. Packed columns are arrays, in
    order of size.
    """
    found = tally_sets(rows, [groups], counted, slices)
    return None if found is None else found[0]


def tally_sets(
    rows: "QuerySet[Any]", sets: Sequence[Sequence[str]], counted: Mapping[str, Any],
    slices: tuple[str, Sequence[Period]] | None = None,
) -> list[list[tuple[Any, ...]]] | None:  # fmt: skip
    """As `tally`, by several sets of groups."""
    if rows.model not in packs.OF_MODEL or rows.query.group_by is not None:
        return None
    names = {name for one in sets for name in one}
    made: dict[str, Any] = {name: rows.query.annotations[name] for name in names if name in rows.query.annotations}
    if any(not hasattr(one, "on_arrays") for one in made.values()):
        return None
    try:
        read = {name for name in names if name not in made} | {name for one in made.values() for name in one.reads}
        for one in counted.values():
            read |= _reads(one, rows)
        if slices:
            read.add(slices[0])
        frame = of(rows, *read)
        if frame is None:
            return None
        frame.put(**{name: one.on_arrays(frame) for name, one in made.items()})
        return [tally_frame(frame, groups, counted, slices) for groups in sets]
    except Unknown:
        return None


def _reads(aggregate: Any, rows: "QuerySet[Any]") -> set[str]:
    """The columns an aggregate reads."""
    names = set()
    for source in aggregate.get_source_expressions():
        if isinstance(source, F):
            names.add(_named(source))
        elif source is not None and not isinstance(source, Star | Value | Q):
            raise Unknown
    if aggregate.filter is not None:
        names |= set(_columns(rows.model._default_manager.filter(aggregate.filter).query.where))
    return names


def _named(source: Any) -> str:
    return str(source.name)


def tally_frame(
    frame: Frame, groups: Sequence[str], counted: Mapping[str, Any],
    slices: tuple[str, Sequence[Period]] | None = None,
) -> list[tuple[Any, ...]]:  # fmt: skip
    """As `tally`, of rows that were found."""
    import numpy as np

    keys: list[tuple[Array, Sequence[Any]]] = []
    inside: Array = None
    if slices:
        numbers = sliced(frame[slices[0]].data, slices[1])
        if (numbers == 0).any():
            inside = numbers > 0
        keys.append((numbers, range(len(slices[1]) + 1)))
    keys += [_grouped(frame[name]) for name in groups]
    places = 1
    for _codes, values in keys:
        places *= max(len(values), 1)
    if places > _MOST_PLACES:
        raise Unknown
    where: Array = np.zeros(frame.n, dtype=np.int64)
    for codes, values in keys:
        where = where * len(values) + codes
    everything = Count("*")
    counts = _aggregated(everything, frame, where, places, inside)
    found = [_aggregated(one, frame, where, places, inside) for one in counted.values()]
    if not keys:
        present: Sequence[int] = [0]
    elif slices and not groups:
        present = range(1, places)
    else:
        present = np.flatnonzero(np.asarray(counts)).tolist()
    rows = []
    for place in present:
        rest, key = place, []
        for _codes, values in reversed(keys):
            rest, code = divmod(rest, len(values))
            key.append(values[code])
        rows.append((*reversed(key), *(one[place] for one in found)))
    return rows


def _grouped(column: Column) -> tuple[Array, Sequence[Any]]:
    """The place of each row's value among the values there are."""
    import numpy as np

    if column.is_named:
        return column.data, column.values
    if column.kind == "flag":
        return column.data + 1, (None, False, True)
    known, codes = np.unique(column.data, return_inverse=True)
    values = [None if value == NULL else value for value in known.tolist()]
    if column.kind == "moment":
        values = [None if value is None else instant(value) for value in values]
    return codes, values


def bucketed(column: Column, edges: Sequence[int]) -> Column:
    """Which bucket each value lies in, from 0: below the first edge, …, from the last one on (`width_bucket`)."""
    import numpy as np

    places = np.searchsorted(np.asarray(edges), column.data, side="right") + 1
    return Column("name", np.where(column.known(), places, 0), [None, *range(len(edges) + 1)])


def sliced(moments: Array, slices: Sequence[Period]) -> Array:
    """The number of the slice each moment lies in, from 1; 0 for none."""
    import numpy as np

    if not slices:
        return np.zeros(len(moments), dtype=np.int64)
    starts = np.array([stamp(one.start) for one in slices])
    ends = np.array([stamp(one.end) for one in slices])
    numbers = np.searchsorted(starts, moments, side="right")
    inside = (numbers > 0) & (moments < ends[np.maximum(numbers, 1) - 1])
    return np.where(inside, numbers, 0)


def _aggregated(aggregate: Any, frame: Frame, where: Array, places: int, inside: Array) -> Sequence[Any]:
    """One aggregate, by the place of its group."""
    import numpy as np

    mask = inside
    if aggregate.filter is not None:
        holds = frame.holds(aggregate.filter)
        mask = holds if mask is None else mask & holds
    [source] = [one for one in aggregate.get_source_expressions() if one is not None and not isinstance(one, Q)]
    column = frame[_named(source)] if isinstance(source, F) else None
    if column is not None:
        known = column.known()
        if not known.all():
            mask = known if mask is None else mask & known
    at = where if mask is None else where[mask]
    if type(aggregate) is Count and not getattr(aggregate, "distinct", False):
        return np.bincount(at, minlength=places).tolist()
    if column is None or column.is_named:
        raise Unknown
    values = column.data if mask is None else column.data[mask]
    if getattr(aggregate, "is_packed", False):
        return split(values, at, places)
    if type(aggregate) is Sum:
        sums, n = np.zeros(places, dtype=np.int64), np.bincount(at, minlength=places)
        np.add.at(sums, at, values)
        return [one if of_ else None for one, of_ in zip(sums.tolist(), n.tolist(), strict=True)]
    if type(aggregate) in (Min, Max):
        ends: list[Any] = []
        for some in split(values, at, places):
            value = int(some[0 if type(aggregate) is Min else -1]) if len(some) else None
            ends.append(instant(value) if value is not None and column.kind == "moment" else value)
        return ends
    raise Unknown


def split(values: Array, at: Array, places: int) -> Sequence[Array]:
    """The values of each group in order of size."""
    import numpy as np

    if places == 1:
        return [np.sort(values)]
    ends = np.cumsum(np.bincount(at, minlength=places))
    if len(values) and values.min() >= 0 and values.max() < _SHORT and places < 1 << 22:
        # sorted once, by group and then by size
        found = np.sort((at.astype(np.int64) << _SHORT_BITS) | values) & (_SHORT - 1)
    else:
        found = values[np.lexsort((values, at))]
    nothing = found[:0]
    parts: list[Array] = [nothing] * places
    start = 0
    for place, end in enumerate(ends.tolist()):
        if end > start:
            parts[place] = found[start:end]
        start = end
    return parts
