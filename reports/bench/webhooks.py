"""Webhooks: signed events kept a second, each durable before it is answered."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from helpdesk.models import Team
from reports.bench import floors, knocking
from reports.bench.timing import Effort, Figure, per_second, tell
from tickets.models import ChannelAccount, Inbox, RawMessage

_ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = 2
_SECRET = "the secret both sides sign with"  # noqa: S105 - of a database that goes away


def measure(size: str, effort: Effort) -> None:
    """Two processes beside an INSERT of a like row with one commit, on as many connections."""
    inbox = Inbox.objects.create(name="Bench", channel="generic")
    inbox.teams.add(Team.objects.order_by("pk")[0])
    account = ChannelAccount(inbox=inbox, kind="generic", address=f"bench {uuid4()}", config={"name_there": "bench"})
    account.sealed = json.dumps({"signing_secret": _SECRET})
    account.save()
    spans = _knock(account.key, effort.seconds)
    counts = {name: sum(span[name] for span in spans) for name in ("kept", "forged", "stale", "replayed")}
    _check(inbox, counts["kept"])
    took = max(span["ended"] for span in spans) - min(span["began"] for span in spans)
    floor = _floor(inbox, effort.seconds / 2)
    more: dict[str, Any] = {"clients": PROCESSES, "processes": PROCESSES, **counts}
    more["cpu_ms"] = round(sum(span["cpu"] for span in spans) * 1000 / sum(counts.values()), 3)
    said = f"webhooks, {PROCESSES} processes"
    tell(Figure("webhooks", size, "per_s", counts["kept"] / took, floor, said, more))
    Inbox.objects.filter(pk=inbox.pk).update(is_active=False)


def _knock(key: str, seconds: float) -> list[dict[str, Any]]:
    callers = [
        subprocess.Popen(
            [sys.executable, "-m", "reports.bench.knocking"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
        )
        for _process in range(PROCESSES)
    ]  # fmt: skip
    try:
        for number, caller in enumerate(callers):
            _tell(caller, json.dumps({"key": key, "secret": _SECRET, "name": f"m{number}", "seconds": seconds}))
        for caller in callers:
            _line(caller)  # warm
        for caller in callers:
            _tell(caller, "go")
        return [json.loads(_line(caller)) for caller in callers]
    finally:
        for caller in callers:
            caller.kill()
            caller.communicate()


def _tell(caller: "subprocess.Popen[str]", words: str) -> None:
    assert caller.stdin is not None
    caller.stdin.write(words + "\n")
    caller.stdin.flush()


def _line(caller: "subprocess.Popen[str]") -> str:
    assert caller.stdout is not None
    line = caller.stdout.readline()
    if not line:
        raise RuntimeError("A caller of webhooks ended before it was done.")
    return line


def _check(inbox: Inbox, kept: int) -> None:
    """Each event answered for is there once, and nothing of what was forged, stale or sent before."""
    there = RawMessage.objects.filter(inbox=inbox).count()
    if there != kept + PROCESSES * knocking.WARMING:
        raise RuntimeError(f"{kept} events were answered for; {there - PROCESSES * knocking.WARMING} are there.")


def _floor(inbox: Inbox, seconds: float) -> float:
    """INSERT of rows like those that were kept, each with a commit of its own."""
    like = RawMessage.objects.filter(inbox=inbox).latest("pk")
    sessions = [floors.session(autocommit=False) for _client in range(PROCESSES)]
    try:
        rate, _made = per_second([floors.raw(bare, like) for bare in sessions], seconds)
    finally:
        for bare in sessions:
            bare.close()
        RawMessage.objects.filter(inbox=inbox, source="floor").delete()
    return rate
