"""The agents' side of live chat, as pages show it: who the visitor of a ticket is and what they are about to say."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.pages import MenuEntry
from helpdesk.prepared import Prepared, Statement
from helpdesk.quiet import is_quiet
from tickets import attendance, hours, kept, reading
from tickets.channels.chat import presence
from tickets.channels.chat.presence import There
from tickets.models import ChatSeat, Inbox, Ticket

CHAT = "chat"
#: a bar has no room for more
MOST_TABS = 20


def is_attended(inbox: Inbox) -> bool:
    """Whether a widget may say that we are there: within the inbox's hours, and somebody takes its chats.

    Where nobody of the inbox ever said whether they take chats, the hours alone decide. Some seconds old at most.
    """
    is_open = hours.business(inbox.calendar_id).is_open(clock.now())
    return is_open and kept.or_ask(("attended", inbox.pk), lambda: attendance.is_attended(inbox.pk))


@dataclass(frozen=True, slots=True)
class Strip:
    """What stands above the conversation of a chat."""

    name: str
    is_here: bool
    left_at: datetime | None
    #: the path of the page they agreed to show, and all of it
    page: str
    page_title: str
    #: what they are typing and have not sent; None while they type nothing
    typing: str | None
    #: answers reach them by mail when they are gone; "" where none does
    mails_to: str


def is_chat(ticket: Ticket) -> bool:
    """Whether somebody may sit at the other end of it."""
    return CHAT in (ticket.channel, ticket.inbox.channel)


def works_chats(agent: Agent) -> bool:
    """Whether there is an inbox of chats in which an agent answers."""
    return agent.may_reply and kept.or_ask(
        ("chats of", agent.pk),
        lambda: Inbox.objects.visible_to(agent).active().filter(channel=CHAT).exists(),
    )  # fmt: skip


_seats = Prepared(lambda place: ChatSeat.objects.filter(agent=place(int)).order_by())
_chats_of = Statement(
    lambda place: (
        attendance.live_chats()
        .filter(assignee=place(int))
        .order_by(F("waiting_since").asc(nulls_last=True), "pk")
        .values_list("pk")[:MOST_TABS]
    )
)


def menu_entry(agent: Agent) -> MenuEntry | None:
    """The switch in an agent's menu: whether new chats come to them."""
    if not works_chats(agent):
        return None
    is_on = any(seat.is_available for seat in _seats(agent.pk))
    label = _("Take no more chats") if is_on else _("Take chats")
    icon = "message-circle-off" if is_on else "message-circle"
    return MenuEntry("chats", reverse("chats_switch"), "available", "0" if is_on else "1", label, icon)


@dataclass(frozen=True, slots=True)
class Tab:
    """One of an agent's chats."""

    number: int
    name: str
    is_unread: bool
    is_here: bool
    is_typing: bool
    #: as a row of a list has it, for how long they wait
    ticket: Any


@dataclass(frozen=True, slots=True)
class Bar:
    """An agent's chats side by side."""

    is_available: bool
    count: int
    capacity: int
    chats: Sequence[Tab]

    @property
    def is_shown(self) -> bool:
        return self.is_available or bool(self.chats)


def bar(agent: Agent) -> Bar | None:
    """The chats an agent has, who waits longest first; None for whoever works no inbox of chats."""
    if not works_chats(agent):
        return None
    seat = next(iter(_seats(agent.pk)), None) or ChatSeat(agent=agent)
    numbers = list(dict.fromkeys(pk for (pk,) in _chats_of.rows(agent.pk)))
    there = presence.around(numbers) if numbers else {}
    tabs = [_tab(row, there.get(row.number)) for row in reading.dress(numbers, agent)]
    return Bar(seat.is_available and not agent.is_away, len(tabs), seat.capacity, tabs)


def _tab(row: Any, there: There | None) -> Tab:
    is_here, is_typing = (there.is_here, there.typing is not None) if there else (False, False)
    name = there.name if there and there.name else row.customer.display_name
    return Tab(row.number, name, row.is_unread, is_here, is_typing, row)


@dataclass(frozen=True, slots=True)
class News:
    """What somebody who looks elsewhere is told: who wrote on which chat, and how they want to hear of it."""

    rings: bool
    notifies: bool
    chats: Sequence[tuple[int, str]]


def news(agent: Agent, numbers: Collection[int]) -> News:
    """Of these tickets the chats that are the agent's or nobody's, and whose visitor waits. Nothing in quiet hours."""
    seat = ChatSeat.objects.filter(agent=agent).first()
    if seat is None or not (seat.rings or seat.notifies) or is_quiet(agent, clock.now()):
        return News(False, False, ())
    seen = Ticket.objects.visible_to(agent).awake().filter(pk__in=numbers, channel=CHAT, waiting_since__isnull=False)
    theirs = seen.filter(Q(assignee=agent) | Q(assignee=None)).select_related("customer").order_by("pk")
    return News(seat.rings, seat.notifies, [(ticket.pk, ticket.customer.display_name) for ticket in theirs])


def strip(ticket: Ticket) -> Strip | None:
    """The visitor of a chat; None for what is no chat, and for visitors who were erased."""
    if not is_chat(ticket):
        return None
    there = presence.around([ticket.pk]).get(ticket.pk)
    if there is None:
        return None
    return Strip(
        name=there.name or ticket.customer.display_name,
        is_here=there.is_here,
        left_at=None if there.is_here else there.here_at,
        page=_path(there) if there.is_here else "",
        page_title=there.page_title or there.page_url,
        typing=there.typing,
        mails_to=there.email if ticket.inbox.is_of_mail or ticket.inbox.mails_through_id else "",
    )


def _path(there: There) -> str:
    """Where they are on their site, as one says it: visitors write it, so that it is never a link."""
    try:
        return urlsplit(there.page_url).path or there.page_url
    except ValueError:
        return there.page_url
