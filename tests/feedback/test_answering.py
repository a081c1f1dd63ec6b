"""Answers: only from the page we showed, the last one within its days, and what follows from them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from feedback import nonces
from feedback.models import Invitation, InvitationState, Response
from feedback.operations import answering, mailing
from helpdesk import clock
from helpdesk.models import Agent, Event
from tickets.models import Ticket
from tickets.operations import replying, status


def answer(invitation: Invitation, score: int, comment: str = "") -> Response:
    return answering.respond(invitation, nonce=nonces.make(invitation), score=score, comment=comment)


def scores() -> list[tuple[int, bool]]:
    return [
        (event.facts["score"], event.facts["changed"])
        for event in Event.objects.filter(verb="survey.answered").order_by("id")
    ]


def test_an_answer_is_a_response_and_an_event_on_the_ticket(asked: Invitation, ana: Agent, verbs) -> None:  # type: ignore[no-untyped-def]
    response = answer(asked, 5, "Thank you!\x00")
    asked.refresh_from_db()
    assert asked.state == InvitationState.ANSWERED
    assert (response.score, response.comment, response.agent, response.is_shared) == (5, "Thank you!", ana, False)
    assert verbs(asked.ticket)[-2:] == ["survey.answered", "survey.commented"]
    facts = Event.objects.get(verb="survey.answered").facts
    assert facts["invitation"] == asked.pk and facts["kind"] == "csat"
    assert (facts["score"], facts["changed"], facts["agent"]) == (5, False, ana.pk)
    assert "Thank you" not in str(Event.objects.get(verb="survey.commented").facts)


def test_without_the_nonce_of_its_page_nothing_is_an_answer(asked: Invitation) -> None:
    other = Invitation(pk=asked.pk + 1)
    for nonce in ("", "forged", nonces.make(other), nonces.make(asked)[:-1]):
        with pytest.raises(answering.NotFromThePage):
            answering.respond(asked, nonce=nonce, score=1)
    stale = nonces.make(asked)
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)), pytest.raises(answering.NotFromThePage):
        answering.respond(asked, nonce=stale, score=1)
    assert not Response.objects.exists()


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_off_the_scale_is_refused(asked: Invitation, score: int) -> None:
    with pytest.raises(answering.NotOnTheScale):
        answer(asked, score)


def test_a_replay_changes_nothing(asked: Invitation) -> None:
    nonce = nonces.make(asked)
    for _ in range(10):
        answering.respond(asked, nonce=nonce, score=4, comment="Fine")
    assert Response.objects.count() == 1
    assert scores() == [(4, False)]
    assert Event.objects.filter(verb="survey.commented").count() == 1


def test_within_its_days_the_last_change_of_mind_wins(asked: Invitation) -> None:
    answer(asked, 5)
    first = Response.objects.get().answered_at
    with time_machine.travel(first + timedelta(days=3), tick=False):
        answer(asked, 2, "It broke.")
    with time_machine.travel(first + timedelta(days=7), tick=False):
        answer(asked, 3, "It broke.")
    response = Response.objects.get()
    assert (response.score, response.answered_at) == (3, first)
    assert response.changed_at == first + timedelta(days=7)
    assert scores() == [(5, False), (2, True), (3, True)]
    with time_machine.travel(first + timedelta(days=7, seconds=1), tick=False), pytest.raises(answering.TooLate):
        answer(asked, 1)
    assert Response.objects.get().score == 3


def test_after_it_ran_out_it_cannot_be_answered(asked: Invitation) -> None:
    assert asked.expires_at
    with time_machine.travel(asked.expires_at + timedelta(seconds=1), tick=False):
        mailing.expire()
        with pytest.raises(answering.TooLate):
            answer(asked, 5)
    with time_machine.travel(asked.expires_at, tick=False):
        answer(asked, 5)
    assert Response.objects.get().score == 5


def test_what_was_never_sent_cannot_be_answered(invitation: Invitation) -> None:
    with pytest.raises(answering.NotFromThePage):
        answer(invitation, 5)


def test_an_answer_may_overtake_the_news_that_the_mail_was_sent(
    invitation: Invitation, deliver: Callable[[], None]
) -> None:
    mailing.send_due()
    Invitation.objects.update(queued_at=clock.now() - timedelta(minutes=1))
    answer(invitation, 5)
    deliver()
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.ANSWERED and invitation.sent_at is not None
    assert Event.objects.filter(verb="survey.sent").count() == 1


def test_a_low_score_marks_the_ticket_and_a_later_good_one_clears_it(asked: Invitation) -> None:
    answer(asked, 1)
    assert Ticket.objects.get(pk=asked.ticket_id).low_score == 1
    answer(asked, 2)
    assert Ticket.objects.get(pk=asked.ticket_id).low_score == 2
    answer(asked, 3)
    assert Ticket.objects.get(pk=asked.ticket_id).low_score is None


def test_the_last_person_to_answer_before_the_resolution_is_rated_and_others_make_it_shared(
    ticket: Ticket,
    ana: Agent,
    chloe: Agent,
    survey,
    settle,
    deliver,  # type: ignore[no-untyped-def]
) -> None:
    replying.reply(ticket, text="Looking into it.", actor=chloe)
    replying.reply(ticket, text="It left on Monday.", actor=ana)
    status.resolve(ticket, actor=chloe)
    settle()
    mailing.send_due()
    deliver()
    replying.reply(ticket, text="One more thing.", actor=chloe)
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        response = answer(Invitation.objects.get(), 4)
    assert (response.agent, response.is_shared) == (ana, True)


def test_opting_out_twice_is_opting_out_once(asked: Invitation, verbs) -> None:  # type: ignore[no-untyped-def]
    assert answering.opt_out(asked) == answering.opt_out(asked)
    assert verbs(asked.ticket).count("survey.opted_out") == 1
