"""Plays Twilio's Programmable Messaging, in the shapes https://www.twilio.com/docs/messaging documents."""

import base64
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.http_stand_in import Asked
from tests.tickets.channels.rigs import Rig, Taken
from tickets.channels.sms.adapter import sign
from tickets.operations.posting import webhook_url

SID, TOKEN, NUMBER = "AC" + "0" * 32, "a token of some length", "+4930123456"
BASIC = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()


class SmsRig(Rig):
    kind = "sms"

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.can_mms = True

    def setting(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        return (
            NUMBER,
            {"sid": SID, "number": NUMBER, "service": "", "pictures": False, "server": self.net.url},
            {"token": TOKEN},
        )

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]] | None:
        if asked.method == "HEAD":
            return 200, {}, {}
        if self.mood == "dead" or asked.headers.get("Authorization") != BASIC:
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}, {}
        if "/Media/" in asked.path:
            named = {"Content-Type": "image/png", "Content-Disposition": 'inline; filename="a.png"'}
            return 200, self.files[asked.path.rpartition("/")[2]], named
        if not asked.path.endswith("/Messages.json"):
            number = {"sid": "PN1", "phone_number": NUMBER, "capabilities": {"sms": True, "mms": self.can_mms}}
            return 200, {"sid": SID, "incoming_phone_numbers": [number]}, {}
        moods: dict[str, tuple[int, Any, dict[str, str]]] = {
            "limited": (429, {"code": 20429, "message": "Too Many Requests", "status": 429}, {"Retry-After": "20"}),
            "away": (503, {"code": 20503, "message": "Service unavailable", "status": 503}, {}),
            "refuses": (400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}, {}),
        }
        if self.mood in moods:
            return moods[self.mood]
        told = dict(parse_qsl(asked.body.decode()))
        assert told["From"] == NUMBER
        pictures = tuple((value, b"") for name, value in parse_qsl(asked.body.decode()) if name == "MediaUrl")
        assert pictures or told["Body"]
        self.taken.append(Taken(told.get("Body", ""), told["To"], files=pictures))
        return None if self.mood == "silent" else (201, {"sid": f"SM{len(self.taken):032}", "status": "queued"}, {})

    def tell(self, told: dict[str, str], token: str = TOKEN) -> int:
        body = urlencode(told).encode()
        signature = sign(token, webhook_url(self.account), list(told.items())).decode()
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return self.post(body, {"Content-Type": kind, "X-Twilio-Signature": signature})

    def message(self, number: int, text: str, thread: str = "t1") -> dict[str, str]:
        sender = f"+4917{int(re.sub(r'[^0-9]', '', thread) or 1):07}"
        return {
            "MessageSid": f"SM{'a' * 24}{number:08}", "SmsSid": f"SM{'a' * 24}{number:08}", "AccountSid": SID,
            "From": sender, "To": NUMBER, "Body": text, "NumMedia": "0", "NumSegments": "1", "ApiVersion": "2010-04-01",
        }  # fmt: skip

    def say(self, number: int, text: str, *, thread: str = "t1", file: bytes | None = None) -> None:
        told = self.message(number, text, thread)
        if file is not None:
            self.files["ME1"] = file
            address = f"{self.net.url}/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1"
            told |= {"NumMedia": "1", "MediaUrl0": address, "MediaContentType0": "image/png"}
        assert self.tell(told) == 200

    def forge(self) -> int:
        return self.tell(self.message(1, "Forged"), token="a guess of some length")


RIG = SmsRig
