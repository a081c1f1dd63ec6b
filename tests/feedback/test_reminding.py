"""One reminder, to whoever did not open the page, while nothing new happened."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from feedback.models import Invitation, OptOut, Response, Survey
from feedback.operations import mailing
from helpdesk import clock
from helpdesk.models import Agent, Event
from tests.feedback.conftest import open_and_answer
from tickets.models import MessageKind, OutgoingMail
from tickets.operations import budget, replying, status


@pytest.fixture
def later(asked: Invitation):  # type: ignore[no-untyped-def]
    """Three days after a question that was to be reminded of."""
    Survey.objects.update(reminder_days=3)
    with time_machine.travel(clock.now() + timedelta(days=3, minutes=5)):
        yield


def test_who_did_not_open_the_page_is_reminded_once(asked: Invitation, later: None) -> None:
    assert mailing.remind_silent() == 1
    assert mailing.remind_silent() == 0
    asked.refresh_from_db()
    assert asked.reminded_at is not None and asked.state == "sent"
    assert OutgoingMail.objects.filter(purpose="survey").count() == 2
    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject.startswith("A reminder") and "will not ask about this again" in mail.text
    assert f"/s/{asked.token}/?score=5" in mail.text
    assert Event.objects.filter(verb="survey.reminded").count() == 1


def test_an_answer_after_it_says_so_and_the_question_was_asked_once(
    asked: Invitation, later: None, deliver: Callable[[], None], phone: Client
) -> None:
    mailing.remind_silent()
    deliver()
    assert open_and_answer(phone, asked, 4).status_code == 302
    assert Response.objects.get().is_after_reminder
    assert Event.objects.get(verb="survey.answered").facts["after_reminder"] is True
    assert Event.objects.filter(verb="survey.sent").count() == 1, "a reminder adds nothing to what was asked"


def test_before_its_day_and_where_the_survey_does_not_remind_nothing_goes_out(asked: Invitation) -> None:
    with time_machine.travel(clock.now() + timedelta(days=20)):
        assert mailing.remind_silent() == 0
    Survey.objects.update(reminder_days=3)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert mailing.remind_silent() == 0


def test_who_opened_the_page_is_not_reminded(asked: Invitation, later: None, phone: Client) -> None:
    phone.head(f"/s/{asked.token}/")
    assert not Invitation.objects.filter(opened_at__isnull=False).exists()
    phone.get(f"/s/{asked.token}/?score=3")
    assert mailing.remind_silent() == 0


def test_when_the_ticket_went_on_nobody_is_reminded(asked: Invitation, later: None, ana: Agent) -> None:
    message = asked.ticket.messages.create(kind=MessageKind.INCOMING, text="One more thing")  # type: ignore[union-attr]
    assert mailing.remind_silent() == 0
    message.delete()
    replying.reply(asked.ticket, text="One more thing.", actor=ana)  # type: ignore[arg-type]
    assert mailing.remind_silent() == 0


def test_a_reopened_ticket_reminds_nobody(asked: Invitation, later: None, ana: Agent) -> None:
    status.reopen(asked.ticket, actor=ana)  # type: ignore[arg-type]
    assert mailing.remind_silent() == 0


def test_who_opted_out_is_not_reminded(asked: Invitation, later: None) -> None:
    OptOut.objects.create(customer=asked.customer)
    assert mailing.remind_silent() == 0


def test_it_waits_for_the_budget_of_mail_nobody_asked_for(asked: Invitation, later: None) -> None:
    assert budget.take(asked.recipient, OutgoingMail.Purpose.ACKNOWLEDGEMENT)
    assert mailing.remind_silent() == 0
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        assert mailing.remind_silent() == 1
