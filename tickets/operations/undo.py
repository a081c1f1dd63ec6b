"""Taking back the last act: the inverse operation, if nothing has happened since that it would trample on."""

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.models import Agent, Event, Team
from tickets.models import Status, Ticket
from tickets.operations import assignment, sorting, status
from tickets.operations.status import NotPossible

_STATUS_VERBS = {verb: to for to, verb in status.VERBS.items()}
UNDOABLE = frozenset([*_STATUS_VERBS, "ticket.assigned", "ticket.tagged", "ticket.untagged", "ticket.snoozed"])

#: how a ticket comes back into a status it had
BACK_TO = {
    Status.OPEN: status.reopen,
    Status.PENDING: status.pend,
    Status.ON_HOLD: status.hold,
    Status.RESOLVED: status.resolve,
}


@transaction.atomic
def undo(ticket: Ticket, event: Event, *, actor: Agent) -> Ticket:
    """Undo the actor's own event on this ticket. Raises NotPossible when it is too late or not theirs."""
    ticket = Ticket.objects.locked(ticket.pk)
    if event.stream_id != ticket.number or event.actor_id != actor.pk or event.verb not in UNDOABLE:
        raise NotPossible(_("That cannot be undone."))
    facts = event.facts
    if event.verb in _STATUS_VERBS:
        if ticket.status != facts["to"]:
            raise NotPossible(_("The ticket has moved on since."))
        return _restore(ticket, Status(facts["was"]), actor)
    if event.verb == "ticket.assigned":
        if (ticket.assignee_id, ticket.team_id) != (facts["agent"], facts["team"]):
            raise NotPossible(_("The ticket has been given to somebody else since."))
        agent = Agent.objects.filter(pk=facts["was_agent"]).first()
        team = Team.objects.filter(pk=facts["was_team"]).first()
        return assignment.assign(ticket, agent=agent, team=team, actor=actor)
    if event.verb == "ticket.tagged":
        return sorting.untag(ticket, name=facts["tag"], actor=actor)
    if event.verb == "ticket.untagged":
        return sorting.tag(ticket, name=facts["tag"], actor=actor)
    return status.wake(ticket, actor=actor)


def _restore(ticket: Ticket, was: Status, actor: Agent) -> Ticket:
    back = BACK_TO.get(was)
    if back is None or ticket.is_closed:
        raise NotPossible(_("A closed ticket stays closed."))
    return back(ticket, actor=actor)
