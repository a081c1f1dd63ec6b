"""Handing on what is due: a thread for each server that has mail, and one thread for the database.

A server that hangs holds up its own mail and nobody else's: while one thread waits for it, the task goes on claiming
for the others. Claims last a minute and are renewed while the work goes on.
"""

import threading
import time
import uuid
from dataclasses import dataclass

import structlog
from django.db import InterfaceError, OperationalError, connection

from helpdesk.failpoints import reach
from tickets.channels.email import providers, servers, smtp
from tickets.channels.email.book import Book
from tickets.channels.email.smtp_pool import POOL
from tickets.models import Delivery, OutgoingServer
from tickets.operations import sending

log = structlog.get_logger(__name__)

#: so many deliveries a claim; so many sessions with one server, and with all
BATCH, SESSIONS, MOST_SESSIONS = 20, 3, 24
RENEW_SECONDS = sending.LEASE.total_seconds() / 4
#: while a server hangs, new work for the others is begun for so long; then another task takes over
STUCK_SECONDS = 300
#: how often it is asked what has become due meanwhile
LOOK_SECONDS = 0.5


@dataclass
class _Work:
    server: int | None
    thread: threading.Thread
    count: int


def deliver_due(seconds: float) -> tuple[int, bool]:
    """Send what is due until nothing is, or for so long. Returns how many deliveries, and whether more may be due."""
    book, begin = Book(uuid.uuid4()), time.monotonic()
    busy: list[_Work] = []
    count, renewed, looked = 0, begin, 0.0
    POOL.sweep()
    while True:
        now = time.monotonic()
        until = begin + (max(seconds, STUCK_SECONDS) if busy else seconds)
        is_over = now >= until
        try:
            if now - renewed > RENEW_SECONDS:
                sending.renew(book.lease)
                renewed = now
            if not is_over and now >= looked + LOOK_SECONDS:
                new, looked = _begin(book, busy, until), now
                count += sum(work.count for work in new)
                busy += new
        except (OperationalError, InterfaceError) as error:
            if not busy:
                raise
            # what a server says meanwhile must still be written down, once the database is back
            log.warning("the database is away; nothing new is begun", error=str(error))
            connection.close()
        if not busy:
            return count, is_over
        book.serve(0.02 if len(busy) == 1 else 0.1)
        still = [work for work in busy if work.thread.is_alive()]
        if len(still) < len(busy):
            busy, looked = still, 0.0  # a session ended: its server may have more


def _begin(book: Book, busy: list[_Work], until: float) -> list[_Work]:
    """Claim for every server that has mail and a session free, and start a thread with each claim."""
    new: list[_Work] = []
    taken = [work.server for work in busy]
    for key in sending.servers_with_work():
        while taken.count(key) < SESSIONS and len(taken) < MOST_SESSIONS:
            deliveries = sending.claim(BATCH, server=key, lease=book.lease)
            if not deliveries:
                break
            reach("out.claimed")
            new.append(_start(book, key, deliveries, until))
            taken.append(key)
    return new


def _start(book: Book, key: int | None, deliveries: list[Delivery], until: float) -> _Work:
    row = OutgoingServer.objects.filter(pk=key).first() if key else None
    server = servers.of(row)
    send_all = providers.send_all if server.is_api else smtp.send_all
    thread = threading.Thread(
        target=_run, args=(send_all, deliveries, server, book, until), name=f"mail to {server.host}", daemon=True
    )
    thread.start()
    return _Work(key, thread, len(deliveries))


def _run(send_all, deliveries, server, book, until) -> None:  # type: ignore[no-untyped-def]
    try:
        send_all(deliveries, server, book, until)
    except Exception:  # what it had claimed comes back when its lease ends
        log.exception("a session with a mail server failed", host=server.host)
