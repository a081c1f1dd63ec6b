"""Recoveries for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from feedback.models import Department, ReasonCode, Recovery
from feedback.operations import opening_recoveries
from helpdesk.models import Agent, ApiToken
from tickets.models import Ticket


@pytest.fixture
def api() -> Callable[[Agent], APIClient]:
    def with_token(agent: Agent) -> APIClient:
        client = APIClient()
        client.default_format = "json"
        _token, secret = ApiToken.objects.issue(agent, "test")
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return with_token


@pytest.fixture
def late(lou: Agent) -> ReasonCode:
    shipping = Department.objects.create(name="Shipping")
    shipping.members.add(lou)
    return ReasonCode.objects.create(name="It came late", department=shipping, in_control=False)


@pytest.fixture
def recovery(ticket: Ticket, ana: Agent) -> Recovery:
    return opening_recoveries.open_by_hand(ticket, actor=ana)


def test_a_program_opens_explains_and_closes_one(ticket: Ticket, late: ReasonCode, ana: Agent, api: Any) -> None:
    program = api(ana)
    made = program.post("/api/v1/recoveries/", {"ticket": ticket.pk, "owner": ana.pk})
    assert made.status_code == 201, made.data
    url = made.data["url"].partition("testserver")[2]
    assert (made.data["state"], made.data["owner"], made.data["said"]) == ("open", ana.pk, None)
    assert program.post("/api/v1/recoveries/", {"ticket": ticket.pk}).data["id"] == made.data["id"]
    early = program.put(f"{url}closing/", {"outcome": "recovered"})
    assert early.status_code == 409 and "why it happened" in early.data["detail"]
    told = program.put(f"{url}explanation/", {"reason": late.pk, "in_control": True, "version": made.data["version"]})
    assert (told.data["department"], told.data["in_control"]) == (late.department_id, True)
    stale = program.put(f"{url}owner/", {"owner": None, "version": made.data["version"]})
    assert stale.status_code == 412
    assert program.post(f"{url}notes/", {"text": "She called."}).status_code == 201
    closed = program.put(f"{url}closing/", {"outcome": "recovered", "done": "Refunded", "cost": "12.50"})
    assert (closed.data["outcome"], closed.data["cost"], closed.data["state"]) == ("recovered", "12.50", "closed")
    assert program.get("/api/v1/recoveries/?show=closed").data["results"][0]["done"] == "Refunded"
    assert program.get("/api/v1/recoveries/?show=open").data["results"] == []
    assert program.delete(f"{url}closing/").data["state"] == "worked"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("owner/", {"owner": 10**9}, 400),
        ("explanation/", {"reason": 10**9}, 400),
        ("closing/", {"outcome": "gone"}, 400),
        ("closing/", {"outcome": "not_needed", "state": "closed"}, 400),
    ],
)
def test_what_makes_no_sense_is_named_and_changes_nothing(
    recovery: Recovery, ana: Agent, api: Any, path: str, body: dict[str, Any], status: int
) -> None:
    assert api(ana).put(f"/api/v1/recoveries/{recovery.pk}/{path}", body).status_code == status
    recovery.refresh_from_db()
    assert recovery.state == "open"


def test_light_collaborators_work_those_of_their_departments_only(
    recovery: Recovery, late: ReasonCode, ana: Agent, lou: Agent, ben: Agent, api: Any
) -> None:
    url, program = f"/api/v1/recoveries/{recovery.pk}/", api(lou)
    assert program.get(url).status_code == 404 and program.get("/api/v1/recoveries/").data["results"] == []
    api(ana).put(f"{url}explanation/", {"reason": late.pk})
    assert program.get(url).status_code == 200
    assert program.post(f"{url}taking-up/", {}).data["state"] == "worked"
    assert program.post("/api/v1/recoveries/", {"ticket": recovery.ticket_id}).status_code == 403
    assert api(ben).get(url).status_code == 404
