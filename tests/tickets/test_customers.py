"""Customers: who sees whom, what may be changed of them, and that each change is a fact without their data."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.models import Agent, Event
from tickets.models import ContactPoint, Customer, CustomerNote, CustomField, Inbox, Organisation, RawMessage, Ticket
from tickets.operations import blocking, customer_notes, customers, organisations
from tickets.operations.customers import AddressTaken
from tickets.operations.status import NotPossible


def happened() -> list[str]:
    return list(
        Event.objects.filter(subject_type__in=["customer", "organisation"])
        .order_by("id")
        .values_list("verb", flat=True)
    )


def test_an_agent_sees_customers_of_their_inboxes_and_those_without_a_ticket(
    ticket: Ticket, ana: Agent, ben: Agent, admin: Agent, billing: Inbox
) -> None:
    dora = ticket.customer
    fresh = Customer.objects.create(name="Fay Fresh")
    both = Customer.objects.create(name="Bo Both")
    Ticket.objects.create(inbox=billing, customer=both)
    assert set(Customer.objects.visible_to(ana)) == {dora, fresh}
    assert set(Customer.objects.visible_to(ben)) == {both, fresh}
    assert set(Customer.objects.visible_to(admin)) == {dora, fresh, both}
    Ticket.objects.create(inbox=ticket.inbox, customer=both)
    assert both in Customer.objects.visible_to(ana)
    ana.is_active = False
    assert not Customer.objects.visible_to(ana)


def test_who_is_another_by_now_is_seen_as_that_other_only(dora: Customer, ana: Agent, admin: Agent) -> None:
    old = Customer.objects.create(name="Dora D.", merged_into=dora)
    assert old not in Customer.objects.visible_to(ana)
    assert old not in Customer.objects.visible_to(admin)


@pytest.mark.parametrize("words", ["dora", "DIAZ", "ra di", "customer.example", "dora@"])
def test_customers_are_found_by_a_piece_of_name_or_address(words: str, dora: Customer) -> None:
    Customer.objects.create(name="Emil 100%")
    assert list(Customer.objects.all().like(words)) == [dora]


@pytest.mark.parametrize("words", ["%", "_", "\\", "\x00zzz"])
def test_what_means_something_to_like_means_itself(words: str, dora: Customer) -> None:
    assert [one.name for one in Customer.objects.all().like(words)] == []


def test_looking_for_customers_uses_the_trigrams(dora: Customer) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        list(Customer.objects.all().like("dora"))
    assert "ILIKE" in asked[0]["sql"] and "UPPER" not in asked[0]["sql"]


def test_a_change_names_the_fields_and_never_what_stood_in_them(dora: Customer, ana: Agent) -> None:
    CustomField.objects.create(about="customer", key="plan", name="Plan")
    acme = Organisation.objects.create(name="Acme")
    customers.change(dora, actor=ana, name="Dora Secret", language="de", organisation=acme, answers={"plan": "Canary"})
    customers.change(dora, actor=ana, name="Dora Secret", answers={"plan": "Canary"})
    dora.refresh_from_db()
    assert (dora.name, dora.language, dora.organisation, dora.fields) == ("Dora Secret", "de", acme, {"plan": "Canary"})
    [event] = Event.objects.filter(verb="customer.changed")
    assert event.facts == {"fields": ["name", "language", "organisation", "fields.plan"]}
    customers.change(dora, actor=ana, answers={"plan": None}, organisation=None)
    dora.refresh_from_db()
    assert (dora.fields, dora.organisation) == ({}, None)


def test_addresses_are_added_doubted_verified_and_taken_away(dora: Customer, ana: Agent) -> None:
    point = customers.add_address(dora, address="  Dora@Home.Example ", actor=ana)
    assert point.address == "dora@home.example"
    assert customers.add_address(dora, address="dora@home.example", actor=ana) == point
    customers.verify_address(point, actor=ana)
    customers.verify_address(point, actor=ana, is_verified=True)
    customers.verify_address(point, actor=ana, is_verified=False)
    customers.remove_address(point, actor=ana)
    customers.remove_address(point, actor=ana)
    assert happened() == [
        "customer.address_added", "customer.address_verified", "customer.address_doubted", "customer.address_removed"
    ]  # fmt: skip
    assert "home.example" not in json.dumps(list(Event.objects.values_list("facts", flat=True)))


def test_an_address_belongs_to_one_customer(dora: Customer, ana: Agent) -> None:
    emil = customers.create(name="Emil", address="emil@other.example", actor=ana)
    with pytest.raises(AddressTaken) as taken:
        customers.add_address(dora, address="EMIL@other.example", actor=ana)
    assert taken.value.other == emil
    with pytest.raises(AddressTaken):
        customers.create(name="Dora", address="dora@customer.example", actor=ana)


@pytest.mark.parametrize("address", ["no address", "a@b@c", "", "support@demo.localhost"])
def test_what_is_no_address_of_theirs_is_refused(address: str, dora: Customer, inbox: Inbox, ana: Agent) -> None:
    with pytest.raises(NotPossible):
        customers.add_address(dora, address=address, actor=ana)


def test_the_last_address_and_one_they_wrote_from_stay(ticket: Ticket, ana: Agent) -> None:
    point = ticket.customer.contact_points.get()
    with pytest.raises(NotPossible, match="only address"):
        customers.remove_address(point, actor=ana)
    customers.add_address(ticket.customer, address="dora@home.example", actor=ana)
    with pytest.raises(NotPossible, match="wrote"):
        customers.remove_address(point, actor=ana)


def test_a_light_collaborator_changes_nothing_but_may_note(dora: Customer, lou: Agent) -> None:
    for change in (
        lambda: customers.change(dora, actor=lou, name="X"),
        lambda: customers.add_address(dora, address="x@y.example", actor=lou),
        lambda: customers.remove_address(dora.contact_points.get(), actor=lou),
        lambda: customers.verify_address(dora.contact_points.get(), actor=lou),
        lambda: customers.create(name="X", address="x@y.example", actor=lou),
        lambda: blocking.block(dora, actor=lou),
        lambda: organisations.create(name="X", actor=lou),
    ):
        with pytest.raises(NotPossible):
            change()
    assert customer_notes.add(dora, text="Likes tea", actor=lou).author == lou


def test_blocking_twice_is_blocking_once(dora: Customer, ana: Agent) -> None:
    blocking.block(dora, actor=ana)
    blocking.block(dora, actor=ana)
    dora.refresh_from_db()
    assert dora.is_blocked
    blocking.unblock(dora, actor=ana)
    assert happened() == ["customer.blocked", "customer.unblocked"]


def test_notes_are_written_changed_pinned_deleted_and_brought_back(dora: Customer, ana: Agent, chloe: Agent) -> None:
    note = customer_notes.add(dora, text=" Likes tea\x07 ", actor=ana)
    assert note.text == "Likes tea"
    with pytest.raises(NotPossible):
        customer_notes.edit(note, text="Likes coffee", actor=chloe)
    customer_notes.edit(note, text="Likes coffee", actor=ana)
    customer_notes.edit(note, text="Likes coffee", actor=ana)
    customer_notes.pin(note, actor=chloe)
    customer_notes.pin(note, actor=chloe)
    customer_notes.delete(note, actor=chloe)
    customer_notes.delete(note, actor=chloe)
    assert not dora.notes.standing()
    with pytest.raises(NotPossible):
        customer_notes.pin(note, actor=ana, is_pinned=False)
    customer_notes.restore(note, actor=ana)
    assert dora.notes.standing().get().text == "Likes coffee"
    assert happened() == [
        "customer.note_added", "customer.note_changed", "customer.note_pinned", "customer.note_deleted",
        "customer.note_restored",
    ]  # fmt: skip


def test_somebody_elses_note_is_not_deleted_by_an_agent(dora: Customer, ana: Agent, lou: Agent) -> None:
    note = customer_notes.add(dora, text="Likes tea", actor=ana)
    with pytest.raises(NotPossible):
        customer_notes.delete(note, actor=lou)


def test_a_deleted_note_is_gone_after_a_day(dora: Customer, ana: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    note = customer_notes.add(dora, text="Likes tea", actor=ana)
    customer_notes.delete(note, actor=ana)
    assert customer_notes.forget_deleted() == 0
    CustomerNote.objects.update(deleted_at=note.created_at - customer_notes.KEPT)
    assert customer_notes.forget_deleted() == 1


def test_an_organisations_domain_brings_its_people(dora: Customer, ana: Agent) -> None:
    other = customers.create(name="Nora", address="nora@sub.customer.example", actor=ana)
    acme = organisations.create(name="Acme", domain="https://www.Customer.example/about", actor=ana)
    assert acme.domain == "customer.example"
    assert list(organisations.could_join(acme)) == [dora.pk]
    assert organisations.let_join(acme, actor=ana) == 1
    assert organisations.let_join(acme, actor=ana) == 0
    dora.refresh_from_db(), other.refresh_from_db()
    assert (dora.organisation, other.organisation) == (acme, None)


@pytest.mark.parametrize("domain", ["gmail.com", "@GMX.de", "nodot", "a b.example", "taken.example"])
def test_a_domain_that_says_nothing_is_refused(domain: str, ana: Agent) -> None:
    organisations.create(name="Taken", domain="taken.example", actor=ana)
    with pytest.raises(NotPossible):
        organisations.create(name="Acme", domain=domain, actor=ana)


def test_a_new_customer_joins_by_their_domain(
    send_mail_in: Callable[..., RawMessage], settle: Callable[[], None], ana: Agent, inbox: Inbox
) -> None:
    from tests.conftest import mail

    acme = organisations.create(name="Acme", domain="acme.example", actor=ana)
    send_mail_in(mail(sender="Nora <nora@acme.example>"))
    send_mail_in(mail(sender="Otto <otto@gmail.com>"))
    settle()
    assert ContactPoint.objects.get(address="nora@acme.example").customer.organisation == acme
    assert ContactPoint.objects.get(address="otto@gmail.com").customer.organisation is None
    event = Event.objects.get(verb="customer.changed")
    assert (event.actor_id, event.facts) == (None, {"fields": ["organisation"], "why": "domain"})


def test_an_organisation_is_changed_and_deleted_and_its_people_stay(dora: Customer, ana: Agent) -> None:
    acme = organisations.create(name="Acme", domain="customer.example", actor=ana)
    organisations.let_join(acme, actor=ana)
    organisations.change(acme, name="Acme Ltd", domain="customer.example", answers={"size": 3}, actor=ana)
    organisations.change(acme, name="Acme Ltd", actor=ana)
    changed: Any = Event.objects.filter(verb="organisation.changed").get()
    assert changed.facts == {"fields": ["name", "fields.size"]}
    organisations.delete(acme, actor=ana)
    organisations.delete(acme, actor=ana)
    dora.refresh_from_db()
    assert dora.organisation is None
    assert happened().count("organisation.deleted") == 1
