"""What one wants to hear of and by which way, and when not; and, for admins, what holds for whoever chose nothing."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpdesk import webpush
from helpdesk.models import Agent
from helpdesk.operations.keeping import keep
from helpdesk.pages import agent_of, agents_only, roles, sections_for
from tickets import notices
from tickets.models import Inbox, NotificationChoice, Way
from tickets.notices import Choices
from tickets.notification_form import QuietForm
from tickets.operations import notifying, pushing


def _matrix(agent: Agent | None, inbox: Inbox | None) -> list[dict[str, Any]]:
    kinds = notices.kinds()
    choices: Choices = notifying.choices_of([agent.pk] if agent else [], [kind.key for kind in kinds])
    who, where = agent.pk if agent else None, inbox.pk if inbox else None
    return [
        {
            "label": kind.label,
            "cells": [
                {
                    "name": f"{kind.key}:{way.value}", "way": way.label,
                    "is_wanted": choices.wants(who, where, kind, way),
                }
                for way in Way
            ],
        }
        for kind in kinds
    ]  # fmt: skip


def _chosen(request: HttpRequest) -> dict[tuple[str, str], bool]:
    return {(kind.key, way.value): f"{kind.key}:{way.value}" in request.POST for kind in notices.kinds() for way in Way}


def _page(request: HttpRequest, section: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "sections": sections_for(agent_of(request)), "section": section, "rail_current": "settings", "ways": Way,
        **more,
    }  # fmt: skip
    return render(request, "tickets/settings/notifications.html", context, status=status)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """One's own choices for all inboxes, quiet hours, summary and devices."""
    agent = agent_of(request)
    form = QuietForm(request.POST or None, instance=Agent.objects.get(pk=agent.pk))
    if request.method == "POST" and form.is_valid():
        keep(form, actor=agent)
        notifying.choose(_chosen(request), agent=agent, inbox=None, actor=agent)
        messages.success(request, _("Saved."))
        return redirect("settings_notifications")
    return _page(
        request, "notifications", 422 if form.errors else 200, title=_("Your notifications"),
        about=_("What you hear of, and how. You never hear of what you did yourself."), form=form,
        matrix=_matrix(agent, None), inboxes=_inboxes(agent),
        devices=pushing.devices(agent), push_key=webpush.public_key(),
    )  # fmt: skip


def _inboxes(agent: Agent) -> Sequence[dict[str, Any]]:
    own = set(
        NotificationChoice.objects.filter(agent=agent, inbox__isnull=False).values_list("inbox_id", flat=True)
    )  # fmt: skip
    return [{"inbox": inbox, "is_own": inbox.pk in own} for inbox in Inbox.objects.visible_to(agent).active()]


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def of_inbox(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own choices for one inbox, where they differ."""
    agent = agent_of(request)
    inbox = get_object_or_404(Inbox.objects.visible_to(agent), pk=pk)
    if request.method == "POST":
        notifying.choose(_chosen(request), agent=agent, inbox=inbox, actor=agent)
        messages.success(request, _("Saved."))
        return redirect("settings_notifications")
    return _page(
        request, "notifications", title=_("Your notifications"), thing=inbox.name,
        back_url=reverse("settings_notifications"), matrix=_matrix(agent, inbox),
        about=_("Where it differs from your other inboxes. What you leave as it is follows them."),
    )  # fmt: skip


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def defaults(request: HttpRequest) -> HttpResponse:
    """What holds for everybody who chose nothing else."""
    if request.method == "POST":
        notifying.choose(_chosen(request), agent=None, inbox=None, actor=agent_of(request))
        messages.success(request, _("Saved."))
        return redirect("settings_notification_defaults")
    return _page(
        request, "notification_defaults", title=_("Notification defaults"), matrix=_matrix(None, None),
        about=_("What agents hear of while they chose nothing else. Nothing is mailed unless somebody asks for it."),
    )  # fmt: skip
