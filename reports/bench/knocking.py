"""One process that calls webhooks of the benchmark through the WSGI handler: `python -m reports.bench.knocking`.

It is told an inbox's key and secret, warms up, and when told to go calls for so many seconds: signed events, and among
twenty one that is forged, one that is stale, and one that was sent before. It says what was answered.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from typing import Any

import django

#: calls before the time is taken
WARMING = 20


def main() -> None:
    """Speak over standard input and output: "warm", then, told to go, what was done."""
    django.setup()
    told = json.loads(sys.stdin.readline())
    caller = _Caller(told["key"], told["secret"], told["name"])
    for _warm in range(WARMING):
        caller.call("kept")
    caller.counts = dict.fromkeys(caller.counts, 0)
    _say({"warm": True})
    if not sys.stdin.readline():
        return
    began, worked = time.monotonic(), time.process_time()
    while time.monotonic() < began + told["seconds"]:
        for turn in range(20):
            caller.call({5: "forged", 10: "stale", 15: "replayed"}.get(turn, "kept"))
    _say({**caller.counts, "began": began, "ended": time.monotonic(), "cpu": time.process_time() - worked})


class _Caller:
    """Somebody with an inbox's secret, who also tries without."""

    def __init__(self, key: str, secret: str, name: str) -> None:
        from helpdesk.wsgi import application

        self._application, self._path = application, f"/channels/generic/{key}/"
        self._secret, self._name, self._number = secret, name, 0
        self._last: tuple[bytes, dict[str, str]] = (b"", {})
        self.counts = dict.fromkeys(("kept", "forged", "stale", "replayed"), 0)

    def call(self, kind: str) -> None:
        """One call of this kind. Raises RuntimeError where it is not answered as it should be."""
        body, headers = self._last if kind == "replayed" else self._signed(kind)
        if kind == "kept":
            self._last = (body, headers)
        status = self._post(body, headers)
        if status != ("401 Unauthorized" if kind in ("forged", "stale") else "200 OK"):
            raise RuntimeError(f"What is {kind} was answered with {status}.")
        self.counts[kind] += 1

    def _signed(self, kind: str) -> tuple[bytes, dict[str, str]]:
        from tickets.channels import signing

        self._number += 1
        body = json.dumps({
            "type": "message", "id": f"{self._name} {self._number}", "conversation": f"order {self._number % 500}",
            "text": "Where is my parcel? The shop said Tuesday, the carrier knows nothing of it. " * 3,
            "from": {"id": f"u {self._number % 500}", "name": f"Customer {self._number % 500}"},
        }).encode()  # fmt: skip
        timestamp = str(int(time.time()) - (600 if kind == "stale" else 0))
        secret = "another secret, guessed" if kind == "forged" else self._secret
        return body, {
            "HTTP_X_HELPDESK_TIMESTAMP": timestamp, "HTTP_X_HELPDESK_SIGNATURE": signing.sign(secret, timestamp, body),
        }  # fmt: skip

    def _post(self, body: bytes, headers: dict[str, str]) -> str:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": self._path, "QUERY_STRING": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(body), "wsgi.errors": BytesIO(),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False, **headers,
        }  # fmt: skip
        said: list[str] = []

        def start(status: str, _headers: object, _error: object = None) -> Callable[[bytes], None]:
            said.append(status)
            return lambda _bytes: None

        response: Any = self._application(environ, start)
        with closing(response):
            b"".join(response)
        return said[0]


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
