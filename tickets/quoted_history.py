"""What was said before, quoted below an answer: clean, short, and only what each of its readers may know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from tickets import texts
from tickets.models import Message, MessageKind, Ticket

#: so many messages at most, of each so many letters
MOST_MESSAGES, MOST_TEXT = 3, 4000
_BAR = "margin:0 0 0 0.8ex;border-left:2px solid #d0d7de;padding-left:1ex;color:#57606a"


@dataclass(frozen=True, slots=True)
class Quoted:
    """History as text with `>` before each line, and as HTML that is safe."""

    text: str
    html: str


NOTHING = Quoted("", "")


def of(message: Message, recipients: Sequence[str]) -> Quoted:
    """The latest of what was said before this answer, newest first, in the customer's language.

    Never notes, side conversations or what was taken back; and nothing that one of the recipients did not get before
    or that is older than their joining.
    """
    ticket = message.ticket
    if not ticket.inbox.quotes_history:
        return NOTHING
    earlier = (
        Message.objects.filter(
            ticket=ticket, kind__in=[MessageKind.INCOMING, MessageKind.REPLY], withdrawn_at=None, side=None,
            is_automated=False,
        )
        .exclude(pk=message.pk)
        .exclude(text="")
        .select_related("sender", "author")
        .order_by("-created_at", "-pk")
    )  # fmt: skip
    joined = _joined(ticket)
    may_know = [m for m in earlier[: MOST_MESSAGES * 4] if all(_knows(r.lower(), m, joined) for r in recipients)]
    with translation.override(_language(ticket)):
        return _joined_up(_one(m, ticket) for m in may_know[:MOST_MESSAGES])


def _joined(ticket: Ticket) -> dict[str, datetime | None]:
    """Since when each address takes part; None is from the beginning."""
    since: dict[str, datetime | None] = {
        p.address.lower(): p.added_at for p in ticket.participants.filter(is_confirmed=True)
    }
    return since | dict.fromkeys(ticket.customer.contact_points.values_list("address", flat=True))


def _knows(address: str, message: Message, joined: dict[str, datetime | None]) -> bool:
    sender = message.sender.address if message.sender else ""
    if address in {a.lower() for a in [*message.to, *message.cc, sender]}:
        return True
    if address not in joined:
        return False
    since = joined[address]
    return since is None or message.created_at >= since


def _language(ticket: Ticket) -> str:
    return ticket.customer.language or settings.LANGUAGE_CODE


def _one(message: Message, ticket: Ticket) -> Quoted:
    text = message.text
    if len(text) > MOST_TEXT:
        text = f"{text[:MOST_TEXT].rstrip()} […]"
    wrote = _("On %(when)s, %(who)s wrote:") % {"when": _when(message.created_at, ticket), "who": _who(message, ticket)}
    rows = "\n".join(f"> {row}".rstrip() for row in text.split("\n"))
    html = format_html(
        '<p style="margin:16px 0 4px;color:#57606a">{}</p><blockquote style="{}">{}</blockquote>',
        wrote, _BAR, mark_safe(texts.paragraphs(text)),  # noqa: S308 - escaped there
    )  # fmt: skip
    return Quoted(f"{wrote}\n{rows}", html)


def _joined_up(parts: Iterable[Quoted]) -> Quoted:
    found = list(parts)
    return Quoted("\n\n".join(p.text for p in found), "\n".join(p.html for p in found))


def _when(at: datetime, ticket: Ticket) -> str:
    zone = ticket.inbox.calendar.zone if ticket.inbox.calendar else settings.TIME_ZONE
    return date_format(at.astimezone(ZoneInfo(zone)), "DATETIME_FORMAT")


def _who(message: Message, ticket: Ticket) -> str:
    """A name fit for one line: ours is the inbox's, theirs their own."""
    if message.kind == MessageKind.REPLY:
        return texts.line(ticket.inbox.sender_name or ticket.inbox.name, 100)
    address = message.sender.address if message.sender else ""
    return texts.line(message.sender_name, 100) or address or texts.line(ticket.customer.display_name, 100)


def in_full(message: Message) -> Quoted:
    """A message as it is passed on to somebody else: who wrote it, when and to whom, and all of it."""
    ticket = message.ticket
    sender = message.sender.address if message.sender else ticket.inbox.address
    name = _who(message, ticket)
    with translation.override(settings.LANGUAGE_CODE):
        head = _("Forwarded message")
        fields = [
            (_("From"), f"{name} <{sender}>" if name != sender else sender),
            (_("Date"), _when(message.created_at, ticket)),
            (_("Subject"), texts.line(message.subject or ticket.subject)),
            (_("To"), ", ".join(message.to) or ticket.inbox.address),
        ]
    body = message.full_text or message.text
    text = "\n".join([f"---------- {head} ----------", *(f"{title}: {value}" for title, value in fields), "", body])
    html = format_html(
        '<p style="margin:16px 0 4px;color:#57606a">---------- {} ----------<br>{}</p><div style="{}">{}</div>',
        head, format_html_join(mark_safe("<br>"), "{}: {}", fields), _BAR,
        mark_safe(texts.paragraphs(body)),  # noqa: S308 - escaped there
    )  # fmt: skip
    return Quoted(text, html)
