"""Quality reviews: drawn by lot so that everybody is seen, graded by a lead, and the agent's first."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import quality
from feedback.models import QualityPlan, QualityReview
from feedback.operations import reviewing
from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail
from tickets.models import Ticket
from tickets.operations import replying, status
from tickets.operations.status import NotPossible

GOOD = {"clear": 4, "correct": 3, "complete": 4, "kind": 4}


@given(
    st.dictionaries(st.integers(1, 8), st.integers(0, 12), max_size=6),
    st.dictionaries(st.integers(1, 8), st.integers(0, 5)), st.integers(0, 30), st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_lot_gives_everybody_their_turn_before_anybody_a_second(sizes, times, most, chance):
    theirs = {agent: [agent * 100 + n for n in range(size)] for agent, size in sizes.items()}
    drawn = reviewing.choose(theirs, times, most, chance)
    assert len(drawn) == min(most, sum(sizes.values()))
    assert len({number for number, _agent in drawn}) == len(drawn)
    assert all(number in theirs[agent] for number, agent in drawn)
    had = Counter(agent for _number, agent in drawn)
    for agent, size in sizes.items():
        if had[agent] < size:  # there were more of theirs to draw, so nobody is more than one ahead of them
            mine = times.get(agent, 0) + had[agent]
            assert all(times.get(other, 0) + n - 1 <= mine for other, n in had.items())


@pytest.fixture
def drawn(ticket, ana, inbox, settle) -> QualityReview:
    replying.reply(ticket, text="It left on Monday.", actor=ana)
    status.resolve(ticket, actor=ana)
    settle()
    monday = reviewing.week_of(inbox, clock.now())
    before = datetime.combine(monday, datetime.min.time(), UTC) - timedelta(days=2)
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=before)
    plan = QualityPlan.objects.create(inbox=inbox, per_week=3)
    assert reviewing.draw(plan) == 1
    assert reviewing.draw(plan) == 0  # once a week, however often the clock comes
    return QualityReview.objects.get()


def test_a_ticket_is_drawn_with_whoever_answered_it_last(drawn, ticket, ana, send_mail_in, inbox):
    assert (drawn.ticket, drawn.agent, drawn.reviewed_at) == (ticket, ana, None)
    other = send_mail_in(mail(Message_ID="<2@customer.example>")).said.ticket
    Ticket.objects.filter(pk=other.pk).update(status="resolved", resolved_at=drawn.ticket.created_at)
    QualityPlan.objects.update(drawn_for=None)
    assert reviewing.draw(QualityPlan.objects.get()) == 0  # nobody answered it, and the first is drawn already


def test_a_lead_reviews_the_agent_sees_it_first_and_then_figures_hold_it(drawn, ana, chloe, ben):
    for nobody in (ana, ben):
        with pytest.raises(NotPossible):
            reviewing.review(drawn, grades=GOOD, actor=nobody)
    assert list(quality.waiting(chloe)) == [drawn]
    reviewing.review(drawn, grades=GOOD, comment="Warm", actor=chloe)
    assert not quality.counting().exists()
    assert quality.counting(besides=ana.pk).exists()
    assert quality.counting(at=clock.now() + timedelta(days=8)).exists()
    reviewing.see(drawn, actor=chloe)
    assert not quality.counting().exists()
    reviewing.see(drawn, actor=ana)
    assert quality.counting().get() == drawn
    with pytest.raises(NotPossible):
        reviewing.review(drawn, grades={**GOOD, "kind": 1}, actor=chloe)
    reviewing.reply(drawn, text="Thank you", actor=ana)
    verbs = Event.objects.filter(verb__startswith="quality.").order_by("id").values_list("verb", flat=True)
    assert [verb.removeprefix("quality.") for verb in verbs] == ["drawn", "reviewed", "seen", "replied"]


def test_grades_are_means_with_how_many_they_are_of(drawn, chloe, ana, inbox):
    reviewing.review(drawn, grades=GOOD, actor=chloe)
    reviewing.see(drawn, actor=ana)
    start, end = clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)
    found = {one.name: one for one in quality.grades([inbox.pk], start, end)}
    assert (found["correct"].mean, found["overall"].mean, found["overall"].n) == (3, 3.75, 1)
    assert found["overall"].is_hidden
    assert quality.by_agent([inbox.pk], start, end, ana) == {ana.pk: (1, 3.75)}
    assert quality.by_agent([inbox.pk], start, end, chloe) == {ana.pk: (1, None)}


def test_the_pages_grade_and_lead_on(drawn, chloe, ana, ben, lou, as_agent):
    client = as_agent(chloe)
    assert "To review" in client.get("/feedback/quality/").content.decode()
    page = client.get(f"/feedback/quality/{drawn.pk}/").content.decode()
    assert "It left on Monday." in page and 'name="kind"' in page
    assert client.post(f"/feedback/quality/{drawn.pk}/acts", {"do": "grade", "clear": "4"}).status_code == 422
    assert as_agent(ana).get(f"/feedback/quality/{drawn.pk}/").status_code == 404  # not reviewed yet
    said = client.post(f"/feedback/quality/{drawn.pk}/acts", {"do": "grade", **GOOD, "comment": "Warm"})
    assert said["Location"] == "/feedback/quality/"
    client.post(f"/feedback/quality/{drawn.pk}/acts?do=take_back")
    client.post(f"/feedback/quality/{drawn.pk}/acts", {"do": "grade", **GOOD, "comment": "Warm"})
    assert "Warm" in as_agent(ana).get(f"/feedback/quality/{drawn.pk}/").content.decode()
    drawn.refresh_from_db()
    assert drawn.seen_at is not None
    assert as_agent(ben).get(f"/feedback/quality/{drawn.pk}/").status_code == 404
    assert as_agent(lou).get("/feedback/quality/").status_code == 404


def test_chance_is_not_a_seed_anybody_knows():
    theirs = {1: list(range(100))}
    assert len({reviewing.choose(theirs, {}, 1, random.SystemRandom())[0] for _n in range(30)}) > 1


def test_of_a_week_with_too_many_tickets_any_may_be_drawn(drawn, ticket, ana, inbox, send_mail_in, monkeypatch):
    monkeypatch.setattr(reviewing, "MOST_TICKETS", 1)
    QualityReview.objects.all().delete()
    at = Ticket.objects.get(pk=ticket.pk).resolved_at
    for number in range(3):
        other = send_mail_in(mail(Message_ID=f"<many-{number}@customer.example>")).said.ticket
        replying.reply(other, text="It left on Monday.", actor=ana)
        Ticket.objects.filter(pk=other.pk).update(status="resolved", resolved_at=at)
    seen = Counter(
        number
        for _time in range(60)
        for number in reviewing._answered(inbox.pk, at - timedelta(days=1), at + timedelta(days=1))[ana.pk]
    )
    assert len(seen) == 4 and seen.total() == 60, "not the lowest numbers alone"
