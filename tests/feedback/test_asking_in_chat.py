"""Surveys in live chat: the question in the widget while the visitor is there, by mail once they left."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from feedback.models import Invitation, InvitationState, Reason, Response, Survey, SurveyKind
from feedback.operations import mailing
from feedback.tasks import send_due_invitations
from helpdesk import clock
from helpdesk.models import Agent, Event, Team
from reports.ledger import facts
from reports.models import SurveyFacts
from tests.tickets.channels.chat.rig import SECRET, SITE, Browser
from tests.tickets.channels.chat.test_talking_to_the_widget import signed
from tickets import tasks
from tickets.models import ChannelAccount, ContactPoint, Inbox, OutgoingMail, Ticket, Unrequested, Visitor
from tickets.operations import budget, status

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SURVEY = OutgoingMail.Purpose.SURVEY


@pytest.fixture(autouse=True)
def monday() -> Any:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def chat(team: Team, inbox: Inbox, survey: Survey) -> ChannelAccount:
    made = Inbox.objects.create(name="Shop chat", channel="chat", mails_through=inbox)
    made.teams.add(team)
    account = ChannelAccount.objects.create(inbox=made, kind="chat", config={"allowed_origins": [SITE]})
    account.sealed = json.dumps({})
    account.save()
    Survey.objects.update(delay_minutes=60, asks_solved=True)
    cache.clear()
    return account


@pytest.fixture
def visitor(chat: ChannelAccount) -> Browser:
    browser = Browser(chat.key)
    browser.say("Where is my parcel?")
    return browser


def resolve(ana: Agent, settle: Callable[[], None]) -> Invitation:
    status.resolve(Ticket.objects.latest("pk"), actor=ana)
    settle()
    send_due_invitations()
    tasks.deliver_posts()
    settle()
    return Invitation.objects.latest("pk")


def asked(browser: Browser) -> dict[str, Any] | None:
    return next((one["asks"] for one in browser.read() if one.get("asks")), None)


def with_address() -> None:
    ContactPoint.objects.create(
        customer=Ticket.objects.latest("pk").customer, channel="email", address="dora@customer.example"
    )


def test_who_is_there_is_asked_at_once_in_the_widget_without_an_address(
    visitor: Browser, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    made = resolve(ana, settle)
    assert (made.channel, made.state) == ("chat", InvitationState.SENT)
    shown = asked(visitor)
    assert shown and shown["question"] == "How satisfied were you with the help you got?" and shown["is_stars"]
    assert shown["choices"][0] == [1, "very dissatisfied"] and shown["solved"][1] == ["yes", "Yes"]
    assert shown["answer"] == "" and not shown["is_over"]
    monday.shift(timedelta(seconds=20))
    said = visitor.ask("answer", asking=shown["token"], score=2, comment="Too slow", is_solved="no")
    assert said.status_code == 200 and said.json()["asks"]["answer"] == "Thank you. Your answer: dissatisfied"
    kept = Response.objects.get()
    assert (kept.score, kept.comment, kept.is_solved, kept.invitation) == (2, "Too slow", False, made)
    again = asked(visitor)
    assert again and again["answer"].endswith("dissatisfied") and Ticket.objects.get().low_score == 2
    assert not OutgoingMail.objects.filter(conversation=None).exists()


def test_an_effort_survey_is_asked_on_its_own_scale(
    visitor: Browser, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    Survey.objects.update(kind=SurveyKind.CES, asks_solved=False)
    resolve(ana, settle)
    shown = asked(visitor)
    assert shown and len(shown["choices"]) == 7 and not shown["is_stars"] and shown["solved"] is None
    monday.shift(timedelta(seconds=20))
    wrong = visitor.ask("answer", asking=shown["token"], score=9)
    assert wrong.status_code == 422 and wrong.json()["words"]
    assert visitor.ask("answer", asking=shown["token"], score=7).status_code == 200


def test_t10_it_counts_in_the_budget_of_the_person(visitor: Browser, ana: Agent, settle: Callable[[], None]) -> None:
    assert budget.draw(ContactPoint.objects.get().address, SURVEY, channel="chat") == ""
    made = resolve(ana, settle)
    assert (made.state, made.reason) == (InvitationState.CANCELLED, Reason.SPENT) and asked(visitor) is None


def test_t19_only_the_visitor_who_was_asked_answers_here(
    visitor: Browser, chat: ChannelAccount, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    made = resolve(ana, settle)
    monday.shift(timedelta(seconds=20))
    emil = Browser(chat.key)
    assert emil.ask("answer", asking=made.token, score=1).status_code == 404
    emil.say("Hello")
    assert emil.ask("answer", asking=made.token, score=1).status_code == 404
    assert visitor.ask("answer", asking="nonsense", score=1).status_code == 404
    assert not Response.objects.exists()


@pytest.mark.parametrize("has_address", [True, False])
def test_who_has_left_is_asked_by_mail_as_late_as_everybody(
    visitor: Browser, ana: Agent, settle: Callable[[], None], monday: Any, *, has_address: bool
) -> None:
    if has_address:
        with_address()
    monday.shift(timedelta(minutes=5))
    made = resolve(ana, settle)
    if not has_address:
        assert (made.state, made.reason) == (InvitationState.SUPPRESSED, Reason.NO_ADDRESS)
        return
    assert (made.channel, made.state) == ("email", InvitationState.WAITING)
    monday.shift(timedelta(minutes=61))
    send_due_invitations()
    assert OutgoingMail.objects.get(purpose=SURVEY).to == ["dora@customer.example"]


def test_who_leaves_before_they_looked_is_asked_by_mail_and_counted_once(
    visitor: Browser, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    with_address()
    made = resolve(ana, settle)
    monday.shift(timedelta(minutes=3))
    assert mailing.mail_unseen() == 1 and mailing.mail_unseen() == 0
    made.refresh_from_db()
    assert (made.state, made.channel, made.recipient) == (InvitationState.WAITING, "email", "dora@customer.example")
    assert not Unrequested.objects.exists()
    facts.refresh([made.ticket_id])
    assert SurveyFacts.objects.get().state == "invited"
    monday.shift(timedelta(hours=1))
    send_due_invitations()
    assert OutgoingMail.objects.filter(purpose=SURVEY, conversation=None).count() == 1
    assert Unrequested.objects.count() == 1 and Event.objects.filter(verb="survey.left_to_mail").count() == 1
    shown = asked(visitor)
    assert shown and not shown["is_over"], "who comes back may answer in the widget all the same"
    monday.shift(timedelta(seconds=20))
    assert visitor.ask("answer", asking=shown["token"], score=5).status_code == 200


def test_who_looked_at_it_is_not_asked_by_mail_too(
    visitor: Browser, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    with_address()
    resolve(ana, settle)
    visitor.ask("seen", upto=visitor.read()[-1]["seq"])
    monday.shift(timedelta(minutes=3))
    assert Visitor.objects.get().here_at < MONDAY + timedelta(minutes=1) and mailing.mail_unseen() == 0


def test_who_signs_in_after_they_were_asked_answers_where_the_talk_goes_on(
    visitor: Browser, chat: ChannelAccount, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    chat.sealed = json.dumps({"identity_secret": SECRET})
    chat.save()
    made = resolve(ana, settle)
    monday.shift(timedelta(seconds=20))
    assert visitor.boot(identity=signed(name="Dora Lind"))["is_carried"]
    settle()
    shown = asked(visitor)
    assert shown and shown["token"] == made.token and not shown["is_over"]
    assert visitor.ask("answer", asking=shown["token"], score=2).status_code == 200
    # they are there, in the talk that goes on: nothing goes by mail as well
    monday.shift(timedelta(minutes=3))
    Visitor.objects.filter(user_id="u-5").update(here_at=clock.now())
    with_address()
    Invitation.objects.update(state=InvitationState.SENT)
    assert mailing.mail_unseen() == 0


def test_who_was_only_thought_to_have_left_answers_what_they_see_and_gets_no_mail(
    visitor: Browser, ana: Agent, settle: Callable[[], None], monday: Any
) -> None:
    with_address()
    made = resolve(ana, settle)
    monday.shift(timedelta(minutes=3))
    assert mailing.mail_unseen() == 1
    shown = asked(visitor)
    assert shown and not shown["is_over"]
    assert visitor.ask("answer", asking=shown["token"], score=4).status_code == 200
    made.refresh_from_db()
    assert (made.state, made.channel) == (InvitationState.ANSWERED, "chat") and Response.objects.get().score == 4
    settle()
    monday.shift(timedelta(hours=2))
    send_due_invitations()
    assert not OutgoingMail.objects.filter(purpose=SURVEY, conversation=None).exists()
    facts.refresh([made.ticket_id])
    assert SurveyFacts.objects.get().state == "answered"
