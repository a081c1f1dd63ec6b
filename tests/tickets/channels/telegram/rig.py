"""Plays Telegram's Bot API, in the shapes https://core.telegram.org/bots/api documents."""

import json
import re
import time
from email import message_from_bytes
from typing import Any

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken

TOKEN = "123456:abcdefghijklmnopqrstuvwxyz-ABCDEFGH"


class TelegramRig(Rig):
    kind = "telegram"

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return "@shop_bot", {"server": self.net.url}, {"token": TOKEN}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        if asked.path.startswith(f"/file/bot{TOKEN}/"):
            return 200, self.files[asked.path.rpartition("/")[2]], {}
        if asked.method == "HEAD":
            return 200, {}, {}
        method = asked.path.rpartition("/")[2]
        if self.mood == "dead" or not asked.path.startswith(f"/bot{TOKEN}/"):
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, {}
        if method == "getUpdates":
            return 200, {"ok": True, "result": [u for u in self.updates if u["update_id"] >= asked.json["offset"]]}, {}
        if method == "getFile":
            name = asked.json["file_id"]
            return 200, {"ok": True, "result": {"file_id": name, "file_path": f"documents/{name}"}}, {}
        if method == "getMe":
            return 200, {"ok": True, "result": {"id": 1, "is_bot": True, "username": "shop_bot"}}, {}
        return self._sent(method, asked)

    def _sent(self, method: str, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        moods: dict[str, tuple[int, Any, dict[str, str]]] = {
            "limited": (429, {"ok": False, "description": "Too Many Requests: retry after 20",
                              "parameters": {"retry_after": 20}}, {"Retry-After": "20"}),
            "away": (502, {"ok": False, "description": "Bad Gateway"}, {}),
            "refuses": (403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}, {}),
        }  # fmt: skip
        if self.mood in moods:
            return moods[self.mood]
        if method == "sendMessage":
            chat, text, files = str(asked.json["chat_id"]), asked.json["text"], ()
        else:
            head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
            parts = message_from_bytes(head + asked.body).get_payload()
            form = {p.get_param("name", header="content-disposition"): p for p in parts}  # type: ignore[union-attr]
            chat = form["chat_id"].get_payload()
            media = json.loads(form["media"].get_payload()) if "media" in form else []
            captions = [str(one["caption"]) for one in media if "caption" in one]
            text = form["caption"].get_payload() if "caption" in form else "".join(captions)
            files = tuple((p.get_filename(), p.get_payload(decode=True)) for p in form.values() if p.get_filename())
        self.taken.append(Taken(text, chat, "", files))
        if self.mood == "silent":
            return None
        sent = {"message_id": 1000 + len(self.taken), "chat": {"id": int(chat)}}
        return 200, {"ok": True, "result": [sent] if method == "sendMediaGroup" else sent}, {}

    def _tell(self, update: dict[str, Any]) -> None:
        """As getUpdates gives it. The same update comes again with the same number; a poll forgets nothing."""
        content = json.dumps(update, sort_keys=True)
        numbers = {
            json.dumps({k: v for k, v in u.items() if k != "update_id"}, sort_keys=True): u for u in self.updates
        }
        if content in numbers:
            type(self.account).objects.filter(pk=self.account.pk).update(cursor={})  # asked again from the beginning
        else:
            self.updates.append({**update, "update_id": 500 + len(self.updates)})
        self.poll()

    def _message(self, number: int, text: str, thread: str) -> dict[str, Any]:
        chat = int(re.sub(r"\D", "", thread) or 1) + 70
        return {
            "message_id": number, "date": int(time.time()), "text": text,
            "chat": {"id": chat, "type": "private", "first_name": "Dora"},
            "from": {"id": chat, "is_bot": False, "first_name": "Dora", "last_name": "Lind", "username": f"dora{chat}"},
        }  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        message = self._message(number, text, thread)
        message["date"] = 1_772_000_000 + number
        if file is not None:
            self.files["f1"] = file
            message["caption"] = message.pop("text")
            message["document"] = {"file_id": "f1", "file_name": "a.png", "mime_type": "image/png"}
        self._tell({"message": message})

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        self._tell({"edited_message": {**self._message(number, text, thread), "edit_date": 1_772_000_500}})

    def forge(self) -> int:
        body = json.dumps({"update_id": 1, "message": self._message(1, "Forged", "t1")}).encode()
        return self.post(body, {"X-Telegram-Bot-Api-Secret-Token": "a guess"})


RIG = TelegramRig
