"""Plays a Mastodon server, in the shapes https://docs.joinmastodon.org documents (4.3)."""

import re
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

from helpdesk import clock
from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken

TOKEN = "a token of some length"
DOMAIN = "social.example"
ME = {"id": "1", "username": "shop", "acct": "shop", "display_name": "Shop", "bot": False}
Answer = tuple[int, Any, dict[str, str]]


def account(number: int, acct: str, name: str = "Dora Lind") -> dict[str, Any]:
    return {
        "id": str(number), "username": acct.partition("@")[0], "acct": acct, "display_name": name, "bot": False,
        "url": f"https://{acct.partition('@')[2] or DOMAIN}/@{acct.partition('@')[0]}",
    }  # fmt: skip


def status(number: int | str, text: str, sender: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A status as the server renders it, which mentions our account."""
    mention = (
        '<span class="h-card" translate="no"><a href="https://social.example/@shop" class="u-url mention">'
        "@<span>shop</span></a></span>"
    )
    return {
        "id": str(number), "created_at": clock.now().isoformat().replace("+00:00", "Z"), "in_reply_to_id": None,
        "in_reply_to_account_id": None, "sensitive": False, "spoiler_text": "", "visibility": "public",
        "language": "en", "uri": f"https://x.example/statuses/{number}", "url": f"https://x.example/@d/{number}",
        "edited_at": None, "content": f"<p>{mention} {text}</p>", "reblog": None, "account": sender,
        "media_attachments": [], "tags": [], "emojis": [], "card": None, "poll": None,
        "mentions": [{"id": "1", "username": "shop", "acct": "shop", "url": "https://social.example/@shop"}],
        **more,
    }  # fmt: skip


class MastodonRig(Rig):
    kind = "mastodon"

    def __init__(self) -> None:
        super().__init__()
        self.statuses: dict[str, dict[str, Any]] = {}
        self.notifications: list[dict[str, Any]] = []
        self.own: list[dict[str, Any]] = []
        self.roots: dict[str, str] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, tuple[str, bytes]] = {}
        self.files: dict[str, bytes] = {}
        self.gone: set[str] = set()
        self.picture = 16_000_000
        self.configuration = {"max_characters": 500, "characters_reserved_per_url": 23}
        self.media_type = "image/png"
        #: servers before 4.3 know no list of statuses
        self.is_old = False

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return f"@shop@{DOMAIN}", {"server": self.net.url}, {"token": TOKEN}

    def answer(self, asked: Asked) -> Answer | None:
        path, query = urlsplit(asked.path).path, parse_qs(urlsplit(asked.path).query)
        if path.startswith("/media/"):
            return 200, self.files[path.rpartition("/")[2]], {"Content-Type": self.media_type}
        if asked.method == "HEAD":
            return 200, {}, {}
        if self.mood == "dead" or asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "The access token is invalid"}, {}
        if asked.method == "POST":
            return self._posted(path, asked)
        if path == "/api/v1/accounts/verify_credentials":
            return 200, ME, {}
        if path == "/api/v2/instance":
            told = {"statuses": self.configuration, "media_attachments": {"image_size_limit": self.picture}}
            return 200, {"domain": DOMAIN, "configuration": told}, {}
        if path == "/api/v1/notifications":
            return 200, self._newest_first(self.notifications, query), {}
        if path == "/api/v1/accounts/1/statuses":
            return 200, self._newest_first(self.own, query), {}
        if found := re.fullmatch(r"/api/v1/statuses/(\w+)", path):
            there = self.statuses.get(found[1])
            return (200, there, {}) if there else (404, {"error": "Record not found"}, {})
        if path == "/api/v1/statuses" and not self.is_old:
            return 200, [self.statuses[one] for one in query["id[]"] if one in self.statuses], {}
        if found := re.fullmatch(r"/api/v1/statuses/(\w+)/context", path):
            root = self.roots.get(found[1])
            return 200, {"ancestors": [self.statuses[root]] if root else [], "descendants": []}, {}
        return 404, {"error": "Record not found"}, {}

    def _newest_first(self, things: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """With min_id: those directly after it. Without: the newest."""
        after = int(query.get("min_id", ["0"])[0])
        limit = int(query["limit"][0])
        found = [one for one in things if int(one["id"]) > after]
        return list(reversed(found[:limit] if after else found[-limit:]))

    def _posted(self, path: str, asked: Asked) -> Answer | None:
        moods: dict[str, Answer] = {
            "limited": (429, {"error": "Too many requests"}, {
                "X-RateLimit-Reset": (clock.now() + timedelta(seconds=20)).isoformat().replace("+00:00", "Z")
            }),
            "away": (503, {"error": "Remote data could not be fetched"}, {}),
            "refuses": (422, {"error": "Validation failed: Text character limit of 500 exceeded"}, {}),
        }  # fmt: skip
        if self.mood in moods:
            return moods[self.mood]
        if path == "/api/v2/media":
            head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
            parts: Any = message_from_bytes(head + asked.body).get_payload()
            (file,) = [one for one in parts if one.get_filename()]
            number = str(len(self.uploads) + 1)
            self.uploads[number] = (file.get_filename(), file.get_payload(decode=True))
            return 200, {"id": number, "type": "image"}, {}
        key = asked.headers["Idempotency-Key"]
        if key not in self.keys:
            files = tuple(self.uploads[one] for one in asked.json["media_ids"])
            text = asked.json["status"].removeprefix("@").partition(" ")
            self.taken.append(Taken(text[2], text[0], key, files))
            self.keys[key] = status(9000 + len(self.taken), asked.json["status"], ME, url="https://x.example/ours")
            self.own.append({**self.keys[key], "in_reply_to_id": "1", "in_reply_to_account_id": "7"})
        return None if self.mood == "silent" else (200, self.keys[key], {})

    def tell(self, told: dict[str, Any]) -> None:
        """A mention comes, and the product asks. One that was deleted meanwhile is in no list."""
        if told["id"] in self.gone:
            self.poll()
            return
        if told["id"] in self.statuses:
            type(self.account).objects.filter(pk=self.account.pk).update(cursor={})  # asked again from the beginning
        else:
            self.statuses[told["id"]] = told
            self.notifications.append(
                {
                    "id": str(500 + len(self.notifications)), "type": "mention", "created_at": told["created_at"],
                    "account": told["account"], "status": told,
                }
            )  # fmt: skip
        self.poll()

    def look(self) -> None:
        """A minute has passed."""
        self.account.refresh_from_db()
        type(self.account).objects.filter(pk=self.account.pk).update(cursor={**self.account.cursor, "looked": 0})
        self.poll()

    def _status(self, number: int, text: str, thread: str) -> dict[str, Any]:
        person = int(re.sub(r"\D", "", thread) or 1)
        root = f"{person}00"
        self.statuses.setdefault(
            root, status(root, "the post they answer", account(person, f"dora{person}@far.example"))
        )
        self.roots[f"{root}{number}"] = root
        return status(
            f"{root}{number}", text, account(person, f"dora{person}@far.example"), in_reply_to_id=root
        )  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        told = self._status(number, text, thread)
        if file is not None:
            self.files["a.png"] = file
            told["media_attachments"] = [{"id": "3", "type": "image", "url": f"{self.net.url}/media/a.png"}]
        self.tell(told)

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        told = {**self._status(number, text, thread), "edited_at": clock.now().isoformat()}
        if told["id"] in self.statuses:
            self.statuses[told["id"]] = told
            self.look()
        else:
            self.tell(told)

    def take_back(self, number: int, *, thread: str = "t1") -> None:
        gone = self._status(number, "", thread)["id"]
        self.gone.add(gone)
        self.statuses.pop(gone, None)
        self.notifications = [one for one in self.notifications if one["status"]["id"] != gone]
        self.look()


RIG = MastodonRig
