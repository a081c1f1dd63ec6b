"""Names of our own that come back to us: Message-IDs, and the addresses bounces and replies are sent to.

Each is 128 random bits and their signature: nobody can guess one, and nothing is asked of the database for one that
somebody made up.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from django.conf import settings

if TYPE_CHECKING:
    from tickets.models import Inbox

#: what a signed address is for, by the letter before its token
KINDS: dict[str, Literal["bounce", "reply", "probe"]] = {"b": "bounce", "r": "reply", "p": "probe"}
_LETTERS = {kind: letter for letter, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Signed:
    """What one of our signed addresses says: what it is for, and its token."""

    kind: Literal["bounce", "reply", "probe"]
    token: str


def _signature(token: str, purpose: str = "message-id") -> str:
    return _letters(hmac.digest(settings.SECRET_KEY.encode(), f"{purpose}:{token}".encode(), sha256)[:10])


def _letters(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=").lower()


def token() -> str:
    """128 random bits and their signature, in 43 letters, digits and one dot."""
    random = _letters(secrets.token_bytes(16))
    return f"{random}.{_signature(random)}"


def is_token(text: str) -> bool:
    """Whether we made this token."""
    random, dot, signature = text.partition(".")
    return bool(dot) and hmac.compare_digest(signature.encode(), _signature(random).encode())


def message_id(domain: str) -> str:
    """A new Message-ID without brackets: a token in our domain."""
    return f"{token()}@{domain}"


def is_ours(identifier: str) -> bool:
    """Whether we minted this Message-ID."""
    return is_token(identifier.partition("@")[0])


def signed_address(inbox: "Inbox", kind: Literal["bounce", "reply", "probe"], token: str) -> str:
    """An address of ours that carries a token; "" where the inbox can have none.

    On MAIL_REPLY_DOMAIN where that is set (a domain nobody signs in anywhere with, RFC 5321 VERP style), else behind a
    plus in the inbox's own address (RFC 5233).
    """
    name = f"{_LETTERS[kind]}-{token}"
    if settings.MAIL_REPLY_DOMAIN:
        return f"{name}@{settings.MAIL_REPLY_DOMAIN}"
    local, _, domain = inbox.address.rpartition("@")
    if not inbox.plus_addresses or len(local) + 1 + len(name) > 64:
        return ""
    return f"{local}+{name}@{domain}"


def read_address(address: str) -> Signed | None:
    """What one of our signed addresses says; None for any other address, and for one that somebody made up."""
    local = address.lower().rpartition("@")[0]
    letter, dash, found = local.rpartition("+")[2].partition("-")
    if not dash or letter not in KINDS or not is_token(found):
        return None
    return Signed(KINDS[letter], found)
