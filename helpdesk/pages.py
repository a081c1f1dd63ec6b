"""What pages share: the shell's context, toasts, settings sections, and who may open what."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import Any, Protocol, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from helpdesk import pieces
from helpdesk.models import Agent, Role


def agent_of(request: HttpRequest) -> Agent:
    """Whose request it is, on pages for signed-in agents."""
    return cast(Agent, request.user)


def by_htmx(request: HttpRequest) -> bool:
    """Whether a part of a page asks, and not a browser for a whole one."""
    return bool(request.htmx)  # type: ignore[attr-defined]  # django-htmx's middleware puts it there


def cause_of(request: HttpRequest) -> str:
    """What the request is called in logs, for the events it causes."""
    return cast(str, request.request_id)[:64]  # type: ignore[attr-defined]  # our middleware puts it there


View = Callable[..., HttpResponse]


def agents_only(view: View) -> View:
    """The page is for signed-in agents; others are asked to sign in."""
    return login_required(view)


def roles(*allowed: Role) -> Callable[[View], View]:
    """The page is for agents of these roles; admins always. Others get a 403 with plain words."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not isinstance(user, Agent) or (user.role != Role.ADMIN and user.role not in allowed):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the settings: its key, title, one sentence about it, and the name of its URL."""

    key: str
    title: str | Promise
    about: str | Promise
    url_name: str
    roles: tuple[Role, ...] = (Role.ADMIN,)
    #: how many things wait there for an agent
    waiting: Callable[[Agent], int] | None = None
    count: int = 0
    #: a key of GROUPS; "" is found by the section's key
    group: str = ""
    #: words people may look for it with, beside its title and its sentence
    words: str | Promise = ""

    @property
    def url(self) -> str:
        return reverse(self.url_name)


#: the settings' groups, in their order
GROUPS: dict[str, str | Promise] = {
    "you": _("You"),
    "team": _("Team"),
    "inboxes": _("Inboxes"),
    "tickets": _("Tickets"),
    "channels": _("Channels"),
    "security": _("Security"),
    "system": _("System"),
}
#: where sections stand that do not say it themselves
_GROUP_OF = {
    "profile": "you", "working": "you", "notifications": "you", "keys": "you", "signing_in": "you", "tokens": "you",
    "agents": "team", "teams": "team", "calendars": "team",
    "inboxes": "inboxes", "brands": "inboxes", "health": "channels", "intake": "channels",
    "tags": "tickets", "fields": "tickets", "saved_replies": "tickets", "macros": "tickets", "surveys": "tickets",
    "topics": "tickets", "quality": "tickets",
    "departments": "tickets", "reasons": "tickets",
    "security": "security", "audit": "security",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Sections that belong together."""

    key: str
    title: str | Promise
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Banner:
    """What everybody it concerns must know on every page: since when, what, and where to read on."""

    title: str
    text: str
    since: datetime | None = None
    url: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class RailEntry:
    """A place in the rail at the edge of every page."""

    key: str
    # hashing words that wait for a language looks them up
    title: str | Promise = field(hash=False)
    icon: str
    url_name: str
    roles: tuple[Role, ...] = tuple(Role)
    #: how many things wait there for an agent; asked for each page, so it must be cheap
    waiting: Callable[[Agent], int] | None = None
    count: int = 0
    #: where the title is too long for the foot of a phone
    short: str | Promise = field(default="", hash=False)

    @property
    def url(self) -> str:
        return reverse(self.url_name)


class Banners(Protocol):
    """What says what an agent must know."""

    def __call__(self, agent: Agent, *, fresh: bool = False) -> Sequence[Banner]: ...


_sections: list[Section] = []
_rail: list[RailEntry] = []
_banners: list[Banners] = []


def settings_section(section: Section) -> None:
    """Add a page to the settings; each app's ready() adds its own."""
    if section not in _sections:
        _sections.append(section)


@dataclass(frozen=True, slots=True)
class Block:
    """Something an upper floor shows: `template` is rendered with `context`."""

    template: str
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Something an agent switches in the menu behind their picture: a form of one button, posted to `url`."""

    key: str
    url: str
    name: str
    value: str
    label: str
    icon: str


_menu: list[Callable[[Agent], MenuEntry | None]] = []


def menu_entry(function: Callable[[Agent], MenuEntry | None]) -> Callable[[Agent], MenuEntry | None]:
    """Let an upper floor offer a switch in an agent's menu; None offers nothing. Asked for each page."""
    if function not in _menu:
        _menu.append(function)
    return function


def menu_for(agent: Agent) -> Sequence[MenuEntry]:
    """What an agent can switch in their menu."""
    return [entry for function in _menu if (entry := function(agent))]


_blocks: list[Callable[[Agent], Block | None]] = []


def settings_block(function: Callable[[Agent], Block | None]) -> Callable[[Agent], Block | None]:
    """Let an upper floor show something above the settings; None shows nothing."""
    if function not in _blocks:
        _blocks.append(function)
    return function


def settings_blocks_for(agent: Agent) -> Sequence[Block]:
    """What stands above an agent's settings."""
    return [block for function in _blocks if (block := function(agent))]


def rail_entry(entry: RailEntry) -> None:
    """Add a place to the rail."""
    if entry not in _rail:
        _rail.append(entry)


def banner(function: Banners) -> Banners:
    """Let a function say what an agent must know on every page.

    It is asked for each page, so it must be cheap: what it says may be a few seconds old, unless asked for `fresh`.
    """
    if function not in _banners:
        _banners.append(function)
    return function


def banners_for(agent: Agent, *, fresh: bool = False) -> Sequence[Banner]:
    """What an agent must know now."""
    return [one for function in _banners for one in function(agent, fresh=fresh)]


def sections_for(agent: Agent) -> Sequence[Section]:
    """The settings an agent may open, with what waits there."""
    return [
        replace(s, count=s.waiting(agent)) if s.waiting else s
        for s in _sections
        if agent.is_admin or agent.role in s.roles
    ]


def grouped(sections: Sequence[Section]) -> Sequence[Group]:
    """Sections in their groups; a group without any is left out."""
    found: dict[str, list[Section]] = {key: [] for key in GROUPS}
    order = list(_GROUP_OF)
    for section in sorted(sections, key=lambda one: order.index(one.key) if one.key in order else len(order)):
        group = section.group or _GROUP_OF.get(section.key, "system")
        found[group if group in found else "system"].append(section)
    return [Group(key, GROUPS[key], members) for key, members in found.items() if members]


def rail_for(agent: Agent) -> Sequence[RailEntry]:
    """The rail of an agent, with what waits there."""
    return [
        replace(e, count=e.waiting(agent)) if e.waiting else e for e in _rail if agent.is_admin or agent.role in e.roles
    ]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what base.html needs. Lazy, so that partials do not pay for it."""
    agent = getattr(request, "user", None)
    return {
        "request_id": getattr(request, "request_id", ""),
        "csrf_token": SimpleLazyObject(lambda: pieces.token(request)),
        "rail": SimpleLazyObject(lambda: rail_for(agent) if isinstance(agent, Agent) else []),
        "banners": SimpleLazyObject(lambda: banners_for(agent) if isinstance(agent, Agent) else []),
        "instance": settings.INSTANCE,
        "mail_catcher": settings.MAIL_CATCHER,
        "languages": settings.LANGUAGES,
    }


def toast(response: HttpResponse, message: str | Promise, *, undo_url: str = "", seconds: int = 0) -> HttpResponse:
    """Say in the page's corner what was done, with a way back, which is open for `seconds` where that is limited."""
    said: dict[str, Any] = {"message": str(message), "undo_url": undo_url}
    if seconds:
        said["seconds"] = seconds
    return tell_page(response, toast=said)


def tell_page(response: HttpResponse, **events: Any) -> HttpResponse:
    """Let the page's scripts hear of events when this answer arrives."""
    heard = json.loads(response.get("HX-Trigger", "{}"))
    response["HX-Trigger"] = json.dumps({**heard, **events})
    return response


def remember_reader(request: HttpRequest, agent: Agent) -> None:
    """Keep the agent's language and zone with the session, where the middleware looks."""
    request.session["language"] = agent.language or None
    request.session["zone"] = agent.zone
