"""Who sees and works in which inbox: by team, by name, or not at all; and losing it is losing it everywhere."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from helpdesk import clock
from helpdesk.models import Agent, ApiToken, Team
from tickets.models import Inbox, InboxAccess, Ticket, workers_of, works_in
from tickets.operations import acting, assignment, drafting, replying, sorting, status
from tickets.operations.status import NotPossible
from tickets.subscribers import audiences

LEVELS = InboxAccess.Level


def give(agent: Agent, inbox: Inbox, level: str) -> None:
    InboxAccess.objects.update_or_create(agent=agent, inbox=inbox, defaults={"level": level})


def test_an_inbox_can_be_opened_to_somebody_of_another_team(ticket: Ticket, inbox: Inbox, ben: Agent) -> None:
    assert not Ticket.objects.visible_to(ben).exists() and not works_in_list(inbox, ben)
    give(ben, inbox, LEVELS.AGENT)
    assert Ticket.objects.visible_to(ben).get() == ticket
    status.pend(ticket, actor=ben)
    assert assignment.assign(ticket, agent=ben, team=None, actor=ben).assignee == ben


def works_in_list(inbox: Inbox, agent: Agent) -> bool:
    return workers_of(inbox.pk).filter(pk=agent.pk).exists()


def test_who_may_only_read_and_note_changes_nothing(ticket: Ticket, inbox: Inbox, ana: Agent, chloe: Agent) -> None:
    give(ana, inbox, LEVELS.LIGHT)
    assert Ticket.objects.visible_to(ana).exists() and not works_in(ana, inbox.pk)
    replying.add_note(ticket, text="Seen", actor=ana)
    for act in (
        lambda: status.resolve(ticket, actor=ana),
        lambda: sorting.tag(ticket, name="vip", actor=ana),
        lambda: replying.reply(ticket, text="Hello", actor=ana),
        lambda: drafting.save(ticket, actor=ana, kind="reply", content=drafting.Content("Hello")),
        lambda: assignment.assign(ticket, agent=ana, team=None, actor=chloe),
    ):
        with pytest.raises(NotPossible):
            act()


def test_who_may_only_read_and_note_ends_no_snooze(ticket: Ticket, inbox: Inbox, ana: Agent, lou: Agent) -> None:
    status.snooze(ticket, until=clock.now() + timedelta(days=1), actor=ana)
    give(ana, inbox, LEVELS.LIGHT)
    for agent in (ana, lou):
        with pytest.raises(NotPossible):
            acting.perform(ticket, {"do": "wake"}, actor=agent)
    assert Ticket.objects.get(pk=ticket.pk).is_snoozed


def test_an_inbox_can_be_closed_to_somebody_of_its_team(
    ticket: Ticket, inbox: Inbox, ana: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    give(ana, inbox, LEVELS.NONE)
    assert not Inbox.objects.visible_to(ana).exists() and not Ticket.objects.visible_to(ana).exists()
    assert not works_in_list(inbox, ana)
    assert as_agent(ana).get(f"/tickets/{ticket.pk}/").status_code == 404


def test_a_role_is_the_most_somebody_may_do(inbox: Inbox, billing: Inbox, lou: Agent, admin: Agent) -> None:
    give(lou, billing, LEVELS.AGENT)
    give(admin, billing, LEVELS.NONE)
    assert Inbox.objects.visible_to(lou).filter(pk=billing.pk).exists()
    assert not works_in(lou, billing.pk) and not works_in_list(billing, lou)
    assert works_in(admin, billing.pk) and works_in_list(billing, admin)


@pytest.mark.parametrize("by", ["team", "name"])
def test_t21_7_who_moves_away_loses_pages_live_updates_and_keys(
    by: str, ticket: Ticket, inbox: Inbox, ana: Agent, billing_team: Team, as_agent: Callable[[Agent], Client]
) -> None:
    browser, (_token, secret) = as_agent(ana), ApiToken.objects.issue(ana, "export")
    program = {"headers": {"authorization": f"Bearer {secret}"}}
    assert browser.get(f"/tickets/{ticket.pk}/").status_code == 200
    assert Client().get(f"/api/v1/tickets/{ticket.pk}/", **program).status_code == 200
    assert audiences(ana) == {f"inbox:{inbox.pk}"}
    if by == "team":
        ana.teams.set([billing_team])
    else:
        give(ana, inbox, LEVELS.NONE)
    # at once, but for an open stream, which asks again every minute (helpdesk.live.RECHECK_SECONDS)
    assert browser.get(f"/tickets/{ticket.pk}/").status_code == 404
    assert f"#{ticket.pk}" not in browser.get("/").content.decode()
    assert browser.post(f"/tickets/{ticket.pk}/note", {"text": "Still here"}).status_code == 404
    assert Client().get(f"/api/v1/tickets/{ticket.pk}/", **program).status_code == 404
    assert audiences(ana) == frozenset()
