"""Saved reports: a page with a choice under a name, and when it is mailed to whom."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Role
from reports import periods
from reports.models import SavedReport
from reports.reading import Filter
from tickets.models import Inbox

Cadence = SavedReport.Cadence
#: what of a question is kept
ASKED = ("period", "from", "to", "zone", "inbox", "team", "channel", "topic", "compare", "outcome", "model")
READERS = (Role.ADMIN, Role.LEAD, Role.AGENT)


def visible_to(agent: Agent) -> "QuerySet[SavedReport]":
    """Their own and those for everybody; of an inbox only where they see it."""
    shared = Q(is_shared=True)
    if not agent.sees_all:
        seen = [str(pk) for pk in Inbox.objects.visible_to(agent).values_list("pk", flat=True)]
        shared &= Q(asked__inbox__isnull=True) | Q(asked__inbox__in=seen)
    return SavedReport.objects.filter(Q(owner=agent) | shared)


def may_change(saved: SavedReport, agent: Agent) -> bool:
    """The owner; of those for everybody also admins."""
    return saved.owner_id == agent.pk or (saved.is_shared and agent.role == Role.ADMIN)


def possible_recipients() -> "QuerySet[Agent]":
    """Whoever reads reports."""
    return Agent.objects.active().filter(role__in=READERS).order_by("name")


def question(chosen: Filter, page: str) -> str:
    """A page's address query that asks for a choice by its preset: what is saved moves on with the days."""
    asked: dict[str, Any] = {"page": page, "period": chosen.preset, "zone": chosen.zone, "inbox": chosen.inbox}
    if chosen.preset == "custom":
        asked |= {"from": chosen.first, "to": chosen.last}
    asked |= {"team": chosen.team, "channel": chosen.channel, "topic": chosen.topic, "compare": chosen.compare}
    asked |= {"outcome": chosen.outcome, "model": chosen.model}
    return urlencode({key: str(value) for key, value in asked.items() if value not in (None, "")})


@transaction.atomic
def save(
    *, owner: Agent, name: str, page: str, asked: Mapping[str, Any], is_shared: bool = False, cadence: str = "",
    hour: int = 7, recipients: Iterable[Agent] = (),
) -> SavedReport:  # fmt: skip
    """Keep a page with a choice."""
    kept = {key: str(asked[key]) for key in ASKED if asked.get(key) not in (None, "")}
    saved = SavedReport(owner=owner, name=name, page=page, asked=kept, is_shared=is_shared, cadence=cadence, hour=hour)
    saved.next_at = next_due(saved, clock.now())
    saved.save()
    saved.recipients.set(recipients)
    record("savedreport.created", saved, actor=owner, name=name, page=page, shared=is_shared, cadence=cadence)
    return saved


@transaction.atomic
def change(
    saved: SavedReport, *, name: str, is_shared: bool, cadence: str, hour: int, recipients: Iterable[Agent],
    actor: Agent,
) -> SavedReport:  # fmt: skip
    """Another name, other readers, another time. Raises PermissionDenied."""
    found = SavedReport.objects.select_for_update().get(pk=saved.pk)
    if not may_change(found, actor):
        raise PermissionDenied
    now = {"name": name, "is_shared": is_shared, "cadence": cadence, "hour": hour}
    fields = sorted(field for field, value in now.items() if getattr(found, field) != value)
    for field, value in now.items():
        setattr(found, field, value)
    if {"cadence", "hour"} & set(fields):
        found.next_at = next_due(found, clock.now())
    found.save()
    wanted = {agent.pk for agent in recipients}
    if wanted != set(found.recipients.values_list("pk", flat=True)):
        found.recipients.set(wanted)
        fields.append("recipients")
    if fields:
        record("savedreport.changed", found, actor=actor, fields=fields)
    return found


@transaction.atomic
def leave(saved: SavedReport, *, agent: Agent) -> None:
    """Mail it to this agent no more; to nobody, where nobody is left. Leaving twice is leaving once."""
    found = SavedReport.objects.select_for_update().filter(pk=saved.pk).first()
    if found is None or not found.recipients.filter(pk=agent.pk).exists():
        return
    found.recipients.remove(agent)
    fields = ["recipients"]
    if not found.recipients.exists():
        found.cadence, found.next_at = "", None
        found.save(update_fields=["cadence", "next_at"])
        fields.append("cadence")
    record("savedreport.changed", found, actor=agent, fields=fields)


@transaction.atomic
def delete(saved: SavedReport, *, actor: Agent) -> None:
    """Keep it no longer, nor mail it. Deleting twice is deleting once. Raises PermissionDenied."""
    found = SavedReport.objects.select_for_update().filter(pk=saved.pk).first()
    if found is None:
        return
    if not may_change(found, actor):
        raise PermissionDenied
    record("savedreport.deleted", found, actor=actor, name=found.name)
    found.delete()


def next_due(saved: SavedReport, after: datetime) -> datetime | None:
    """When it is mailed next: after an instant, at its hour in its zone."""
    if not saved.cadence:
        return None
    zone = ZoneInfo(saved.asked.get("zone") or "UTC")
    day = periods.local_day(after, zone.key)
    for _step in range(64):
        is_its_day = {
            Cadence.DAILY: True, Cadence.WEEKLY: day.weekday() == 0, Cadence.MONTHLY: day.day == 1,
        }[Cadence(saved.cadence)]  # fmt: skip
        due = datetime(day.year, day.month, day.day, saved.hour, tzinfo=zone)
        if is_its_day and due > after:
            return due
        day += timedelta(days=1)
    raise AssertionError("every month has a first")
