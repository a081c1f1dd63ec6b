"""Writing down what happened on a day, beside the figures."""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction

from helpdesk.events import record
from helpdesk.models import Agent, Role
from reports.models import Annotation
from tickets.models import Inbox


def may_change(annotation: Annotation, agent: Agent) -> bool:
    """Who wrote it, and leads and admins."""
    return annotation.author_id == agent.pk or agent.role in (Role.LEAD, Role.ADMIN)


def may_write(inbox: Inbox | None, agent: Agent) -> bool:
    """Whoever sees the inbox; about all inboxes, leads and admins."""
    if inbox is None:
        return agent.role in (Role.LEAD, Role.ADMIN)
    return Inbox.objects.visible_to(agent).filter(pk=inbox.pk).exists()


@transaction.atomic
def add(*, day: date, text: str, inbox: Inbox | None, actor: Agent) -> Annotation:
    """Write it down. Raises PermissionDenied."""
    if not may_write(inbox, actor):
        raise PermissionDenied
    made = Annotation.objects.create(day=day, text=text, inbox=inbox, author=actor)
    record("annotation.created", made, actor=actor, day=day.isoformat(), inbox=inbox.pk if inbox else None)
    return made


@transaction.atomic
def change(annotation: Annotation, *, day: date, text: str, inbox: Inbox | None, actor: Agent) -> Annotation:
    """Say it otherwise. Raises PermissionDenied."""
    found = Annotation.objects.select_for_update().get(pk=annotation.pk)
    if not may_change(found, actor) or not may_write(inbox, actor):
        raise PermissionDenied
    now = {"day": day, "text": text, "inbox": inbox}
    fields = sorted(name for name, value in now.items() if getattr(found, name) != value)
    if not fields:
        return found
    found.day, found.text, found.inbox = day, text, inbox
    found.save(update_fields=["day", "text", "inbox"])
    record("annotation.changed", found, actor=actor, fields=fields)
    return found


@transaction.atomic
def delete(annotation: Annotation, *, actor: Agent) -> None:
    """Take it away. Deleting twice is deleting once. Raises PermissionDenied."""
    found = Annotation.objects.select_for_update().filter(pk=annotation.pk).first()
    if found is None:
        return
    if not may_change(found, actor):
        raise PermissionDenied
    record("annotation.deleted", found, actor=actor, day=found.day.isoformat())
    found.delete()
