"""Between the threads that talk to servers and the one thread that talks to the database.

Every session with a server runs in a thread of its own, so that a server that crawls holds up nobody else's mail. What
a session has to know or to write down it asks of the `Book`, which the thread of the task answers.
"""

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

from helpdesk.failpoints import reach
from tickets.channels.email import smtp_trouble
from tickets.channels.email.composing import Parts, compose
from tickets.channels.email.servers import Server
from tickets.channels.email.smtp_session import SignInRefused
from tickets.models import Delivery, Grant
from tickets.models.mailbox import SignIn
from tickets.operations import outages, sending

log = structlog.get_logger(__name__)
T = TypeVar("T")

#: for so long a database that went away is waited for, before what we know is lost
PATIENCE = 30


class Book:
    """What sessions may ask. Every method runs in the task's thread, whoever calls it."""

    def __init__(self, lease: uuid.UUID) -> None:
        self.lease = lease
        self._asked: queue.Queue[tuple[Callable[[], object], Future[object]]] = queue.Queue()
        self._thread = threading.get_ident()

    def _ask(self, work: Callable[[], T]) -> T:
        if threading.get_ident() == self._thread:
            return work()
        future: Future[T] = Future()
        self._asked.put((work, future))  # type: ignore[arg-type]
        return future.result()

    def serve(self, seconds: float) -> None:
        """Answer what is asked until nobody asked for so long."""
        with contextlib.suppress(queue.Empty):
            while True:
                work, future = self._asked.get(timeout=seconds)
                try:
                    future.set_result(_patiently(work))
                except Exception as error:  # it is the asking session's trouble
                    future.set_exception(error)

    def secret(self, server: Server, *, refused: str = "") -> str:
        """What to sign in with; `refused` is a token the server did not take. Raises SignInRefused and OSError."""
        if server.is_api or server.sign_in == SignIn.PASSWORD:
            return server.password
        return self._ask(lambda: _token(server, refused))

    def compose(self, delivery: Delivery, *, utf8: bool) -> bytes:
        return self._ask(lambda: compose(delivery, utf8=utf8))

    def parts(self, delivery: Delivery) -> Parts:
        return self._ask(lambda: Parts(delivery.mail))

    def begin(self, delivery: Delivery) -> bool:
        return self._ask(lambda: sending.begin_transmission(delivery))

    def sent(self, delivery: Delivery, answer: str, *, provider_id: str = "") -> None:
        self._ask(lambda: sending.sent(delivery, answer, provider_id=provider_id))
        reach("out.recorded")

    def refused(self, delivery: Delivery, answer: str, *, for_good: bool, status_code: str = "") -> None:
        self._ask(lambda: sending.refused(delivery, answer, for_good=for_good, status_code=status_code))

    def unknowable(self, delivery: Delivery, why: str) -> None:
        self._ask(lambda: sending.unknowable(delivery, why))

    def hand_back(self, deliveries: Sequence[Delivery]) -> None:
        self._ask(lambda: [sending.hand_back(delivery) for delivery in deliveries])

    def pause(self, deliveries: Sequence[Delivery], server: Server, error: Exception) -> None:
        """The server does not let us in: its mail rests."""
        log.error("a mail server refuses our sign-in", host=server.host, error=str(error))
        self._ask(lambda: outages.pause(deliveries, why=str(smtp_trouble.explain(error, server)), answer=str(error)))

    def away(self, deliveries: Sequence[Delivery], server: Server, error: Exception) -> None:
        """The server could not be reached."""
        log.warning("a mail server is away", host=server.host, error=str(error))
        inboxes = {delivery.mail.inbox_id for delivery in deliveries}
        self._ask(lambda: outages.away(inboxes, why=str(smtp_trouble.explain(error, server))))

    def works(self, deliveries: Sequence[Delivery]) -> None:
        """The server took something."""
        self._ask(lambda: outages.works({delivery.mail.inbox_id for delivery in deliveries}))


def _token(server: Server, refused: str) -> str:
    from tickets.channels.email import oauth

    grant = Grant.objects.get(pk=server.grant or 0)
    old = refused.rpartition("auth=Bearer ")[2].rstrip("\x01")
    try:
        return oauth.xoauth2(server.username or grant.username, oauth.access_token(grant, refused=old))
    except (oauth.GrantLost, oauth.ClientRefused) as error:
        raise SignInRefused(str(error)) from error
    except oauth.OAuthTrouble as error:
        raise ConnectionError(str(error)) from error


def _patiently(work: Callable[[], T]) -> T:
    """What happened outside is written down even when the database is away for a moment."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            connection.close()
            time.sleep(1)
