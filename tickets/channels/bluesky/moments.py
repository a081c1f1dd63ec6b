"""Moments as the network writes them, and the identifiers it makes of them."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
#: keys of our answers are moments in two years that are over
_FROM = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_SPAN = 2 * 365 * 86_400 * 1_000_000


def moment(told: Any) -> datetime:
    """The beginning of time where it is none."""
    try:
        found = datetime.fromisoformat(str(told))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def record_key(key: str) -> str:
    """The name of our answer's record: a timestamp identifier, as the lexicon wants, made of our key alone."""
    number = int.from_bytes(sha256(key.encode()).digest()[:16])
    return _written(_FROM + number % _SPAN, (number >> 100) % 1024)


def key_of(at: datetime) -> str:
    """The name a record made at this moment has."""
    return _written(int(at.timestamp() * 1_000_000), 0)


def _written(microseconds: int, clock: int) -> str:
    identifier = microseconds << 10 | clock
    return "".join(_LETTERS[identifier >> shift & 31] for shift in range(60, -1, -5))
