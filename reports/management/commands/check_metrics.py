"""Run worked examples of the figures through the functions that make the figures."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.worked_examples import check


class Command(BaseCommand):
    help = "Checks worked examples (one JSON object a line) against the published metric functions."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the examples, one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror or error}.") from error
        passed = failed = 0
        for outcome in check(lines):
            if outcome.passed:
                passed += 1
                continue
            failed += 1
            if outcome.problem:
                self.stdout.write(f"{outcome.name} {outcome.problem}")
            for mismatch in outcome.mismatches:
                self.stdout.write(
                    f"{outcome.name} {mismatch.key}: expected {mismatch.expected!r}, got {mismatch.got!r}"
                )
        self.stdout.write(f"{passed} passed, {failed} failed")
        if failed:
            sys.exit(1)
