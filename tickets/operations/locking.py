"""Locks on things that have no row yet."""

import hashlib

from django.db import connection


def advisory_key(key: str) -> int:
    """The number of a PostgreSQL advisory lock that stands for `key`."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def hold(key: str) -> None:
    """Wait for this lock and keep it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [advisory_key(key)])
