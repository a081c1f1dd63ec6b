"""Signed JSON over HTTP, both ways. The format is ours and is written down in docs/channels.md."""

import base64
import binascii
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import fetching
from tickets.channels import calling, signed, signing
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    Deleted,
    Edited,
    File,
    Happened,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Reported,
    Request,
    Said,
    Unreadable,
)
from tickets.channels.signed import at, text

MOST_FILE = 10 * 1024 * 1024


class GenericForm(ConnectionForm):
    """Where answers are posted to, and the secret both sides sign with."""

    secret = ("signing_secret",)

    name_there = forms.SlugField(
        label=gettext_lazy("Name of the source"), max_length=60,
        help_text=gettext_lazy("Such as “marketplace”. It tells this connection from others."),
    )  # fmt: skip
    answers_to = forms.URLField(
        label=gettext_lazy("Post answers to"), assume_scheme="https", required=False,
        help_text=gettext_lazy("Empty takes messages in only."),
    )  # fmt: skip
    signing_secret = forms.CharField(
        label=gettext_lazy("Signing secret"), min_length=16, max_length=200,
        help_text=gettext_lazy("At least 16 characters. Both sides sign with it."),
    )  # fmt: skip


class Generic(Channel):
    """For everything else."""

    kind = "generic"
    name = gettext_lazy("Your own channel")
    icon = "webhook"
    about = gettext_lazy("Signed JSON in and out: for a marketplace, an app, or a network there is nothing for yet.")
    docs = "channels.md"
    has_webhook = True
    can = Capabilities(
        most_text=20_000, files=("",), most_files=10, most_file=MOST_FILE, tells_edits=True, tells_deletions=True,
        honours_deletions=False, is_idempotent=True, reports=True,
    )  # fmt: skip

    def form(self) -> type[ConnectionForm]:
        return GenericForm

    def connected(self, account: Account) -> str:
        return str(account.config["name_there"])

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        return signed.verify(account, request)

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        event = signed.read(content)
        match event.get("type"):
            case "message":
                return [_said(event)]
            case "edited":
                return [Edited(_said(event))]
            case "deleted":
                return [Deleted(text(event, "id", 255), text(event, "conversation", 255))]
            case "delivered" | "read" | "failed" as action:
                return [_reported(event, action)]
            case other:
                raise Unreadable(
                    f"Its type is {other!r}; message, edited, deleted, delivered, read and failed are known."
                )

    def fetch(self, account: Account, file: File) -> File:
        got = fetching.fetch(file.reference, most=MOST_FILE)
        return File(file.filename, file.content_type or got.content_type, got.content, file.reference)

    def deliver(self, account: Account, post: Post) -> Receipt:
        url = account.config.get("answers_to")
        if not url:
            raise Refused(_("This channel takes messages in only: no address for answers is set."))
        body = json.dumps(
            {
                "type": "message", "id": post.key, "conversation": post.thread, "to": post.to, "text": post.text,
                "answers": post.answers, "public": post.is_public,
                "files": [
                    {"name": one.filename, "type": one.content_type, "content": base64.b64encode(one.content).decode()}
                    for one in post.files
                ],
            }
        ).encode()  # fmt: skip
        timestamp = str(int(time.time()))
        answer = calling.call(
            "POST", url, network=str(account.config.get("name_there")), is_sending=True, content=body,
            headers={
                "Content-Type": "application/json", "Idempotency-Key": post.key, "X-Helpdesk-Timestamp": timestamp,
                "X-Helpdesk-Signature": signing.sign(account.secrets.get("signing_secret", ""), timestamp, body),
            },
        )  # fmt: skip
        try:
            identifier = answer.json().get("id")
        except (ValueError, AttributeError):
            identifier = ""
        return Receipt(str(identifier or post.key))


def _said(event: Mapping[str, Any]) -> Said:
    sender = event.get("from")
    if not isinstance(sender, Mapping):
        raise Unreadable("“from” is missing: an object with an id.")
    person = Person(
        address=text(sender, "id", 320), name=text(sender, "name", 200, is_needed=False),
        handle=text(sender, "handle", 200, is_needed=False),
        vouched={k: str(sender[k])[:320] for k in ("email",) if isinstance(sender.get(k), str) and sender[k]},
    )  # fmt: skip
    files = event.get("files") or []
    if not isinstance(files, list):
        raise Unreadable("“files” is no list.")
    return Said(
        identifier=text(event, "id", 255), thread=text(event, "conversation", 255), sender=person,
        text=text(event, "text", 200_000, is_needed=False), at=at(event.get("at")),
        subject=text(event, "subject", 300, is_needed=False), files=tuple(_file(one) for one in files[:20]),
        answers=text(event, "answers", 255, is_needed=False), is_public=event.get("public") is True,
        is_ours=event.get("ours") is True, is_automated=event.get("automated") is True,
        url=text(event, "url", 500, is_needed=False),
    )  # fmt: skip


def _file(one: Any) -> File:
    if not isinstance(one, Mapping):
        raise Unreadable("A file is no object.")
    name, media_type = text(one, "name", 255, is_needed=False), text(one, "type", 100, is_needed=False)
    if isinstance(content := one.get("content"), str):
        try:
            return File(name, media_type, base64.b64decode(content, validate=True))
        except (binascii.Error, ValueError):
            raise Unreadable("The content of a file is not base64.") from None
    return File(name, media_type, None, text(one, "url", 2000))


def _reported(event: Mapping[str, Any], action: str) -> Reported:
    known: Literal["delivered", "read", "failed"] = action  # type: ignore[assignment]
    return Reported(text(event, "id", 255), known, text(event, "why", 500, is_needed=False))
