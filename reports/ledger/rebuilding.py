"""All facts anew in several processes: each takes the next tickets until there are none."""

import os
import time
from collections.abc import Iterator
from multiprocessing import get_context
from typing import Any

from django.db import OperationalError, connection, connections

from reports.ledger import facts
from reports.ledger.facts import CHUNK, Progress

#: below so many tickets starting processes costs more than it gains
WORTH_PROCESSES = 5_000
#: two processes that need each other's tickets: the database ends one, which tries again
_TRIES = 5


class Failed(Exception):
    """A process ended before its work did; what it had folded is kept."""


def rebuild(*, start: int = 0, processes: int | None = None, chunk: int = CHUNK * 2) -> Iterator[Progress]:
    """As `facts.rebuild`. A progress says the ticket below which everything is done."""
    last = facts.drop_unknown(start)
    first = facts.first_from(start)
    start = start if first is None else first
    if processes is None:
        processes = min(os.cpu_count() or 1, 8) if (last or 0) - start >= WORTH_PROCESSES else 1
    if connection.in_atomic_block:
        processes = 1  # others would wait for what this transaction holds, and not see what it wrote
    if processes == 1 or last is None:
        yield from facts.rebuild(start=start, chunk=chunk)
        return
    done = Progress(start, last, 0)
    for done in _shared(start, last, chunk, processes):
        yield done
    yield from facts.finish(Progress(last, last, done.events))


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
            return facts.refresh(tickets, links=False)
        except OperationalError as error:
            if left == 1 or getattr(error.__cause__, "sqlstate", "") not in ("40P01", "40001"):
                raise
    raise AssertionError
