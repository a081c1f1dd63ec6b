"""Pages by which calls, and answers given elsewhere, are written down; all of them work without JavaScript."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from helpdesk import clock
from helpdesk.models import Agent, Team
from tickets.channels.protocol import Person, Said
from tickets.models import ContactPoint, Customer, Inbox, Message, Ticket
from tickets.operations import talking

pytestmark = pytest.mark.django_db


@pytest.fixture
def hotline(team: Team) -> Inbox:
    made = Inbox.objects.create(name="Hotline", channel="phone")
    made.teams.add(team)
    return made


def test_a_call_is_logged_from_the_customers_page(client: Client, ana: Agent, hotline: Inbox) -> None:
    client.force_login(ana)
    dora = Customer.objects.create(name="Dora Lind")
    ContactPoint.objects.create(customer=dora, channel="phone", address="+4930123456")
    page = client.get(reverse("customer_call", args=[dora.pk])).content.decode()
    assert 'value="+4930123456"' in page
    assert 'href="tel:+4930123456"' in client.get(dora.get_absolute_url()).content.decode()
    given = {"inbox": hotline.pk, "direction": "in", "outcome": "answered", "text": "Wants a refund.", "minutes": 4,
             "call_back": "in 2 hours", "once": "k"}  # fmt: skip
    answer = client.post(reverse("customer_call", args=[dora.pk]), given)
    ticket = Ticket.objects.get()
    assert answer.status_code == 302 and ticket.subject == "Wants a refund." and ticket.type == "task"
    assert ticket.snoozed_until and ticket.snoozed_until > clock.now() + timedelta(minutes=110)
    client.post(reverse("customer_call", args=[dora.pk]), given)
    assert Ticket.objects.count() == 1
    page = client.get(reverse("ticket", args=[ticket.pk])).content.decode()
    assert "Call of the customer, 4:00" in page and reverse("ticket_call", args=[ticket.pk]) in page


def test_a_call_that_tells_nothing_is_asked_for_again(client: Client, ana: Agent, ticket: Ticket) -> None:
    client.force_login(ana)
    answer = client.post(
        reverse("ticket_call", args=[ticket.pk]),
        {"direction": "in", "outcome": "answered", "call_back": "the day before yesterday"},
    )
    assert answer.status_code == 422 and Message.objects.filter(channel="phone").count() == 0


def test_a_review_is_marked_as_answered_there(client: Client, ana: Agent, team: Team) -> None:
    inbox = Inbox.objects.create(name="Reviews", channel="reviews")
    inbox.teams.add(team)
    said, _new = talking.hear(
        inbox,
        Said("shop r1", "shop r1", Person("shop r1", "Dora"), "Late.", is_public=True, url="https://reviews.example/1",
             facts={"stars": 2, "source": "shop"}),
    )  # fmt: skip
    assert said is not None
    client.force_login(ana)
    url = reverse("ticket_answered_there", args=[said.ticket_id, said.abroad.get().conversation_id])  # type: ignore[attr-defined]
    page = client.get(reverse("ticket", args=[said.ticket_id])).content.decode()
    assert url in page and "Answer it there" in page and "2 stars" in page
    assert client.post(url, {"text": "Sorry!"}).status_code == 302
    ticket = Ticket.objects.get()
    assert ticket.waiting_since is None and ticket.messages.last().text == "Sorry!"  # type: ignore[union-attr]
