"""Who owes the next step."""

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Team
from tickets.models import Ticket, workers_of
from tickets.operations.status import NotPossible, must_work_tickets


@transaction.atomic
def assign(ticket: Ticket, *, agent: Agent | None, team: Team | None, actor: Agent | None) -> Ticket:
    """Give the ticket to an agent, a team, both or nobody. Raises NotPossible for who may not see it."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if agent and not workers_of(ticket.inbox_id).filter(pk=agent.pk).exists():
        raise NotPossible(_("%(agent)s does not work in this inbox.") % {"agent": agent})
    was_agent, was_team = ticket.assignee_id, ticket.team_id
    now_agent, now_team = agent.pk if agent else None, team.pk if team else None
    if (was_agent, was_team) == (now_agent, now_team):
        return ticket
    if team and now_team != was_team and not team.inboxes.filter(pk=ticket.inbox_id).exists():
        raise NotPossible(_("%(agent)s does not work in this inbox.") % {"agent": team})
    at = clock.now()
    ticket.assignee, ticket.team, ticket.updated_at = agent, team, at
    ticket.save(update_fields=["assignee", "team", "updated_at"])
    record(
        "ticket.assigned", ticket, actor=actor, at=at,
        agent=now_agent, team=now_team, was_agent=was_agent, was_team=was_team,
    )  # fmt: skip
    return ticket


def unassign(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Give it back: nobody's, in the team it was in."""
    return assign(ticket, agent=None, team=ticket.team, actor=actor)


def take(ticket: Ticket, *, actor: Agent) -> Ticket:
    """Make it mine."""
    return assign(ticket, agent=actor, team=ticket.team, actor=actor)
