"""The acts above a conversation and the dialogs they open: hardly any look different from one ticket to the next."""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from helpdesk import pieces
from helpdesk.templatetags.ui import avatar, waiting
from tickets import registry
from tickets.choosing import Person
from tickets.models import Status

register = template.Library()

_NAME, _FACE, _OPTIONS, _SUBJECT, _TEAM, _CUSTOMER, _WAITS, _ACTS, _TOOLS, _WHO, _ASKS = (
    pieces.place(name)
    for name in (
        "name", "face", "options", "subject", "team", "customer", "waits", "acts", "tools", "who", "asks",
    )
)  # fmt: skip


class Shape(NamedTuple):
    """What the acts on a ticket depend on."""

    number: int
    status: str
    is_removed: bool
    is_closed: bool
    is_resolved: bool
    is_snoozed: bool
    is_blocked: bool


def _shape(ticket: Any) -> Shape:
    return Shape(
        pieces.NUMBER, str(ticket.status), ticket.is_removed, ticket.is_closed, ticket.is_resolved,
        bool(ticket.is_snoozed), ticket.customer.is_blocked,
    )  # fmt: skip


class _Gist(NamedTuple):
    who: str
    asks: str
    facts: tuple[str, ...]


@register.simple_tag(takes_context=True)
def ticket_head(context: RequestContext) -> SafeString:
    """What stands above a conversation: what it is about, how it stands, and what can be done."""
    ticket, gist, assignee = context["ticket"], context["gist"], context["ticket"].assignee
    customer, language = ticket.customer.display_name, get_language()
    facts = gist.facts if gist else ()
    tags = [(pieces.nth("tag", at), pieces.nth("tagged", at), name) for at, name in enumerate(context["tags"])]
    places: dict[Any, Any] = {
        pieces.NUMBER: ticket.number, _SUBJECT: ticket.subject, _CUSTOMER: customer,
        _ACTS: ticket_acts(context), _TOOLS: ticket_tools(context),
        **{pieces.nth("fact", at): words for at, words in enumerate(facts)},
        **{where: name for where, _in_address, name in tags},
        **{in_address: quote(name) for _where, in_address, name in tags},
    }  # fmt: skip
    if gist:
        places |= {_WHO: gist.who, _ASKS: gist.asks}
    if assignee is not None:
        places |= {_NAME: assignee.name, _FACE: avatar(assignee.name, "small")}
    if ticket.team is not None:
        places[_TEAM] = ticket.team.name
    if ticket.waiting_since:
        places[_WAITS] = waiting(ticket, context["wait_tone"])
    return pieces.draw(
        "tickets/_header.html",
        places,
        context["request"],
        number=pieces.NUMBER,
        status=str(ticket.status),
        status_name=_status_name(str(ticket.status), language),
        subject=_SUBJECT if ticket.subject else "",
        acts=_ACTS,
        gist=_Gist(_WHO, _ASKS if gist.asks else "", tuple(pieces.nth("fact", at) for at in range(len(facts))))
        if gist
        else None,
        language=ticket.customer.language,
        assignee=_NAME if assignee is not None else "",
        face=_FACE,
        team=_TEAM if ticket.team is not None else "",
        may_work=context["may_work"],
        waits=_WAITS if ticket.waiting_since else "",
        customer=_CUSTOMER,
        badges=tuple(context["badges"]),
        tags=tuple((where, in_address) for where, in_address, _name in tags),
        tools=_TOOLS,
    )


@lru_cache(maxsize=100)
def _status_name(status: str, _language: str | None) -> str:
    return str(Status(status).label)


@register.simple_tag(takes_context=True)
def ticket_acts(context: RequestContext) -> SafeString:
    """The buttons of a ticket, and the menu behind them."""
    ticket = context["ticket"]
    return pieces.draw(
        "tickets/_acts.html",
        {pieces.NUMBER: ticket.number, pieces.SEEN: context["seen"], _NAME: ticket.customer.display_name},
        context["request"],
        ticket=_shape(ticket),
        menu=tuple(registry.menu()),
        seen=pieces.SEEN,
        customer=_NAME,
        can_reply=context["can_reply"],
        may_work=context["may_work"],
        can_split=context["can_split"],
        is_following=context["is_following"],
        snooze_presets=bool(context["snooze_presets"]),
        choices=context["choices"],
    )


@register.simple_tag(takes_context=True)
def ticket_tools(context: RequestContext) -> SafeString:
    """The small buttons of a ticket: on to its neighbours, another subject, what is shown of it."""
    ticket = context["ticket"]
    return pieces.draw(
        "tickets/_ticket_tools.html",
        {pieces.NUMBER: ticket.number, _SUBJECT: ticket.subject},
        context["request"],
        number=pieces.NUMBER,
        subject=_SUBJECT if ticket.subject else "",
        may_work=context["may_work"],
    )


@register.simple_tag(takes_context=True)
def act_dialogs(context: RequestContext) -> SafeString:
    """What the act keys open."""
    ticket, agent = context["ticket"], context["request"].user
    is_chat = ticket.channel == "chat"
    offered = (
        _option(one, one.agent.pk == ticket.assignee_id, is_chat)
        for one in context["people"]
        if one.agent.pk != agent.pk
    )
    return pieces.draw(
        "tickets/_dialogs.html",
        {
            pieces.NUMBER: ticket.number, pieces.SEEN: context["seen"], _NAME: agent.name,
            _FACE: avatar(agent.name, "small"), _OPTIONS: mark_safe("".join(offered)),  # noqa: S308 - templates' output
        },
        context["request"],
        ticket=_shape(ticket),
        seen=pieces.SEEN,
        may_work=context["may_work"],
        my_name=_NAME,
        my_face=_FACE,
        options=_OPTIONS,
        is_assigned=ticket.assignee_id is not None,
        teams=tuple((team.pk, team.name) for team in context["teams"]),
        all_tags=tuple(context["all_tags"]),
        snooze_presets=tuple(context["snooze_presets"]),
        choices=context["choices"],
    )  # fmt: skip


def _option(one: Person, is_assignee: bool, is_chat: bool) -> str:
    who, load = one.agent, (one.chats if is_chat else "") or one.load_words
    return _option_drawn(who.pk, who.name, who.email, who.is_away, load, is_assignee, get_language())


@lru_cache(maxsize=4000)
def _option_drawn(
    pk: int, name: str, email: str, is_away: bool, load: str, is_assignee: bool, _language: str | None
) -> str:
    person = {"pk": pk, "name": name, "email": email, "is_away": is_away, "load_words": load}
    return render_to_string("tickets/_assign_option.html", {"person": person, "is_assignee": is_assignee})
