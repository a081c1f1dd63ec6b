"""Text messages over Twilio's Programmable Messaging, or a provider that speaks the same way.

Read in API version 2010-04-01: https://www.twilio.com/docs/messaging/guides/webhook-request (what comes),
https://www.twilio.com/docs/usage/security (X-Twilio-Signature), https://www.twilio.com/docs/messaging/api/message-resource
(what is sent, what is reported), https://www.twilio.com/docs/api/errors (codes). A signature bears no time: what is
replayed is known by its MessageSid. The API knows no key that would make a send repeatable.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk import fetching
from tickets.channels import calling
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    File,
    Forged,
    Happened,
    Later,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Reported,
    Request,
    Said,
    TokenDead,
    Unknowable,
    Unreadable,
)
from tickets.channels.sms.segments import segments

API = "https://api.twilio.com"
MOST_FILE = 10 * 1024 * 1024
_SID = re.compile(r"[A-Z]{2}[0-9a-zA-Z]{8,60}")
_ADDRESS = re.compile(r"\+?[0-9A-Za-z:.+ _-]{1,60}")
#: whole messages that mean "never again" and "again" to every provider
STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"}
START = {"start", "unstop"}
_BECAME = {"delivered": "delivered", "read": "read", "failed": "failed", "undelivered": "failed"}


class SmsForm(ConnectionForm):
    """What the provider's console shows."""

    secret = ("token",)

    sid = forms.RegexField(
        r"^[A-Z]{2}[0-9a-zA-Z]{8,60}$", label=gettext_lazy("Account SID"), max_length=64, strip=True,
        help_text=gettext_lazy("On the first page of the provider's console; it begins with AC."),
        error_messages={"invalid": gettext_lazy("That is no account SID: it is two letters and some 32 more.")},
    )  # fmt: skip
    token = forms.CharField(
        label=gettext_lazy("Auth token"), min_length=16, max_length=200,
        help_text=gettext_lazy("Beside the account SID. We sign in with it, and know by it who calls us."),
    )  # fmt: skip
    number = forms.RegexField(
        r"^(\+[1-9]\d{5,14}|\d{3,8})$", label=gettext_lazy("Our number"), max_length=20, strip=True,
        help_text=gettext_lazy("As +4930123456, or a short code."),
        error_messages={"invalid": gettext_lazy("Write it with + and the country, or as a short code.")},
    )  # fmt: skip
    service = forms.RegexField(
        r"^MG[0-9a-zA-Z]{8,60}$", label=gettext_lazy("Messaging service SID"), max_length=64, required=False,
        help_text=gettext_lazy("Only if you send through one; it begins with MG."),
    )  # fmt: skip
    pictures = forms.BooleanField(
        label=gettext_lazy("This number sends pictures (MMS)"), required=False,
        help_text=gettext_lazy("In the United States, Canada and Australia; the provider fetches them from here."),
    )  # fmt: skip
    server = forms.URLField(
        label=gettext_lazy("Address of the API"), assume_scheme="https", initial=API, required=False,
        help_text=gettext_lazy("Leave it as it is, unless another provider speaks the same way."),
    )  # fmt: skip


class Sms(Channel):
    """Texts people send to a number, and our answers."""

    kind = "sms"
    name = gettext_lazy("SMS")
    icon = "smartphone"
    about = gettext_lazy("People text your number; over Twilio, or a provider that speaks the same way.")
    docs = "channels.md"
    has_webhook = True
    #: counted so that it is never fewer than the provider counts
    can = Capabilities(most_text=1600, counts="utf16", reports=True)
    #: Twilio takes 5 MB in all with one message
    _with_pictures = replace(
        can, files=("image/jpeg", "image/png", "image/gif"), most_files=10, most_file=5_000_000, files_a_message=1,
        fetches_files=True,
    )  # fmt: skip
    thanks = (b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml")

    def capabilities(self, account: Account) -> Capabilities:
        is_reachable = account.webhook_url.startswith("https://")
        return self._with_pictures if account.config.get("pictures") and is_reachable else self.can

    def form(self) -> type[ConnectionForm]:
        return SmsForm

    def connected(self, account: Account) -> str:
        number = str(account.config["number"])
        if account.config.get("service"):
            self._ask(account, "GET", ".json")
            return number
        found = self._ask(account, "GET", f"/IncomingPhoneNumbers.json?PhoneNumber={quote(number)}")
        mine = [one for one in found.get("incoming_phone_numbers") or [] if one.get("phone_number") == number]
        if number.startswith("+") and not mine:
            raise Refused(_("This account has no number %(number)s.") % {"number": number})
        if mine and account.config.get("pictures") and (mine[0].get("capabilities") or {}).get("mms") is False:
            raise Refused(_("This number cannot send pictures: the provider says so."))
        if mine and account.webhook_url.startswith("https://"):
            told = {"SmsUrl": account.webhook_url, "SmsMethod": "POST"}
            self._ask(account, "POST", f"/IncomingPhoneNumbers/{quote(str(mine[0]['sid']))}.json", data=told)
        return number

    def probe(self, account: Account) -> None:
        self._ask(account, "GET", ".json")

    # --- in

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        told = _form(request.body)
        given = request.headers.get("x-twilio-signature", "").encode("ascii", "replace")
        token = account.secrets.get("token", "")
        if not token or not any(hmac.compare_digest(sign(token, url, told), given) for url in _as_told(request.url)):
            raise Forged(_("This request is not signed with this account's token."))
        sid = dict(told).get("MessageSid", "")
        return [Raw(request.body, f"{sid} {dict(told).get('MessageStatus', '')}".strip() if sid else "")]

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        told = dict(_form(content))
        sid, status = told.get("MessageSid", ""), told.get("MessageStatus", "")
        if not _SID.fullmatch(sid):
            raise Unreadable("It names no message: MessageSid is missing.")
        if status:
            return _reported(sid, status, told.get("ErrorCode", ""))
        sender = told.get("From", "")
        if not _ADDRESS.fullmatch(sender):
            raise Unreadable("It does not say who sent it: From is missing.")
        word = told.get("Body", "").strip().lower()
        wish = told.get("OptOutType", "").upper() or ("STOP" if word in STOP else "START" if word in START else "")
        facts = {"talk": {"opted_out": wish == "STOP"}} if wish in ("STOP", "START") else {}
        return [
            Said(
                identifier=sid, thread=sender, text=told.get("Body", ""), files=_files(told), facts=facts,
                sender=Person(sender, told.get("ProfileName", "")[:200] or sender, sender, claimed={"phone": sender}),
                is_automated=wish == "STOP",
            )
        ]  # fmt: skip

    def fetch(self, account: Account, file: File) -> File:
        """Media lies behind the account's password, which goes to nobody but the provider itself."""
        headers = {}
        try:
            if fetching.is_same_server(file.reference, _server(account)):
                headers = {"Authorization": _basic(account)}
        except httpx.InvalidURL:
            raise Refused(_("This is no address.")) from None
        got = fetching.fetch(file.reference, most=MOST_FILE, seconds=30, headers=headers)
        return File(got.filename or file.filename, file.content_type or got.content_type, got.content, file.reference)

    # --- out

    def closed(self, facts: Mapping[str, Any]) -> str:
        return _("This person asked not to be texted.") if facts.get("opted_out") else ""

    def measure(self, parts: Sequence[str]) -> str:
        count = sum(segments(part) for part in parts)
        return ngettext("Counts as %(n)d SMS.", "Counts as %(n)d SMS.", count) % {"n": count}

    def deliver(self, account: Account, post: Post) -> Receipt:
        if words := self.closed(post.facts):
            raise Refused(words)
        service = account.config.get("service")
        told: dict[str, Any] = {"To": post.to, **({"MessagingServiceSid": service} if service else {})}
        if post.text or not post.files:
            told["Body"] = post.text
        if post.files:
            told["MediaUrl"] = [one.url for one in post.files]
        if not service:
            told["From"] = str(account.config["number"])
        if account.webhook_url.startswith("https://"):
            told["StatusCallback"] = account.webhook_url
        sent = self._ask(account, "POST", "/Messages.json", data=told, is_sending=True)
        return Receipt(str(sent["sid"]))

    def _ask(self, account: Account, method: str, path: str, **more: Any) -> dict[str, Any]:
        url = f"{_server(account)}/2010-04-01/Accounts/{quote(str(account.config.get('sid', '')))}{path}"
        headers = {"Authorization": _basic(account)}
        answer = calling.call(method, url, network=_("The SMS provider"), headers=headers, look=_look, **more)
        try:
            said = answer.json()
            if not isinstance(said, dict) or (more.get("is_sending") and "sid" not in said):
                raise ValueError
        except ValueError:
            words = _("The SMS provider's answer makes no sense.")
            raise (Unknowable(words) if more.get("is_sending") else Later(words)) from None
        return said


def sign(token: str, url: str, told: Sequence[tuple[str, str]]) -> bytes:
    """Twilio's signature of a form: SHA-1 over the address and each name with its value, in the names' order."""
    parts = "".join(name + value for name, value in sorted(set(told)))
    return base64.b64encode(hmac.new(token.encode(), (url + parts).encode("utf-8", "replace"), "sha1").digest())


def _as_told(url: str) -> tuple[str, ...]:
    """An address with and without its port: providers sign one or the other."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    bare = parts._replace(netloc=f"[{host}]" if ":" in host else host)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return url, bare.geturl(), bare._replace(netloc=f"{bare.netloc}:{port}").geturl()


def _form(content: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=500)
    except ValueError:
        return []


def _files(told: Mapping[str, str]) -> tuple[File, ...]:
    count = told.get("NumMedia", "0")
    names = range(min(int(count), 10) if count.isascii() and count.isdecimal() and len(count) < 4 else 0)
    return tuple(
        File("", told.get(f"MediaContentType{n}", "")[:100], None, told[f"MediaUrl{n}"])
        for n in names
        if told.get(f"MediaUrl{n}")
    )


def _reported(sid: str, status: str, code: str) -> list[Happened]:
    """queued, sending and sent say nothing new."""
    action: Any = _BECAME.get(status)
    return [Reported(sid, action, _words(code) if action == "failed" else "")] if action else []


def _words(code: str) -> str:
    known = {
        "21610": _("This person asked not to be texted."),
        "21211": _("This is no telephone number."),
        "21612": _("No text can be sent to this number from ours."),
        "21614": _("This number takes no texts."),
        "30003": _("The telephone cannot be reached."),
        "30004": _("The message was blocked."),
        "30005": _("This number is not in use."),
        "30006": _("This is a landline: it takes no texts."),
        "30007": _("The carrier took it for spam."),
        "11200": _("The SMS provider could not fetch the picture."),
        "12300": _("The SMS provider could not fetch the picture."),
        "21620": _("The SMS provider could not fetch the picture."),
        "21623": _("The SMS provider takes no picture of this size."),
        "63019": _("The SMS provider could not fetch the picture."),
        "30034": _("The carrier does not know this sender: the number has to be registered."),
    }
    return known.get(code, _("The SMS provider gives the code %(code)s.") % {"code": code[:20]} if code else "")


def _look(answer: httpx.Response) -> None:
    """Codes that say more than the status does."""
    try:
        code = str(answer.json().get("code", ""))
    except (ValueError, AttributeError):
        return
    if code in ("20003", "20005"):
        raise TokenDead(_("The SMS provider no longer accepts the account's token."))
    if code == "21610" or (answer.status_code == 400 and code.startswith(("216", "212", "300"))):
        raise Refused(_words(code))


def _server(account: Account) -> str:
    return str(account.config.get("server") or API).rstrip("/")


def _basic(account: Account) -> str:
    pair = f"{account.config.get('sid', '')}:{account.secrets.get('token', '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
