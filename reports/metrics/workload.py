"""How busy a team was. Only ever for a team: never to rank people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reports.counting.statistics import share
from reports.ledger.ticket_facts import seconds

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Overlapping chats count once; concurrency says how much they overlapped."""

    handling_union_s: int
    handling_sum_s: int
    available_s: int  # available, handling included
    paid_s: int

    @property
    def occupancy(self) -> float | None:
        """Handling among handling and available waiting."""
        return share(self.handling_union_s, self.available_s)

    @property
    def utilisation(self) -> float | None:
        """Handling among paid time."""
        return share(self.handling_union_s, self.paid_s)

    @property
    def availability(self) -> float | None:
        """Handling and available waiting among paid time."""
        return share(self.available_s, self.paid_s)

    @property
    def concurrency(self) -> float | None:
        return share(self.handling_sum_s, self.handling_union_s)


def occupancy(handling: Iterable[Stretch], available: Iterable[Stretch], paid: Iterable[Stretch]) -> Occupancy:
    """Occupancy, utilisation, availability and concurrency of one agent's day, or of several added up."""
    handling = list(handling)
    return Occupancy(
        handling_union_s=_union(handling),
        handling_sum_s=sum(seconds(start, end) for start, end in handling),
        available_s=_union([*available, *handling]),
        paid_s=_union(paid),
    )


def _union(stretches: Iterable[Stretch]) -> int:
    total = 0
    reached: datetime | None = None
    for start, end in sorted(stretches):
        if reached is None or start > reached:
            reached = start
        if end > reached:
            total += seconds(reached, end)
            reached = end
    return total
