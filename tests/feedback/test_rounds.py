"""Recommendation, asked by the calendar: everybody once a round, each on a day of their own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from feedback.models import AccountEvent, Invitation, InvitationState, Reason, Survey
from feedback.operations import mailing, rounds
from helpdesk.models import Event
from tickets.models import ContactPoint, Customer, Inbox, MessageKind, OutgoingMail, Ticket

START = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
def nps(db: None, inbox: Inbox) -> Survey:
    return Survey.objects.create(
        name="Recommendation", kind="nps", every_days=90, sends_from=inbox, created_at=START - timedelta(days=100)
    )


@pytest.fixture
def people(inbox: Inbox) -> list[Customer]:
    """Sixty who wrote lately, and one who never did."""
    made = Customer.objects.bulk_create(Customer(name=f"Customer {n}") for n in range(61))
    points = ContactPoint.objects.bulk_create(
        ContactPoint(customer=one, channel="email", address=f"{one.pk}@customer.example") for one in made
    )
    for one, point in zip(made[:60], points, strict=False):
        ticket = Ticket.objects.create(inbox=inbox, customer=one, subject="Hello")
        ticket.messages.create(
            kind=MessageKind.INCOMING, text="Hello", sender=point, created_at=START - timedelta(days=5)
        )
    return made


def days(count: int, start: datetime = START) -> Iterator[None]:
    for day in range(count):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            yield


def test_everybody_is_asked_once_a_round_on_many_different_days(nps: Survey, people: list[Customer]) -> None:
    a_day = [rounds.ask_by_the_calendar() for _day in days(90)]
    assert Invitation.objects.filter(customer__in=people[:60]).count() == 60
    assert not Invitation.objects.filter(customer=people[60]).exists(), "who never wrote has nothing to recommend"
    assert max(a_day[1:]) <= 8 and sum(count > 0 for count in a_day) > 20
    facts = Event.objects.filter(verb="survey.invited").first()
    assert facts and facts.stream_id is None and facts.subject_type == "invitation"
    assert facts.facts["kind"] == "nps" and facts.facts["inbox"] == nps.sends_from_id and facts.facts["customer"]


def test_a_clock_that_ticks_twice_asks_nobody_twice_and_one_that_stood_still_asks_those_it_missed(
    nps: Survey, people: list[Customer]
) -> None:
    with time_machine.travel(START, tick=False):
        first = rounds.ask_by_the_calendar()
        assert first and rounds.ask_by_the_calendar() == 0
    with time_machine.travel(START + timedelta(days=15), tick=False):  # it stood still for two weeks
        rounds.ask_by_the_calendar()
    asked = set(Invitation.objects.values_list("customer_id", flat=True))
    Invitation.objects.all().delete()
    for _day in days(16):
        rounds.ask_by_the_calendar()
    assert set(Invitation.objects.values_list("customer_id", flat=True)) == asked


def test_the_next_round_is_never_less_than_ninety_days_later(nps: Survey, people: list[Customer]) -> None:
    for start in (START, START + timedelta(days=90)):
        for _day in days(90, start):
            rounds.ask_by_the_calendar()
    for one in people[:60]:
        first, *more = Invitation.objects.filter(customer=one).order_by("occasion_at")
        assert all(later.occasion_at - first.occasion_at >= timedelta(days=90) for later in more)


def test_who_was_asked_something_else_too_lately_is_asked_later_in_the_round(
    nps: Survey, people: list[Customer], survey: Survey
) -> None:
    [*_rest, (customer, _round, _at, _is_last)] = rounds.due(nps, START)
    Invitation.objects.create(
        survey=survey, customer_id=customer, occasion_id=1, occasion_at=START - timedelta(days=10), due_at=START,
        state="sent", language="en",
    )  # fmt: skip
    for _day in days(20):
        rounds.ask_by_the_calendar()
    found = Invitation.objects.get(survey=nps, customer=customer)
    assert found.state == InvitationState.WAITING and found.occasion_at >= START + timedelta(days=4)


def test_who_left_is_not_asked_and_who_bought_is(nps: Survey, people: list[Customer]) -> None:
    gone, bought = people[0], people[60]
    AccountEvent.objects.create(customer=gone, kind="cancelled", at=START - timedelta(days=3))
    AccountEvent.objects.create(customer=bought, kind="purchased", at=START - timedelta(days=3))
    for _day in days(90):
        rounds.ask_by_the_calendar()
    asked = set(Invitation.objects.values_list("customer_id", flat=True))
    assert gone.pk not in asked and bought.pk in asked


def test_the_mail_names_no_ticket_and_has_a_link_for_every_number(nps: Survey, people: list[Customer]) -> None:
    with time_machine.travel(START, tick=False):
        assert rounds.ask_by_the_calendar()
    with time_machine.travel(START + timedelta(hours=12), tick=False):
        assert mailing.send_due() > 0
    mail = OutgoingMail.objects.filter(purpose="survey").first()
    assert mail and mail.ticket is None and "request" not in mail.text
    assert all(f"?score={score}" in mail.text and f"?score={score}" in mail.html for score in range(11))
    assert "not at all likely" in mail.text and "extremely likely" in mail.html


def test_a_bouncing_address_is_written_down_as_such(nps: Survey, people: list[Customer]) -> None:
    ContactPoint.objects.update(is_bouncing=True)
    with time_machine.travel(START, tick=False):
        rounds.ask_by_the_calendar()
    states = set(Invitation.objects.values_list("state", "reason"))
    assert states == {(InvitationState.SUPPRESSED, Reason.BOUNCING)}
    assert Event.objects.filter(verb="survey.suppressed", facts__reason="bouncing").exists()
