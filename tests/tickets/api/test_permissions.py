"""Who may do what: every endpoint and every method against everybody."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk.api.views import Body
from helpdesk.models import Agent, ApiToken, Event, Role, Team
from tickets.api.urls import urlpatterns
from tickets.models import Attachment, Inbox, Ticket
from tickets.operations import replying

Api = Callable[[Agent | None], APIClient]

T = "tickets/<int:number>/"
#: (route, method) -> the body, and what Ana, Ben (another team), Lou (light) and a stranger get
MATRIX: dict[tuple[str, str], tuple[dict[str, Any] | None, int, int, int, int]] = {
    ("tickets/", "GET"): (None, 200, 200, 200, 401),
    ("tickets/", "POST"): ({"inbox": "support@demo.localhost", "customer": {"address": "g@g.example"}, "subject": "S",
                            "text": "T"}, 201, 400, 403, 401),
    (T, "GET"): (None, 200, 404, 200, 401),
    (f"{T}messages/", "GET"): (None, 200, 404, 200, 401),
    (f"{T}messages/", "POST"): ({"kind": "reply", "text": "Hello"}, 201, 404, 403, 401),
    (f"{T}attachments/<int:id>/", "GET"): (None, 200, 404, 200, 401),
    (f"{T}resolution/", "POST"): (None, 200, 404, 403, 401),
    (f"{T}resolution/", "DELETE"): (None, 200, 404, 403, 401),
    (f"{T}assignment/", "PUT"): ({"agent": None}, 200, 404, 403, 401),
    (f"{T}assignment/", "DELETE"): (None, 200, 404, 403, 401),
    (f"{T}tags/", "POST"): ({"name": "refund"}, 200, 404, 403, 401),
    (f"{T}tags/<path:name>/", "DELETE"): (None, 200, 404, 403, 401),
    (f"{T}status/", "PUT"): ({"status": "on_hold"}, 200, 404, 403, 401),
    (f"{T}events/", "GET"): (None, 200, 404, 200, 401),
    ("inboxes/", "GET"): (None, 200, 200, 200, 401),
    ("agents/", "GET"): (None, 200, 200, 200, 401),
    ("teams/", "GET"): (None, 200, 200, 200, 401),
    ("customers/<int:id>/", "GET"): (None, 200, 404, 200, 401),
    ("customers/<int:id>/", "PATCH"): ({"name": "Dora D."}, 200, 404, 403, 401),
}  # fmt: skip
#: lists that read their pages themselves
BY_HAND = ("tickets/", "views/<slug:key>/tickets/", "notifications/", "search/")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def noted(ticket: Ticket, ana: Agent) -> Attachment:
    """A file on an internal note."""
    note = replying.add_note(ticket, text="See", actor=ana, files=[replying.Upload("a.txt", "text/plain", b"secret")])
    return note.attachments.get()


def address(route: str, ticket: Ticket, attachment: Attachment) -> str:
    pk = ticket.customer_id if route.startswith("customers") else attachment.pk
    filled = route.replace("<int:number>", str(ticket.pk)).replace("<int:id>", str(pk)).replace("<path:name>", "a/b")
    return f"/api/v1/{filled}"


def test_the_matrix_knows_endpoints_there_are() -> None:
    # every one of them, and more people, are in tests/test_who_may_what.py
    assert {str(pattern.pattern) for pattern in urlpatterns} >= {route for route, _method in MATRIX}


@pytest.mark.parametrize("route", sorted({route for route, _method in MATRIX}))
def test_everybody_gets_what_is_theirs(
    api: Api, ana: Agent, ben: Agent, lou: Agent, ticket: Ticket, noted: Attachment, route: str
) -> None:
    url = address(route, ticket, noted)
    for method in METHODS:
        body, *expected = MATRIX.get((route, method), (None, 405, 405, 405, 401))
        for who, status in zip((ben, lou, None, ana), (*expected[1:], expected[0]), strict=True):
            before = Event.objects.count()
            answer = api(who).generic(
                method, url, "" if body is None else json.dumps(body), content_type="application/json"
            )
            said = f"{method} {url} by {who}: {answer.status_code} {answer.content[:300]!r}"
            if status == 405 and who is lou:
                assert answer.status_code in (403, 405), said
            else:
                assert answer.status_code == status, said
            if status >= 400:
                assert answer["Content-Type"] == "application/problem+json", said
                assert Event.objects.count() == before, said


def test_a_foreign_and_an_absent_ticket_read_alike(api: Api, ben: Agent, ticket: Ticket) -> None:
    client = api(ben)
    foreign, absent = client.get(f"/api/v1/tickets/{ticket.pk}/"), client.get("/api/v1/tickets/999999999/")
    endless = client.get(f"/api/v1/tickets/{10**30}/")
    assert foreign.status_code == absent.status_code == endless.status_code == 404
    assert foreign.content == absent.content == endless.content


def test_a_file_is_found_under_its_own_ticket_only(
    api: Api, ana: Agent, ticket: Ticket, noted: Attachment, order: dict[str, Any]
) -> None:
    client = api(ana)
    other = client.post("/api/v1/tickets/", order).json()["number"]
    assert client.get(f"/api/v1/tickets/{ticket.pk}/attachments/{noted.pk}/").status_code == 200
    assert client.get(f"/api/v1/tickets/{other}/attachments/{noted.pk}/").status_code == 404


def test_a_light_collaborator_notes(api: Api, lou: Agent, ticket: Ticket) -> None:
    client, url = api(lou), f"/api/v1/tickets/{ticket.pk}/messages/"
    assert client.post(url, {"kind": "note", "text": "I know this one."}).status_code == 201
    refused = client.post(url, {"kind": "reply", "text": "Hello"})
    assert refused.status_code == 403 and "light collaborator" in refused.json()["detail"]


def test_a_customer_of_another_team_is_not_shown(api: Api, ben: Agent, ticket: Ticket, billing: Inbox) -> None:
    assert api(ben).get(f"/api/v1/customers/{ticket.customer_id}/").status_code == 404


def test_leaving_a_team_takes_its_tickets_away_at_once(api: Api, ana: Agent, ticket: Ticket) -> None:
    client = api(ana)
    assert client.get(f"/api/v1/tickets/{ticket.pk}/").status_code == 200
    ana.teams.clear()
    assert client.get(f"/api/v1/tickets/{ticket.pk}/").status_code == 404


def test_a_signed_in_page_needs_its_form_token(ana: Agent, ticket: Ticket) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ana, backend="helpdesk.signed_in.Backend")
    assert client.get("/api/v1/tickets/").status_code == 200
    refused = client.post(f"/api/v1/tickets/{ticket.pk}/resolution/", format="json")
    assert refused.status_code == 403 and refused["Content-Type"] == "application/problem+json"
    ticket.refresh_from_db()
    assert not ticket.is_resolved


@pytest.mark.parametrize("field", [
    "status", "number", "id", "assignee", "created_at", "resolved_at", "priority", "channel", "initiated_by", "actor",
    "is_verified", "tags", "__proto__", "\ud800",
])  # fmt: skip
def test_a_field_that_may_not_be_set_is_refused_by_name(
    api: Api, ana: Agent, order: dict[str, Any], field: str
) -> None:
    body = json.dumps({**order, field: "resolved"})
    refused = api(ana).generic("POST", "/api/v1/tickets/", body, content_type="application/json")
    assert refused.status_code == 400
    shown = field if field.isascii() else "?"
    assert refused.json()["errors"] == [{"pointer": f"#/{shown}", "detail": "There is no such field to set here."}]
    assert not Ticket.objects.exists()


def test_a_nested_field_that_may_not_be_set_is_refused_by_name(api: Api, ana: Agent, order: dict[str, Any]) -> None:
    order["customer"]["is_verified"] = True
    refused = api(ana).post("/api/v1/tickets/", order)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/customer/is_verified"]


def bodies(of: type[Body] = Body) -> Iterator[type[Body]]:
    for one in of.__subclasses__():
        yield one
        yield from bodies(one)


@pytest.mark.parametrize("body", sorted(set(bodies()), key=lambda one: one.__name__))
def test_no_body_takes_a_field_it_does_not_know(body: type[Body]) -> None:
    asked = body(data={"nobody_knows_this": 1, "actor": 1})
    assert not asked.is_valid()
    assert {"nobody_knows_this", "actor"} <= set(asked.errors)


WRITING = sorted(
    (str(one.pattern), method)
    for one in urlpatterns
    for method in ("post", "put", "patch", "delete")
    if hasattr(one.callback.view_class, method)
)


def test_a_token_that_only_reads_changes_nothing_anywhere(ana: Agent, ticket: Ticket) -> None:
    _token, secret = ApiToken.objects.issue(ana, "reads", may_write=False)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    before = Event.objects.count()
    for route, method in WRITING:
        url = re.sub(r"<\w+:(\w+)>", lambda found: "reply" if found[1] in ("kind", "key", "name") else "1", route)
        refused = client.generic(method.upper(), f"/api/v1/{url}", "{}", content_type="application/json")
        assert refused.status_code == 403 and "only reads" in refused.json()["detail"], (method, route)
    assert Event.objects.count() == before and len(WRITING) > 40


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1000000000", "1e3", "٣"])
def test_no_list_gives_more_than_a_page(api: Api, ana: Agent, ticket: Ticket, limit: str) -> None:
    client, looked_at = api(ana), 0
    for one in urlpatterns:
        route = str(one.pattern)
        url = route.replace("<int:number>", str(ticket.pk)).replace("<int:id>", str(ticket.customer_id))
        url = url.replace("<slug:key>", "open")
        get = getattr(one.callback.view_class, "get", None)
        if "<" in url or get is None or not (getattr(get, "is_paged", False) or route in BY_HAND):
            continue
        looked_at += 1
        refused = client.get(f"/api/v1/{url}", {"limit": limit})
        assert refused.status_code == 400, (url, refused.content)
        assert refused.json()["errors"][0]["parameter"] == "limit", url
    assert looked_at > 10


def test_promotion_has_no_address(api: Api, ana: Agent) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(api(ana), method)("/api/v1/agents/", {"role": Role.ADMIN}).status_code == 405
    ana.refresh_from_db()
    assert ana.role == Role.AGENT and Team.objects.count() == 1 and ApiToken.objects.count() == 4
