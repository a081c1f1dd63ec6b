"""Real web processes on loopback, and clients that keep their connection."""

import contextlib
import functools
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from helpdesk import probe
from helpdesk.supervisor import Program, stop_all

_ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = 2


@contextlib.contextmanager
def processes(log: Path) -> Iterator[list[int]]:
    """Two uvicorn processes, as in production, each on a port of its own: a balancer would share them out evenly."""
    running: list[tuple[Program, subprocess.Popen[bytes]]] = []
    try:
        ports = []
        with log.open("ab") as output:
            for number in range(PROCESSES):
                with socket.create_server(("127.0.0.1", 0)) as listening:
                    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as helpdesk.running does
                    ports.append(listening.getsockname()[1])
                    program = _uvicorn(f"web{number + 1}", listening.fileno())
                    running.append((program, program.spawn(output)))
        until = time.monotonic() + 60
        for port, (_program, process) in zip(ports, running, strict=True):
            while not probe.http_answers(f"http://127.0.0.1:{port}/readyz"):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"A web process did not start: {log.read_text()[-2000:]}")
                time.sleep(0.1)
        yield ports
    finally:
        stop_all(running)


#: the ports of web processes, which are started when somebody first asks
Ports = Callable[[], list[int]]


@contextlib.contextmanager
def lasting(log: Path) -> Iterator[Ports]:
    """The same two processes for everything that is measured, as in production they serve every page."""
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda: stack.enter_context(processes(log)))


def _uvicorn(name: str, fd: int) -> Program:
    return Program(
        name,
        [
            sys.executable, "-m", "uvicorn", "helpdesk.asgi:application", "--fd", str(fd),
            "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "2",
            "--timeout-keep-alive", "120",  # on a busy machine a client may come back late
        ],
        env=os.environ | {"MALLOC_ARENA_MAX": "2"},
        cwd=_ROOT,
        stop_signal=signal.SIGTERM,
        pass_fds=(fd,),
    )  # fmt: skip


class Client:
    """One browser or program: a connection it keeps, and what it always sends."""

    def __init__(self, port: int, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def get(self, path: str) -> bytes:
        """A page, which must be there."""
        return self._ask("GET", path, None, 200)

    def post(self, path: str, body: Any) -> bytes:
        """Make something by JSON."""
        return self._ask("POST", path, json.dumps(body).encode(), 201)

    def _ask(self, method: str, path: str, body: bytes | None, expected: int) -> bytes:
        headers = self.headers if body is None else {**self.headers, "Content-Type": "application/json"}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != expected:
            raise RuntimeError(f"{method} {path} was answered with {response.status}: {answer[:500]!r}")
        return answer
