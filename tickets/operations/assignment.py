"""Who owes the next step."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Team
from tickets.models import Ticket, is_worker, workers_of
from tickets.operations.status import NotPossible, must_work_tickets


@transaction.atomic
def assign(
    ticket: Ticket, *, agent: Agent | None, team: Team | None, actor: Agent | None, **why: str
) -> Ticket:  # fmt: skip
    """Give the ticket to an agent, a team, both or nobody. Raises NotPossible for who may not see it.

    `why` is a fact more, where it was not simply somebody's wish.
    """
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if agent and not is_worker(agent, ticket.inbox_id):
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
        agent=now_agent, team=now_team, was_agent=was_agent, was_team=was_team, **why,
    )  # fmt: skip
    return ticket


def unassign(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Give it back: nobody's, in the team it was in."""
    return assign(ticket, agent=None, team=ticket.team, actor=actor)


@transaction.atomic
def take_from_outsiders(
    *, actor: Agent | None, agents: Iterable[int] | None = None, inboxes: Iterable[int] | None = None
) -> int:
    """Take open tickets from whoever does not work in their inbox (any more); their teams keep them.

    Of these agents or in these inboxes; None is all. Returns how many. Doing it twice is doing it once.
    """
    theirs = Ticket.objects.unsolved().filter(assignee__isnull=False)
    theirs = theirs if agents is None else theirs.filter(assignee__in=list(agents))
    theirs = theirs if inboxes is None else theirs.filter(inbox__in=list(inboxes))
    count = 0
    for inbox in sorted(set(theirs.order_by().values_list("inbox_id", flat=True).distinct())):
        workers = set(workers_of(inbox).values_list("pk", flat=True))
        numbers = theirs.filter(inbox=inbox).exclude(assignee__in=workers).values_list("pk", flat=True)
        for ticket in Ticket.objects.all_locked(numbers).values():
            if ticket.assignee_id and ticket.assignee_id not in workers:
                assign(ticket, agent=None, team=ticket.team, actor=actor, why="access")
                count += 1
    return count


def take(ticket: Ticket, *, actor: Agent) -> Ticket:
    """Make it mine."""
    return assign(ticket, agent=actor, team=ticket.team, actor=actor)
