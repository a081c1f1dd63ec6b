"""What agents see of surveys: on the row, beside the ticket, and between the messages."""

from datetime import timedelta

import pytest
import time_machine
from django.template.loader import render_to_string

from feedback import nonces, panels
from feedback.models import Invitation, InvitationState, Reason, Survey
from feedback.operations import answering
from helpdesk import clock
from helpdesk.models import Agent
from tickets import activity, registry
from tickets.models import Inbox, Ticket


def answer(invitation: Invitation, score: int, comment: str = "") -> None:
    answering.respond(invitation, nonce=nonces.make(invitation), score=score, comment=comment)


def shown(ticket: Ticket, agent: Agent) -> str:
    panel = next(p for p in registry.panels(ticket, agent) if p.template == "feedback/_panel.html")
    return render_to_string(panel.template, panel.context)


def test_a_low_score_is_on_the_row_without_asking_the_database(
    asked: Invitation,
    django_assert_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    answer(asked, 2)
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    with django_assert_num_queries(0):
        badges = registry.badges(ticket)
    assert [(badge.text, badge.tone) for badge in badges] == [("Rated 2", "bad")]
    answer(asked, 5)
    assert registry.badges(Ticket.objects.get(pk=asked.ticket_id)) == []


def test_the_panel_shows_the_answer_in_words(asked: Invitation, ana: Agent) -> None:
    answer(asked, 1, "<i>Never</i> again")
    page = shown(asked.ticket, ana)
    assert "1 of 5, very dissatisfied" in page and "&lt;i&gt;Never" in page and "helped by Ana Silva" in page


def test_a_ticket_nobody_was_asked_about_has_no_panel(ticket: Ticket, ana: Agent) -> None:
    assert not [p for p in registry.panels(ticket, ana) if p.template == "feedback/_panel.html"]


@pytest.mark.parametrize("state", list(InvitationState))
def test_every_state_has_words(invitation: Invitation, ana: Agent, state: InvitationState) -> None:
    invitation.state, invitation.reason = state, Reason.BOUNCING
    words = panels.state_in_words(invitation)
    assert words and "%(" not in words
    if state == InvitationState.SUPPRESSED:
        assert words == "The customer was not asked: the address does not take mail."


def test_the_activity_tells_the_survey_in_sentences(asked: Invitation) -> None:
    answer(asked, 1, "Slow")
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        answer(asked, 5, "")
    answering.opt_out(asked)
    from helpdesk.events import history

    lines = [line.sentence for line in activity.told(history(asked.ticket_id)) if line.verb.startswith("survey.")]
    assert lines == [
        "The customer will be asked how it was",
        "The customer was asked how it was",
        "The customer rated the help 1 of 5",
        "The customer commented on their rating",
        "The customer changed their rating to 5 of 5",
        "The customer took back the comment on their rating",
        "The customer wants no more surveys",
    ]
    told = registry.sentence("survey.suppressed")
    assert told and told({"reason": "bulk"}) == "The customer is not asked how it was: resolved together with others"


def test_an_asking_is_seen_where_its_ticket_or_its_sender_is_and_no_other_ticket_is_read_for_that(
    invitation: Invitation, inbox: Inbox, billing: Inbox, ana: Agent, ben: Agent, lou: Agent, admin: Agent
) -> None:
    def by_the_calendar(sender: Inbox | None) -> Invitation:
        survey = Survey.objects.create(name=f"NPS of {sender}", kind="nps", every_days=90, sends_from=sender)
        return Invitation.objects.create(
            survey=survey, customer=invitation.customer, occasion_id=1, occasion_at=clock.now(),
            recipient="dora@customer.example", due_at=clock.now(), expires_at=clock.now(),
        )  # fmt: skip

    ours, theirs, nobodys = by_the_calendar(inbox), by_the_calendar(billing), by_the_calendar(None)
    left, bound = (Agent.objects.get(pk=one.pk) for one in (ana, admin))
    left.is_active, bound.limited_to = False, frozenset([billing.pk])
    for agent, expected in (
        (ana, {invitation, ours}), (lou, {invitation, ours}), (ben, {theirs}), (admin, {invitation, ours, theirs}),
        (left, set()), (bound, {theirs}),
    ):  # fmt: skip
        seen = Invitation.objects.visible_to(agent)
        assert set(seen) == expected and nobodys not in expected
        if expected:
            assert 'FROM "tickets_ticket"' not in str(seen.query)
