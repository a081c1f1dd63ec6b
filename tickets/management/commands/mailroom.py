"""manage.py mailroom: the process through which mail comes in."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from tickets.channels.email.imap import Watchers
from tickets.channels.email.receiving import Receiver


class Command(BaseCommand):
    """Run the receiving mail server, and watch the mailboxes that are fetched."""

    help = "Receive mail: an SMTP server for the inboxes' addresses, and one watcher for each IMAP mailbox."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.SMTP_PORT, help="port to listen on")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        receiver = Receiver(options["host"], options["port"])
        receiver.start()
        self.stdout.write(f"mail is received on {options['host']}:{options['port']}")
        watchers = Watchers()
        while not stop.is_set():
            try:
                close_old_connections()
                watchers.follow()
            except DatabaseError as error:
                self.stderr.write(f"the database is away: {error}")
            stop.wait(5)
        receiver.stop()
        watchers.stop()
