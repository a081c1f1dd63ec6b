"""The whole web application under its real server, inside the test's process, so that it sees the test's database."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from django.db import connection, connections


@contextmanager
def served(at: socket.socket | None = None) -> Iterator[str]:
    """Run the ASGI application, on a port of its own or where somebody listens already; gives its address."""
    from helpdesk import live
    from helpdesk.asgi import application

    live.HUB = live.Hub()
    live._client = None
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="warning", loop="asyncio"))
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
