"""The queue of recoveries, one of them, and the way there from a ticket."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import Department, Invitation, ReasonCode, Recovery, Response
from feedback.operations import opening_recoveries, recovering
from helpdesk import clock
from helpdesk.models import Agent, Event
from tickets.models import Ticket
from tickets.operations import opening


@pytest.fixture
def late(lou: Agent) -> ReasonCode:
    shipping = Department.objects.create(name="Shipping")
    shipping.members.add(lou)
    return ReasonCode.objects.create(name="It came late", department=shipping, in_control=False)


@pytest.fixture
def recovery(asked: Invitation, chloe: Agent, survey) -> Recovery:  # type: ignore[no-untyped-def]
    """Dora's, after a 1 with words."""
    survey.opens_recovery = True
    survey.save()
    response = Response.objects.create(invitation=asked, score=1, comment="Two weeks late!", agent=None)
    found = opening_recoveries.open_for_answer(response)
    assert found is not None
    return recovering.assign(found, owner=chloe, actor=None)


def test_the_queue_is_in_the_order_of_what_is_due_and_shelves_hold_what_they_say(
    recovery: Recovery, ticket: Ticket, ana: Agent, chloe: Agent, as_agent
) -> None:  # type: ignore[no-untyped-def]
    other = opening.open_ticket(
        inbox=ticket.inbox, address="emil@b.example", subject="Broken", text="!", actor=ana, once="1"
    )
    sooner = opening_recoveries.open_by_hand(other, actor=ana)
    recovering.assign(sooner, owner=None, actor=ana)
    Recovery.objects.filter(pk=sooner.pk).update(due_at=clock.now() - timedelta(hours=1))
    client = as_agent(chloe)
    page = client.get("/feedback/recoveries/").content.decode()
    assert page.index("emil@b.example") < page.index("Dora Diaz")
    assert "Two weeks late!" in page and "overdue by 1 h" in page and "1 of 5" in page

    def names(shelf: str) -> set[str]:
        rows = client.get(f"/feedback/recoveries/?show={shelf}").context["rows"]
        return {row.recovery.pk for row in rows}

    assert names("mine") == {recovery.pk} and names("unassigned") == {sooner.pk} == names("overdue")
    assert names("department") == set() == names("closed") and names("nonsense") == {recovery.pk, sooner.pk}


def test_the_queue_costs_the_same_however_long_it_is(
    recovery: Recovery, ticket: Ticket, ana: Agent, chloe: Agent, as_agent
) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(chloe)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/feedback/recoveries/").status_code == 200
        return len(asked)

    cost()
    before = cost()
    for n in range(4):
        other = opening.open_ticket(
            inbox=ticket.inbox, address=f"p{n}@b.example", subject="Broken", text="!", actor=ana, once=str(n)
        )
        opening_recoveries.open_by_hand(other, actor=ana)
    assert cost() == before


def test_it_is_explained_closed_and_opened_again_on_its_page(
    recovery: Recovery, late: ReasonCode, chloe: Agent, as_agent
) -> None:  # type: ignore[no-untyped-def]
    client, url = as_agent(chloe), f"/feedback/recoveries/{recovery.pk}/"
    page = client.get(url).content.decode()
    assert "Two weeks late!" in page and "Write to them" in page
    refused = client.post(f"{url}acts", {"do": "close", "outcome": "recovered", "version": recovery.version})
    assert refused.status_code == 422 and "every recovery has a reason" in refused.content.decode()
    closed = client.post(
        f"{url}acts",
        {"do": "close", "outcome": "recovered", "reason": late.pk, "done": "Refunded", "cost": "12.5",
         "version": recovery.version},
        follow=True,
    ).content.decode()  # fmt: skip
    assert "The recovery is closed." in closed and "Refunded" in closed
    event = Event.objects.filter(verb="recovery.closed").latest("id")
    assert f"{url}undo/{event.pk}" in closed
    client.post(f"{url}undo/{event.pk}")
    recovery.refresh_from_db()
    assert (recovery.state, recovery.reason) == ("worked", late)


def test_who_comes_too_late_with_an_old_page_is_told_so(recovery: Recovery, ana: Agent, chloe: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    url, version = f"/feedback/recoveries/{recovery.pk}/acts", recovery.version
    recovering.take_up(recovery, actor=chloe)
    said = as_agent(ana).post(url, {"do": "take", "version": version}, follow=True).content.decode()
    assert "A colleague has changed this recovery meanwhile" in said
    recovery.refresh_from_db()
    assert recovery.owner == chloe


def test_a_light_collaborator_works_what_is_their_departments_and_sees_no_more(
    recovery: Recovery, late: ReasonCode, lou: Agent, chloe: Agent, as_agent
) -> None:  # type: ignore[no-untyped-def]
    client, url = as_agent(lou), f"/feedback/recoveries/{recovery.pk}/"
    assert client.get(url).status_code == 404 and client.post(f"{url}acts", {"do": "take"}).status_code == 404
    lou.teams.clear()
    recovering.explain(recovery, reason=late, actor=chloe)
    page = client.get(url).content.decode()
    assert "Two weeks late!" in page and "which you may not open" in page and "Write to them" not in page
    client.post(f"{url}acts", {"do": "note", "text": "The carrier lost it."})
    client.post(f"{url}acts", {"do": "take_up"})
    recovery.refresh_from_db()
    assert recovery.notes.get().author == lou and recovery.taken_up_at is not None


def test_a_low_score_is_explained_from_its_ticket(recovery: Recovery, late: ReasonCode, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    client, number = as_agent(ana), recovery.ticket_id
    page = client.get(f"/tickets/{number}/").content.decode()
    assert "Why was it low?" in page and "Waits to be taken up" in page
    assert client.post(f"/feedback/answers/{recovery.response_id}/reason", {"reason": late.pk}).status_code == 302
    recovery.refresh_from_db()
    assert recovery.reason == late and Response.objects.get().reason == late


def test_one_is_opened_by_hand_from_a_ticket(ticket: Ticket, late: ReasonCode, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    client, url = as_agent(ana), f"/feedback/recoveries/of-ticket/{ticket.pk}/"
    assert url in client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "It came late" in client.get(url).content.decode()
    made = client.post(url, {"reason": late.pk, "mine": "1", "text": "She called twice."})
    recovery = Recovery.objects.get()
    assert made.headers["Location"] == f"/feedback/recoveries/{recovery.pk}/"
    assert (recovery.owner, recovery.reason, recovery.notes.get().text) == (ana, late, "She called twice.")
    assert client.get(url).status_code == 302, "the one that goes on is shown"


def test_an_empty_queue_teaches_what_it_is_for(chloe: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    page = as_agent(chloe).get("/feedback/", follow=True).content.decode()
    assert "A recovery opens by itself when somebody gives a low score" in page
