"""Where a ticket stands in an order, and what comes before and after it there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from helpdesk import clock
from tickets import hours
from tickets.hours import business
from tickets.lists import IDLE, OVER, RANKS, Order
from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Spot:
    """A ticket's place in an order: how urgent, by which moment or number, and its number."""

    rank: int
    value: Any
    number: int
    inbox: int = 0


#: where each group of inboxes that share their business hours was left; a list has one group unless hours differ
Spots = dict[int, Spot]


def beyond(order: Order, spot: Spot | None, part: Any, *, backwards: bool = False) -> Q:
    """What comes after a spot in an order, or before it. Who does not wait stands at the end."""
    if spot is None or ("priority" in part and RANKS[part["priority"]] != spot.rank):
        return Q()
    column, up = order.column, order.down == backwards
    compare = "gt" if up else "lt"
    tie = Q(**{f"number__{compare}": spot.number})
    if IDLE in part:
        return tie if spot.value is None else Q()
    if column == "number":
        return Q(**{f"number__{compare}": spot.value})
    if spot.value is None:
        idle = Q(**{f"{column}__isnull": True}) & tie
        return idle | Q(**{f"{column}__isnull": False}) if backwards else idle
    further = Q(**{f"{column}__{compare}": spot.value}) | (Q(**{column: spot.value}) & tie)
    return further if order.down or backwards else further | Q(**{f"{column}__isnull": True})


def is_passed(spot: Spot | None, part: Any, *, backwards: bool) -> bool:
    """Whether a part of a list lies before the spot with all its tickets, or after it where one goes backwards."""
    if spot is None:
        return False
    if "priority" not in part:
        return backwards and IDLE in part and spot.value is not None
    rank = RANKS[part["priority"]]
    if rank == spot.rank:
        return backwards and IDLE in part and spot.value is not None
    return rank > spot.rank if backwards else rank < spot.rank


def around_a_ticket(order: Order, ticket: Ticket, groups: dict[int, list[int]]) -> Spots:
    """Where a ticket stands in each group: for other business hours than its own, after as long a wait."""
    rank = RANKS.get(ticket.priority, 9) if order.by == "priority" else 0  # type: ignore[call-overload]
    value = None if order.is_waiting and ticket.status in OVER else getattr(ticket, order.column)
    mine = Spot(rank, value, ticket.number, ticket.inbox_id)
    if len(groups) == 1 or value is None:
        return dict.fromkeys(groups, mine)
    now = clock.now()
    own = hours.calendars_of_inboxes().get(ticket.inbox_id) or 0
    used = business(own or None).seconds_between(value, now)
    return {
        group: mine if group == own else _as_long_a_wait(mine, business(group or None), now, used) for group in groups
    }


def _as_long_a_wait(mine: Spot, calendar: Any, now: datetime, used: int) -> Spot:
    """The spot between those who have waited longer in this calendar and those who have waited less."""
    longer = hours.waiting_at_least(calendar, now, used + 1) or datetime(1, 1, 2, tzinfo=UTC)
    as_long = hours.waiting_at_least(calendar, now, used) or longer
    if mine.value < longer:
        return Spot(mine.rank, longer, 0)
    return mine if mine.value < as_long else Spot(mine.rank, as_long, 0)
