"""Opening a ticket by other ways than mail."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from helpdesk.models import Agent, Event
from tickets.models import ContactPoint, Customer, Inbox, Message, Ticket
from tickets.operations import opening
from tickets.operations.status import NotPossible


def opened(inbox: Inbox, **more: Any) -> Ticket:
    given = {"address": "Gina@Shop.example", "subject": "A cup", "text": "It broke.", "actor": None}
    return opening.open_ticket(inbox=inbox, **{**given, **more})


def test_a_stranger_becomes_a_customer(inbox: Inbox, verbs: Callable[[Ticket], list[str]]) -> None:
    ticket = opened(inbox, name="Gina Gray", channel="form")
    ticket.refresh_from_db()
    message = ticket.messages.get()
    assert verbs(ticket) == ["ticket.created", "message.received"]
    assert message.sender.address == "gina@shop.example" and ticket.customer.name == "Gina Gray"
    assert (ticket.channel, ticket.snippet, ticket.last_message_id) == ("form", "It broke.", message.pk)
    assert ticket.waiting_since == ticket.created_at == message.created_at
    assert ticket.team == inbox.teams.get()


def test_the_same_address_is_the_same_customer(inbox: Inbox, dora: Customer) -> None:
    assert opened(inbox, address="dora@customer.example").customer == dora
    assert opened(inbox).customer == opened(inbox, address="GINA@shop.example").customer
    assert Customer.objects.count() == 2


def test_opening_twice_under_one_key_is_opening_once(inbox: Inbox, ana: Agent, billing: Inbox) -> None:
    assert opened(inbox, once="k" * 500) == opened(inbox, once="k" * 500)
    assert opened(inbox, once="k" * 500) != opened(inbox, once="k" * 500, actor=ana)
    assert opened(inbox, once="k") != opened(billing, once="k")
    assert Event.objects.filter(verb="ticket.created").count() == Message.objects.count() == 4


@pytest.mark.parametrize(
    "wrong", [{"address": "nobody"}, {"address": "@"}, {"address": ""}, {"text": " \n"}, {"text": "x" * 200_001}]
)
def test_what_is_no_ticket_is_refused(inbox: Inbox, wrong: dict[str, str]) -> None:
    with pytest.raises(NotPossible):
        opened(inbox, **wrong)
    assert not Ticket.objects.exists() and not Event.objects.exists() and not Customer.objects.exists()


def test_control_characters_do_not_get_in(inbox: Inbox) -> None:
    ticket = opened(inbox, subject="A\x00\r\nBcc: x", text="It\x00 broke.", name="G\x00\nG")
    assert ticket.subject == "A Bcc: x" and ticket.messages.get().text == "It broke."
    assert ticket.customer.name == "G G"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_customer(inbox: Inbox) -> None:
    gate = threading.Barrier(8)

    def run() -> None:
        try:
            gate.wait(timeout=30)
            opened(inbox, once="the one")
            opened(inbox)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ContactPoint.objects.count() == Customer.objects.count() == 1
    assert Ticket.objects.count() == 9
