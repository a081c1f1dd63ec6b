"""Watching a ticket without owing its next step."""

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import Follower, Inbox, Ticket
from tickets.operations.status import NotPossible


@transaction.atomic
def follow(ticket: Ticket, *, agent: Agent, actor: Agent | None) -> Ticket:
    """Let an agent watch the ticket. Who only reads and notes may too. Raises NotPossible for who may not see it."""
    ticket = Ticket.objects.locked(ticket.pk)
    if not Inbox.objects.visible_to(agent).filter(pk=ticket.inbox_id).exists():
        raise NotPossible(_("%(agent)s does not see this inbox.") % {"agent": agent})
    _follower, is_new = Follower.objects.get_or_create(ticket=ticket, agent=agent, defaults={"since": clock.now()})
    if is_new:
        record("ticket.followed", ticket, actor=actor, agent=agent.pk)
    return ticket


@transaction.atomic
def unfollow(ticket: Ticket, *, agent: Agent, actor: Agent | None) -> Ticket:
    """Let an agent watch it no longer."""
    ticket = Ticket.objects.locked(ticket.pk)
    gone, _each = Follower.objects.filter(ticket=ticket, agent=agent).delete()
    if gone:
        record("ticket.unfollowed", ticket, actor=actor, agent=agent.pk)
    return ticket
