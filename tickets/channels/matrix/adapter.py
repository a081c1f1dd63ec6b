"""A Matrix account, over the client-server API as specified in v1.11 (https://spec.matrix.org/v1.11/client-server-api/).

We ask (/sync); direct invitations are accepted. The homeserver knows a repeated send by our transaction id, tells of
edits (m.replace), of what is taken back (redactions), and of what was read. What is encrypted from end to end cannot be
read here: such a message says so on its ticket, and nothing is sent into such a room.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock, fetching
from tickets.channels import calling
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    Deleted,
    Edited,
    Fetched,
    File,
    Happened,
    Later,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Reported,
    Said,
    Unreadable,
)

CLIENT = "/_matrix/client/v3"
MOST_FILE = 20 * 1024 * 1024
#: an event may have 65,536 bytes in all; letters can take two in JSON
MOST_TEXT = 30_000
#: what is older when we ask for the first time is history
FIRST = timedelta(days=1)
PAGES = 10
#: how often the homeserver is asked what it takes
ASK_AGAIN = timedelta(days=1)
TYPES = ["m.room.message", "m.room.encrypted", "m.room.redaction"]
FILTER = {
    "room": {
        "timeline": {"types": TYPES, "limit": 50}, "state": {"types": []}, "ephemeral": {"types": ["m.receipt"]},
        "account_data": {"types": []},
    },
    "presence": {"types": []}, "account_data": {"types": []},
}  # fmt: skip
_FILES = ("m.image", "m.file", "m.audio", "m.video")
_KINDS = {"image": "m.image", "audio": "m.audio", "video": "m.video"}


class MatrixForm(ConnectionForm):
    """A homeserver and a token of the account there."""

    secret = ("token",)

    server = forms.URLField(
        label=gettext_lazy("Homeserver"), assume_scheme="https",
        help_text=gettext_lazy("The address of its client API, such as https://matrix.example.org"),
    )  # fmt: skip
    token = forms.CharField(
        label=gettext_lazy("Access token"), min_length=10, max_length=1000,
        help_text=gettext_lazy("Of an account made for this inbox; in Element: All settings → Help & About."),
    )  # fmt: skip


class Matrix(Channel):
    """Messages and files of people in rooms our account is in; direct invitations are accepted."""

    kind = "matrix"
    name = "Matrix"
    icon = "hash"
    about = gettext_lazy("People write to your account in direct rooms, unencrypted; on your homeserver or another.")
    docs = "channels.md"
    is_polled = True
    can = Capabilities(
        most_text=MOST_TEXT, counts="bytes", files=("",), most_files=10, files_a_message=1, most_caption=0,
        most_file=MOST_FILE, tells_edits=True, tells_deletions=True, honours_deletions=True, is_idempotent=True,
        reports=True,
    )  # fmt: skip

    def capabilities(self, account: Account) -> Capabilities:
        most = account.cursor.get("upload")
        return replace(self.can, most_file=min(most, MOST_FILE)) if isinstance(most, int) and most > 0 else self.can

    def form(self) -> type[ConnectionForm]:
        return MatrixForm

    def connected(self, account: Account) -> str:
        return str(self._ask(account, "GET", f"{CLIENT}/account/whoami")["user_id"])

    # --- in

    def poll(self, account: Account) -> Iterator[Fetched]:
        cursor = dict(account.cursor)
        if clock.now().timestamp() - float(cursor.get("asked") or 0) >= ASK_AGAIN.total_seconds():
            cursor |= {"upload": self._most_upload(account), "asked": clock.now().timestamp()}
        since = str(cursor.get("since") or "")
        for _page in range(PAGES):
            wanted = {"filter": json.dumps(FILTER), "timeout": "0", **({"since": since} if since else {})}
            found = self._ask(account, "GET", f"{CLIENT}/sync", params=wanted)
            rooms = found.get("rooms") or {}
            invited = [
                room for room, told in (rooms.get("invite") or {}).items() if _is_direct(account, told)
            ]  # fmt: skip
            for room in invited:
                self._join(account, room)
            raws = [
                raw for room, told in (rooms.get("join") or {}).items() for raw in self._of(account, room, told, since)
            ]
            since = str(found["next_batch"])
            yield Fetched(raws, {**cursor, "since": since})
            if not raws and not invited:
                return

    def _most_upload(self, account: Account) -> int:
        """Bytes of a file the homeserver takes; 0 where it does not say."""
        try:
            found = self._ask(account, "GET", "/_matrix/client/v1/media/config")
        except Refused:  # homeservers before v1.11
            return 0
        most = found.get("m.upload.size")
        return most if isinstance(most, int) else 0

    def _of(self, account: Account, room: str, told: Mapping[str, Any], since: str) -> Iterator[Raw]:
        """What is new in a room, the oldest first."""
        timeline = told.get("timeline") or {}
        events = list(timeline.get("events") or [])
        if timeline.get("limited") and since and timeline.get("prev_batch"):
            events = [*self._missed(account, room, str(timeline["prev_batch"]), since), *events]
        first = (clock.now() - FIRST).timestamp() * 1000
        for event in events:
            if since or event.get("origin_server_ts", 0) >= first:
                yield Raw(json.dumps({"room": room, "event": event}).encode(), str(event.get("event_id", "")))
        for event in (told.get("ephemeral") or {}).get("events") or []:
            if event.get("type") == "m.receipt":
                content = json.dumps({"room": room, "event": event}, sort_keys=True).encode()
                yield Raw(content, f"receipt {hash_of(content)}")

    def _missed(self, account: Account, room: str, start: str, since: str) -> list[Any]:
        """What a sync left out, because too much was new; as far back as we read."""
        missed: list[Any] = []
        for _page in range(PAGES):
            wanted = {
                "dir": "b", "from": start, "to": since, "limit": "100", "filter": json.dumps({"types": TYPES}),
            }  # fmt: skip
            found = self._ask(account, "GET", f"{CLIENT}/rooms/{quote(room, safe='')}/messages", params=wanted)
            missed += found.get("chunk") or []
            start = str(found.get("end") or "")
            if not start or start == since or not found.get("chunk"):
                break
        return missed[::-1]

    def _join(self, account: Account, room: str) -> None:
        try:
            self._ask(account, "POST", f"{CLIENT}/join/{quote(room, safe='')}", json={})
        except Refused:  # who invited us is gone, or took it back
            return

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        try:
            told = json.loads(content)
            room, event = told["room"], told["event"]
            if not isinstance(room, str):
                raise TypeError("a room is named by a string")
            match event["type"]:
                case "m.room.message":
                    return _message(account, room, event)
                case "m.room.encrypted":
                    return [_encrypted(account, room, event)]
                case "m.room.redaction":
                    gone = event.get("redacts") or (event.get("content") or {}).get("redacts")
                    return [Deleted(str(gone), room)] if gone else []
                case "m.receipt":
                    return list(_read(account, room, event))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError, OSError) as error:
            raise Unreadable(f"It is no event of Matrix: {error!r}") from None
        return []

    def introduce(self, account: Account, person: Person) -> Person:
        found = self._ask(account, "GET", f"{CLIENT}/profile/{quote(person.address, safe='')}/displayname")
        return Person(person.address, str(found.get("displayname") or person.handle)[:200], person.handle)

    def fetch(self, account: Account, file: File) -> File:
        server, _slash, media = file.reference.removeprefix("mxc://").partition("/")
        path = f"{quote(server, safe='')}/{quote(media, safe='')}"
        headers = {"Authorization": f"Bearer {account.secrets.get('token', '')}"}
        base = _server(account)
        try:
            got = fetching.fetch(
                f"{base}/_matrix/client/v1/media/download/{path}", most=MOST_FILE, seconds=60, headers=headers
            )
        except fetching.Refused:  # homeservers before v1.11
            got = fetching.fetch(
                f"{base}/_matrix/media/v3/download/{path}", most=MOST_FILE, seconds=60, headers=headers
            )
        return File(file.filename or got.filename, file.content_type or got.content_type, got.content, file.reference)

    # --- out

    def closed(self, facts: Mapping[str, Any]) -> str:
        if facts.get("encrypted"):
            return _("This room is encrypted: nothing can be sent into it from here. Ask for one without encryption.")
        return ""

    def deliver(self, account: Account, post: Post) -> Receipt:
        if words := self.closed(post.facts):
            raise Refused(words)
        told: dict[str, Any] = {"msgtype": "m.text", "body": post.text, "m.mentions": {"user_ids": [post.to]}}
        for file in post.files:
            found = self._ask(
                account, "POST", "/_matrix/media/v3/upload", params={"filename": file.filename}, content=file.content,
                headers={"Content-Type": file.content_type or "application/octet-stream"},
            )  # fmt: skip
            told = {
                "msgtype": _KINDS.get(file.content_type.partition("/")[0], "m.file"), "body": file.filename,
                "filename": file.filename, "url": found["content_uri"],
                "info": {"mimetype": file.content_type, "size": len(file.content)},
            }  # fmt: skip
        room, key = quote(post.thread, safe=""), quote(post.key, safe="")
        sent = self._ask(account, "PUT", f"{CLIENT}/rooms/{room}/send/m.room.message/{key}", json=told)
        return Receipt(str(sent["event_id"]), f"https://matrix.to/#/{room}/{quote(str(sent['event_id']), safe='')}")

    def _ask(self, account: Account, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {account.secrets.get('token', '')}", **more.pop("headers", {})}
        answer = calling.call(
            method, _server(account) + path, network="Matrix", headers=headers, look=_look, **more
        )  # fmt: skip
        try:
            said = answer.json()
            if not isinstance(said, dict):
                raise ValueError
        except ValueError:
            raise Later(_("The homeserver's answer makes no sense.")) from None
        return said


def hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()[:40]


def _look(answer: httpx.Response) -> None:
    """M_LIMIT_EXCEEDED says in its body how long."""
    try:
        said = answer.json()
    except ValueError:
        return
    if answer.status_code == 429 and isinstance(said, dict) and isinstance(said.get("retry_after_ms"), int):
        after = min(timedelta(milliseconds=max(said["retry_after_ms"], 1000)), calling.MOST_REST)
        raise Later(_("The homeserver wants to be left alone for a while."), after=after, rests=True)


def _server(account: Account) -> str:
    return str(account.config.get("server") or "").rstrip("/")


def _is_direct(account: Account, told: Mapping[str, Any]) -> bool:
    """Whether an invitation is to talk with us alone: rooms of many are joined by people who mean to."""
    events = (told.get("invite_state") or {}).get("events") or []
    return any(
        one.get("type") == "m.room.member" and one.get("state_key") == account.address
        and (one.get("content") or {}).get("is_direct") is True
        for one in events
    )  # fmt: skip


def _base(account: Account, room: str, event: Mapping[str, Any]) -> dict[str, Any]:
    sender = str(event["sender"])
    is_ours = sender == account.address
    return {
        "identifier": str(event["event_id"]), "thread": room, "is_ours": is_ours,
        "sender": Person(sender, "", "" if is_ours else sender),
        "at": datetime.fromtimestamp(int(event["origin_server_ts"]) / 1000, UTC),
        "url": f"https://matrix.to/#/{quote(room, safe='')}/{quote(str(event['event_id']), safe='')}",
    }  # fmt: skip


def _encrypted(account: Account, room: str, event: Mapping[str, Any]) -> Said:
    words = _("(This message is encrypted and cannot be read here.)")
    return Said(**_base(account, room, event), text=words, facts={"talk": {"encrypted": True}})


def _message(account: Account, room: str, event: Mapping[str, Any]) -> list[Happened]:
    """A message, or what an edit makes of one. One that was taken back meanwhile is empty."""
    content, base = event["content"], _base(account, room, event)
    if not content:
        return []
    relates = content.get("m.relates_to") or {}
    if relates.get("rel_type") == "m.replace":
        content = content["m.new_content"]
        base["identifier"] = str(relates["event_id"])
        return [Edited(Said(**base, text=_text(content), files=_files(content)))]
    answers = str((relates.get("m.in_reply_to") or {}).get("event_id") or "")
    return [
        Said(
            **base, text=_text(content, is_reply=bool(answers)), files=_files(content), answers=answers,
            is_automated=content.get("msgtype") == "m.notice",
        )
    ]  # fmt: skip


def _text(content: Mapping[str, Any], *, is_reply: bool = False) -> str:
    body, kind = str(content.get("body") or ""), content.get("msgtype")
    if kind in _FILES:  # a caption, where the file has a name of its own beside it
        return body if content.get("filename") and content["filename"] != body else ""
    if kind == "m.location":
        return f"{body}\n{content.get('geo_uri') or ''}".strip()
    if is_reply and body.startswith("> "):  # the fallback of clients that quote
        lines = body.split("\n")
        while lines and lines[0].startswith(">"):
            lines.pop(0)
        body = "\n".join(lines).strip()
    return f"* {body}" if kind == "m.emote" else body


def _files(content: Mapping[str, Any]) -> tuple[File, ...]:
    url = str(content.get("url") or "")
    if content.get("msgtype") not in _FILES or not url.startswith("mxc://"):
        return ()
    name = str(content.get("filename") or content.get("body") or "")[:200]
    return (File(name, str((content.get("info") or {}).get("mimetype") or "")[:100], None, url),)


def _read(account: Account, room: str, event: Mapping[str, Any]) -> Iterator[Reported]:
    """Up to where somebody else has read, and when."""
    for identifier, told in event["content"].items():
        for kind in ("m.read", "m.read.private"):
            for who, when in (told.get(kind) or {}).items():
                if who != account.address:
                    until = datetime.fromtimestamp(int(when["ts"]) / 1000, UTC)
                    yield Reported(str(identifier), "read", thread=room, until=until)
