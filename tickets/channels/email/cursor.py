"""How far we are in a folder, as pure arithmetic: which UIDs come next, and what is true once they are stored.

Everything up to `last` is stored, and so is everything from `ahead_from` to `ahead_to`. UIDs only grow and are never
given twice (RFC 3501 §2.3.1.1), so that a UID the server does not name is no mail and can be passed over.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

#: with more than this many waiting, the newest are fetched beside the oldest, so that people see live mail meanwhile
MANY = 200


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where we are."""

    last: int = 0
    ahead_from: int | None = None
    ahead_to: int | None = None

    def waiting(self, uids: Sequence[int]) -> list[int]:
        """Those of these UIDs, which are in order, that are not stored."""
        lower = bisect_right(uids, self.last)
        if self.ahead_from is None or self.ahead_to is None:
            return list(uids[lower:])
        upper = max(lower, bisect_left(uids, self.ahead_from))
        return [*uids[lower:upper], *uids[max(upper, bisect_right(uids, self.ahead_to)) :]]


@dataclass(frozen=True, slots=True)
class Portion:
    """UIDs to fetch together, in order. `from_top`: should they not all fit, the highest go first."""

    uids: list[int]
    from_top: bool = False

    def cut(self, sizes: dict[int, int], most: int) -> "Portion":
        """As many of them as fit into so many bytes; a larger mail comes alone."""
        taken: list[int] = []
        held = 0
        for uid in reversed(self.uids) if self.from_top else self.uids:
            held += sizes.get(uid, 0)
            if taken and held > most:
                break
            taken.append(uid)
        return Portion(sorted(taken), self.from_top)


def following(cursor: Cursor, waiting: Sequence[int], turn: int, at_once: int) -> Portion:
    """What to fetch next of what waits (which must not be empty).

    Few: from the oldest on. Many: what came since the newest we have, then by turns the newest and the oldest.
    """
    start, end = cursor.ahead_from, cursor.ahead_to
    fresh = [uid for uid in waiting if end is not None and uid > end]
    if fresh and len(fresh) <= MANY:
        return Portion(fresh[:at_once])
    gap = [uid for uid in waiting if start is None or uid < start] if not fresh else list(waiting)
    if turn % 2 == 0 and (start is not None or len(gap) > MANY):
        return Portion(gap[-at_once:], from_top=True)
    return Portion(gap[:at_once])


def advanced(cursor: Cursor, portion: Portion, waiting: Sequence[int]) -> Cursor:
    """Where we are once this portion of what waits is stored."""
    first, final = portion.uids[0], portion.uids[-1]
    moved = cursor
    if cursor.ahead_to is not None and first > cursor.ahead_to:
        # too many came since to wait for: the block before them is fetched again, and known again
        moved = replace(cursor, ahead_to=final, **({"ahead_from": first} if portion.from_top else {}))
    elif portion.from_top:
        moved = replace(cursor, ahead_from=first, ahead_to=cursor.ahead_to if cursor.ahead_to is not None else final)
    else:
        moved = replace(cursor, last=final)
    return joined(moved, [uid for uid in waiting if not first <= uid <= final])


def joined(cursor: Cursor, waiting: Sequence[int]) -> Cursor:
    """The same place with the block ahead reached, if nothing waits below it."""
    if cursor.ahead_from is None or cursor.ahead_to is None:
        return cursor
    if any(cursor.last < uid < cursor.ahead_from for uid in waiting):
        return cursor
    return Cursor(last=max(cursor.last, cursor.ahead_to))
