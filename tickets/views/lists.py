"""What the views column and the list show, and which list a request is about."""

import math
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import get_script_prefix, reverse

from helpdesk.models import Agent
from helpdesk.pages import agent_of
from tickets import conditions, grouping, lists, looks, reading, texts, watching
from tickets.lists import View
from tickets.operations import viewing

#: nobody has that many views worth counting on every page
MOST_COUNTED = 40


def views_of(request: HttpRequest) -> list[View]:
    """The agent's views, looked up once a request; hidden ones too."""
    found: list[View] | None = getattr(request, "_views_of", None)
    if found is None:
        since = request.session.get("views_changed_at", 0.0)
        found = lists.kept_column(agent_of(request), since=since)
        request._views_of = found  # type: ignore[attr-defined]
    return found


def changed_views(request: HttpRequest) -> None:
    """The agent changed their views: what any process keeps of them is too old from now on."""
    request.session["views_changed_at"] = time.time()
    lists.forget()


def view_of(request: HttpRequest, *, strict: bool = False) -> View:
    """The list the agent works through: in the address, else the one last used since signing in.

    With `strict`, a saved view that is not theirs to see is not found; else the default one stands in for it.
    """
    known = {view.key: view for view in views_of(request)}
    asked = {name: request.GET[name] for name in ("where", "order", "view", "words") if name in request.GET}
    kept = request.session.get("list") or {}
    told = asked if asked.keys() & {"where", "view"} else kept
    if "where" in told:
        view = lists.of_where(str(told["where"]), str(told.get("order", "")), str(told.get("words", "")))
    else:
        key = str(told.get("view", lists.DEFAULT))
        if key not in known and asked:
            lists.forget()  # a colleague may have made it this second
            request._views_of = None  # type: ignore[attr-defined]
            known = {view.key: view for view in views_of(request)}
        if strict and key not in known and asked and key.isascii() and key.isdigit():
            raise Http404
        view = known.get(key, lists.BY_KEY[lists.DEFAULT])
    if not view.problem and kept != view.query:
        request.session["list"] = view.query
    return view


def address_of(view: View, **more: str) -> str:
    """Where a list is."""
    return _address(tuple({**view.query, **more}.items()), get_script_prefix())


@lru_cache(maxsize=2000)
def _address(asked: tuple[tuple[str, str], ...], _prefix: str) -> str:
    return f"{reverse('queue')}?{urlencode(asked)}"


def queue_context(request: HttpRequest, view: View, *, is_beside: bool = False, part: str = "") -> dict[str, Any]:
    """The views column and the list: its first rows where it `is_beside` a ticket, and the rest of them when asked.

    A page that is open asks for a `part` whenever something changed anywhere: it costs no more than it shows.
    """
    agent: Agent = agent_of(request)
    inboxes = reading.inbox_ids(agent)
    shown = [one for one in views_of(request) if not one.is_hidden or one.key == view.key][:MOST_COUNTED]
    wanted = [] if part == "rows" else [one for one in shown if part != "list" or one.key == view.key]
    asked_at = texts.number(request.GET.get("counted_since", ""))
    counted, again = reading.counts_of_page(
        agent, inboxes, wanted, since=asked_at / 1000 if asked_at is not None else math.inf
    )
    context = {
        "view": view,
        "inboxes": inboxes,
        "views": [_item(one, view, counted) for one in wanted],
        "counts_again": again,
        "asked_at": int(time.time() * 1000),
        "narrow_url": _narrow_url(view),
        "rail_current": "queue",
    }
    return context if part == "views" else context | _list(request, view, counted, inboxes, is_beside=is_beside)


def _list(
    request: HttpRequest, view: View, counted: dict[str, int], inboxes: Sequence[int], *, is_beside: bool
) -> dict[str, Any]:
    agent = agent_of(request)
    after = "" if is_beside else request.GET.get("after", "")
    limit = reading.PAGE - reading.BESIDE if after and "rest" in request.GET else reading.PAGE
    cut = reading.BESIDE if is_beside else None
    found, arrived = reading.opening(view, agent, after=after, limit=limit, cut=cut, inboxes=inboxes)
    return {
        "tickets": found.tickets,
        "arrivals": arrived,
        "list_url": address_of(view),
        "next_url": address_of(view, after=found.after) if found.after else "",
        "is_cut": is_beside,
        "conditions": [
            *([f"“{view.words}”"] if view.words else []),
            *(conditions.describe(one, agent) for one in view.conditions),
        ],
        "change_url": _change_url(view, agent),
        **_looks(view, agent, found.tickets),
        "list_query": urlencode(view.query),
        "view_count": counted.get(view.key),
        "view_is_capped": counted.get(view.key) == reading.COUNT_MOST,
        "bulk_agents": watching.workers(),
        "bulk_teams": watching.teams(),
        "waiting_mail": watching.waiting_for(agent, inboxes),
    }


class Item(NamedTuple):
    """A view in its column; equal ones look the same."""

    key: str
    name: str
    hotkey: str
    held: int | None
    is_capped: bool
    url: str
    current: bool
    is_pinned: bool
    icon: str


def _item(one: View, current: View, counted: dict[str, int]) -> Item:
    count = counted.get(one.key)
    return Item(
        one.key, str(one.name), one.hotkey, count, count == reading.COUNT_MOST, address_of(one),
        one.key == current.key, one.is_pinned, f"saved_{one.saved.scope}" if one.saved else one.key,
    )  # fmt: skip


def _looks(view: View, agent: Agent, tickets: Sequence[Any]) -> dict[str, Any]:
    """Density, columns and groups: the view's own, else what the agent prefers."""
    columns = looks.columns_of(view, agent)
    group_by = view.group_by or looks.of(agent).group_by
    return {
        "columns": columns,
        "groups": grouping.groups(tickets, group_by, view.order),
        "looks": looks.of(agent),
    }


def _narrow_url(view: View) -> str:
    """Where the list is narrowed further, and saved."""
    where = conditions.written(view.conditions) or view.as_where
    order = view.order.name if view.order.name in lists.CHOOSABLE else "waiting"
    words = {"words": view.words} if view.words else {}
    return f"{reverse('view_new')}?{urlencode({'where': where, 'order': order, **words})}"


def _change_url(view: View, agent: Agent) -> str:
    return reverse("view", args=[view.saved.pk]) if view.saved and viewing.may_change(view.saved, agent) else ""
