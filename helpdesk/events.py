"""The spine: operations record events, subscribers hear them, nothing is lost between the two.

`record` writes the event and its outbox row in the operation's own transaction. After the commit a doorbell rings
(a Celery task); should it be lost, the clock sweeps. `drain` hands the events of each stream to the subscribers in
order, and removes the outbox rows in the transaction of their effects: an effect in the database happens once. What a
subscriber causes outside is a row with a state of its own, never a call from here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, models, transaction
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int4, Int8

from helpdesk import clock, live, prepared, statements
from helpdesk.models import Agent, Event, PendingEvent

log = structlog.get_logger(__name__)

Single = Callable[[Event], None]
Batch = Callable[[Sequence[Event]], None]
_single: dict[str, list[Single]] = defaultdict(list)
_batch: list[tuple[frozenset[str], Batch]] = []

#: after that many failures an event is set aside, so that the later ones of its stream are heard
PATIENCE = 8
_together: ContextVar[list[tuple[Event, str]] | None] = ContextVar("together", default=None)
_LOCK_CLASS = 0x4845  # advisory locks of ours; the second key is the stream


def subscribe(*verbs: str) -> Callable[[Single], Single]:
    """Let a function hear events of these verbs, one at a time, in the order of their stream.

    It may hear one twice when a crash undid its first effect, so what it writes carries a unique key.
    """

    def register(function: Single) -> Single:
        for verb in verbs:
            if function not in _single[verb]:
                _single[verb].append(function)
        return function

    return register


def subscribe_batch(*verbs: str) -> Callable[[Batch], Batch]:
    """As `subscribe`, for functions that do many events as cheaply as one. Verbs may end in `.*`; none means all."""

    def register(function: Batch) -> Batch:
        _batch.append((frozenset(verbs), function))
        return function

    return register


def _wants(verbs: frozenset[str], verb: str) -> bool:
    return not verbs or verb in verbs or f"{verb.split('.', 1)[0]}.*" in verbs


def draft(verb: str, subject: models.Model, *, actor: Agent | None, at: datetime | None = None, **facts: Any) -> Event:
    """An event not yet written, for operations that write many at once with `record_many`."""
    return Event(
        at=at or clock.now(),
        verb=verb,
        stream_id=getattr(subject, "ledger_stream", None),
        subject_type=subject._meta.model_name or "",
        subject_id=subject.pk,
        actor_id=actor.pk if actor else None,
        facts=facts,
        cause=structlog.contextvars.get_contextvars().get("request_id", "")[:64],
    )


def record(verb: str, subject: models.Model, *, actor: Agent | None, at: datetime | None = None, **facts: Any) -> Event:
    """Write down that something happened to `subject`, in the transaction that made it happen.

    `facts` is small JSON: ids, words and numbers, what was and what is; never the text of a message.
    """
    event = draft(verb, subject, actor=actor, at=at, **facts)
    audience, waiting = getattr(subject, "ledger_audience", ""), _together.get()
    if waiting is None:
        record_many([event], audiences=[audience])
    else:
        waiting.append((event, audience))
    return event


@contextmanager
def together() -> Iterator[list[tuple[Event, str]]]:
    """Write what is recorded meanwhile in one go at the end, all in the transaction this is called in.

    Until then events have no ids. Who takes back a part of the work takes its events off the end of the list.
    """
    waiting: list[tuple[Event, str]] = []
    outer = _together.set(waiting)
    try:
        yield waiting
    finally:
        _together.reset(outer)
    record_many([event for event, _ in waiting], audiences=[audience for _, audience in waiting])


def record_many(events: Sequence[Event], *, audiences: Sequence[str] = ()) -> None:
    """Write drafted events in their order. `audiences` says, one for each, who may be told of it live."""
    if not events:
        return
    if not connection.in_atomic_block:
        raise RuntimeError("An event is recorded in the transaction of the change it speaks of.")
    if len(events) == 1:
        _write(events[0])
    else:
        _write_many(events)
    notices = [
        live.Notice(verb=e.verb, stream=e.stream_id, audience=a, event=e.id)
        for e, a in zip(events, audiences or [""] * len(events), strict=True)
        if a
    ]
    live.publish_after_commit(notices)
    if not any(function is _ring for _, function, *_ in connection.run_on_commit):
        transaction.on_commit(_ring, robust=True)


def _write(event: Event) -> None:
    """Write one event, and that it is pending, in one statement: nearly every operation does this once."""
    params: list[Any] = [
        event.at, event.verb, _whole(event.stream_id), event.subject_type, _whole(event.subject_id),
        _whole(event.actor_id), Jsonb(event.facts), event.cause,
    ]  # fmt: skip
    with statements.cursor() as cursor:
        cursor.execute(
            """
            WITH written AS (
                INSERT INTO helpdesk_event (at, verb, stream_id, subject_type, subject_id, actor_id, facts, cause)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id, at, stream_id
            )
            INSERT INTO helpdesk_pendingevent (event_id, at, stream_id, attempts, due_at, error)
            SELECT id, at, stream_id, 0, at, '' FROM written RETURNING event_id
            """,
            params,
        )
        event.id = cursor.fetchone()[0]
    event._state.adding, event._state.db = False, connection.alias


def _write_many(events: Sequence[Event]) -> None:
    """As `_write`, of many: their ids are in their order."""
    each = [
        (e.at, e.verb, e.stream_id, e.subject_type, e.subject_id, e.actor_id, Jsonb(e.facts), e.cause) for e in events
    ]
    with statements.cursor() as cursor:
        cursor.execute(
            """
            WITH written AS (
                INSERT INTO helpdesk_event (at, verb, stream_id, subject_type, subject_id, actor_id, facts, cause)
                SELECT at, verb, stream_id, subject_type, subject_id, actor_id, facts, cause
                FROM unnest(
                    %s::timestamptz[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::jsonb[],
                    %s::text[]
                ) WITH ORDINALITY
                    AS given (at, verb, stream_id, subject_type, subject_id, actor_id, facts, cause, turn)
                ORDER BY turn RETURNING id, at, stream_id
            )
            INSERT INTO helpdesk_pendingevent (event_id, at, stream_id, attempts, due_at, error)
            SELECT id, at, stream_id, 0, at, '' FROM written RETURNING event_id
            """,
            [list(column) for column in zip(*each, strict=True)],
        )
        ids = sorted(row[0] for row in cursor.fetchall())
    for event, id in zip(events, ids, strict=True):
        event.id = id
        event._state.adding, event._state.db = False, connection.alias


def _whole(number: int | None) -> Int8 | None:
    """A number of one width, so that the statement is the same one each time."""
    return Int8(number) if number is not None else None


def _ring() -> None:
    from helpdesk.doorbell import ring
    from helpdesk.tasks import drain_events

    ring(drain_events)


def drain(*, limit: int = 500) -> int:
    """Let subscribers hear what is pending, each stream in order. Returns how many events were heard.

    Safe to run in any number of processes at once: a stream is worked by one of them at a time.
    """
    heard = batch = _drain_once(limit)
    # what was recorded meanwhile in a stream of ours rang for somebody who had to leave it to us
    while batch and _is_any_due():
        batch = _drain_once(limit)
        heard += batch
    return heard


def _is_any_due() -> bool:
    with statements.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM helpdesk_pendingevent WHERE due_at <= %s)", [clock.now()])
        return bool(cursor.fetchone()[0])


def _drain_once(limit: int) -> int:
    try:
        with transaction.atomic():
            events = _claim(limit)
            if events:
                _tell(events)
                with statements.cursor() as cursor:
                    cursor.execute(
                        "DELETE FROM helpdesk_pendingevent WHERE event_id = ANY(%s)", [[Int8(e.id) for e in events]]
                    )
        return len(events)
    except Exception:
        log.exception("a batch of events failed; each is tried alone")
        return _drain_singly(limit)


def _claim(limit: int) -> list[Event]:
    """Lock the streams of the oldest due events and return all their pending events, in order."""
    with statements.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT event_id, stream_id FROM helpdesk_pendingevent WHERE due_at <= %s ORDER BY event_id LIMIT %s
            ), streams AS MATERIALIZED (
                SELECT DISTINCT coalesce(stream_id, -event_id) AS key FROM due
            )
            SELECT key FROM streams WHERE pg_try_advisory_xact_lock(%s, hashint8(key))
            """,
            [clock.now(), Int8(limit), Int4(_LOCK_CLASS)],
        )
        keys = [row[0] for row in cursor.fetchall()]
        if not keys:
            return []
        # asked only now, so that it sees what whoever held the streams before has heard
        cursor.execute(
            """
            SELECT event_id, stream_id, at, due_at FROM helpdesk_pendingevent WHERE stream_id = ANY(%s)
            UNION ALL
            SELECT event_id, stream_id, at, due_at FROM helpdesk_pendingevent
            WHERE event_id = ANY(%s) AND stream_id IS NULL
            ORDER BY event_id
            """,
            [[Int8(k) for k in keys if k >= 0], [Int8(-k) for k in keys if k < 0]],
        )
        pending = cursor.fetchall()
    blocked: set[int] = set()
    ready: list[tuple[int, datetime]] = []
    now = clock.now()
    for number, stream, at, due_at in pending:
        if stream is not None and stream in blocked:
            continue
        if due_at > now:
            if stream is not None:
                blocked.add(stream)
            continue
        ready.append((number, at))
    return _events(ready) if ready else []


def _events(wanted: Sequence[tuple[int, datetime]]) -> list[Event]:
    """Events by their number and their time, which says in which partitions they are, in order."""
    names = ", ".join(f'"{name}"' for name in prepared.columns(Event))
    times = [at for _, at in wanted]
    with statements.cursor() as cursor:
        cursor.execute(
            f"SELECT {names} FROM helpdesk_event WHERE id = ANY(%s) AND at BETWEEN %s AND %s ORDER BY id",  # noqa: S608 - our names
            [[Int8(number) for number, _ in wanted], min(times), max(times)],
        )
        return [prepared.made(Event, row) for row in cursor.fetchall()]


def _tell(events: Sequence[Event]) -> None:
    for event in events:
        for function in _single.get(event.verb, ()):
            function(event)
    for verbs, listen in _batch:
        if wanted := [event for event in events if _wants(verbs, event.verb)]:
            listen(wanted)


def _drain_singly(limit: int) -> int:
    """After a failure: one transaction an event; the one that fails waits longer each time and holds its stream."""
    heard = 0
    rows = list(PendingEvent.objects.filter(due_at__lte=clock.now()).order_by("event_id")[:limit])
    held: set[int] = set()
    for row in rows:
        if row.stream_id is not None and row.stream_id in held:
            continue
        try:
            heard += _drain_one(row)
        except Exception as error:
            if row.stream_id is not None:
                held.add(row.stream_id)
            _put_off(row, error)
    return heard


@transaction.atomic
def _drain_one(row: PendingEvent) -> int:
    with connection.cursor() as cursor:
        key = row.stream_id if row.stream_id is not None else -row.event_id
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, key])
        if not cursor.fetchone()[0]:
            return 0
    mine = PendingEvent.objects.filter(event_id=row.event_id).first()
    if mine is None:
        return 0
    earlier = PendingEvent.objects.filter(stream_id=mine.stream_id, event_id__lt=mine.event_id)
    if mine.stream_id is not None and earlier.exists():
        return 0
    _tell([Event.objects.get(id=mine.event_id, at=mine.at)])
    mine.delete()
    return 1


def _put_off(row: PendingEvent, error: Exception) -> None:
    row.attempts += 1
    log.error("an event could not be heard", event_id=row.event_id, attempts=row.attempts, exc_info=error)
    wait = timedelta(days=3650) if row.attempts >= PATIENCE else timedelta(seconds=min(2**row.attempts, 300))
    PendingEvent.objects.filter(event_id=row.event_id).update(
        attempts=row.attempts,
        due_at=clock.now() + wait,
        error=repr(error)[:2000],
        # a set-aside event no longer holds its stream; it stays in the table and is counted on /metrics
        **({"stream_id": None} if row.attempts >= PATIENCE else {}),
    )


def set_aside() -> int:
    """How many events no subscriber could hear; anything but 0 wants a person."""
    return PendingEvent.objects.filter(attempts__gte=PATIENCE).count()


def history(stream: int, verbs: Iterable[str] = ()) -> models.QuerySet[Event]:
    """What happened in a stream, oldest first."""
    events = Event.objects.filter(stream_id=stream).order_by("id")
    return events.filter(verb__in=list(verbs)) if verbs else events
