"""A program opens a ticket, reads it, answers, sorts and resolves it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk.models import Agent
from tickets.models import Customer, Inbox, OutgoingMail, Ticket

Api = Callable[[Agent | None], APIClient]


def test_a_ticket_is_opened_read_and_answered(
    api: Api, ana: Agent, order: dict[str, Any], verbs: Callable[[Ticket], list[str]]
) -> None:
    client = api(ana)
    opened = client.post("/api/v1/tickets/", order)
    assert opened.status_code == 201, opened.content
    ticket = opened.json()
    assert ticket["status"] == "open" and ticket["channel"] == "api"
    assert ticket["customer"]["address"] == "gina@shop.example" and ticket["customer"]["name"] == "Gina Gray"
    assert ticket["inbox"]["address"] == "support@demo.localhost" and ticket["team"]["name"] == "Support"
    assert opened["Location"] == ticket["url"]

    known = client.get(ticket["url"]).json()
    assert known == {**ticket, "version": known["version"], "undo": None}
    assert client.get("/api/v1/tickets/").json() == {"next": None, "results": [ticket]}
    (said,) = client.get(f"{ticket['url']}messages/").json()["results"]
    assert said["kind"] == "incoming" and said["text"] == "It came in two pieces."
    assert said["sender"] == {
        "address": "gina@shop.example", "name": "Gina Gray", "customer": ticket["customer"]["id"],
    }  # fmt: skip

    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    files = [{"filename": "cup.png", "content_type": "image/png", "content": png}]
    answer = client.post(
        f"{ticket['url']}messages/", {"kind": "reply", "text": "A new one leaves today.", "attachments": files}
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["author"] == {"id": ana.pk, "name": "Ana Silva"}
    [delivery] = answer.json()["deliveries"]
    assert (delivery["recipient"], delivery["state"], delivery["sent_at"]) == ("gina@shop.example", "queued", None)
    assert (delivery["reason"], delivery["attempts"], delivery["corrected_to"]) == ("", 0, None)
    assert OutgoingMail.objects.get().to == ["gina@shop.example"]
    (file,) = answer.json()["attachments"]
    download = client.get(file["url"])
    assert download.content == b"\x89PNG\r\n\x1a\n" and download["Content-Disposition"].startswith("attachment")

    note = client.post(f"{ticket['url']}messages/", {"kind": "note", "text": "Third broken cup this week."})
    assert note.json()["kind"] == "note" and note.json()["deliveries"] == []
    kinds = [row["kind"] for row in client.get(f"{ticket['url']}messages/").json()["results"]]
    assert kinds == ["incoming", "reply", "note"]

    assert client.post(f"{ticket['url']}tags/", {"name": " Broken  Cup "}).json()["tags"] == ["broken cup"]
    assert client.put(f"{ticket['url']}status/", {"status": "pending"}).json()["status"] == "pending"
    assert client.post(f"{ticket['url']}resolution/").json()["status"] == "resolved"
    assert client.delete(f"{ticket['url']}resolution/").json()["status"] == "open"
    assert client.delete(f"{ticket['url']}tags/broken%20cup/").json()["tags"] == []

    number = ticket["number"]
    expected = [
        "ticket.created", "message.received", "message.replied", "ticket.assigned", "message.noted", "ticket.tagged",
        "ticket.pended", "ticket.resolved", "ticket.reopened", "ticket.untagged",
    ]  # fmt: skip
    assert verbs(Ticket.objects.get(pk=number)) == expected
    events = client.get(f"{ticket['url']}events/").json()["results"]
    assert [event["verb"] for event in events] == expected
    assert events[0]["actor"] == ana.pk
    assert events[0]["facts"] == {
        "channel": "api", "inbox": order["inbox"], "team": ticket["team"]["id"], "customer": ticket["customer"]["id"],
        "initiated_by": "customer",
    }  # fmt: skip


def test_a_known_address_keeps_its_customer_and_their_name(
    api: Api, ana: Agent, order: dict[str, Any], dora: Customer
) -> None:
    order["customer"] = {"address": "DORA@customer.example", "name": "Somebody Else"}
    ticket = api(ana).post("/api/v1/tickets/", order).json()
    assert ticket["customer"] == {"id": dora.pk, "name": "Dora Diaz", "address": "dora@customer.example"}


def test_an_inbox_can_be_named_by_its_address(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    order["inbox"] = "Support@demo.localhost"
    assert api(ana).post("/api/v1/tickets/", order).status_code == 201


def test_a_ticket_is_given_to_agents_and_teams(api: Api, ana: Agent, chloe: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/assignment/"
    given = client.put(url, {"agent": chloe.pk}).json()
    assert given["assignee"]["name"] == "Chloe Martin" and given["team"]["name"] == "Support"
    assert client.put(url, {"team": None}).json()["team"] is None
    assert client.put(url, {"team": given["team"]["id"]}).json()["assignee"]["id"] == chloe.pk
    taken = client.delete(url).json()
    assert taken["assignee"] is None and taken["team"]["name"] == "Support"


def test_a_ticket_is_not_given_to_who_does_not_work_there(
    api: Api, ana: Agent, ben: Agent, lou: Agent, ticket: Ticket, billing: Inbox
) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/assignment/"
    assert client.put(url, {"agent": ben.pk}).status_code == 409
    assert client.put(url, {"agent": lou.pk}).status_code == 409
    refused = client.put(url, {"agent": 10**15, "team": ben.teams.get().pk})
    assert refused.status_code == 400 and refused.json()["errors"][0]["pointer"] == "#/agent"
    refused = client.put(url, {"team": ben.teams.get().pk})
    assert refused.status_code == 400 and refused.json()["errors"][0]["pointer"] == "#/team"
    assert client.put(url, {}).status_code == 400


def test_people_and_inboxes_are_listed(
    api: Api, ana: Agent, ben: Agent, inbox: Inbox, billing: Inbox, dora: Customer, ticket: Ticket
) -> None:
    client = api(ana)
    assert [row["name"] for row in client.get("/api/v1/inboxes/").json()["results"]] == ["Support"]
    assert {row["name"] for row in client.get("/api/v1/teams/").json()["results"]} == {"Support", "Billing"}
    agents = client.get("/api/v1/agents/").json()["results"]
    assert [(row["email"], row["teams"][0]["name"]) for row in agents] == [
        ("ana@demo.localhost", "Support"), ("ben@demo.localhost", "Billing"),
    ]  # fmt: skip
    customer = client.get(f"/api/v1/customers/{dora.pk}/").json()
    assert customer["name"] == "Dora Diaz" and customer["organisation"] is None
    assert [point["address"] for point in customer["contact_points"]] == ["dora@customer.example"]


@pytest.mark.parametrize("known", [True, False])
def test_opening_costs_few_queries(
    api: Api, ana: Agent, order: dict[str, Any], dora: Customer, django_assert_num_queries: Any, known: bool
) -> None:
    client = api(ana)
    client.get("/api/v1/teams/")  # the token's use is noted once a minute
    if known:
        order["customer"] = {"address": "dora@customer.example"}
    # token, inbox, its team, the address, ticket, message, events;
    # a new address: lock, look again, customer, address
    with django_assert_num_queries(7 if known else 11):
        assert client.post("/api/v1/tickets/", order).status_code == 201
    # the key: look, remember
    with django_assert_num_queries(11):
        assert client.post("/api/v1/tickets/", order, headers={"Idempotency-Key": "k"}).status_code == 201


def test_reading_costs_the_same_for_one_ticket_and_for_many(
    api: Api, ana: Agent, order: dict[str, Any], django_assert_num_queries: Any
) -> None:
    client = api(ana)
    for _number in range(2):
        client.post("/api/v1/tickets/", order)
        with django_assert_num_queries(6):
            client.get("/api/v1/tickets/")


def test_a_reply_goes_to_whom_it_names(api: Api, ana: Agent, ticket: Ticket) -> None:
    address = f"/api/v1/tickets/{ticket.number}/messages/"
    body = {"kind": "reply", "text": "For you", "to": ["dora@customer.example"], "cc": ["emil@other.example"],
            "bcc": ["gil@other.example"]}  # fmt: skip
    said = api(ana).post(address, body).json()
    assert (said["to"], said["cc"], said["bcc"]) == (body["to"], body["cc"], body["bcc"])
    assert sorted(one["recipient"] for one in said["deliveries"]) == [
        "dora@customer.example", "emil@other.example", "gil@other.example",
    ]  # fmt: skip
    note = api(ana).post(address, {"kind": "note", "text": "Hm", "to": ["dora@customer.example"]})
    assert note.status_code == 400 and "nobody" in note.content.decode()
    assert api(ana).post(address, {"kind": "reply", "text": "Hm", "cc": ["emil@other.example"]}).status_code == 400
    ours = api(ana).post(address, {"kind": "reply", "text": "Hm", "to": ["support@demo.localhost"]})
    assert ours.status_code == 409 and "our own address" in ours.json()["detail"]


def test_an_answer_that_was_taken_back_is_not_listed(api: Api, ana: Agent, ticket: Ticket) -> None:
    from tickets.operations import replying, withdrawing

    withdrawing.withdraw(replying.reply(ticket, text="Oops", actor=ana), actor=ana)
    listed = api(ana).get(f"/api/v1/tickets/{ticket.number}/messages/").json()["results"]
    assert [one["kind"] for one in listed] == ["incoming"]
