"""The figures: `manage.py bench`. docs/performance.md says what each one is."""

import re
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.supervisor import GaveUp
from reports.bench import inside, place
from reports.bench.timing import LONGEST_SECONDS, USUAL

_ROOT = Path(__file__).resolve().parent.parent.parent.parent
_LONGEST_FILLING, _LONGEST_MEASURING = 2 * 3600, 1800
_EFFORT = ("times", "seconds", "mails", "visitors", "agents")
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


class Command(BaseCommand):
    """Starts servers of its own (or takes those of DATABASE_URL and REDIS_URL), fills them, measures, tidies up."""

    help = "Measure intake, queue, search, ticket page, API and report, each beside its floor in the same run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--what",
            type=_words,
            default=list(inside.ORDER),
            metavar="WORDS",
            help=f"of {', '.join(inside.ORDER)}; and, only where they are named, {', '.join(inside.ALONE)}",
        )
        parser.add_argument(
            "--sizes", type=_sizes, default=["1k", "100k"], metavar="SIZES", help='how many tickets: "1k 100k", "1m"'
        )
        parser.add_argument("--times", type=_number(int, 1, 2000), default=USUAL.times, help="calls for each median")
        parser.add_argument(
            "--seconds", type=_number(float, 0.1, LONGEST_SECONDS), default=USUAL.seconds, help="length of each load"
        )
        parser.add_argument("--mails", type=_number(int, 20, 20_000), default=USUAL.mails, help="mails taken in")

        parser.add_argument("--visitors", type=_number(int, 10, 20_000), default=2000, help="of chat")
        parser.add_argument("--agents", type=_number(int, 1, 1000), default=50, help="of chat")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with place.servers() as here:
                for size in options["sizes"]:
                    self._measure(here, size, options)
        except GaveUp as error:
            raise CommandError(str(error)) from None

    def _measure(self, here: place.Place, size: str, options: dict[str, Any]) -> None:
        database = f"helpdesk_{here.instance}"
        try:
            if here.is_kept:
                kept = f"helpdesk_bench_{size}"
                if not here.has(kept):
                    self._fill(here, database, size)
                    here.rename(database, kept)
                here.create(database, kept)
                self._migrate(here, database)  # kept since an older version, perhaps
            else:
                self._fill(here, database, size)
            effort = [word for name in _EFFORT for word in (f"--{name}", str(options[name]))]
            words = ["-m", "reports.bench.inside", size, *options["what"], *effort]
            self._python(here, database, words, _LONGEST_MEASURING * len(options["what"]))
        finally:
            here.drop(database)

    def _fill(self, here: place.Place, database: str, size: str) -> None:
        began = time.monotonic()
        here.create(database)
        self._migrate(here, database)
        self._python(here, database, ["manage.py", "demo", "--tickets", str(_tickets(size))], _LONGEST_FILLING)
        self._python(here, database, ["manage.py", "index_search"], _LONGEST_FILLING)
        here.settle(database)
        self.stdout.write(f"{size}: filled in {time.monotonic() - began:.0f} s")

    def _migrate(self, here: place.Place, database: str) -> None:
        self._python(here, database, ["manage.py", "migrate", "--verbosity", "0"], 600)

    def _python(self, here: place.Place, database: str, words: list[str], seconds: float) -> None:
        """Run one of our own programs on the database, and pass on what it says."""
        process = subprocess.Popen(
            [sys.executable, *words],
            env=here.environment(database),
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + seconds
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self.stdout.write(line, ending="")
                self.stdout.flush()
                if time.monotonic() > until:
                    raise CommandError(f"It took longer than {seconds:.0f} s: {' '.join(words)}")
            if process.wait(30):
                raise CommandError(f"It failed: {' '.join(words)}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _words(text: str) -> list[str]:
    words = text.replace(",", " ").split()
    if unknown := [word for word in words if word not in (*inside.ORDER, *inside.ALONE, "all")]:
        raise ArgumentTypeError(f"{' '.join(unknown)}: choose from {', '.join(inside.ORDER)}, all")
    return list(inside.ORDER) if not words or "all" in words else words


def _sizes(text: str) -> list[str]:
    sizes = text.lower().replace(",", " ").split()
    if not sizes or any(not _tickets(size) for size in sizes):
        raise ArgumentTypeError('numbers of tickets, such as "200 1k 100k 1m"')
    return sizes


def _tickets(size: str) -> int:
    found = re.fullmatch(r"(\d{1,7})([km]?)", size)
    return int(found[1]) * _UNITS[found[2]] if found else 0


def _number(kind: type[int] | type[float], least: float, most: float) -> Any:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(least - 1)
        if not least <= value <= most:
            raise ArgumentTypeError(f"a number from {least} to {most}")
        return value

    return read
