"""A little work asked of browsers while an inbox is flooded: find a number whose hash begins with so many zero bits.

The task is signed and names its end, so that nothing is kept of it but that it was used.
"""

import hashlib
import hmac
import re
import secrets
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache

BITS = 15
SECONDS = 300
_TASK = re.compile(r"([0-9a-f]{24})\.(\d{1,12})\.(\d{1,2})\.([0-9a-f]{32})\Z")


def task(key: str) -> dict[str, Any]:
    """A task for who wants to begin a chat in this widget."""
    body = f"{secrets.token_hex(12)}.{int(time.time()) + SECONDS}.{BITS}"
    return {"task": f"{body}.{_signature(key, body)}", "bits": BITS}


def is_done(key: str, given: object) -> bool:
    """Whether somebody solved a task of ours in time, for the first time."""
    if not isinstance(given, dict) or not isinstance(given.get("task"), str) or not isinstance(given.get("n"), int):
        return False
    found = _TASK.match(given["task"])
    if found is None:
        return False
    body = given["task"].rpartition(".")[0]
    if not hmac.compare_digest(_signature(key, body), found[4]) or int(found[2]) < time.time():
        return False
    hashed = hashlib.sha256(f"{given['task']}:{given['n']}".encode()).digest()
    if int.from_bytes(hashed[:8], "big") >> (64 - int(found[3])):
        return False
    return bool(cache.add(f"chat-work:{found[1]}", 1, SECONDS))


def _signature(key: str, body: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), f"chat work {key} {body}".encode(), "sha256").hex()[:32]
