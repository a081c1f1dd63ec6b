"""What came in, what went out, and what is left."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reports.counting.statistics import percentile
from reports.ledger.ticket_facts import Klass, MoveKind, TicketFacts, seconds
from reports.periods import Period


def volume(tickets: Iterable[TicketFacts], period: Period | None = None) -> int:
    """Tickets that came in: bulk-closed ones are in; spam, merged, deleted and imported ones are out."""
    return sum(ticket.in_volume and (period is None or ticket.created_at in period) for ticket in tickets)


def classes(tickets: Iterable[TicketFacts]) -> Counter[Klass]:
    """How many tickets each class holds: what the other figures leave out, with counts."""
    return Counter(ticket.klass for ticket in tickets)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was unsolved at a moment, and how old it was then."""

    n: int
    age_p50_s: float | None
    age_p90_s: float | None
    oldest_age_s: int | None


def backlog(tickets: Iterable[TicketFacts], moment: datetime) -> Backlog:
    """The tickets unsolved just before a moment. For a day, pass the first instant of the next one."""
    ages = [seconds(ticket.started_at, moment) for ticket in tickets if ticket.in_backlog_at(moment)]
    return Backlog(len(ages), percentile(ages, 0.5), percentile(ages, 0.9), max(ages, default=None))


@dataclass(frozen=True, slots=True)
class Flow:
    """The backlog's movements in a period. Restored means back from spam or deletion."""

    opening: int
    created: int
    reopened: int
    restored: int
    solved: int  # bulk closing included
    bulk_closed: int
    removed: int
    closing: int

    @property
    def is_balanced(self) -> bool:
        """opening + created + reopened + restored − solved − removed = closing; a report that breaks it is wrong."""
        entered = self.opening + self.created + self.reopened + self.restored
        return entered - self.solved - self.removed == self.closing


def flow(tickets: Iterable[TicketFacts], period: Period) -> Flow:
    """What entered and left the backlog in a period; opening and closing are counted apart from the movements."""
    moves: Counter[MoveKind] = Counter()
    opening = closing = 0
    for ticket in tickets:
        opening += ticket.in_backlog_at(period.start)
        closing += ticket.in_backlog_at(period.end)
        moves.update(move.kind for move in ticket.moves if move.at in period)
    return Flow(
        opening=opening,
        created=moves["created"],
        reopened=moves["reopened"],
        restored=moves["restored"],
        solved=moves["solved"] + moves["bulk_closed"],
        bulk_closed=moves["bulk_closed"],
        removed=moves["removed"],
        closing=closing,
    )
