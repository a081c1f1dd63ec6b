"""How many tickets a view holds."""

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet

from helpdesk import statements
from helpdesk.models import Agent
from tickets.lists import BY_KEY, VIEWS, View
from tickets.models import Ticket
from tickets.reading.keeping import AN_AGENT
from tickets.reading.seeing import inbox_ids

#: nobody needs to know more exactly
COUNT_MOST = 500


def counts(agent: Agent, inboxes: Sequence[int] | None = None, views: Iterable[View] = VIEWS) -> dict[str, int]:
    """How many tickets each counted view holds, at most COUNT_MOST each; all in one question."""
    ids = tuple(inboxes) if inboxes is not None else tuple(inbox_ids(agent))
    counted = [view for view in views if view.is_counted]
    if not ids or not counted:
        return {view.key: 0 for view in counted}
    sql: list[str] = []
    places: list[Any] = []
    for view in counted:
        part, given = _counting(view.key, ids) if view.saved is None else _counting_saved(view, agent, ids)
        sql.append(part)
        places.extend(given)
    with statements.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(sql)}", [agent.pk] * len(places))
        row = cursor.fetchone()
    return {view.key: n for view, n in zip(counted, row, strict=True)}


@lru_cache(maxsize=512)
def _counting(key: str, inboxes: tuple[int, ...]) -> tuple[str, Sequence[Any]]:
    """The statement that counts one of ours in these inboxes: making it takes longer than answering it."""
    return _count(BY_KEY[key], Agent(pk=AN_AGENT), inboxes)


#: a saved view's statement holds moments; that it is some seconds old changes no count anybody would notice
_SAVED_SECONDS = 20
_saved_counts: dict[Any, tuple[float, tuple[str, Sequence[Any]]]] = {}


def _counting_saved(view: View, agent: Agent, inboxes: tuple[int, ...]) -> tuple[str, Sequence[Any]]:
    key = (view.key, repr(view.conditions), view.words, agent.pk, agent.zone, inboxes)
    kept = _saved_counts.get(key)
    if kept is None or kept[0] < time.monotonic():
        if len(_saved_counts) > 2000:
            _saved_counts.clear()
        kept = (time.monotonic() + _SAVED_SECONDS, _count(view, agent, inboxes))
        _saved_counts[key] = kept
    return kept[1]


def _count(view: View, agent: Agent, inboxes: Sequence[int]) -> tuple[str, Sequence[Any]]:
    seen = Ticket.objects.filter(inbox_id__in=list(inboxes))
    counted = view.narrow(seen, agent).order_by().values("pk")[:COUNT_MOST]
    try:
        sql, given = counted.query.sql_with_params()
    except EmptyResultSet:  # nothing can be like that
        return "0", ()
    counting = f"(SELECT count(*) FROM ({sql}) AS capped)"  # noqa: S608 - Django's own SQL
    return statements.written_out(counting, given, (AN_AGENT,))
