"""Intake: from the bytes of a mail to a ticket people see."""

import json
import subprocess
import sys
import time
from pathlib import Path

from reports.bench import floors
from reports.bench import mails as mailing
from reports.bench.timing import Effort, Figure, say, tell
from tickets.models import Inbox, RawMessage, RawState, Ticket
from tickets.operations import intake

_ROOT = Path(__file__).resolve().parent.parent.parent
_MOST_WARMING = 60


def measure(size: str, effort: Effort, seed: int = 100) -> None:
    """Mails a second with one worker and with two, beside the standard library's reading of the same mails."""
    inbox = Inbox.objects.active().order_by("pk")[0]
    alone = 0.0
    for workers in (1, 2):
        mails = mailing.make(effort.mails, to=inbox.address, seed=seed + workers)
        before = _floor(mails)
        stored, took = _take_in(inbox, mails, workers, seed)
        floor = (before + _floor(mails)) / 2
        rate = len(mails) / took
        more: dict[str, object] = {"workers": workers, "mails": len(mails)}
        if workers == 1:
            alone = rate
        else:
            more["times_one_worker"] = round(rate / alone, 2)
        words = f"intake, {workers} worker{'s' if workers > 1 else ''}, {len(mails)} mails"
        tell(Figure("intake", size, "per_s", rate, floor, words, more))
        say(f"    with storing each mail durably beforehand: {len(mails) / (took + stored):.1f} a second")
        if workers > 1:
            say(f"    {rate / alone:.2f} times one worker")


def _floor(mails: list[mailing.Mail]) -> float:
    began = time.perf_counter()
    for mail in mails:
        floors.read_mail(mail.content)
    return len(mails) / (time.perf_counter() - began)


def _take_in(inbox: Inbox, mails: list[mailing.Mail], workers: int, seed: int) -> tuple[float, float]:
    """Seconds of storing, and seconds from the first worker's start to the last one's end."""
    warming = min(_MOST_WARMING, len(mails)) * workers
    for mail in mailing.make(warming, to=inbox.address, seed=seed + 50 + workers):
        intake.store(inbox=inbox, content=mail.content, source="bench")
    readers = [
        subprocess.Popen(
            [sys.executable, "-m", "reports.bench.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
        )
        for _worker in range(workers)
    ]  # fmt: skip
    try:
        for reader in readers:
            _line(reader)  # warm
        tickets = Ticket.objects.count()
        began = time.perf_counter()
        for mail in mails:
            intake.store(inbox=inbox, content=mail.content, source="bench")
        stored = time.perf_counter() - began
        for reader in readers:
            assert reader.stdin is not None
            reader.stdin.write("go\n")
            reader.stdin.flush()
        spans = [json.loads(_line(reader)) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()
    _check(mails, spans, Ticket.objects.count() - tickets)
    return stored, max(span["ended"] for span in spans) - min(span["began"] for span in spans)


def _line(reader: "subprocess.Popen[str]") -> str:
    assert reader.stdout is not None
    line = reader.stdout.readline()
    if not line:
        raise RuntimeError("An intake worker ended before it was done.")
    return line


def _check(mails: list[mailing.Mail], spans: list[dict[str, float]], opened: int) -> None:
    """A figure of work that was not done is no figure."""
    expected = sum(mail.is_new for mail in mails)
    left = RawMessage.objects.exclude(state=RawState.DONE).filter(source="bench").count()
    if sum(span["count"] for span in spans) != len(mails) or opened != expected or left:
        raise RuntimeError(f"{len(mails)} mails made {opened} tickets instead of {expected}; {left} are on none.")
