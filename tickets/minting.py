"""Message-IDs of our own: random, signed, and fixed when the message is written."""

import base64
import hmac
import secrets
from hashlib import sha256

from django.conf import settings


def _signature(token: str) -> str:
    return _letters(hmac.digest(settings.SECRET_KEY.encode(), b"message-id:" + token.encode(), sha256)[:10])


def _letters(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=").lower()


def message_id(domain: str) -> str:
    """A new Message-ID without brackets: 128 random bits and their signature, in our domain."""
    token = _letters(secrets.token_bytes(16))
    return f"{token}.{_signature(token)}@{domain}"


def is_ours(identifier: str) -> bool:
    """Whether we minted this Message-ID."""
    local = identifier.partition("@")[0]
    token, dot, signature = local.partition(".")
    return bool(dot) and hmac.compare_digest(signature.encode(), _signature(token).encode())
