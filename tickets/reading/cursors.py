"""Cursors: where a list goes on, kept by whoever reads it."""

import json
from datetime import datetime

from django.core import signing

from tickets.reading.spots import Spot, Spots


def written(spots: Spots) -> str:
    """A cursor for where a list was left, signed by us."""
    kept = [
        [group, spot.rank, spot.value.isoformat() if isinstance(spot.value, datetime) else spot.value, spot.number]
        for group, spot in spots.items()
    ]
    return signing.dumps(kept, salt="list", compress=False)


def is_cursor(text: str) -> bool:
    """Whether we made it: pages begin anew with one they cannot read, programs are told."""
    return bool(read(text))


def read(text: str) -> Spots:
    """Where a list goes on; at its beginning for what is no cursor of ours."""
    if not text:
        return {}
    try:
        return {
            int(group): Spot(int(rank), datetime.fromisoformat(value) if isinstance(value, str) else value, int(number))
            for group, rank, value, number in signing.loads(text, salt="list")
        }
    except (signing.BadSignature, ValueError, TypeError, json.JSONDecodeError):
        return {}
