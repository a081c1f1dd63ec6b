"""Names of our own that come back to us: Message-IDs, and the addresses bounces and replies are sent to.

Each is 128 random bits and their signature: nobody can guess one, and nothing is asked of the database for one that
somebody made up.
"""

import base64
import binascii
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
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


# --- answers of agents to what we told them -------------------------------------------------------------------------

_NOTE = re.compile(r"(?:.*\+)?n-([a-z2-7]{20})\.([a-z2-7]{16})\Z")
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_FOR_NOTES = "agent-note"


@dataclass(frozen=True, slots=True)
class NoteClaim:
    """What an address says that an agent answers a notification at: who, on which ticket, until when; if we made it."""

    agent: int
    ticket: int
    until: datetime
    is_ours: bool


def note_address(inbox: "Inbox", *, agent: int, ticket: int, until: datetime) -> str:
    """Where this agent's answer to a notification becomes a note on this ticket; "" where the inbox can have none.

    Agent, ticket and the day it ends are in it, and signed for this purpose alone.
    """
    days = (until - _EPOCH).days + 1
    claim = _letters(agent.to_bytes(4, "big") + ticket.to_bytes(6, "big") + days.to_bytes(2, "big"))
    name = f"n-{claim}.{_signature(claim, _FOR_NOTES)}"
    if settings.MAIL_REPLY_DOMAIN:
        return f"{name}@{settings.MAIL_REPLY_DOMAIN}"
    local, _, domain = inbox.address.rpartition("@")
    if not inbox.plus_addresses or len(local) + 1 + len(name) > 64:
        return ""
    return f"{local}+{name}@{domain}"


def note_claim(address: str) -> NoteClaim | None:
    """What such an address claims, ours or made up; None for any other address."""
    found = _NOTE.match(address.lower().rpartition("@")[0])
    if found is None:
        return None
    claim, signature = found.groups()
    is_ours = hmac.compare_digest(signature.encode(), _signature(claim, _FOR_NOTES).encode())
    try:
        content = base64.b32decode(claim.upper() + "=" * (-len(claim) % 8))
    except binascii.Error:  # pragma: no cover - the pattern lets nothing else through
        return None
    agent, ticket, days = (int.from_bytes(content[a:b], "big") for a, b in ((0, 4), (4, 10), (10, 12)))
    return NoteClaim(agent, ticket, datetime.fromtimestamp(_EPOCH.timestamp() + days * 86400, UTC), is_ours)


def is_signed(address: str) -> bool:
    """Whether an address is one of those that carry our signature, whoever made it up."""
    return read_address(address) is not None or note_claim(address) is not None
