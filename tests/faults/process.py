"""Real processes of the helpdesk that a test may kill: the mail room, a worker, Celery, on the test's database.

They are forked from a server that has everything imported (multiprocessing's forkserver), so that a process costs
milliseconds and a test can afford to kill one at every fail point.
"""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.preloaded"])


@dataclass(frozen=True)
class Orders:
    """What a process is to do, and in which world."""

    what: str
    database: str
    log: Path
    settings: dict[str, Any]
    failpoint: str = ""
    #: by how much its clock is ahead
    ahead: timedelta = timedelta(0)
    #: what of the helpdesk is broken on purpose: a function of tests.faults.mutations
    mutation: str = ""
    arguments: tuple[Any, ...] = ()
    parent: int = field(default_factory=os.getpid)


def obey(orders: Orders) -> None:
    """The life of a process."""
    log = orders.log.open("a", buffering=1)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    try:
        _live(orders)
    except SystemExit:
        raise
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        log.flush()


def _live(orders: Orders) -> None:
    import django
    import time_machine
    from django.conf import settings
    from django.db import connections

    django.setup()
    from tests.faults import arming

    connections["default"].settings_dict["NAME"] = orders.database
    for name, value in orders.settings.items():
        setattr(settings, name, value)
    arming.arm(orders.failpoint)
    if orders.mutation:
        from tests.faults import mutations

        getattr(mutations, orders.mutation)()
    if orders.ahead:
        time_machine.travel(datetime.now(UTC) + orders.ahead).start()
    WORK[orders.what](orders)


def _is_orphan(orders: Orders) -> bool:
    try:
        os.kill(orders.parent, 0)
    except ProcessLookupError:
        return True
    return False


def _worker(orders: Orders) -> None:
    """Do what the clock has workers do, again and again: no doorbell is needed."""
    from django.db import DatabaseError, close_old_connections

    from helpdesk import events
    from tickets.tasks import deliver, receive_mail

    going = True

    def stop(*_: Any) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    while going and not _is_orphan(orders):
        for task in (receive_mail, events.drain, deliver):
            try:
                close_old_connections()
                task()
            except DatabaseError:
                traceback.print_exc()  # as a Celery task: it fails, and the clock sends the next one
        time.sleep(0.02)


#: the times a process that drains lives through: a lease of reading, of sending, the retries, the end of patience
LADDER = (0, 61, 15 * 60 + 1, 20 * 60, 35 * 60, 60 * 60, 2 * 3600, *(hours * 3600 for hours in range(4, 125, 2)))


def _drain(orders: Orders) -> None:
    """Work until nothing is left to do, moving the clock on where only time is missing. Says how far it went."""
    import time_machine

    from helpdesk import events
    from tests.faults.world import waiting
    from tickets.tasks import deliver, receive_mail

    here, later = datetime.now(UTC), orders.arguments[0]
    settled: int | None = None
    for ahead in LADDER:
        with time_machine.travel(here + timedelta(seconds=ahead)):
            for task in (receive_mail, events.drain, deliver, events.drain):
                task()
            if settled is None and not waiting():
                settled = ahead
            if settled is not None and ahead >= later:
                break
    else:
        raise SystemExit("something waits without end")
    (orders.log.parent / "settled").write_text(str(settled))
    (orders.log.parent / "ahead").write_text(str(ahead))


def _once(orders: Orders) -> None:
    """One task, once."""
    import importlib

    module, _, name = orders.arguments[0].rpartition(".")
    getattr(importlib.import_module(module), name)(*orders.arguments[1:])


def _mailroom(orders: Orders) -> None:
    from django.core.management import call_command

    call_command("mailroom", host="127.0.0.1", port=orders.arguments[0])


def _web(orders: Orders) -> None:
    import uvicorn

    from helpdesk.asgi import application

    uvicorn.run(application, host="127.0.0.1", port=orders.arguments[0], log_level="warning")


def _celery(orders: Orders) -> None:
    from helpdesk.celery import app

    queues = "intake,delivery,default,reports"
    app.worker_main(
        ["worker", "--pool", "solo", "--queues", queues, "--loglevel", "WARNING", "--without-gossip",
         "--without-mingle", "--without-heartbeat"]
    )  # fmt: skip


def _beat(orders: Orders) -> None:
    from helpdesk.celery import app

    app.Beat(schedule=str(orders.log.parent / "beat-schedule"), loglevel="WARNING", quiet=True).run()


WORK = {
    "worker": _worker,
    "drain": _drain,
    "once": _once,
    "mailroom": _mailroom,
    "web": _web,
    "celery": _celery,
    "beat": _beat,
}


class Child:
    """A process of the helpdesk, seen from the test."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.process = CONTEXT.Process(target=obey, args=(orders,), daemon=True)
        self.process.start()

    @property
    def was_killed(self) -> bool:
        """Whether it died by SIGKILL."""
        return self.process.exitcode == -signal.SIGKILL

    def wait(self, seconds: float = 20) -> int | None:
        """Its exit code, once it has ended; None when it has not in that time."""
        self.process.join(seconds)
        return self.process.exitcode

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still (SIGSTOP)."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "T"

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join(10)

    def end(self) -> None:
        """Ask it to end, and make it."""
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(5)
        if self.process.is_alive():
            self.kill()

    def said(self) -> str:
        """What it and the others of its test wrote."""
        return self.orders.log.read_text() if self.orders.log.exists() else ""
