"""Plays a data server of Bluesky with its view of the network, in the shapes of the lexicons."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from helpdesk import clock
from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken

PASSWORD = "abcd-efgh-ijkl-mnop"
ME = "did:plc:us"
POST = "app.bsky.feed.post"
Answer = tuple[int, Any, dict[str, str]]


def now() -> str:
    return clock.now().isoformat().replace("+00:00", "Z")


def notification(number: int | str, text: str, did: str = "did:plc:dora", **record: Any) -> dict[str, Any]:
    return {
        "uri": f"at://{did}/{POST}/{number}", "cid": f"bafy{number}", "reason": "mention", "isRead": False,
        "author": {"did": did, "handle": "dora.example", "displayName": "Dora Lind"}, "indexedAt": now(),
        "record": {"$type": POST, "text": text, "createdAt": now(), "langs": ["en"], **record},
    }  # fmt: skip


class BlueskyRig(Rig):
    kind = "bluesky"

    def __init__(self) -> None:
        super().__init__()
        self.notifications: list[dict[str, Any]] = []
        self.records: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        #: chats with their members, and what was said in them, as the log has it
        self.convos: dict[str, dict[str, Any]] = {}
        self.logs: list[dict[str, Any]] = []
        self.may_chat = True
        #: chats our account has left
        self.left: set[str] = set()
        self.handles = {"dora.example": "did:plc:dora"}
        self.sessions = 0
        self.expired: set[str] = set()

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return "@shop.example", {"server": self.net.url, "handle": "shop.example"}, {"password": PASSWORD}

    def answer(self, asked: Asked) -> Answer | None:
        path, query = urlsplit(asked.path).path, parse_qs(urlsplit(asked.path).query)
        if path.startswith("/img/"):
            return 200, self.files[path.rpartition("/")[2]], {"Content-Type": "image/png"}
        if asked.method == "HEAD":
            return 200, {}, {}
        method = path.removeprefix("/xrpc/")
        if method == "com.atproto.server.createSession":
            if self.mood == "dead" or asked.json["password"] != PASSWORD:
                return 401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}, {}
            self.sessions += 1
            return 200, {"did": ME, "handle": "shop.example", "accessJwt": f"jwt{self.sessions}", "refreshJwt": "r"}, {}
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.mood == "dead" or token in self.expired or not token.startswith("jwt"):
            return 400, {"error": "ExpiredToken", "message": "Token has expired"}, {}
        if method == "app.bsky.notification.listNotifications":
            first = int(query.get("cursor", ["0"])[0])
            found = self.notifications[::-1][first : first + 50]
            more = {"cursor": str(first + 50)} if first + 50 < len(self.notifications) else {}
            return 200, {"notifications": found, **more}, {}
        if method == "app.bsky.feed.getPosts":
            there = [one for one in self.notifications if one["uri"] in query["uris"]]
            view = {"$type": "app.bsky.embed.images#view", "images": [{"fullsize": f"{self.net.url}/img/a.png"}]}
            posts = [{"uri": one["uri"], "cid": one["cid"], "record": one["record"], "embed": view} for one in there]
            return 200, {"posts": posts}, {}
        if method == "com.atproto.repo.getRecord":
            uri = f"at://{query['repo'][0]}/{query['collection'][0]}/{query['rkey'][0]}"
            if uri in self.records:
                return 200, {"uri": uri, "cid": "bafyours", "value": self.records[uri]}, {}
            return 400, {"error": "RecordNotFound", "message": f"Could not locate record: {uri}"}, {}
        if method == "com.atproto.repo.listRecords":
            after = query["cursor"][0]
            assert query["reverse"] == ["true"] and query["repo"] == [ME]
            found = sorted(uri for uri in self.records if uri.rpartition("/")[2] > after)
            return 200, {"records": [{"uri": uri, "cid": "bafyours", "value": self.records[uri]} for uri in found]}, {}
        if method == "com.atproto.identity.resolveHandle":
            did = self.handles.get(query["handle"][0])
            wrong = {"error": "InvalidRequest", "message": "Unable to resolve handle"}
            return (200, {"did": did}, {}) if did else (400, wrong, {})
        if method.startswith("chat."):
            return self._chat(method.rpartition(".")[2], asked, query)
        return self._posted(method, asked)

    def _chat(self, method: str, asked: Asked, query: dict[str, list[str]]) -> Answer | None:
        assert asked.headers["atproto-proxy"] == "did:web:api.bsky.chat#bsky_chat"
        if not self.may_chat:
            return 400, {"error": "InvalidToken", "message": "Bad token method"}, {}
        if query.get("convoId", [""])[0] in self.left:
            return 400, {"error": "InvalidRequest", "message": "Convo not found"}, {}
        if method == "listConvos":
            return 200, {"convos": list(self.convos.values())}, {}
        if method == "getConvo":
            return 200, {"convo": self.convos[query["convoId"][0]]}, {}
        if method == "getMessages":
            there = [one["message"] for one in self.logs if one["convoId"] == query["convoId"][0]]
            return 200, {"messages": there[::-1]}, {}
        if method == "getLog":
            after = query.get("cursor", [""])[0]
            return 200, {"logs": [one for one in self.logs if one["rev"] > after], "cursor": "x"}, {}
        if method == "acceptConvo":
            self.convos[asked.json["convoId"]]["status"] = "accepted"
            return 200, {"rev": "3"}, {}
        if self.mood == "refuses":
            return 400, {"error": "InvalidRequest", "message": "recipient has disabled incoming messages"}, {}
        assert method == "sendMessage"
        told = self.chat(asked.json["message"]["text"], ME, convo=asked.json["convoId"])
        told["facets"] = asked.json["message"].get("facets", [])
        self.taken.append(Taken(told["text"], asked.json["convoId"]))
        return None if self.mood == "silent" else (200, told, {})

    def chat(self, text: str, did: str = "did:plc:dora", *, convo: str = "c1", **more: Any) -> dict[str, Any]:
        """Somebody says something in a chat."""
        rev = f"3k{len(self.logs):04d}"
        message = {
            "$type": "chat.bsky.convo.defs#messageView", "id": f"m{len(self.logs)}", "rev": rev, "text": text,
            "sender": {"did": did}, "sentAt": now(), **more,
        }  # fmt: skip
        members = [{"did": ME, "handle": "shop.example"},
                   {"did": "did:plc:dora", "handle": "dora.example", "displayName": "Dora Lind"}]  # fmt: skip
        known = self.convos.setdefault(convo, {"id": convo, "members": members, "status": "request"})
        known |= {"rev": rev, "lastMessage": message}
        kind = "chat.bsky.convo.defs#logCreateMessage"
        self.logs.append({"$type": kind, "rev": rev, "convoId": convo, "message": message})
        return message

    def _posted(self, method: str, asked: Asked) -> Answer | None:
        reset = str(int(clock.now().timestamp()) + 20)
        moods: dict[str, Answer] = {
            "limited": (
                429,
                {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"},
                {"ratelimit-reset": reset},
            ),
            "away": (502, {"error": "UpstreamFailure"}, {}),
            "refuses": (400, {"error": "InvalidRequest", "message": "Invalid app.bsky.feed.post record"}, {}),
        }
        if self.mood in moods:
            return moods[self.mood]
        if method == "com.atproto.repo.uploadBlob":
            name = f"bafk{len(self.blobs)}"
            self.blobs[name] = asked.body
            media_type = asked.headers["Content-Type"]
            blob = {"$type": "blob", "ref": {"$link": name}, "mimeType": media_type, "size": len(asked.body)}
            return 200, {"blob": blob}, {}
        told = asked.json
        record, uri = told["record"], f"at://{ME}/{POST}/{told['rkey']}"
        assert method == "com.atproto.repo.createRecord" and re.fullmatch(r"[234567a-j][234567a-z]{12}", told["rkey"])
        if uri in self.records:
            return 500, {"error": "InternalServerError"}, {}
        self.records[uri] = record
        images = (record.get("embed") or {}).get("images") or []
        files = tuple((one["alt"], self.blobs[one["image"]["ref"]["$link"]]) for one in images)
        self.taken.append(Taken(record["text"], record["reply"]["root"]["uri"], told["rkey"], files))
        return None if self.mood == "silent" else (200, {"uri": uri, "cid": "bafyours"}, {})

    def tell(self, told: dict[str, Any]) -> None:
        if told["uri"] in [one["uri"] for one in self.notifications]:
            type(self.account).objects.filter(pk=self.account.pk).update(cursor={})
        else:
            self.notifications.append(told)
        self.poll()

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        did = f"did:plc:dora{thread}"
        root = {"uri": f"at://{did}/{POST}/root", "cid": "bafyroot"}
        more: dict[str, Any] = {"reply": {"root": root, "parent": root}}
        if file is not None:
            self.files["a.png"] = file
            more["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": {"$type": "blob"}}]}
        self.tell(notification(number, text, did, **more))


RIG = BlueskyRig
