"""The agents' side of live chat, as pages show it: who the visitor of a ticket is and what they are about to say."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from helpdesk import clock
from tickets import attendance, hours, kept
from tickets.channels.chat import presence
from tickets.channels.chat.presence import There
from tickets.models import Inbox, Ticket

CHAT = "chat"


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
