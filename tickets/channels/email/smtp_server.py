"""SMTP (RFC 5321) and LMTP (RFC 2033) as the receiving server speaks them, on top of aiosmtpd.

What is ours: how content is read (see smtp_content), what there is room for (see smtp_limits), and who answers for a
mail: `Mailroom`, which stores it before anybody says 250.
"""

import contextlib
import time
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiosmtpd.smtp import SMTP, syntax

from tickets.channels.email.smtp_content import Incoming
from tickets.channels.email.smtp_limits import Networks, Rates, Room, client_of

log = structlog.get_logger(__name__)

#: silence within a mail (RFC 5321, 4.5.3.2.5), and the most one mail may take to arrive
SILENCE_SECONDS = 180
MAIL_SECONDS = 30 * 60
#: what a mail over the limit may still send until the line is cut
OVERHANG = 16 * 1024 * 1024
CHUNK = 1024 * 1024
#: addresses nobody has, in one session: who asks for more is guessing
MOST_UNKNOWN = 20
#: commands of a kind in one session
CALLS = {"*": 100, "MAIL": 10_000, "RCPT": 100_000, "DATA": 10_000, "RSET": 10_000}

TOO_LARGE = "552 5.3.4 This mail is larger than we take."
NO_ROOM = "452 4.3.1 There is no room for this mail now. Please try again later."
AMBIGUOUS = "550 5.6.0 A line of this mail holds a lone dot between line ends that are not CR LF."
TOO_SLOW = "421 4.4.2 This takes too long."


class Mailroom(Protocol):
    """Who knows the addresses and keeps the mails. Each answer is an SMTP reply."""

    async def recipient(self, address: str) -> str: ...

    async def keep(
        self, sender: str, recipients: list[str], incoming: Incoming, *, one_by_one: bool, line: Any
    ) -> list[str]: ...


@dataclass(slots=True)
class Gate:
    """What all connections of a server share."""

    mailroom: Mailroom
    room: Room
    clients: Rates
    senders: Rates
    unlimited: Networks
    timeout: float


def _is_plain(address: str) -> bool:
    """Whether an address can be stored and shown: no control characters, nothing that is not UTF-8."""
    return not any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in address)


class SmtpSession(SMTP):
    """One connection of a mail server that hands us mail."""

    speaks_lmtp = False

    def __init__(self, gate: Gate, **options: Any) -> None:
        self.gate = gate
        self.client = ""
        self._is_in = False
        self._unknown = 0
        super().__init__(
            self, timeout=gate.timeout, enable_SMTPUTF8=True, ident="helpdesk", command_call_limit=CALLS, **options
        )

    # --- coming and going -------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        if not self._is_in:  # after STARTTLS it is made once more
            peer = transport.get_extra_info("peername")
            self.client = client_of(peer)
            self.is_unlimited = self.speaks_lmtp or self.client in self.gate.unlimited
            if not self.gate.room.enter(self.client, is_unlimited=self.is_unlimited):
                log.warning("too many connections", client=self.client)
                transport.write(b"421 4.3.2 Too many connections at once. Please try again later.\r\n")
                transport.close()
                return
            self._is_in = True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._is_in and self.session is not None:
            self._is_in = False
            self.gate.room.leave(self.client)
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._is_in else False

    def _timeout_cb(self) -> None:
        with contextlib.suppress(Exception):
            self.transport.write(TOO_SLOW.encode() + b"\r\n")  # type: ignore[union-attr]
        super()._timeout_cb()

    async def handle_exception(self, error: Exception) -> str:
        log.error("a mail session failed", client=self.client, exc_info=error)
        return "451 4.3.0 Something went wrong here. Please try again later."

    # --- what is answered -------------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - the names aiosmtpd calls
        self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        kept = [row for row in responses if not row.startswith(("250-AUTH", "250 HELP"))]
        return [*kept, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if not _is_plain(address):
            return "553 5.1.7 This address has letters no address can have."
        if not self.is_unlimited:
            if not self.gate.clients.take(self.client):
                log.warning("too many mails from a client", client=self.client)
                return "450 4.7.1 Your server sends many mails at once. Please try again later."
            # reports of all the world's servers share the empty sender
            if address != "<>" and not self.gate.senders.take(address.lower()):
                log.warning("too many mails from a sender", sender=address)
                return "450 4.7.1 This sender sends many mails at once. Please try again later."
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if not _is_plain(address):
            return "553 5.1.3 This address has letters no address can have."
        if len(envelope.rcpt_tos) >= 100:
            return "452 4.5.3 Too many recipients at once."
        answer = await self.gate.mailroom.recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        elif answer.startswith("550") and not self.is_unlimited:
            self._unknown += 1
            if self._unknown > MOST_UNKNOWN:
                log.warning("a client guesses addresses", client=self.client)
                self.loop.call_soon(self.transport.close)  # type: ignore[union-attr]
                return "421 4.7.0 Too many addresses that nobody has."
        return answer

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        try:
            return super()._getaddr(arg)
        except Exception:  # the parser of the standard library stumbles over some nonsense
            return None, None

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if self._tls_protocol:
            await self.push("503 5.5.1 TLS is already active.")
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        await self.push("502 5.5.1 Nobody signs in here.")

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802
        await self.push("252 2.1.5 Send the mail, and you will see.")

    async def smtp_HELP(self, arg: str) -> None:  # noqa: N802
        await self.push("214 2.0.0 RFC 5321.")

    # --- the mail ---------------------------------------------------------------------------------------------------

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if arg:
            await self.push("501 5.5.4 DATA takes no words.")
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Nobody is named who shall have it.")
            return
        await self.push("354 End it with a dot on a line of its own.")
        incoming = Incoming(self.data_size_limit or 0)
        try:
            refusal = await self._collect(incoming)
            answers = [refusal] if refusal else await self._keep(incoming)
        finally:
            self.gate.room.release(incoming.held)
        if self.speaks_lmtp and len(answers) == 1:
            answers *= len(self.envelope.rcpt_tos)
        self._set_post_data_state()
        for answer in answers:
            await self.push(answer)
        if answers[0].startswith("421") and self.transport is not None:
            self.transport.close()

    async def _collect(self, incoming: Incoming) -> str:
        """Read up to the end of the mail. The reason when it must not be kept, else ""."""
        refusal, until = "", time.monotonic() + MAIL_SECONDS
        while True:
            self._reset_timeout(min(SILENCE_SECONDS, self.gate.timeout))
            # asks for more than the reader ever holds, so that nothing is left in it
            chunk = await self._reader.read(CHUNK)
            if not chunk:
                raise ConnectionResetError
            rest = incoming.feed(chunk)
            grown = incoming.size - incoming.held
            if self.gate.room.hold(grown):
                incoming.held += grown
            else:
                incoming.drop()
                refusal = refusal or NO_ROOM
            if rest is not None:
                if rest:
                    self._reader.feed_data(rest)  # the commands that were sent along (RFC 2920)
                return TOO_LARGE if incoming.is_too_large else refusal
            if incoming.count > incoming.limit + OVERHANG:
                return TOO_LARGE.replace("552 5.3.4", "421 4.3.4")
            if time.monotonic() > until:
                return TOO_SLOW

    async def _keep(self, incoming: Incoming) -> list[str]:
        assert self.envelope is not None
        self._reset_timeout(3600)  # whatever storing takes, the sender hears how it ended
        sender, recipients = self.envelope.mail_from or "", list(self.envelope.rcpt_tos)
        try:
            line = self.transport.get_extra_info("socket") if self.transport else None
            return await self.gate.mailroom.keep(sender, recipients, incoming, one_by_one=self.speaks_lmtp, line=line)
        finally:
            self._reset_timeout()


class LmtpSession(SmtpSession):
    """One connection of a mail server that delivers on this machine: each recipient is answered for (RFC 2033)."""

    speaks_lmtp = True

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP: say LHLO.")

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP: say LHLO.")
