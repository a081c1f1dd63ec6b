"""All facts anew: by this process alone, or by several, each of which takes the next tickets until there are none."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from django.db import OperationalError, connection, connections, transaction

from reports.ledger import loose
from reports.ledger.asking import CHUNK, execute, query
from reports.ledger.facts import refresh
from reports.ledger.links import link, link_both
from reports.ledger.writing import TABLES

#: below so many tickets starting processes costs more than it gains
WORTH_PROCESSES = 5_000
#: two processes that need each other's tickets: the database ends one, which tries again
_TRIES = 5


class Failed(Exception):
    """A process ended before its work did; what it had folded is kept."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuilding is: the last ticket done, the last there is, and the events folded so far."""

    ticket: int
    last: int
    events: int


def rebuild_alone(*, start: int = 0, chunk: int = CHUNK * 2) -> Iterator[Progress]:
    """Fold every ticket from `start` on anew, and drop facts of tickets the ledger does not know.

    Each chunk is a transaction of its own, so that this can be broken off, taken up again at the ticket it came to, and
    run while tickets are worked: what happens meanwhile is folded by whoever hears of it. `rebuild` does the same
    in several processes.
    """
    last = drop_unknown(start)
    events, at = 0, start
    while last is not None and at <= last:
        following = first_from(at)
        if following is None:
            break
        until = following + chunk
        events += refresh(range(following, until), links=False)
        yield Progress(min(until - 1, last), last, events)
        at = until
    yield from finish(Progress(last if last is not None else -1, last if last is not None else -1, events))


def first_from(start: int) -> int | None:
    """The first ticket from there on of which the ledger knows; numbers may begin high, and have gaps."""
    (first,) = query("SELECT min(stream_id) FROM helpdesk_event WHERE stream_id >= %s", [start])[0]
    return None if first is None else int(first)


def drop_unknown(start: int = 0) -> int | None:
    """Drop facts of tickets the ledger does not know, from `start` on. Returns the last ticket it knows."""
    (first, last) = query("SELECT coalesce(min(stream_id), 0), max(stream_id) FROM helpdesk_event", [])[0]
    known = last if last is not None else -1
    for model in TABLES:
        table = model._meta.db_table
        if start:
            execute(f"DELETE FROM {table} WHERE ticket > %s", [known])  # noqa: S608 - our names
        else:
            execute(f"DELETE FROM {table} WHERE ticket < %s OR ticket > %s", [first, known])  # noqa: S608
    return None if last is None else int(last)


def finish(done: Progress) -> Iterator[Progress]:
    """What is left of a rebuilding once every ticket is folded: customers' tickets, and askings about no ticket."""
    for linked in _customers():
        link(linked)
        yield done
    events = done.events
    for folded in loose.rebuild():
        events += folded
        yield Progress(done.ticket, done.last, events)


def _customers() -> Iterator[list[int]]:
    """Every customer with a ticket, some at a time; the tickets of nobody are done first."""
    nobodys = [ticket for (ticket,) in query("SELECT ticket FROM reports_ticketfacts WHERE customer IS NULL", [])]
    if nobodys:
        with transaction.atomic():
            link_both([], nobodys)
    after = 0
    while customers := [
        number
        for (number,) in query(
            "SELECT DISTINCT customer FROM reports_ticketfacts WHERE customer > %s ORDER BY customer LIMIT %s",
            [after, CHUNK],
        )
    ]:
        yield customers
        after = customers[-1]


# ---------------------------------------------------------------------- several processes


def rebuild(*, start: int = 0, processes: int | None = None, chunk: int = CHUNK * 2) -> Iterator[Progress]:
    """As `rebuild_alone`, in several processes where that is worth it.

    A progress says the ticket below which everything is done.
    """
    last = drop_unknown(start)
    first = first_from(start)
    start = start if first is None else first
    if processes is None:
        processes = min(os.cpu_count() or 1, 8) if (last or 0) - start >= WORTH_PROCESSES else 1
    if connection.in_atomic_block:
        processes = 1  # others would wait for what this transaction holds, and not see what it wrote
    if processes == 1 or last is None:
        yield from rebuild_alone(start=start, chunk=chunk)
        return
    done = Progress(start, last, 0)
    for done in _shared(start, last, chunk, processes):
        yield done
    yield from finish(Progress(last, last, done.events))


def _shared(start: int, last: int, chunk: int, processes: int) -> Iterator[Progress]:
    context = get_context("fork")
    following, events = context.Value("q", start), context.Value("q", 0)
    #: where each process works: everything before the lowest of them is done
    places = context.Array("q", [start] * processes)
    workers = [
        context.Process(
            target=_fold, args=(i, last, chunk, following, events, places, os.getpid()), daemon=True
        )
        for i in range(processes)
    ]  # fmt: skip
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            time.sleep(0.1)
            if any(worker.exitcode for worker in workers):
                raise Failed
            yield Progress(min(min(places[:]) - 1, last), last, events.value)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    if any(worker.exitcode for worker in workers):
        raise Failed
    yield Progress(last, last, events.value)


_left_to_parent: list[Any] = []


def _fold(place: int, last: int, chunk: int, following: Any, events: Any, places: Any, parent: int) -> None:
    """One process: take the next tickets until there are none, or whoever started us is gone."""
    _left_to_parent.append(connection.connection)  # the socket is the parent's: neither use nor close it
    for other in connections.all():
        other.connection = None
    while os.getppid() == parent:
        with following.get_lock():
            at = following.value
            following.value += chunk
            places[place] = at
        if at > last:
            break
        folded = _patiently(range(at, at + chunk))
        with events.get_lock():
            events.value += folded
    connection.close()


def _patiently(tickets: range) -> int:
    for left in range(_TRIES, 0, -1):
        try:
            return refresh(tickets, links=False)
        except OperationalError as error:
            if left == 1 or getattr(error.__cause__, "sqlstate", "") not in ("40P01", "40001"):
                raise
    raise AssertionError
