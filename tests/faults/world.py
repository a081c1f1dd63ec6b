"""A helpdesk between scripted mail servers, whose processes die; what everybody wrote down; and the audit."""

import os
import re
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from helpdesk import clock
from helpdesk.models import Agent
from tests.conftest import mail
from tests.faults import imap_server, ledger, smtp_server
from tests.faults.process import Child, Orders
from tickets.channels.email import fetching, imap
from tickets.models import Delivery, DeliveryState, Inbox, Mailbox, MailFolder, Message, RawMessage, RawState, Ticket
from tickets.operations import replying

#: how often `make faults` repeats what `make test` does once
ROUNDS = max(1, int(os.environ.get("FAULTS_ROUNDS", "1")))
#: `make faults` runs what takes longer, too
IS_LONG_RUN = "FAULTS_ROUNDS" in os.environ


@dataclass
class Row:
    """What a test did for a row of the matrix."""

    rows: list[str]
    injected: str = ""
    rounds: int = 0
    mails: int = 0
    kills: int = 0
    violations: list[str] = field(default_factory=list)
    #: seconds from the restart to the end of all queues, waits for leases included
    recoveries: list[float] = field(default_factory=list)

    def as_property(self) -> dict[str, Any]:
        return asdict(self)


def until(condition: Callable[[], Any], seconds: float = 20, what: str = "") -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come to pass: {what or condition}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class World:
    """The stage of a test."""

    inbox: Inbox
    ana: Agent
    folder: Path
    row: Row
    next_server: smtp_server.Server
    post: imap_server.Server
    books: ledger.Books = field(default_factory=ledger.Books)
    children: list[Child] = field(default_factory=list)
    numbers: int = 0
    audited: bool = False

    # --- processes --------------------------------------------------------------------------------------------------

    def start(
        self, what: str, *arguments: Any, failpoint: str = "", ahead: timedelta = timedelta(0), mutation: str = "",
        **more: Any,
    ) -> Child:  # fmt: skip
        """Start a process of the helpdesk in this world."""
        ours = {
            "STORAGES": settings.STORAGES, "MAIL_CATCHER": False, "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": self.next_server.port, "EMAIL_USE_SSL": False, "EMAIL_USE_TLS": False, "EMAIL_HOST_USER": "",
            "EMAIL_TIMEOUT": 20,
        }  # fmt: skip
        child = Child(
            Orders(
                what=what, database=connection.settings_dict["NAME"], log=self.folder / "processes.log",
                settings=ours | more, failpoint=failpoint, ahead=ahead, arguments=arguments, mutation=mutation,
            )
        )  # fmt: skip
        self.children.append(child)
        return child

    def dies(self, child: Child, seconds: float = 20) -> None:
        """The process reaches its fail point and dies there."""
        child.wait(seconds)
        assert child.was_killed, f"it ended with {child.process.exitcode} instead:\n{child.said()[-4000:]}"
        self.row.kills += 1

    def web(self, *, failpoint: str = "") -> tuple[Child, str]:
        """Start a web process; gives its address, at which it answers."""
        port = free_port()
        child = self.start("web", port, failpoint=failpoint)

        def answers() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return not child.process.is_alive()

        until(answers, what="the web opens")
        return child, f"http://127.0.0.1:{port}"

    def mailroom(self, *, failpoint: str = "", **more: Any) -> tuple[Child, int]:
        """Start the mail room; gives its port, on which it answers."""
        port = free_port()
        child = self.start("mailroom", port, failpoint=failpoint, **more)

        def answers() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
                return probe.recv(3) == b"220"
            return not child.process.is_alive()

        until(answers, what="the mail room opens")
        return child, port

    def drain(self, *, later: timedelta = timedelta(0)) -> None:
        """Let a fresh worker settle everything, in a time that goes on as far as leases and retries want."""
        began = time.monotonic()
        child = self.start("drain", later.total_seconds())
        code = child.wait(60)
        assert code == 0, f"the queues do not drain ({code}):\n{child.said()[-6000:]}"
        waited = float((self.folder / "settled").read_text())
        self.row.recoveries.append(time.monotonic() - began + waited)

    # --- mail in ----------------------------------------------------------------------------------------------------

    def letter(self, *, sender: str = "", **more: str) -> bytes:
        """An ordinary mail nobody has seen before, as it travels."""
        self.numbers += 1
        more.setdefault("Message_ID", f"<{self.numbers}.{self.row.rows[0].lower()}@customer.example>")
        more.setdefault("subject", f"Matter {self.numbers}")
        date = format_datetime(clock.now())
        sender = sender or f"Dora Diaz <dora@customer{self.numbers}.example>"
        self.row.mails += 1
        return re.sub(b"\nDate: [^\n]*", f"\nDate: {date}".encode(), mail(sender=sender, **more)).replace(
            b"\n", b"\r\n"
        )

    def open_mailbox(self) -> Mailbox:
        """Let the inbox be fetched from the scripted IMAP server, from now on."""
        mailbox = Mailbox.objects.create(
            inbox=self.inbox, host="127.0.0.1", port=self.post.port, security="none", username=self.post.username,
            password=self.post.password,
        )  # fmt: skip
        MailFolder.objects.create(mailbox=mailbox, uidvalidity=self.post.inbox.uidvalidity, last_uid=0, history_upto=0)
        return mailbox

    def look(self) -> int:
        """One look into the mailbox, in this process. Raises what the network raises."""
        mailbox = Mailbox.objects.select_related("inbox", "grant").get(inbox=self.inbox)
        session = imap.connect(mailbox, timeout=5)
        try:
            return fetching.fetch(mailbox, session)
        finally:
            imap.leave(session)

    def lies_on_the_server(
        self, content: bytes, *flags: str, most: int = 1, age: timedelta = timedelta(0), **given: Any
    ) -> bytes:
        """A mail arrives in the mailbox (or did, so long ago), and is ours from there on."""
        octets = self.post.deliver(content, *flags, age=age)
        self.books.given.append(ledger.Given(self.inbox.pk, octets, most=most, **given))
        return octets

    def hand_in(self, port: int, content: bytes, *, inboxes: Sequence[Inbox] = (), ordinary: bool = True) -> bool:
        """Give a mail to the mail room as another mail server does, once. Whether it was told that it is ours."""
        inboxes, heard = list(inboxes) or [self.inbox], False
        with suppress(OSError, smtplib.SMTPException):
            server = smtplib.SMTP("127.0.0.1", port, timeout=10)
            with suppress(OSError, smtplib.SMTPException):
                server.sendmail("dora@customer.example", [inbox.address for inbox in inboxes], content)
                heard = True
            server.close()
        for inbox in inboxes:
            self.note(ledger.Given(inbox.pk, content, int(heard), 1, acknowledged=heard, ordinary=ordinary))
        return heard

    def note(self, given: ledger.Given) -> None:
        """One more attempt to give this mail: it may have left one more copy."""
        before = next((one for one in self.books.given if one.key == given.key), None)
        if before is not None:
            self.books.given.remove(before)
            given = replace(
                given, least=max(before.least, given.least), most=before.most + 1,
                acknowledged=before.acknowledged or given.acknowledged,
            )  # fmt: skip
        self.books.given.append(given)

    # --- mail out ---------------------------------------------------------------------------------------------------

    def ticket(self, *others: str) -> Ticket:
        """A customer's ticket, with other people who get our answers."""
        from tickets.operations import intake
        from tickets.tasks import receive_mail

        content = self.letter()
        self.books.given.append(ledger.Given(self.inbox.pk, content))
        raw = intake.store(inbox=self.inbox, content=content, source="test")
        assert raw is not None
        receive_mail()
        until(lambda: RawMessage.objects.get(pk=raw.pk).state != RawState.RECEIVED)  # a worker may have been faster
        raw.refresh_from_db()
        assert raw.said is not None, raw.reason
        for address in others:
            raw.said.ticket.participants.create(address=address, is_confirmed=True)
        return raw.said.ticket

    def reply(self, ticket: Ticket, text: str = "It ships today.") -> Message:
        """Ana answers; she is told that it is on its way."""
        message = replying.reply(ticket, text=text, actor=self.ana)
        Delivery.objects.filter(mail__said=message).update(due_at=message.created_at)  # the seconds for undo are over
        self.books.promised.append(message.pk)
        self.row.mails += 1
        return message

    def replies(self, count: int) -> list[Message]:
        """Answers to as many customers."""
        return [self.reply(self.ticket(), f"Answer {number}, it ships today.") for number in range(count)]

    # --- afterwards -------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """Recipient -> how it went."""
        return dict(Delivery.objects.values_list("recipient", "state"))

    def violations(self, *, later: timedelta = timedelta(0)) -> list[ledger.Violation]:
        """What the ledger finds now."""
        self.books.accepted = list(self.next_server.journal.accepted)
        ahead = self.folder / "ahead"
        drained = timedelta(seconds=float(ahead.read_text())) if ahead.exists() else timedelta(0)
        return ledger.check(self.books, now=clock.now() + drained + later)

    def audit(self) -> None:
        """Hold the books against the database: there must be nothing to say."""
        found = [str(violation) for violation in self.violations()]
        self.row.rounds += 1
        self.row.violations += found
        self.audited = True
        assert not found, "\n".join(found)

    def end(self) -> None:
        """Let every process go."""
        for child in self.children:
            child.end()


def waiting() -> bool:
    """Whether anything is still to be done."""
    return (
        RawMessage.objects.filter(state=RawState.RECEIVED).exists()
        or Delivery.objects.filter(state__in=(DeliveryState.QUEUED, DeliveryState.SENDING)).exists()
    )


def at_once(count: int, function: Callable[[int], object]) -> None:
    """Run it in as many threads, let go together."""
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait(10)
        try:
            function(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
