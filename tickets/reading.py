"""The queries behind lists, shared by page and API. A list costs the same at a thousand and at a million tickets.

Each list is read an inbox at a time along an index in its own order, and the few rows found are merged; nothing counts
or sorts a table. Counts stop at COUNT_MOST.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any, cast

from django.core import signing
from django.core.exceptions import EmptyResultSet
from django.db.models import DateTimeField, Q, Value, prefetch_related_objects

from helpdesk import clock, prepared, statements
from helpdesk.models import Agent, Role, Team
from helpdesk.prepared import Prepared, Statement
from tickets import hours, registry
from tickets.hours import business
from tickets.lists import BY_KEY as BY_KEY
from tickets.lists import DEFAULT as DEFAULT
from tickets.lists import IDLE, OVER, RANKS, VIEWS, Order, View
from tickets.models import Customer, Inbox, Organisation, ReadMark, Ticket

PAGE = 50
#: so many rows of a page come with a ticket, as hardly more fit beside it; the others once they are in sight
BESIDE = 25
JUST = timedelta(minutes=10)
COUNT_MOST = 500
#: how many other tickets of a customer a page looks at
OTHERS = 20
#: beyond that many parts a merge costs more than it saves
MOST_PARTS = 80


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets of a list, and where the next ones begin ("" at the end)."""

    tickets: Sequence[Ticket]
    after: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A ticket's place in an order: how urgent, by which moment or number, and its number."""

    rank: int
    value: Any
    number: int
    inbox: int = 0


#: where each group of inboxes that share their business hours was left; a list has one group unless hours differ
Spots = dict[int, Spot]


def inbox_ids(agent: Agent) -> list[int]:
    """The inboxes an agent sees."""
    if not _is_usual(agent):
        return list(Inbox.objects.visible_to(agent).order_by("pk").values_list("pk", flat=True))
    return [pk for (pk,) in (_all_inboxes.rows() if agent.is_admin else _inboxes_seen.rows(agent.pk))]


def _is_usual(agent: Agent) -> bool:
    """Whether what they may see is said in the same words as for everybody: `visible_to`, put together once."""
    return agent.is_active and agent.limited_to is None


def _somebody(pk: int) -> Agent:
    """Anybody who is no admin, as `visible_to` takes them."""
    return Agent(pk=pk, role=Role.AGENT)


_all_inboxes = Statement(lambda place: Inbox.objects.order_by("pk").values_list("pk"))
_inboxes_seen = Statement(
    lambda place: Inbox.objects.visible_to(_somebody(place(int))).order_by("pk").values_list("pk")
)  # fmt: skip
_ticket_seen = Statement(
    lambda place: Ticket.objects.visible_to(_somebody(place(int))).filter(pk=place(int)).order_by().values("pk")
)
_any_ticket = Statement(lambda place: Ticket.objects.filter(pk=place(int)).order_by().values("pk"))


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
    groups = _groups(view.order, ids)
    spots = _cursor(after)
    rows = _first(view, agent, groups, spots, limit + 1)
    shown = rows[: limit if cut is None else cut]
    numbers = [row.number for row in rows[:limit]]
    if len(rows) == len(shown):
        return numbers, ""
    group_of = {inbox: group for group, members in groups.items() for inbox in members}
    left = {**spots, **{group_of.get(row.inbox, 0): row for row in shown}}
    return numbers, _written(left)


def around(view: View, agent: Agent, ticket: Ticket) -> tuple[int | None, int | None]:
    """The numbers of the tickets before and after this one in the view's order, whether or not it is in it still."""
    ids = inbox_ids(agent)
    if not ids or view.problem:
        return None, None
    groups = _groups(view.order, ids)
    spots = _spots_around(view.order, ticket, groups)
    before = _first(view, agent, groups, spots, 2, backwards=True)
    after = _first(view, agent, groups, spots, 2)
    return tuple(  # type: ignore[return-value]
        next((row.number for row in rows if row.number != ticket.number), None) for rows in (before, after)
    )


def next_up(view: View, agent: Agent, ticket: Ticket) -> int | None:
    """The number of the first ticket of the view that is not this one: who has waited longest, after an act."""
    numbers, _after = numbers_of(view, agent, limit=2)
    return next((number for number in numbers if number != ticket.number), None)


def _groups(order: Order, inboxes: Sequence[int]) -> dict[int, list[int]]:
    """Inboxes by the business hours they keep; all in one where the order knows no hours, or they are the same."""
    if not order.is_waiting:
        return {0: list(inboxes)}
    calendars = hours.calendars_of_inboxes()
    groups: dict[int, list[int]] = defaultdict(list)
    for inbox in inboxes:
        groups[calendars.get(inbox) or 0].append(inbox)
    return groups if len(groups) > 1 else {0: list(inboxes)}


def _first(
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
    nobodys, known = _nobodys(spots)
    sql, given = _kept(
        view, agent, (_written_groups(groups), limit, backwards, _shape(nobodys)),
        lambda whose: _united(view, whose, groups, nobodys, limit, backwards=backwards), known,
    )  # fmt: skip
    if not sql:
        return []
    with statements.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()


def _nobodys(spots: Spots) -> tuple[Spots, dict[Any, Any]]:
    """Spots of no ticket to put a statement together with, and what stands in its places for these."""
    nobodys: Spots = {}
    known: dict[Any, Any] = {}
    for at, (group, spot) in enumerate(sorted(spots.items())):
        number, value = _AN_AGENT + 2 * at + 1, spot.value
        known[number] = spot.number
        if isinstance(value, datetime):
            known[value := _A_MOMENT + timedelta(days=at + 1)] = spot.value
        elif value is not None:
            known[value := number + 1] = spot.value
        nobodys[group] = Spot(spot.rank, value, number)
    return nobodys, known


def _shape(spots: Spots) -> tuple[Any, ...]:
    """What of spots decides the words of a statement."""
    return tuple((group, spot.rank, type(spot.value)) for group, spot in sorted(spots.items()))


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
        if not _is_passed(spots.get(group), part, backwards=backwards)
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
    found = found.filter(_beyond(order, spot, part, backwards=backwards))
    if IDLE in part:
        columns[2], terms = "nobody_waits", terms[1:]
        found = found.annotate(nobody_waits=Value(None, DateTimeField()))
    return found.order_by(*terms).values_list(*columns)[:limit]


#: a list is asked for again and again: making the statement takes longer than answering it
_statements: dict[Any, tuple[float, tuple[str, tuple[Any, ...]]]] = {}
#: a saved view's moments may be so old in it
_STATEMENT_SECONDS = 20


def _kept(
    view: View, agent: Agent, more: Any, build: Callable[[Agent], Any], known: Mapping[Any, Any]
) -> tuple[str, tuple[Any, ...]]:
    """The statement of what `build` makes for an agent, kept for a while; `known` stands in the places of its keys."""
    is_mine = (agent.pk, agent.zone) if view.saved else ()
    key = (view.key, repr(view.conditions), view.words, view.order.name, more, is_mine)
    kept = _statements.get(key)
    if kept is None or kept[0] < time.monotonic() or view.key == "where":
        found = build(agent if view.saved else Agent(pk=_AN_AGENT))
        try:
            sql, given = found.query.sql_with_params() if found is not None else ("", ())
        except EmptyResultSet:
            sql, given = "", ()
        # how many are open or closed decides how they are found: such values stay in its words
        sql, given = statements.written_out(sql, given, (_AN_AGENT, *known))
        if len(_statements) > 2000:
            _statements.clear()
        kept = (time.monotonic() + _STATEMENT_SECONDS, (sql, tuple(given)))
        if view.key != "where":
            _statements[key] = kept
    sql, given = kept[1]
    places = {_AN_AGENT: agent.pk, **known}
    return sql, tuple(places[place] for place in given)


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


def _is_passed(spot: Spot | None, part: Any, *, backwards: bool) -> bool:
    if spot is None:
        return False
    if "priority" not in part:
        return backwards and IDLE in part and spot.value is not None
    rank = RANKS[part["priority"]]
    if rank == spot.rank:
        return backwards and IDLE in part and spot.value is not None
    return rank > spot.rank if backwards else rank < spot.rank


def _beyond(order: Order, spot: Spot | None, part: Any, *, backwards: bool = False) -> Q:
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


def _spots_around(order: Order, ticket: Ticket, groups: dict[int, list[int]]) -> Spots:
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
        fresh = view.narrow(Ticket.objects.filter(inbox_id__in=inboxes, waiting_since__gte=_A_MOMENT), whose)
        return fresh.order_by("-waiting_since", "-number").values_list("number", flat=True)[: PAGE + 5]

    sql, given = _kept(view, agent, ("arrived", tuple(inboxes)), latest, {_A_MOMENT: clock.now() - JUST})
    if not sql:
        return []
    with statements.cursor() as cursor:
        cursor.execute(sql, given)
        known = set(shown)
        return [number for (number,) in cursor.fetchall() if number not in known][:5]


def dress(numbers: Sequence[int], agent: Agent) -> Sequence[Ticket]:
    """Tickets ready to be shown as rows, in the order of `numbers`.

    What many rows share is fetched once and not once a row: an object made from a joined row costs more than the join.
    """
    if not numbers:
        return []
    with statements.cursor() as cursor:
        cursor.execute(_dressing(), {"numbers": list(numbers), "agent": agent.pk})
        found = {ticket.number: ticket for ticket in map(_dressed, cursor.fetchall())}
    rows = [found[number] for number in numbers if number in found]
    inboxes = hours.inboxes({row.inbox_id for row in rows})
    names = {row.assignee_id: row.assignee_name for row in rows if row.assignee_id}
    assignees = {pk: prepared.part_of(Agent, id=pk, name=name) for pk, name in names.items()}
    prefetch_related_objects([row.customer for row in rows if not row.customer.name], "contact_points")
    now = clock.now()
    for row in rows:
        known = row._state.fields_cache
        known["inbox"] = inboxes[row.inbox_id]
        if row.assignee_id:
            known["assignee"] = assignees[row.assignee_id]
        _dress(row, now)
    return rows


@lru_cache(maxsize=1)
def _dressing() -> str:
    """The question for rows, in our own words: putting it together anew for each list takes longer than its answer."""
    columns = [f't."{name}"' for name in prepared.columns(Ticket)] + [
        f'c."{name}"' for name in prepared.columns(Customer)
    ]
    return f"""
        SELECT {", ".join(columns)}, a.name,
            EXISTS (SELECT FROM tickets_readmark r WHERE r.ticket_id = t.number AND r.agent_id = %(agent)s
                AND r.message_id >= t.last_message_id),
            EXISTS (SELECT FROM tickets_draft d WHERE d.ticket_id = t.number AND d.author_id = %(agent)s),
            ARRAY(SELECT g.name FROM tickets_tag g JOIN tickets_ticket_tags o ON o.tag_id = g.id
                WHERE o.ticket_id = t.number ORDER BY g.name)
        FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id
        LEFT JOIN helpdesk_agent a ON a.id = t.assignee_id
        WHERE t.number = ANY(%(numbers)s)
    """  # noqa: S608 - columns of our models


def _dressed(row: Sequence[Any]) -> Any:
    own = len(prepared.columns(Ticket))
    ticket: Any = prepared.made(Ticket, row[:own])
    ticket._state.fields_cache = {"customer": prepared.made(Customer, row[own:-4])}
    ticket.assignee_name, ticket.has_been_read, ticket.has_draft, ticket.tag_names = row[-4:]
    return ticket


def _dress(ticket: Any, now: datetime) -> None:
    ticket.is_unread = not ticket.has_been_read
    ticket.badges = registry.badges(ticket)
    look(ticket, now)


def look(ticket: Any, now: datetime) -> None:
    """Say how long the customer has waited in the inbox's business hours, whether that clock runs now, and the tone."""
    ticket.waited, ticket.is_clock_running = 0, True
    if ticket.waiting_since is None:
        ticket.wait_tone = ""
        return
    calendar = business(ticket.inbox.calendar_id)
    ticket.waited = calendar.seconds_between(ticket.waiting_since, max(now, ticket.waiting_since))
    ticket.is_clock_running = calendar.is_open(now)
    ticket.wait_tone = _tone(ticket.waited, ticket.inbox.response_target_minutes * 60)


def _tone(used: int, target: int) -> str:
    return "red" if used >= target else "amber" if used * 2 >= target else ""


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


#: nobody's number and nobody's moment, which stand in a statement for those of who asks; so do the next after them
_A_MOMENT = datetime(1901, 1, 1, 1, 1, 1, 1, tzinfo=UTC)
_AN_AGENT = -7_000_000_000_000_000_000


@lru_cache(maxsize=512)
def _counting(key: str, inboxes: tuple[int, ...]) -> tuple[str, Sequence[Any]]:
    """The statement that counts one of ours in these inboxes: making it takes longer than answering it."""
    return _count(BY_KEY[key], Agent(pk=_AN_AGENT), inboxes)


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
    return statements.written_out(counting, given, (_AN_AGENT,))


def ticket(agent: Agent, number: int) -> Ticket | None:
    """A ticket the agent may see, with its customer, inbox and whom it is given to. In our own words: every page asks.

    Who may see it is said by `visible_to`, in the same statement.
    """
    given: Sequence[Any]
    if not _is_usual(agent):
        try:
            found_by = Ticket.objects.visible_to(agent).filter(pk=number).order_by().values("pk")
            seen, given = found_by.query.sql_with_params()
        except EmptyResultSet:
            return None
    elif agent.is_admin:
        seen, given = _any_ticket.words(), _any_ticket.given(number)
    else:
        seen, given = _ticket_seen.words(), _ticket_seen.given(agent.pk, number)
    with statements.cursor() as cursor:
        cursor.execute(_with_everybody() % seen, given)
        row = cursor.fetchone()
    if row is None:
        return None
    parts, at = [], 0
    for model in (Ticket, Customer, Inbox, Organisation, Agent, Team):
        own = len(prepared.columns(model))
        parts.append(prepared.made(model, row[at : at + own]) if row[at] is not None else None)
        at += own
    found: Any = parts[0]
    customer: Any = parts[1]
    customer._state.fields_cache["organisation"] = parts[3]
    found._state.fields_cache = {"customer": customer, "inbox": parts[2], "assignee": parts[4], "team": parts[5]}
    return cast(Ticket, found)


@lru_cache(maxsize=1)
def _with_everybody() -> str:
    named = (("t", Ticket), ("c", Customer), ("i", Inbox), ("o", Organisation), ("a", Agent), ("g", Team))
    columns = [f'{short}."{name}"' for short, model in named for name in prepared.columns(model)]
    return f"""
        SELECT {", ".join(columns)}
        FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id JOIN tickets_inbox i ON i.id = t.inbox_id
        LEFT JOIN tickets_organisation o ON o.id = c.organisation_id
        LEFT JOIN helpdesk_agent a ON a.id = t.assignee_id LEFT JOIN helpdesk_team g ON g.id = t.team_id
        WHERE t.number = (%s)
    """  # noqa: S608 - columns of our models


_others_seen = Prepared(
    lambda place: (
        Ticket.objects.visible_to(_somebody(place(int)))
        .filter(customer=place(int))
        .exclude(pk=place(int))
        .order_by("-number")[:OTHERS]
    )
)
_all_others = Prepared(
    lambda place: Ticket.objects.filter(customer=place(int)).exclude(pk=place(int)).order_by("-number")[:OTHERS]
)


def others(agent: Agent, ticket: Ticket) -> list[Ticket]:
    """The latest of the customer's other tickets that the agent may see."""
    if not _is_usual(agent):
        theirs = Ticket.objects.visible_to(agent).filter(customer_id=ticket.customer_id).exclude(pk=ticket.pk)
        return list(theirs.order_by("-number")[:OTHERS])
    if agent.is_admin:
        return _all_others(ticket.customer_id, ticket.pk)
    return _others_seen(agent.pk, ticket.customer_id, ticket.pk)


def first_unread(ticket: Ticket, agent: Agent) -> int | None:
    """The first message the agent has not seen; None when they have seen all, or none at all."""
    mark = ReadMark.objects.filter(ticket=ticket, agent=agent).values_list("message_id", flat=True).first()
    if mark is None:
        return None
    others = ticket.messages.filter(pk__gt=mark, withdrawn_at=None).exclude(author=agent)
    return others.order_by("created_at", "pk").values_list("pk", flat=True).first()


def mark_read(ticket: Ticket, agent: Agent, *, upto: int | None) -> None:
    """Remember that the agent has seen the ticket's messages up to this one; notes are among them."""
    if upto and not ReadMark.objects.filter(agent=agent, ticket=ticket, message_id=upto).exists():
        ReadMark.objects.bulk_create(
            [ReadMark(agent=agent, ticket=ticket, message_id=upto)],
            update_conflicts=True, unique_fields=["agent", "ticket"], update_fields=["message_id"],
        )  # fmt: skip


def _written(spots: Spots) -> str:
    kept = [
        [group, spot.rank, spot.value.isoformat() if isinstance(spot.value, datetime) else spot.value, spot.number]
        for group, spot in spots.items()
    ]
    return signing.dumps(kept, salt="list", compress=False)


def is_cursor(text: str) -> bool:
    """Whether we made it: pages begin anew with one they cannot read, programs are told."""
    return bool(_cursor(text))


def _cursor(text: str) -> Spots:
    if not text:
        return {}
    try:
        return {
            int(group): Spot(int(rank), datetime.fromisoformat(value) if isinstance(value, str) else value, int(number))
            for group, rank, value, number in signing.loads(text, salt="list")
        }
    except (signing.BadSignature, ValueError, TypeError, json.JSONDecodeError):
        return {}
