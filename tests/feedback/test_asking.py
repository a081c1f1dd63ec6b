"""Which survey asks, who is drawn, and how far apart two askings of one person are."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback import choosing, drawing
from feedback.models import (
    Complaint,
    Invitation,
    InvitationState,
    Reason,
    Recovery,
    Response,
    Survey,
    SurveyKind,
)
from feedback.operations import asking, inviting, mailing
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event
from tickets.models import Customer, Inbox, Ticket
from tickets.operations import sorting


def occasion(ticket: Ticket, **facts: object) -> Event:
    """A resolution, as the ledger has it."""
    with transaction.atomic():
        return record("ticket.resolved", ticket, actor=None, was="open", to="resolved", **facts)


# --- which survey ---------------------------------------------------------------------------------------------------


def test_a_survey_asks_after_the_tickets_its_conditions_hold_for(ticket: Ticket, survey: Survey, ana: Agent) -> None:
    survey.conditions = [{"field": "tag", "is": "any_of", "value": ["refund"]}]
    survey.save()
    assert inviting.invite(occasion(ticket)) is None
    sorting.tag(ticket, name="refund", actor=ana)
    invitation = inviting.invite(occasion(ticket))
    assert invitation and invitation.survey == survey


def test_where_no_survey_of_the_inbox_fits_the_general_one_asks(ticket: Ticket, inbox: Inbox, survey: Survey) -> None:
    own = Survey.objects.create(name="Of refunds", conditions=[{"field": "tag", "is": "any_of", "value": ["refund"]}])
    own.inboxes.add(inbox)
    assert choosing.survey_for(ticket) == survey
    Survey.objects.filter(pk=own.pk).update(conditions=[])
    assert choosing.survey_for(ticket) == own


def test_what_the_calendar_asks_asks_after_no_ticket(ticket: Ticket, survey: Survey) -> None:
    Survey.objects.update(kind=SurveyKind.NPS)
    assert inviting.invite(occasion(ticket)) is None


def test_of_two_that_fit_each_customer_always_gets_the_same_and_each_as_often_as_its_share() -> None:
    one, two = Survey(pk=1, weight=1), Survey(pk=2, weight=2)
    got = [drawing.one_for(customer, [one, two]) for customer in range(3000)]
    assert got == [drawing.one_for(customer, [two, one]) for customer in range(3000)]
    assert 900 < sum(survey is one for survey in got) < 1100
    # a third takes customers to itself and moves nobody between the others
    three = [one, two, Survey(pk=3, weight=1)]
    more = [drawing.one_for(customer, three) for customer in range(3000)]
    assert all(now is was or now is three[2] for was, now in zip(got, more, strict=True))
    assert drawing.one_for(7, [Survey(pk=4, weight=0)]) is None


# --- by lot ---------------------------------------------------------------------------------------------------------


def test_the_lot_of_a_ticket_is_the_same_whenever_it_is_drawn() -> None:
    survey = Survey(pk=5, percent=30)
    drawn = [drawing.is_drawn(survey, ticket) for ticket in range(2000)]
    assert drawn == [drawing.is_drawn(survey, ticket) for ticket in range(2000)]
    assert 520 < sum(drawn) < 680
    assert all(drawing.is_drawn(Survey(pk=5, percent=100), ticket) for ticket in range(50))


def test_who_is_not_drawn_is_written_down_with_the_percent(
    ticket: Ticket, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    Survey.objects.update(percent=10)
    monkeypatch.setattr(drawing, "number", lambda *names: 0.5)
    invitation = inviting.invite(occasion(ticket))
    assert invitation and (invitation.reason, invitation.percent) == (Reason.NOT_DRAWN, 10)
    facts = Event.objects.get(verb="survey.suppressed").facts
    assert (facts["reason"], facts["percent"], facts["language"]) == ("not_drawn", 10, "en")


# --- the ledger of asking -------------------------------------------------------------------------------------------


def test_a_customer_with_an_open_complaint_or_recovery_is_left_alone(ticket: Ticket, survey: Survey) -> None:
    complaint = Complaint.objects.create(ticket=ticket)
    first = inviting.invite(occasion(ticket))
    assert first and first.reason == Reason.COMPLAINT
    complaint.withdrawn_at = clock.now()
    complaint.save()
    Recovery.objects.create(
        customer=ticket.customer, ticket=ticket, inbox=ticket.inbox, source="agent", due_at=clock.now()
    )
    second = inviting.invite(occasion(ticket))
    assert second and second.reason == Reason.RECOVERY


def test_recommendation_is_asked_no_more_often_than_every_ninety_days(dora: Customer, inbox: Inbox) -> None:
    nps = Survey.objects.create(name="NPS", kind="nps", cool_down_days=14, every_days=90, sends_from=inbox)
    csat = Survey.objects.create(name="CSAT", cool_down_days=14)
    start = datetime(2026, 3, 15, 9, tzinfo=UTC)
    Invitation.objects.create(
        survey=nps, customer=dora, occasion_id=1, occasion_at=start, due_at=start, state="sent", language="en"
    )

    def after(days: float, survey: Survey) -> str | None:
        return asking.too_soon(dora.pk, survey, start + timedelta(days=days))

    assert after(13.999, csat) == Reason.THROTTLED and after(14, csat) is None
    assert after(36, nps) == Reason.THROTTLED_KIND and after(90, nps) is None
    assert after(5, nps) == Reason.THROTTLED


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2)), max_size=25),
    st.tuples(*[st.integers(0, 60)] * 3),
)
def test_no_two_askings_of_a_person_are_ever_nearer_than_they_are_to_be_left_alone(
    tries: list[tuple[int, int]], cool: tuple[int, int, int]
) -> None:
    surveys = [Survey(pk=n, cool_down_days=days, kind="nps" if n == 2 else "csat") for n, days in enumerate(cool)]
    start, asked = datetime(2026, 1, 1, tzinfo=UTC), []
    for day, which in tries:
        at, survey = start + timedelta(days=day), surveys[which]
        if asking.reason_between(survey, at, [(other, then) for other, then in asked]) is None:
            asked.append((survey, at))
    for one, at in asked:
        for other, then in asked:
            if (one, at) != (other, then):
                assert abs(at - then) >= asking.apart(one, other)
                assert not one.kind == other.kind == "nps" or abs(at - then) >= timedelta(days=90)


# --- once more after a recovery -------------------------------------------------------------------------------------


def test_after_a_recovery_the_customer_is_asked_once_more_where_the_survey_says_so(asked: Invitation) -> None:
    response = Response.objects.create(invitation=asked, score=1)
    recovery = Recovery.objects.create(
        customer=asked.customer, ticket=asked.ticket, inbox=asked.inbox, source="low_score", response=response,
        due_at=clock.now(), state="closed", closed_at=clock.now(), outcome="recovered",
    )  # fmt: skip
    assert inviting.ask_again(recovery) is None
    Survey.objects.update(asks_again=True)
    recovery = Recovery.objects.get(pk=recovery.pk)
    again = inviting.ask_again(recovery)
    assert again and again.state == InvitationState.WAITING and again.recovery == recovery
    assert inviting.ask_again(recovery) == again
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert mailing.send_due() == 1, "the recovery it asks about does not stand in its way"
