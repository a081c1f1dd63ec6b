"""The rows of a list: each of its parts along an index in the list's own order, and the few found merged."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import DateTimeField, Value

from helpdesk import clock, statements
from helpdesk.models import Agent
from tickets import hours
from tickets.hours import business
from tickets.lists import IDLE, RANKS, Order, View
from tickets.models import Ticket
from tickets.reading import keeping
from tickets.reading.spots import Spot, Spots, beyond, is_passed

#: beyond that many parts a merge costs more than it saves
MOST_PARTS = 80


def groups_of(order: Order, inboxes: Sequence[int]) -> dict[int, list[int]]:
    """Inboxes by the business hours they keep; all in one where the order knows no hours, or they are the same."""
    if not order.is_waiting:
        return {0: list(inboxes)}
    calendars = hours.calendars_of_inboxes()
    groups: dict[int, list[int]] = defaultdict(list)
    for inbox in inboxes:
        groups[calendars.get(inbox) or 0].append(inbox)
    return groups if len(groups) > 1 else {0: list(inboxes)}


def first(
    view: View, agent: Agent, groups: dict[int, list[int]], spots: Spots, limit: int, *, backwards: bool = False
) -> list[Spot]:
    """The first `limit` rows after the spots, or before them, in one question."""
    is_ranked = view.order.by == "priority"
    rows = _rows(view, agent, groups, spots, limit, backwards=backwards)
    spots_found = [
        Spot(RANKS.get(row[3], 9) if is_ranked else 0, row[2] if len(row) > 2 else row[0], row[0], row[1])
        for row in rows
    ]
    if not is_ranked and len(groups) == 1:
        return spots_found[:limit]
    # within a group all keep the same hours, so hours are counted only of those that come out in front
    sorted_groups = [
        sorted((spot for spot in spots_found if spot.inbox in members), key=_in_group, reverse=backwards)
        for members in groups.values()
    ]
    return list(islice(merge(*sorted_groups, key=_merging(groups, clock.now()), reverse=backwards), limit))


def _in_group(row: Spot) -> tuple[Any, ...]:
    """What `_merging` sorts by, among rows that keep the same hours."""
    return (row.rank, row.value is None, 0 if row.value is None else row.value, row.number)


def _rows(
    view: View, agent: Agent, groups: dict[int, list[int]], spots: Spots, limit: int, *, backwards: bool
) -> list[Any]:
    """Number, inbox, the column of the order, and the priority where it is ordered by."""
    if view.key == "where":
        found = _united(view, agent, groups, spots, limit, backwards=backwards)
        try:
            return list(found) if found is not None else []
        except EmptyResultSet:
            return []
    nobodys, known = keeping.nobodys(spots)
    sql, given = keeping.kept(
        view, agent, (_written_groups(groups), limit, backwards, keeping.shape(nobodys)),
        lambda whose: _united(view, whose, groups, nobodys, limit, backwards=backwards), known,
    )  # fmt: skip
    if not sql:
        return []
    with statements.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()


def _written_groups(groups: dict[int, list[int]]) -> tuple[Any, ...]:
    return tuple((group, tuple(members)) for group, members in groups.items())


def _united(
    view: View, agent: Agent, groups: dict[int, list[int]], spots: Spots, limit: int, *, backwards: bool
) -> Any:
    """The first rows of each part of a list, in one question; None where there is nothing to ask."""
    order = view.order
    terms = order.reversed_terms if backwards else order.terms
    is_ranked = order.by == "priority"
    parts = [
        _piece(view, agent, inbox, part, spots.get(group), limit, backwards=backwards)
        for group, members in groups.items()
        for part in view.parts
        for inbox in _each(members, len(view.parts))
        if not is_passed(spots.get(group), part, backwards=backwards)
    ]
    if len(parts) < 2:
        return parts[0] if parts else None
    found = parts[0].union(*parts[1:], all=True)
    return found if is_ranked or len(groups) > 1 else found.order_by(*terms)[:limit]


def _piece(view: View, agent: Agent, inbox: Any, part: Any, spot: Spot | None, limit: int, *, backwards: bool) -> Any:
    """The first rows of one part, along its index."""
    order = view.order
    columns = ["number", "inbox_id", *({order.column} - {"number"}), *(["priority"] if order.by == "priority" else [])]
    terms: tuple[str, ...] = order.reversed_terms if backwards else order.terms
    where = {name: value for name, value in part.items() if name != IDLE}
    found = view.narrow(Ticket.objects.filter(**inbox, **where), agent)
    found = found.filter(beyond(order, spot, part, backwards=backwards))
    if IDLE in part:
        columns[2], terms = "nobody_waits", terms[1:]
        found = found.annotate(nobody_waits=Value(None, DateTimeField()))
    return found.order_by(*terms).values_list(*columns)[:limit]


def _each(members: Sequence[int], pieces: int) -> Iterable[dict[str, Any]]:
    """An inbox at a time, which an index begins with; all at once where that would be too many."""
    if len(members) * pieces > MOST_PARTS:
        return [{"inbox_id__in": list(members)}]
    return [{"inbox_id": inbox} for inbox in members]


def _merging(groups: dict[int, list[int]], now: datetime) -> Any:
    """What rows of several parts are sorted by: who has waited most business hours comes first, idle ones last."""
    calendars = {inbox: business(group or None) for group, members in groups.items() for inbox in members}
    differ = len(groups) > 1

    def key(row: Spot) -> tuple[Any, ...]:
        if row.value is None:
            return (row.rank, 1, 0, now, row.number)
        used = calendars[row.inbox].seconds_between(row.value, now) if differ else 0
        return (row.rank, 0, -used, row.value, row.number)

    return key
