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
from tickets.lists import IDLE, RANKS, Order, Part, View
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
    """The first `limit` rows after the spots, or before them; in one question, unless there is a second to ask."""
    is_ranked = view.order.by == "priority"
    rows = _rows(view, agent, groups, spots, limit, backwards=backwards)
    spots_found = [
        Spot(RANKS.get(row[3], 9) if is_ranked else 0, row[2] if len(row) > 2 else row[0], row[0], row[1])
        for row in rows
    ]
    if not is_ranked and len(groups) == 1:
        if len(_stages(view.parts, backwards=backwards)) > 1:
            spots_found.sort(key=_in_group)
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
    rows: list[Any] = []
    sure, stages = 0, _stages(view.parts, backwards=backwards)
    for parts in stages:
        if stages[1:] and sure >= limit:
            break
        found = _asked(view, parts, agent, groups, spots, limit, backwards=backwards)
        rows += found
        if stages[1:]:
            # an open ticket on which nobody waits stands among those that are over: it is not sure to come first
            sure = len(rows) if IDLE in parts[0] else sure + sum(row[2] is not None for row in found)
    return rows


def _stages(parts: Sequence[Part], *, backwards: bool) -> Sequence[Sequence[Part]]:
    """Parts that are asked for together; what comes next is asked only where a page is not full.

    What is over is most of all there is, and stands after what waits: of an index of the open ones, a page of what
    hardly any ticket has is found in no time, and would take a walk through all the others.
    """
    if backwards or not any(IDLE in part for part in parts):
        return [parts] if parts else []
    stages: dict[tuple[str, bool], list[Part]] = defaultdict(list)
    for part in parts:
        stages[part.get("priority", ""), IDLE in part].append(part)
    return list(stages.values())


def _asked(
    view: View, parts: Sequence[Part], agent: Agent, groups: dict[int, list[int]], spots: Spots, limit: int, *,
    backwards: bool,
) -> Sequence[Any]:  # fmt: skip
    if view.key == "where":
        found = _united(view, parts, agent, groups, spots, limit, backwards=backwards)
        try:
            return list(found) if found is not None else []
        except EmptyResultSet:
            return []
    nobodys, known = keeping.nobodys(spots)
    more = (_written_groups(groups), tuple(map(_said, parts)), limit, backwards, keeping.shape(nobodys))
    sql, given = keeping.kept(
        view, agent, more, lambda whose: _united(view, parts, whose, groups, nobodys, limit, backwards=backwards), known
    )
    if not sql:
        return []
    with statements.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()


def _said(part: Part) -> str:
    return repr(sorted(part.items()))


def _written_groups(groups: dict[int, list[int]]) -> tuple[Any, ...]:
    return tuple((group, tuple(members)) for group, members in groups.items())


def _united(
    view: View, parts: Sequence[Part], agent: Agent, groups: dict[int, list[int]], spots: Spots, limit: int, *,
    backwards: bool,
) -> Any:  # fmt: skip
    """The first rows of each of these parts of a list, in one question; None where there is nothing to ask."""
    order = view.order
    terms: tuple[str, ...] = order.reversed_terms if backwards else order.terms
    is_ranked = order.by == "priority"
    pieces = [
        _piece(view, agent, inbox, part, spots.get(group), limit, backwards=backwards)
        for group, members in groups.items()
        for part in parts
        for inbox in _each(members, len(parts))
        if not is_passed(spots.get(group), part, backwards=backwards)
    ]
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    found = pieces[0].union(*pieces[1:], all=True)
    if all(IDLE in part for part in parts):
        terms = terms[1:]  # nobody waits in any of them: their numbers alone are in order
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
