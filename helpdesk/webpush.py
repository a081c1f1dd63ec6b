"""Push messages to browsers: encrypted for one browser alone (RFC 8291), signed as this house (RFC 8292), posted to the
address its maker gave it (RFC 8030), through the gate for addresses that come from outside.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import http_ece
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

from helpdesk import fetching

#: a day: what is older is seen in the bell
TTL = 86_400
SECONDS = 10.0
#: what every push service takes (RFC 8291)
MOST = 3_000
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class BadKeys(ValueError):
    """No browser made these."""


@lru_cache(maxsize=4)
def _key_of(secret: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hmac.digest(secret.encode(), b"web push: vapid", hashlib.sha512), "big")
    return ec.derive_private_key(number % (_N - 1) + 1, ec.SECP256R1())


def _key() -> ec.EllipticCurvePrivateKey:
    """Ours, derived from SECRET_KEY: nothing to keep, and browsers subscribe anew where that changes."""
    return _key_of(settings.SECRET_KEY)


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadKeys from None


def public_key() -> str:
    """What browsers must know of us to subscribe."""
    return _written(_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def check(endpoint: str, p256dh: str, auth: str) -> None:
    """Raise BadKeys for what no browser gives."""
    address = urlsplit(endpoint)
    is_web = address.scheme == "https" or (address.scheme == "http" and settings.FETCH_ALLOW)
    if not is_web or not address.hostname or address.username or len(endpoint) > 1000:
        raise BadKeys
    if len(_read(auth)) != 16:
        raise BadKeys
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _read(p256dh))
    except ValueError:
        raise BadKeys from None


def sealed(message: Mapping[str, Any], p256dh: str, auth: str) -> bytes:
    """A message that only the browser with these keys can read."""
    content = json.dumps(message, ensure_ascii=False).encode()[:MOST]
    return bytes(
        http_ece.encrypt(
            content, salt=os.urandom(16), private_key=ec.generate_private_key(ec.SECP256R1()), dh=_read(p256dh),
            auth_secret=_read(auth), version="aes128gcm",
        )
    )  # fmt: skip


def post(endpoint: str, message: Mapping[str, Any], *, p256dh: str, auth: str, topic: str, urgent: bool) -> int:
    """Hand a message to the push service; its answer's status. Raises httpx.RequestError where there is none.

    A later message of the same topic takes the place of one that still waits there.
    """
    address = urlsplit(endpoint)
    claims = {
        "sub": f"mailto:postmaster@{settings.MAIL_DOMAIN}", "aud": f"{address.scheme}://{address.netloc}",
        "exp": str(int(time.time()) + 12 * 3600),
    }  # fmt: skip
    headers = {
        **Vapid02(_key()).sign(claims),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL),
        "Topic": topic[:32],
        "Urgency": "high" if urgent else "normal",
    }
    with fetching.client(SECONDS) as http, http.stream(
        "POST", endpoint, content=sealed(message, p256dh, auth), headers=headers
    ) as answer:  # fmt: skip
        return int(answer.status_code)


Trouble = httpx.RequestError
