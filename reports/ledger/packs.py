"""The facts once more, column by column in large pieces: what a report over a million tickets reads.

A pack holds the facts of a range of tickets (or of askings), each column as one array of bytes that NumPy takes as it
is. Whoever changes a fact leaves a mark in the same transaction: triggers on the tables of facts see to it, so nobody
can forget. What is read is the packs without what is marked, and the rows of what is marked, all seen at one moment:
exactly what the tables hold. The clock packs anew where marks have come together, and nothing is lost if it does not.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal
from zlib import crc32

import psycopg
from django.db import connection, models, transaction

from reports.models import AnswerFacts, Mark, Pack, PackColumn, StayFacts, SurveyFacts, TicketFacts

Kind = Literal["moment", "number", "flag", "name", "word"]
Array = Any  # of NumPy's, which is imported only where there is something to read

#: stands for null among numbers and moments
NULL = -(2**63)
#: more marks than that and reading the rows is quicker
MOST_MARKS = 10_000
#: from so many marks on the clock packs anew
ENOUGH_MARKS = 2_000
#: so many bytes of columns a process keeps from one report for the next; what reads more than half of it at once, such
#: as a year of a million tickets, would push out all the rest and keeps nothing
KEPT_BYTES = 64 << 20
_LOCK = 0x46504B


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table of facts as it is packed: each column, and how it is kept."""

    model: type[models.Model]
    key: str
    columns: Mapping[str, Kind]

    @property
    def name(self) -> str:
        return self.model._meta.db_table


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The tables that are packed together, since they change together."""

    number: int
    #: a pack holds the keys that are the same but for so many bits
    bits: int
    tables: tuple[Table, ...]

    @property
    def size(self) -> int:
        return 1 << self.bits

    @property
    def layout(self) -> str:
        """What its packs hold, and how many keys: those of another version of the program are packed anew."""
        said = [(table.name, list(table.columns.items())) for table in self.tables]
        return f"{self.bits}-{crc32(repr(said).encode()):x}"


def _table(model: type[models.Model], key: str, **kinds: str) -> Table:
    columns: dict[str, Kind] = {key: "number"}
    for kind, names in kinds.items():
        columns |= dict.fromkeys(names.split(), kind)  # type: ignore[arg-type]
    return Table(model, key, columns)


_WHERE, _WHERE_WORDS = "inbox team", "channel topic"
TICKETS = _table(
    TicketFacts, "ticket",
    moment="created_at started_at first_reply_at abandoned_at first_resolved_at resolved_at left_at judged_at "
           "net_reopened_at next_contact_at next_same_topic_at waiting_since",
    number="frt_s frt_business_s first_resolution_s first_resolution_business_s resolution_s resolution_business_s "
           "open_s on_hold_s business_open_s replies people handoffs channel_switches next_response_max_s reopens "
           "net_reopens customer replies_before_first_resolution",
    flag="in_volume in_quality is_contact is_open awaits_first_reply is_solved is_follow_up",
    name=f"{_WHERE} agent first_replier last_replier",
    word=f"{_WHERE_WORDS} klass initiated_by fcr touches status priority",
)  # fmt: skip
ANSWERS = _table(
    AnswerFacts, "ticket", moment="at", number="seconds business_seconds", flag="in_volume", name=f"{_WHERE} agent",
    word=f"{_WHERE_WORDS} kind",
)  # fmt: skip
STAYS = _table(
    StayFacts, "ticket", moment="entered_at left_at started_at", name=_WHERE,
    word=f"{_WHERE_WORDS} entered_by left_by",
)  # fmt: skip
ASKINGS = _table(
    SurveyFacts, "event", moment="invited_at sent_at answered_at",
    number="ticket customer score percent frt_s frt_business_s resolution_s open_s next_response_max_s replies people "
           "handoffs channel_switches net_reopens",
    flag="counts is_delivered has_comment is_solved in_control is_after_reminder",
    name=f"{_WHERE} agent survey low_reason department",
    word=f"{_WHERE_WORDS} kind state reason language",
)  # fmt: skip
FAMILIES = (Family(1, 15, (TICKETS, ANSWERS, STAYS)), Family(2, 19, (ASKINGS,)))
OF_MODEL: Mapping[type[models.Model], tuple[Family, Table]] = {
    table.model: (family, table) for family in FAMILIES for table in family.tables
}


# ---------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its values, or for names and words the place of each among `values`, of which the first is null."""

    kind: Kind
    data: Array
    values: Sequence[Any] = ()

    @property
    def is_named(self) -> bool:
        return self.kind in ("name", "word")

    def known(self) -> Array:
        """Which rows have a value."""
        if self.is_named:
            return self.data != 0
        return self.data >= 0 if self.kind == "flag" else self.data != NULL

    def is_one_of(self, wanted: Collection[Any]) -> Array:
        """Which rows have one of these names or words."""
        import numpy as np

        return np.array([value is not None and value in wanted for value in self.values], dtype=bool)[self.data]

    def at(self, places: Array) -> "Column":
        return self if places is None else Column(self.kind, self.data[places], self.values)


def _encoded(column: Column) -> bytes:
    """As few bytes a value as will do, behind a line that says how they are kept."""
    import numpy as np

    data = column.data
    head: dict[str, Any] = {"values": list(column.values)} if column.is_named else {}
    if not column.is_named and column.kind != "flag" and len(data):
        known = data[data != NULL]
        largest = int(max(known.max(), -known.min())) if len(known) else 0
        for dtype in ("i1", "i2", "i4"):
            null = int(np.iinfo(dtype).min)
            if largest < -null:
                narrow = data.astype(dtype)
                if len(known) < len(data):
                    narrow[data == NULL] = null
                    head["null"] = null
                data = narrow
                break
    head["type"] = data.dtype.str
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + data.tobytes()


@lru_cache(maxsize=4096)
def _head(line: bytes) -> dict[str, Any]:
    return json.loads(line)


def _decoded(kind: Kind, data: bytes) -> Column:
    import numpy as np

    end = data.index(b"\n")
    head = _head(data[:end])
    values = np.frombuffer(data, dtype=head["type"], offset=end + 1)
    if kind in ("name", "word", "flag"):
        return Column(kind, values, head.get("values", ()))
    wide = values.astype(np.int64)
    if "null" in head:
        wide[values == head["null"]] = NULL
    return Column(kind, wide)


def joined(columns: Sequence[Column]) -> Column:
    """Several pieces of a column as one."""
    import numpy as np

    if len(columns) == 1:
        return columns[0]
    first = columns[0]
    if not first.is_named:
        return Column(first.kind, np.concatenate([one.data for one in columns]))
    places: dict[Any, int] = {None: 0}
    parts = []
    for one in columns:
        moved = np.array([places.setdefault(value, len(places)) for value in one.values], dtype=np.int32)
        parts.append(moved[one.data])
    return Column(first.kind, np.concatenate(parts), list(places))


#: microseconds between the epoch of PostgreSQL, the year 2000, and that of everybody else
SINCE_1970 = 946_684_800_000_000
_NUMBER = f"string_agg(int8send(coalesce({{0}}::int8, {NULL})), ''::bytea)"
_SQL: Mapping[Kind, str] = {
    # in its bytes, before everything is the least number there is, which is our null
    "moment": "string_agg(timestamptz_send(coalesce({0}, '-infinity')), ''::bytea)",
    "number": _NUMBER,
    "name": _NUMBER,
    "flag": "string_agg(int2send(coalesce({0}::int, -1)::int2), ''::bytea)",
    "word": "array_agg({0})",
}


def selected(columns: Mapping[str, Kind], alias: str) -> str:
    """Every column of some rows, packed, in one order."""
    return ", ".join(_SQL[kind].format(f'{alias}."{name}"') for name, kind in columns.items())


@cache
def _selected(table: Table, alias: str) -> str:
    return selected(table.columns, alias)


def received(columns: Mapping[str, Kind], row: Sequence[Any]) -> dict[str, Column]:
    """What `selected` found."""
    import numpy as np

    found = {}
    for (name, kind), data in zip(columns.items(), row, strict=True):
        if kind == "word":
            places: dict[Any, int] = {None: 0}
            codes = [places.setdefault(value, len(places)) for value in data or ()]
            found[name] = Column(kind, np.array(codes, dtype=_width(len(places))), list(places))
        elif kind == "flag":
            found[name] = Column(kind, np.frombuffer(data or b"", dtype=">i2").astype(np.int8))
        else:
            values = np.frombuffer(data or b"", dtype=">i8").astype(np.int64)
            if kind == "moment":
                values = np.where(values == NULL, NULL, values + SINCE_1970)
            found[name] = _named(values) if kind == "name" else Column(kind, values)
    return found


def _named(values: Array) -> Column:
    import numpy as np

    known, codes = np.unique(values, return_inverse=True)
    names = known.tolist()
    if names and names[0] == NULL:
        return Column("name", codes.astype(_width(len(names))), [None, *names[1:]])
    return Column("name", (codes + 1).astype(_width(len(names) + 1)), [None, *names])


def _width(n: int) -> str:
    return "u1" if n < 256 else "u2" if n < 65536 else "u4"


def fetch(sql: str, parameters: Any, *, is_kept: bool = True) -> list[tuple[Any, ...]]:
    """Rows as they are, in binary: bytes that are written out in letters take twice as long.

    Whose plan depends on the values, such as on how long a period is, is not kept.
    """
    connection.ensure_connection()

    def ask(sql: str, parameters: Any, _many: bool, _context: Any) -> list[tuple[Any, ...]]:
        with psycopg.Cursor(connection.connection) as cursor:
            return cursor.execute(sql, parameters, prepare=None if is_kept else False, binary=True).fetchall()

    for wrapper in reversed(connection.execute_wrappers):
        ask = _wrapped(wrapper, ask)
    return ask(sql, parameters, False, {"connection": connection, "cursor": None})


def _wrapped(wrapper: Any, ask: Any) -> Any:
    return lambda sql, parameters, many, context: wrapper(ask, sql, parameters, many, context)


# ---------------------------------------------------------------------- reading


class Moved(Exception):
    """A pack was packed anew between two looks: look again."""


class Kept:
    """Columns read lately, as they are stored.

    They are found by the version of their pack, and a version is never written again: which versions there are is
    looked up for every report, so what is kept here is never out of date.
    """

    def __init__(self) -> None:
        self._columns: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def among(self, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], bytes]:
        """Those of these that are here."""
        found, database = {}, connection.settings_dict["NAME"]
        with self._lock:
            for one in wanted:
                data = self._columns.get((database, *one))
                if data is not None:
                    self._columns.move_to_end((database, *one))
                    found[one] = data
        return found

    def put(self, found: Mapping[tuple[int, str], bytes]) -> None:
        """Keep these, and let go of what was not read for longest."""
        database = connection.settings_dict["NAME"]
        with self._lock:
            for one, data in found.items():
                if (database, *one) not in self._columns:
                    self._columns[database, *one] = data
                    self._bytes += len(data)
            while self._bytes > KEPT_BYTES:
                _one, data = self._columns.popitem(last=False)
                self._bytes -= len(data)


_kept = Kept()


@dataclass(slots=True)
class Part:
    """Some rows, column by column: those of one pack that are not marked, or all that are marked."""

    rows: int
    #: of each moment the first, the last, and how many are unknown
    known: Mapping[str, Sequence[int]]
    columns: dict[str, Column] = field(default_factory=dict)
    version: int = 0
    #: which pack it is; of the marked rows none
    chunk: int = -1


@dataclass(slots=True)
class Seen:
    """One table of facts at one moment."""

    family: Family
    table: Table
    parts: list[Part]
    marked: Array
    #: bytes of columns that were read before
    _read: dict[tuple[int, str], bytes] = field(default_factory=dict)
    _alive: dict[int, Array] = field(default_factory=dict)

    def load(self, wanted: Iterable[tuple[Part, Iterable[str]]]) -> None:
        """Read of each of these parts these columns, at once."""
        missing = {
            (part.version, f"{self.table.name}.{name}")
            for part, names in wanted if part.version
            for name in ((*names, self.table.key) if self._is_marked(part) else names)
        } - self._read.keys()  # fmt: skip
        self._read.update(_kept.among(missing))
        missing -= self._read.keys()
        if not missing:
            return
        versions, full_names = zip(*sorted(missing), strict=True)
        rows = fetch(
            "SELECT version, name, data FROM unnest(%s::bigint[], %s::text[]) AS wanted (version, name)"
            " JOIN reports_packcolumn USING (version, name)",
            [list(versions), list(full_names)],
        )
        found = {(version, name): data for version, name, data in rows}
        if len(found) < len(missing):
            raise Moved
        self._read.update(found)
        if sum(map(len, self._read.values())) <= KEPT_BYTES // 2:
            _kept.put(found)

    def among(self, part: Part, keys: Array) -> Array:
        """Which rows of a part have one of these keys."""
        import numpy as np

        if not part.version:
            return np.isin(part.columns[self.table.key].data, keys)
        first = part.chunk * self.family.size
        wanted = np.zeros(self.family.size, dtype=bool)
        wanted[keys[(keys >= first) & (keys < first + self.family.size)] - first] = True
        return wanted[self.column(part, self.table.key).data - first]

    def may_have(self, part: Part, keys: Array) -> bool:
        """Whether a part can have rows with one of these keys."""
        import numpy as np

        first = part.chunk * self.family.size
        return not part.version or bool(np.any((keys >= first) & (keys < first + self.family.size)))

    def column(self, part: Part, name: str) -> Column:
        """One column of one part, without what is marked."""
        if not part.version:
            return part.columns[name]
        full = f"{self.table.name}.{name}"
        return _decoded(self.table.columns[name], self._read[part.version, full]).at(self._places(part))

    def rows_of(self, part: Part) -> int:
        """How many rows of a part hold."""
        places = self._places(part) if part.version else None
        return part.rows if places is None else len(places)

    def _is_marked(self, part: Part) -> bool:
        """Whether anything of a pack is marked."""
        first = part.chunk * self.family.size
        low, high = self.marked.searchsorted([first, first + self.family.size]).tolist()
        return bool(low < high)

    def _places(self, part: Part) -> Array:
        """Which rows of a pack hold; None for all."""
        import numpy as np

        if not self._is_marked(part):
            return None
        if part.chunk not in self._alive:
            first = part.chunk * self.family.size
            low, high = np.searchsorted(self.marked, [first, first + self.family.size])
            gone = np.zeros(self.family.size, dtype=bool)
            gone[self.marked[low:high] - first] = True
            key = _decoded("number", self._read[part.version, f"{self.table.name}.{self.table.key}"]).data
            self._alive[part.chunk] = np.flatnonzero(~gone[key - first])
        return self._alive[part.chunk]


#: what was seen of each table while a report is made: its figures are all of one moment, and read what they share once
_seen: ContextVar[dict[type[models.Model], Seen | None] | None] = ContextVar("seen", default=None)


@contextmanager
def moment() -> Iterator[None]:
    """Let everything read inside be of one moment, and forget it afterwards."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def forget() -> None:
    """Look again: something moved."""
    if (seen := _seen.get()) is not None:
        seen.clear()


def look(model: type[models.Model]) -> Seen | None:
    """A table of facts as it is now; None where it is not packed, or where too much is marked."""
    kept = _seen.get()
    if kept is not None and model in kept:
        return kept[model]
    seen = _look(*OF_MODEL[model]) if model in OF_MODEL else None
    if kept is not None:
        kept[model] = seen
    return seen


# one statement, so that packs, marks and rows are of one moment; each marked row is looked up by its key
_LOOK = """WITH raw AS MATERIALIZED (SELECT key FROM reports_mark WHERE family = %(family)s LIMIT %(most)s + 1),
    marked AS MATERIALIZED (
        SELECT DISTINCT key FROM raw WHERE (SELECT count(*) FROM raw) <= %(most)s
            AND EXISTS (SELECT FROM reports_pack WHERE family = %(family)s)
    )
    SELECT (SELECT jsonb_agg(jsonb_build_array(chunk, version, known ->> 'layout', known -> %(table)s::text)
                ORDER BY chunk)
            FROM reports_pack WHERE family = %(family)s)::text,
        (SELECT string_agg(int8send(key), ''::bytea ORDER BY key) FROM marked),
        (SELECT count(*) FROM raw) > %(most)s,
        {columns}
    FROM marked CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {key} = marked.key OFFSET 0) AS fact
"""


def _look(family: Family, table: Table) -> Seen | None:
    import numpy as np

    sql = _LOOK.format(columns=_selected(table, "fact"), table=table.name, key=table.key)
    parameters = {"family": family.number, "table": table.name, "most": MOST_MARKS}
    [(packs, marked, is_too_much, *columns)] = fetch(sql, parameters)
    if packs is None or is_too_much:
        return None
    keys = np.frombuffer(marked or b"", dtype=">i8").astype(np.int64)
    found = json.loads(packs)
    if any(layout != family.layout for _chunk, _version, layout, _known in found):
        return None
    parts = [
        Part(known["rows"], known["moments"], version=version, chunk=chunk)
        for chunk, version, _layout, known in found if known["rows"]
    ]  # fmt: skip
    fresh = received(table.columns, columns)
    parts.append(Part(len(fresh[table.key].data), _spans(fresh), fresh))
    return Seen(family, table, parts, keys)


def _spans(columns: Mapping[str, Column]) -> dict[str, tuple[int, int, int]]:
    """The first and the last of each moment, and how many are unknown. Where all are, the last is before the first."""
    found = {}
    for name, column in columns.items():
        if column.kind == "moment":
            known = column.data[column.data != NULL]
            ends = (int(known.min()), int(known.max())) if len(known) else (0, -1)
            found[name] = (*ends, len(column.data) - len(known))
    return found


# ---------------------------------------------------------------------- packing


def pack(*, at_most: int | None = None) -> int:
    """Pack anew every range in which something is marked, at most so many. Returns how many were packed.

    One process at a time packs; another one that asks meanwhile does nothing. Each range is a transaction of its own
    that sees one moment, so whoever changes facts meanwhile waits for nothing: their marks stay.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    packed = 0
    try:
        for family in FAMILIES:
            _forget_old(family)
            chunk_of = models.F("key").bitrightshift(family.bits)
            marked = Mark.objects.filter(family=family.number).annotate(chunk=chunk_of)
            for chunk in sorted(marked.values_list("chunk", flat=True).distinct()):
                if at_most is not None and packed >= at_most:
                    return packed
                _pack(family, chunk)
                packed += 1
        return packed
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def pack_if_due() -> int:
    """Pack when enough is marked that reading it would be felt, or when the packs are of another version."""
    marked = Mark.objects.all()[:ENOUGH_MARKS].count()
    is_old = any(_of_another_layout(family).exists() for family in FAMILIES)
    return pack() if is_old or marked >= ENOUGH_MARKS else 0


def _of_another_layout(family: Family) -> "models.QuerySet[Pack]":
    return Pack.objects.filter(family=family.number).exclude(known__contains={"layout": family.layout})


@transaction.atomic
def _forget_old(family: Family) -> None:
    """Mark all of a family whose packs are of another layout, and drop these."""
    versions = list(_of_another_layout(family).values_list("version", flat=True))
    if not versions:
        return
    versions = list(Pack.objects.filter(family=family.number).values_list("version", flat=True))
    with connection.cursor() as cursor:
        for table in family.tables:
            cursor.execute(
                f"INSERT INTO reports_mark (family, key) SELECT DISTINCT %s, {table.key} FROM {table.name}",  # noqa: S608
                [family.number],
            )
    Pack.objects.filter(family=family.number).delete()
    PackColumn.objects.filter(version__in=versions).delete()


def _pack(family: Family, chunk: int) -> None:
    first, end = chunk * family.size, (chunk + 1) * family.size
    is_alone = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_alone:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT nextval('reports_pack_version')")
        (version,) = cursor.fetchone()
        known: dict[str, Any] = {"layout": family.layout}
        written = []
        for table in family.tables:
            sql = (
                f"SELECT {_selected(table, 'fact')} FROM "  # noqa: S608 - our names
                f"(SELECT * FROM {table.name} WHERE {table.key} >= %s AND {table.key} < %s) AS fact"
            )
            [row] = fetch(sql, [first, end])
            columns = received(table.columns, row)
            rows = len(columns[table.key].data)
            known[table.name] = {"rows": rows, "moments": _spans(columns)}
            if rows:
                written += [(f"{table.name}.{name}", _encoded(one)) for name, one in columns.items()]
        old = Pack.objects.filter(family=family.number, chunk=chunk)
        PackColumn.objects.filter(version__in=list(old.values_list("version", flat=True))).delete()
        old.delete()
        with psycopg.Cursor(connection.connection) as raw, raw.copy(
            "COPY reports_packcolumn (version, name, data) FROM STDIN (FORMAT BINARY)"
        ) as copy:  # fmt: skip
            copy.set_types(["int8", "text", "bytea"])
            for name, data in written:
                copy.write_row((version, name, data))
        if written:
            Pack.objects.create(family=family.number, chunk=chunk, version=version, known=known)
        Mark.objects.filter(family=family.number, key__gte=first, key__lt=end).delete()
