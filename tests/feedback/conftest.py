"""What the tests of feedback share: a survey, and a ticket that Ana answered and resolved."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from feedback.models import Invitation, Survey
from feedback.operations import mailing
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Delivery, Inbox, Ticket
from tickets.operations import replying, sending, status

NONCE = re.compile(r'name="nonce" value="([^"]+)"')


@pytest.fixture
def survey(inbox: Inbox) -> Survey:
    """Asks at once, after every inbox."""
    return Survey.objects.create(name="Satisfaction", delay_minutes=0)


@pytest.fixture
def resolved(ticket: Ticket, ana: Agent, survey: Survey, settle: Callable[[], None]) -> Ticket:
    """Dora's ticket, answered and resolved by Ana."""
    replying.reply(ticket, text="It left on Monday.", actor=ana)
    status.resolve(ticket, actor=ana)
    settle()
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def invitation(resolved: Ticket) -> Invitation:
    """Waiting to be sent."""
    return Invitation.objects.get(ticket=resolved)


@pytest.fixture
def deliver(settle: Callable[[], None]) -> Callable[[], None]:
    """The next server takes every mail."""

    def accept() -> None:
        for delivery in sending.claim(100):
            sending.begin_transmission(delivery)
            sending.sent(delivery, "250 OK")
        settle()

    return accept


@pytest.fixture
def asked(invitation: Invitation, deliver: Callable[[], None]) -> Invitation:
    """Its mail was sent."""
    mailing.send_due()
    deliver()
    # nobody reads a mail within its first two seconds
    sent = clock.now() - timedelta(minutes=1)
    Invitation.objects.filter(pk=invitation.pk).update(sent_at=sent, expires_at=sent + timedelta(days=30))
    invitation.refresh_from_db()
    return invitation


@pytest.fixture
def survey_mail() -> Callable[[Invitation], Delivery]:
    """The delivery of an invitation's mail."""
    return lambda invitation: Delivery.objects.select_related("mail__inbox").get(mail__invitation=invitation)


@pytest.fixture
def phone() -> Client:
    """The customer's browser: nobody is signed in."""
    return Client()


def nonce_of(response) -> str:  # type: ignore[no-untyped-def]
    """The nonce in a page."""
    found = NONCE.search(response.content.decode())
    assert found, response.content.decode()
    return found[1]


def open_and_answer(phone: Client, invitation: Invitation, score: int, comment: str = ""):  # type: ignore[no-untyped-def]
    """Follow the link of a score, and press the button."""
    page = phone.get(f"/s/{invitation.token}/?score={score}")
    return phone.post(f"/s/{invitation.token}/", {"score": score, "comment": comment, "nonce": nonce_of(page)})
