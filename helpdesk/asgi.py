"""One application for the server: live updates as raw ASGI, everything else as Django in worker threads."""

import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

from helpdesk import live, serving
from helpdesk.bridge import Bridge
from helpdesk.wsgi import application as pages

# what was loaded stays: looking through it again and again for rubbish would cost pages more than the rubbish does
gc.collect()
gc.freeze()

_threads = int(os.environ.get("WEB_THREADS", "8"))
_pages = Bridge(pages, threads=_threads)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Route by path; answer the server's start and stop."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                serving.begin()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http" and scope["path"] == "/live/" and not _is_for_content(scope):
        await live.stream(scope, receive, send)
    elif scope["type"] == "http" and not _is_for_content(scope) and (other := live.mounted(scope["path"])):
        await other(scope, receive, send)
    elif scope["type"] == "http":
        await _pages(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


def _is_for_content(scope: dict[str, Any]) -> bool:
    """Whether it was asked of the host that serves content and nothing else."""
    from helpdesk import content

    return any(name == b"host" and content.is_content_host(value.decode("latin-1")) for name, value in scope["headers"])
