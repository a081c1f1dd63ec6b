"""How many tickets a view holds."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet

from helpdesk import statements
from helpdesk.models import Agent, Event
from tickets import conditions
from tickets.lists import BY_KEY, VIEWS, View
from tickets.models import Ticket
from tickets.reading.keeping import AN_AGENT
from tickets.reading.seeing import inbox_ids

#: nobody needs to know more exactly
COUNT_MOST = 500


def counts(agent: Agent, inboxes: Sequence[int] | None = None, views: Iterable[View] = VIEWS) -> dict[str, int]:
    """How many tickets each counted view holds, at most COUNT_MOST each; ours in one question, saved ones in another.

    The words of ours never change, and PostgreSQL keeps their plan; planning takes longer than counting.
    """
    ids = tuple(inboxes) if inboxes is not None else tuple(inbox_ids(agent))
    counted = [view for view in views if view.is_counted]
    if not ids or not counted:
        return {view.key: 0 for view in counted}
    ours = [view for view in counted if view.saved is None]
    found = _asked(agent, ours, [_counting(view.key, ids) for view in ours])
    saved = [view for view in counted if view.saved is not None]
    return found | _asked(agent, saved, [_counting_saved(view, agent, ids) for view in saved])


def _asked(agent: Agent, views: Sequence[View], parts: Sequence[tuple[str, Sequence[Any]]]) -> dict[str, int]:
    if not views:
        return {}
    with statements.cursor() as cursor:
        places = [agent.pk for _words, given in parts for _place in given]
        cursor.execute(f"SELECT {', '.join(words for words, _given in parts)}", places)
        return {view.key: n for view, n in zip(views, cursor.fetchone(), strict=True)}


#: a saved view whose count takes longer is dear: no page waits for it more often than that, and a page that shows a
#: number from before asks for it again after as long
DEAR = 0.0005
KEPT_SECONDS = 4
#: a dearer one is kept for longer, so that counting never takes more than a twentieth of the time
TIMES_AS_LONG = 20
#: an act is seen once its transaction ends; it began not longer than that before
SLACK = timedelta(seconds=2)


@dataclass(slots=True)
class _Known:
    """What a dear view held; of one that is cheap only that it is."""

    count: int
    at: float
    #: what counting takes, and how often that was looked at: once may be chance
    took: float
    looks: int = 1

    @property
    def is_dear(self) -> bool:
        return self.took >= DEAR

    @property
    def lasts(self) -> float:
        return max(KEPT_SECONDS, TIMES_AS_LONG * self.took)


_known: dict[Any, _Known] = {}


def counts_of_page(
    agent: Agent, inboxes: Sequence[int], views: Iterable[View], *, since: float = math.inf
) -> tuple[dict[str, int], int | None]:
    """As `counts`, with those of dear views some seconds old at most; and in how many seconds to ask again, if any are.

    Who did something themselves is told what is there now. A dear count is kept for all who see the same. One of
    `since` then is new enough: a page that asks again says when it asked before.
    """
    counted = [view for view in views if view.is_counted]
    if not inboxes or not counted:
        return {view.key: 0 for view in counted}, None
    ids, now = tuple(inboxes), time.time()
    together: list[View] = []
    alone: list[tuple[View, Any]] = []
    kept: list[tuple[View, Any, _Known]] = []
    for view in counted:
        key = _key(view, agent, ids) if view.saved is not None else None
        known = _known.get(key) if key else None
        if key is None or (known and known.looks > 1 and not known.is_dear):
            together.append(view)
        elif known and known.looks > 1 and known.at > now - known.lasts:
            kept.append((view, key, known))
        else:
            alone.append((view, key))
    if kept and _did_something(agent, since=min(known.at for _view, _key, known in kept)):
        alone += [(view, key) for view, key, _known in kept]
        kept = []
    found = _together(agent, ids, together)
    for view, key in alone:
        found[view.key] = _alone(agent, ids, view, key)
    found |= {view.key: known.count for view, _key, known in kept}
    return found, max((math.ceil(known.lasts) for _view, _key, known in kept if known.at < since), default=None)


def _together(agent: Agent, ids: tuple[int, ...], views: Sequence[View]) -> dict[str, int]:
    began = time.perf_counter()
    found = counts(agent, ids, views)
    if time.perf_counter() - began >= 10 * DEAR:  # one of them may have become dear: each is looked at anew
        for view in views:
            if view.saved is not None:
                _known.pop(_key(view, agent, ids), None)
    return found


def _alone(agent: Agent, ids: tuple[int, ...], view: View, key: Any) -> int:
    at, began = time.time(), time.perf_counter()
    count = counts(agent, ids, [view])[view.key]
    took, before = time.perf_counter() - began, _known.get(key)
    looks = before.looks + 1 if before else 1
    if before and looks == 2:
        took = min(took, before.took)  # the first time it was read from the disk
    if len(_known) > 2000:
        _known.clear()
    _known[key] = _Known(count, at, took, looks)
    return count


def _did_something(agent: Agent, since: float) -> bool:
    """Whether the agent recorded an event since then, whichever process they did it in."""
    at = datetime.fromtimestamp(since, UTC) - SLACK
    return Event.objects.filter(at__gte=at, actor_id=agent.pk).exists()


def _key(view: View, agent: Agent, inboxes: tuple[int, ...]) -> Any:
    """What decides a saved view's count: equal for everybody who sees the same, unless it speaks of who looks."""
    whose = agent.pk if conditions.is_personal(view.conditions) else None
    return repr(view.conditions), view.words, whose, agent.zone, inboxes


def forget() -> None:
    """Count anew the next time."""
    _known.clear()
    _saved_counts.clear()


@lru_cache(maxsize=512)
def _counting(key: str, inboxes: tuple[int, ...]) -> tuple[str, Sequence[Any]]:
    """The statement that counts one of ours in these inboxes: making it takes longer than answering it."""
    return _count(BY_KEY[key], Agent(pk=AN_AGENT), inboxes)


#: a saved view's statement holds moments; that it is some seconds old changes no count anybody would notice
_SAVED_SECONDS = 20
_saved_counts: dict[Any, tuple[float, tuple[str, Sequence[Any]]]] = {}


def _counting_saved(view: View, agent: Agent, inboxes: tuple[int, ...]) -> tuple[str, Sequence[Any]]:
    key = _key(view, agent, inboxes)
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
