"""The queries behind lists, shared by page and API. A list costs the same at a thousand and at a million tickets.

Each list is read an inbox at a time along an index in its own order, and the few rows found are merged; nothing counts
or sorts a table. Counts stop at COUNT_MOST.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core import signing
from django.db import connection
from django.db.models import Exists, OuterRef, Q, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets import registry
from tickets.hours import business
from tickets.models import Draft, Inbox, ReadMark, Status, Ticket
from tickets.models.ticket import TicketQuerySet

PAGE = 50
JUST = timedelta(minutes=10)
COUNT_MOST = 500


@dataclass(frozen=True, slots=True)
class View:
    """A list agents work through: its key, name, the key that jumps to it, its tickets and their order.

    `narrow` may ask for the agent's id and nothing else of them: what it makes is kept for everybody (`counts`).
    """

    key: str
    name: str | Promise
    hotkey: str
    narrow: Callable[[TicketQuerySet, Agent], TicketQuerySet]
    order: tuple[str, str] = ("waiting_since", "number")
    is_counted: bool = True


VIEWS: tuple[View, ...] = (
    View("mine", _("Mine"), "m", lambda tickets, agent: tickets.awake().assigned_to(agent)),
    View("unassigned", _("Unassigned"), "u", lambda tickets, agent: tickets.awake().unassigned()),
    View("open", _("All open"), "o", lambda tickets, agent: tickets.awake()),
    View(
        "pending", _("Pending"), "p", lambda tickets, agent: tickets.filter(status=Status.PENDING),
        ("-updated_at", "-number"),
    ),
    View(
        "on_hold", _("On hold"), "h", lambda tickets, agent: tickets.filter(status=Status.ON_HOLD),
        ("-updated_at", "-number"),
    ),
    View(
        "snoozed", _("Snoozed"), "s",
        lambda tickets, agent: tickets.filter(snoozed_until__isnull=False), ("snoozed_until", "number"),
    ),
    View(
        "resolved", _("Resolved"), "r", lambda tickets, agent: tickets.filter(status=Status.RESOLVED),
        ("-updated_at", "-number"), is_counted=False,
    ),
    View(
        "undelivered", _("Not delivered"), "d",
        lambda tickets, agent: tickets.filter(has_undelivered=True).exclude(status=Status.CLOSED),
        ("-updated_at", "-number"),
    ),
    View(
        "low", _("Low scores"), "l", lambda tickets, agent: tickets.filter(low_score__isnull=False),
        ("-updated_at", "-number"),
    ),
)  # fmt: skip
BY_KEY = {view.key: view for view in VIEWS}
DEFAULT = "open"


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets of a list, and where the next ones begin ("" at the end)."""

    tickets: Sequence[Ticket]
    after: str


def inbox_ids(agent: Agent) -> list[int]:
    """The inboxes an agent sees."""
    return list(Inbox.objects.visible_to(agent).order_by("pk").values_list("pk", flat=True))


def page(view: View, agent: Agent, *, after: str = "", limit: int = PAGE, inboxes: Sequence[int] | None = None) -> Page:
    """The next `limit` tickets of a view after a cursor. A cursor somebody made up starts at the beginning."""
    ids = list(inboxes) if inboxes is not None else inbox_ids(agent)
    if not ids:
        return Page([], "")
    first, second = view.order
    column, tie = first.lstrip("-"), second.lstrip("-")
    beyond = _beyond(view.order, _cursor(after))
    parts = [
        view.narrow(Ticket.objects.filter(inbox_id=inbox), agent)
        .filter(beyond)
        .order_by(first, second)
        .values_list(tie, column)[: limit + 1]
        for inbox in ids
    ]
    rows = list(
        parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True).order_by(first, second)[: limit + 1]
    )
    shown = rows[:limit]
    more = _written(shown[-1]) if len(rows) > limit else ""
    return Page(dress([number for number, _value in shown], agent), more)


def arrivals(view: View, agent: Agent, shown: Sequence[Ticket], *, inboxes: Sequence[int]) -> Sequence[Ticket]:
    """What came into a view in the last minutes and stands further down than `shown`: the latest first, at most five.

    The queue begins with who has waited longest; without this, a new mail would arrive out of sight.
    """
    if view.order[0] != "waiting_since" or len(shown) < PAGE:
        return []
    fresh = view.narrow(Ticket.objects.filter(inbox_id__in=inboxes, waiting_since__gte=clock.now() - JUST), agent)
    latest = (
        fresh.exclude(number__in=[ticket.number for ticket in shown])
        .order_by("-waiting_since", "-number")
        .values_list("number", flat=True)[:5]
    )
    return dress(list(latest), agent)


def dress(numbers: Sequence[int], agent: Agent) -> Sequence[Ticket]:
    """Tickets ready to be shown as rows, in the order of `numbers`.

    What many rows share is fetched once and not once a row: an object made from a joined row costs more than the join.
    """
    if not numbers:
        return []
    found = {
        ticket.number: ticket
        for ticket in Ticket.objects.filter(number__in=numbers)
        .select_related("customer")
        .annotate(
            has_been_read=Exists(
                ReadMark.objects.filter(ticket=OuterRef("pk"), agent=agent, message_id__gte=OuterRef("last_message_id"))
            ),
            has_draft=Exists(Draft.objects.filter(ticket=OuterRef("pk"), author=agent)),
        )
    }
    rows = [found[number] for number in numbers if number in found]
    inboxes = Inbox.objects.defer("signature").in_bulk({row.inbox_id for row in rows})
    assignees = Agent.objects.only("name").in_bulk({row.assignee_id for row in rows if row.assignee_id})
    tags: dict[int, list[str]] = defaultdict(list)
    tagged = Ticket.tags.through.objects.filter(ticket_id__in=numbers).order_by("tag__name")
    for number, name in tagged.values_list("ticket_id", "tag__name"):
        tags[number].append(name)
    prefetch_related_objects([row.customer for row in rows if not row.customer.name], "contact_points")
    now = clock.now()
    for row in rows:
        row.inbox = inboxes[row.inbox_id]
        if row.assignee_id:
            row.assignee = assignees.get(row.assignee_id)
        row.tag_names = tags[row.number]  # type: ignore[attr-defined]
        _dress(row, now)
    return rows


def _dress(ticket: Any, now: datetime) -> None:
    ticket.is_unread = not ticket.has_been_read
    ticket.badges = registry.badges(ticket)
    ticket.wait_tone = wait_tone(ticket, now)


def wait_tone(ticket: Ticket, now: datetime) -> str:
    """ "" while less than half of the inbox's response time is used, then "amber", then "red"; in business hours."""
    if ticket.waiting_since is None:
        return ""
    target = ticket.inbox.response_target_minutes * 60
    used = business(ticket.inbox.calendar_id).seconds_between(ticket.waiting_since, max(now, ticket.waiting_since))
    return "red" if used >= target else "amber" if used * 2 >= target else ""


def counts(agent: Agent, inboxes: Sequence[int] | None = None) -> dict[str, int]:
    """How many tickets each counted view holds, at most COUNT_MOST each; all in one question."""
    ids = list(inboxes) if inboxes is not None else inbox_ids(agent)
    if not ids:
        return {view.key: 0 for view in _COUNTED}
    sql, places = _counting(len(ids))
    known = {_AN_AGENT: agent.pk, **{_AN_INBOX - i: inbox for i, inbox in enumerate(ids)}}
    with connection.cursor() as cursor:
        cursor.execute(sql, [known.get(place, place) for place in places])
        row = cursor.fetchone()
    return {view.key: n for view, n in zip(_COUNTED, row, strict=True)}


_COUNTED = [view for view in VIEWS if view.is_counted]
#: nobody's numbers, which stand in the statement for those of who asks
_AN_AGENT, _AN_INBOX = -7_000_000_000_000_000_000, -7_000_000_000_000_000_001


@lru_cache(maxsize=32)
def _counting(inboxes: int) -> tuple[str, tuple[Any, ...]]:
    """The statement that counts, for so many inboxes: putting it together takes longer than answering it."""
    seen = Ticket.objects.filter(inbox_id__in=[_AN_INBOX - i for i in range(inboxes)])
    parts: list[str] = []
    places: list[Any] = []
    for view in _COUNTED:
        counted = view.narrow(seen, Agent(pk=_AN_AGENT)).order_by().values("pk")[:COUNT_MOST]
        sql, given = counted.query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS capped)")  # noqa: S608 - Django's own SQL
        places.extend(given)
    return f"SELECT {', '.join(parts)}", tuple(places)


def neighbours(view: View, agent: Agent, ticket: Ticket) -> Ticket | None:
    """The first ticket of the view that is not this one: where to go after an act."""
    for other in page(view, agent, limit=2).tickets:
        if other.pk != ticket.pk:
            return other
    return None


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


def _beyond(order: tuple[str, str], cursor: tuple[Any, int] | None) -> Q:
    if cursor is None:
        return Q()
    value, number = cursor
    column, down = order[0].lstrip("-"), order[0].startswith("-")
    tie = Q(**{f"{order[1].lstrip('-')}__{'lt' if order[1].startswith('-') else 'gt'}": number})
    if value is None:
        return Q(**{f"{column}__isnull": True}) & tie
    further = Q(**{f"{column}__{'lt' if down else 'gt'}": value}) | (Q(**{column: value}) & tie)
    return further if down else further | Q(**{f"{column}__isnull": True})


def _written(row: tuple[int, datetime | None]) -> str:
    number, value = row
    return signing.dumps([value.isoformat() if value else None, number], salt="list", compress=False)


def _cursor(text: str) -> tuple[Any, int] | None:
    if not text:
        return None
    try:
        value, number = signing.loads(text, salt="list")
        return (datetime.fromisoformat(value) if value else None), int(number)
    except (signing.BadSignature, ValueError, TypeError, json.JSONDecodeError):
        return None
