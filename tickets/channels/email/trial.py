"""Work tried in a child that may die of it, so that this process does not.

The child reports by its exit status and by nothing else. It shares our open sockets and must touch none: it leaves
without any clean-up, and what it inherited is hidden from its garbage collector.
"""

import contextlib
import gc
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_FINE, _NO_MEMORY = 0, 3
_OUR_SIGNALS = (
    signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
    signal.SIGPROF, signal.SIGCHLD,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the child may use: seconds of processor, seconds by the clock, bytes beyond what we use already."""

    processor: int = 10
    clock: float = 40
    memory: int = 512 * 1024 * 1024


def problem_of(work: Callable[[], object], limits: Limits) -> str:
    """Why `work` must not be done here, in words; "" when a child did it and lived. Its answer is thrown away.

    An exception of `work` is no reason: whoever does the work meets it again, and can handle it.
    """
    try:
        child = os.fork()
    except OSError:  # too many processes or too little memory: then it is done without
        return ""
    if child == 0:
        _try(work, limits)
    status: int | None = None
    try:
        status = _ended(child, time.monotonic() + limits.clock)
    finally:
        if status is None:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
    if status is None:
        return f"Reading it took more than {limits.clock:g} seconds."
    return _said(status, limits)


def _ended(child: int, until: float) -> int | None:
    """The wait status of a child; None when it still runs at `until`."""
    pause = 0.001
    while True:
        try:
            ended, status = os.waitpid(child, os.WNOHANG)
        except ChildProcessError:  # somebody waits for all children here; then nobody can tell, and it is tried
            return _FINE
        if ended:
            return status
        if time.monotonic() >= until:
            return None
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def _said(status: int, limits: Limits) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code == _FINE:
        return ""
    if code == _NO_MEMORY:
        return f"Reading it takes more than {limits.memory // 1024 // 1024:,} MB of memory."
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"Reading it takes more than {limits.processor} seconds of processor time, or too much memory."
    name = signal.Signals(-code).name if code < 0 else f"status {code}"
    return f"The process that tried to read it died of it ({name})."


def _try(work: Callable[[], object], limits: Limits) -> None:
    """The child's whole life."""
    code = 1
    try:
        gc.freeze()  # nothing of our parent's is ever finalised here
        for number in _OUR_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        _limit(limits)
        work()
        code = _FINE
    except MemoryError:
        code = _NO_MEMORY
    except Exception:
        code = _FINE
    finally:
        os._exit(code)


def _limit(limits: Limits) -> None:
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_CPU, limits.processor)
    used = _address_space()
    if used:
        _lower(resource.RLIMIT_AS, used + limits.memory)


def _lower(which: int, to: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        to = min(to, hard)
    with contextlib.suppress(ValueError, OSError):  # a system that knows no such limit
        resource.setrlimit(which, (to, hard))


def _address_space() -> int:
    """The bytes this process has mapped; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").partition(" ")[0])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()
