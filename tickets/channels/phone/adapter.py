"""Calls in our own signed JSON, for any telephone system. The format is ours: it stands in docs/channels.md."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import fetching
from tickets.channels import signed
from tickets.channels.forms import ConnectionForm
from tickets.channels.phone.numbers import clean_number
from tickets.channels.protocol import (
    Account,
    Called,
    Capabilities,
    Channel,
    Edited,
    File,
    Happened,
    Person,
    Raw,
    Request,
    Said,
    Unreadable,
)

MOST_RECORDING = 25 * 1024 * 1024
#: states in which a call is under way: nothing is to be written down yet
UNDER_WAY = ("started", "ringing", "answered")
OVER = ("ended", "missed", "voicemail")
_EXTENSION = re.compile(r"^\s*([\w+*#-]{1,40})\s*=\s*(\S+@\S+)\s*$")


class PhoneForm(ConnectionForm):
    """Our number, who has which extension, and the secret the telephone system signs with."""

    secret = ("signing_secret",)

    number = forms.CharField(
        label=gettext_lazy("Your number"), max_length=40,
        help_text=gettext_lazy("With the country's code: +49 30 123456."),
    )  # fmt: skip
    extensions = forms.CharField(
        label=gettext_lazy("Extensions"), required=False, widget=forms.Textarea(attrs={"rows": 4}), max_length=20_000,
        help_text=gettext_lazy("One on each line: 101 = ana@example.com. Calls are counted for who took them."),
    )  # fmt: skip
    signing_secret = forms.CharField(
        label=gettext_lazy("Signing secret"), min_length=16, max_length=200,
        help_text=gettext_lazy("At least 16 characters. Your telephone system signs with it."),
    )  # fmt: skip

    def clean_number(self) -> str:
        number = clean_number(self.cleaned_data["number"])
        if not number:
            raise ValidationError(_("Write the number with its country's code, beginning with +."))
        return number

    def clean_extensions(self) -> str:
        for number, line in enumerate(self.cleaned_data["extensions"].splitlines(), 1):
            if not line.strip():
                continue
            found = _EXTENSION.match(line)
            if found is None:
                raise ValidationError(_("Line %(line)d is no “extension = address”.") % {"line": number})
            validate_email(found[2])
        return str(self.cleaned_data["extensions"])


class Phone(Channel):
    """Calls."""

    kind = "phone"
    name = gettext_lazy("Phone")
    icon = "phone"
    about = gettext_lazy(
        "A log of calls: your telephone system tells of them by a signed webhook, or you write them down."
    )
    docs = "channels.md"
    has_webhook = True
    read_only_words = gettext_lazy("Nothing can be written to a telephone number here. Call back, then log the call.")
    can = Capabilities(most_text=None, tells_edits=True, carries_links=False, is_read_only=True)

    def form(self) -> type[ConnectionForm]:
        return PhoneForm

    def connected(self, account: Account) -> str:
        return str(account.config["number"])

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        return signed.verify(account, request, named=("id", "state"))

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        event = signed.read(content)
        if event.get("type") not in ("call", "edited"):
            raise Unreadable(f"Its type is {event.get('type')!r}; call and edited are known.")
        state = event.get("state")
        if state in UNDER_WAY:
            return []
        if state not in OVER:
            raise Unreadable(f"The state of the call is {state!r}; {', '.join((*UNDER_WAY, *OVER))} are known.")
        is_edit = event["type"] == "edited"
        is_ours = _direction(event) == "out"
        answered = signed.at(event.get("answered_at")) if state == "ended" else None
        said = _said(account, event, state="answered" if answered else "missed" if state == "ended" else str(state))
        if is_ours or answered:
            return [Called(said, by=_by(account, event), answered_at=answered, is_edit=is_edit)]
        return [Edited(said) if is_edit else said]

    def fetch(self, account: Account, file: File) -> File:
        got = fetching.fetch(file.reference, most=MOST_RECORDING)
        return File(file.filename, file.content_type or got.content_type, got.content, file.reference)


def _direction(event: Mapping[str, Any]) -> str:
    direction = event.get("direction")
    if direction not in ("in", "out"):
        raise Unreadable("“direction” is neither in nor out.")
    return str(direction)


def _said(account: Account, event: Mapping[str, Any], *, state: str) -> Said:
    is_ours = _direction(event) == "out"
    theirs = signed.text(event, "to" if is_ours else "from", 60)
    number = clean_number(theirs)
    if not number and theirs.strip().lower() not in ("anonymous", "unknown", "private"):
        raise Unreadable(f"{theirs!r} is no number with its country's code.")
    call = signed.text(event, "id", 255)
    begun, over = signed.at(event.get("started_at")), signed.at(event.get("ended_at"))
    seconds = _seconds(signed.at(event.get("answered_at")) or begun, over) if state != "missed" else 0
    told = signed.text(event, "transcript", 100_000, is_needed=False).strip()
    note = signed.text(event, "note", 20_000, is_needed=False).strip()
    recording = signed.text(event, "recording", 2000, is_needed=False).strip()
    if recording and not recording.startswith(("https://", "http://")):
        raise Unreadable("“recording” is no web address.")
    # who hides their number is nobody we know: each such call is a talk of its own
    address = number or f"hidden {call}"
    facts: dict[str, Any] = {"direction": "out" if is_ours else "in", "outcome": state, "seconds": seconds}
    return Said(
        identifier=call, thread=signed.text(event, "conversation", 255, is_needed=False) or address,
        sender=Person(
            address=address, name=signed.text(event, "name", 200, is_needed=False),
            handle=number or _("hidden number"), claimed={"phone": number} if number else {},
        ),
        text="\n\n".join(one for one in (note, told) if one) or words(facts), is_ours=is_ours,
        at=signed.at(event.get("answered_at")) or begun or over,
        files=(File(f"call-{_safe(call)}.{_ending(recording)}", "", None, recording),) if recording else (),
        subject="", facts={"call": {**facts, "number": number}},
    )  # fmt: skip


def words(call: Mapping[str, Any]) -> str:
    """What happened, for a call of which nobody wrote what was said."""
    match (call.get("direction"), call.get("outcome")):
        case ("in", "answered"):
            return _("The customer called.")
        case ("out", "answered"):
            return _("We called the customer.")
        case ("in", "voicemail"):
            return _("The customer left a message on the answering machine.")
        case ("out", "voicemail"):
            return _("We left a message on the customer's answering machine.")
        case ("out", _missed):
            return _("We called the customer; nobody answered.")
    return _("Missed call")


def _safe(call: str) -> str:
    return re.sub(r"[^\w-]", "", call)[:60] or "1"


def _ending(url: str) -> str:
    found = re.search(r"\.(mp3|wav|ogg|m4a|webm|opus)(?:$|\?)", url, re.IGNORECASE)
    return found[1].lower() if found else "audio"


def _seconds(begun: datetime | None, over: datetime | None) -> int:
    return max(int((over - begun).total_seconds()), 0) if begun and over else 0


def _by(account: Account, event: Mapping[str, Any]) -> str:
    """Whose call it was, by their e-mail address: as it says, or whose extension it is."""
    agent = signed.text(event, "agent", 320, is_needed=False).strip()
    if "@" in agent or not agent:
        return agent.lower()
    for line in str(account.config.get("extensions", "")).splitlines():
        found = _EXTENSION.match(line)
        if found is not None and found[1] == agent:
            return found[2].lower()
    return ""
