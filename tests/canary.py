"""A canary: a web server of somebody else's, which notes whoever comes near."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Visit:
    """One request: what was asked for, from where, with which headers."""

    method: str
    path: str
    host: str
    headers: dict[str, str]


#: writes an answer; gets the handler, whose `path` says what is asked for
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Canary:
    """Where it sits and who came."""

    port: int
    visits: list[Visit] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def gives(self, path: str, content: bytes, content_type: str = "image/png", status: int = 200, **more: str) -> str:
        """Answer this path with these bytes; gives the address."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", content_type)
            handler.send_header("Content-Length", str(len(content)))
            for name, value in more.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(content)

        self.answers[path] = answer
        return self.url(path)

    def sends_on(self, path: str, to: str) -> str:
        """Answer this path with a redirect."""
        return self.gives(path, b"", status=302, Location=to)

    def drips(self, path: str, *, head: bool) -> str:
        """Answer this path a byte every tenth of a second, without an end: its head, or its body."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + (b"X-A: " if head else b"\r\n"))
            for _ in range(300):
                handler.wfile.write(b"a")
                handler.wfile.flush()
                time.sleep(0.1)

        self.answers[path] = answer
        return self.url(path)


@contextmanager
def canary() -> Iterator[Canary]:
    """Run one on a free port of this machine; it ends with the `with`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            found.visits.append(Visit(self.command, self.path, self.client_address[0], dict(self.headers)))
            self.close_connection = True
            answer = found.answers.get(self.path.partition("?")[0])
            try:
                if answer:
                    answer(self)
                else:
                    self.send_error(404)
            except OSError:
                pass  # who asked has had enough

        do_GET = do_HEAD = do_POST = do_OPTIONS = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Canary(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
