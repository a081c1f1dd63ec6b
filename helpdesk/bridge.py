"""Django's pages behind the ASGI server: each runs in one of a few threads, which live long and keep their connections.

Most answers are whole when they are made. They come back from their thread once, where handing over start, body and end
one after the other would wake the event loop and the thread in turns. What streams (files, exports) is handed over
piece by piece, each once the one before has found room.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import Body, build_environ

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Bridge:
    """A WSGI application as an ASGI one, for `http` scopes."""

    def __init__(self, application: Any, *, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="WSGI")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        loop = asyncio.get_running_loop()
        answer = _Answer(loop, send)
        environ = build_environ(scope, Body(loop, receive))
        run = contextvars.copy_context().run
        await loop.run_in_executor(self._threads, run, answer.make, self._application, environ)
        for message in answer.left:
            await send(message)


class _Answer:
    """One answer. What of it was not sent from its thread is `left` for the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self._loop, self._send = loop, send
        self.left: list[Message] = []

    def make(self, application: Any, environ: Any) -> None:
        """In its thread: ask the application; its `close` has been called when this returns."""
        body = application(environ, self._start)
        try:
            if getattr(body, "streaming", True):
                for piece in body:
                    if piece:
                        self._pass_on({"type": "http.response.body", "body": piece, "more_body": True})
                self.left.append({"type": "http.response.body", "body": b""})
            else:
                self.left.append({"type": "http.response.body", "body": b"".join(body)})
        finally:
            if close := getattr(body, "close", None):
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], None]:
        named = [(name.strip().encode("latin1").lower(), value.strip().encode("latin1")) for name, value in headers]
        self.left = [{"type": "http.response.start", "status": int(status.partition(" ")[0]), "headers": named}]
        return lambda piece: self._pass_on({"type": "http.response.body", "body": piece, "more_body": True})

    def _pass_on(self, message: Message) -> None:
        """Send what came before, and this, and wait until there is room for more."""
        due, self.left = [*self.left, message], []
        for one in due:
            asyncio.run_coroutine_threadsafe(_sent(self._send, one), self._loop).result()


async def _sent(send: Send, message: Message) -> None:
    await send(message)
