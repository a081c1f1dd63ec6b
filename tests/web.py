"""The whole web application under its real server, inside the test's process, so that it sees the test's database."""

import asyncio
import os
import random
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from django.db import connection, connections

Scope = MutableMapping[str, Any]
#: STRAIN=4: browsers as slow as on a machine a quarter as quick (tests/journeys/conftest.py), and answers that come
#: late, by chance. What passes otherwise and fails so has a race in it.
STRAIN = float(os.environ.get("STRAIN", "0"))


def late(application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The application behind a bad line: what is asked comes late, and so does each thing it says."""

    async def on_a_bad_line(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            return await application(scope, receive, send)

        async def send_late(said: Scope) -> None:
            if said["type"] == "http.response.start" or said.get("more_body"):
                await asyncio.sleep(random.uniform(0.02, 0.15))
            await send(said)

        await asyncio.sleep(random.uniform(0.02, 0.15))
        return await application(scope, receive, send_late)

    return on_a_bad_line


@contextmanager
def served(at: socket.socket | None = None) -> Iterator[str]:
    """Run the ASGI application, on a port of its own or where somebody listens already; gives its address."""
    from helpdesk import live
    from helpdesk.asgi import application

    live.HUB = live.Hub()
    live._client = None
    asked = late(application) if STRAIN else application
    server = uvicorn.Server(uvicorn.Config(asked, host="127.0.0.1", port=0, log_level="warning", loop="asyncio"))
    # the server closes what it is given
    thread = threading.Thread(target=server.run, args=([at.dup()] if at else None,), daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        connections.close_all()
        _end_other_sessions()


def _end_other_sessions() -> None:
    """End what the server's threads left open: the test database could not be dropped."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
