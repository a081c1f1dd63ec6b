"""A bare thank you wakes no ticket; whoever says anything else is heard at once."""

from datetime import timedelta

import pytest

from helpdesk import clock
from tests.conftest import mail
from tickets.courtesies import is_mere_thanks
from tickets.models import Notification, Ticket
from tickets.operations import replying, status

NAMES = ["Dora Diaz", "Ana Silva"]


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!", "Thank you so much, Ana!\n\nDora", "Great, thanks for the quick help 🙏", "thx",
        "Hi Ana,\nthank you.",
        "I really appreciate it", "Vielen Dank für die schnelle Antwort!\nViele Grüße\nDora", "Danke 😊",
        "Merci beaucoup !",
        "Muchas gracias por la ayuda", "Grazie mille", "Hartelijk dank voor uw snelle reactie", "Tak for hjælpen",
    ],
)  # fmt: skip
def test_what_is_only_thanks(text: str) -> None:
    assert is_mere_thanks(text, names=NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "", "Dora", "Great", "Yes, thanks", "Ok thanks", "No thanks",
        "Thanks. And when does it come?", "Thanks, cancel it.",
        "Help me, thanks", "Answer. Thank you", "Thanks for nothing", "Danke, aber es geht noch nicht",
        "Thanks, my number is 0171 55", "Thanks Ben", "Спасибо", "please", "Thanks " * 60,
    ],
)  # fmt: skip
def test_what_is_more_or_not_understood(text: str) -> None:
    assert not is_mere_thanks(text, names=NAMES)


@pytest.fixture
def asleep(ticket, ana) -> Ticket:
    replying.reply(ticket, text="It ships on Friday. I look again then.", actor=ana)
    return status.snooze(ticket, until=clock.now() + timedelta(days=3), actor=ana)


def answer(send_mail_in, text: str) -> Ticket:
    content = mail(text=text, In_Reply_To="<first@customer.example>", Message_ID="<2@customer.example>")
    return send_mail_in(content).said.ticket


def test_a_snoozed_ticket_sleeps_on_and_shows_the_thanks(asleep, ana, send_mail_in, settle, as_agent):
    woken = answer(send_mail_in, "Thank you so much, Ana!")
    assert woken.pk == asleep.pk and woken.is_snoozed and woken.waiting_since is None
    settle()
    assert list(Notification.objects.filter(agent=ana).values_list("kind", flat=True)) == ["answered"]
    page = as_agent(ana).get(f"/tickets/{asleep.pk}/").content.decode()
    assert "Thank you so much, Ana!" in page and "it stayed snoozed" in page


def test_anything_more_wakes_it(asleep, send_mail_in):
    woken = answer(send_mail_in, "Thanks, but it did not come.")
    assert not woken.is_snoozed and woken.waiting_since is not None
