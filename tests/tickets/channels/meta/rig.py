"""Plays Meta's Graph API and its webhooks for a WhatsApp number, in the shapes Meta documents."""

import json
import re
from email import message_from_bytes
from typing import Any

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken
from tickets.channels.meta.adapter import sign

TOKEN, SECRET, VERIFY = "EAA a token of some length", "an app secret of some length", "words of our own"
PHONE_ID, BUSINESS_ID = "106540352242922", "102290129340398"
TEMPLATES: list[dict[str, Any]] = [
    {"name": "order_update", "language": "en_US", "status": "APPROVED", "category": "UTILITY",
     "components": [{"type": "BODY", "text": "Hello {{1}}, there is news of your order {{2}}."},
                    {"type": "FOOTER", "text": "The shop"}]},
    {"name": "rejected", "language": "en_US", "status": "REJECTED", "components": [{"type": "BODY", "text": "No"}]},
    {"name": "picture", "language": "en_US", "status": "APPROVED",
     "components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Look"}]},
    {"name": "named", "language": "de", "status": "APPROVED", "parameter_format": "NAMED",
     "components": [{"type": "BODY", "text": "Guten Tag {{name}}"},
                    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Ja"}]}]},
    {"name": "link", "language": "de", "status": "APPROVED",
     "components": [{"type": "BODY", "text": "Hier"},
                    {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://x.example/{{1}}"}]}]},
]  # fmt: skip


class MetaRig(Rig):
    kind = "meta"

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, tuple[str, bytes]] = {}

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        config = {"product": "whatsapp", "account_id": PHONE_ID, "business_id": BUSINESS_ID, "app_id": "",
                  "server": self.net.url}  # fmt: skip
        return "+15550783881", config, {"token": TOKEN, "app_secret": SECRET, "verify_token": VERIFY}

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        if asked.method == "HEAD":
            return 200, {}, {}
        path = asked.path.partition("?")[0].strip("/")
        if self.mood == "dead" or asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return error(401, 190, "Error validating access token: Session has expired")
        if path.startswith("download/"):
            return 200, self.files[path.partition("/")[2]][1], {"Content-Type": "image/png"}
        if path in self.files:
            return 200, {"url": f"{self.net.url}/download/{path}", "mime_type": "image/png", "id": path}, {}
        if path == f"{BUSINESS_ID}/message_templates":
            return 200, {"data": TEMPLATES, "paging": {}}, {}
        if path == PHONE_ID:
            return 200, {"display_phone_number": "+1 555-078-3881", "verified_name": "The shop", "id": PHONE_ID}, {}
        if path.endswith("/subscribed_apps"):
            return 200, {"success": True}, {}
        return self._posted(path, asked)

    def _posted(self, path: str, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        moods = {
            "limited": error(400, 130429, "Rate limit hit"),
            "away": error(500, 131000, "Something went wrong"),
            "refuses": error(400, 131026, "Message undeliverable"),
        }
        if self.mood in moods:
            return moods[self.mood]
        if path == f"{PHONE_ID}/media":
            head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
            parts = message_from_bytes(head + asked.body).get_payload()
            file = next(part for part in parts if part.get_filename())  # type: ignore[union-attr]
            self.files[f"up{len(self.files)}"] = (str(file.get_filename()), file.get_payload(decode=True))
            return 200, {"id": f"up{len(self.files) - 1}"}, {}
        body = asked.json
        one = body[body["type"]]
        files = ((self.files[one["id"]][0], self.files[one["id"]][1]),) if "id" in one else ()
        text = one.get("body") or one.get("caption") or one.get("name") or ""
        self.taken.append(Taken(text, body.get("to") or body["recipient"], json.dumps(one), files))
        if self.mood == "silent":
            return None
        named = {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.OUT{len(self.taken)}"}]}
        return 200, named, {}

    # --- webhooks

    def tell(self, *messages: dict[str, Any], secret: str = SECRET, **more: Any) -> int:
        sender = messages[0]["from"] if messages else "491701"
        contacts = [{"profile": {"name": "Dora Lind"}, "wa_id": sender, "user_id": f"DE.{sender}"}]
        value = {"messaging_product": "whatsapp",
                 "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_ID},
                 **({"contacts": contacts, "messages": list(messages)} if messages else {}), **more}  # fmt: skip
        told = {"object": "whatsapp_business_account",
                "entry": [{"id": BUSINESS_ID, "changes": [{"value": value, "field": "messages"}]}]}  # fmt: skip
        return self.send(told, secret)

    def send(self, told: Any, secret: str = SECRET) -> int:
        body = json.dumps(told).encode()
        return self.post(body, {"X-Hub-Signature-256": sign(secret, body).decode()})

    def message(self, number: int, thread: str = "t1", **content: Any) -> dict[str, Any]:
        sender = f"4917{int(re.sub(r'[^0-9]', '', thread) or 1):07}"
        return {"from": sender, "from_user_id": f"DE.{sender}", "id": f"wamid.IN{number}",
                "timestamp": str(1_772_000_000 + number), **content}  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        if file is None:
            content: dict[str, Any] = {"type": "text", "text": {"body": text}}
        else:
            self.files["1003383421387256"] = ("a.png", file)
            content = {"type": "document", "document": {"id": "1003383421387256", "filename": "a.png",
                                                        "mime_type": "image/png", "caption": text}}  # fmt: skip
        assert self.tell(self.message(number, thread, **content)) == 200

    def edit(self, number: int, text: str, *, thread: str = "t1") -> None:
        new = {"original_message_id": f"wamid.IN{number}", "message": {"type": "text", "text": {"body": text}}}
        assert self.tell(self.message(number + 500, thread, type="edit", edit=new)) == 200

    def take_back(self, number: int, *, thread: str = "t1") -> None:
        gone = {"original_message_id": f"wamid.IN{number}"}
        assert self.tell(self.message(number + 900, thread, type="revoke", revoke=gone)) == 200

    def forge(self) -> int:
        return self.tell(self.message(1, type="text", text={"body": "Forged"}), secret="a guess")


def error(status: int, code: int, message: str, **more: Any) -> tuple[int, Any, dict[str, str]]:
    return status, {"error": {"message": message, "type": "OAuthException", "code": code, **more}}, {}


RIG = MetaRig
