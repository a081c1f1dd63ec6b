"""Customers, organisations, custom fields and notifications for programs."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from helpdesk.models import Agent, ApiToken, Event, IdempotencyKey
from tickets.models import ContactPoint, Customer, CustomerNote, CustomField, Inbox, Notification, Organisation, Ticket
from tickets.operations import assignment, customer_notes, customers, opening, organisations

Api = Callable[[Agent | None], APIClient]


@pytest.fixture
def foreign(billing: Inbox) -> Customer:
    """A customer whom only another team knows."""
    ticket = opening.open_ticket(inbox=billing, address="emil@other.example", subject="A bill", text="?", actor=None)
    return ticket.customer


def url_of(customer: Customer) -> str:
    return f"/api/v1/customers/{customer.pk}/"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["results"]]


# --- customers


def test_a_customer_is_added_read_and_changed(api: Api, ana: Agent) -> None:
    CustomField.objects.create(about="customer", key="tier", name="Tier", kind="choice", choices=["gold", "tin"])
    acme = organisations.create(name="Acme", actor=ana)
    client = api(ana)
    body = {"address": "Gina@Shop.example", "name": "Gina", "organisation": acme.pk, "fields": {"tier": "Gold"}}
    made = client.post("/api/v1/customers/", body, HTTP_IDEMPOTENCY_KEY="gina")
    assert made.status_code == 201 and made["Location"] == made.json()["url"], made.content
    assert client.post("/api/v1/customers/", body, HTTP_IDEMPOTENCY_KEY="gina").content == made.content
    gina = client.get(made.json()["url"]).json()
    assert gina == made.json() and gina["fields"] == {"tier": "gold"} and gina["organisation"]["name"] == "Acme"
    assert [one["address"] for one in gina["contact_points"]] == ["gina@shop.example"]
    changed = client.patch(gina["url"], {"organisation": None, "fields": {"tier": None}}).json()
    assert (changed["name"], changed["organisation"], changed["fields"]) == ("Gina", None, {})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"id": 7}, "#/id"), ({"is_blocked": True}, "#/is_blocked"), ({"merged_into": 1}, "#/merged_into"),
        ({"contact_points": []}, "#/contact_points"), ({"erased_at": None}, "#/erased_at"),
        ({"name": "x" * 201}, "#/name"), ({"name": "\x00"}, "#/name"), ({"language": "xx"}, "#/language"),
        ({"organisation": 10**9}, "#/organisation"), ({"organisation": {"name": "x"}}, "#/organisation"),
        ({"fields": []}, "#/fields"), ({"fields": {"nothing": 1}}, "#/fields/nothing"),
        ({"fields": {"tier": ["a"]}}, "#/fields/tier"), ({"fields": {"tier": "lead"}}, "#/fields/tier"),
        ({"fields": dict.fromkeys(map(str, range(101)), 1)}, "#/fields"),
    ],
)  # fmt: skip
def test_what_may_not_be_set_of_a_customer_is_refused(
    api: Api, ana: Agent, dora: Customer, body: Any, pointer: str
) -> None:
    CustomField.objects.create(about="customer", key="tier", name="Tier", kind="choice", choices=["gold", "tin"])
    before = Event.objects.count()
    refused = api(ana).patch(url_of(dora), body)
    assert refused.status_code == 400, refused.content
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert Event.objects.count() == before


def test_customers_are_found_by_words_address_and_organisation(
    api: Api, ana: Agent, ticket: Ticket, foreign: Customer
) -> None:
    acme = organisations.create(name="Acme", actor=ana)
    gina = customers.create(name="Gina Gray", address="gina@shop.example", organisation=acme, actor=ana)
    client, dora = api(ana), ticket.customer.name
    assert names(client.get("/api/v1/customers/")) == ["Gina Gray", dora]
    assert names(client.get("/api/v1/customers/?q=gina")) == ["Gina Gray"]
    assert names(client.get("/api/v1/customers/?address=Dora@customer.example")) == [dora]
    assert names(client.get("/api/v1/customers/?address=emil@other.example")) == []
    assert names(client.get(f"/api/v1/customers/?organisation={acme.pk}")) == ["Gina Gray"]
    client.post(f"{url_of(gina)}block/")
    assert names(client.get("/api/v1/customers/?blocked=true")) == ["Gina Gray"]
    assert names(client.get("/api/v1/customers/?blocked=false")) == [dora]


@pytest.mark.parametrize(
    "query", ["name=x", "blocked=1", "organisation=x", "organisation=-1", "limit=1000", "q=" + "x" * 101, "order=name"]
)
def test_what_the_address_may_not_ask_of_customers_is_refused(api: Api, ana: Agent, query: str) -> None:
    refused = api(ana).get(f"/api/v1/customers/?{query}")
    assert refused.status_code == 400 and refused.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_foreign_customer_is_as_good_as_none(
    api: Api, ana: Agent, ben: Agent, ticket: Ticket, foreign: Customer
) -> None:
    client, dora = api(ana), ticket.customer
    note = customer_notes.add(foreign, text="Pays late", actor=ben)
    for address in ("", "addresses/", "merges/", "notes/", "block/", "export/", "erasure/"):
        for method in ("get", "post", "patch", "delete"):
            theirs = getattr(client, method)(f"{url_of(foreign)}{address}")
            assert theirs.status_code in (404, 405), (method, address)
    for method in ("patch", "delete"):
        assert getattr(client, method)(f"/api/v1/notes/{note.pk}/").status_code == 404
    # nor is it merged in, and one's own customer's address is none of theirs
    theirs, absent = (client.post(f"{url_of(dora)}merges/", {"customer": pk}) for pk in (foreign.pk, 999_999_999))
    assert theirs.status_code == absent.status_code == 400 and theirs.content == absent.content
    point = ContactPoint.objects.get(address="emil@other.example").pk
    assert client.patch(f"{url_of(dora)}addresses/{point}/", {"is_verified": True}).status_code == 404


def test_an_address_belongs_to_one_customer(api: Api, ana: Agent, ticket: Ticket, foreign: Customer) -> None:
    client, url = api(ana), f"{url_of(ticket.customer)}addresses/"
    added = client.post(url, {"address": "dora@home.example"}).json()["contact_points"][-1]
    assert client.patch(f"{url}{added['id']}/", {"is_verified": True}).json()["contact_points"][-1]["is_verified"]
    assert len(client.delete(f"{url}{added['id']}/").json()["contact_points"]) == 1
    taken = client.post(url, {"address": "emil@other.example"})
    assert taken.status_code == 409 and taken.json()["type"] == "tag:helpdesk,2026:address-taken"
    # who it is, is not said
    assert str(foreign.pk) not in taken.json()["detail"] and "mil" not in taken.json()["detail"]


def test_customers_are_merged_and_taken_apart(api: Api, ana: Agent, ticket: Ticket) -> None:
    gina = customers.create(name="Gina", address="gina@shop.example", actor=ana)
    client, url = api(ana), f"{url_of(ticket.customer)}merges/"
    made = client.post(url, {"customer": gina.pk, "reason": "Married"})
    assert made.status_code == 201, made.content
    assert client.get(url_of(gina)).status_code == 404
    assert [one["customer"] for one in client.get(url).json()["results"]] == [gina.pk]
    assert client.delete(made.json()["url"]).json()["id"] == gina.pk
    assert client.get(url).json()["results"] == []


def test_taking_apart_shows_nobody_whom_only_others_know(
    api: Api, ana: Agent, admin: Agent, ticket: Ticket, foreign: Customer
) -> None:
    dora = ticket.customer
    made = api(admin).post(f"{url_of(dora)}merges/", {"customer": foreign.pk}).json()
    apart = api(ana).delete(made["url"])
    assert apart.status_code == 200 and apart.json()["id"] == dora.pk
    assert [one["address"] for one in apart.json()["contact_points"]] == ["dora@customer.example"]


def test_notes_are_written_pinned_changed_and_deleted(
    api: Api, ana: Agent, lou: Agent, chloe: Agent, ticket: Ticket
) -> None:
    client, url = api(lou), f"{url_of(ticket.customer)}notes/"
    made = client.post(url, {"text": "Likes tea"})
    assert made.status_code == 201, made.content
    note = made.json()["url"]
    assert api(ana).patch(note, {"text": "Likes coffee"}).status_code == 409
    assert api(ana).patch(note, {"is_pinned": True}).json()["is_pinned"]
    assert client.patch(note, {"text": "Likes green tea"}).json()["text"] == "Likes green tea"
    assert api(ana).patch(note, {"author": ana.pk}).status_code == 400
    assert api(chloe).delete(note).status_code == 204
    assert client.get(url).json()["results"] == [] and client.delete(note).status_code == 404
    assert CustomerNote.objects.count() == 1  # to be brought back for a day


def test_admins_export_and_erase_with_a_token_that_sees_all(
    api: Api, ana: Agent, admin: Agent, inbox: Inbox, ticket: Ticket
) -> None:
    url = url_of(ticket.customer)
    limited = APIClient()
    limited.default_format = "json"
    _token, secret = ApiToken.objects.issue(admin, "limited", inboxes=[inbox.pk])
    limited.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    for client in (api(ana), limited):
        assert client.get(f"{url}export/").status_code == 403
        assert client.post(f"{url}erasure/", {"confirm": ticket.customer_id}).status_code == 403
    client = api(admin)
    answer = client.get(f"{url}export/")
    assert answer["Content-Type"] == "application/zip" and answer["Cache-Control"] == "no-store"
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    assert b"dora@customer.example" in packed.read("data.json")
    assert Event.objects.filter(verb="customer.exported").count() == 1
    assert client.post(f"{url}erasure/", {"confirm": 0}).status_code == 400
    erased = client.post(f"{url}erasure/", {"confirm": ticket.customer_id}, HTTP_IDEMPOTENCY_KEY="forget")
    assert erased.status_code == 200 and erased.json()["contact_points"] == []
    assert client.get("/api/v1/customers/").json()["results"] == []


def test_what_programs_were_answered_about_an_erased_customer_is_forgotten(
    api: Api, ana: Agent, admin: Agent, order: dict[str, Any]
) -> None:
    client = api(ana)
    client.post("/api/v1/tickets/", order, HTTP_IDEMPOTENCY_KEY="ticket")
    gina = Customer.objects.get(contact_points__address="gina@shop.example")
    client.post(f"{url_of(gina)}notes/", {"text": "Gina likes tea"}, HTTP_IDEMPOTENCY_KEY="note")
    client.post("/api/v1/customers/", {"address": "hal@x.example", "name": "Hal"}, HTTP_IDEMPOTENCY_KEY="hal")
    assert IdempotencyKey.objects.count() == 3
    api(admin).post(f"{url_of(gina)}erasure/", {"confirm": gina.pk})
    assert [key.key for key in IdempotencyKey.objects.all()] == ["hal"]
    hal = Customer.objects.get(contact_points__address="hal@x.example")
    api(admin).post(f"{url_of(hal)}erasure/", {"confirm": hal.pk})
    assert not IdempotencyKey.objects.exists()


# --- organisations, fields


def test_an_organisation_is_added_changed_and_deleted(api: Api, ana: Agent) -> None:
    CustomField.objects.create(about="organisation", key="seats", name="Seats", kind="number")
    client = api(ana)
    made = client.post("/api/v1/organisations/", {"name": "Acme", "domain": "acme.example", "fields": {"seats": 5}})
    assert made.status_code == 201 and made.json()["fields"] == {"seats": 5}, made.content
    url = made.json()["url"]
    assert client.patch(url, {"name": "Acme Ltd"}).json()["domain"] == "acme.example"
    assert client.patch(url, {"created_at": "2020-01-01"}).status_code == 400
    assert client.post("/api/v1/organisations/", {"name": "Other", "domain": "acme.example"}).status_code == 409
    assert names(client.get("/api/v1/organisations/?q=acme")) == ["Acme Ltd"]
    assert client.post(f"{url}notes/", {"text": "Pay late"}).status_code == 201
    assert [one["text"] for one in client.get(f"{url}notes/").json()["results"]] == ["Pay late"]
    assert client.delete(url).status_code == 204 and not Organisation.objects.exists()


def test_an_organisation_of_others_is_not_there(api: Api, ana: Agent, ben: Agent, ticket: Ticket) -> None:
    acme = organisations.create(name="Acme", actor=ana)
    Customer.objects.filter(pk=ticket.customer_id).update(organisation=acme)
    told = customer_notes.add(acme, text="Pay late", actor=ana)
    fay = customers.create(name="Fay", address="fay@x.example", actor=ben)
    client = api(ben)
    assert names(client.get("/api/v1/organisations/")) == []
    for url in (f"/api/v1/organisations/{acme.pk}/", f"/api/v1/notes/{told.pk}/"):
        assert client.patch(url, {"name": "Mine"}).status_code == 404
    assert client.patch(url_of(fay), {"organisation": acme.pk}).status_code == 400


def test_fields_of_inboxes_one_does_not_see_are_not_told(api: Api, ana: Agent, inbox: Inbox, billing: Inbox) -> None:
    for key, inboxes in {"everywhere": [], "here": [inbox, billing], "there": [billing]}.items():
        CustomField.objects.create(key=key, name=key).inboxes.set(inboxes)
    CustomField.objects.create(key="gone", name="gone", is_active=False)
    CustomField.objects.create(about="customer", key="tier", name="tier")
    client = api(ana)
    assert names(client.get("/api/v1/fields/?about=ticket")) == ["everywhere", "here"]
    assert names(client.get("/api/v1/fields/")) == ["everywhere", "here", "tier"]
    assert client.get("/api/v1/fields/?about=agents").status_code == 400


# --- notifications


def test_notifications_are_listed_and_read(
    api: Api, ana: Agent, ben: Agent, chloe: Agent, ticket: Ticket, settle: Callable[[], None]
) -> None:
    settle()
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    client = api(ana)
    [told] = client.get("/api/v1/notifications/?read=false").json()["results"]
    assert told["ticket"] == ticket.pk and told["kind"] == "assigned" and "Chloe" in told["sentence"]
    assert client.post(told["url"]).json()["is_read"] is True
    assert client.get("/api/v1/notifications/?read=false").json()["results"] == []
    assert client.delete(told["url"]).json()["is_read"] is False
    assert api(ben).post(told["url"]).status_code == 404
    assert client.post("/api/v1/notifications/read/").json() == {"unread": 0}
    assert Notification.objects.filter(read_at=None).count() == 0


def test_pages_of_people_ask_as_often_for_many_rows_as_for_few(api: Api, ana: Agent) -> None:
    client, asked = api(ana), []
    client.get("/api/v1/agents/")  # the token's use is noted once a minute
    for number in range(7):
        acme = organisations.create(name=f"Acme {number}", actor=ana)
        customers.create(name=f"C {number}", address=f"c{number}@x.example", organisation=acme, actor=ana)
        CustomField.objects.create(key=f"k{number}", name="K")
        if number in (1, 6):
            with CaptureQueriesContext(connection) as found:
                for what in ("customers", "organisations", "fields"):
                    assert len(client.get(f"/api/v1/{what}/").json()["results"]) == number + 1
            asked.append(len(found))
    assert asked[0] == asked[1]
