"""The same request twice, or fifty times at once, happens once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from helpdesk.models import Agent, Event, IdempotencyKey
from tickets.models import Delivery, Message, Ticket

Api = Callable[[Agent | None], APIClient]


def test_a_repeat_is_answered_again_and_not_done_again(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    client = api(ana)
    first = client.post("/api/v1/tickets/", order, headers={"Idempotency-Key": "k1"})
    again = client.post("/api/v1/tickets/", order, headers={"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content and first["Location"] == again["Location"]
    assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == first["Content-Type"]
    assert Ticket.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    client = api(ana)
    client.post("/api/v1/tickets/", order, headers={"Idempotency-Key": "k1"})
    refused = client.post("/api/v1/tickets/", {**order, "text": "Other"}, headers={"Idempotency-Key": "k1"})
    assert refused.status_code == 422 and refused["Content-Type"] == "application/problem+json"
    assert Ticket.objects.count() == 1


def test_a_key_belongs_to_its_token_and_address(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    client, key = api(ana), {"Idempotency-Key": "k1"}
    one = client.post("/api/v1/tickets/", order, headers=key).json()["number"]
    two = api(ana).post("/api/v1/tickets/", order, headers=key).json()["number"]
    assert one != two
    for number in (one, two):
        answer = client.post(f"/api/v1/tickets/{number}/messages/", {"kind": "reply", "text": "Hi"}, headers=key)
        assert answer.status_code == 201 and "Idempotency-Replayed" not in answer
    assert Message.objects.filter(kind="reply").count() == Delivery.objects.count() == 2


def test_a_repeated_reply_is_sent_once(api: Api, ana: Agent, ticket: Ticket) -> None:
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/messages/"
    answers = [client.post(url, {"kind": "reply", "text": "Hi"}, headers={"Idempotency-Key": "r"}) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert Delivery.objects.count() == 1


def test_a_refusal_is_not_kept(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    client, key = api(ana), {"Idempotency-Key": "k1"}
    assert client.post("/api/v1/tickets/", {**order, "text": ""}, headers=key).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert client.post("/api/v1/tickets/", order, headers=key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "a\tb"])
def test_a_key_nobody_can_keep_is_refused(api: Api, ana: Agent, order: dict[str, Any], key: str) -> None:
    refused = api(ana).post("/api/v1/tickets/", order, HTTP_IDEMPOTENCY_KEY=key)
    assert refused.status_code == 400
    assert not Ticket.objects.exists()


def test_the_longest_key_is_kept(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    for _ in range(2):
        assert api(ana).post("/api/v1/tickets/", order, headers={"Idempotency-Key": "x" * 255}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_are_one(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    client = api(ana)
    secret = client._credentials["HTTP_AUTHORIZATION"]
    gate, answers, lock = threading.Barrier(50), [], threading.Lock()

    def ask() -> None:
        try:
            own = APIClient(HTTP_AUTHORIZATION=secret, HTTP_IDEMPOTENCY_KEY="the one")
            gate.wait(timeout=30)
            answer = own.post("/api/v1/tickets/", order, format="json")
            with lock:
                answers.append(answer)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 50
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert Ticket.objects.count() == 1
    assert list(Event.objects.order_by("id").values_list("verb", flat=True)) == ["ticket.created", "message.received"]


@pytest.mark.django_db(transaction=True)
def test_one_that_waits_too_long_is_asked_to_come_back(
    api: Api, ana: Agent, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpdesk.api import idempotency
    from tickets.operations import opening

    monkeypatch.setattr(idempotency, "PATIENCE", 50)
    client = api(ana)
    secret = client._credentials["HTTP_AUTHORIZATION"]
    begun, finish, answers = threading.Event(), threading.Event(), []
    real = opening.open_ticket

    def slow(**given: Any) -> Ticket:
        begun.set()
        finish.wait(10)
        return real(**given)

    monkeypatch.setattr(opening, "open_ticket", slow)

    def ask() -> None:
        try:
            answers.append(
                APIClient(HTTP_AUTHORIZATION=secret, HTTP_IDEMPOTENCY_KEY="k").post(
                    "/api/v1/tickets/", order, format="json"
                )
            )
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(10)
    early = client.post("/api/v1/tickets/", order, headers={"Idempotency-Key": "k"})
    finish.set()
    thread.join()
    assert early.status_code == 409 and early["Retry-After"] == "2"
    assert early["Content-Type"] == "application/problem+json"
    assert answers[0].status_code == 201
    late = client.post("/api/v1/tickets/", order, headers={"Idempotency-Key": "k"})
    assert late.content == answers[0].content
