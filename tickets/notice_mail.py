"""Notifications as a mail: text and HTML in the agent's language, a snippet of what was said and no more, a way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import css_inline
from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.quiet import zone_of
from tickets import bell, minting
from tickets.bell import Shown
from tickets.models import Inbox, Notification

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
_SALT = "notices-off"
#: the way out of a mail works that long, and so does the address it is answered at
VALID = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail ready to be put in the queue."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]
    reply_to: str


def write(agent: Agent, inbox: Inbox, found: Sequence[Notification], *, is_digest: bool = False) -> Written:
    """One mail about these. Where all are of one ticket, it can be answered with a note."""
    with translation.override(agent.language or settings.LANGUAGE_CODE), timezone.override(zone_of(agent)):
        shown = bell.shown(found)
        matters: dict[object, list[Shown]] = {}
        for one in shown:
            matters.setdefault(one.number or one.url, []).append(one)
        reply_to = ""
        if len(matters) == 1 and shown[0].number and not is_digest:
            reply_to = minting.note_address(
                inbox, agent=agent.pk, ticket=shown[0].number, until=clock.now() + VALID
            )  # fmt: skip
        off = off_url(agent)
        context = {
            "agent": agent, "is_digest": is_digest, "is_answerable": bool(reply_to), "off_url": off,
            "choices_url": settings.BASE_URL + reverse("settings_notifications"),
            "language": translation.get_language(), "is_rtl": translation.get_language_bidi(),
            "parts": [
                {
                    "heading": some[0].heading, "is_ticket": some[0].number is not None, "all": some,
                    "url": settings.BASE_URL + (reverse("ticket", args=[some[0].number]) if some[0].number
                                                else some[0].url),
                }
                for some in matters.values()
            ],
        }  # fmt: skip
        return Written(
            subject=_subject(shown, len(matters), is_digest=is_digest),
            text=render_to_string("tickets/mail/notice.txt", context).strip() + "\n",
            html=_inliner.inline(render_to_string("tickets/mail/notice.html", context)),
            headers={"List-Unsubscribe": f"<{off}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            reply_to=reply_to,
        )


def _subject(shown: Sequence[Shown], matters: int, *, is_digest: bool) -> str:
    if is_digest or matters > 1:
        count = len(shown)
        return ngettext("%(n)d notification", "%(n)d notifications", count) % {"n": count}
    return f"{shown[-1].heading}: {shown[-1].sentence}"


def off_url(agent: Agent) -> str:
    """The page on which an agent wants no more such mail, without signing in; one press (RFC 8058)."""
    token = signing.dumps(agent.pk, salt=_SALT, compress=False)
    return settings.BASE_URL + reverse("notifications_off", args=[token])


def who_is_off(token: str) -> Agent | None:
    """Whose way out this is; None for one that we did not make, or that is too old."""
    try:
        pk = signing.loads(token, salt=_SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    return Agent.objects.active().filter(pk=pk).first() if isinstance(pk, int) else None
