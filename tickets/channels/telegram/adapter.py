"""A Telegram bot, over the Bot API (https://core.telegram.org/bots/api, read in version 9).

With a public https address of ours Telegram calls us (setWebhook, with a secret in a header); without one we ask
(getUpdates). Telegram tells of edits, never of deletions, and knows no key that would make a send repeatable.
"""

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.channels import calling
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    Edited,
    Fetched,
    File,
    Forged,
    Happened,
    Later,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Request,
    Said,
    TokenDead,
    Unreadable,
)

API = "https://api.telegram.org"
#: getFile gives nothing larger
MOST_FILE = 20 * 1024 * 1024
#: kinds of updates we ask for
WANTED = ["message", "edited_message"]
_FILES = ("document", "video", "audio", "voice", "video_note", "animation", "sticker")


class TelegramForm(ConnectionForm):
    """What BotFather gives."""

    secret = ("token",)

    token = forms.RegexField(
        r"^\d+:[\w-]{20,}$", label=gettext_lazy("Token of the bot"), max_length=100, strip=True,
        help_text=gettext_lazy("Write /newbot to @BotFather in Telegram; it answers with the token."),
        error_messages={"invalid": gettext_lazy("That is no token: it is a number, a colon and some 35 letters.")},
    )  # fmt: skip
    server = forms.URLField(
        label=gettext_lazy("Bot API server"), assume_scheme="https", initial=API, required=False,
        help_text=gettext_lazy("Leave it as it is, unless you run a Bot API server of your own."),
    )  # fmt: skip


class Telegram(Channel):
    """Messages, pictures and files of people who write to a bot, privately or in a group."""

    kind = "telegram"
    name = "Telegram"
    icon = "send"
    about = gettext_lazy("People write to your bot; you answer from the queue.")
    docs = "channels.md"
    is_polled = True
    has_webhook = True
    can = Capabilities(
        most_text=4096, counts="utf16", files=("",), most_files=10, files_a_message=10, most_caption=1024,
        most_file=50 * 1024 * 1024, tells_edits=True,
    )  # fmt: skip

    def form(self) -> type[ConnectionForm]:
        return TelegramForm

    def connected(self, account: Account) -> str:
        me = self._ask(account, "getMe")
        if account.webhook_url.startswith("https://"):
            self._ask(
                account, "setWebhook", url=account.webhook_url, secret_token=_secret(account), allowed_updates=WANTED
            )
        else:
            self._ask(account, "deleteWebhook")
        return f"@{me['username']}"

    def probe(self, account: Account) -> None:
        self._ask(account, "getMe")

    # --- in

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), _secret(account).encode()):
            raise Forged(_("The secret in its header is not the one we told Telegram."))
        return [Raw(request.body, _key(request.body))]

    def poll(self, account: Account) -> Iterator[Fetched]:
        if account.webhook_url.startswith("https://"):
            return
        offset = int(account.cursor.get("offset", 0))
        while True:
            updates = self._ask(account, "getUpdates", offset=offset, timeout=0, limit=100, allowed_updates=WANTED)
            if not updates:
                return
            offset = max(update["update_id"] for update in updates) + 1
            yield Fetched([Raw(json.dumps(one).encode(), str(one["update_id"])) for one in updates], {"offset": offset})

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        try:
            update = json.loads(content)
            if message := update.get("message"):
                return [_said(message)] if _is_speech(message) else []
            if message := update.get("edited_message"):
                return [Edited(_said(message))]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"It is no update of the Bot API: {error!r}") from None
        return []

    def fetch(self, account: Account, file: File) -> File:
        found = self._ask(account, "getFile", file_id=file.reference)
        if int(found.get("file_size") or 0) > MOST_FILE:
            raise Refused(_("The file is larger than Telegram gives to bots."))
        url = f"{_server(account)}/file/bot{account.secrets['token']}/{found['file_path']}"
        answer = calling.call("GET", url, network="Telegram")
        name = file.filename or str(found["file_path"]).rpartition("/")[2]
        return File(name, file.content_type, answer.content[: MOST_FILE + 1], file.reference)

    # --- out

    def deliver(self, account: Account, post: Post) -> Receipt:
        to: dict[str, Any] = {"chat_id": post.thread}
        if post.answers:
            to["reply_parameters"] = {
                "message_id": int(post.answers.rpartition("/")[2]), "allow_sending_without_reply": True,
            }  # fmt: skip
        if not post.files:
            sent = self._ask(account, "sendMessage", is_sending=True, text=post.text, **to)
            return Receipt(_identifier(sent))
        return self._send_files(account, post, to)

    def _send_files(self, account: Account, post: Post, to: dict[str, Any]) -> Receipt:
        """Files under the words, in one album."""
        attached = {f"file{n}": (one.filename, one.content, one.content_type) for n, one in enumerate(post.files)}
        form = {name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in to.items()}
        if len(post.files) == 1:
            form |= {"document": "attach://file0", **({"caption": post.text} if post.text else {})}
            return Receipt(_identifier(self._ask(account, "sendDocument", is_sending=True, data=form, files=attached)))
        media: list[dict[str, str]] = [{"type": "document", "media": f"attach://{name}"} for name in attached]
        if post.text:
            media[-1]["caption"] = post.text
        form["media"] = json.dumps(media)
        sent = self._ask(account, "sendMediaGroup", is_sending=True, data=form, files=attached)
        return Receipt(_identifier(sent[-1]))

    def _ask(self, account: Account, method: str, *, is_sending: bool = False, data: Any = None, files: Any = None,
             **given: Any) -> Any:  # fmt: skip
        url = f"{_server(account)}/bot{account.secrets.get('token', '')}/{method}"
        body: dict[str, Any] = {"data": data, "files": files} if files else {"json": given}
        try:
            answer = calling.call("POST", url, network="Telegram", is_sending=is_sending, look=_look, **body)
        except Refused as refused:
            raise _in_telegrams_words(refused) from None
        try:
            return answer.json()["result"]
        except (ValueError, KeyError, TypeError):
            raise Later(_("Telegram's answer makes no sense.")) from None


def _look(answer: httpx.Response) -> None:
    """A limit says in the body how long it lasts (ResponseParameters)."""
    try:
        after = answer.json()["parameters"]["retry_after"]
    except (ValueError, LookupError, TypeError):
        return
    if answer.status_code == 429 and isinstance(after, int):
        rest = min(timedelta(seconds=max(after, 1)), calling.MOST_REST)
        raise Later(_("Telegram wants to be left alone for a while."), after=rest, rests=True)


def _in_telegrams_words(refused: Refused) -> Exception:
    """404 is Telegram's word for a token it does not know."""
    if " 404" in str(refused):
        return TokenDead(_("Telegram does not know this bot: its token was revoked, or is wrong."))
    return refused


def _server(account: Account) -> str:
    return str(account.config.get("server") or API).rstrip("/")


def _secret(account: Account) -> str:
    """What Telegram says in its header: nothing we must keep, and nothing that says what the token is."""
    token = account.secrets.get("token", "")
    return hmac.new(token.encode(), b"webhook " + account.webhook_url.encode(), sha256).hexdigest()


def _key(content: bytes) -> str:
    try:
        return str(int(json.loads(content)["update_id"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return sha256(content).hexdigest()


def _identifier(message: Mapping[str, Any]) -> str:
    """Message numbers count within a chat."""
    return f"{message['chat']['id']}/{message['message_id']}"


def _is_speech(message: Mapping[str, Any]) -> bool:
    """Not that somebody joined, or pinned something; and a first /start alone says nothing."""
    if str(message.get("text", "")).strip() == "/start":
        return False
    return any(name in message for name in ("text", "caption", "photo", "location", "contact", *_FILES))


def _said(message: Mapping[str, Any]) -> Said:
    sender = message.get("from") or message["chat"]
    name = " ".join(part for part in (sender.get("first_name"), sender.get("last_name")) if part)
    handle = f"@{sender['username']}" if sender.get("username") else ""
    phone = (message.get("contact") or {}).get("phone_number", "")
    reply = message.get("reply_to_message")
    return Said(
        identifier=_identifier(message),
        thread=str(message["chat"]["id"]),
        sender=Person(str(sender["id"]), name or str(message["chat"].get("title", "")), handle,
                      claimed={"phone": phone} if phone else {}),
        text=_text(message),
        at=datetime.fromtimestamp(int(message["date"]), UTC),
        files=tuple(_files(message)),
        answers=_identifier(reply) if reply else "",
        language=str(sender.get("language_code", "")),
        is_automated=bool(sender.get("is_bot")),
    )  # fmt: skip


def _text(message: Mapping[str, Any]) -> str:
    text = str(message.get("text") or message.get("caption") or "")
    if place := message.get("location"):
        text = f"{text}\nhttps://www.openstreetmap.org/?mlat={place['latitude']}&mlon={place['longitude']}".strip()
    if card := message.get("contact"):
        text = f"{text}\n{card.get('first_name', '')} {card.get('phone_number', '')}".strip()
    return text


def _files(message: Mapping[str, Any]) -> Iterator[File]:
    if sizes := message.get("photo"):
        largest = max(sizes, key=lambda one: one.get("file_size") or one.get("width", 0))
        yield File(f"photo-{message['message_id']}.jpg", "image/jpeg", None, largest["file_id"])
    for name in _FILES:
        if (one := message.get(name)) and not (name == "document" and "animation" in message):
            yield File(one.get("file_name", ""), one.get("mime_type", ""), None, one["file_id"])
