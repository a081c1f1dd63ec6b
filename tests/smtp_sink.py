"""A scripted SMTP server for the tests: it keeps what it accepts, and fails where a test tells it to."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tickets.channels.email.smtp_pool import POOL


@dataclass
class Sink:
    """What arrived, and what to answer: `rcpt` and `data` hold answers for the next questions, then 250."""

    port: int = 0
    accepted: list[tuple[list[str], bytes]] = field(default_factory=list)
    #: the envelope's sender of each of them, and how often somebody connected
    senders: list[str] = field(default_factory=list)
    connections: int = 0
    #: answers to MAIL FROM, by a part of the address
    mail: dict[str, str] = field(default_factory=dict)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    #: close the connection after the content arrived, before any answer
    hang_up: bool = False
    #: say in the greeting that addresses may have any letters (SMTPUTF8)
    takes_utf8: bool = True

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return [answer for answer in responses if self.takes_utf8 or "SMTPUTF8" not in answer]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = next((said for part, said in self.mail.items() if part in (address or "")), "250 2.1.0 OK")
        if answer.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt.get(address, "250 2.1.5 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        answer = self.data.pop(0) if self.data else "250 2.0.0 OK"
        if answer.startswith("250"):
            self.accepted.append((list(envelope.rcpt_tos), envelope.content))
            self.senders.append((envelope.mail_from or "").strip("<>"))
        if self.hang_up:
            server.transport.abort()
        return answer


class AnyPort(Controller):
    """A server on a port the system chooses."""

    @property
    def bound(self) -> int:
        return self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    def _trigger_server(self) -> None:
        with socket.create_connection(("127.0.0.1", self.bound), 5) as probe:
            probe.recv(1024)


@contextmanager
def smtp_sink(settings: Any, **more: Any) -> Iterator[Sink]:
    """Run a sink and point the settings at it; `more` is for aiosmtpd (encryption, sign-in, size)."""
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0, ready_timeout=30, **more)
    controller.start()
    sink.port = controller.bound
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
    settings.EMAIL_HOST_USER = ""
    settings.EMAIL_TIMEOUT = 10
    try:
        yield sink
    finally:
        POOL.sweep(everything=True)
        controller.stop()
