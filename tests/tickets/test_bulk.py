"""One act on many tickets: done once whoever dies, refused by name, and taken back as one."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from helpdesk import clock, failpoints
from helpdesk.models import Agent, Event
from tests.tickets.test_saved_views import make
from tickets import tasks
from tickets.models import BulkAct, Customer, Inbox, Ticket
from tickets.operations import bulk, sorting, status
from tickets.operations.status import NotPossible

Open = Callable[[Agent], Client]
TAG = {"do": "tag", "tag": "refund"}


class Died(BaseException):
    """What `kill -9` looks like from inside: nothing after it is run."""


@pytest.fixture
def dies() -> Iterator[Callable[[str, int], None]]:
    """Let the process die the nth time a place is reached."""

    def arm(name: str, nth: int = 1) -> None:
        seen = [0]

        def hook(reached: str, _line: Any) -> None:
            if reached == name:
                seen[0] += 1
                if seen[0] == nth:
                    failpoints.install(None)
                    raise Died

        failpoints.install(hook)

    yield arm
    failpoints.install(None)


def tagged() -> int:
    return Ticket.objects.filter(tags__name="refund").count()


def ask(agent: Agent, tickets: list[Ticket], act: dict[str, Any] | None = None, once: str = "1") -> BulkAct:
    return bulk.ask(actor=agent, act=act or TAG, tickets=[one.pk for one in tickets], once=once)


def test_it_is_done_to_all_and_taken_back_from_all(ana: Agent, inbox: Inbox, dora: Customer) -> None:
    tickets = make(inbox, dora, 30)
    done = bulk.run(ask(ana, tickets).pk)
    assert done is not None and tagged() == 30 and len(done.events) == 30
    assert bulk.result(done).said == "Tag refund: 30 tickets"
    back = bulk.run(bulk.ask_undo(done, actor=ana).pk)
    assert back is not None and back.undoes == done and tagged() == 0 and bulk.result(back).said == "Undone: 30 tickets"
    assert Event.objects.filter(verb="ticket.undone").count() == 30
    assert bulk.ask_undo(done, actor=ana) == back


def test_asking_twice_is_asking_once_and_running_twice_is_running_once(
    ana: Agent, chloe: Agent, inbox: Inbox, dora: Customer
) -> None:
    tickets = make(inbox, dora, 3)
    asked = ask(ana, tickets)
    assert ask(ana, tickets) == asked
    bulk.run(asked.pk)
    assert bulk.run(asked.pk) is None and tasks.run_bulk_acts() == 0
    assert Event.objects.filter(verb="ticket.tagged").count() == 3
    assert ask(chloe, tickets) != asked, "a key is somebody's own"


def test_a_key_that_was_used_keeps_nobody_from_anything_else(ana: Agent, inbox: Inbox, dora: Customer) -> None:
    """A page whose answer was lost still holds its key; a program may send none."""
    tickets = make(inbox, dora, 2)
    first = ask(ana, tickets)
    assert ask(ana, tickets[:1]) != first and ask(ana, tickets, {"do": "trash"}) != first
    assert ask(ana, tickets, once="") != ask(ana, tickets, once="")


def test_what_cannot_be_is_named_and_the_rest_is_done(ana: Agent, inbox: Inbox, billing: Inbox, dora: Customer) -> None:
    mine, closed = make(inbox, dora, 2)
    [foreign] = make(billing, dora, 1)
    status.close(closed, actor=None)
    done = bulk.run(ask(ana, [mine, closed, foreign], {"do": "status", "to": "pending"}).pk)
    assert done is not None
    told = bulk.result(done)
    assert told.said == "Set to pending: 1 ticket, 2 could not be"
    assert dict(told.why)[closed.pk].startswith("A closed ticket stays closed")
    assert "not yours" in dict(told.why)[foreign.pk]
    foreign.refresh_from_db()
    assert foreign.status == "open"


def test_undo_tramples_on_nothing_that_happened_since(ana: Agent, chloe: Agent, inbox: Inbox, dora: Customer) -> None:
    tickets = make(inbox, dora, 2)
    done = bulk.run(ask(ana, tickets, {"do": "status", "to": "pending"}).pk)
    assert done is not None
    status.resolve(tickets[0], actor=chloe)
    back = bulk.run(bulk.ask_undo(done, actor=ana).pk)
    assert back is not None and set(back.failed) == {str(tickets[0].pk)}
    assert [Ticket.objects.get(pk=one.pk).status for one in tickets] == ["resolved", "open"]


def test_only_who_did_it_takes_it_back_and_not_for_ever(ana: Agent, chloe: Agent, inbox: Inbox, dora: Customer) -> None:
    done = bulk.run(ask(ana, make(inbox, dora, 1)).pk)
    assert done is not None
    with pytest.raises(NotPossible):
        bulk.ask_undo(done, actor=chloe)
    done.created_at = clock.now() - timedelta(days=2)
    with pytest.raises(NotPossible):
        bulk.ask_undo(done, actor=ana)


@pytest.mark.parametrize("bad", [{"do": "dance"}, {}, {"do": "tag", "tag": " "}, {"do": "status", "to": "closed"}])
def test_what_is_no_act_is_refused_before_anything_is_done(
    ana: Agent, inbox: Inbox, dora: Customer, bad: dict[str, Any]
) -> None:
    with pytest.raises(NotPossible):
        bulk.ask(actor=ana, act=bad, tickets=[make(inbox, dora, 1)[0].pk], once="1")
    assert not BulkAct.objects.exists()


def test_a_light_collaborator_changes_nothing(lou: Agent, inbox: Inbox, dora: Customer) -> None:
    with pytest.raises(NotPossible):
        ask(lou, make(inbox, dora, 1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["job.part_open", "job.part_done"])
@pytest.mark.parametrize("nth", [1, 2])
def test_whoever_dies_over_it_leaves_nothing_half_done_and_the_next_one_goes_on(
    ana: Agent, inbox: Inbox, dora: Customer, dies: Callable[[str, int], None], point: str, nth: int
) -> None:
    tickets = make(inbox, dora, 60)
    asked = ask(ana, tickets)
    dies(point, nth)
    with pytest.raises(Died):
        bulk.run(asked.pk)
    finished = 25 * nth if point == "job.part_done" else 25 * (nth - 1)
    asked.refresh_from_db()
    assert (tagged(), asked.done, len(asked.events)) == (finished, finished, finished)
    assert tasks.run_bulk_acts() == 0  # somebody may still be at it
    BulkAct.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert tasks.run_bulk_acts() == 1
    asked.refresh_from_db()
    assert (tagged(), asked.done, asked.state, asked.failed) == (60, 60, "done", {})
    assert Event.objects.filter(verb="ticket.tagged").count() == 60 == len(set(asked.events))


@pytest.mark.django_db(transaction=True)
def test_two_who_are_at_it_do_it_once(ana: Agent, inbox: Inbox, dora: Customer) -> None:
    """Even where the lease ran out while the first was still working."""
    asked = ask(ana, make(inbox, dora, 60))

    def work() -> None:
        try:
            while bulk._part(asked.pk).state != "done":
                pass
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    asked.refresh_from_db()
    assert asked.done == 60 and Event.objects.filter(verb="ticket.tagged").count() == 60


# --- pages ----------------------------------------------------------------------------------------------------------


def post(browser: Client, tickets: list[Ticket], act: dict[str, Any], *, htmx: bool = False, **more: Any) -> Any:
    body = {"act": json.dumps(act), "ticket": [one.pk for one in tickets], "once": "page", **more}
    return browser.post("/bulk/", body, headers={"HX-Request": "true"} if htmx else {})


def test_a_handful_is_done_at_once_without_scripts(ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open) -> None:
    tickets = make(inbox, dora, 3)
    browser = as_agent(ana)
    page = browser.get("/").content.decode()
    assert page.count('name="ticket"') == 3 and 'id="bulk-form"' in page
    answer = post(browser, tickets, {"do": "tag", "tag": ""}, tag="Refund")
    assert tagged() == 3
    page = browser.get(answer["Location"]).content.decode()
    assert "Tag refund: 3 tickets" in page and "Undo all of it" in page
    browser.post(answer["Location"] + "undo")
    assert tagged() == 0


def test_scripts_are_told_how_it_went_with_one_way_back(
    ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open
) -> None:
    tickets = make(inbox, dora, 3)
    browser = as_agent(ana)
    answer = post(browser, tickets, TAG, htmx=True)
    told = json.loads(answer["HX-Trigger"])
    assert told["toast"]["message"] == "Tag refund: 3 tickets" and "bulkdone" in told
    assert 'id="bulk-once"' in answer.content.decode()
    undone = browser.post(told["toast"]["undo_url"], headers={"HX-Request": "true"})
    assert json.loads(undone["HX-Trigger"])["toast"]["undo_url"] == "" and tagged() == 0
    nothing = post(browser, [], TAG, htmx=True, once="other")
    assert nothing.status_code == 409 and "Choose the tickets" in nothing["HX-Trigger"]


def test_all_of_a_view_is_what_it_lists_now(ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open) -> None:
    make(inbox, dora, 70)
    resolved = make(inbox, dora, 2, status="resolved", waiting_since=None)
    browser = as_agent(ana)
    answer = browser.post("/bulk/?view=open", {"act": json.dumps(TAG), "all": "1", "once": "all"})
    asked = BulkAct.objects.get()
    assert len(asked.tickets) == 70 and asked.done == 0
    page = browser.get(answer["Location"]).content.decode()
    assert "0 of 70" in page
    tasks.run_bulk_acts()
    assert tagged() == 70 and not resolved[0].tags.exists()
    polled = browser.get(answer["Location"], headers={"HX-Request": "true"})
    assert "bulkdone" in polled["HX-Trigger"]


def test_fifty_are_a_constant_number_of_questions_each(
    ana: Agent, inbox: Inbox, dora: Customer, django_assert_max_num_queries: Any
) -> None:
    asked = ask(ana, make(inbox, dora, 50))
    with django_assert_max_num_queries(30 + 50 * 5):
        bulk.run(asked.pk)
    assert tagged() == 50
    sorting.untag(Ticket.objects.first(), name="refund", actor=ana)  # type: ignore[arg-type]


def test_the_undo_key_takes_back_all_of_it(ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open) -> None:
    browser = as_agent(ana)
    post(browser, make(inbox, dora, 3), TAG, htmx=True)
    answer = browser.post("/undo", headers={"HX-Request": "true"})
    assert json.loads(answer["HX-Trigger"])["toast"]["message"] == "Undone: 3 tickets" and tagged() == 0
    assert answer["HX-Reswap"] == "none"
    again = browser.post("/undo", headers={"HX-Request": "true"})
    assert "nothing to undo" in again["HX-Trigger"]
