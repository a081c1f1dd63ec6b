"""Fill the helpdesk with a company and a year of history: `manage.py demo`."""

import os
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from helpdesk import clock
from reports.counting import daily
from reports.demo import aftermath, beside, company, writing
from reports.demo import plan as planning
from reports.demo.plan import Plan
from reports.ledger import links

#: advisory locks: one command at a time, and nobody still writing from a command that was killed
_ONE_COMMAND, _NOBODY_WRITING = 0x44454D01, 0x44454D02
#: below this, starting processes costs more than it gains
_WORTH_PROCESSES = 2_000
_CUSTOMERS_AT_ONCE = 1_000
Chunks = list[tuple[int, int]]


class Command(BaseCommand):
    """Writes in chunks, each a transaction: broken off, or killed, it goes on where it was."""

    help = "Write a believable company with a year of history. Run again to go on, or with more --tickets to add to it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tickets", type=_count, default=planning.CAPACITY, metavar="N", help="how many in all (20,000)"
        )
        parser.add_argument(
            "--final", action="store_true", help="no more are to come: say what became of its customers"
        )
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there are tickets of others")
        parser.add_argument("--seed", type=int, default=1, help="another seed tells other stories")
        parser.add_argument("--until", type=_instant, metavar="ISO", help="when the history ends (now)")
        parser.add_argument("--days", type=_days, default=365, help="how far back it goes (365)")
        parser.add_argument("--processes", type=_count, help="how many processes write at once")

    def handle(self, *args: Any, **options: Any) -> None:
        if not _is_free(_ONE_COMMAND) or not _is_free(_NOBODY_WRITING):
            self.stdout.write("Another demo is being written here; waiting for it to end.")
        with _lock(_ONE_COMMAND):
            with _lock(_NOBODY_WRITING):
                pass
            try:
                self._go(options)
            except KeyboardInterrupt:
                self.stderr.write("\nBroken off. Run it again to go on.")
                raise SystemExit(130) from None

    def _go(self, options: dict[str, Any]) -> None:
        wanted, known = options["tickets"], planning.plans()
        self.is_final: bool = options["final"]
        if options["if_empty"] and not known and planning.is_foreign_land(known):
            self.stdout.write("There are tickets already; nothing was written.")
            return
        began = time.monotonic()
        done = 0
        for plan in known:
            done += self._carry_out(plan, min(wanted, plan.tickets), options["processes"])
            wanted -= min(wanted, plan.tickets)
        if wanted > 0:
            until, days = options["until"] or clock.now().replace(microsecond=0), options["days"]
            company.settle(until, days)
            key = known[-1].key + 1 if known else 1
            plan = planning.make(key, wanted if known else max(wanted, planning.CAPACITY), options["seed"], until, days)
            done += self._carry_out(plan, wanted, options["processes"])
        took = time.monotonic() - began
        if done:
            self.stdout.write(f"Wrote {done:,} tickets in {took:.1f} s ({done / max(took, 0.001):,.0f}/s).")
        else:
            self.stdout.write("All of it is there already.")

    def _carry_out(self, plan: Plan, up_to: int, processes: int | None) -> int:
        chunks = list(planning.missing(plan, up_to))
        if not chunks:
            self._finish(plan, up_to)
            return 0
        company.settle(plan.until, plan.days)
        writing.ensure_partitions(plan)
        total = sum(end - start for start, end in chunks)
        if processes is None:
            processes = min(os.cpu_count() or 1, 4) if total >= _WORTH_PROCESSES else 1
        progress = _Progress(self, total)
        if processes == 1:
            scribe = writing.Scribe(plan, company.world(plan.until, plan.days))
            for start, end in chunks:
                scribe.write(start, end)
                progress.show(end - start)
        else:
            self._share_out(plan, chunks, processes, progress)
        progress.finish()
        for first in range(plan.customer, plan.customer + plan.customers, _CUSTOMERS_AT_ONCE):
            links.link(range(first, min(first + _CUSTOMERS_AT_ONCE, plan.customer + plan.customers)))
        self._finish(plan, up_to)
        if total >= _WORTH_PROCESSES:
            _analyse()
        daily.forget_usual()
        beside.settle(plan.until, plan.days, is_complete=not any(planning.missing(plan, plan.tickets)))
        return total

    def _finish(self, plan: Plan, up_to: int) -> None:
        """Once all tickets of a plan are there, or as many as there are to be: what became of its customers."""
        if (self.is_final and up_to) or not any(planning.missing(plan, plan.tickets)):
            aftermath.write(plan, company.world(plan.until, plan.days))

    def _share_out(self, plan: Plan, chunks: Chunks, processes: int, progress: "_Progress") -> None:
        assert plan.order
        assert plan.askable  # worked out once, before the processes part
        context = get_context("fork")
        following, written = context.Value("q", 0), context.Value("q", 0)
        workers = [
            context.Process(target=_write_chunks, args=(plan, chunks, following, written, os.getpid()), daemon=True)
            for _ in range(processes)
        ]
        for worker in workers:
            worker.start()
        try:
            shown = 0
            while any(worker.is_alive() for worker in workers):
                workers[0].join(0.2)
                time.sleep(0.05)
                progress.show(written.value - shown)
                shown = written.value
                if any(worker.exitcode for worker in workers):
                    raise CommandError("A writing process failed; what it had finished is kept. Run it again to go on.")
            progress.show(written.value - shown)
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()
        if any(worker.exitcode for worker in workers):
            raise CommandError("A writing process failed; what it had finished is kept. Run it again to go on.")


_left_to_parent: list[Any] = []


def _write_chunks(plan: Plan, chunks: Chunks, following: Any, written: Any, parent: int) -> None:
    """One process: take the next chunk until there is none, or whoever started us is gone."""
    _left_to_parent.append(connection.connection)  # the socket is the parent's: neither use nor close it
    connection.connection = None
    for other in connections.all():
        other.connection = None
    with _lock(_NOBODY_WRITING, shared=True):
        scribe = writing.Scribe(plan, company.world(plan.until, plan.days))
        while os.getppid() == parent:
            with following.get_lock():
                at = following.value
                following.value += 1
            if at >= len(chunks):
                break
            start, end = chunks[at]
            scribe.write(start, end)
            with written.get_lock():
                written.value += end - start
    connection.close()


@contextmanager
def _lock(key: int, *, shared: bool = False) -> Iterator[None]:
    """Wait for an advisory lock and hold it on this connection."""
    kind = "_shared" if shared else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock{kind}(%s)", [key])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{kind}(%s)", [key])


def _is_free(key: int) -> bool:
    """Whether nobody holds this advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (is_free,) = cursor.fetchone()
        if is_free:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    return bool(is_free)


def _analyse() -> None:
    """So many new rows: let the planner know at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE tickets_ticket, tickets_message, tickets_customer, tickets_contactpoint, helpdesk_event, "
            "feedback_invitation, reports_ticketfacts, reports_answerfacts, reports_stayfacts, reports_surveyfacts"
        )


class _Progress:
    """A bar on a terminal; elsewhere a line every few seconds."""

    def __init__(self, command: BaseCommand, total: int) -> None:
        self.out, self.total, self.done = command.stdout, total, 0
        self.began = self.said = time.monotonic()
        self.is_terminal = bool(getattr(command.stdout, "isatty", lambda: False)())

    def show(self, more: int) -> None:
        self.done += more
        now = time.monotonic()
        if now - self.said < (0.2 if self.is_terminal else 5):
            return
        self.said = now
        self._say("\r" if self.is_terminal else "\n")

    def _say(self, ending: str) -> None:
        rate = self.done / max(time.monotonic() - self.began, 0.001)
        words = f"{self.done:,} of {self.total:,} tickets"
        if self.done:  # before the first are there, nobody knows how long the others take
            minutes, seconds = divmod(int((self.total - self.done) / rate), 60)
            words += f" · {rate:,.0f}/s · {minutes} min {seconds:02} s left"
        if self.is_terminal:
            full = int(30 * self.done / self.total)
            words = f"[{'█' * full}{'·' * (30 - full)}] {words}   "
        self.out.write(words, ending=ending)
        self.out.flush()

    def finish(self) -> None:
        if self.is_terminal:
            self._say("\n")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError("a whole number from 1 on")
    return int(text)


def _days(text: str) -> int:
    if not text.isdigit() or not 2 <= int(text) <= 3650:
        raise ArgumentTypeError("a number of days from 2 to 3650")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)):
            at = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    except ValueError:
        at = None
    if at is None:
        raise ArgumentTypeError("a date or a moment such as 2026-11-24T10:00Z")
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    if at > clock.now():
        raise ArgumentTypeError("a moment that is not in the future")
    return at.replace(microsecond=0)
