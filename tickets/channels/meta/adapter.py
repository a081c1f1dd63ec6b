"""WhatsApp Cloud API, Messenger and Instagram messaging: one adapter for Meta's Graph API, read for v26.0.

Webhooks: https://developers.facebook.com/docs/graph-api/webhooks/getting-started (handshake, X-Hub-Signature-256).
Sending: https://developers.facebook.com/documentation/business-messaging/whatsapp/reference (messages, media, message
templates), /docs/messenger-platform/reference/send-api, /docs/instagram-platform/instagram-api-with-instagram-login/
messaging-api. No key makes a send repeatable. Free words are taken for 24 hours after the customer last wrote; after
that WhatsApp takes templates.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import fetching
from tickets.channels import calling
from tickets.channels.forms import ConnectionForm
from tickets.channels.meta import reading, splitting, templating, trouble
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    File,
    Forged,
    Happened,
    Later,
    OutgoingFile,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Request,
    Template,
    Unknowable,
    Unreadable,
)

API = "https://graph.facebook.com/v26.0"
INSTAGRAM_API = "https://graph.instagram.com/v26.0"
MB = 1024 * 1024
MOST_FILE = 20 * MB
WINDOW = timedelta(hours=24)
#: what WhatsApp shows as such, up to that size; all else goes as a document
_SHOWN = {
    "image/jpeg": ("image", 5 * MB), "image/png": ("image", 5 * MB), "video/mp4": ("video", 16 * MB),
    "video/3gpp": ("video", 16 * MB), "audio/aac": ("audio", 16 * MB), "audio/mp4": ("audio", 16 * MB),
    "audio/mpeg": ("audio", 16 * MB), "audio/amr": ("audio", 16 * MB), "audio/ogg": ("audio", 16 * MB),
}  # fmt: skip
#: the other kinds WhatsApp takes, as documents
_DOCUMENTS = (
    "application/pdf", "text/plain", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.",
)  # fmt: skip
#: what Instagram takes: pictures, recordings, videos, and PDF
_ON_INSTAGRAM = (
    "image/png", "image/jpeg", "image/gif", "audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav",
    "video/mp4", "video/ogg", "video/quicktime", "video/webm", "video/x-msvideo", "application/pdf",
)  # fmt: skip
#: what reading something of another shape than documented raises
_MISSHAPEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, OSError, RecursionError)
_WANTED = {
    "messenger": "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_edits",
    "instagram": "messages,messaging_postbacks,messaging_seen",
}


class MetaForm(ConnectionForm):
    """What Meta's app dashboard shows."""

    secret = ("token", "app_secret", "verify_token")

    product = forms.ChoiceField(
        label=gettext_lazy("Product"),
        choices=[("whatsapp", "WhatsApp"), ("messenger", "Messenger"), ("instagram", "Instagram")],
    )  # fmt: skip
    account_id = forms.RegexField(
        r"^\d{5,30}$", label=gettext_lazy("Phone number ID, page ID or Instagram ID"), strip=True,
        help_text=gettext_lazy("The number Meta gives it, not the telephone number."),
    )  # fmt: skip
    business_id = forms.RegexField(
        r"^\d{5,30}$", label=gettext_lazy("WhatsApp business account ID"), required=False, strip=True,
        help_text=gettext_lazy("For WhatsApp: with it templates can be sent after 24 hours."),
    )  # fmt: skip
    app_id = forms.RegexField(
        r"^\d{5,30}$", label=gettext_lazy("App ID"), required=False, strip=True,
        help_text=gettext_lazy("Tells our own messages from those colleagues write in Meta's inbox."),
    )  # fmt: skip
    token = forms.CharField(
        label=gettext_lazy("Access token"), min_length=16, max_length=1000,
        help_text=gettext_lazy("One that does not expire: of a system user, or of the page."),
    )  # fmt: skip
    app_secret = forms.CharField(
        label=gettext_lazy("App secret"), min_length=16, max_length=200,
        help_text=gettext_lazy("In the app's basic settings; for Instagram, the Instagram app secret."),
    )  # fmt: skip
    verify_token = forms.CharField(
        label=gettext_lazy("Verify token"), min_length=8, max_length=200,
        help_text=gettext_lazy("Words of your own: write the same into the webhook's settings at Meta."),
    )  # fmt: skip
    server = forms.URLField(
        label=gettext_lazy("Graph API"), assume_scheme="https", required=False,
        help_text=gettext_lazy("Empty takes Meta's own."),
    )  # fmt: skip


class Meta(Channel):
    """What people write to a WhatsApp number, a Facebook page or an Instagram account."""

    kind = "meta"
    name = gettext_lazy("WhatsApp, Messenger, Instagram")
    icon = "message-circle-more"
    about = gettext_lazy("People write to your WhatsApp number, your page or your Instagram account.")
    docs = "channels.md"
    has_webhook = True
    can = Capabilities(
        most_text=4096, files=(*_SHOWN, *_DOCUMENTS), most_files=10, most_file=16 * MB, files_a_message=1,
        most_caption=1024, window=WINDOW, tells_edits=True, tells_deletions=True, honours_deletions=True, reports=True,
    )  # fmt: skip
    _messenger = Capabilities(
        most_text=2000, files=("",), most_files=10, most_file=MOST_FILE, files_a_message=1, most_caption=0,
        window=WINDOW, tells_edits=True, tells_deletions=True, honours_deletions=True, reports=True,
    )  # fmt: skip
    _instagram = Capabilities(
        most_text=1000, counts="bytes", window=WINDOW, tells_edits=True, tells_deletions=True, honours_deletions=True,
        reports=True,
    )  # fmt: skip

    #: Instagram fetches files from an address of ours; 8 MB is what it takes of a picture
    _instagram_with_files = replace(
        _instagram, files=_ON_INSTAGRAM, most_files=10, most_file=8 * MB, files_a_message=1, most_caption=0,
        fetches_files=True,
    )  # fmt: skip

    def capabilities(self, account: Account) -> Capabilities:
        if _product(account) == "instagram":
            return self._instagram_with_files if account.webhook_url.startswith("https://") else self._instagram
        return self._messenger if _product(account) == "messenger" else self.can

    def form(self) -> type[ConnectionForm]:
        return MetaForm

    def connected(self, account: Account) -> str:
        me = self._me(account)
        if (subscribed := self._subscribed(account)) is not None:
            self._ask(account, "POST", subscribed, params=self._fields(account))
        if _product(account) == "whatsapp":
            return "+" + "".join(letter for letter in str(me.get("display_phone_number", "")) if letter.isdigit())
        if _product(account) == "instagram":
            return f"@{me.get('username', '')}"
        return f"{me.get('name', '')} ({_of(account)})"

    def _me(self, account: Account) -> dict[str, Any]:
        """What Meta says of our number, page or account."""
        if _product(account) == "instagram":
            me = self._ask(account, "GET", "me", params={"fields": "user_id,username"})
            if str(me.get("user_id", _of(account))) != _of(account):
                raise Refused(_("This token is of another Instagram account: %(id)s.") % {"id": me["user_id"]})
            return me
        fields = "display_phone_number,verified_name" if _product(account) == "whatsapp" else "name"
        return self._ask(account, "GET", _of(account), params={"fields": fields})

    def _subscribed(self, account: Account) -> str | None:
        """Where the app is told to hear of our account."""
        if _product(account) == "whatsapp":
            business = str(account.config.get("business_id") or "")
            return f"{business}/subscribed_apps" if business else None
        return f"{'me' if _product(account) == 'instagram' else _of(account)}/subscribed_apps"

    def _fields(self, account: Account) -> dict[str, str]:
        wanted = _WANTED.get(_product(account))
        return {"subscribed_fields": wanted} if wanted else {}

    def probe(self, account: Account) -> None:
        self._me(account)

    # --- in

    def greet(self, account: Account, request: Request) -> bytes | None:
        if request.method != "GET" or request.query.get("hub.mode") != "subscribe":
            return None
        given, known = request.query.get("hub.verify_token", ""), account.secrets.get("verify_token", "")
        if not known or not hmac.compare_digest(given.encode("utf-8", "replace"), known.encode()):
            raise Forged(_("The verify token is not the one of this inbox."))
        return request.query.get("hub.challenge", "")[:500].encode("utf-8", "replace")

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        given = request.headers.get("x-hub-signature-256", "").encode("ascii", "replace")
        secret = account.secrets.get("app_secret", "")
        if not secret or not hmac.compare_digest(sign(secret, request.body), given):
            raise Forged(_("This request is not signed with this app's secret."))
        return splitting.raws(request.body)

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        try:
            event = json.loads(content)
            if event["product"] != _product(account) or event["account"] not in ("", _of(account)):
                raise Unreadable(f"It is for another account: {event['product']} {event['account']}."[:200])
            return reading.happened(event, str(account.config.get("app_id") or ""))
        except _MISSHAPEN as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable(f"It is no event of Meta's that we know: {error!r}"[:500]) from None

    def fetch(self, account: Account, file: File) -> File:
        """WhatsApp names a file, whose address is asked for; the others give the address."""
        url, headers = file.reference, {}
        if _product(account) == "whatsapp":
            about = self._ask(account, "GET", quote(file.reference, safe=""), params={"phone_number_id": _of(account)})
            if int(about.get("file_size") or 0) > MOST_FILE:
                raise Refused(_("The file is larger than we take."))
            url, headers = str(about["url"]), {"Authorization": f"Bearer {account.secrets.get('token', '')}"}
        got = fetching.fetch(url, most=MOST_FILE, seconds=30, headers=headers)
        name = file.filename or got.filename or urlsplit(url).path.rpartition("/")[2]
        return File(name, file.content_type or got.content_type, got.content, file.reference)

    def introduce(self, account: Account, person: Person) -> Person:
        if _product(account) == "whatsapp":
            return person
        fields = "name,username" if _product(account) == "instagram" else "first_name,last_name"
        told = self._ask(account, "GET", quote(person.address, safe=""), params={"fields": fields})
        name = told.get("name") or " ".join(str(told[part]) for part in ("first_name", "last_name") if told.get(part))
        handle = f"@{told['username']}" if told.get("username") else ""
        return Person(person.address, str(name or handle), handle or str(name), person.vouched, person.claimed)

    # --- out

    def templates(self, account: Account) -> Sequence[Template]:
        business = str(account.config.get("business_id") or "")
        if _product(account) != "whatsapp" or not business:
            return ()
        fields = "name,language,status,category,parameter_format,components"
        told = self._ask(account, "GET", f"{business}/message_templates", params={"fields": fields, "limit": "200"})
        return templating.read(told.get("data"))

    def deliver(self, account: Account, post: Post) -> Receipt:
        if _product(account) == "whatsapp":
            return self._send_on_whatsapp(account, post)
        to: dict[str, Any] = {"recipient": {"id": post.to}}
        beside: dict[str, Any] = {}
        if _product(account) == "messenger":
            to["messaging_type"] = "RESPONSE"
            beside["metadata"] = f"{reading.OURS} {post.key}"[:1000]
        if not post.files:
            message = {"text": post.text, **beside}
            return self._sent(account, json={**to, "message": message})
        file = post.files[0]
        attachment: dict[str, Any] = {"type": _shown(file), "payload": {}}
        if _product(account) == "instagram":
            attachment["payload"] = {"url": file.url}
            return self._sent(account, json={**to, "message": {"attachment": attachment}})
        form = {
            "recipient": json.dumps(to["recipient"]), "messaging_type": "RESPONSE",
            "message": json.dumps({"attachment": attachment, **beside}),
        }  # fmt: skip
        return self._sent(account, data=form, files={"filedata": (file.filename, file.content, file.content_type)})

    def _sent(self, account: Account, **body: Any) -> Receipt:
        """Hand a message on, and keep what Meta calls it."""
        sent = self._ask(account, "POST", f"{_of(account)}/messages", is_sending=True, **body)
        try:
            named = sent["messages"][0]["id"] if _product(account) == "whatsapp" else sent["message_id"]
        except (KeyError, IndexError, TypeError):
            raise Unknowable(_("Meta took it and does not say what it calls it.")) from None
        return Receipt(str(named))

    def _send_on_whatsapp(self, account: Account, post: Post) -> Receipt:
        body: dict[str, Any] = {"messaging_product": "whatsapp", **_recipient(post)}
        if post.template:
            body |= {"type": "template", "template": templating.filled(post.template)}
        elif post.files:
            body |= self._with_file(account, post.files[0], post.text)
        else:
            body |= {"type": "text", "text": {"body": post.text, "preview_url": True}}
        return self._sent(account, json=body)

    def _with_file(self, account: Account, file: OutgoingFile, caption: str) -> dict[str, Any]:
        """Upload a file, which nobody sees yet, and name it."""
        kind, most = _SHOWN.get(file.content_type, ("document", MOST_FILE))
        if len(file.content) > most or (kind == "audio" and caption):
            kind = "document"
        kept = self._ask(
            account, "POST", f"{_of(account)}/media", data={"messaging_product": "whatsapp", "type": file.content_type},
            files={"file": (file.filename, file.content, file.content_type)},
        )  # fmt: skip
        media = {"id": str(kept["id"])}
        if caption:
            media["caption"] = caption
        if kind == "document":
            media["filename"] = file.filename
        return {"type": kind, kind: media}

    def _ask(
        self, account: Account, method: str, path: str, *, params: Mapping[str, str] | None = None, **more: Any
    ) -> dict[str, Any]:  # fmt: skip
        token, secret = account.secrets.get("token", ""), account.secrets.get("app_secret", "")
        proof = hmac.new(secret.encode(), token.encode(), sha256).hexdigest()
        given = {**(params or {}), **({} if _product(account) == "instagram" else {"appsecret_proof": proof})}
        answer = calling.call(
            method, f"{_server(account)}/{path}", network="Meta", headers={"Authorization": f"Bearer {token}"},
            params=given, look=trouble.look, **more,
        )  # fmt: skip
        try:
            said = answer.json()
            if not isinstance(said, dict):
                raise ValueError
        except ValueError:
            words = _("Meta's answer makes no sense.")
            raise (Unknowable(words) if more.get("is_sending") else Later(words)) from None
        return said


def _shown(file: OutgoingFile) -> str:
    """As what Messenger and Instagram show a file; a picture of another kind, or too large for one, is a file."""
    kind, _slash, of = file.content_type.partition("/")
    if kind == "image":
        return "image" if of in ("jpeg", "png", "gif") and len(file.content) <= 8 * MB else "file"
    return kind if kind in ("audio", "video") else "file"


def sign(secret: str, body: bytes) -> bytes:
    """X-Hub-Signature-256 of a body."""
    return b"sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest().encode()


def _recipient(post: Post) -> dict[str, str]:
    """A group, a telephone number, or the id of who hides theirs."""
    if group := post.facts.get("group"):
        return {"recipient_type": "group", "to": str(group)}
    phone = str(post.facts.get("phone") or (post.to if post.to.isdecimal() else ""))
    return {"recipient_type": "individual", **({"to": phone} if phone else {"recipient": post.to})}


def _product(account: Account) -> str:
    return str(account.config.get("product") or "whatsapp")


def _of(account: Account) -> str:
    return str(account.config.get("account_id") or "")


def _server(account: Account) -> str:
    usual = INSTAGRAM_API if _product(account) == "instagram" else API
    return str(account.config.get("server") or usual).rstrip("/")
