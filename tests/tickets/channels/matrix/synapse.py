"""A real Matrix homeserver for a test: Synapse from PyPI, in a virtual environment of its own (`.synapse`).

`python -m tests.tickets.channels.matrix.synapse` fetches it, as .ci/run does; a test that finds none does so itself.
"""

import base64
import fcntl
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[4]
HERE = ROOT / ".synapse"
VERSION = "1.163.2"
_DONE = HERE / f".installed-{VERSION}"
CONFIG = """
server_name: "localhost"
pid_file: {folder}/pid
listeners: [{{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}]
database: {{name: sqlite3, args: {{database: ":memory:"}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/key
report_stats: false
trusted_key_servers: []
enable_registration: true
enable_registration_without_verification: true
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}}}
rc_registration: {{per_second: 1000, burst_count: 1000}}
"""


def python(seconds: float = 150) -> Path:
    """The Python that has Synapse, fetched if need be. Raises OSError or SubprocessError where it cannot be had."""
    found = HERE / "bin/python"
    HERE.mkdir(exist_ok=True)
    with (HERE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _DONE.exists():
            _run([sys.executable, "-m", "venv", "--without-pip", str(HERE)], seconds)
            uv, wanted = Path(sys.executable).parent / "uv", f"matrix-synapse=={VERSION}"
            if uv.exists():
                _run([str(uv), "pip", "install", "--compile-bytecode", "--python", str(found), wanted], seconds)
            else:
                _run([sys.executable, "-m", "pip", "--python", str(found), "install", wanted], seconds)
            _DONE.touch()
    return found


def _run(command: list[str], seconds: float) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=seconds)


@dataclass(frozen=True)
class Person:
    """Somebody on the homeserver, and what they do there."""

    url: str
    user: str
    token: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method, f"{self.url}/_matrix/client/v3{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}
        )
        answer.raise_for_status()
        return answer.json()

    def send(self, room: str, key: str, content: dict[str, Any]) -> str:
        return str(self.ask("PUT", f"/rooms/{room}/send/m.room.message/{key}", content)["event_id"])

    def upload(self, name: str, media_type: str, content: bytes) -> str:
        answer = httpx.post(
            f"{self.url}/_matrix/media/v3/upload", params={"filename": name}, content=content,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": media_type},
        )  # fmt: skip
        answer.raise_for_status()
        return str(answer.json()["content_uri"])


@contextmanager
def homeserver(interpreter: Path, folder: Path) -> Iterator[str]:
    """Run one with nobody on it. Gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config.yaml").write_text(CONFIG.format(folder=folder, port=port))
    command = [str(interpreter), "-m", "synapse.app.homeserver", "-c", str(folder / "config.yaml")]
    (folder / "key").write_text(f"ed25519 a_test {base64.b64encode(bytes(range(32))).decode().rstrip('=')}\n")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server, folder / "log")
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{url}/_matrix/client/versions").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"Synapse did not start:\n{log.read_text()[-2000:]}")


def register(url: str, name: str) -> Person:
    """A new person on it."""
    told = {"username": name, "password": "a password of some length", "auth": {"type": "m.login.dummy"}}
    answer = httpx.post(f"{url}/_matrix/client/v3/register", json=told)
    answer.raise_for_status()
    return Person(url, str(answer.json()["user_id"]), str(answer.json()["access_token"]))


if __name__ == "__main__":
    print(python(600))
