"""Who works no more in an inbox has no open tickets there, and whoever took it from them can give them back."""

from collections.abc import Callable

import pytest

from helpdesk.forms import AgentForm, TeamForm
from helpdesk.models import Agent, Event, Team
from helpdesk.operations import people
from helpdesk.operations.keeping import keep
from tickets import activity
from tickets.models import Inbox, InboxAccess, Ticket
from tickets.operations import access, assignment, status, undo
from tickets.operations.status import NotPossible

Way = Callable[[Inbox, Team, Agent, Agent], object]


def _given_less(inbox: Inbox, team: Team, ana: Agent, admin: Agent) -> None:
    access.give(inbox, ana, level=InboxAccess.Level.LIGHT, actor=admin)


def _shut_out(inbox: Inbox, team: Team, ana: Agent, admin: Agent) -> None:
    access.give(inbox, ana, level=InboxAccess.Level.NONE, actor=admin)


def _another_role(inbox: Inbox, team: Team, ana: Agent, admin: Agent) -> None:
    given = {"name": ana.name, "email": ana.email, "role": "light", "teams": [team.pk], "zone": "UTC", "language": "en"}
    form = AgentForm(given, instance=ana)
    assert form.is_valid(), form.errors
    keep(form, actor=admin)


def _out_of_the_team(inbox: Inbox, team: Team, ana: Agent, admin: Agent) -> None:
    form = TeamForm({"name": team.name, "members": []}, instance=team)
    assert form.is_valid(), form.errors
    keep(form, actor=admin)


def _let_go(inbox: Inbox, team: Team, ana: Agent, admin: Agent) -> None:
    people.deactivate(ana, actor=admin)


@pytest.mark.parametrize("lose", [_given_less, _shut_out, _another_role, _out_of_the_team, _let_go])
def test_open_tickets_go_back_to_their_team(
    lose: Way, ticket: Ticket, inbox: Inbox, team: Team, ana: Agent, admin: Agent, settle: Callable[[], None]
) -> None:
    done = Ticket.objects.create(inbox=inbox, customer=ticket.customer)
    for one in (ticket, done):
        assignment.assign(one, agent=ana, team=team, actor=None)
    status.resolve(done, actor=None)
    settle()
    lose(inbox, team, ana, admin)
    settle()
    ticket.refresh_from_db()
    done.refresh_from_db()
    assert (ticket.assignee, ticket.team) == (None, team)
    assert done.assignee == ana  # who resolved it remains who did
    event = Event.objects.filter(stream_id=ticket.pk, verb="ticket.assigned").latest("id")
    assert (event.actor_id, event.facts["why"]) == (admin.pk, "access")
    [line] = activity.told([event])
    assert line.sentence == "Ana Silva no longer works in this inbox, so nobody has it"


def test_what_is_elsewhere_stays_and_so_do_the_tickets_of_others(
    ticket: Ticket, inbox: Inbox, billing: Inbox, ana: Agent, chloe: Agent, admin: Agent, settle: Callable[[], None]
) -> None:
    access.give(billing, ana, level="agent", actor=admin)
    elsewhere = Ticket.objects.create(inbox=billing, customer=ticket.customer)
    assignment.assign(elsewhere, agent=ana, team=None, actor=None)
    assignment.assign(ticket, agent=chloe, team=None, actor=None)
    access.give(inbox, ana, level="none", actor=admin)
    settle()
    elsewhere.refresh_from_db()
    ticket.refresh_from_db()
    assert (elsewhere.assignee, ticket.assignee) == (ana, chloe)


def test_it_is_taken_back_when_the_access_is_given_back(
    ticket: Ticket, inbox: Inbox, ana: Agent, admin: Agent, settle: Callable[[], None]
) -> None:
    assignment.assign(ticket, agent=ana, team=None, actor=None)
    access.give(inbox, ana, level="none", actor=admin)
    settle()
    event = undo.latest(admin)
    assert event is not None
    with pytest.raises(NotPossible):
        undo.undo(ticket, event, actor=admin)
    access.forget(inbox, ana, actor=admin)
    settle()
    assert undo.undo(ticket, event, actor=admin).assignee == ana


def test_hearing_of_it_twice_takes_it_once(ticket: Ticket, inbox: Inbox, ana: Agent, admin: Agent) -> None:
    assignment.assign(ticket, agent=ana, team=None, actor=None)
    access.give(inbox, ana, level="none", actor=admin)
    assert assignment.take_from_outsiders(actor=admin, agents=[ana.pk], inboxes=[inbox.pk]) == 1
    assert assignment.take_from_outsiders(actor=admin) == 0
