"""The receiving mail server: takes a mail for an inbox, stores it, and only then says 250.

In development it is also the catcher: a mail for nobody we know is kept and shown instead of refused, which is where
our own outgoing mail ends up.
"""

import asyncio
import contextlib
import socket
from email import message_from_bytes, policy

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models.functions import Lower

from helpdesk.failpoints import reach
from tickets import texts
from tickets.models import CaughtMail, Inbox
from tickets.operations import intake

log = structlog.get_logger(__name__)


def _bare(address: str) -> str:
    """Lower case, without what follows a plus: support+42@x is for support@x."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def inboxes_for(recipients: list[str]) -> list[Inbox]:
    """The active inboxes these recipients stand for, each once."""
    wanted = {_bare(recipient) for recipient in recipients} | {recipient.lower() for recipient in recipients}
    return list(Inbox.objects.active().annotate(lower=Lower("address")).filter(lower__in=wanted).order_by("pk"))


@transaction.atomic
def keep(sender: str, recipients: list[str], content: bytes) -> int:
    """Store a mail for every inbox it is for, and in the catcher for everybody else. Returns how many copies."""
    inboxes = inboxes_for(recipients)
    for inbox in inboxes:
        intake.store(inbox=inbox, content=content, source="smtp", envelope_from=sender)
    ours = {inbox.address.lower() for inbox in inboxes}
    others = [r for r in recipients if r.lower() not in ours and _bare(r) not in ours]
    if others and not settings.MAIL_CATCHER:
        raise LookupError("An inbox was closed since its address was asked for.")  # asked again, it is refused
    if others and settings.MAIL_CATCHER:
        CaughtMail.objects.create(
            envelope_from=sender[:320], recipients=others, content=content, subject=_subject(content)
        )
    return len(inboxes) + bool(others)


def _subject(content: bytes) -> str:
    with contextlib.suppress(Exception):
        return texts.line(str(message_from_bytes(content[:65536], policy=policy.default)["subject"] or ""))
    return ""


class Handler:
    """aiosmtpd's questions, answered from the database."""

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take mail for our inboxes; for anybody else only as the catcher."""
        try:
            known = settings.MAIL_CATCHER or bool(await _ask(inboxes_for, [address]))
        except DatabaseError:
            log.exception("the database is away")
            return "451 4.3.0 We cannot look this address up now. Please try again later."
        if not known:
            return "550 5.1.1 Nobody here has this address."
        if len(envelope.rcpt_tos) >= 100:
            return "452 4.5.3 Too many recipients at once."
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Durable first, 250 second; 451 when we cannot store it, so that the sender keeps it."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            await _ask(keep, envelope.mail_from or "", list(envelope.rcpt_tos), content)
            reach("in.raw_committed", server.transport.get_extra_info("socket"))
        except Exception:
            log.exception("a mail could not be stored")
            return "451 4.3.0 We could not store this mail. Please try again later."
        return "250 2.0.0 Stored."


async def _ask(function, *arguments):  # type: ignore[no-untyped-def]
    def call():  # type: ignore[no-untyped-def]
        close_old_connections()
        return function(*arguments)

    return await sync_to_async(call, thread_sensitive=True)()


class Receiver(Controller):
    """The server in a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            Handler(), hostname=host, port=port, data_size_limit=settings.MAIL_MAX_MB * 1024 * 1024,
            enable_SMTPUTF8=True, ident="helpdesk", server_hostname=settings.MAIL_DOMAIN, ready_timeout=30,
        )  # fmt: skip

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
