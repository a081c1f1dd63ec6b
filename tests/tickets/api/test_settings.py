"""What programs look after: custom fields and macros, as on the settings' pages; and the tags they may see."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from helpdesk.models import Agent, ApiToken, Event
from tickets.models import CustomField, Inbox, Macro, Ticket
from tickets.operations import macros, opening, sorting

Api = Callable[[Agent | None], APIClient]


def limited(admin: Agent, inbox: Inbox) -> APIClient:
    _token, secret = ApiToken.objects.issue(admin, "limited", inboxes=[inbox.pk])
    client = APIClient()
    client.default_format = "json"
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_an_admin_adds_changes_and_retires_a_field(api: Api, admin: Agent, inbox: Inbox) -> None:
    client, url = api(admin), "/api/v1/fields/"
    made = client.post(url, {"name": "Plan", "kind": "choice", "choices": ["gold", "free"], "inboxes": [inbox.pk]})
    assert made.status_code == 201, made.content
    field = made.json()
    assert (field["key"], field["choices"], field["inboxes"], field["is_active"]) == (
        "plan", ["gold", "free"], [inbox.pk], True,
    )  # fmt: skip
    one = made["Location"].removeprefix("http://testserver")
    assert client.get(one).json() == field
    changed = client.patch(one, {"name": "Their plan", "choices": ["gold", "silver"]}).json()
    assert changed == {**field, "name": "Their plan", "choices": ["gold", "silver"]}
    assert client.delete(one).json()["is_active"] is False and client.delete(one).status_code == 200
    assert client.get(url).json()["results"] == []
    assert [one["key"] for one in client.get(f"{url}?active=false").json()["results"]] == ["plan"]
    assert client.patch(one, {"is_active": True}).json()["is_active"] is True
    told = Event.objects.filter(verb__startswith="customfield.").order_by("id")
    assert [(one.verb, one.facts["fields"]) for one in told][1:] == [
        ("customfield.changed", ["choices", "name"]), ("customfield.changed", ["is_active"]),
        ("customfield.changed", ["is_active"]),
    ]  # fmt: skip
    assert told[0].verb == "customfield.created" and told[0].actor_id == admin.pk


def test_a_field_that_cannot_be_is_refused_by_name(api: Api, admin: Agent, chloe: Agent, inbox: Inbox) -> None:
    client, url = api(admin), "/api/v1/fields/"
    field = CustomField.objects.create(key="plan", name="Plan")
    for body, pointer in [
        ({"name": "Plan"}, "#/key"),
        ({"name": "Size", "kind": "choice"}, "#/choices"),
        ({"name": "Size", "inboxes": [inbox.pk + 99]}, "#/inboxes"),
        ({"name": "Size", "kind": "colour"}, "#/kind"),
    ]:
        refused = client.post(url, body)
        assert refused.status_code == 400 and refused.json()["errors"][0]["pointer"] == pointer, refused.content
    assert client.patch(f"{url}{field.pk}/", {"key": "other"}).status_code == 400
    assert api(chloe).post(url, {"name": "Size"}).status_code == 403
    assert limited(admin, inbox).post(url, {"name": "Size"}).status_code == 403
    assert CustomField.objects.count() == 1


def test_a_field_of_inboxes_one_does_not_see_is_not_there(api: Api, ben: Agent, inbox: Inbox) -> None:
    field = CustomField.objects.create(key="plan", name="Plan")
    field.inboxes.add(inbox)
    for method in ("get", "patch", "delete"):
        assert getattr(api(ben), method)(f"/api/v1/fields/{field.pk}/").status_code == 404


def test_a_lead_writes_for_everybody_and_an_agent_for_themselves(
    api: Api, ana: Agent, chloe: Agent, inbox: Inbox, billing: Inbox
) -> None:
    body = {"name": "Refund", "text": "Dear {{customer.first_name}}", "actions": [{"do": "tag", "tag": "Refund"}]}
    mine = api(ana).post("/api/v1/macros/", body)
    assert mine.status_code == 201 and mine.json()["is_own"] is True, mine.content
    made = api(chloe).post("/api/v1/macros/", {**body, "inboxes": [inbox.pk]}).json()
    assert (made["is_own"], made["inboxes"], made["actions"]) == (False, [inbox.pk], [{"do": "tag", "tag": "refund"}])
    one = f"/api/v1/macros/{made['id']}/"
    assert api(ana).patch(one, {"name": "Mine now"}).status_code == 409
    changed = api(chloe).patch(one, {"name": "Refunds"}).json()
    assert changed == {**made, "name": "Refunds"}
    assert api(chloe).get(f"/api/v1/macros/{mine.json()['id']}/").status_code == 404
    assert api(chloe).post("/api/v1/macros/", {**body, "is_own": True}).json()["is_own"] is True
    assert api(ana).post("/api/v1/macros/", {**body, "inboxes": [inbox.pk]}).status_code == 400
    assert api(chloe).patch(one, {"inboxes": [billing.pk]}).status_code == 400
    assert api(chloe).delete(one).status_code == 204 and api(chloe).delete(one).status_code == 404
    assert not Macro.objects.filter(pk=made["id"]).exists()
    verbs = Event.objects.filter(verb__startswith="macro.", actor_id=chloe.pk).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == ["macro.saved", "macro.saved", "macro.saved", "macro.deleted"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "Empty"}, 409),
        ({"name": "Odd", "text": "{{customer.secret}}"}, 409),
        ({"name": "Odd", "actions": [{"do": "fly"}]}, 400),
        ({"name": "Odd", "actions": [{"do": "assign", "agent": 999999}]}, 400),
        ({"name": "Odd", "text": "a", "html": "<p>b</p>"}, 400),
        ({"name": "Odd", "text": "a", "owner": 1}, 400),
    ],
)
def test_a_macro_that_cannot_be_is_refused(api: Api, ana: Agent, body: dict[str, object], status: int) -> None:
    assert api(ana).post("/api/v1/macros/", body).status_code == status
    assert not Macro.objects.exists()


def test_a_limited_token_changes_no_macro_of_everybody(admin: Agent, inbox: Inbox) -> None:
    shared = macros.save(None, actor=admin, name="Refund", html="<p>Yes</p>")
    client = limited(admin, inbox)
    assert client.post("/api/v1/macros/", {"name": "Hi", "text": "Hello"}).status_code == 403
    assert client.patch(f"/api/v1/macros/{shared.pk}/", {"name": "No"}).status_code == 403
    assert client.delete(f"/api/v1/macros/{shared.pk}/").status_code == 403


def test_tags_are_counted_on_tickets_one_may_see(
    api: Api, ana: Agent, ben: Agent, admin: Agent, inbox: Inbox, billing: Inbox, ticket: Ticket
) -> None:
    foreign = opening.open_ticket(inbox=billing, address="e@other.example", subject="A bill", text="Paid?", actor=None)
    for name in ("vip", "storm"):
        sorting.tag(ticket, name=name, actor=ana)
    for name in ("vip", "insolvent"):
        sorting.tag(foreign, name=name, actor=ben)

    def tags(client: APIClient, query: str = "") -> dict[str, int]:
        found = client.get(f"/api/v1/tags/{query}").json()["results"]
        return {one["name"]: one["tickets"] for one in found}

    assert tags(api(ana)) == {"vip": 1, "storm": 1}
    assert tags(api(ben)) == {"vip": 1, "insolvent": 1}
    assert tags(limited(admin, inbox)) == {"vip": 1, "storm": 1}
    assert tags(api(admin)) == {"vip": 2, "storm": 1, "insolvent": 1}
    assert tags(api(ana), "?q=VI") == {"vip": 1}
