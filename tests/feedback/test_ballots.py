"""Anonymous asking: counted, and leading to nobody."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.test import Client

from feedback.models import Ballot, Hit, Invitation, InvitationState, Response, Survey
from feedback.operations import mailing
from helpdesk import clock
from helpdesk.models import Event
from tests.feedback.conftest import nonce_of
from tickets.models import OutgoingMail

LINK = re.compile(r"/b/([\w-]+)/\?score=5")


@pytest.fixture
def secret(invitation: Invitation, deliver: Callable[[], None]) -> str:
    """What stood in the link of the mail, which was sent."""
    Survey.objects.update(is_anonymous=True, reminder_days=1)
    assert mailing.send_due() == 1
    found = LINK.search(OutgoingMail.objects.get(purpose="survey").text)
    assert found
    deliver()
    return found[1]


def vote(phone: Client, secret: str, score: int, comment: str = ""):  # type: ignore[no-untyped-def]
    page = phone.get(f"/b/{secret}/?score={score}")
    return phone.post(f"/b/{secret}/", {"score": score, "comment": comment, "nonce": nonce_of(page)})


def test_a_vote_is_in_the_urn_and_nothing_tells_whose(secret: str, invitation: Invitation, phone: Client) -> None:
    handed_out = Ballot.objects.get()
    events = Event.objects.count()
    before = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert vote(phone, secret, 1, "Slow").status_code == 200
    cast = Ballot.objects.get()
    assert (cast.score, cast.comment, cast.week) == (1, "Slow", handed_out.week)
    assert cast.pk != handed_out.pk and cast.digest != handed_out.digest
    assert Event.objects.count() == events, "no event tells that or when somebody answered"
    assert Invitation.objects.filter(pk=invitation.pk).values().get() == before
    assert not Response.objects.exists() and not Hit.objects.exists()
    ticket = invitation.ticket
    assert ticket is not None
    ticket.refresh_from_db()
    assert ticket.low_score is None


def test_the_secret_of_the_link_is_kept_nowhere_once_the_mail_is_sent(secret: str, invitation: Invitation) -> None:
    for model in apps.get_models():
        if model._meta.managed and model.objects.exists():  # type: ignore[attr-defined]
            assert secret not in str(list(model.objects.values())), model  # type: ignore[attr-defined]
    assert OutgoingMail.objects.get(purpose="survey").ticket is None


def test_a_ballot_can_be_cast_once(secret: str, phone: Client) -> None:
    page = phone.get(f"/b/{secret}/")
    assert "anonymous" in page.content.decode()
    nonce = nonce_of(page)
    assert phone.post(f"/b/{secret}/", {"score": 5, "nonce": nonce}).status_code == 200
    assert phone.post(f"/b/{secret}/", {"score": 1, "nonce": nonce}).status_code == 404
    assert Ballot.objects.get().score == 5


def test_looking_and_forging_casts_nothing(secret: str, phone: Client) -> None:
    for score in range(1, 6):
        phone.get(f"/b/{secret}/?score={score}")
        phone.head(f"/b/{secret}/?score={score}")
        assert phone.post(f"/b/{secret}/", {"score": score, "nonce": "forged"}).status_code == 409
    assert phone.get("/b/nobody-has-this/").status_code == 404
    assert Ballot.objects.get().score is None
    page = phone.get(f"/b/{secret}/")
    assert page["Cache-Control"] == "no-store" and page["Referrer-Policy"] == "no-referrer" and not page.cookies


def test_it_runs_out_by_the_week(secret: str, phone: Client) -> None:
    with time_machine.travel(clock.now() + timedelta(days=31 + 7)):
        assert phone.get(f"/b/{secret}/").status_code == 404
        assert mailing.expire() == 0, "that nobody answered in time would be a guess"


def test_nobody_is_reminded_and_the_other_address_answers_nothing(
    secret: str, invitation: Invitation, phone: Client
) -> None:
    with time_machine.travel(clock.now() + timedelta(days=5)):
        assert mailing.remind_silent() == 0
    assert phone.get(f"/s/{invitation.token}/").status_code == 404
    assert phone.get(f"/s/{invitation.token}/unsubscribe/").status_code == 200
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.SENT
