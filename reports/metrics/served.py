"""How a customer was served in a window, told from what happened to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Served = Literal["none", "good", "poor", "recovered"]
SERVED: tuple[Served, ...] = ("none", "good", "poor", "recovered")


@dataclass(frozen=True, slots=True)
class Experience:
    """What a window held for one customer."""

    tickets: int = 0
    answers: int = 0
    came_back: int = 0
    missed: int = 0  # first response targets
    last_low_at: datetime | None = None  # a low score or high effort
    last_good_at: datetime | None = None
    recovered: int = 0  # recoveries closed as recovered


def served(one: Experience) -> Served:
    """No contact; poor where anything went wrong; recovered where a recovery succeeded, or a good answer came after
    the last low one; else good."""
    if not one.tickets and not one.answers:
        return "none"
    if not one.came_back and not one.missed and one.last_low_at is None:
        return "good"
    is_better = one.last_low_at is not None and one.last_good_at is not None and one.last_good_at > one.last_low_at
    return "recovered" if one.recovered or is_better else "poor"
