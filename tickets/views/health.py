"""How each inbox is: what last came and went, and what is wrong, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk import channel_names, clock
from helpdesk.pages import agent_of, agents_only, sections_for
from helpdesk.templatetags.ui import words_for
from tickets.channels.email import diagnosis
from tickets.models import Inbox, InboxHealth, RawMessage, RawState
from tickets.operations import probing


@agents_only
@require_safe
def inbox_health(request: HttpRequest) -> HttpResponse:
    """A card for each inbox the agent sees."""
    agent = agent_of(request)
    inboxes = Inbox.objects.visible_to(agent).active().select_related("health", "mailbox", "account")
    waiting: dict[int, dict[str, Any]] = {
        row["inbox"]: dict(row)
        for row in RawMessage.objects.filter(state=RawState.RECEIVED, inbox__in=inboxes)
        .order_by()
        .values("inbox")
        .annotate(count=Count("pk"), since=Min("received_at"))
    }
    now = clock.now()
    context = {
        "sections": sections_for(agent), "section": "health", "title": _("Inbox health"), "rail_current": "settings",
        "cards": [_card(inbox, waiting.get(inbox.pk, {}), now) for inbox in inboxes],
    }  # fmt: skip
    return render(request, "tickets/settings/health.html", context)


def _card(inbox: Inbox, waiting: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    health = getattr(inbox, "health", None) or InboxHealth(inbox=inbox)
    since = waiting.get("since")
    return {
        "inbox": inbox,
        "health": health,
        "way_in": _way_in(inbox),
        "is_well": not (health.problem_in or health.problem_out),
        "waiting": waiting.get("count", 0),
        "lag": now - since if since else None,
        "probe": _probe(inbox, health),
        "round_trip": _round_trip(health),
    }


def _way_in(inbox: Inbox) -> str:
    if not inbox.is_of_mail:
        return channel_names.name_of(inbox.channel)
    ways = []
    if hasattr(inbox, "mailbox") and inbox.mailbox.is_active:
        ways.append(f"IMAP ({inbox.mailbox.host})")
    else:
        ways.append(_("our mail server, or a pipe"))
    if inbox.webhook_secret:
        ways.append(_("webhook"))
    return ", ".join(ways)


def _probe(inbox: Inbox, health: InboxHealth) -> str | Promise:
    if not inbox.is_of_mail:
        return "–"
    if health.probe_sent_at is None:
        return _("none sent yet") if inbox.probe_minutes else _("not asked for")
    if not diagnosis.is_outstanding(health):
        return _("came back")
    if health.probe_sent_at > clock.now() - diagnosis.PROBE_PATIENCE:
        return _("on its way")
    return _("not back")


def _round_trip(health: InboxHealth) -> str:
    if health.probe_sent_at is None or health.probe_seen_at is None or diagnosis.is_outstanding(health):
        return ""
    seconds = (health.probe_seen_at - health.probe_sent_at).total_seconds()
    return _("after %(time)s") % {"time": _("%(n)d s") % {"n": seconds} if seconds < 120 else words_for(seconds)}


@agents_only
@require_POST
def probe(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an inbox send itself a test mail now."""
    agent = agent_of(request)
    inbox = get_object_or_404(Inbox.objects.visible_to(agent).active().filter(channel="email"), pk=pk)
    if not agent.may_reply:
        raise PermissionDenied
    if probing.send_now(inbox, actor=agent):
        messages.success(request, _("A test mail is on its way. It should be back within a minute or two."))
    else:
        messages.error(request, _("The last test mail left less than a minute ago."))
    return redirect("inbox_health")
