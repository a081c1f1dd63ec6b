"""What only shows when two things meet: a merge and a time, a role that was lost, two who do the same at once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Agent, Team
from tickets.models import Customer, CustomField, Draft, Inbox, Organisation, Ticket
from tickets.operations import (
    bulk,
    drafting,
    enclosing,
    erasing,
    merging,
    merging_customers,
    opening,
    organisations,
    scheduling,
    sharing,
    viewing,
)
from tickets.operations.enclosing import Upload
from tickets.operations.status import NotPossible

pytestmark = pytest.mark.django_db


def test_an_answer_for_later_still_goes_out_when_its_ticket_was_merged(
    ticket: Ticket, inbox: Inbox, ana: Agent
) -> None:
    other = opening.open_ticket(inbox=inbox, address="d@x.example", subject="Order", text="Hello", actor=None)
    drafting.save(other, actor=ana, kind="reply", content=drafting.Content("Later."))
    scheduling.schedule(Draft.objects.get(), actor=ana, at=clock.now() + timedelta(hours=1))
    merging.merge(other, into=ticket, actor=ana)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        sent = scheduling.send_due(Draft.objects.get())
    assert sent is not None and sent.ticket_id == ticket.pk and not Draft.objects.exists()


def test_who_no_longer_leads_restores_no_view_of_others(chloe: Agent) -> None:
    deletion = viewing.delete(viewing.save(actor=chloe, name="Old", conditions=[], scope="everyone"), actor=chloe)
    chloe.role = "agent"
    chloe.save()
    with pytest.raises(NotPossible):
        viewing.restore(deletion, actor=chloe)


def test_a_domain_taken_in_the_same_moment_is_refused_in_words(ana: Agent, monkeypatch: Any) -> None:
    organisations.create(name="Acme", domain="acme.example", actor=ana)
    monkeypatch.setattr(organisations, "clean_domain", lambda domain, **besides: domain)
    with pytest.raises(NotPossible):
        organisations.create(name="Acme too", domain="acme.example", actor=ana)
    other = organisations.create(name="Other", actor=ana)
    with pytest.raises(NotPossible):
        organisations.change(other, domain="acme.example", actor=ana)
    assert Organisation.objects.count() == 2


def test_who_was_blocked_stays_blocked_as_somebody_else(ticket: Ticket, ana: Agent) -> None:
    source = Customer.objects.create(name="Dora", is_blocked=True)
    merge = merging_customers.merge(source, ticket.customer, actor=ana)
    assert Customer.objects.get(pk=ticket.customer_id).is_blocked
    merging_customers.unmerge(merge, actor=ana)
    assert not Customer.objects.get(pk=ticket.customer_id).is_blocked


def test_an_organisation_of_foreign_customers_is_not_seen(ticket: Ticket, ana: Agent, ben: Agent, team: Team) -> None:
    acme, empty = Organisation.objects.create(name="Acme"), Organisation.objects.create(name="Empty")
    Customer.objects.filter(pk=ticket.customer_id).update(organisation=acme)
    assert set(Organisation.objects.visible_to(ana)) == {acme, empty}
    assert set(Organisation.objects.visible_to(ben)) == {empty}


def test_files_of_two_drafts_keep_their_names_apart_and_their_limits(
    ticket: Ticket, ana: Agent, chloe: Agent, monkeypatch: Any
) -> None:
    for agent in (ana, chloe):
        content = drafting.Content("Look: [image: a.png]", is_shared=True)
        drafting.save(ticket, actor=agent, kind="reply", content=content)
        enclosing.attach(ticket, actor=agent, kind="reply", uploads=[Upload("a.png", "image/png", agent.name.encode())])
    theirs = Draft.objects.get(author=ana)
    monkeypatch.setattr(enclosing, "MOST_FILES", 1)
    with pytest.raises(NotPossible):
        sharing.take_over(theirs, actor=chloe)
    monkeypatch.setattr(enclosing, "MOST_FILES", 20)
    taken = sharing.take_over(theirs, actor=chloe)
    assert sorted(taken.files.values_list("filename", flat=True)) == ["a-2.png", "a.png"]
    assert "[image: a.png]" in taken.text and "[image: a-2.png]" in taken.text


def test_a_change_of_many_that_still_runs_forgets_what_was_erased_meanwhile(
    ticket: Ticket, admin: Agent, ana: Agent
) -> None:
    CustomField.objects.create(key="plan", name="Plan", about="ticket")
    asked = bulk.ask(
        actor=ana, act={"do": "field", "key": "plan", "value": "gold"}, tickets=[ticket.pk], once="one"
    )  # fmt: skip
    erasing.erase(ticket.customer, actor=admin)
    bulk.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == "done" and "gold" not in str(asked.act)
    assert "gold" not in str(Ticket.objects.get(pk=ticket.pk).fields)
