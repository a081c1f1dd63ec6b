"""Views, search and bulk acts for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from helpdesk.models import Agent, ApiToken, Event
from tickets.models import BulkAct, Inbox, SavedView, Ticket
from tickets.operations import bulk, opening, removing, sorting, viewing

Api = Callable[[Agent | None], APIClient]


@pytest.fixture
def tickets(inbox: Inbox, billing: Inbox, ana: Agent) -> list[Ticket]:
    """Six tickets of the Support team, two of them about refunds, and one of another team."""
    made = [
        opening.open_ticket(
            inbox=inbox, address=f"c{number}@customer.example", subject=f"Refund {number}" if number < 2 else "Hello",
            text="Where is my <b>money</b>?", actor=None,
        )
        for number in range(6)
    ]  # fmt: skip
    for one in made[:2]:
        sorting.tag(one, name="refund", actor=ana)
    made.append(opening.open_ticket(inbox=billing, address="x@other.example", subject="Refund 9", text="?", actor=None))
    return made


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [one["number"] for one in answer.json()["results"]]


def limited(agent: Agent, *inboxes: Inbox) -> APIClient:
    """A program whose token is limited to these inboxes."""
    client = APIClient()
    client.default_format = "json"
    _token, secret = ApiToken.objects.issue(agent, "limited", inboxes=[one.pk for one in inboxes])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


# --- views


def test_a_view_is_saved_read_counted_changed_and_deleted(api: Api, ana: Agent, tickets: list[Ticket]) -> None:
    client = api(ana)
    made = client.post("/api/v1/views/", {"name": "Refunds", "where": "tag is refund", "order": "created"})
    assert made.status_code == 201 and made["Location"] == made.json()["url"], made.content
    url, key = made.json()["url"], made.json()["key"]
    assert made.json()["conditions"] == [{"field": "tag", "is": "is", "value": "refund"}]
    assert numbers(client.get(f"{url}tickets/")) == [tickets[1].pk, tickets[0].pk]
    assert client.get("/api/v1/views/counts/").json()["counts"][key] == 2
    assert key in [one["key"] for one in client.get("/api/v1/views/").json()["results"]]
    changed = client.patch(url, {"conditions": [], "order": "number"})
    assert changed.json()["name"] == "Refunds" and changed.json()["conditions"] == []
    assert numbers(client.get(f"{url}tickets/")) == [one.pk for one in tickets[:6]]
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == client.get(f"{url}tickets/").status_code == 404


def test_a_view_of_somebody_else_is_as_good_as_none(api: Api, ana: Agent, ben: Agent, tickets: list[Ticket]) -> None:
    private = viewing.save(actor=ben, name="Ben's", conditions=[])
    shared = SavedView.objects.create(owner=ben, name="All", conditions=[], scope="everyone", order="number")
    client = api(ana)
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)(f"/api/v1/views/{private.pk}/").status_code == 404
    # what a shared one lists is the reader's own to see
    assert tickets[6].pk not in numbers(client.get(f"/api/v1/views/{shared.pk}/tickets/"))
    assert client.patch(f"/api/v1/views/{shared.pk}/", {"name": "Mine now"}).status_code == 409


def test_a_views_pages_join_to_the_whole_list(api: Api, ana: Agent, tickets: list[Ticket]) -> None:
    client = api(ana)
    url: str | None = "/api/v1/views/open/tickets/?limit=4"
    found: list[int] = []
    while url:
        page = client.get(url)
        found += numbers(page)
        url = page.json()["next"]
    assert found == [one.pk for one in tickets[:6]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/name"), ({"name": ""}, "#/name"), ({"name": "x", "owner": 1}, "#/owner"),
        ({"name": "x", "conditions": "status is open"}, "#/conditions"),
        ({"name": "x", "conditions": [{"field": "password", "is": "is", "value": "a"}]}, "#/conditions"),
        ({"name": "x", "conditions": [{"field": "tag", "is": "is", "value": "\x00"}]}, "#/conditions"),
        ({"name": "x", "conditions": [{"field": "tag", "is": "is", "value": [[[[[1]]]]]}]}, "#/conditions"),
        ({"name": "x", "conditions": [{}] * 51}, "#/conditions"), ({"name": "x", "where": "status is lost"}, "#/where"),
        ({"name": "x", "where": "", "conditions": []}, "#/where"), ({"name": "x", "order": "subject"}, "#/order"),
        ({"name": "x", "scope": "world"}, "#/scope"), ({"name": "x", "team": 10**9}, "#/team"),
    ],
)  # fmt: skip
def test_what_is_no_view_is_refused(api: Api, ana: Agent, body: Any, pointer: str) -> None:
    refused = api(ana).post("/api/v1/views/", body)
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert not SavedView.objects.exists()


def test_only_leads_share_views(api: Api, ana: Agent, chloe: Agent, lou: Agent) -> None:
    body = {"name": "Ours", "scope": "everyone"}
    assert api(ana).post("/api/v1/views/", body).status_code == 409
    assert api(lou).post("/api/v1/views/", {"name": "Mine"}).status_code == 201
    assert api(chloe).post("/api/v1/views/", body).status_code == 201


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=101", "page=2"])
def test_a_views_address_may_not_ask_for_anything(api: Api, ana: Agent, query: str) -> None:
    assert api(ana).get(f"/api/v1/views/open/tickets/?{query}").status_code == 400


# --- search


def test_what_is_searched_for_is_found_and_marked(
    api: Api, ana: Agent, tickets: list[Ticket], settle: Callable[[], None]
) -> None:
    settle()
    found = api(ana).get("/api/v1/search/?q=refund is:open").json()
    assert sorted(one["ticket"]["number"] for one in found["results"]) == [tickets[0].pk, tickets[1].pk]
    assert "<mark>Refund</mark>" in found["results"][0]["highlights"]["subject"]
    assert found["total"] == 2 and found["next"] is None and found["understood"] == ["Status is Open"]
    said = api(ana).get("/api/v1/search/?q=money").json()["results"][0]["highlights"]["excerpt"]
    assert "<mark>money</mark>" in said and "<b>" not in said


def test_search_finds_nothing_of_other_teams(
    api: Api, ben: Agent, admin: Agent, billing: Inbox, tickets: list[Ticket], settle: Callable[[], None]
) -> None:
    settle()
    for client in (api(ben), limited(admin, billing)):
        found = client.get("/api/v1/search/?q=refund").json()["results"]
        assert [one["ticket"]["number"] for one in found] == [tickets[6].pk]
        assert client.get(f"/api/v1/search/?q=%23{tickets[0].pk}").json()["number"] is None


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("q=is:lost", "q"), ("q=created:nonsense refund", "q"), ("q=" + "x" * 501, "q"), ("q=%00", "q"),
        ("q=a&cursor=0", "cursor"), ("q=a&cursor=81", "cursor"), ("q=a&cursor=x", "cursor"), ("q=a&exact=1", "exact"),
        ("q=a&page=2", "page"), ("q=a&limit=1000", "limit"),
    ],
)  # fmt: skip
def test_a_search_that_means_nothing_is_a_problem(api: Api, ana: Agent, query: str, parameter: str) -> None:
    refused = api(ana).get(f"/api/v1/search/?{query}")
    assert refused.status_code == 400, refused.content
    assert refused.json()["type"] == "tag:helpdesk,2026:bad-query"
    assert refused.json()["errors"][0]["parameter"] == parameter


# --- many at once


def test_many_tickets_are_changed_and_changed_back(api: Api, ana: Agent, tickets: list[Ticket]) -> None:
    client = api(ana)
    body = {"act": {"do": "tag", "tag": "storm"}, "tickets": [one.pk for one in tickets[:3]]}
    asked = client.post("/api/v1/bulk/", body, HTTP_IDEMPOTENCY_KEY="storm")
    assert asked.status_code == 201, asked.content
    assert (asked.json()["state"], asked.json()["total"], asked.json()["done"]) == ("done", 3, 3)
    assert client.post("/api/v1/bulk/", body, HTTP_IDEMPOTENCY_KEY="storm").content == asked.content
    assert BulkAct.objects.count() == 1 and Ticket.objects.filter(tags__name="storm").count() == 3
    assert client.get(asked.json()["url"]).json() == asked.json()
    back = client.post(asked.json()["undo"])
    assert back.status_code == 201 and back.json()["undo"] is None, back.content
    assert not Ticket.objects.filter(tags__name="storm").exists()


def test_conditions_or_a_view_choose_the_tickets(api: Api, ana: Agent, tickets: list[Ticket]) -> None:
    client = api(ana)
    saved = viewing.save(actor=ana, name="Refunds", conditions=[{"field": "tag", "is": "is", "value": "refund"}])
    for chosen in (
        {"where": "tag is refund"}, {"conditions": [{"field": "tag", "is": "is", "value": "refund"}]},
        {"view": str(saved.pk)},
    ):  # fmt: skip
        asked = client.post("/api/v1/bulk/", {"act": {"do": "follow"}, **chosen}).json()
        assert sorted(BulkAct.objects.get(pk=asked["id"]).tickets) == [tickets[0].pk, tickets[1].pk]


def test_a_ticket_that_could_not_be_is_named_with_the_reason(api: Api, ana: Agent, tickets: list[Ticket]) -> None:
    removing.trash(tickets[0], actor=ana)
    body = {"act": {"do": "status", "to": "pending"}, "tickets": [tickets[0].pk, tickets[1].pk]}
    asked = api(ana).post("/api/v1/bulk/", body).json()
    assert asked["done"] == 2 and asked["undo"]
    [failure] = asked["failed"]
    assert failure["ticket"] == tickets[0].pk and "in the trash" in failure["why"]


def test_more_than_a_handful_is_left_to_a_worker(
    api: Api, ana: Agent, tickets: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    body = {"act": {"do": "tag", "tag": "storm"}, "tickets": [one.pk for one in tickets[:3]]}
    client = api(ana)
    asked = client.post("/api/v1/bulk/", body).json()
    assert (asked["state"], asked["done"], asked["undo"]) == ("waiting", 0, None)
    bulk.run(asked["id"])
    assert client.get(asked["url"]).json()["state"] == "done"


def test_a_foreign_ticket_among_them_is_refused_and_nothing_is_done(
    api: Api, ana: Agent, admin: Agent, inbox: Inbox, tickets: list[Ticket]
) -> None:
    before = Event.objects.count()
    body = {"act": {"do": "take"}, "tickets": [tickets[0].pk, tickets[6].pk, 999_999_999]}
    # the worker knows the admin, and not what the token is limited to
    for client in (api(ana), limited(admin, inbox)):
        refused = client.post("/api/v1/bulk/", body)
        assert refused.status_code == 400
        assert f"#{tickets[6].pk}, #999999999" in refused.json()["errors"][0]["detail"]
    assert Event.objects.count() == before and not BulkAct.objects.exists()


def test_a_limited_token_sees_no_bulk_act_of_other_inboxes(
    api: Api, admin: Agent, inbox: Inbox, tickets: list[Ticket]
) -> None:
    asked = api(admin).post("/api/v1/bulk/", {"act": {"do": "follow"}, "tickets": [tickets[0].pk, tickets[6].pk]})
    client = limited(admin, inbox)
    assert client.get(asked.json()["url"]).status_code == client.post(asked.json()["undo"]).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/act"), ({"act": {"do": "take"}}, "#"), ({"act": {"do": "take"}, "tickets": []}, "#/tickets"),
        ({"act": {"do": "take"}, "tickets": [1] * 5001}, "#/tickets"),
        ({"act": {"do": "take"}, "tickets": [1], "where": "status is open"}, "#"),
        ({"act": {"do": "take"}, "conditions": []}, "#/conditions"), ({"act": {"do": "take"}, "where": ";"}, "#/where"),
        ({"act": {"do": "erase"}, "tickets": [1]}, "#/act/do"),
        ({"act": {"do": "take", "version": 1}, "tickets": [1]}, "#/act/version"),
        ({"act": {"do": "take"}, "tickets": [1], "agent": 1}, "#/agent"),
    ],
)  # fmt: skip
def test_what_is_no_bulk_act_is_refused(api: Api, ana: Agent, body: Any, pointer: str) -> None:
    refused = api(ana).post("/api/v1/bulk/", body)
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert not BulkAct.objects.exists()


# --- what a page costs


@pytest.mark.parametrize("address", ["views/open/tickets/", "search/?q=hello", "views/", "customers/", "tickets/"])
def test_a_page_asks_as_often_for_six_rows_as_for_one(
    api: Api, ana: Agent, inbox: Inbox, settle: Callable[[], None], address: str
) -> None:
    client, asked = api(ana), []
    for number in range(7):
        one = opening.open_ticket(
            inbox=inbox, address=f"c{number}@customer.example", subject="Hello", text="Hello", actor=None
        )
        sorting.tag(one, name=f"t{number}", actor=ana)
        if number in (1, 6):
            settle()
            client.get(f"/api/v1/{address}")
            with CaptureQueriesContext(
                connection,
            ) as found:
                assert client.get(f"/api/v1/{address}").status_code == 200
            asked.append(len(found))
        viewing.save(actor=ana, name=f"View {number}", conditions=[])
    assert asked[0] == asked[1]
