"""Two customers made one, and two again: what moves, what comes back, and what happens when two do it at once."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from helpdesk.models import Agent, Event
from tests.conftest import mail
from tickets import twins
from tickets.channels.protocol import Person, Said
from tickets.conditions.meaning import people_of
from tickets.models import Customer, CustomerMerge, Inbox, Organisation, RawMessage, Ticket
from tickets.operations import customer_notes, customers, merging_customers, opening, talking
from tickets.operations.merging_customers import merge, preview, unmerge
from tickets.operations.status import NotPossible


@pytest.fixture
def dee(inbox: Inbox, ana: Agent) -> Customer:
    """Dora under another address, with a ticket and a note of her own."""
    opened = opening.open_ticket(
        inbox=inbox, address="dee@home.example", name="Dee", subject="Also me", text="Hello", actor=ana, once="dee"
    )
    dee = opened.customer
    Customer.objects.filter(pk=dee.pk).update(fields={"plan": "gold", "size": 3}, language="de")
    customer_notes.add(dee, text="Likes tea", actor=ana)
    dee.refresh_from_db()
    return dee


def test_what_was_one_customers_is_the_others(ticket: Ticket, dee: Customer, ana: Agent) -> None:
    dora = ticket.customer
    Customer.objects.filter(pk=dora.pk).update(fields={"size": 1})
    made = merge(dee, dora, actor=ana, reason="She said so")
    dora.refresh_from_db(), dee.refresh_from_db()
    assert {point.address for point in dora.contact_points.all()} == {"dora@customer.example", "dee@home.example"}
    assert dora.tickets.count() == 2 and dora.notes.count() == 1
    assert (dora.name, dora.language, dora.fields) == ("Dora Diaz", "de", {"plan": "gold", "size": 1})
    assert (dee.merged_into, dee.name) == (dora, "Dee")
    assert made.reason == "She said so"
    [event] = Event.objects.filter(verb="customer.merged")
    assert event.facts == {"merge": made.pk, "source": dee.pk, "tickets": 1}
    [moved] = Event.objects.filter(verb="ticket.customer_changed")
    assert (moved.stream_id, moved.facts) == (dora.tickets.first().pk, {"was": dee.pk, "to": dora.pk})  # type: ignore[union-attr]
    assert merge(dee, dora, actor=ana) == made


def test_mail_from_either_address_goes_to_the_target(
    ticket: Ticket, dee: Customer, ana: Agent, send_mail_in: Callable[..., RawMessage]
) -> None:
    merge(dee, ticket.customer, actor=ana)
    raw = send_mail_in(mail(sender="Dee <dee@home.example>", subject="New"))
    assert raw.said is not None and raw.said.ticket.customer == ticket.customer


def test_undoing_restores_exactly_what_moved(ticket: Ticket, dee: Customer, ana: Agent) -> None:
    dora = ticket.customer

    def state() -> Any:
        rows = Customer.objects.order_by("pk").values("pk", "name", "language", "organisation", "fields", "merged_into")
        return [
            list(rows), list(Ticket.objects.order_by("pk").values_list("pk", "customer")),
            *(sorted(c.contact_points.values_list("pk", flat=True)) for c in (dora, dee)),
            *(sorted(c.notes.values_list("pk", flat=True)) for c in (dora, dee)),
        ]  # fmt: skip

    before = state()
    made = merge(dee, dora, actor=ana)
    assert state() != before
    assert unmerge(made, actor=ana) == dee
    assert state() == before
    unmerge(made, actor=ana)
    assert Event.objects.filter(verb="customer.unmerged").count() == 1


def test_what_moved_on_or_was_changed_since_stays(ticket: Ticket, dee: Customer, ana: Agent) -> None:
    dora, emil = ticket.customer, Customer.objects.create(name="Emil")
    hers = dee.tickets.get()
    made = merge(dee, dora, actor=ana)
    Ticket.objects.filter(pk=hers.pk).update(customer=emil)
    customers.change(dora, actor=ana, language="fr")
    unmerge(made, actor=ana)
    dora.refresh_from_db(), hers.refresh_from_db()
    assert (hers.customer, dora.language) == (emil, "fr")
    assert dee.contact_points.get().address == "dee@home.example"


def test_chains_are_followed_and_undone_from_the_end(ticket: Ticket, dee: Customer, ana: Agent) -> None:
    dora, third = ticket.customer, customers.create(name="Dora", address="d@third.example", actor=ana)
    first, second = merge(dee, dora, actor=ana), merge(dora, third, actor=ana)
    dee.refresh_from_db()
    assert merging_customers.standing_for(dee) == third and third.tickets.count() == 2
    with pytest.raises(NotPossible, match="undo that first"):
        unmerge(first, actor=ana)
    unmerge(second, actor=ana)
    unmerge(first, actor=ana)
    assert (third.tickets.count(), dora.tickets.count(), dee.tickets.count()) == (0, 1, 1)


def test_who_is_another_by_now_is_merged_no_more(ticket: Ticket, dee: Customer, ana: Agent, lou: Agent) -> None:
    dora, third = ticket.customer, Customer.objects.create(name="Third")
    with pytest.raises(NotPossible):
        merge(dora, dora, actor=ana)
    with pytest.raises(NotPossible):
        merge(dee, dora, actor=lou)
    merge(dee, dora, actor=ana)
    for source, target in ((dee, third), (third, dee), (dora, dee)):
        with pytest.raises(NotPossible):
            merge(source, target, actor=ana)
    with pytest.raises(NotPossible):
        customers.change(dee, actor=ana, name="Nobody")


def test_a_ticket_opened_meanwhile_comes_along(ticket: Ticket, dee: Customer, ana: Agent, settle: Any) -> None:
    made = merge(dee, ticket.customer, actor=ana)
    late = Ticket.objects.create(inbox=ticket.inbox, customer=dee)
    merging_customers.take_along([late.pk])
    late.refresh_from_db()
    assert late.customer == ticket.customer
    unmerge(made, actor=ana)
    late.refresh_from_db()
    assert late.customer == dee


def test_a_preview_says_what_moves_and_changes_nothing(
    ticket: Ticket, dee: Customer, ana: Agent, billing: Inbox
) -> None:
    Ticket.objects.create(inbox=billing, customer=dee)  # not Ana's to see, so not hers to count
    acme = Organisation.objects.create(name="Acme")
    Customer.objects.filter(pk=dee.pk).update(organisation=acme)
    dee.refresh_from_db()
    seen = preview(dee, ticket.customer, ana)
    assert (seen.addresses, seen.tickets, seen.notes) == (["dee@home.example"], 1, 1)
    assert seen.filled == [("Language", "de"), ("Organisation", "Acme")]
    assert seen.left == [("Name", "Dee")]
    assert not CustomerMerge.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_each_into_the_other_at_once_is_one_merge(ticket: Ticket, dee: Customer, ana: Agent) -> None:
    dora, start, said = ticket.customer, Barrier(2), []

    def run(source: Customer, target: Customer) -> None:
        try:
            start.wait(5)
            merge(source, target, actor=ana)
            said.append("merged")
        except NotPossible:
            said.append("refused")
        finally:
            connection.close()

    both = [Thread(target=run, args=pair) for pair in ((dora, dee), (dee, dora))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)
    assert sorted(said) == ["merged", "refused"]
    made = CustomerMerge.objects.get()
    assert made.target.tickets.count() == 2 and not made.source.tickets.exists()
    assert made.target.merged_into is None


@pytest.mark.parametrize(
    ("name", "address", "reason"),
    [
        ("Dora Diaz", "other@else.example", "the same name"),
        ("", "dora@home.example", "the same address but for its domain"),
        ("Dora Dias", "d.dias@customer.example", "the same domain and nearly the same name"),
    ],
)
def test_twins_are_brought_up_with_a_reason(
    name: str, address: str, reason: str, ticket: Ticket, ana: Agent, ben: Agent, billing: Inbox
) -> None:
    twin = customers.create(name=name, address=address, actor=ana)
    [found] = twins.of(ticket.customer, ana)
    assert found.customer == twin and reason in found.reasons[0]
    Ticket.objects.create(inbox=billing, customer=twin)
    assert twins.of(ticket.customer, ana) == [], "who is foreign is not brought up"


def test_a_mail_signed_with_the_other_address_brings_them_up(
    ticket: Ticket, ana: Agent, send_mail_in: Callable[..., RawMessage]
) -> None:
    twin = customers.create(name="D.", address="private@home.example", actor=ana)
    send_mail_in(mail(text="Hello\n\n--\nDora\nprivate@home.example", subject="Signed"))
    [found] = twins.of(ticket.customer, ana)
    assert (found.customer, found.reasons) == (twin, ["a message is signed with private@home.example"])
    unmerge(merge(twin, ticket.customer, actor=ana), actor=ana)
    assert twins.of(ticket.customer, ana) == [], "somebody said that they are two"


def on_channel(channel: str, address: str, handle: str = "", **claimed: str) -> Customer:
    """Somebody who wrote on another channel."""
    inbox, _made = Inbox.objects.get_or_create(name=channel, channel=channel)
    said, _new = talking.hear(
        inbox, Said(f"m {address}", address, Person(address, handle=handle, claimed=claimed), "Hello")
    )
    assert said is not None and said.sender is not None
    return said.sender.customer


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (("phone", "+4930123456"), ("sms", "+4930123456"), "the same number: +4930123456"),
        (("telegram", "77", "@dora.lind"), ("generic", "@d:x.example", "@Dora.Lind"), "the same name on another"),
    ],
)  # fmt: skip
def test_one_person_on_two_channels_is_brought_up(
    one: tuple[str, ...], other: tuple[str, ...], reason: str, admin: Agent
) -> None:
    first, second = on_channel(*one), on_channel(*other)
    for customer, twin in ((first, second), (second, first)):
        [found] = twins.of(customer, admin)
        assert found.customer == twin and reason in found.reasons[0]


def test_what_people_say_of_themselves_is_suggested_and_joins_nobody(ticket: Ticket, admin: Agent) -> None:
    dora = ticket.customer
    address = dora.contact_points.get(channel="email").address
    claims = on_channel("reviews", "shop r1", email=address)
    assert claims != dora
    for customer, twin in ((claims, dora), (dora, claims)):
        [found] = twins.of(customer, admin)
        assert (found.customer, found.reasons) == (twin, [f"they say that {address} is theirs"])
    merged = merge(claims, dora, actor=admin)
    assert dora.contact_points.filter(channel="reviews").exists()
    unmerge(merged, actor=admin)
    assert twins.of(dora, admin) == []


def test_numbers_of_networks_are_no_telephone_numbers(admin: Agent) -> None:
    one = on_channel("telegram", "4930123456")
    on_channel("generic", "4930123456")
    assert twins.of(one, admin) == []


def test_who_is_looked_for_by_handle_is_found(admin: Agent) -> None:
    dora = on_channel("telegram", "77", "@dora_l")
    assert list(Customer.objects.like("@dora_l")) == [dora]
    assert people_of(Customer, ["@DORA_l"]) == [dora.pk]


def test_who_shares_only_a_role_or_a_public_domain_is_no_twin(ana: Agent) -> None:
    one = customers.create(name="Info Desk", address="info@one.example", actor=ana)
    customers.create(name="Other Desk", address="info@two.example", actor=ana)
    assert twins.of(one, ana) == []
    eva = customers.create(name="Eva Ek", address="eva@gmail.com", actor=ana)
    customers.create(name="Eva Ekk", address="ekk@gmail.com", actor=ana)
    assert twins.of(eva, ana) == []
