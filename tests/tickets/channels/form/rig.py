"""Plays people who fill in the form: their browsers, which know no script and keep no cookie."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from helpdesk import clock
from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig
from tickets.channels.form import tokens
from tickets.channels.form.tokens import YOUNGEST

SITE = "https://shop.example"
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def later(delta: timedelta) -> Any:
    return time_machine.travel(clock.now() + delta)


class Visitor:
    """A browser on the form."""

    def __init__(self, key: str, **more: Any) -> None:
        self.url, self.client, self.more = f"/form/{key}/", Client(), more

    def open(self, url: str = "", **query: str) -> str:
        """Look at the form, and give its token."""
        page = self.client.get(url or self.url, query, **self.more)
        found = _TOKEN.search(page.content.decode())
        return unescape(found[1]) if found else ""

    def send(
        self, token: str, *, after: timedelta = YOUNGEST + timedelta(seconds=8), url: str = "", **said: Any
    ) -> Any:
        """Fill it in and press the button; `said` is beside what everybody writes."""
        words = {"name": "Dora Lind", "email": "dora@customer.example", "subject": "My parcel", "text": "Where is it?"}
        with later(after):
            return self.client.post(url or self.url, {**words, "token": token, **said}, **self.more)


class FormRig(Rig):
    kind = "form"
    needs_setting = False

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return "", {"title": "Write to us", "takes_files": True, "allowed_origins": [SITE]}, {}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        raise AssertionError("nobody stands between us and who writes")

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        token = tokens.make(self.account.key, thread=thread)
        files = {"files": SimpleUploadedFile("a.png", file, "image/png")} if file is not None else {}
        sent = Visitor(self.account.key).send(token, text=text, **files)
        assert sent.status_code == 302, sent.content


RIG = FormRig
