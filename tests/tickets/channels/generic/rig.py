"""Plays a source that speaks our own signed JSON."""

import base64
import json
import time
from typing import Any

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken
from tickets.channels import signing

SECRET = "a secret of some length"


class GenericRig(Rig):
    kind = "generic"

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        config = {"name_there": "market", "answers_to": f"{self.net.url}/answers"}
        return "market", config, {"signing_secret": SECRET}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        moods: dict[str, tuple[int, Any, dict[str, str]]] = {
            "dead": (401, {"error": "unknown signature"}, {}),
            "limited": (429, {"error": "slowly"}, {"Retry-After": "20"}),
            "away": (503, {}, {}),
            "refuses": (422, {"error": "no such conversation"}, {}),
        }
        if self.mood in moods:
            return moods[self.mood]
        if asked.method == "HEAD":
            return 200, {}, {}
        body = asked.json
        if body["id"] not in [one.key for one in self.taken]:
            files = tuple((one["name"], base64.b64decode(one["content"])) for one in body["files"])
            self.taken.append(Taken(body["text"], body["conversation"], body["id"], files))
        return None if self.mood == "silent" else (200, {"id": f"there {body['id']}"}, {})

    def tell(self, event: dict[str, Any], secret: str = SECRET, ago: int = 0) -> int:
        body, timestamp = json.dumps(event).encode(), str(int(time.time()) - ago)
        headers = {"X-Helpdesk-Timestamp": timestamp, "X-Helpdesk-Signature": signing.sign(secret, timestamp, body)}
        return self.post(body, headers)

    def _message(self, number: int, text: str, thread: str) -> dict[str, Any]:
        return {
            "type": "message", "id": f"m{number}", "conversation": thread, "text": text,
            "from": {"id": f"person of {thread}", "name": "Dora Lind"},
        }  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        event = self._message(number, text, thread)
        if file is not None:
            event["files"] = [{"name": "a.png", "type": "image/png", "content": base64.b64encode(file).decode()}]
        assert self.tell(event) == 200

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        assert self.tell({**self._message(number, text, thread), "type": "edited", "version": text}) == 200

    def take_back(self, number: int, *, thread: str = "t1") -> None:
        assert self.tell({"type": "deleted", "id": f"m{number}", "conversation": thread}) == 200

    def forge(self) -> int:
        return self.tell(self._message(1, "Forged", "t1"), secret="a guess of some length")


RIG = GenericRig
