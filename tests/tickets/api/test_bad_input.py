"""Whatever is sent, the answer is a problem document and nothing is half done."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk.models import Agent, Event
from tickets.api import serializers
from tickets.models import Inbox, Ticket
from tickets.operations import status

Api = Callable[[Agent | None], APIClient]


def post(client: APIClient, content: bytes | str, kind: str = "application/json", **more: Any) -> Any:
    return client.generic("POST", "/api/v1/tickets/", content, content_type=kind, **more)


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"null", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"42", "application/json", 400),
        (b"NaN", "application/json", 400),
        (b"\xff\xfe\x00", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 100_000, "application/json", 400),
        (b'{"inbox": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"{}", "application/json; charset=utf-8", 400),
    ],
)
def test_what_is_no_ticket_is_refused(api: Api, ana: Agent, content: bytes, kind: str, expected: int) -> None:
    answer = post(api(ana), content, kind)
    assert answer.status_code == expected, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == expected and answer.json()["title"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inbox", 0), ("inbox", 10**30), ("inbox", True), ("inbox", None), ("inbox", [1]),
        ("inbox", "no@inbox.example"), ("inbox", "\x00"), ("subject", ""), ("subject", ["a", "e@x"]),
        ("subject", "x" * 301),
        ("subject", "a\x00b"), ("subject", "\ud800"), ("text", ""), ("text", " \n"), ("text", None), ("text", {"a": 1}),
        ("text", "x" * 200_001), ("customer", None), ("customer", "g@g.example"), ("customer", []),
        ("attachments", "x"),
        ("attachments", [{"filename": "a", "content": "YQ=="}] * 21),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_pointed_at(
    api: Api, ana: Agent, order: dict[str, Any], field: str, value: Any
) -> None:
    answer = post(api(ana), json.dumps({**order, field: value}))
    assert answer.status_code == 400, answer.content
    assert answer.json()["type"] == "tag:helpdesk,2026:invalid"
    assert answer.json()["errors"][0]["pointer"] == f"#/{field}"
    assert not Ticket.objects.exists() and not Event.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("address", "nobody"), ("address", ["a@b.example"]), ("address", "a@b.example\nBcc: c@d.example"), ("address", ""),
     ("name", ["a", "e@x"]), ("name", "x" * 201)],
)  # fmt: skip
def test_a_customer_is_checked_inside(api: Api, ana: Agent, order: dict[str, Any], field: str, value: Any) -> None:
    order["customer"][field] = value
    answer = api(ana).post("/api/v1/tickets/", order)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"#/customer/{field}"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"content": "not base64!"}, "#/attachments/1/content"),
        ({"content": 5}, "#/attachments/1/content"),
        ({"content": "é"}, "#/attachments/1/content"),
        ({"content_type": "text/html\r\nX: y"}, "#/attachments/1/content_type"),
        ({"filename": ""}, "#/attachments/1/filename"),
        ({"path": "/etc/passwd"}, "#/attachments/1/path"),
    ],
)
def test_an_attachment_that_cannot_be_used_is_pointed_at(
    api: Api, ana: Agent, order: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    good = {"filename": "a.txt", "content_type": "text/plain", "content": base64.b64encode(b"a").decode()}
    answer = api(ana).post("/api/v1/tickets/", {**order, "attachments": [good, {**good, **change}]})
    assert answer.status_code == 400, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_attachments_have_a_limit_together(
    api: Api, ana: Agent, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serializers, "MOST_FILE_BYTES", 5)
    files = [{"filename": "a", "content": base64.b64encode(b"abc").decode()}]
    assert api(ana).post("/api/v1/tickets/", {**order, "attachments": files}).status_code == 201
    refused = api(ana).post("/api/v1/tickets/", {**order, "attachments": files * 2})
    assert refused.status_code == 400 and refused.json()["errors"][0]["pointer"] == "#/attachments"


def test_a_closed_ticket_stays_closed(api: Api, ana: Agent, ticket: Ticket) -> None:
    status.close(ticket, actor=ana)
    client, url = api(ana), f"/api/v1/tickets/{ticket.pk}/"
    for answer in (
        client.delete(f"{url}resolution/"),
        client.put(f"{url}status/", {"status": "open"}),
        client.post(f"{url}messages/", {"kind": "reply", "text": "Hello"}),
    ):
        assert answer.status_code == 409 and answer.json()["type"] == "tag:helpdesk,2026:not-possible"
        assert "closed" in answer.json()["detail"]


@pytest.mark.parametrize("wanted", ["resolved", "closed", "lost", None, 1])
def test_only_some_statuses_are_set_by_hand(api: Api, ana: Agent, ticket: Ticket, wanted: Any) -> None:
    assert api(ana).put(f"/api/v1/tickets/{ticket.pk}/status/", {"status": wanted}).status_code == 400


def test_an_inbox_out_of_use_takes_nothing(api: Api, ana: Agent, order: dict[str, Any], inbox: Inbox) -> None:
    Inbox.objects.update(is_active=False)
    assert api(ana).post("/api/v1/tickets/", order).status_code == 400


def test_a_reply_says_something(api: Api, ana: Agent, ticket: Ticket) -> None:
    url = f"/api/v1/tickets/{ticket.pk}/messages/"
    for body in ({"kind": "reply", "text": " "}, {"kind": "reply"}, {"kind": "incoming", "text": "x"}, {"text": "x"}):
        assert api(ana).post(url, body).status_code == 400


@pytest.mark.parametrize("part", ["name", "address"])
@pytest.mark.parametrize("value", [["a", "e@x.test"], {"a": "e@x.test"}, [], True])
def test_t13_5_a_list_where_a_name_or_an_address_is_expected_is_refused(
    api: Api, ana: Agent, order: dict[str, Any], part: str, value: Any
) -> None:
    order["customer"][part] = value
    answer = api(ana).post("/api/v1/tickets/", order)
    assert answer.status_code == 400, answer.content
    assert not Ticket.objects.exists()
