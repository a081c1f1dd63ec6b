"""The panel beside a conversation: its parts are drawn once for what looks alike, with places for names and addresses.

What hardly any ticket has (participants, links) is drawn each time; lines of other tickets and of contacts are kept as
rows of a list are.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.template.loader import get_template, render_to_string
from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from helpdesk import clock, pieces
from helpdesk.templatetags.ui import avatar, moment, rendered
from tickets import registry
from tickets.customer_book import Moment
from tickets.customer_card import Card
from tickets.models import Priority, Status, Ticket
from tickets.templatetags.fields import answer_input

register = template.Library()

(
    _CARD, _PARTICIPANTS, _FIELDS, _LINKS, _INBOX, _OPENED, _NAME, _FACE, _HOUSE, _SINCE, _KNOW, _OPEN, _CONTACTS,
) = (
    pieces.place(name)
    for name in (
        "card", "participants", "fields", "links", "inbox", "opened", "name", "face", "house", "since", "know", "open",
        "contacts",
    )
)  # fmt: skip


@register.simple_tag(takes_context=True)
def ticket_panel(context: RequestContext) -> SafeString:
    """The customer, and what else belongs to the ticket."""
    ticket, request = context["ticket"], context["request"]
    drawn = {
        _CARD: customer_card(context["card"], ticket.number, request),
        _PARTICIPANTS: _whole("tickets/_participants.html", context) if context["participants"] else "",
        _FIELDS: _fields(context) if context["answers"] else "",
        _LINKS: _whole("tickets/_links.html", context) if context["links"] or context["merges"] else "",
    }
    panels, places = _panels(context["panels"], request)
    return pieces.draw(
        "tickets/_panel.html",
        {
            **drawn, **places, _INBOX: ticket.inbox.name, _OPENED: moment(ticket.created_at),
            pieces.OTHER: ticket.follow_up_of_id,
        },
        request,
        **{name: where if drawn[where] else "" for name, where in _PARTS},
        panels=panels,
        inbox=_INBOX,
        opened=_OPENED,
        priority=_priority_name(str(ticket.priority), get_language()),
        follows=pieces.OTHER if ticket.follow_up_of_id else None,
    )  # fmt: skip


_PARTS = (("card", _CARD), ("participants", _PARTICIPANTS), ("fields", _FIELDS), ("links", _LINKS))


@lru_cache(maxsize=100)
def _priority_name(priority: str, _language: str | None) -> str:
    return str(Priority(priority).label)


def _whole(name: str, context: RequestContext) -> SafeString:
    found: Any = get_template(name)
    drawn: SafeString = found.template.render(context)
    return drawn


def _panels(
    panels: Iterable[registry.Panel], request: HttpRequest
) -> tuple[tuple[tuple[str, str], ...], dict[str, SafeString]]:
    """Panels of upper floors: their titles with a place for each, and what goes there."""
    around: Any = {"request": request, "csrf_token": pieces.token(request)}
    places = {pieces.nth("panel", at): rendered(around, one) for at, one in enumerate(panels)}
    return tuple(zip((str(one.title) for one in panels), places, strict=True)), places


class _Answer(NamedTuple):
    key: str
    name: str
    is_wanted: bool
    text: str
    url: str


def _fields(context: RequestContext) -> SafeString:
    return pieces.draw(
        "tickets/_fields.html",
        {pieces.NUMBER: context["ticket"].number},
        context["request"],
        number=pieces.NUMBER,
        may_work=context["may_work"],
        answers=tuple(
            _Answer(
                one.field.key, one.field.name, one.field.is_required_to_resolve and one.is_empty, one.text, one.url
            )
            for one in context["answers"]
        ),
    )  # fmt: skip


# --- the customer ---------------------------------------------------------------------------------------------------


class _Point(NamedTuple):
    channel: str
    text: str
    tel: str
    is_bouncing: bool


class _Field(NamedTuple):
    key: str
    name: str


class _CustomerAnswer(NamedTuple):
    """An answer as its template takes it."""

    field: _Field
    url: str
    text: str
    control: str


def customer_card(card: Card, number: int, request: HttpRequest) -> SafeString:
    """The customer of the ticket of this number."""
    customer, points = card.customer, list(card.points)
    house = customer.organisation
    panels, places = _panels(card.panels, request)
    answers = tuple(
        _CustomerAnswer(
            _Field(one.field.key, one.field.name), one.url, "" if card.can_change else one.text,
            pieces.nth("answer", at) if card.can_change else "",
        )
        for at, one in enumerate(card.answers)
    )  # fmt: skip
    return pieces.draw(
        "tickets/_customer_card.html",
        {
            pieces.NUMBER: number, pieces.CUSTOMER: customer.pk, pieces.ORGANISATION: house.pk if house else 0,
            _NAME: customer.display_name, _FACE: avatar(customer.display_name, "large"), _KNOW: card.know,
            _HOUSE: str(house or ""), _SINCE: _month(customer.created_at), **places,
            _OPEN: mark_safe("".join(map(_other_ticket, card.open_tickets))),  # noqa: S308 - a template's output
            _CONTACTS: mark_safe("".join(map(_contact, card.contacts))),  # noqa: S308 - a template's output
            **{pieces.nth("point", at): str(one) for at, one in enumerate(points)},
            **{pieces.nth("tel", at): one.tel for at, one in enumerate(points)},
            **{one.control: answer_input(given, "card") for one, given in zip(answers, card.answers, strict=True)},
        },
        request,
        number=pieces.NUMBER,
        customer=pieces.CUSTOMER,
        name=_NAME,
        face=_FACE,
        is_erased=customer.erased_at is not None,
        is_blocked=customer.is_blocked,
        organisation=pieces.ORGANISATION,
        organisation_name=_HOUSE if house else "",
        since=_SINCE,
        know=_KNOW if card.know else "",
        notes=tuple(note.text for note in card.notes),
        points=tuple(
            _Point(one.channel, pieces.nth("point", at), pieces.nth("tel", at) if one.tel else "", one.is_bouncing)
            for at, one in enumerate(points)
        ),
        can_change=card.can_change,
        answers=answers,
        panels=panels,
        open_tickets=_OPEN if card.open_tickets else "",
        contacts=_CONTACTS if card.contacts else "",
        tickets=card.tickets if card.contacts else 0,
    )  # fmt: skip


def _month(at: datetime) -> str:
    local = timezone.localtime(at)
    return _month_said(local.year, local.month, get_language())


@lru_cache(maxsize=1000)
def _month_said(year: int, month: int, _language: str | None) -> str:
    return formats.date_format(date(year, month, 1), "M Y")


class _Other(NamedTuple):
    number: int
    status: str
    status_name: str
    subject: str
    created_at: datetime


class _Contact(NamedTuple):
    pk: int
    ticket: int
    channel: str
    subject: str
    is_ours: bool
    who: str
    text: str
    at: datetime


def _other_ticket(one: Ticket) -> SafeString:
    status = Status(one.status)
    return _line(
        "tickets/_other_ticket.html", _Other(one.number, status, str(status.label), one.subject, one.created_at)
    )


def _contact(one: Moment) -> SafeString:
    seen = (one.pk, one.ticket, one.channel, one.subject, one.is_ours, one.who, one.text, one.at)
    return _line("tickets/_contact.html", _Contact(*seen))


def _line(name: str, shown: Any) -> SafeString:
    # the year of a day is said where it is another one
    this_year = timezone.localtime(clock.now()).year
    return _line_drawn(name, shown, get_language(), timezone.get_current_timezone_name(), this_year)


@lru_cache(maxsize=1000)
def _line_drawn(name: str, shown: Any, _language: str | None, _zone: str, _year: int) -> SafeString:
    return render_to_string(name, {"one": shown, "other": shown})
