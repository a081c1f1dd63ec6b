"""The schema is valid, complete, true, and there is a page that shows it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from helpdesk.models import Agent
from tickets.api.urls import urlpatterns
from tickets.models import CustomField, Inbox, Ticket
from tickets.operations import acting, macros, opening


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    answer = Client().get("/api/schema/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    document: dict[str, Any] = json.loads(answer.content)
    return document


def described(route: str) -> str:
    """A route as the schema writes it."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern) and here.startswith("api/v1/"):
            yield here, pattern.callback


def nullable(shape: Any) -> Any:
    """The shape with `nullable` beside a reference spelt out: validators of OpenAPI 3.0 disagree about it."""
    if isinstance(shape, list):
        return [nullable(part) for part in shape]
    if not isinstance(shape, dict):
        return shape
    parts = {key: nullable(value) for key, value in shape.items()}
    if parts.get("nullable") and "allOf" in parts:
        return {"anyOf": [{"allOf": parts["allOf"]}, {"type": "object", "nullable": True, "maxProperties": 0}]}
    return parts


def test_it_is_valid(schema: dict[str, Any]) -> None:
    validate(schema)
    as_yaml = Client().get("/api/schema/", headers={"Accept": "application/yaml"})
    assert yaml.safe_load(as_yaml.content)["paths"].keys() == schema["paths"].keys()


def test_every_address_and_method_is_in_it(schema: dict[str, Any]) -> None:
    found = dict(routes(get_resolver().url_patterns))
    assert len(found) >= len(urlpatterns)
    for route, view in found.items():
        methods = {m for m in ("get", "post", "put", "patch", "delete") if hasattr(view.view_class, m)}
        assert schema["paths"][described(route)].keys() == methods, route


def test_every_operation_says_how_it_fails_and_who_may_ask(schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        if not path.startswith("/api/v1/reports/"):
            for method, operation in methods.items():
                assert "application/problem+json" in operation["responses"]["default"]["content"], (path, method)
                assert {"token": []} in operation["security"], (path, method)
                assert operation["summary"] and operation["description"], (path, method)


def test_every_post_honours_a_key(schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        if "post" in methods and not path.startswith("/api/v1/reports/"):
            assert "Idempotency-Key" in [parameter["name"] for parameter in methods["post"]["parameters"]], path


def test_answers_are_as_it_says(
    schema: dict[str, Any], api: Callable[[Agent | None], APIClient], ana: Agent, order: dict[str, Any], ticket: Ticket
) -> None:
    client = api(ana)
    url = f"/api/v1/tickets/{ticket.pk}/"
    client.post(f"{url}messages/", {"kind": "reply", "text": "Hello"})
    for path, given in [
        ("/api/v1/tickets/", client.get("/api/v1/tickets/")),
        ("/api/v1/tickets/", client.post("/api/v1/tickets/", order)),
        ("/api/v1/tickets/", client.post("/api/v1/tickets/", {})),
        ("/api/v1/tickets/", client.get("/api/v1/tickets/?order=x")),
        ("/api/v1/tickets/{number}/", client.get(url)),
        ("/api/v1/tickets/{number}/", client.get("/api/v1/tickets/0/")),
        ("/api/v1/tickets/{number}/messages/", client.get(f"{url}messages/")),
        ("/api/v1/tickets/{number}/messages/", client.post(f"{url}messages/", {"kind": "note", "text": "Hm"})),
        ("/api/v1/tickets/{number}/events/", client.get(f"{url}events/")),
        ("/api/v1/tickets/{number}/resolution/", client.post(f"{url}resolution/")),
        ("/api/v1/inboxes/", client.get("/api/v1/inboxes/")),
        ("/api/v1/agents/", client.get("/api/v1/agents/")),
        ("/api/v1/teams/", client.get("/api/v1/teams/")),
        ("/api/v1/customers/{id}/", client.get(f"/api/v1/customers/{ticket.customer_id}/")),
    ]:
        must_be_as_described(schema, path, given)


def must_be_as_described(schema: dict[str, Any], path: str, given: Any) -> None:
    """Whether an answer is what the schema says of it."""
    answers = schema["paths"][path][given.request["REQUEST_METHOD"].lower()]["responses"]
    answer = answers.get(str(given.status_code), answers["default"])
    shape = nullable({**answer["content"][given["Content-Type"]]["schema"], "components": schema["components"]})
    errors = [f"{error.json_path}: {error.message}" for error in OAS30Validator(shape).iter_errors(given.json())]
    assert not errors, (path, errors)


def test_answers_of_the_workspace_are_as_it_says(
    schema: dict[str, Any], api: Callable[[Agent | None], APIClient], ana: Agent, chloe: Agent, admin: Agent,
    inbox: Inbox, ticket: Ticket, settle: Callable[[], None],
) -> None:  # fmt: skip
    other = opening.open_ticket(inbox=inbox, address="d@x.example", subject="My order", text="Hello", actor=None)
    CustomField.objects.create(key="plan", name="Plan", kind="choice", choices=["gold"]).inboxes.add(inbox)
    macro = macros.save(None, actor=admin, name="Refund", html="<p>Yes</p>", actions=[{"do": "tag", "tag": "a"}])
    settle()
    acting.perform(ticket, {"do": "assign", "agent": ana.pk}, actor=chloe)
    settle()
    client = api(ana)
    t, c = f"tickets/{ticket.pk}/", f"customers/{ticket.customer_id}/"
    asked: list[tuple[str, str, str, Any]] = [
        ("post", "tickets/{number}/acts/", f"{t}acts/", {"do": "field", "key": "plan", "value": "gold"}),
        ("post", "tickets/{number}/acts/", f"{t}acts/", {"do": "fly"}),
        ("get", "tickets/{number}/", t, None),
        ("post", "tickets/{number}/links/", f"{t}links/", {"ticket": other.pk}),
        ("get", "tickets/{number}/links/", f"{t}links/", None),
        ("post", "tickets/{number}/merges/", f"{t}merges/", {"ticket": other.pk}),
        ("get", "tickets/{number}/merges/", f"{t}merges/", None),
        ("get", "tickets/{number}/macros/", f"{t}macros/", None),
        ("post", "tickets/{number}/macros/{macro}/", f"{t}macros/{macro.pk}/", None),
        ("put", "tickets/{number}/drafts/{kind}/", f"{t}drafts/note/", {"text": "Hm"}),
        ("get", "tickets/{number}/drafts/", f"{t}drafts/", None),
        ("get", "tickets/{number}/drafts/{kind}/", f"{t}drafts/note/", None),
        ("put", "tickets/{number}/drafts/{kind}/", f"{t}drafts/reply/", {"text": "Yes"}),
        (
            "put",
            "tickets/{number}/drafts/{kind}/schedule/",
            f"{t}drafts/reply/schedule/",
            {"at": "2001-01-01T09:00:00Z"},
        ),
        ("delete", "tickets/{number}/drafts/{kind}/schedule/", f"{t}drafts/reply/schedule/", None),
        ("post", "tickets/{number}/drafts/{kind}/sending/", f"{t}drafts/reply/sending/", None),
        ("get", "tickets/{number}/ways/", f"{t}ways/", None),
        ("get", "macros/", "macros/", None),
        ("post", "views/", "views/", {"name": "Open", "where": "status is open"}),
        ("get", "views/", "views/", None),
        ("get", "views/counts/", "views/counts/", None),
        ("get", "views/{key}/", "views/open/", None),
        ("get", "views/{key}/tickets/", "views/open/tickets/", None),
        ("get", "search/", "search/?q=order", None),
        ("get", "search/", "search/?q=is:lost", None),
        ("post", "bulk/", "bulk/", {"act": {"do": "restore"}, "tickets": [ticket.pk]}),
        ("get", "fields/", "fields/", None),
        ("post", "fields/", "fields/", {"name": "Size"}),
        ("get", "tags/", "tags/", None),
        ("post", "macros/", "macros/", {"name": "Hello", "text": "Hello {{customer.name}}"}),
        ("get", "macros/{macro}/", f"macros/{macro.pk}/", None),
        ("delete", "tickets/{number}/resolution/", f"{t}resolution/", None),
        ("post", "organisations/", "organisations/", {"name": "Acme"}),
        ("get", "organisations/", "organisations/", None),
        ("post", "customers/", "customers/", {"address": "g@g.example", "name": "Gina"}),
        ("get", "customers/", "customers/", None),
        ("patch", "customers/{id}/", c, {"name": "Dora D."}),
        ("post", "customers/{id}/notes/", f"{c}notes/", {"text": "Likes tea"}),
        ("get", "customers/{id}/notes/", f"{c}notes/", None),
        ("get", "customers/{id}/merges/", f"{c}merges/", None),
        ("get", "notifications/", "notifications/", None),
        ("post", "notifications/read/", "notifications/read/", None),
    ]
    for method, path, address, body in asked:
        given = getattr(client, method)(f"/api/v1/{address}", *([body] if body is not None else []))
        assert given.status_code < 500 and given.json(), (path, given.content)
        must_be_as_described(schema, f"/api/v1/{path}", given)


def test_the_manual_names_every_address() -> None:
    manual = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
    for pattern in urlpatterns:
        assert f"`/api/v1{described(str(pattern.pattern))}`" in manual
    for word in (
        "Idempotency-Key",
        "Retry-After",
        "application/problem+json",
        "manage.py apikey",
        "/api/schema/",
        "/api/docs/",
    ):
        assert word in manual
