"""Statements kept for a while: making one takes longer than answering it.

What differs from one asking to the next stands in them as nobody's number and nobody's moment.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet

from helpdesk import statements
from helpdesk.models import Agent
from tickets.lists import View
from tickets.reading.spots import Spot, Spots

#: nobody's number and nobody's moment, which stand in a statement for those of who asks; so do the next after them
A_MOMENT = datetime(1901, 1, 1, 1, 1, 1, 1, tzinfo=UTC)
AN_AGENT = -7_000_000_000_000_000_000

#: a list is asked for again and again: making the statement takes longer than answering it
_statements: dict[Any, tuple[float, tuple[str, tuple[Any, ...]]]] = {}
#: a saved view's moments may be so old in it
_STATEMENT_SECONDS = 20


def kept(
    view: View, agent: Agent, more: Any, build: Callable[[Agent], Any], known: Mapping[Any, Any]
) -> tuple[str, tuple[Any, ...]]:
    """The statement of what `build` makes for an agent, kept for a while; `known` stands in the places of its keys."""
    is_mine = (agent.pk, agent.zone) if view.saved else ()
    key = (view.key, repr(view.conditions), view.words, view.order.name, more, is_mine)
    kept = _statements.get(key)
    if kept is None or kept[0] < time.monotonic() or view.key == "where":
        found = build(agent if view.saved else Agent(pk=AN_AGENT))
        try:
            sql, given = found.query.sql_with_params() if found is not None else ("", ())
        except EmptyResultSet:
            sql, given = "", ()
        # how many are open or closed decides how they are found: such values stay in its words
        sql, given = statements.written_out(sql, given, (AN_AGENT, *known))
        if len(_statements) > 2000:
            _statements.clear()
        kept = (time.monotonic() + _STATEMENT_SECONDS, (sql, tuple(given)))
        if view.key != "where":
            _statements[key] = kept
    sql, given = kept[1]
    places = {AN_AGENT: agent.pk, **known}
    return sql, tuple(places[place] for place in given)


def nobodys(spots: Spots) -> tuple[Spots, dict[Any, Any]]:
    """Spots of no ticket to put a statement together with, and what stands in its places for these."""
    nobodys: Spots = {}
    known: dict[Any, Any] = {}
    for at, (group, spot) in enumerate(sorted(spots.items())):
        number, value = AN_AGENT + 2 * at + 1, spot.value
        known[number] = spot.number
        if isinstance(value, datetime):
            known[value := A_MOMENT + timedelta(days=at + 1)] = spot.value
        elif value is not None:
            known[value := number + 1] = spot.value
        nobodys[group] = Spot(spot.rank, value, number)
    return nobodys, known


def shape(spots: Spots) -> tuple[Any, ...]:
    """What of spots decides the words of a statement."""
    return tuple((group, spot.rank, type(spot.value)) for group, spot in sorted(spots.items()))
