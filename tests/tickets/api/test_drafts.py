"""Drafts of programs: read, given a time and a way, and sent; never a note, never over what was written further."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk import clock
from helpdesk.models import Agent, Team
from tickets.channels.protocol import Person, Said
from tickets.models import ChannelAccount, Conversation, Delivery, Draft, Inbox, Message, Ticket
from tickets.operations import scheduling, talking
from tickets.operations.status import NotPossible

Api = Callable[[Agent | None], APIClient]


def later(**ahead: float) -> str:
    return (clock.now() + timedelta(**ahead)).isoformat()


@pytest.fixture
def spoken(team: Team) -> Ticket:
    """A ticket that came by a channel where people talk."""
    market = Inbox.objects.create(name="Market", channel="generic")
    market.teams.add(team)
    ChannelAccount.objects.create(
        inbox=market, kind="generic", address="market", config={"answers_to": "https://x.test/"}
    )
    message, _is_new = talking.hear(market, Said("m1", "t1", Person("p1", "Dora Lind", "@dora"), "Where is it?"))
    assert message is not None
    return message.ticket


def test_a_draft_is_read_by_who_wrote_it(api: Api, ana: Agent, chloe: Agent, ben: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/drafts/reply/"
    assert client.get(url).status_code == 404
    saved = client.put(url, {"text": "It ships today.", "to": ["dora@customer.example"], "cc": ["carl@x.example"]})
    assert saved.status_code == 200, saved.content
    read = client.get(url)
    assert read.json() == saved.json() and read["ETag"] == '"1"' and read.json()["url"].endswith(url)
    assert (read.json()["to"], read.json()["cc"]) == (["dora@customer.example"], ["carl@x.example"])
    assert api(chloe).get(url).status_code == api(ben).get(url).status_code == 404
    kept = client.put(url, {"text": "It ships tomorrow."}, HTTP_IF_MATCH='"1"').json()
    assert (kept["version"], kept["cc"]) == (2, ["carl@x.example"])
    assert client.put(url, {"text": "Never."}, HTTP_IF_MATCH='"1"').status_code == 412
    assert client.put(url, {"text": "To whoever wrote.", "to": []}, HTTP_IF_MATCH='"2"').json()["to"] is None


def test_a_draft_is_given_a_time_and_loses_it_again(api: Api, ana: Agent, ben: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/drafts/reply/"
    client.put(url, {"text": "It ships today."})
    assert client.put(f"{url}schedule/", {"at": later(days=-1)}).status_code == 409
    assert client.put(f"{url}schedule/", {"at": later(days=1), "version": 7}).status_code == 412
    waits = client.put(f"{url}schedule/", {"at": later(days=1), "then": "resolve", "version": 1})
    assert waits.status_code == 200, waits.content
    assert waits.json()["send_at"] and waits.json()["then"] == "resolve" and waits["ETag"] == '"2"'
    assert client.put(url, {"text": "Other words."}).status_code == 409
    assert api(ben).delete(f"{url}schedule/").status_code == 404
    assert client.delete(f"{url}schedule/").json()["send_at"] is None
    assert client.delete(f"{url}schedule/").status_code == 200
    assert ticket.messages.count() == 1


def test_a_colleagues_answer_is_cancelled_and_taken_over(
    api: Api, ana: Agent, chloe: Agent, ben: Agent, lou: Agent, ticket: Ticket
) -> None:
    client, url = api(chloe), f"/api/v1/tickets/{ticket.pk}/drafts/"
    client.put(f"{url}reply/", {"text": "It ships today."})
    draft = Draft.objects.get()
    assert api(ana).post(f"{url}{draft.pk}/takeover/").status_code == 404, "it is private"
    client.put(f"{url}reply/schedule/", {"at": later(days=1)})
    [waits] = api(ana).get(url).json()["results"]
    assert waits["id"] == draft.pk and waits["send_at"] and waits["author"]["name"] == chloe.name
    assert api(ben).delete(f"{url}{draft.pk}/schedule/").status_code == 404
    assert api(lou).delete(f"{url}{draft.pk}/schedule/").status_code == 403
    assert api(ana).delete(f"{url}{draft.pk}/schedule/", HTTP_IF_MATCH='"1"').status_code == 412
    stopped = api(ana).delete(f"{url}{draft.pk}/schedule/")
    assert stopped.status_code == 200 and stopped.json()["send_at"] is None
    assert ana.name in stopped.json()["held_back"] and stopped.json()["author"]["name"] == chloe.name
    api(ana).put(f"{url}reply/", {"text": "Mine."})
    assert api(lou).post(f"{url}{draft.pk}/takeover/").status_code == 409
    taken = api(ana).post(f"{url}{draft.pk}/takeover/", HTTP_IDEMPOTENCY_KEY="one")
    assert taken.status_code == 200 and taken.json()["text"] == "It ships today.\n\nMine.", taken.content
    assert api(ana).post(f"{url}{draft.pk}/takeover/", HTTP_IDEMPOTENCY_KEY="one").content == taken.content
    assert Draft.objects.get().author == ana and client.get(f"{url}reply/").status_code == 404


def test_a_draft_is_sent_once(api: Api, ana: Agent, ben: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/drafts/reply/"
    client.put(url, {"text": "It ships today.", "to": ["dora@customer.example"], "bcc": ["boss@x.example"]})
    assert api(ben).post(f"{url}sending/").status_code == 404
    assert client.post(f"{url}sending/", {"version": 9}).status_code == 412
    sent = client.post(f"{url}sending/", {"version": 1}, HTTP_IDEMPOTENCY_KEY="one")
    assert sent.status_code == 201 and sent.json()["bcc"] == ["boss@x.example"], sent.content
    again = client.post(f"{url}sending/", {"version": 1}, HTTP_IDEMPOTENCY_KEY="one")
    assert again.content == sent.content and client.post(f"{url}sending/").status_code == 404
    assert ticket.messages.filter(kind="reply").count() == 1 and not Draft.objects.exists()


def test_a_note_is_never_sent_to_the_customer(api: Api, ana: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/drafts/note/"
    client.put(url, {"text": "They are a nuisance."})
    assert client.post(f"{url}sending/").status_code == 409
    assert client.put(f"{url}schedule/", {"at": later(days=1)}).status_code == 409
    assert client.put(url, {"text": "Hm", "via": "mail", "version": 1}).status_code == 400
    with pytest.raises(NotPossible):
        scheduling.send_now(Draft.objects.get(), actor=ana)
    assert ticket.messages.count() == 1


def test_the_ways_of_a_ticket_of_mail(api: Api, ana: Agent, ben: Agent, lou: Agent, ticket: Ticket) -> None:
    url = f"/api/v1/tickets/{ticket.pk}/ways/"
    assert api(ben).get(url).status_code == 404
    [mail] = api(lou).get(url).json()["results"]
    assert (mail["key"], mail["channel"], mail["to"], mail["is_usual"], mail["is_public"], mail["closed"]) == (
        "mail", "email", "dora@customer.example", True, False, "",
    )  # fmt: skip
    assert mail["limits"] == {
        "most_text": None, "splits": True, "files": [""], "most_files": 20, "most_file_bytes": 15 * 1024 * 1024,
    }  # fmt: skip


def test_an_answer_goes_the_way_that_was_named(api: Api, ana: Agent, ticket: Ticket, spoken: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{spoken.pk}/"
    [way] = client.get(f"{url}ways/").json()["results"]
    talk = Conversation.objects.get()
    assert (way["key"], way["channel"], way["to"], way["is_usual"]) == (str(talk.pk), "generic", "@dora", True)
    said = client.post(f"{url}messages/", {"kind": "reply", "text": "On its way.", "via": way["key"]})
    assert said.status_code == 201 and said.json()["channel"] == "generic", said.content
    assert Delivery.objects.get().mail.conversation == talk
    mine = f"/api/v1/tickets/{ticket.pk}/"
    assert client.post(f"{mine}messages/", {"kind": "reply", "text": "Hm", "via": way["key"]}).status_code == 409
    assert client.put(f"{mine}drafts/reply/", {"text": "Hm", "via": way["key"]}).status_code == 409
    refused = client.post(f"{url}messages/", {"kind": "reply", "text": "Hm", "via": way["key"], "to": ["a@x.example"]})
    assert refused.status_code == 400 and refused.json()["errors"][0]["pointer"] == "#/to"


def test_a_draft_keeps_the_way_it_goes(api: Api, ana: Agent, spoken: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{spoken.pk}/drafts/reply/"
    key = str(Conversation.objects.get().pk)
    words: dict[str, Any] = {"text": "On its way.", "via": key}
    assert client.put(url, words).json()["via"] == key
    assert client.put(url, {"text": "Still on its way.", "version": 1}).json()["via"] == key
    assert client.post(f"{url}sending/").status_code == 201
    assert Message.objects.get(kind="reply").channel == "generic"
