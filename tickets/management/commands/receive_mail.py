"""manage.py receive_mail < file.eml: mail by pipe, for a mail server on the same machine."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from tickets.models import Inbox
from tickets.operations import intake


class Command(BaseCommand):
    """Store the mail on standard input. Exit status 75 (EX_TEMPFAIL) asks the mail server to try again later."""

    help = "Take one mail from standard input, as a mail server's pipe transport gives it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--inbox", default="", help="address of the inbox; default: the first active one")
        parser.add_argument("--sender", default="", help="the envelope's sender")

    def handle(self, *args: Any, **options: Any) -> None:
        content = sys.stdin.buffer.read()
        if not content.strip():
            raise CommandError("There is no mail on standard input.", returncode=65)
        try:
            inboxes = Inbox.objects.active().order_by("pk")
            inbox = inboxes.filter(address__iexact=options["inbox"]).first() if options["inbox"] else inboxes.first()
            if inbox is None:
                raise CommandError(f"There is no inbox {options['inbox']}".rstrip() + ".", returncode=67)
            raw = intake.store(inbox=inbox, content=content, source="pipe", envelope_from=options["sender"])
        except DatabaseError as error:
            raise CommandError(f"The mail could not be stored: {error}", returncode=75) from error
        self.stdout.write(f"stored as raw mail {raw.pk if raw else '?'} for {inbox.address}")
