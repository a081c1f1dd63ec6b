"""Counts of saved views: dear ones are kept for a moment, for all who see the same; who acts sees it at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk import clock
from helpdesk.models import Agent
from tickets import conditions, lists, reading
from tickets.models import Customer, Inbox, SavedView, Ticket
from tickets.operations import status
from tickets.reading import counting

OPEN = "status is open; snoozed not_set"


@pytest.fixture
def _all_are_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "DEAR", 0)


def make(inbox: Inbox, dora: Customer, count: int, **fields: Any) -> list[Ticket]:
    return Ticket.objects.bulk_create(
        [Ticket(inbox=inbox, customer=dora, waiting_since=clock.now(), **fields) for _ in range(count)]
    )


def view(where: str = OPEN, pk: int = 7) -> lists.View:
    return lists.of_saved(SavedView(pk=pk, name="Any", conditions=conditions.read(where)))


def count(agent: Agent, of: lists.View, **more: Any) -> tuple[int, int | None]:
    found, again = reading.counts_of_page(agent, reading.inbox_ids(agent), [of], **more)
    return found[of.key], again


def look_twice(agent: Agent, of: lists.View) -> None:
    """Once may be chance: what is dear is known after two looks."""
    assert [count(agent, of)[1] for _ in range(2)] == [None, None]


@pytest.mark.usefixtures("_all_are_dear")
def test_a_dear_count_is_kept_for_some_seconds_and_the_page_asks_again(
    inbox: Inbox, dora: Customer, ana: Agent, chloe: Agent
) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        make(inbox, dora, 2)
        look_twice(ana, view())
        asked_at = clock.now().timestamp() + 1
        make(inbox, dora, 1)
        assert count(ana, view()) == (2, 4) == count(chloe, view())
        now.shift(timedelta(seconds=5))
        assert count(ana, view()) == (3, None)
        assert count(chloe, view()) == (3, 4)
        assert count(chloe, view(), since=asked_at) == (3, None), "counted since it asked the first time"


@pytest.mark.usefixtures("_all_are_dear")
def test_who_did_something_is_told_what_is_there_now(inbox: Inbox, dora: Customer, ana: Agent, chloe: Agent) -> None:
    [mine, _other] = make(inbox, dora, 2)
    look_twice(ana, view())
    status.resolve(mine, actor=ana)
    assert count(ana, view()) == (1, None)


@pytest.mark.usefixtures("_all_are_dear")
def test_what_is_kept_is_for_those_who_see_the_same(
    inbox: Inbox, billing: Inbox, dora: Customer, ana: Agent, ben: Agent, chloe: Agent, admin: Agent
) -> None:
    make(inbox, dora, 3, assignee=ana)
    make(billing, dora, 2, assignee=ben)
    for _ in range(4):
        assert [count(agent, view())[0] for agent in (ana, chloe, ben, admin)] == [3, 3, 2, 5]
        me = view("assignee is me")
        assert [count(agent, me)[0] for agent in (ana, chloe, ben, admin)] == [3, 0, 2, 0]
        teams = view("team is my_teams")
        assert [count(agent, teams)[0] for agent in (ana, ben)] == [0, 0]


def test_cheap_counts_are_asked_for_together_and_never_old(inbox: Inbox, dora: Customer, ana: Agent) -> None:
    views = [*lists.VIEWS, view(), view("priority is low", 8)]
    inboxes = reading.inbox_ids(ana)
    for held in (0, 1, 2, 3):
        with CaptureQueriesContext(connection) as asked:
            found, again = reading.counts_of_page(ana, inboxes, views)
        assert (found["7"], found["open"], again) == (held, held, None)
        make(inbox, dora, 1)
    assert len(asked) == 2, "ours, whose words never change, and saved ones"


@pytest.mark.usefixtures("_all_are_dear")
def test_the_page_says_when_to_ask_again(
    inbox: Inbox, dora: Customer, ana: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    from tickets.operations import viewing

    viewing.save(actor=ana, name="Open ones", conditions=conditions.read(OPEN))
    browser = as_agent(ana)
    with time_machine.travel(clock.now() + timedelta(seconds=9), tick=False) as now:
        pages = [browser.get("/").content.decode() for _ in range(3)]
        assert ["data-again" in page for page in pages] == [False, False, True]
        now.shift(timedelta(seconds=5))
        later = browser.get("/?part=views&counted_since=1", headers={"HX-Request": "true"}).content.decode()
        assert "data-again" not in later
