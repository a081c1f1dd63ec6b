"""Who the site says its visitor is, signed with the inbox's secret on the site's own server.

    payload = base64url(json({"id": "u-5", "email": "dora@example.com", "name": "Dora", "expires": 1767225600}))
    identity = payload + "." + hex(hmac_sha256(secret, payload))

One way to sign, and everything that counts is under the signature, with its end.
"""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from tickets import texts

MOST = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """What the site vouches for."""

    id: str
    email: str = ""
    name: str = ""


def read(secret: str, given: object, *, at: datetime) -> Identity | None:
    """Who this is; None for whatever the site did not sign, or not for now."""
    if not secret or not isinstance(given, str) or len(given) > MOST:
        return None
    payload, _, signature = given.rpartition(".")
    expected = hmac.digest(secret.encode(), payload.encode(), "sha256").hex()
    if not payload or not hmac.compare_digest(expected.encode(), signature.encode()):
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    who, expires = said.get("id"), said.get("expires")
    if isinstance(who, int) and not isinstance(who, bool):
        who = str(who)
    if not isinstance(who, str) or not who.strip() or len(who) > 180 or "\x00" in who:
        return None
    if not isinstance(expires, int | float) or isinstance(expires, bool) or expires <= at.timestamp():
        return None
    email, name = said.get("email"), said.get("name")
    return Identity(
        who, email.strip()[:320] if isinstance(email, str) and "@" in email else "",
        texts.line(name, 200) if isinstance(name, str) else "",
    )  # fmt: skip
