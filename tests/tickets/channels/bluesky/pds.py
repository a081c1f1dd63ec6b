"""A real data server of Bluesky for a test: `@atproto/pds` from npm, in a folder of its own (`.pds`).

`python -m tests.tickets.channels.bluesky.pds` fetches it, as .ci/run does; a test that finds none does so itself. Its
database driver is compiled here, against the headers that came with Node. The directory of identifiers it wants (PLC)
and the view of the network it asks for notifications are played by us.
"""

import fcntl
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from tests.http_stand_in import Asked

ROOT = Path(__file__).parents[4]
HERE = ROOT / ".pds"
PARTS = Path(__file__).parent / "node"
PASSWORD = "a password of some length"


def folder(seconds: float = 130) -> Path:
    """Where it is, fetched if need be. Raises OSError or SubprocessError where it cannot be had."""
    lock = (PARTS / "package-lock.json").read_bytes()
    done = HERE / f".installed-{sha256(lock).hexdigest()[:12]}"
    HERE.mkdir(exist_ok=True)
    with (HERE / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not done.exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PARTS / name, HERE / name)
            _run(["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"], seconds)
            _run(["npm", "rebuild", "better-sqlite3"], seconds)
            done.touch()
        shutil.copy(PARTS / "serve.js", HERE / "serve.js")
    return HERE


def _run(command: list[str], seconds: float) -> None:
    """Compiled plainly: it has to work, not to be fast."""
    node = shutil.which("node")
    if not node:
        raise FileNotFoundError("Node is not on this machine")
    around = Path(node).resolve().parents[1]
    built = {"CFLAGS": "-O0", "CXXFLAGS": "-O0", "npm_config_build_from_source": "true"}
    if (around / "include/node/node.h").exists():
        built["npm_config_nodedir"] = str(around)
    subprocess.run(command, check=True, capture_output=True, timeout=seconds, cwd=HERE, env={**os.environ, **built})


@dataclass
class Beside:
    """What stands beside a data server: the directory of identifiers, and a view of the network."""

    operations: dict[str, Any] = field(default_factory=dict)
    #: what the view says of each account's notifications, and of posts
    notifications: list[dict[str, Any]] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        path = unquote(urlsplit(asked.path).path)
        if path == "/xrpc/app.bsky.notification.listNotifications":
            assert asked.headers["authorization"].startswith("Bearer "), "the server vouches for who asks"
            return 200, {"notifications": self.notifications[::-1]}, {}
        if path == "/xrpc/app.bsky.feed.getPosts":
            return 200, {"posts": self.posts}, {}
        found = re.fullmatch(r"/(did:plc:\w+)(/\w+)*", path)
        if found and asked.method == "POST":
            self.operations[found[1]] = asked.json
            return 200, {}, {}
        if found and found[1] in self.operations:
            return 200, self._document(found[1]), {}
        return 404, {"message": f"Nothing is known of {path}"}, {}

    def _document(self, did: str) -> dict[str, Any]:
        made = self.operations[did]
        key = made["verificationMethods"]["atproto"].removeprefix("did:key:")
        where = made["services"]["atproto_pds"]["endpoint"]
        return {
            "@context": ["https://www.w3.org/ns/did/v1"], "id": did, "alsoKnownAs": made["alsoKnownAs"],
            "verificationMethod": [
                {"id": f"{did}#atproto", "type": "Multikey", "controller": did, "publicKeyMultibase": key}
            ],
            "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": where}],
        }  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody with an account on it, and what they do there."""

    url: str
    did: str
    handle: str
    token: str

    def ask(self, method: str, name: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/xrpc/{name}", headers=headers, timeout=60, **more)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else {}

    def post(self, text: str, **more: Any) -> dict[str, str]:
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-01-01T00:00:00.000Z", **more}
        told = {"repo": self.did, "collection": "app.bsky.feed.post", "record": record}
        made = self.ask("POST", "com.atproto.repo.createRecord", json=told)
        return {"uri": str(made["uri"]), "cid": str(made["cid"])}

    def record(self, uri: str) -> dict[str, Any]:
        repo, collection, key = uri.removeprefix("at://").split("/")
        wanted = {"repo": repo, "collection": collection, "rkey": key}
        return dict(self.ask("GET", "com.atproto.repo.getRecord", params=wanted))

    def app_password(self) -> str:
        return str(self.ask("POST", "com.atproto.server.createAppPassword", json={"name": "helpdesk"})["password"])


@contextmanager
def data_server(installed: Path, folder: Path) -> Iterator[tuple[str, Beside]]:
    """Run one with nobody on it. Gives its address, and what stands beside it."""
    from tests.tickets.channels.rigs import network  # not where it is only fetched: that wants no Django

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    beside = Beside()
    with network(beside.answer) as directory:
        told = {
            "PDS_PORT": str(port), "PDS_HOSTNAME": "localhost", "PDS_SERVICE_HANDLE_DOMAINS": ".test",
            "PDS_DATA_DIRECTORY": str(folder / "data"), "PDS_BLOBSTORE_DISK_LOCATION": str(folder / "blobs"),
            "PDS_JWT_SECRET": "a" * 32, "PDS_ADMIN_PASSWORD": "b" * 16,
            "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": "1" * 64, "PDS_DID_PLC_URL": directory.url,
            "PDS_BSKY_APP_VIEW_URL": directory.url, "PDS_BSKY_APP_VIEW_DID": "did:web:view.test",
            "PDS_INVITE_REQUIRED": "false", "PDS_DEV_MODE": "true", "PDS_RATE_LIMITS_ENABLED": "false",
        }  # fmt: skip
        (folder / "data").mkdir()
        (folder / "blobs").mkdir()
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                ["node", "serve.js"], cwd=installed, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], **told}
            )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, server, folder / "log")
            yield url, beside
        finally:
            server.terminate()
            server.wait(20)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{url}/xrpc/_health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"The data server did not start:\n{log.read_text()[-2000:]}")


def register(url: str, name: str) -> Person:
    """A new person on it."""
    told = {"handle": f"{name}.test", "email": f"{name}@example.org", "password": PASSWORD}
    answer = httpx.post(f"{url}/xrpc/com.atproto.server.createAccount", json=told, timeout=60)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    return Person(url, str(made["did"]), str(made["handle"]), str(made["accessJwt"]))


if __name__ == "__main__":
    print(folder(600))
