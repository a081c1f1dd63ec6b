"""manage.py mailroom: the process through which mail comes in."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from tickets.channels.email.receiving import Receiver
from tickets.channels.email.watching import Watchers


class Command(BaseCommand):
    """Run the receiving mail servers, and watch the mailboxes that are fetched."""

    help = "Receive mail: an SMTP server for the inboxes' addresses, LMTP where asked, a watcher for each IMAP mailbox."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.SMTP_PORT, help="port of SMTP")
        parser.add_argument("--lmtp-port", type=int, default=settings.LMTP_PORT, help="port of LMTP; 0 for none")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        receivers = [self._receive(options["host"], options["port"])]
        if options["lmtp_port"]:
            receivers.append(self._receive(options["host"], options["lmtp_port"], speaks_lmtp=True))
        watchers = Watchers()
        while not stop.is_set():
            try:
                close_old_connections()
                watchers.follow()
            except DatabaseError as error:
                self.stderr.write(f"the database is away: {error}")
            stop.wait(5)
        for receiver in receivers:
            receiver.stop()
        watchers.stop()

    def _receive(self, host: str, port: int, *, speaks_lmtp: bool = False) -> Receiver:
        receiver = Receiver(host, port, speaks_lmtp=speaks_lmtp)
        receiver.start()
        how = "LMTP" if speaks_lmtp else "SMTP with STARTTLS" if receiver.certificate else "SMTP"
        self.stdout.write(f"mail is received on {host}:{port} ({how})")
        return receiver
