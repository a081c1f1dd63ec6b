"""The web form as a channel: what its page keeps (`submission`) is read here. Answers go by mail."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from tickets.channels import signed
from tickets.channels.form.forms import WebFormForm
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import Account, Capabilities, Channel, File, Happened, Person, Said, Unreadable

MOST_TEXT = 20_000


class WebForm(Channel):
    """A page on which anybody may write."""

    kind = "form"
    name = gettext_lazy("Web form")
    icon = "globe"
    about = gettext_lazy("A page to link to, or a form inside your own pages. Answers go by mail.")
    docs = "channels.md"
    connection_template = "tickets/settings/web_form.html"
    can = Capabilities(carries_links=False, answers_by_mail=True)

    def form(self) -> type[ConnectionForm]:
        return WebFormForm

    def connected(self, account: Account) -> str:
        return ""  # we are at home: there is nobody to ask, and any number of forms

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        told = signed.read(content)
        thread = signed.text(told, "thread", 64)
        email = signed.text(told, "email", 320, is_needed=False)
        # each submission is a stranger's: whoever types an address does not thereby own it (T29)
        sender = Person(
            address=thread, name=signed.text(told, "name", 200, is_needed=False), handle=email,
            claimed={"email": email} if email else {},
        )  # fmt: skip
        answers = _pairs(told.get("answers"))
        text, files = signed.text(told, "text", MOST_TEXT, is_needed=False), _files(told.get("files"))
        if not text.strip() and not files:
            raise Unreadable("It says nothing.")
        return [
            Said(
                identifier=signed.text(told, "id", 120), thread=thread, sender=sender, text=text, files=files,
                subject=signed.text(told, "subject", 300, is_needed=False),
                language=signed.text(told, "language", 10, is_needed=False),
                facts={"answers": answers} if answers else {},
            )
        ]  # fmt: skip


def written(told: Mapping[str, Any]) -> bytes:
    """The raw body of a submission: the same words are the same bytes."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()


def _pairs(given: Any) -> list[list[str]]:
    """Questions with their answers. Raises Unreadable."""
    pairs = given if given is not None else []
    if not isinstance(pairs, list):
        raise Unreadable("“answers” is no list.")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
            raise Unreadable("An answer is no question with its answer.")
    return [[question[:1000], answer[:2000]] for question, answer in pairs]


def _files(given: Any) -> tuple[File, ...]:
    files = given if given is not None else []
    if not isinstance(files, list) or not all(isinstance(one, Mapping) for one in files):
        raise Unreadable("“files” is no list of files.")
    return tuple(
        File(
            signed.text(one, "name", 255, is_needed=False), signed.text(one, "type", 100, is_needed=False), _bytes(one)
        )
        for one in files
    )


def _bytes(one: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(one.get("content", "")), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("A file is no base64.") from None
