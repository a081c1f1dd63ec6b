"""What the conformance suite needs of a channel: a rig that plays the network, in its tests' folder (`rig.py`).

A rig is `RIG`, a subclass of `Rig`. It brings what happens over there into the product by the product's own door (the
webhook, or a poll of its stand-in), and keeps what the product hands on. The stand-in is a real server on this machine.
"""

import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any, ClassVar, Literal

from django.test import Client

from tests.http_stand_in import Asked
from tickets.channels import directory, handling
from tickets.channels.protocol import Channel
from tickets.models import ChannelAccount, Inbox

#: what the network does with what it is handed: take it, no longer know us, ask for patience, be away, refuse, take it
#: and fall silent
Mood = Literal["takes", "dead", "limited", "away", "refuses", "silent"]


@dataclass(frozen=True)
class Taken:
    """A message the network took."""

    text: str
    thread: str
    key: str = ""
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Network:
    """A server that answers as a rig says."""

    answer: Callable[[Asked], tuple[int, Any, dict[str, str]] | None]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def network(answer: Callable[[Asked], tuple[int, Any, dict[str, str]] | None]) -> Iterator[Network]:
    """Run it on a port of its own. None from `answer` closes the line without a word."""
    served = Network(answer)

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            asked = Asked(
                self.command,
                self.path,
                dict(self.headers),
                self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            served.asked.append(asked)
            said = served.answer(asked)
            if said is None:
                self.close_connection = True
                return
            status, body, headers = said
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = reply  # noqa: N815 - as the standard library calls them

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def picture() -> bytes:
    """A real picture, of one grey point."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")


class Rig:
    """Plays one network. `setting` gives the account's config and secrets; the rest brings in and takes out."""

    kind: ClassVar[str]
    #: whether something must be filled in before a channel works
    needs_setting: ClassVar[bool] = True

    def __init__(self) -> None:
        self.mood: Mood = "takes"
        self.taken: list[Taken] = []
        self.inbox: Inbox
        self.account: ChannelAccount
        self.net: Network

    @property
    def channel(self) -> Channel:
        return directory.of(self.kind)

    # --- what a rig brings

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        """Our address there, config, secrets."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        """What the network answers, in its mood; what it takes goes into `taken`."""
        raise NotImplementedError

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        """The customer of this thread writes their message `number`; the product hears of it."""
        raise NotImplementedError

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        """They change it."""
        raise NotImplementedError

    def take_back(self, number: int, *, thread: str = "t1") -> None:
        """They take it back."""
        raise NotImplementedError

    def forge(self) -> int:
        """Somebody else sends what the network might have sent. Gives the status of our answer."""
        raise NotImplementedError

    # --- helps

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Call the inbox's webhook as a network does."""
        told = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        media_type = headers.get("Content-Type", "application/json")
        answer = Client().post(
            f"/channels/{self.kind}/{self.account.key}/", body, content_type=media_type, **told  # type: ignore[arg-type]
        )  # fmt: skip
        return answer.status_code

    def poll(self) -> int:
        return handling.poll(self.account.pk)


def rig_of(kind: str) -> Rig:
    """The rig of a channel. A channel without one fails its suite."""
    rig: Rig = import_module(f"tests.tickets.channels.{kind}.rig").RIG()
    return rig
