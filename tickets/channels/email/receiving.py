"""The receiving mail server: takes a mail for an inbox, stores it, and only then says 250.

In development it is also the catcher: a mail for nobody we know is kept and shown instead of refused, which is where
our own outgoing mail ends up.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, TypeVar

import structlog
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import close_old_connections, connections, transaction

from helpdesk.failpoints import reach
from tickets import texts
from tickets.channels.email import recipients as addresses
from tickets.channels.email import smtp_limits
from tickets.channels.email.server_tls import Certificate
from tickets.channels.email.smtp_content import Incoming
from tickets.channels.email.smtp_server import AMBIGUOUS, NO_ROOM, Gate, LmtpSession, SmtpSession
from tickets.models import CaughtMail, Inbox
from tickets.operations import health, intake

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: mails that are stored at the same time
HANDS = 4
#: unfinished mails are kept in memory: room for so many of the largest
LARGEST_AT_ONCE = 4
STORED = "250 2.0.0 Stored."
NOT_STORED = "451 4.3.0 We could not store this mail. Please try again later."
NOBODY = "550 5.1.1 Nobody here has this address."

Group = tuple[Inbox | None, list[str]]


def groups(recipients: list[str]) -> list[Group]:
    """The recipients by the inbox they stand for; None for those nobody has."""
    found = addresses.find(recipients)
    grouped: dict[int | None, Group] = {}
    for recipient in recipients:
        inbox = found.get(recipient)
        grouped.setdefault(inbox.pk if inbox else None, (inbox, []))[1].append(recipient)
    return list(grouped.values())


def _keep_group(sender: str, group: Group, content: bytes, source: str) -> None:
    inbox, recipients = group
    if inbox is None:
        if not settings.MAIL_CATCHER:
            raise LookupError("An inbox was closed since its address was asked for.")  # asked again, it is refused
        CaughtMail.objects.create(
            envelope_from=sender[:320], recipients=recipients, content=content, subject=_subject(content)
        )
        return
    raw = intake.store(
        inbox=inbox, content=content, source=source, envelope_from=sender, envelope_to=recipients
    )  # fmt: skip
    if raw is None:
        raise LookupError("The database took no row of this mail.")
    health.note_received(inbox.pk)


@transaction.atomic
def keep(sender: str, recipients: list[str], content: bytes, *, source: str = "smtp") -> int:
    """Store a mail for every inbox it is for, and in the catcher for everybody else. Returns how many copies."""
    grouped = groups(recipients)
    for group in grouped:
        _keep_group(sender, group, content, source)
    return len(grouped)


def keep_one_by_one(sender: str, recipients: list[str], content: bytes) -> dict[str, str]:
    """Store a mail for each inbox by itself, and answer for each recipient, as LMTP wants it."""
    answers = {}
    for inbox, theirs in groups(recipients):
        try:
            with transaction.atomic():
                _keep_group(sender, (inbox, theirs), content, "lmtp")
            answer = STORED
        except Exception as error:
            answer = _refusal(error)
        answers.update(dict.fromkeys(theirs, answer))
    return answers


def _refusal(error: Exception) -> str:
    """The answer to a mail we could not store: whoever sent it keeps it and tries again."""
    log.error("a mail could not be stored", exc_info=error)
    # class 53 of PostgreSQL's errors: the disk is full, the memory, the table of connections
    return NO_ROOM if str(getattr(error.__cause__, "sqlstate", "") or "").startswith("53") else NOT_STORED


def _subject(content: bytes) -> str:
    with contextlib.suppress(Exception):
        return texts.line(str(message_from_bytes(content[:65536], policy=policy.default)["subject"] or ""))
    return ""


class Desk:
    """Answers the sessions' questions from the database, in threads of its own."""

    def __init__(self) -> None:
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="mail")

    async def recipient(self, address: str) -> str:
        """Take mail for our inboxes; for anybody else only as the catcher."""
        try:
            found: dict[str, Inbox] = {} if settings.MAIL_CATCHER else await self._ask(addresses.find, [address])
            if found or settings.MAIL_CATCHER:
                return "250 2.1.5 OK"
        except Exception:
            log.exception("an address could not be looked up")
            return "451 4.3.0 We cannot look this address up now. Please try again later."
        return NOBODY

    async def keep(
        self, sender: str, recipients: list[str], incoming: Incoming, *, one_by_one: bool, line: Any
    ) -> list[str]:
        """Durable first, 250 second; 4xx when we cannot store it, so that the sender keeps it."""
        try:
            return await self._ask(self._keep, sender, recipients, incoming, one_by_one, line)
        except Exception as error:
            return [_refusal(error)]

    @staticmethod
    def _keep(sender: str, recipients: list[str], incoming: Incoming, one_by_one: bool, line: Any) -> list[str]:
        if incoming.is_ambiguous:
            log.warning("a mail might hold a smuggled one", sender=sender)
            return [AMBIGUOUS]
        content = incoming.content()
        if one_by_one:
            answers = keep_one_by_one(sender, recipients, content)
            reach("in.raw_committed", line)
            return [answers[recipient] for recipient in recipients]
        keep(sender, recipients, content)
        reach("in.raw_committed", line)
        return [STORED]

    async def _ask(self, function: Callable[..., T], *arguments: Any) -> T:
        def call() -> T:
            close_old_connections()
            return function(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._hands, call)

    def close(self) -> None:
        """End the threads and their connections to the database."""
        together = threading.Barrier(HANDS)

        def leave() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(10)  # so that each thread does this once
            connections.close_all()

        for _ in range(HANDS):
            self._hands.submit(leave)
        self._hands.shutdown()


class Receiver(Controller):
    """The server in a thread of its own. Raises OSError where the port or the certificate cannot be had."""

    def __init__(self, host: str, port: int, *, speaks_lmtp: bool = False) -> None:
        limit = settings.MAIL_MAX_MB * 1024 * 1024
        self.session = LmtpSession if speaks_lmtp else SmtpSession
        self.desk = Desk()
        self.gate = Gate(
            mailroom=self.desk,
            room=smtp_limits.Room(settings.SMTP_MAX_CONNECTIONS, LARGEST_AT_ONCE * limit),
            clients=smtp_limits.Rates(settings.SMTP_RATE_PER_CLIENT),
            senders=smtp_limits.Rates(settings.SMTP_RATE_PER_SENDER),
            unlimited=smtp_limits.Networks(settings.SMTP_UNLIMITED),
            timeout=settings.SMTP_TIMEOUT,
        )
        files = settings.SMTP_TLS_CERT, settings.SMTP_TLS_KEY
        self.certificate = Certificate(Path(files[0]), Path(files[1] or files[0])) if files[0] else None
        super().__init__(
            None, hostname=host, port=port, data_size_limit=limit, server_hostname=settings.MAIL_DOMAIN,
            require_starttls=settings.SMTP_TLS_REQUIRED and not speaks_lmtp, ready_timeout=30,
        )  # fmt: skip
        self.SMTP_kwargs.pop("enable_SMTPUTF8")

    def factory(self) -> SmtpSession:
        """A connection's session, with the certificate as it is now."""
        context = self.certificate.context() if self.certificate else None
        return self.session(self.gate, tls_context=context, **self.SMTP_kwargs)

    def stop(self, no_assert: bool = False) -> None:
        super().stop(no_assert)
        self.desk.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where the server really listens: port 0 lets the system choose."""
        assert isinstance(self.server, asyncio.base_events.Server)
        host, port = self.server.sockets[0].getsockname()[:2]
        return host, port

    def _trigger_server(self) -> None:
        """aiosmtpd's own way of waiting until it answers, at the port it really has."""
        with socket.create_connection(self.address, 5) as probe:
            probe.recv(1024)
