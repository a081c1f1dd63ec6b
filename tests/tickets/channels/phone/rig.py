"""Plays a telephone system that speaks our own signed JSON: what is said here is said to the answering machine."""

import json
import time
from typing import Any

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig
from tickets.channels import signing

SECRET = "a secret of some length"
NUMBERS = {"t1": "+4930123456", "t2": "+4930123457"}


class PhoneRig(Rig):
    kind = "phone"

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        config = {"number": "+49301000", "extensions": "101 = ana@example.com"}
        return "+49301000", config, {"signing_secret": SECRET}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        return 404, {}, {}

    def tell(self, event: dict[str, Any], secret: str = SECRET, ago: int = 0) -> int:
        body, timestamp = json.dumps(event).encode(), str(int(time.time()) - ago)
        headers = {"X-Helpdesk-Timestamp": timestamp, "X-Helpdesk-Signature": signing.sign(secret, timestamp, body)}
        return self.post(body, headers)

    def _call(self, number: int, text: str, thread: str) -> dict[str, Any]:
        return {
            "type": "call", "id": f"c{number}", "direction": "in", "state": "voicemail", "from": NUMBERS[thread],
            "to": "+49301000", "name": "Dora Lind", "transcript": text,
        }  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        assert self.tell(self._call(number, text, thread)) == 200

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        assert self.tell({**self._call(number, text, thread), "type": "edited", "version": text}) == 200

    def forge(self) -> int:
        return self.tell(self._call(1, "Forged", "t1"), secret="a guess of some length")


RIG = PhoneRig
