"""A page of a list, and what stands before and after a ticket in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from helpdesk import clock, statements
from helpdesk.models import Agent
from tickets.lists import View
from tickets.models import Ticket
from tickets.reading import cursors, keeping, spots, walking
from tickets.reading.dressing import dress
from tickets.reading.seeing import inbox_ids

PAGE = 50
#: so many rows of a page come with a ticket, as hardly more fit beside it; the others once they are in sight
BESIDE = 25
#: what came in so lately is in sight, wherever in the list it stands
JUST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets of a list, and where the next ones begin ("" at the end)."""

    tickets: Sequence[Ticket]
    after: str


def page(view: View, agent: Agent, *, after: str = "", limit: int = PAGE, inboxes: Sequence[int] | None = None) -> Page:
    """The next `limit` tickets of a view after a cursor. A cursor somebody made up starts at the beginning."""
    numbers, cursor = numbers_of(view, agent, after=after, limit=limit, inboxes=inboxes)
    return Page(dress(numbers, agent), cursor)


def numbers_of(
    view: View,
    agent: Agent,
    *,
    after: str = "",
    limit: int = PAGE,
    inboxes: Sequence[int] | None = None,
    cut: int | None = None,
) -> tuple[list[int], str]:
    """As `page`, the numbers alone. With `cut`, the cursor stands after the first so many of them."""
    ids = list(inboxes) if inboxes is not None else inbox_ids(agent)
    if not ids or view.problem:
        return [], ""
    groups = walking.groups_of(view.order, ids)
    left = cursors.read(after)
    rows = walking.first(view, agent, groups, left, limit + 1)
    shown = rows[: limit if cut is None else cut]
    numbers = [row.number for row in rows[:limit]]
    if len(rows) == len(shown):
        return numbers, ""
    group_of = {inbox: group for group, members in groups.items() for inbox in members}
    left |= {group_of.get(row.inbox, 0): row for row in shown}
    return numbers, cursors.written(left)


def around(view: View, agent: Agent, ticket: Ticket) -> tuple[int | None, int | None]:
    """The numbers of the tickets before and after this one in the view's order, whether or not it is in it still."""
    ids = inbox_ids(agent)
    if not ids or view.problem:
        return None, None
    groups = walking.groups_of(view.order, ids)
    at = spots.around_a_ticket(view.order, ticket, groups)
    before = walking.first(view, agent, groups, at, 2, backwards=True)
    after = walking.first(view, agent, groups, at, 2)
    return tuple(  # type: ignore[return-value]
        next((row.number for row in rows if row.number != ticket.number), None) for rows in (before, after)
    )


def next_up(view: View, agent: Agent, ticket: Ticket) -> int | None:
    """The number of the first ticket of the view that is not this one: who has waited longest, after an act."""
    numbers, _after = numbers_of(view, agent, limit=2)
    return next((number for number in numbers if number != ticket.number), None)


def opening(
    view: View, agent: Agent, *, after: str = "", limit: int = PAGE, cut: int | None = None, inboxes: Sequence[int]
) -> tuple[Page, Sequence[Ticket]]:
    """A page of a list, or with `cut` its first rows, and what just arrived further down, dressed together."""
    numbers, cursor = numbers_of(view, agent, after=after, limit=limit, inboxes=inboxes, cut=cut)
    latest = [] if after else _arrived(view, agent, numbers, inboxes)
    dressed = dress([*numbers[:cut], *latest], agent)
    fresh = set(latest)
    page_ = Page([row for row in dressed if row.number not in fresh], cursor)
    return page_, [row for row in dressed if row.number in fresh]


def _arrived(view: View, agent: Agent, shown: Sequence[int], inboxes: Sequence[int]) -> list[int]:
    """What came into a view in the last minutes and stands further down: the latest first, at most five.

    The queue begins with who has waited longest; without this, a new mail would arrive out of sight.
    """
    if not view.order.is_waiting or len(shown) < PAGE:
        return []

    def latest(whose: Agent) -> Any:
        # whoever writes is awake: without this word a view of all statuses would look at every ticket there is
        awake = Ticket.objects.awake().filter(inbox_id__in=inboxes, waiting_since__gte=keeping.A_MOMENT)
        fresh = view.narrow(awake, whose)
        return fresh.order_by("-waiting_since", "-number").values_list("number", flat=True)[: PAGE + 5]

    sql, given = keeping.kept(view, agent, ("arrived", tuple(inboxes)), latest, {keeping.A_MOMENT: clock.now() - JUST})
    if not sql:
        return []
    with statements.cursor() as cursor:
        cursor.execute(sql, given)
        known = set(shown)
        return [number for (number,) in cursor.fetchall() if number not in known][:5]
