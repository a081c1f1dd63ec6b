"""Acts by programs: the same operations as the pages', told apart from what is no act."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk.models import Agent, Event, Team
from tests.conftest import make_agent
from tickets.api.acts import SAID_WITH
from tickets.models import CustomField, Draft, Inbox, Ticket
from tickets.operations import acting, macros, merging, opening, sorting

Api = Callable[[Agent | None], APIClient]


def acts_of(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.pk}/acts/"


@pytest.fixture
def other(inbox: Inbox) -> Ticket:
    """A second ticket of Dora's."""
    return opening.open_ticket(
        inbox=inbox, address="dora@customer.example", subject="My order again", text="Hello?", actor=None
    )


@pytest.fixture
def foreign(billing: Inbox) -> Ticket:
    """A ticket of another team."""
    return opening.open_ticket(inbox=billing, address="e@other.example", subject="A bill", text="Paid?", actor=None)


def test_programs_know_every_act_there_is() -> None:
    assert SAID_WITH.keys() == acting._SORTS.keys()


@pytest.mark.parametrize(
    ("act", "field", "now"),
    [
        ({"do": "take"}, "assignee", {"name": "Ana Silva"}),
        ({"do": "status", "to": "on_hold"}, "status", "on_hold"),
        ({"do": "priority", "to": "urgent"}, "priority", "urgent"),
        ({"do": "type", "to": "problem"}, "type", "problem"),
        ({"do": "tag", "tag": "vip"}, "tags", ["vip"]),
        ({"do": "field", "key": "plan", "value": "gold"}, "fields", {"plan": "gold"}),
        ({"do": "spam"}, "status", "spam"),
        ({"do": "trash"}, "status", "trash"),
    ],
)  # fmt: skip
def test_an_act_is_done_and_taken_back(api: Api, ana: Agent, ticket: Ticket, act: Any, field: str, now: Any) -> None:
    CustomField.objects.create(key="plan", name="Plan")
    client = api(ana)
    before = client.get(f"/api/v1/tickets/{ticket.pk}/").json()
    done = client.post(acts_of(ticket), act)
    assert done.status_code == 200, done.content
    found = done.json()[field]
    assert now == ({"name": found["name"]} if field == "assignee" else found)
    assert done["ETag"] == f'"{done.json()["version"]}"'
    if act["do"] != "field":  # what was answered before is kept in the cache once the transaction is over
        undone = client.post(done.json()["undo"])
        assert undone.status_code == 200 and undone.json()[field] == before[field], undone.content


def test_snoozing_until_yesterday_is_refused_as_past(api: Api, ana: Agent, ticket: Ticket) -> None:
    refused = api(ana).post(acts_of(ticket), {"do": "snooze", "words": "yesterday"})
    assert refused.status_code == 400, refused.content
    assert "That time is past." in refused.content.decode()


def test_snoozing_takes_a_time_or_words(api: Api, ana: Agent, ticket: Ticket) -> None:
    client = api(ana)
    at = "2099-12-24T09:00:00+01:00"
    assert client.post(acts_of(ticket), {"do": "snooze", "until": at}).json()["snoozed_until"] == "2099-12-24T08:00:00Z"
    assert client.post(acts_of(ticket), {"do": "wake"}).json()["snoozed_until"] is None
    assert client.post(acts_of(ticket), {"do": "snooze", "words": "tomorrow 9"}).json()["snoozed_until"]


def test_doing_it_twice_changes_nothing_and_offers_nothing_to_undo(api: Api, ana: Agent, ticket: Ticket) -> None:
    client = api(ana)
    first = client.post(acts_of(ticket), {"do": "take"}, HTTP_X_REQUEST_ID="one-program").json()
    again = client.post(acts_of(ticket), {"do": "take"}, HTTP_X_REQUEST_ID="one-program").json()
    assert first["undo"] and again["undo"] is None and again["version"] == first["version"]


@pytest.mark.parametrize(
    ("act", "pointer"),
    [
        ({}, "#/do"), ({"do": "delete"}, "#/do"), ({"do": None}, "#/do"), ({"do": ["take"]}, "#/do"),
        ({"do": "take", "agent": 3}, "#/agent"), ({"do": "take", "actor": 3}, "#/actor"),
        ({"do": "status", "to": "closed"}, "#"), ({"do": "status"}, "#"),
        ({"do": "assign", "agent": 10**30}, "#/agent"),
        ({"do": "assign", "agent": 999999}, "#"), ({"do": "snooze", "words": "never"}, "#"),
        ({"do": "snooze", "until": "soon"}, "#"), ({"do": "field", "key": "nothing", "value": 1}, "#"),
        ({"do": "field", "key": "day", "value": 5}, "#"), ({"do": "field", "key": "day", "value": ["a"]}, "#/value"),
        ({"do": "field", "key": "day", "value": "\ud800"}, "#/value"), ({"do": "tag", "tag": "\x00"}, "#/tag"),
        ({"do": "take", "version": "x"}, "#/version"), ({"do": "take", "version": -1}, "#/version"),
    ],
)  # fmt: skip
def test_what_is_no_act_is_refused(api: Api, ana: Agent, ticket: Ticket, act: Any, pointer: str) -> None:
    CustomField.objects.create(key="day", name="Day", kind="date")
    before = Event.objects.count()
    refused = api(ana).generic("POST", acts_of(ticket), json.dumps(act), content_type="application/json")
    assert refused.status_code == 400, refused.content
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert Event.objects.count() == before


def test_who_changes_what_a_colleague_changed_is_told(api: Api, ana: Agent, chloe: Agent, ticket: Ticket) -> None:
    client = api(ana)
    known = client.get(f"/api/v1/tickets/{ticket.pk}/")
    acting.perform(ticket, {"do": "priority", "to": "high"}, actor=chloe)
    late = {"do": "priority", "to": "low"}
    for refused in (
        client.post(acts_of(ticket), late, HTTP_IF_MATCH=known["ETag"]),
        client.post(acts_of(ticket), {**late, "version": known.json()["version"]}),
    ):
        assert refused.status_code == 412, refused.content
        assert refused.json()["type"] == "tag:helpdesk,2026:changed-meanwhile" and "Chloe" in refused.json()["detail"]
    # something else is no collision, and without a version nothing is compared
    other = {"do": "type", "to": "task"}
    assert client.post(acts_of(ticket), other, HTTP_IF_MATCH=known["ETag"]).status_code == 200
    assert client.post(acts_of(ticket), late).json()["priority"] == "low"
    assert client.post(acts_of(ticket), late, HTTP_IF_MATCH="a").status_code == 400


def test_a_status_is_not_set_over_a_colleagues_head(api: Api, ana: Agent, chloe: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/"
    known = client.get(url)["ETag"]
    acting.perform(ticket, {"do": "status", "to": "on_hold"}, actor=chloe)
    acting.perform(ticket, {"do": "take"}, actor=chloe)
    assert client.post(f"{url}resolution/", HTTP_IF_MATCH=known).status_code == 412
    assert client.put(f"{url}status/", {"status": "pending"}, HTTP_IF_MATCH=known).status_code == 412
    assert client.put(f"{url}assignment/", {"agent": None}, HTTP_IF_MATCH=known).status_code == 412
    assert client.put(f"{url}assignment/", {"agent": None}).json()["undo"]


def test_light_collaborators_follow_and_change_nothing(api: Api, lou: Agent, ticket: Ticket) -> None:
    client = api(lou)
    assert client.post(acts_of(ticket), {"do": "follow"}).status_code == 200
    refused = client.post(acts_of(ticket), {"do": "take"})
    assert refused.status_code == 403 and "light collaborator" in refused.json()["detail"]


def test_somebody_elses_act_is_not_taken_back(api: Api, ana: Agent, chloe: Agent, ticket: Ticket) -> None:
    sorting.tag(ticket, name="vip", actor=chloe)
    event = Event.objects.filter(verb="ticket.tagged").latest("id")
    assert api(ana).post(f"/api/v1/tickets/{ticket.pk}/undo/{event.pk}/").status_code == 409
    assert api(ana).post(f"/api/v1/tickets/{ticket.pk}/undo/{2**70}/").status_code == 404


def test_tickets_are_merged_and_taken_apart(api: Api, ana: Agent, ticket: Ticket, other: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/merges/"
    made = client.post(url, {"ticket": other.pk}, HTTP_IDEMPOTENCY_KEY="merge")
    assert made.status_code == 201 and made["Location"] == made.json()["url"], made.content
    assert client.post(url, {"ticket": other.pk}, HTTP_IDEMPOTENCY_KEY="merge").content == made.content
    assert client.get(f"/api/v1/tickets/{other.pk}/").json()["merged_into"] == ticket.pk
    assert [one["ticket"] for one in client.get(url).json()["results"]] == [other.pk]
    apart = client.delete(made.json()["url"])
    assert apart.json()["number"] == other.pk and apart.json()["status"] == "open"
    assert client.get(url).json()["results"] == []


def test_a_foreign_ticket_is_neither_merged_nor_linked(api: Api, ana: Agent, ticket: Ticket, foreign: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/"
    for what in ("merges", "links"):
        theirs = client.post(f"{url}{what}/", {"ticket": foreign.pk})
        absent = client.post(f"{url}{what}/", {"ticket": 999_999_999})
        assert theirs.status_code == absent.status_code == 400
        assert theirs.content == absent.content
    assert client.delete(f"{url}links/{foreign.pk}/").status_code == 404


def test_a_foreign_merge_is_not_found_under_ones_own_ticket(
    api: Api, ana: Agent, ben: Agent, ticket: Ticket, foreign: Ticket, billing: Inbox
) -> None:
    second = opening.open_ticket(inbox=billing, address="e@other.example", subject="Two", text="?", actor=None)
    merge = merging.merge(second, into=foreign, actor=ben)
    assert api(ana).delete(f"/api/v1/tickets/{ticket.pk}/merges/{merge.pk}/").status_code == 404


def test_tickets_are_linked_and_unlinked(api: Api, ana: Agent, ticket: Ticket, other: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/links/"
    linked = client.post(url, {"ticket": other.pk, "kind": "parent"})
    assert linked.status_code == 200 and linked.json()["undo"]
    there = client.get(f"/api/v1/tickets/{other.pk}/links/").json()["results"]
    assert [(one["kind"], one["ticket"]["number"]) for one in there] == [("child", ticket.pk)]
    assert client.delete(f"{url}{other.pk}/").status_code == 200
    assert client.get(url).json()["results"] == []
    assert client.post(url, {"ticket": other.pk, "kind": "friend"}).status_code == 400


def test_messages_become_a_ticket_of_their_own(
    api: Api, ana: Agent, ticket: Ticket, other: Ticket, foreign: Ticket
) -> None:
    client = api(ana)
    client.post(f"/api/v1/tickets/{ticket.pk}/merges/", {"ticket": other.pk})
    said = [one["id"] for one in client.get(f"/api/v1/tickets/{ticket.pk}/messages/").json()["results"]]
    url = f"/api/v1/tickets/{ticket.pk}/split/"
    assert client.post(url, {"messages": [foreign.messages.get().pk]}).status_code == 400
    assert client.post(url, {"messages": said}).status_code == 409
    split = client.post(url, {"messages": said[1:]})
    assert split.status_code == 201 and split["Location"] == split.json()["url"], split.content
    assert split.json()["number"] not in (ticket.pk, other.pk)


def test_macros_are_offered_and_applied(api: Api, ana: Agent, ben: Agent, admin: Agent, ticket: Ticket) -> None:
    both = macros.save(
        None, actor=admin, name="Refund", html="<p>Hello {{customer.first_name|there}}</p>",
        actions=[{"do": "tag", "tag": "refund"}, {"do": "priority", "to": "high"}],
    )  # fmt: skip
    words = macros.save(None, actor=admin, name="Thanks", html="<p>Thank you</p>")
    own = macros.save(None, actor=ben, name="Ben's", html="<p>Mine</p>")
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/macros/"
    assert [one["name"] for one in client.get("/api/v1/macros/").json()["results"]] == ["Refund", "Thanks"]
    assert "Hello" in next(one["text"] for one in client.get(url).json()["results"] if one["id"] == both.pk)
    applied = client.post(f"{url}{both.pk}/").json()
    assert applied["ticket"]["tags"] == ["refund"] and applied["ticket"]["priority"] == "high"
    assert client.post(f"{url}{words.pk}/").json()["text"] == "Thank you"
    assert client.post(f"{url}{own.pk}/").status_code == 404


def test_an_act_costs_the_same_whatever_the_ticket_has(
    api: Api, ana: Agent, ticket: Ticket, team: Team, django_assert_max_num_queries: Any
) -> None:
    client = api(ana)
    client.post(acts_of(ticket), {"do": "tag", "tag": "a"})
    for number in range(5):
        acting.perform(ticket, {"do": "tag", "tag": f"t{number}"}, actor=ana)
        acting.perform(ticket, {"do": "assign", "agent": make_agent(f"a{number}@x.example", "A", "agent", team).pk},
                       actor=ana)  # fmt: skip
    with django_assert_max_num_queries(32):
        client.post(acts_of(ticket), {"do": "priority", "to": "high"})


def test_spaces_are_no_draft(api: Api, ana: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/drafts/reply/"
    assert client.put(url, {"text": " \n "}).status_code == 400
    client.put(url, {"text": "Dear"})
    assert client.put(url, {"text": " ", "version": 1}).status_code == 400
    assert Draft.objects.get(ticket=ticket).text == "Dear"


def test_drafts_are_kept_for_an_agent_to_send(
    api: Api, ana: Agent, chloe: Agent, lou: Agent, ben: Agent, ticket: Ticket
) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/drafts/"
    first = client.put(f"{url}reply/", {"text": "It ships today.", "is_shared": True})
    assert first.status_code == 200 and first.json()["version"] == 1, first.content
    second = client.put(f"{url}reply/", {"text": "It ships tomorrow.", "version": 1})
    assert second.json()["version"] == 2 and second.json()["is_shared"]
    outdated = client.put(f"{url}reply/", {"text": "It ships.", "version": 1})
    assert outdated.status_code == 412 and outdated.json()["type"] == "tag:helpdesk,2026:outdated-draft"
    client.put(f"{url}note/", {"text": "<script>", "html": "<script>alert(1)</script><b>a</b>"})
    assert [one["kind"] for one in api(chloe).get(url).json()["results"]] == ["reply"]  # the note is not shared
    assert "<script>" not in client.get(url).json()["results"][1]["html"]
    assert api(lou).put(f"{url}reply/", {"text": "Hello"}).status_code == 409
    assert api(lou).put(f"{url}note/", {"text": "I know this one"}).status_code == 200
    assert api(ben).put(f"{url}reply/", {"text": "Hello"}).status_code == 404
    assert client.put(f"{url}forward/", {"text": "Hello"}).status_code == 404
    assert client.put(f"{url}reply/", {"text": "Hello", "version": 2, "author": chloe.pk}).status_code == 400
    assert client.delete(f"{url}reply/").status_code == client.delete(f"{url}reply/").status_code == 204
    assert ticket.messages.count() == 1
