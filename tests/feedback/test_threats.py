"""T43: stuffing the ballot box, and machines that vote."""

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from feedback import nonces
from feedback.models import Hit, Invitation, InvitationState, Reason, ReasonCode, Response, Survey
from helpdesk import clock
from helpdesk.middleware import MetricsMiddleware
from helpdesk.models import Agent, Event
from reports.models import SurveyFacts
from tests.conftest import mail
from tests.feedback.conftest import nonce_of, open_and_answer
from tickets.models import Ticket


def test_t43_1_five_scanners_fetch_every_link_and_nobody_voted(asked: Invitation) -> None:
    for number in range(5):
        scanner = Client(headers={"user-agent": f"Scanner/{number}"})
        for score in range(1, 6):
            scanner.get(f"/s/{asked.token}/?score={score}")
            scanner.head(f"/s/{asked.token}/?score={score}")
            scanner.options(f"/s/{asked.token}/?score={score}")
            scanner.post(f"/s/{asked.token}/", {"score": score})
    assert not Response.objects.exists() and not Hit.objects.exists()
    assert not Event.objects.filter(verb="survey.answered").exists()


def test_t43_2_a_hundred_replays_from_other_browsers_are_one_response_and_the_last_score(asked: Invitation) -> None:
    nonce = nonce_of(Client().get(f"/s/{asked.token}/"))
    for number in range(100):
        Client().post(f"/s/{asked.token}/", {"score": number % 5 + 1, "nonce": nonce})
    response = Response.objects.get()
    assert response.score == 5 and response.is_doubtful
    assert Hit.objects.count() == 50, "no more are kept of one invitation"
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1)):
        late = Client().post(f"/s/{asked.token}/", {"score": 1, "nonce": nonces.make(asked)})
    assert late.status_code == 410 and Response.objects.get().score == 5


def test_t43_2_the_nonce_of_one_invitation_is_worth_nothing_for_another(asked: Invitation, ticket: Ticket) -> None:
    other = Invitation.objects.create(
        survey=asked.survey, ticket=ticket, customer=asked.customer, occasion_id=5, occasion_at=clock.now(),
        due_at=clock.now(), state="sent", sent_at=clock.now() - timedelta(minutes=1), language="en",
    )  # fmt: skip
    Client().post(f"/s/{other.token}/", {"score": 1, "nonce": nonces.make(asked)})
    assert not Response.objects.exists()


def test_t43_2_whoever_presses_every_button_counts_for_nothing_until_a_person_answers(
    asked: Invitation,
    settle,  # type: ignore[no-untyped-def]
) -> None:
    for score in range(1, 6):
        open_and_answer(Client(), asked, score)
    settle()
    assert Response.objects.get().is_doubtful
    pressed = SurveyFacts.objects.get(invitation=asked.pk)
    assert pressed.counts and pressed.is_delivered and pressed.answered_at is None and pressed.score is None
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        open_and_answer(Client(), asked, 2)
        settle()
    assert not Response.objects.get().is_doubtful
    facts = SurveyFacts.objects.get(invitation=asked.pk)
    assert facts.counts and facts.score == 2


def test_t43_2_one_change_of_mind_a_little_later_is_a_persons(asked: Invitation) -> None:
    open_and_answer(Client(), asked, 1)
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        open_and_answer(Client(), asked, 4)
    assert not Response.objects.get().is_doubtful


def test_t43_a_button_pressed_within_two_seconds_of_delivery_is_nobodys(asked: Invitation, phone: Client) -> None:
    now = clock.now()
    Invitation.objects.filter(pk=asked.pk).update(sent_at=now)
    with time_machine.travel(now + timedelta(seconds=1.9), tick=False):
        page = open_and_answer(phone, asked, 1, "Machine")
        assert page.status_code == 409 and "once more" in page.content.decode() and "Machine" in page.content.decode()
    assert not Response.objects.exists() and Hit.objects.get().outcome == Hit.Outcome.TOO_SOON
    with time_machine.travel(now + timedelta(seconds=2), tick=False):
        assert open_and_answer(phone, asked, 1).status_code == 302


def test_t43_3_an_agent_answers_on_no_ticket_and_their_own_mailbox_is_not_asked(
    asked: Invitation,
    as_agent,
    ana: Agent,
    settings,
    send_mail_in,
    settle,  # type: ignore[no-untyped-def]
) -> None:
    settings.MAIL_CATCHER = False
    refused = as_agent(ana).post(f"/s/{asked.token}/", {"score": 5, "nonce": nonces.make(asked)})
    assert refused.status_code == 403 and not Response.objects.exists()
    from tickets.operations import status

    own = send_mail_in(mail(sender=ana.email, Message_ID="<own@demo.localhost>")).said.ticket
    status.resolve(own, actor=ana)
    settle()
    asked_of_ana = Invitation.objects.get(ticket=own)
    assert (asked_of_ana.state, asked_of_ana.reason) == (InvitationState.SUPPRESSED, Reason.INTERNAL)


# --- what customers say beyond the score ----------------------------------------------------------------------------


@pytest.fixture
def reason(survey: Survey) -> ReasonCode:
    Survey.objects.update(asks_solved=True)
    made = ReasonCode.objects.create(name="It took too long", in_control=True)
    survey.reasons.add(made)
    return made


def test_a_low_score_may_have_a_reason_and_whether_it_is_solved_is_asked(
    asked: Invitation,
    reason: ReasonCode,
    phone: Client,
    settle,  # type: ignore[no-untyped-def]
) -> None:
    page = phone.get(f"/s/{asked.token}/?score=1")
    assert "It took too long" in page.content.decode() and "Was your problem solved?" in page.content.decode()
    said = {"score": 1, "is_solved": "no", "reason": reason.pk, "nonce": nonce_of(page)}
    assert phone.post(f"/s/{asked.token}/", said).status_code == 302
    facts = Event.objects.get(verb="survey.answered").facts
    assert (facts["solved"], facts["reason"], facts["in_control"]) == (False, reason.pk, True)
    settle()
    row = SurveyFacts.objects.get(invitation=asked.pk)
    assert (row.is_solved, row.low_reason, row.in_control) == (False, reason.pk, True)
    # a better score takes the reason back
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        again = {
            "score": 5,
            "is_solved": "yes",
            "reason": reason.pk,
            "nonce": nonce_of(phone.get(f"/s/{asked.token}/")),
        }
        phone.post(f"/s/{asked.token}/", again)
    response = Response.objects.get()
    assert (response.score, response.reason, response.is_solved) == (5, None, True)


def test_a_reason_given_on_the_thanks_page_is_recorded_by_itself(
    asked: Invitation, reason: ReasonCode, phone: Client
) -> None:
    open_and_answer(phone, asked, 2)
    thanks = phone.get(f"/s/{asked.token}/thanks/")
    assert "It took too long" in thanks.content.decode()
    with time_machine.travel(clock.now() + timedelta(seconds=20)):
        phone.post(f"/s/{asked.token}/", {"score": 2, "reason": reason.pk, "nonce": nonce_of(thanks)})
    assert Event.objects.get(verb="survey.explained").facts["reason"] == reason.pk
    assert Event.objects.filter(verb="survey.answered").count() == 1


def test_a_reason_that_is_not_offered_is_none(asked: Invitation, reason: ReasonCode, phone: Client) -> None:
    other = ReasonCode.objects.create(name="Internal only")
    page = phone.get(f"/s/{asked.token}/?score=1")
    refused = phone.post(f"/s/{asked.token}/", {"score": 1, "reason": other.pk, "nonce": nonce_of(page)})
    assert refused.status_code == 422 and not Response.objects.exists()


@pytest.mark.parametrize(("kind", "scores"), [("ces2", range(1, 8)), ("nps", range(11)), ("csat", range(1, 6))])
def test_every_kind_shows_its_scale_lowest_first(asked: Invitation, phone: Client, kind: str, scores: range) -> None:
    Survey.objects.update(kind=kind)
    page = phone.get(f"/s/{asked.token}/?score={max(scores)}").content.decode()
    places = [page.index(f'name="score" value="{score}"') for score in scores]
    assert places == sorted(places) and page.count('name="score"') == len(scores)
    assert page.count(" checked") == 1 and "<fieldset" in page and "<legend" in page


def test_logs_keep_no_secret_of_a_ballot(rf, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    request = rf.get("/b/a-secret/")
    request.resolver_match = resolve("/b/a-secret/")
    with caplog.at_level("WARNING", "helpdesk.request"):
        MetricsMiddleware(lambda _request: HttpResponse(status=500))(request)
    (line,) = (one.msg for one in caplog.records if one.name == "helpdesk.request")
    assert isinstance(line, dict) and line["path"] == "/b/…/"
    assert "a-secret" not in str(line)
