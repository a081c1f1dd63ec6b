"""Child processes of the one-command start: spawned, logged, restarted, and stopped in order.

One thread and one selector do everything: a child dies with the *thread* that made it (PR_SET_PDEATHSIG), and forking
from a process with other threads is unsafe.
"""

import contextlib
import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_COLOURS = ("36", "32", "33", "35", "34", "96", "92", "93", "95", "94")
_LONGEST_LINE = 64 * 1024


class GaveUp(Exception):
    """Something that must run did not; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Program:
    """How to run one child.

    `tier` orders the stop: higher tiers end first, so that nobody loses the database while working. `before` runs
    ahead of every spawn, `ended` after the end of one that is not restarted. Lines matching `quiet` are not shown.
    """

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    uid: int | None = None
    gid: int | None = None
    tier: int = 1
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    grace: float = 4.0
    restart: bool = True
    pass_fds: tuple[int, ...] = ()
    before: Callable[[], None] | None = None
    ended: Callable[[int], None] | None = None
    quiet: re.Pattern[str] | None = None
    nice: int = 0

    def spawn(self, output: int | IO[bytes] | None = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """Start it in a session of its own (a terminal's Ctrl-C reaches the supervisor alone), tied to this process."""
        if self.before:
            self.before()
        parent, number = os.getpid(), int(self.death_signal)

        def tie() -> None:
            if self.nice:
                os.nice(self.nice)
            # after the change of user, which clears the setting; a parent that died meanwhile sends no signal
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, number)
                if os.getppid() != parent:
                    os._exit(1)

        return subprocess.Popen(
            [str(part) for part in self.argv],
            env=dict(self.env) if self.env is not None else None,
            cwd=self.cwd,
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.uid is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self.pass_fds,
            preexec_fn=tie,  # safe without threads, see the module's docstring
        )


class Log:
    """One readable log: every line says who speaks, in colour on a terminal; JSON lines stay untouched."""

    def __init__(self, stream: IO[str] | None = None, *, plain: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.plain = plain
        terminal = self.stream.isatty() or bool(os.environ.get("FORCE_COLOR"))
        self.coloured = terminal and not os.environ.get("NO_COLOR")
        self._colours: dict[str, str] = {}
        self.broken = False

    def line(self, name: str, text: str) -> None:
        """A line of a child, or of the supervisor itself."""
        if self.plain and text.startswith("{"):
            self.raw(text)
            return
        prefix = f"{name:<9}|"
        if self.coloured:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self.raw(f"{prefix} {text}")

    def raw(self, text: str) -> None:
        """A line as it is. A reader that went away (`make run | head`) is remembered, not raised."""
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except (BrokenPipeError, ValueError):
            self.broken = True


@dataclass
class Child:
    """A program and the process that runs it now."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float
    buffer: bytes = b""
    failures: int = 0
    due: float | None = None
    code: int | None = None
    last: list[str] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self.code is None


class Supervisor:
    """Run programs until a signal comes, then stop them in order."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.children: list[Child] = []
        self.stopping = False
        self.impatient = False
        self._selector = selectors.DefaultSelector()
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_asked)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _stop_asked(self, *_: object) -> None:
        self.impatient = self.stopping
        self.stopping = True

    # --- starting ---------------------------------------------------------------------------------------------------

    def start(self, program: Program) -> Child:
        """Spawn `program` and look after it."""
        child = Child(program, program.spawn(), time.monotonic())
        self.children.append(child)
        self._listen(child)
        return child

    def _listen(self, child: Child) -> None:
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def once(self, program: Program) -> Child:
        """Run `program` to its end while looking after the others. Raises GaveUp when it fails or a stop is asked."""
        child = self.start(replace(program, restart=False))
        while child.is_running and not self.stopping:
            self.turn(1.0)
        if self.stopping:
            raise Stopped
        self.children.remove(child)
        if child.code:
            raise GaveUp(f"{program.name} failed (exit status {child.code}); its last lines are above.")
        return child

    def wait_for(self, child: Child, ready: Callable[[], bool], *, seconds: float) -> None:
        """Look after everybody until `ready()`; raises GaveUp when it takes too long or `child` keeps failing."""
        until = time.monotonic() + seconds
        while not ready():
            if self.stopping:
                raise Stopped
            if child.failures >= 3 or time.monotonic() > until:
                raise GaveUp(f"{child.program.name} does not come up; its last lines are above.")
            self.turn(0.05)

    # --- looking after ----------------------------------------------------------------------------------------------

    def turn(self, seconds: float) -> None:
        """Wait up to `seconds` for output, an end or a signal, and deal with it."""
        soonest = min((child.due for child in self.children if child.due is not None), default=None)
        if soonest is not None:
            seconds = max(0.0, min(seconds, soonest - time.monotonic()))
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
            else:
                self._read(key.data)
        for child in list(self.children):
            if child.is_running and child.process.poll() is not None:
                self._ended(child)
            if child.due is not None and child.due <= time.monotonic() and not self.stopping:
                self._again(child)
        if self.log.broken:
            self.stopping = True

    def _read(self, child: Child) -> bool:
        """Show what the child said. False at the end of its output."""
        stream = child.process.stdout
        assert stream is not None
        try:
            data = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return True
        except (OSError, ValueError):
            data = b""
        *lines, child.buffer = (child.buffer + data).split(b"\n")
        if child.buffer and (not data or len(child.buffer) > _LONGEST_LINE):
            lines.append(child.buffer)
            child.buffer = b""
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            child.last = [*child.last[-50:], text]
            if child.program.quiet and child.program.quiet.search(text):
                continue
            self.log.line(child.program.name, text)
        if not data:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(stream)
        return bool(data)

    def _ended(self, child: Child) -> None:
        stream = child.process.stdout
        assert stream is not None
        with contextlib.suppress(OSError, ValueError):
            # what is in the pipe, but no waiting for grandchildren that still hold it
            for _ in range(64):
                before = len(child.last), child.buffer
                if not self._read(child) or (len(child.last), child.buffer) == before:
                    break
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(stream)
        stream.close()
        _signal_group(child, signal.SIGKILL)  # grandchildren a killed parent left behind
        child.code = child.process.returncode
        if not child.program.restart and child.program.ended and not self.stopping:
            child.program.ended(child.code)
        if self.stopping or not child.program.restart:
            return
        if time.monotonic() - child.started > 60:
            child.failures = 0
        child.failures += 1
        delay = min(30.0, 0.5 * 2 ** (child.failures - 1))
        child.due = time.monotonic() + delay
        self.log.line("helpdesk", f"{child.program.name} ended ({_words(child.code)}); again in {delay:g} s")

    def _again(self, child: Child) -> None:
        child.due = None
        try:
            child.process = child.program.spawn()
        except (OSError, GaveUp) as error:
            child.failures += 1
            child.due = time.monotonic() + min(30.0, 0.5 * 2**child.failures)
            self.log.line("helpdesk", f"{child.program.name} cannot start: {error}")
            return
        child.started, child.code, child.buffer = time.monotonic(), None, b""
        self._listen(child)

    def run(self) -> None:
        """Look after everybody until a stop is asked."""
        while not self.stopping:
            self.turn(3600)

    # --- stopping ---------------------------------------------------------------------------------------------------

    def stop(self) -> bool:
        """Stop every child, the highest tier first. True when nobody had to be killed."""
        self.stopping = True
        clean = True
        for tier in sorted({child.program.tier for child in self.children}, reverse=True):
            group = [child for child in self.children if child.program.tier == tier]
            for child in group:
                child.due = None
                if child.is_running:
                    with contextlib.suppress(ProcessLookupError):
                        child.process.send_signal(child.program.stop_signal)
            asked = time.monotonic()
            while running := [child for child in group if child.is_running]:
                for child in running:
                    if self.impatient or time.monotonic() - asked > child.program.grace:
                        clean = False
                        _signal_group(child, signal.SIGKILL)
                self.turn(0.1)
        return clean


class Stopped(Exception):
    """A stop was asked for while something was awaited."""


def _signal_group(child: Child, number: signal.Signals) -> None:
    """Signal the child with everything it started (its session began as its own process group)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)


def _words(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def stop_all(processes: Iterable[tuple[Program, subprocess.Popen[bytes]]]) -> None:
    """Stop processes spawned without a supervisor, in the order given."""
    for program, process in processes:
        if process.poll() is None:
            process.send_signal(program.stop_signal)
        try:
            process.wait(program.grace + 6)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
