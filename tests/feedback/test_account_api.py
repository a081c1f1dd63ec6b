"""Account events by programs."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from feedback.models import AccountEvent
from helpdesk import clock
from helpdesk.models import ApiToken
from tests.conftest import mail
from tickets.models import Customer, Organisation

URL = "/api/v1/account-events/"
AT = "2026-03-01T09:00:00Z"


@pytest.fixture
def api() -> Callable[..., APIClient]:
    def client(agent):
        made = APIClient()
        made.default_format = "json"
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.objects.issue(agent, 'test')[1]}")
        return made

    return client


def body(**more):
    return {"kind": "joined", "at": AT, "external_id": "1", **more}


def test_one_is_told_once_listed_and_voided(api, ana, admin, ticket):
    client = api(ana)
    one = body(address="Dora@customer.example", source="shop", value="12.50", currency="EUR")
    made, again = client.post(URL, one, format="json"), client.post(URL, one, format="json")
    assert (made.status_code, again.status_code) == (201, 200), made.content
    assert made.json() == again.json() and made["Location"] == made.json()["url"]
    assert (made.json()["customer"], made.json()["value"]) == (ticket.customer_id, "12.50")
    listed = client.get(URL, {"customer": ticket.customer_id, "kind": "joined", "since": AT}).json()["results"]
    assert listed == [made.json()]
    assert client.delete(made.json()["url"]).status_code == 403, "as on the pages, admins do that"
    assert not AccountEvent.objects.get().voided_at
    assert api(admin).delete(made.json()["url"]).status_code == 204
    assert client.get(made.json()["url"]).json()["voided_at"]
    assert client.get(URL, {"before": AT}).json()["results"] == []


def test_of_many_each_is_answered_by_its_place(api, admin, ticket):
    acme = Organisation.objects.create(name="Acme")
    rows = [
        body(customer=ticket.customer_id), body(customer=ticket.customer_id),
        body(organisation=acme.pk, external_id="2"), body(customer=10**9), body(),
        body(organisation=acme.pk, kind="No!"), body(organisation=acme.pk, currency="EUR"),
    ]  # fmt: skip
    found = api(admin).post(URL, {"events": rows}, format="json").json()["results"]
    assert [one["outcome"] for one in found] == ["told", "known", "told", *["refused"] * 4]
    assert found[0]["event"] == found[1]["event"]
    assert [list(one["errors"]) for one in found[3:]] == [
        ["customer"], ["non_field_errors"], ["kind"], ["non_field_errors"],
    ]  # fmt: skip
    assert AccountEvent.objects.count() == 2


def test_what_is_no_list_or_too_long_is_refused_whole(api, ana):
    for wrong in ({"events": []}, {"events": [1]}, {"events": [{}] * 501}, {"event": 1}, [1]):
        assert api(ana).post(URL, wrong, format="json").status_code == 400


def test_a_foreign_customer_is_as_good_as_none(api, ben, ticket, dora):
    kept = dora.account_events.create(kind="joined", at=ticket.created_at)
    client = api(ben)
    assert client.get(URL).json()["results"] == []
    assert client.get(f"{URL}{kept.pk}/").status_code == 404
    refused = client.post(URL, body(customer=dora.pk), format="json")
    assert refused.status_code == 400 and AccountEvent.objects.count() == 1


def test_a_number_of_somebody_they_do_not_see_tells_nothing_of_them(api, ana, ben, ticket, billing, send_mail_in):
    assert api(ana).post(URL, body(customer=ticket.customer_id, value="99.00"), format="json").status_code == 201
    other = send_mail_in(
        mail("Eve <eve@customer.example>", to=billing.address, Message_ID="<e@x.example>"), billing
    ).said.ticket
    client, row = api(ben), body(customer=other.customer_id)
    refused = client.post(URL, row, format="json")
    assert refused.status_code == 400 and "99.00" not in refused.content.decode()
    [many] = client.post(URL, {"events": [row]}, format="json").json()["results"]
    assert (many["outcome"], many["event"], list(many["errors"])) == ("refused", None, ["external_id"])


def test_what_was_told_of_an_organisation_is_read_by_who_sees_it(api, ana, ben, lou, ticket):
    acme = Organisation.objects.create(name="Acme")
    Customer.objects.filter(pk=ticket.customer_id).update(organisation=acme)
    told = AccountEvent.objects.create(organisation=acme, kind="joined", at=clock.now())
    assert [one["id"] for one in api(ana).get(URL).json()["results"]] == [told.pk]
    for other in (ben, lou):
        assert api(other).get(URL).json()["results"] == []
        assert api(other).get(f"{URL}{told.pk}/").status_code == 404


def test_of_an_organisation_admins_tell(api, ana, admin, ticket):
    acme = Organisation.objects.create(name="Acme")
    row = body(organisation=acme.pk)
    assert api(ana).post(URL, row, format="json").status_code == 400 and not AccountEvent.objects.exists()
    assert api(admin).post(URL, row, format="json").status_code == 201
