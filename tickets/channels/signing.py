"""HMAC signatures over a time and a body, as we make and check them ourselves (docs/channels.md)."""

import hmac
import time
from hashlib import sha256

#: a signature is good for that long, either way
SKEW_SECONDS = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the HMAC-SHA-256 of "timestamp.body", in hexadecimal."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def is_signed(secret: str, timestamp: str, body: bytes, given: str, now: float | None = None) -> bool:
    """Whether one of the signatures given (comma separated, while a secret is renewed) is right, and fresh."""
    now = time.time() if now is None else now
    if not timestamp.isdecimal() or abs(int(timestamp) - now) > SKEW_SECONDS:
        return False
    right = sign(secret, timestamp, body)
    return any(hmac.compare_digest(right, one.strip()) for one in given.encode("ascii", "replace").decode().split(","))
