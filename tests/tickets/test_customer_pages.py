"""Customers' and organisations' pages: what they show, to whom, and at what cost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk import clock
from helpdesk.models import Agent
from tests.conftest import mail
from tickets import conditions, customer_book
from tickets.models import (
    ContactPoint,
    Customer,
    CustomerNote,
    CustomField,
    Inbox,
    Message,
    Organisation,
    RawMessage,
    Ticket,
)
from tickets.operations import (
    customer_notes,
    customers,
    merging_customers,
    opening,
    organisations,
    removing,
    replying,
)

Browser = Callable[[Agent], Client]


def body(answer: Any) -> str:
    assert answer.status_code in (200, 422), answer
    return answer.content.decode()


def test_the_list_shows_whom_an_agent_may_see(ticket: Ticket, ana: Agent, ben: Agent, as_agent: Browser) -> None:
    assert "Dora Diaz" in body(as_agent(ana).get("/customers/"))
    assert "Dora Diaz" not in body(as_agent(ben).get("/customers/"))


def test_the_list_is_narrowed_and_paged(ticket: Ticket, ana: Agent, as_agent: Browser) -> None:
    browser, acme = as_agent(ana), Organisation.objects.create(name="Acme")
    for n in range(60):
        one = Customer.objects.create(name=f"Fay {n:02}", organisation=acme if n == 7 else None, is_blocked=n == 8)
        ContactPoint.objects.create(customer=one, address=f"fay{n}@many.example")
    first = body(browser.get("/customers/"))
    assert "Fay 59" in first and "Fay 09" not in first
    before = first.split("?before=")[1].split('"')[0]
    assert "Fay 09" in body(browser.get(f"/customers/?before={before}"))
    assert body(browser.get("/customers/?q=fay33@")).count("Fay ") == 1
    assert body(browser.get(f"/customers/?organisation={acme.pk}")).count(">Fay") == 1
    assert "Fay 08" in body(browser.get("/customers/?blocked=1"))
    part = body(browser.get("/customers/?q=Fay+33", headers={"HX-Request": "true"}))
    assert part.lstrip().startswith("<div") and "Fay 33" in part
    for nonsense in ("?before=x", "?organisation=y", "?q=%00%25", "?before=99999999999999999999"):
        assert browser.get(f"/customers/{nonsense}").status_code == 200


def test_pages_ask_no_more_when_there_is_more(
    ticket: Ticket, ana: Agent, as_agent: Browser, send_mail_in: Callable[..., RawMessage]
) -> None:
    browser = as_agent(ana)

    def cost(url: str) -> int:
        counted = []
        for _time in range(3):  # what is remembered for some seconds is remembered anew in one of them
            with CaptureQueriesContext(connection) as asked:
                assert browser.get(url).status_code == 200
            counted.append(len(asked))
        return min(counted)

    acme = Organisation.objects.create(name="Acme")
    Customer.objects.update(organisation=acme)
    pages = ("/customers/", f"/customers/{ticket.customer_id}/", "/organisations/", f"/organisations/{acme.pk}/")
    before = [cost(url) for url in pages]
    for n in range(12):
        send_mail_in(mail(subject=f"More {n}"))
        one = customers.create(name=f"Fay {n}", address=f"fay{n}@many.example", actor=ana, organisation=acme)
        Organisation.objects.create(name=f"Other {n}")
        customer_notes.add(ticket.customer, text="Likes tea", actor=ana)
        Ticket.objects.create(inbox=ticket.inbox, customer=one)
    after = [cost(url) for url in pages]
    assert all(now <= least for now, least in zip(after, before, strict=True)), (before, after)
    assert max(before) <= 24, before


def test_the_lines_beside_a_ticket_are_those_of_the_customers_other_tickets(
    ticket: Ticket, ana: Agent, ben: Agent, admin: Agent, billing: Inbox, send_mail_in: Callable[..., RawMessage]
) -> None:
    dora = ticket.customer
    others = [send_mail_in(mail(subject=f"Matter {n}", Message_ID=f"<m{n}@x.example>")).said.ticket for n in range(3)]
    hers = opening.open_ticket(
        inbox=billing, address="dora@customer.example", subject="The invoice", text="Too much", actor=ben, once="1"
    )
    replying.reply(others[0], text="It ships today.", actor=ana)
    said = replying.add_note(others[1], text="She was angry", actor=ana)
    Message.objects.filter(pk=said.pk).update(withdrawn_at=clock.now())
    removing.trash(others[2], actor=ana)
    left, bound = Agent.objects.get(pk=ben.pk), Agent.objects.get(pk=admin.pk)
    left.is_active, bound.limited_to = False, frozenset([billing.pk])
    seen = {}
    for name, agent in {"ana": ana, "ben": ben, "admin": admin, "left": left, "bound": bound}.items():
        for one in (ticket, others[0], hers):
            whole = customer_book.timeline(dora, agent).moments
            beside = customer_book.timeline(dora, agent, limit=3, besides=one)
            rest = [moment for moment in whole if moment.ticket != one.pk]
            assert list(beside.moments) == rest[:3] and bool(beside.before) == (len(rest) > 3)
        seen[name] = {moment.ticket for moment in customer_book.timeline(dora, agent, besides=ticket).moments}
    ours = {one.pk for one in others[:2]}
    assert seen == {"ana": ours, "ben": {hers.pk}, "admin": ours | {hers.pk}, "left": set(), "bound": {hers.pk}}


def test_a_profile_shows_one_line_of_time_of_what_the_agent_may_see(
    ticket: Ticket, ana: Agent, ben: Agent, admin: Agent, billing: Inbox, as_agent: Browser
) -> None:
    dora = ticket.customer
    replying.reply(ticket, text="It ships today.", actor=ana)
    replying.add_note(ticket, text="She was angry", actor=ana)
    opening.open_ticket(
        inbox=billing, address="dora@customer.example", subject="Canary invoice", text="Canary words", actor=ben,
        once="1",
    )  # fmt: skip
    said = body(as_agent(ana).get(f"/customers/{dora.pk}/"))
    assert "Where is my order?" in said and "It ships today." in said and "She was angry" in said
    assert "Canary" not in said
    assert "Canary words" in body(as_agent(admin).get(f"/customers/{dora.pk}/"))
    bens = body(as_agent(ben).get(f"/customers/{dora.pk}/"))
    assert "Canary words" in bens and "Where is my order?" not in bens


def test_the_line_of_time_goes_on(
    ticket: Ticket, ana: Agent, as_agent: Browser, send_mail_in: Callable[..., RawMessage]
) -> None:
    for n in range(35):
        replying.add_note(ticket, text=f"note number {n:02}.", actor=ana)
    browser, url = as_agent(ana), f"/customers/{ticket.customer_id}/"
    first = body(browser.get(url))
    assert "number 34." in first and "number 01." not in first
    before = first.split('href="?before=')[1].split('"')[0]
    assert "number 01." in body(browser.get(f"{url}?before={before}"))
    part = body(browser.get(f"{url}?before={before}&part=timeline", headers={"HX-Request": "true"}))
    assert part.strip().startswith("<li") and "number 01." in part and "<main" not in part


def test_editing_changes_name_organisation_and_fields(dora: Customer, ana: Agent, as_agent: Browser) -> None:
    CustomField.objects.create(about="customer", key="plan", name="Plan", kind="choice", choices=["Gold"])
    browser, url = as_agent(ana), f"/customers/{dora.pk}/edit/"
    assert "Plan" in body(browser.get(url))
    said = {"name": "Dora D.", "language": "de", "organisation": "Acme", "field_plan": "Gold"}
    assert browser.post(url, said).status_code == 302
    dora.refresh_from_db()
    assert (dora.name, dora.language, str(dora.organisation), dora.fields) == (
        "Dora D.",
        "de",
        "Acme",
        {"plan": "Gold"},
    )
    assert browser.post(url, {**said, "organisation": "ACME"}).status_code == 302
    assert Organisation.objects.count() == 1
    assert "Choose one of" in body(browser.post(url, {**said, "field_plan": "Tin"}))


def test_one_field_is_answered_where_it_stands(dora: Customer, ana: Agent, as_agent: Browser) -> None:
    CustomField.objects.create(about="customer", key="shop", name="Shop", kind="url")
    browser, url, htmx = as_agent(ana), f"/customers/{dora.pk}/answer", {"HX-Request": "true"}
    good = browser.post(url, {"key": "shop", "field_shop": "shop.example", "uid": "card"}, headers=htmx)
    assert 'id="card-shop"' in body(good) and 'href="https://shop.example"' in body(good)
    bad = browser.post(url, {"key": "shop", "field_shop": "javascript:alert(1)"}, headers=htmx)
    assert bad.status_code == 422 and "http://" in body(bad) and 'href="javascript' not in body(bad)
    dora.refresh_from_db()
    assert dora.fields == {"shop": "https://shop.example"}
    assert browser.post(url, {"key": "other"}).status_code == 404
    assert browser.post(url, {"key": "shop", "field_shop": ""}).status_code == 302


def test_an_address_of_another_customer_leads_to_the_merge(
    ticket: Ticket, ana: Agent, ben: Agent, billing: Inbox, as_agent: Browser
) -> None:
    other = customers.create(name="Dee", address="dee@home.example", actor=ana)
    url = f"/customers/{ticket.customer_id}/addresses"
    went = as_agent(ana).post(url, {"address": "Dee@home.example"})
    assert went["Location"] == f"/customers/{ticket.customer_id}/merge/?with={other.pk}"
    # who is foreign is neither named nor offered
    Ticket.objects.create(inbox=billing, customer=other)
    went = as_agent(ana).post(url, {"address": "dee@home.example"}, follow=True)
    assert "Another customer writes from this address." in body(went) and "Dee" not in body(went)


def test_merging_and_taking_apart_from_the_pages(ticket: Ticket, ana: Agent, as_agent: Browser) -> None:
    dora, browser = ticket.customer, as_agent(ana)
    dee = customers.create(name="Dora Diaz", address="dee@home.example", actor=ana)
    assert "the same name" in body(browser.get(f"/customers/{dora.pk}/"))
    assert "the same name" in body(browser.get(f"/customers/{dora.pk}/merge/"))
    assert "dee@home.example" in body(browser.get(f"/customers/{dora.pk}/merge/?q=dee"))
    assert "dee@home.example" in body(browser.get(f"/customers/{dora.pk}/merge/?with={dee.pk}"))
    said = {"with": dee.pk, "reason": "Said so"}
    done = body(browser.post(f"/customers/{dora.pk}/merge/", said, follow=True))
    assert "Said so" in done and "Undo" in done
    assert browser.get(f"/customers/{dee.pk}/")["Location"] == f"/customers/{dora.pk}/"
    made = dee.merges.get()
    browser.post(f"/customers/merges/{made.pk}/undo")
    assert "dee@home.example" in body(browser.get(f"/customers/{dee.pk}/"))


def test_either_of_two_may_stay(ticket: Ticket, ana: Agent, as_agent: Browser) -> None:
    dee = customers.create(name="Dee", address="dee@home.example", actor=ana)
    as_agent(ana).post(f"/customers/{ticket.customer_id}/merge/", {"with": dee.pk, "keep": "other"})
    ticket.refresh_from_db()
    assert ticket.customer == dee


def test_who_was_merged_into_somebody_foreign_is_not_shown(
    dora: Customer, ana: Agent, ben: Agent, billing: Inbox, as_agent: Browser
) -> None:
    dee = customers.create(name="Dee", address="dee@home.example", actor=ana)
    merging_customers.merge(dee, dora, actor=ana)
    Ticket.objects.create(inbox=billing, customer=dora)
    assert as_agent(ana).get(f"/customers/{dee.pk}/").status_code == 404


def test_a_deleted_note_is_brought_back(dora: Customer, ana: Agent, as_agent: Browser) -> None:
    browser = as_agent(ana)
    browser.post(f"/customers/{dora.pk}/notes", {"text": "Likes <tea>"})
    note = CustomerNote.objects.get()
    page = body(browser.get(f"/customers/{dora.pk}/"))
    assert "Likes &lt;tea&gt;" in page
    gone = body(browser.post(f"/customers/notes/{note.pk}", {"act": "delete"}, follow=True))
    assert "Likes" not in gone and f"/customers/notes/{note.pk}?act=restore" in gone
    assert "Likes" in body(browser.post(f"/customers/notes/{note.pk}?act=restore", follow=True))


def test_a_light_collaborator_reads_and_notes(ticket: Ticket, lou: Agent, as_agent: Browser) -> None:
    browser, url = as_agent(lou), f"/customers/{ticket.customer_id}/"
    page = body(browser.get(url))
    assert f"{url}block" not in page and f"{url}edit/" not in page and f"{url}notes" in page
    browser.post(f"{url}block")
    assert not Customer.objects.get(pk=ticket.customer_id).is_blocked


def test_an_organisation_shows_its_people_and_tickets(
    ticket: Ticket, ana: Agent, ben: Agent, as_agent: Browser
) -> None:
    browser = as_agent(ana)
    made = browser.post("/organisations/new/", {"name": "Acme", "domain": "customer.example"})
    acme = Organisation.objects.get()
    assert made["Location"] == f"/organisations/{acme.pk}/"
    assert "1 customer writes from customer.example" in body(browser.get(f"/organisations/{acme.pk}/"))
    assert "1 customer joined" in body(browser.post(f"/organisations/{acme.pk}/join", follow=True))
    page = body(browser.get(f"/organisations/{acme.pk}/"))
    assert "Dora Diaz" in page and "My order" in page
    assert as_agent(ben).get(f"/organisations/{acme.pk}/").status_code == 404
    assert "Acme" in body(browser.get("/organisations/?q=acm"))
    assert "Anybody can have" in body(
        browser.post(f"/organisations/{acme.pk}/edit/", {"name": "A", "domain": "gmail.com"})
    )
    browser.post(f"/organisations/{acme.pk}/removal")
    assert not Organisation.objects.exists()


def test_an_organisation_of_others_is_nowhere(ticket: Ticket, ana: Agent, ben: Agent, as_agent: Browser) -> None:
    secret = Organisation.objects.create(name="Secret Ltd", domain="secret.example")
    Organisation.objects.create(name="Nobody's Ltd")
    Customer.objects.filter(pk=ticket.customer_id).update(organisation=secret)
    told = customer_notes.add(secret, text="They pay late", actor=ana)
    fay = customers.create(name="Fay", address="fay@else.example", actor=ben)
    browser = as_agent(ben)
    page = body(browser.get("/organisations/"))
    assert "Secret" not in page and "Nobody" in page
    assert "Secret" in body(as_agent(ana).get("/organisations/"))
    for url in (f"/organisations/{secret.pk}/", f"/organisations/{secret.pk}/edit/"):
        assert browser.get(url).status_code == 404
    for url, said in [
        (f"/organisations/{secret.pk}/notes", {"text": "x"}), (f"/organisations/{secret.pk}/join", {}),
        (f"/organisations/{secret.pk}/removal", {}), (f"/customers/notes/{told.pk}", {"text": "x"}),
    ]:  # fmt: skip
        assert browser.post(url, said).status_code == 404
    for url in (f"/customers/?organisation={secret.pk}", f"/customers/{fay.pk}/edit/", "/palette/?q=secret"):
        assert "Secret" not in body(browser.get(url))
    again = body(browser.post("/organisations/new/", {"name": "Mine", "domain": "secret.example"}))
    assert "Another organisation already has this domain." in again and "Secret" not in again
    browser.post(f"/customers/{fay.pk}/edit/", {"name": "Fay", "language": "", "organisation": "secret ltd"})
    fay.refresh_from_db()
    assert fay.organisation and fay.organisation != secret
    assert list(secret.notes.values_list("text", flat=True)) == ["They pay late"]
    about = {"field": "organisation", "is": "is", "value": secret.pk}
    assert "Secret" in conditions.describe(about, ana) and "Secret" not in conditions.describe(about, ben)


def test_who_joins_an_organisation_is_who_the_agent_sees(
    dora: Customer, ticket: Ticket, ana: Agent, ben: Agent
) -> None:
    fay = customers.create(name="Fay", address="fay@customer.example", actor=ben)
    company = organisations.create(name="Acme", domain="customer.example", actor=ben)
    assert list(organisations.could_join(company, ben)) == [fay.pk]
    assert organisations.let_join(company, actor=ben) == 1
    assert list(organisations.could_join(company, ana)) == [dora.pk]


@pytest.mark.parametrize("address", ["dora@customer.example", "no address"])
def test_a_new_customer_needs_an_address_of_their_own(
    address: str, dora: Customer, ana: Agent, as_agent: Browser
) -> None:
    answer = as_agent(ana).post("/customers/new/", {"name": "X", "address": address})
    assert Customer.objects.count() == 1
    assert answer.status_code == (302 if "@" in address else 422)
