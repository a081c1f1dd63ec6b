"""Plays a source of reviews that speaks our own signed JSON."""

import json
import time
from typing import Any

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig
from tickets.channels import signing

SECRET = "a secret of some length"


class ReviewsRig(Rig):
    kind = "reviews"

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return "shop", {"name_there": "shop"}, {"signing_secret": SECRET}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        return 404, {}, {}

    def tell(self, event: dict[str, Any], secret: str = SECRET, ago: int = 0) -> int:
        body, timestamp = json.dumps(event).encode(), str(int(time.time()) - ago)
        headers = {"X-Helpdesk-Timestamp": timestamp, "X-Helpdesk-Signature": signing.sign(secret, timestamp, body)}
        return self.post(body, headers)

    def _review(self, number: int, text: str, thread: str) -> dict[str, Any]:
        return {
            "type": "review", "source": "shop", "id": f"r{number}", "review": thread, "stars": 2, "text": text,
            "author": "Dora Lind", "link": f"https://reviews.example/{number}",
        }  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        assert self.tell(self._review(number, text, thread)) == 200

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        assert self.tell({**self._review(number, text, thread), "type": "edited", "version": text}) == 200

    def take_back(self, number: int, *, thread: str = "t1") -> None:
        assert self.tell({"type": "deleted", "source": "shop", "id": f"r{number}", "review": thread}) == 200

    def forge(self) -> int:
        return self.tell(self._review(1, "Forged", "t1"), secret="a guess of some length")


RIG = ReviewsRig
