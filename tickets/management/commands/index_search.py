"""Write what search looks in: `manage.py index_search`."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tickets.operations import indexing


class Command(BaseCommand):
    """Writes in small pieces, so it may run while tickets are worked and be broken off at any time."""

    help = "Write the search documents that are missing; with --all, every one anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="also those that are there")

    def handle(self, *args: Any, **options: Any) -> None:
        began = said = time.monotonic()
        done = indexing.Progress(0, 0, 0)
        try:
            for done in indexing.rebuild(everything=options["all"]):
                now = time.monotonic()
                if now - said >= 1 and done.seen < done.of:
                    said = now
                    rate = done.seen / (now - began)
                    left = (done.of - done.seen) / rate
                    self.stdout.write(f"{done.seen:,} of {done.of:,} · {rate:,.0f}/s · {left:,.0f} s left", ending="\r")
                    self.stdout.flush()
        except KeyboardInterrupt:
            self.stderr.write("\nBroken off. Run it again to go on.")
            raise SystemExit(130) from None
        took = time.monotonic() - began
        self.stdout.write(f"Looked at {done.seen:,} tickets in {took:.1f} s; wrote {done.changed:,} documents.      ")
