"""Surveys among the other mail nobody asked for; and the one click that ends them."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from feedback.models import Invitation, InvitationState, OptOut, Reason
from feedback.operations import mailing
from helpdesk import clock
from helpdesk.models import Agent
from tests.feedback.conftest import open_and_answer
from tests.smtp_sink import smtp_sink
from tickets import tasks
from tickets.models import ContactPoint, Delivery, Inbox, OutgoingMail, Ticket, Unrequested
from tickets.operations import budget, replying, status

ACKNOWLEDGEMENT = OutgoingMail.Purpose.ACKNOWLEDGEMENT


# --- one budget with everything else --------------------------------------------------------------------------------


def test_an_address_that_had_its_mail_today_is_not_asked(invitation: Invitation, verbs) -> None:  # type: ignore[no-untyped-def]
    assert budget.take(invitation.recipient, ACKNOWLEDGEMENT)
    assert mailing.send_due() == 0
    invitation.refresh_from_db()
    assert (invitation.state, invitation.reason) == (InvitationState.CANCELLED, Reason.SPENT)
    assert verbs(invitation.ticket)[-1] == "survey.cancelled"
    assert not OutgoingMail.objects.filter(purpose="survey").exists()


def test_a_verified_address_is_asked_on_the_day_it_was_told_that_its_message_arrived(invitation: Invitation) -> None:
    ContactPoint.objects.update(is_verified=True)
    assert budget.take(invitation.recipient, ACKNOWLEDGEMENT)
    assert mailing.send_due() == 1
    assert list(Unrequested.objects.values_list("key", "purpose").order_by("pk")) == [
        ("dora@customer.example", "acknowledgement"), ("dora@customer.example", "survey"),
    ]  # fmt: skip


def test_the_day_after_it_is_asked(invitation: Invitation) -> None:
    assert budget.take(invitation.recipient, ACKNOWLEDGEMENT, at=clock.now() - timedelta(hours=24))
    assert mailing.send_due() == 1


def test_a_survey_that_could_not_be_written_spends_nothing(
    invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedback import mail as letters

    monkeypatch.setattr(letters, "write", lambda one: 1 / 0)
    assert mailing.send_due() == 0
    assert not Unrequested.objects.exists()


@pytest.mark.parametrize(
    ("address", "reason"),
    [("no-reply@shop.example", Reason.BOUNCING), ("support+7@demo.localhost", Reason.INTERNAL)],
)
def test_who_could_not_read_it_is_not_asked(
    ticket: Ticket, ana: Agent, survey, settle: Callable[[], None], address: str, reason: Reason
) -> None:  # type: ignore[no-untyped-def]
    ContactPoint.objects.update(address=address)
    status.resolve(ticket, actor=ana)
    settle()
    assert Invitation.objects.get().reason == reason


def test_a_quiet_inbox_asks_nobody(ticket: Ticket, ana: Agent, survey, settle: Callable[[], None]) -> None:  # type: ignore[no-untyped-def]
    Inbox.objects.update(is_quiet=True)
    status.resolve(ticket, actor=ana)
    settle()
    assert not Invitation.objects.exists()


def test_what_waited_when_its_inbox_became_quiet_waits_on(invitation: Invitation) -> None:
    Inbox.objects.update(is_quiet=True)
    assert mailing.send_due() == 0
    Inbox.objects.update(is_quiet=False)
    assert mailing.send_due() == 1


# --- T44 ------------------------------------------------------------------------------------------------------------


def test_t44_1_only_the_one_click_post_unsubscribes(asked: Invitation, ana: Agent, settings) -> None:  # type: ignore[no-untyped-def]
    with smtp_sink(settings) as sink:
        Delivery.objects.filter(mail__invitation=asked).update(state="queued", due_at=clock.now())
        tasks.deliver()
        [(_recipients, content)] = sink.accepted
        letter = message_from_bytes(content, policy=default)
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = "".join(letter["List-Unsubscribe"].split()).strip("<>")
        assert address.startswith(settings.BASE_URL)
        path = urlsplit(address).path

        scanner = Client(enforce_csrf_checks=True)
        page = scanner.get(path)
        assert page.status_code == 200 and 'name="List-Unsubscribe" value="One-Click"' in page.content.decode()
        assert scanner.head(path).status_code == 200
        assert scanner.get(f"{path}?List-Unsubscribe=One-Click").status_code == 200
        one_click = {"List-Unsubscribe": "One-Click"}
        form = "application/x-www-form-urlencoded"
        for body in ("", "List-Unsubscribe=", "List-Unsubscribe=one-click-not", "One-Click", "a=b"):
            assert scanner.post(path, body, content_type=form).status_code == 200
        for refused in (scanner.put, scanner.delete, scanner.patch):
            assert refused(path, "List-Unsubscribe=One-Click", content_type=form).status_code == 405
        assert not OptOut.objects.exists()

        for program in (Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True), scanner):
            done = program.post(path, one_click)  # multipart/form-data
            assert (done.status_code, done.cookies.output(), done.get("Location")) == (200, "", None)
        done = Client().post(path, "List-Unsubscribe=One-Click", content_type=form)
        assert done.status_code == 200 and "We will not ask you again" in done.content.decode()
        assert OptOut.objects.get().customer == asked.customer

        # what they asked of us still reaches them
        sink.accepted.clear()
        replying.reply(asked.ticket, text="It left on Monday.", actor=ana)
        tasks.deliver()
        [(recipients, reply)] = sink.accepted
        assert recipients == ["dora@customer.example"] and b"List-Unsubscribe" not in reply
    assert open_and_answer(Client(), asked, 4).status_code == 302


def test_t44_1_the_link_works_as_long_as_the_mail_lies_about(asked: Invitation) -> None:
    path = f"/s/{asked.token}/unsubscribe/"
    with time_machine.travel(clock.now() + timedelta(days=400)):
        mailing.expire()
        assert Client().post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert OptOut.objects.exists()
