"""Fold every ticket's facts anew from the ledger: `manage.py rebuild_facts`."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.counting import daily
from reports.ledger import packs, rebuilding
from reports.models import Bookmark

BOOKMARK = "rebuild"


class Command(BaseCommand):
    """Folds in chunks, so it may run while tickets are worked and be broken off at any time."""

    help = "Fold the facts of all tickets anew from the ledger. Gives the same rows every time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="start", type=int, default=0, metavar="NUMBER", help="begin at this ticket")
        parser.add_argument("--processes", type=int, metavar="N", help="how many fold at once; one a processor")
        parser.add_argument("--resume", action="store_true", help="go on where the last run was broken off")

    def handle(self, *args: Any, **options: Any) -> None:
        start = options["start"]
        if start < 0:
            raise CommandError("Ticket numbers begin at 1.")
        if options["processes"] is not None and not 1 <= options["processes"] <= 64:
            raise CommandError("From 1 to 64 processes.")
        if options["resume"]:
            mark = Bookmark.objects.filter(name=BOOKMARK).first()
            start = mark.position if mark else 0
        began = said = time.monotonic()
        done = None
        try:
            for done in rebuilding.rebuild(start=start, processes=options["processes"]):
                Bookmark.objects.update_or_create(name=BOOKMARK, defaults={"position": done.ticket + 1})
                now = time.monotonic()
                if now - said >= 1 and done.ticket < done.last:
                    said = now
                    rate = done.events / (now - began)
                    self.stdout.write(f"#{done.ticket:,} of {done.last:,}  ·  {rate:,.0f} events/s", ending="\r")
                    self.stdout.flush()
        except KeyboardInterrupt:
            self.stderr.write("\nBroken off. `rebuild_facts --resume` goes on from here.")
            raise SystemExit(130) from None
        except rebuilding.Failed:
            raise CommandError("A process failed. `rebuild_facts --resume` goes on from here.") from None
        Bookmark.objects.filter(name=BOOKMARK).delete()
        took = time.monotonic() - began
        events = done.events if done else 0
        packs.pack_if_due()
        daily.forget_usual()
        self.stdout.write(f"Folded {events:,} events in {took:.1f} s ({events / max(took, 0.001):,.0f} events/s).   ")
