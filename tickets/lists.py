"""The lists agents work through: ours, those they saved, and one narrowed in the address; each with its order.

An order is read along an index, so a list is made of parts: one an inbox, and where the order asks for it one a status
or a priority. `tickets.reading` merges the first rows of each.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Agent
from tickets import conditions, texts
from tickets.conditions import BadCondition, Condition
from tickets.models import Inbox, Priority, SavedView, Status, ViewPlace
from tickets.models.ticket import REMOVED, TicketQuerySet

Part = Mapping[str, Any]
#: marks a part in which nobody waits
IDLE = "idle"
OVER = (Status.RESOLVED, Status.CLOSED)

#: the most urgent first
RANKS = {Priority.URGENT: 0, Priority.HIGH: 1, Priority.NORMAL: 2, Priority.LOW: 3}

_EVERYTHING_LEFT = tuple(status for status in Status.values if status not in REMOVED)


@dataclass(frozen=True, slots=True)
class Order:
    """A column, then the number. `by` is what else a list must be split by to be read along an index."""

    name: str
    label: str | Promise
    column: str
    down: bool = False
    by: str = ""
    #: time counts as each inbox's own business hours
    is_waiting: bool = False

    @property
    def terms(self) -> tuple[str, str]:
        sign = "-" if self.down else ""
        return f"{sign}{self.column}", f"{sign}number"

    @property
    def reversed_terms(self) -> tuple[str, str]:
        sign = "" if self.down else "-"
        return f"{sign}{self.column}", f"{sign}number"


ORDERS: dict[str, Order] = {
    order.name: order
    for order in (
        Order("waiting", _("Longest waiting first"), "waiting_since", by="awake", is_waiting=True),
        Order("priority", _("Most urgent first"), "waiting_since", by="priority", is_waiting=True),
        Order("updated", _("Last changed first"), "updated_at", down=True, by="status"),
        Order("created", _("Newest first"), "number", down=True),
        Order("number", _("Oldest first"), "number"),
        Order("waking", _("Next to wake first"), "snoozed_until"),
    )
}
#: what a saved view may be ordered by
CHOOSABLE = ("waiting", "priority", "updated", "created", "number")


@dataclass(frozen=True, slots=True)
class View:
    """A list agents work through: its key, name, the key that jumps to it, its tickets and their order.

    `narrow` of ours may ask for the agent's id and nothing else of them: what it makes is kept for everybody.
    """

    key: str
    name: str | Promise
    hotkey: str
    narrow: Callable[[TicketQuerySet, Agent], TicketQuerySet]
    order: Order = ORDERS["waiting"]
    is_counted: bool = True
    #: further pieces of each inbox's part of the list
    parts: Sequence[Part] = ({},)
    conditions: Sequence[Condition] = ()
    #: what is searched for besides
    words: str = ""
    saved: SavedView | None = None
    group_by: str = ""
    columns: Sequence[str] = ()
    #: why nothing is shown, in words
    problem: str = ""
    #: one of ours as conditions, to narrow it further
    as_where: str = ""
    is_pinned: bool = field(default=False, compare=False)
    is_hidden: bool = field(default=False, compare=False)

    @property
    def query(self) -> dict[str, str]:
        """What stands in the address."""
        if self.key == "where":
            order = {} if self.order.name == "waiting" else {"order": self.order.name}
            words = {"words": self.words} if self.words else {}
            return {"where": conditions.written(self.conditions), **words, **order}
        return {"view": self.key}


_UPDATED = ORDERS["updated"]
VIEWS: tuple[View, ...] = (
    View(
        "mine", _("Mine"), "m", lambda tickets, agent: tickets.awake().assigned_to(agent),
        as_where="status is open; snoozed not_set; assignee is me",
    ),
    View(
        "unassigned", _("Unassigned"), "u", lambda tickets, agent: tickets.awake().unassigned(),
        as_where="status is open; snoozed not_set; assignee not_set",
    ),
    View(
        "open", _("All open"), "o", lambda tickets, agent: tickets.awake(), as_where="status is open; snoozed not_set"
    ),
    View(
        "chats", _("Chats"), "t", lambda tickets, agent: tickets.awake().filter(channel="chat"),
        as_where="status is open; snoozed not_set; channel is chat",
    ),
    View(
        "pending", _("Pending"), "p", lambda tickets, agent: tickets.filter(status=Status.PENDING), _UPDATED,
        as_where="status is pending",
    ),
    View(
        "on_hold", _("On hold"), "h", lambda tickets, agent: tickets.filter(status=Status.ON_HOLD), _UPDATED,
        as_where="status is on_hold",
    ),
    View(
        "snoozed", _("Snoozed"), "s",
        lambda tickets, agent: tickets.filter(snoozed_until__isnull=False), ORDERS["waking"], as_where="snoozed set",
    ),
    View(
        "resolved", _("Resolved"), "r", lambda tickets, agent: tickets.filter(status=Status.RESOLVED), _UPDATED,
        is_counted=False, as_where="status is resolved",
    ),
    View(
        "undelivered", _("Not delivered"), "d",
        lambda tickets, agent: tickets.filter(has_undelivered=True).exclude(status__in=[Status.CLOSED, *REMOVED]),
        _UPDATED,
        as_where="has is undelivered; status is_not closed",
    ),
    View(
        "low", _("Low scores"), "l",
        lambda tickets, agent: tickets.filter(low_score__isnull=False).exclude(status__in=REMOVED), _UPDATED,
        as_where="has is low_score",
    ),
    View(
        "spam", _("Spam"), "", lambda tickets, agent: tickets.filter(status=Status.SPAM), _UPDATED,
        is_counted=False, as_where="status is spam",
    ),
    View(
        "trash", _("Trash"), "", lambda tickets, agent: tickets.filter(status=Status.TRASH), _UPDATED,
        is_counted=False, as_where="status is trash",
    ),
)  # fmt: skip
BY_KEY = {view.key: view for view in VIEWS}
DEFAULT = "open"


def of_saved(saved: SavedView, **more: Any) -> View:
    """A saved view as a list."""
    return _of_conditions(
        str(saved.pk), saved.name, saved.conditions, saved.order, saved=saved, group_by=saved.group_by,
        columns=saved.columns, words=saved.query, **more,
    )  # fmt: skip


def of_where(line: str, order: str = "waiting", words: str = "") -> View:
    """A list narrowed in the address. One that cannot be read is empty, and says why."""
    name = _("Filtered")
    try:
        return _of_conditions("where", name, conditions.read(line), order, words=texts.line(words, 300))
    except BadCondition as why:
        return View("where", name, "", lambda tickets, agent: tickets.none(), problem=str(why))


def of_conditions(wanted: Sequence[Condition], order: str = "number") -> View:
    """A list of cleaned conditions."""
    return _of_conditions("where", _("Filtered"), wanted, order)


def column(agent: Agent, *, with_hidden: bool = False) -> list[View]:
    """The agent's views as they arranged them: pinned ones, ours, then saved ones."""
    places = {place.view: place for place in ViewPlace.objects.filter(agent=agent)}
    saved = SavedView.objects.visible_to(agent).order_by("position", "pk").distinct()
    views: list[View] = []
    has_chats = Inbox.objects.visible_to(agent).filter(channel="chat").exists()
    ours = [view for view in VIEWS if has_chats or view.key != "chats"]
    for view in [*ours, *(of_saved(one) for one in saved)]:
        place = places.get(view.key)
        if place and (place.is_pinned or place.is_hidden):
            view = _placed(view, place)
        if with_hidden or not view.is_hidden:
            views.append(view)
    at = {view.key: index for index, view in enumerate(views)}
    return sorted(
        views,
        key=lambda view: (
            not view.is_pinned,
            places[view.key].position if view.key in places else 1000,
            at[view.key],
        ),
    )


#: an agent's views, and when they were looked up; somebody else's new one may come some seconds late
_kept: dict[int, tuple[float, list[View]]] = {}
KEPT_SECONDS = 5


def kept_column(agent: Agent, *, since: float = 0.0) -> list[View]:
    """As `column` with what is hidden, some seconds old at most and never older than `since`."""
    kept = _kept.get(agent.pk)
    if kept is None or kept[0] <= max(since, time.time() - KEPT_SECONDS):
        if len(_kept) > 1000:
            _kept.clear()
        kept = (time.time(), column(agent, with_hidden=True))
        _kept[agent.pk] = kept
    return kept[1]


def forget() -> None:
    """Look anew the next time."""
    _kept.clear()


def _placed(view: View, place: ViewPlace) -> View:
    return replace(view, is_pinned=place.is_pinned, is_hidden=place.is_hidden)


def _of_conditions(key: str, name: str | Promise, wanted: Sequence[Condition], order: str, **more: Any) -> View:
    kept = ORDERS[order] if order in CHOOSABLE else ORDERS["waiting"]
    words = more.get("words", "")

    def narrow(tickets: TicketQuerySet, agent: Agent) -> TicketQuerySet:
        from tickets import search_terms  # which shows what it finds as a list does

        found = conditions.narrow(tickets, wanted, agent)
        return found.filter(search_terms.of_words(words)) if words else found

    return View(
        key, name, "", narrow, kept,
        parts=_parts(kept, wanted), conditions=wanted, **more,
    )  # fmt: skip


def _parts(order: Order, wanted: Sequence[Condition]) -> Sequence[Part]:
    """The pieces that each have an index in this order."""
    statuses = _statuses(wanted)
    if order.by == "status":
        return [{"status": status} for status in statuses]
    awake: list[Part] = []
    if Status.OPEN in statuses:
        # what is awake has an index of its own, what sleeps is little
        awake.append({"status": Status.OPEN, "snoozed_until__isnull": True})
        if not any(one["field"] == "snoozed" and one["is"] == "not_set" for one in wanted):
            awake.append({"status": Status.OPEN, "snoozed_until__isnull": False})
    if others := [status for status in statuses if status in (Status.PENDING, Status.ON_HOLD)]:
        awake.append({"status__in": others})
    # nobody waits there, so these are read by their numbers
    if over := [status for status in statuses if status in OVER or status in REMOVED]:
        awake.append({"status__in": over, IDLE: True})
    if order.by == "awake":
        return awake
    if order.by == "priority":
        return [{**part, "priority": priority} for priority in _priorities(wanted) for part in awake]
    return ({},)


def _statuses(wanted: Sequence[Condition]) -> list[str]:
    """The statuses conditions let through."""
    left = list(_EVERYTHING_LEFT)
    for one in wanted:
        if one["field"] == "status":
            named = one["value"] if isinstance(one["value"], list) else [one["value"]]
            if one["is"] in ("is", "any_of"):
                left = [status for status in Status.values if status in named and (status in left or status in REMOVED)]
            else:
                left = [status for status in left if status not in named]
    return left


def _priorities(wanted: Sequence[Condition]) -> list[str]:
    left = list(RANKS)
    for one in wanted:
        if one["field"] == "priority":
            named = one["value"] if isinstance(one["value"], list) else [one["value"]]
            is_in = one["is"] in ("is", "any_of")
            left = [priority for priority in left if (priority in named) == is_in]
    return [str(priority) for priority in left]
