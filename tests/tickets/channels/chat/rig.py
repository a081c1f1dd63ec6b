"""Plays visitors of a site: their browsers speak to the widget's endpoints, as the widget does."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken
from tickets.channels.chat import tokens

SITE = "https://shop.example"
SECRET = "the secret the site's server signs with"


class Browser:
    """A browser on a page of the site."""

    def __init__(self, key: str, *, origin: str = SITE, token: str | None = None, **more: Any) -> None:
        self.key, self.origin, self.client, self.more = key, origin, Client(), more
        self.token = token if token is not None else tokens.mint(key)

    def ask(self, what: str, *, file: tuple[str, bytes, str] | None = None, **said: Any) -> Any:
        body = json.dumps({"token": self.token, **said})
        headers = {"HTTP_ORIGIN": self.origin, **self.more}
        url = f"/chat/{self.key}/{what}"
        if file is not None:
            return self.client.post(url, {"body": body, "file": SimpleUploadedFile(*file)}, **headers)
        return self.client.post(url, body, content_type="text/plain;charset=UTF-8", **headers)

    def boot(self, **said: Any) -> dict[str, Any]:
        answer = self.ask("boot", **said)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        self.token = found["token"]
        return found

    def say(self, text: str, number: int = 1, **said: Any) -> Any:
        return self.ask("send", id=f"message-{number}", text=text, **said)

    def read(self, after: int = 0) -> list[dict[str, Any]]:
        answer = self.ask("messages", after=after)
        return answer.json()["messages"] if answer.status_code == 200 else []


class ChatRig(Rig):
    kind = "chat"

    def __init__(self) -> None:
        super().__init__()
        self.browsers: dict[str, Browser] = {}

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        config = {"allowed_origins": [SITE], "asks_name": "optional", "asks_email": "optional"}
        return "", config, {"identity_secret": SECRET}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        raise AssertionError("nobody stands between us and the visitor")

    def browser(self, thread: str) -> Browser:
        if thread not in self.browsers:
            self.browsers[thread] = Browser(self.account.key)
        return self.browsers[thread]

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        sent = self.browser(thread).ask(
            "send", id=f"message-{number}", text=text, name="Dora Lind",
            file=("a.png", file, "image/png") if file is not None else None,
        )  # fmt: skip
        assert sent.status_code == 200, sent.content

    @property
    def taken(self) -> list[Taken]:  # type: ignore[override]
        """What the browsers got to read."""
        return [
            Taken(one["text"], thread, str(one["seq"]), tuple(
                (file["name"], browser.client.get(file["url"].removeprefix("http://localhost:8000")).getvalue())
                for file in one["files"]
            ))
            for thread, browser in self.browsers.items()
            for one in browser.read()
            if one["ours"]
        ]  # fmt: skip

    @taken.setter
    def taken(self, _none: list[Taken]) -> None:
        """It is read, not kept."""


RIG = ChatRig
