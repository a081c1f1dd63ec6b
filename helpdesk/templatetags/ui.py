"""What templates of every floor share: icons, people as initials, and times as people say them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple
from uuid import uuid4
from zipfile import ZipFile
from zlib import crc32

from babel.dates import format_skeleton
from django import template
from django.conf import settings
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext, to_locale
from django.utils.translation import gettext as _

from helpdesk import channel_names, clock, keyboard, pieces
from helpdesk.pages import grouped, menu_for

register = template.Library()

TINTS = 6


@cache
def _family() -> ZipFile:
    """Lucide's pictures. It is listed once: the package lists its thousands of them for every icon it draws."""
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))  # no open file for processes that fork


@lru_cache(maxsize=512)
def _drawn(name: str, size: int) -> SafeString:
    lines = _family().read(f"{name}.svg").decode().partition(">")[2].rpartition("</svg>")[0]
    svg = (
        f'<svg width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" class="icon" aria-hidden="true">'
        f"{lines}</svg>"
    )
    return mark_safe(" ".join(svg.split()).replace("> <", "><"))  # noqa: S308 - a package's file, no input


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Draw an icon of the one family. It is decoration: words or a label stand beside it."""
    return _drawn(str(name), size)


@register.simple_tag
def channel_icon(channel: str, size: int = 16) -> SafeString:
    """The glyph of a channel, with its name for those who do not see it."""
    return _channel_drawn(channel, size, get_language())


@lru_cache(maxsize=256)
def _channel_drawn(channel: str, size: int, _language: str | None) -> SafeString:
    return format_html(
        '<span class="row-channel" title="{0}">{1}<span class="visually-hidden">{0}</span></span>',
        channel_names.name_of(channel),
        _drawn(channel_names.icon_of(channel), size),
    )


STATUS_ICONS = {
    "open": "circle-dot",
    "pending": "clock",
    "on_hold": "circle-pause",
    "resolved": "circle-check",
    "closed": "archive",
}


@register.simple_tag
def status_icon(status: str, size: int = 16) -> SafeString:
    """The shape of a ticket's status."""
    return _drawn(STATUS_ICONS.get(str(status), "circle"), size)


@register.filter
def initials(name: object) -> str:
    """At most two letters for a person: "Dora Levin" is DL, "emil@example.org" is E."""
    words = [word for word in str(name or "").split("@", 1)[0].replace(".", " ").split() if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][0]).upper()


@register.filter
def tint(name: object) -> int:
    """The tint of a person's picture; the same name keeps its tint."""
    return crc32(str(name or "").casefold().encode()) % TINTS + 1


@register.simple_tag
def avatar(name: object, size: str = "") -> SafeString:
    """A person as their initials."""
    return _portrait(str(name or ""), size)


@lru_cache(maxsize=2048)
def _portrait(name: str, size: str) -> SafeString:
    return render_to_string("components/_avatar.html", {"name": name, "size": size})


def words_for(seconds: float) -> str:
    """A length of time in at most two units: "4 min", "2 h 5 min", "14 h", "3 d 4 h", "12 d"."""
    minutes = max(0, int(seconds // 60))
    hours, days = minutes // 60, minutes // 1440
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    if hours < 24:
        rest = minutes % 60 if hours < 10 else 0
        words = _("%(hours)d h %(minutes)d min") if rest else _("%(hours)d h")
        return words % {"hours": hours, "minutes": rest}
    rest = hours % 24
    if days < 4 and rest:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": rest}
    return _("%(days)d d") % {"days": days}


@register.filter
def duration(value: timedelta | float | int | None) -> str:
    """A length of time, given as seconds or a timedelta; a dash for none."""
    if value is None or value == "":
        return "–"
    return words_for(value.total_seconds() if isinstance(value, timedelta) else float(value))


@register.filter
def time_since(moment: datetime | None) -> str:
    """How long ago a moment was."""
    return words_for((clock.now() - moment).total_seconds()) if moment else ""


def full_time(moment: datetime) -> str:
    """A moment in the reader's zone, in full, for titles."""
    return _full_time(moment, timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=8192)
def _full_time(moment: datetime, zone: tzinfo, _language: str | None) -> str:
    return formats.date_format(timezone.localtime(moment, zone), "DATETIME_FORMAT")


def short_time(moment: datetime) -> str:
    """A moment as a letter's date: the hour today, the day this year, else the date."""
    today = timezone.localtime(clock.now()).date()
    return _short_time(moment, timezone.get_current_timezone(), get_language(), today)


@lru_cache(maxsize=8192)
def _short_time(moment: datetime, zone: tzinfo, _language: str | None, today: date) -> str:
    local = timezone.localtime(moment, zone)
    if local.date() == today:
        return formats.time_format(local, "TIME_FORMAT")
    if local.year == today.year:
        return f"{short_day(local)}, {formats.time_format(local, 'TIME_FORMAT')}"
    return short_day(local)


def short_day(local: datetime) -> str:
    """A day as people jot it: "Nov 24", "24. Nov.", with the year where it is another one."""
    this_year = local.year == timezone.localtime(clock.now()).year
    return format_skeleton("MMMd" if this_year else "yMMMd", local.date(), locale=to_locale(get_language() or "en"))


@register.filter
def nth(things: Sequence[Any], place: int) -> Any:
    """The thing at a place: the title of a cell's column."""
    return things[place]


@register.simple_tag
def day(at: datetime | None) -> SafeString | str:
    """The day of a moment, short."""
    if at is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), full_time(at), short_day(timezone.localtime(at))
    )


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """When something was: short to read, in full on hover."""
    if at is None:
        return ""
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), full_time(at), short_time(at))


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """How long ago something was; the page keeps it current."""
    if at is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}" data-since>{}</time>', at.isoformat(), full_time(at), time_since(at)
    )


@register.simple_tag
def waiting(ticket: Any, tone: str | None = None, icon_size: int = 14) -> SafeString | str:
    """How long the customer waits for us, and how it stands to what we promised.

    Amber once half the promise is gone, red when it is missed. A row brings its own `wait_tone`, measured in business
    hours; without one the wall clock is held against the inbox's target, and the page goes on doing so.
    """
    since: datetime | None = getattr(ticket, "waiting_since", None)
    if since is None:
        return ""
    wall = (clock.now() - since).total_seconds()
    # business time stands still while nobody is there; while somebody is, the page counts on
    seconds = getattr(ticket, "waited", wall)
    is_running = getattr(ticket, "is_clock_running", True)
    began = since if seconds == wall else (clock.now() - timedelta(seconds=seconds)).replace(second=0, microsecond=0)
    target = getattr(getattr(ticket, "inbox", None), "response_target_minutes", None)
    tone = getattr(ticket, "wait_tone", None) if tone is None else tone
    follow = ""
    if tone is None:
        tone = tone_of(seconds, target)
        follow = str(target or "")
    said = {
        "amber": pgettext("the promised answer", "Half the promised time is gone."),
        "red": pgettext("the promised answer", "The promised time is over."),
    }.get(tone, "")
    open_time = "" if began == since else _("%(time)s of that in business hours.") % {"time": words_for(seconds)}
    title = " ".join(filter(None, [_("Waiting since %(when)s.") % {"when": full_time(since)}, open_time, said]))
    return format_html(
        '<span class="waiting" data-tone="{}" title="{}">{}<time datetime="{}"{} data-target="{}">{}</time>'
        '<span class="visually-hidden">{}</span></span>',
        tone,
        title,
        _drawn("clock-alert", icon_size),
        began.isoformat(),
        mark_safe(" data-since") if is_running else "",
        follow,
        words_for(seconds),
        said,
    )


def tone_of(seconds: float, target_minutes: int | None) -> str:
    """Nothing in good time, amber past half the promise, red past all of it."""
    if not target_minutes:
        return ""
    used = seconds / 60 / target_minutes
    return "red" if used >= 1 else "amber" if used >= 0.5 else ""


@register.filter
def filesize(size: int | None) -> str:
    """A file's size in words: "12 KB"."""
    from django.template.defaultfilters import filesizeformat

    return filesizeformat(size or 0)


class Me(NamedTuple):
    """What the rail shows of its reader."""

    name: str
    email: str
    is_away: bool
    theme: str
    is_admin: bool


@register.simple_tag(takes_context=True)
def rail_of_agent(context: RequestContext) -> SafeString:
    """The rail at the edge of every page; drawn once while it looks the same to its reader."""
    agent, path = context["user"], context["request"].path
    below = (entry.key for entry in context["rail"] if entry.url != "/" and path.startswith(entry.url))
    return pieces.draw(
        "components/_rail.html",
        {},
        context["request"],
        me=Me(agent.name, agent.email, agent.is_away, agent.theme, agent.is_admin),
        rail=tuple(context["rail"]),
        rail_current=context.get("rail_current") or next(below, None),
        mail_catcher=context["mail_catcher"],
        menu=tuple(menu_for(agent)),
    )


@register.inclusion_tag("components/_rail_link.html", takes_context=True)
def rail_link(context: RequestContext, entry: Any) -> dict[str, object]:
    """One place on the rail, and whether we are in it."""
    return {"entry": entry, "is_here": context.get("rail_current") == entry.key}


@register.simple_tag
def unchanging(name: str) -> SafeString:
    """A piece of every page that depends on the language alone, so that it is drawn once."""
    return render_to_string(name) if settings.DEBUG else _unchanging(name, get_language())


@lru_cache(maxsize=64)
def _unchanging(name: str, _language: str | None) -> SafeString:
    return render_to_string(name)


@register.simple_tag(takes_context=True)
def keyboard_map(context: RequestContext) -> SafeString:
    """The list behind `?`, with the reader's own keys: scripts hear what stands in it."""
    own = getattr(context.get("user"), "keys", None) or {}
    return _keyboard_map(tuple(sorted(own.items())), get_language())


@lru_cache(maxsize=512)
def _keyboard_map(own: tuple[tuple[str, str], ...], _language: str | None) -> SafeString:
    groups = keyboard.groups_for(dict(own))
    jump = next((one.printed[0] for _, members in groups for one in members if one.name == "jump" and one.keys), "")
    return render_to_string("components/_keys.html", {"groups": groups, "jump": jump})


@register.simple_tag(takes_context=True)
def key_of(context: RequestContext, name: str) -> SafeString | str:
    """The key the reader presses for an act, to stand on its button; nothing where there is none."""
    key = keyboard.key_of(name, context.get("user"))
    return format_html("<kbd>{}</kbd>", key) if key else ""


@register.simple_tag(takes_context=True)
def with_key(context: RequestContext, words: str, name: str) -> str:
    """Words for a title, and the key the reader presses for the act."""
    key = keyboard.key_of(name, context.get("user"))
    return f"{words} ({key})" if key else words


@register.simple_tag
def once_key() -> str:
    """A key that makes a form count once, however often it arrives."""
    return uuid4().hex


@register.simple_tag(takes_context=True)
def block_of(context: RequestContext, block: Any) -> SafeString:
    """A block an upper floor brought, with forms that post."""
    return render_to_string(block.template, block.context, context.get("request"))


@register.filter
def in_groups(sections: Any) -> Any:
    """Pages of the settings as the groups they stand in."""
    return grouped(sections or [])


@register.simple_tag(takes_context=True)
def rendered(context: RequestContext, block: Any) -> SafeString:
    """A block an upper floor brought: its own template with its own context, and what its forms need to post."""
    if (places := getattr(block, "places", None)) is not None:
        return pieces.draw(block.template, places, context.get("request"), **block.context)
    return render_to_string(block.template, {"csrf_token": context.get("csrf_token"), **block.context})


@register.filter
def widget_kind(field: Any) -> str:
    """How a form field wants to be laid out: check, choices, file or text."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    if kind == "checkbox" and not hasattr(widget, "option_template_name"):
        return "check"
    if kind in ("radio", "checkbox"):
        return "choices"
    return "file" if kind == "file" else "text"


VIEW_ICONS = {
    "mine": "circle-user",
    "unassigned": "inbox",
    "open": "layers",
    "chats": "message-circle",
    "pending": "clock",
    "on_hold": "circle-pause",
    "snoozed": "alarm-clock",
    "resolved": "circle-check",
    "undelivered": "mail-x",
    "low": "frown",
    "saved_private": "list-filter",
    "saved_team": "users-round",
    "saved_everyone": "globe",
}


@register.simple_tag
def view_icon(key: str, size: int = 16) -> SafeString:
    """The glyph of a list agents work through."""
    return _drawn(VIEW_ICONS.get(key, "list"), size)


ACTIVITY_ICONS = {
    "ticket.created": "plus",
    "ticket.resolved": "check",
    "ticket.reopened": "rotate-ccw",
    "ticket.pended": "clock",
    "ticket.held": "circle-pause",
    "ticket.closed": "archive",
    "ticket.assigned": "user-round",
    "ticket.tagged": "tag",
    "ticket.untagged": "tag",
    "message.acknowledged": "mail-check",
    "message.unacknowledged": "mail-x",
    "ticket.participant_added": "user-round-plus",
    "ticket.participant_removed": "user-round-x",
    "message.scheduled": "calendar-clock",
    "message.unscheduled": "clock-alert",
    "message.failed": "triangle-alert",
    "message.uncertain": "triangle-alert",
    "message.bounced": "triangle-alert",
    "message.delayed": "clock",
    "message.retried": "rotate-cw",
    "message.corrected": "arrow-right",
}


@register.simple_tag
def activity_icon(verb: str, size: int = 14) -> SafeString:
    """The glyph of something that happened."""
    return _drawn(ACTIVITY_ICONS.get(verb, "star" if verb.startswith("survey.") else "dot"), size)
