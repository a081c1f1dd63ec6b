"""What a browser shows us to be who it is: random, signed for one widget, and kept as a digest only.

The signature turns away whatever we did not make without asking the database.
"""

import hashlib
import hmac
import re
import secrets

from django.conf import settings

_TOKEN = re.compile(r"([0-9A-Za-z_-]{32})\.([0-9a-f]{32})\Z")


def mint(key: str) -> str:
    """A new token for the widget of this key."""
    secret = secrets.token_urlsafe(24)
    return f"{secret}.{_signature(key, secret, settings.SECRET_KEY)}"


def digest(key: str, token: object) -> str:
    """How a token is kept; "" for what this widget was never given, whatever it is."""
    found = _TOKEN.match(token) if isinstance(token, str) else None
    if found is None:
        return ""
    secret, signature = found.groups()
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(signature, _signature(key, secret, one)) for one in keys):
        return ""
    return hashlib.sha256(f"chat {secret}".encode()).hexdigest()


def _signature(key: str, secret: str, by: str) -> str:
    return hmac.digest(by.encode(), f"chat token {key} {secret}".encode(), "sha256").hex()[:32]
