"""What happens at a fail point: FAILPOINT=name:action[:nth], several separated by commas.

kill9      the process dies at once, as by `kill -9`
stop       the process is stopped (SIGSTOP) until somebody lets it go on
sleepN     it waits N seconds (sleep0.5)
raise      an error of no particular kind
disconnect the connection that is open there is cut
"""

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from helpdesk import failpoints

#: docs/reliability.md explains them; in the order a mail meets them
INBOUND_IMAP = ("in.lock", "in.search", "in.fetch", "in.cursor", "in.raw_committed")
INBOUND_READING = ("in.claimed", "in.parsed", "in.tx_before_commit", "in.tx_committed", "in.notified")
OUTBOUND_WEB = ("out.clicked", "out.tx_committed")
OUTBOUND_BEFORE = ("out.undo_elapsed", "out.claimed", "out.connected", "out.rcpt", "out.data_begin")
OUTBOUND_AFTER = ("out.dot_sent", "out.250_seen", "out.recorded")
OUTBOUND_POSTS = ("out.handed_on",)
JOBS = ("beat.tick", "slot.inserted", "job.claimed", "job.part_open", "job.part_done", "job.done")
NAMES = frozenset(
    INBOUND_IMAP + INBOUND_READING + OUTBOUND_WEB + OUTBOUND_BEFORE + OUTBOUND_AFTER + OUTBOUND_POSTS + JOBS
)


class Broken(Exception):
    """What `raise` raises: an error nobody planned for."""


class Arming:
    """A hook that acts at the nth time (the first, unless said) a named place is reached, once."""

    def __init__(self, words: str) -> None:
        self.plans: dict[str, tuple[str, int]] = {}
        self.seen: Counter[str] = Counter()
        for plan in filter(None, words.split(",")):
            name, action, nth = (*plan.split(":"), "1")[:3]
            if name not in NAMES:
                raise ValueError(f"there is no fail point {name!r}")
            self.plans[name] = (action, int(nth))

    def __call__(self, name: str, line: socket.socket | None) -> None:
        self.seen[name] += 1
        action, nth = self.plans.get(name, ("", 0))
        if action and self.seen[name] == nth:
            self.act(name, action, line)

    def act(self, name: str, action: str, line: socket.socket | None) -> None:
        if action == "kill9":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif action.startswith("sleep"):
            time.sleep(float(action[5:]))
        elif action == "disconnect":
            assert line is not None, f"no connection is open at {name}"
            line.shutdown(socket.SHUT_RDWR)
        elif action == "raise":
            raise Broken(name)
        else:
            raise ValueError(f"a fail point cannot {action!r}")


def arm(words: str) -> Arming:
    """Arm this process."""
    arming = Arming(words)
    failpoints.install(arming)
    return arming


@contextmanager
def armed(words: str) -> Iterator[Arming]:
    """Arm this process for a while."""
    arming = arm(words)
    try:
        yield arming
    finally:
        failpoints.install(None)
