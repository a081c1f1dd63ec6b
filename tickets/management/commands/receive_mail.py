"""manage.py receive_mail < file.eml: mail by pipe, for a mail server on the same machine."""

import sys
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from tickets.channels.email import recipients
from tickets.models import Inbox
from tickets.operations import health, intake

# sysexits.h, which mail servers know: 65 and 67 go back to the sender, 75 is tried again
BAD_DATA, NO_SUCH_INBOX, TRY_AGAIN = 65, 67, 75
_CHUNK = 64 * 1024


class Command(BaseCommand):
    """Store the mail on standard input. Exit status 75 (EX_TEMPFAIL) asks the mail server to try again later."""

    help = "Take one mail from standard input, as a mail server's pipe transport gives it."
    #: a failed check would end with a status that makes mail servers send the mail back
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--inbox", default="", help="address of the inbox; default: the recipients', else the first"
        )
        parser.add_argument(
            "--recipient", action="append", default=[], help="the envelope's recipient; may be given several times"
        )
        parser.add_argument("--sender", default="", help="the envelope's sender")

    def handle(self, *args: Any, **options: Any) -> None:
        content = _read(sys.stdin.buffer, settings.MAIL_MAX_MB * 1024 * 1024)
        if content is None:
            raise CommandError(f"The mail is larger than {settings.MAIL_MAX_MB} MB.", returncode=BAD_DATA)
        if not content.strip():
            raise CommandError("There is no mail on standard input.", returncode=BAD_DATA)
        try:
            inboxes = _inboxes(options["inbox"], options["recipient"])
            if not inboxes:
                named = options["inbox"] or ", ".join(options["recipient"])
                raise CommandError(f"There is no inbox {named}".rstrip() + ".", returncode=NO_SUCH_INBOX)
            with transaction.atomic():
                for inbox in inboxes:
                    self._store(inbox, content, options)
        except CommandError:
            raise
        except Exception as error:  # whatever it is, the mail server still has the mail
            raise CommandError(f"The mail could not be stored: {error}", returncode=TRY_AGAIN) from error

    def _store(self, inbox: Inbox, content: bytes, options: dict[str, Any]) -> None:
        raw = intake.store(
            inbox=inbox, content=content, source="pipe", envelope_from=options["sender"],
            envelope_to=options["recipient"],
        )  # fmt: skip
        if raw is None:
            raise LookupError("the database took no row of it")
        health.note_received(inbox.pk)
        self.stdout.write(f"stored as raw mail {raw.pk} for {inbox.address}")


def _read(source: IO[bytes], limit: int) -> bytes | None:
    """All of it up to the limit; None when there is more, which is read and forgotten, so that nobody's pipe breaks."""
    content = bytearray()
    while chunk := source.read(_CHUNK):
        if len(content) + len(chunk) > limit:
            while source.read(_CHUNK):
                pass
            return None
        content += chunk
    return bytes(content)


def _inboxes(address: str, wanted: list[str]) -> list[Inbox]:
    """The inbox named, else those of the recipients, else the first active one."""
    if address:
        return list(Inbox.objects.active().of_mail().filter(address__iexact=address)[:1])
    if wanted:
        found = recipients.find(wanted)
        return list({inbox.pk: inbox for inbox in found.values()}.values()) if len(found) == len(set(wanted)) else []
    return list(Inbox.objects.active().of_mail().order_by("pk")[:1])
