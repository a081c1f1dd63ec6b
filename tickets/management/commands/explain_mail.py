"""Show what the helpdesk reads in a mail, for people or as a stream of JSON. Needs no database."""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tickets.channels.email import explaining
from tickets.channels.email.parsing import MailTooComplex, parse, parse_plain


class Command(BaseCommand):
    """`explain_mail FILE` explains one mail; `--stream` reads a path a line and prints an object a line."""

    help = "Show what the helpdesk reads in a mail and what it would do with it."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A file, or the stream."""
        parser.add_argument(
            "file", nargs="?", type=Path, help="A mail as it was received (.eml); - for standard input."
        )
        parser.add_argument("--stream", action="store_true", help="Read paths from standard input, print JSON lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Explain one mail, or all that are asked for."""
        if options["stream"]:
            stream()
            return
        if options["file"] is None:
            raise CommandError("Name a file, or give --stream.")
        try:
            raw = sys.stdin.buffer.read() if str(options["file"]) == "-" else options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error}") from error
        try:
            self.stdout.write(explaining.explanation(parse(raw)))
        except MailTooComplex as error:
            self.stdout.write(explaining.explanation(parse_plain(raw, reason=error.reason)))


def stream() -> None:
    """A path a line in, an object a line out, until the input ends. A mail that fails costs its own line only."""
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        path = line.rstrip(b"\r\n")
        if not path:
            continue
        out.write(json.dumps(_answer(path), ensure_ascii=True).encode("ascii") + b"\n")
        out.flush()


def _answer(path: bytes) -> dict[str, Any]:
    try:
        return explaining.facts_of(Path(os.fsdecode(path)).read_bytes())
    except Exception as error:  # the stream goes on, whatever this was
        return {"error": f"{type(error).__name__}: {error}"[:500]}
