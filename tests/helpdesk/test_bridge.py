"""Pages in their threads behind the event loop: whole answers at once, streams piece by piece."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from helpdesk.bridge import Bridge

SCOPE = {
    "type": "http", "method": "POST", "path": "/b\xfcro/", "query_string": b"a=1", "http_version": "1.1",
    "scheme": "http", "headers": [(b"content-type", b"text/plain"), (b"x-one", b"1")],
}  # fmt: skip


class Whole(list[bytes]):
    """An answer that is all there, as Django's are."""

    streaming = False

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(pieces)
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def ask(application: Any, *received: bytes) -> list[dict[str, Any]]:
    """What the server is sent."""
    coming = [{"body": piece, "more_body": True} for piece in received] + [{"body": b"", "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def run() -> None:
        async def receive() -> dict[str, Any]:
            return coming.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await Bridge(application, threads=1)(SCOPE, receive, send)

    # a thread of its own: where stories in a browser were told before, this one has a loop that runs for good
    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        elsewhere.submit(asyncio.run, run()).result()
    return sent


def test_a_whole_answer_goes_out_at_once_and_is_closed() -> None:
    answer, seen = Whole(b"one ", b"two"), {}

    def application(environ: Any, start: Any) -> Any:
        seen.update(environ, thread=threading.current_thread().name)
        start("201 Created", [("Content-Type", "text/plain"), ("Set-Cookie", "a"), ("Set-Cookie", "b")])
        return answer

    start, body = ask(application)
    assert (start["status"], body["body"], body.get("more_body", False)) == (201, b"one two", False)
    assert start["headers"] == [(b"content-type", b"text/plain"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
    assert answer.is_closed and seen["thread"].startswith("WSGI")
    assert (seen["QUERY_STRING"], seen["HTTP_X_ONE"], seen["CONTENT_TYPE"]) == ("a=1", "1", "text/plain")
    assert seen["PATH_INFO"].encode("latin1").decode() == "/büro/"


def test_a_stream_goes_out_piece_by_piece() -> None:
    def application(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"one"
        yield b""
        yield b"two"

    sent = ask(application)
    assert [message.get("body") for message in sent] == [None, b"one", b"two", b""]
    assert [message.get("more_body", False) for message in sent] == [False, True, True, False]


def test_what_is_sent_to_us_is_read_as_it_comes() -> None:
    def application(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        return Whole(environ["wsgi.input"].read(4), b"|", environ["wsgi.input"].read())

    assert ask(application, b"abc", b"def", b"gh")[1]["body"] == b"abcd|efgh"


def test_an_empty_answer_has_an_end() -> None:
    def application(environ: Any, start: Any) -> Any:
        start("204 No Content", [])
        return iter(())

    start, body = ask(application)
    assert start["status"] == 204 and body == {"type": "http.response.body", "body": b""}


def test_an_error_is_the_servers_to_answer() -> None:
    def application(environ: Any, start: Any) -> Any:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        ask(application)
