"""Plays a Matrix homeserver, in the shapes https://spec.matrix.org/v1.11/client-server-api/ documents."""

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from helpdesk import clock
from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken

TOKEN = "syt_a_token_of_some_length"
ME = "@desk:home.example"
Answer = tuple[int, Any, dict[str, str]]


def event(number: int | str, content: dict[str, Any], sender: str = "@dora:far.example", kind: str = "m.room.message",
          **more: Any) -> dict[str, Any]:  # fmt: skip
    return {
        "type": kind, "event_id": f"${number}", "sender": sender, "content": content,
        "origin_server_ts": int(clock.now().timestamp() * 1000), "unsigned": {"age": 10}, **more,
    }  # fmt: skip


def text(body: str) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body}


class MatrixRig(Rig):
    kind = "matrix"

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.receipts: list[tuple[str, dict[str, Any]]] = []
        self.invited: dict[str, list[dict[str, Any]]] = {}
        self.sent: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.uploads: dict[str, tuple[str, bytes]] = {}
        #: bytes of a file it takes; None: it does not say
        self.upload: int | None = 50_000_000
        #: a sync tells so many events of a room
        self.most = 50

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return ME, {"server": self.net.url}, {"token": TOKEN}

    def answer(self, asked: Asked) -> Answer | None:
        path, query = unquote(urlsplit(asked.path).path), parse_qs(urlsplit(asked.path).query)
        if asked.method == "HEAD":
            return 200, {}, {}
        if self.mood == "dead" or asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token passed."}, {}
        if path == "/_matrix/client/v3/account/whoami":
            return 200, {"user_id": ME, "device_id": "D"}, {}
        if path == "/_matrix/client/v1/media/config":
            return (404, {"errcode": "M_UNRECOGNIZED"}, {}) if self.upload is None else (
                200, {"m.upload.size": self.upload}, {},
            )  # fmt: skip
        if path == "/_matrix/client/v3/sync":
            return 200, self._sync(int(query.get("since", ["0"])[0])), {}
        if path.endswith("/messages"):
            return 200, self._page(int(query["from"][0]), int(query["to"][0]), int(query["limit"][0])), {}
        if found := re.fullmatch(r"/_matrix/client/v1/media/download/home\.example/(\w+)", path):
            return 200, self.files[found[1]], {"Content-Type": "image/png"}
        if path.startswith("/_matrix/client/v3/profile/"):
            return 200, {"displayname": "Dora Lind"}, {}
        if path.startswith("/_matrix/client/v3/join/"):
            self.invited.pop(path.rpartition("/")[2])
            return 200, {"room_id": path.rpartition("/")[2]}, {}
        return self._posted(path, query, asked)

    def _sync(self, since: int) -> dict[str, Any]:
        rooms: dict[str, Any] = {}
        for room, one in self.events[since:]:
            rooms.setdefault(room, {"timeline": {"events": [], "limited": False}, "ephemeral": {"events": []}})
            rooms[room]["timeline"]["events"].append(one)
        for told in rooms.values():
            timeline = told["timeline"]
            if len(timeline["events"]) > self.most:
                before = len(self.events) - self.most
                told["timeline"] = {
                    "events": timeline["events"][-self.most :],
                    "limited": True,
                    "prev_batch": str(before),
                }
        while self.receipts:
            room, told = self.receipts.pop()
            rooms.setdefault(room, {})["ephemeral"] = {"events": [{"type": "m.receipt", "content": told}]}
        invite = {room: {"invite_state": {"events": state}} for room, state in self.invited.items()}
        return {"next_batch": str(len(self.events)), "rooms": {"join": rooms, "invite": invite}}

    def _page(self, start: int, to: int, limit: int) -> dict[str, Any]:
        until = max(start - limit, to)
        return {"chunk": [one for _, one in self.events[until:start]][::-1], "start": str(start), "end": str(until)}

    def _posted(self, path: str, query: dict[str, list[str]], asked: Asked) -> Answer | None:
        moods: dict[str, Answer] = {
            "limited": (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many", "retry_after_ms": 20000}, {}),
            "away": (502, b"<html>", {}),
            "refuses": (403, {"errcode": "M_FORBIDDEN", "error": "User @desk:home.example not in room"}, {}),
        }
        if self.mood in moods:
            return moods[self.mood]
        if path == "/_matrix/media/v3/upload":
            uri = f"mxc://home.example/up{len(self.uploads)}"
            self.uploads[uri] = (query["filename"][0], asked.body)
            return 200, {"content_uri": uri}, {}
        found = re.fullmatch(r"/_matrix/client/v3/rooms/([^/]+)/send/m\.room\.message/(.+)", path)
        assert found and asked.method == "PUT", path
        room, key = found[1], found[2]
        if key not in self.sent:
            self.sent[key] = f"$ours{len(self.sent)}"
            files = (self.uploads[asked.json["url"]],) if "url" in asked.json else ()
            self.taken.append(Taken("" if files else asked.json["body"], room, key, files))
            self.events.append((room, event(self.sent[key][1:], asked.json, ME)))
        return None if self.mood == "silent" else (200, {"event_id": self.sent[key]}, {})

    def tell(self, room: str, told: dict[str, Any]) -> None:
        """It happens in a room, and the product asks. The same again: it asks from the beginning."""
        if told["event_id"] in [one["event_id"] for _, one in self.events]:
            type(self.account).objects.filter(pk=self.account.pk).update(cursor={})
        else:
            self.events.append((room, told))
        self.poll()

    @staticmethod
    def _room(thread: str) -> str:
        return f"!{thread}:home.example"

    @staticmethod
    def _sender(thread: str) -> str:
        return f"@dora-{thread}:far.example"

    def say(self, number: int, body: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        content = text(body)
        if file is not None:
            self.files["f1"] = file
            info = {"mimetype": "image/png", "size": len(file)}
            content = {"msgtype": "m.image", "body": "a.png", "url": "mxc://home.example/f1", "info": info}
        self.tell(self._room(thread), event(number, content, self._sender(thread)))

    def edit(self, number: int, body: str, *, thread: str = "t1") -> None:
        content = {
            **text(f"* {body}"), "m.new_content": text(body),
            "m.relates_to": {"rel_type": "m.replace", "event_id": f"${number}"},
        }  # fmt: skip
        self.tell(self._room(thread), event(f"edit{number}", content, self._sender(thread)))

    def take_back(self, number: int, *, thread: str = "t1") -> None:
        told = event(f"gone{number}", {"redacts": f"${number}"}, self._sender(thread), "m.room.redaction")
        self.tell(self._room(thread), {**told, "redacts": f"${number}"})


RIG = MatrixRig
