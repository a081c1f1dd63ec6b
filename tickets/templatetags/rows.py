"""A ticket as a row of a list, drawn once for everything that looks the same.

Lists are fetched anew whenever something changes, and most of their rows did not. A row's template sees a `Row` and
nothing else of the ticket, so two equal ones are the same row, and the last ones drawn are kept.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

from django import template
from django.template.context import RequestContext
from django.template.loader import get_template, render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk import pieces
from helpdesk.templatetags.ui import short_day, time_since
from tickets import watching
from tickets.looks import COLUMNS, Looks, choices
from tickets.models import Priority, Status, TicketType
from tickets.registry import Badge
from tickets.templatetags.guide import first_steps

register = template.Library()

#: some 40 pages of a list, a few megabytes
KEPT = 2000
(
    _QUERY, _VIEW, _ONCE, _ACTS, _COUNT, _CHOICES, _LIST, _NARROW, _CHANGE, _NEXT, _ROWS, _ARRIVALS, _SETTINGS, _FIRST,
    _BULK, _LINKS, _ASKED_AT,
) = (
    pieces.place(name)
    for name in (
        "query", "view", "once", "acts", "count", "choices", "list", "narrow", "change", "next", "rows", "arrivals",
        "settings", "first", "bulk", "links", "asked_at",
    )
)  # fmt: skip


class Row(NamedTuple):
    """Everything a row shows. What is not in here cannot be shown."""

    number: int
    customer: str
    channel: str
    badges: tuple[Badge, ...]
    status: str
    waiting_since: datetime | None
    wait_tone: str
    #: in whole minutes of business hours, so that a row is drawn anew each minute at most
    waited: int
    is_clock_running: bool
    updated_at: datetime
    #: how long ago that was, in words, where nobody waits: a row is drawn anew when they change
    ago: str
    is_unread: bool
    is_current: bool
    has_draft: bool
    subject: str
    snippet: str
    tags: tuple[str, ...]
    assignee: str
    #: what else was chosen to be shown: a label and words
    cells: tuple[tuple[str, str], ...]

    @property
    def status_name(self) -> str:
        return str(Status(self.status).label)


@register.simple_tag
def row(ticket: Any, current_number: int | str | None = None, columns: Sequence[str] | str = COLUMNS) -> SafeString:
    """A ticket that `reading.dress` made ready, with the columns somebody chose."""
    return rows_of([ticket], current_number, columns)


@register.simple_tag
def rows_of(
    tickets: Sequence[Any], current_number: int | str | None = None, columns: Sequence[str] | str = COLUMNS
) -> SafeString:
    """Tickets as rows, one after the other."""
    return mark_safe("".join(_each(tickets, current_number, columns)))  # noqa: S308 - templates' output


def _each(
    tickets: Sequence[Any], current_number: int | str | None, columns: Sequence[str] | str
) -> Sequence[SafeString]:
    columns = columns or COLUMNS
    has_tags, has_assignee = "tags" in columns, "assignee" in columns
    others = [name for name in columns if name and name not in ("tags", "assignee")]
    language, zone = get_language(), timezone.get_current_timezone_name()
    return [
        _drawn(
            Row(
                ticket.number,
                ticket.customer.display_name,
                ticket.channel,
                tuple(ticket.badges),
                ticket.status,
                ticket.waiting_since,
                ticket.wait_tone,
                ticket.waited // 60 * 60,
                ticket.is_clock_running,
                ticket.updated_at,
                "" if ticket.waiting_since else time_since(ticket.updated_at),
                ticket.is_unread,
                ticket.number == current_number,
                ticket.has_draft,
                ticket.subject,
                ticket.snippet,
                tuple(ticket.tag_names) if has_tags else (),
                ticket.assignee.name if has_assignee and ticket.assignee_id and ticket.assignee else "",
                tuple(_cell(name, ticket) for name in others),
            ),
            language,
            zone,
        )
        for ticket in tickets
    ]


def _cell(name: str, ticket: Any) -> tuple[str, str]:
    """A label and words of something a row shows."""
    if name.startswith("field:"):
        key = name.removeprefix("field:")
        answer = ticket.fields.get(key)
        said = (_("yes") if answer else _("no")) if isinstance(answer, bool) else str(answer or "")
        return key, said[:60]
    match name:
        case "inbox":
            return _("Inbox"), ticket.inbox.name
        case "priority":
            return _("Priority"), str(Priority(ticket.priority).label)
        case "type":
            return _("Type"), str(TicketType(ticket.type).label) if ticket.type else ""
        case "status":
            return _("Status"), str(Status(ticket.status).label)
        case "created":
            return _("Created"), short_day(timezone.localtime(ticket.created_at))
    return name, ""


@lru_cache(maxsize=KEPT)
def _drawn(shown: Row, _language: str | None, _zone: str) -> SafeString:
    return render_to_string("tickets/_row.html", {"ticket": shown})


@register.simple_tag(takes_context=True)
def ticket_list(context: RequestContext, current_number: int | None = None) -> SafeString:
    """A list with its bar: its rows are drawn for themselves, and all around them looks alike in nearly all lists."""
    view, looks, said = context["view"], context["looks"], context["conditions"]
    shown = {
        _ROWS: _rows(context, current_number) if context["tickets"] else "",
        _ARRIVALS: rows_of(context["arrivals"], current_number, context["columns"]),
        _FIRST: "" if context["tickets"] else first_steps(context),
        _BULK: bulk_bar(context) if context["user"].may_reply else "",
    }
    return pieces.draw(
        "tickets/_list.html",
        {
            **shown, _VIEW: str(view.name), _LIST: context["list_url"], _NARROW: context["narrow_url"],
            _CHANGE: context["change_url"], _SETTINGS: list_settings(context),
            **{pieces.nth("condition", at): words for at, words in enumerate(said)},
        },
        context["request"],
        name=_VIEW,
        list_url=_LIST,
        is_compact=looks.is_compact,
        is_table=looks.is_table,
        narrow_url=_NARROW,
        settings=_SETTINGS,
        problem=view.problem,
        conditions=tuple(pieces.nth("condition", at) for at in range(len(said))),
        change_url=_CHANGE if context["change_url"] else "",
        is_saved=view.saved is not None,
        waiting_mail=context["waiting_mail"],
        arrivals=_ARRIVALS if shown[_ARRIVALS] else "",
        rows=_ROWS if shown[_ROWS] else "",
        first_steps=_FIRST,
        bulk=_BULK,
    )  # fmt: skip


def _rows(context: RequestContext, current_number: int | None) -> SafeString:
    groups = context["groups"]
    if len(groups) == 1 and not groups[0].title:
        drawn = _each(groups[0].tickets, current_number, context["columns"])
        return pieces.late(context["request"], [*drawn, further_rows(context)])
    with context.push(current_number=current_number):
        grouped: Any = get_template("tickets/_rows.html")
        whole: SafeString = grouped.template.render(context)
        return whole


@register.simple_tag(takes_context=True)
def further_rows(context: RequestContext) -> SafeString | str:
    """What fetches the next rows, where there are more."""
    if not context["next_url"]:
        return ""
    places = {_NEXT: context["next_url"]}
    return pieces.draw("tickets/_rows_further.html", places, next_url=_NEXT, is_cut=context["is_cut"])


@register.simple_tag(takes_context=True)
def views_column(context: RequestContext) -> SafeString:
    """The views one may turn to."""
    links = mark_safe("".join(map(_view_link_drawn, context["views"])))  # noqa: S308 - templates' output
    places = {_NARROW: context["narrow_url"], _LINKS: links, _ASKED_AT: context["asked_at"]}
    return pieces.draw(
        "tickets/_views.html",
        places,
        narrow_url=_NARROW,
        links=_LINKS,
        counts_again=context["counts_again"],
        asked_at=_ASKED_AT,
    )


@lru_cache(maxsize=KEPT)
def _view_link_drawn(item: Any) -> SafeString:
    return render_to_string("tickets/_view_link.html", {"item": item})


@register.simple_tag(takes_context=True)
def bulk_bar(context: RequestContext) -> SafeString:
    """What is shown once tickets are selected."""
    acts = _bulk_acts_drawn(
        context["user"].pk, tuple(context["bulk_agents"]), tuple(context["bulk_teams"]), get_language()
    )
    return pieces.draw(
        "tickets/_bulk_bar.html",
        {
            _QUERY: context["list_query"], _VIEW: context["view"].name, _ONCE: uuid4().hex, _ACTS: acts,
            _COUNT: context["view_count"],
        },
        context["request"],
        query=_QUERY,
        view_name=_VIEW,
        once=_ONCE,
        acts=_ACTS,
        count=_COUNT if context["view_count"] else "",
        is_capped=context["view_is_capped"],
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def list_settings(context: RequestContext) -> SafeString:
    """The small menu above a list."""
    choices_drawn = _choices_drawn(context["looks"], tuple(watching.own_fields()), get_language())
    places = {_QUERY: context["list_query"], _CHOICES: choices_drawn}
    return pieces.draw("tickets/_list_settings.html", places, context["request"], query=_QUERY, choices=_CHOICES)


@lru_cache(maxsize=256)
def _bulk_acts_drawn(me: int, agents: Any, teams: Any, _language: str | None) -> SafeString:
    return render_to_string(
        "tickets/_bulk_acts.html",
        {"me": me, "bulk_agents": agents, "bulk_teams": teams, "bulk_priorities": Priority.choices,
         "bulk_types": TicketType.choices},
    )  # fmt: skip


@lru_cache(maxsize=256)
def _choices_drawn(looks: Looks, _own: Any, _language: str | None) -> SafeString:
    return render_to_string("tickets/_list_choices.html", choices(looks))
