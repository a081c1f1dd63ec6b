"""What one agent may do in one inbox, beside what their teams give them."""

from django.db import transaction

from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import Inbox, InboxAccess


@transaction.atomic
def give(inbox: Inbox, agent: Agent, *, level: str, actor: Agent) -> InboxAccess:
    """Say what an agent may do in an inbox. Saying it twice is saying it once."""
    Inbox.objects.select_for_update(no_key=True).get(pk=inbox.pk)
    found = InboxAccess.objects.filter(inbox=inbox, agent=agent).first()
    if found and found.level == level:
        return found
    was = found.level if found else None
    found = found or InboxAccess(inbox=inbox, agent=agent)
    found.level = level
    found.save()
    record("inbox.access_changed", inbox, actor=actor, agent=agent.pk, was=was, to=level)
    return found


@transaction.atomic
def forget(inbox: Inbox, agent: Agent, *, actor: Agent) -> None:
    """Let teams and role alone decide again."""
    Inbox.objects.select_for_update(no_key=True).get(pk=inbox.pk)
    found = InboxAccess.objects.filter(inbox=inbox, agent=agent).first()
    if found:
        found.delete()
        record("inbox.access_changed", inbox, actor=actor, agent=agent.pk, was=found.level, to=None)
