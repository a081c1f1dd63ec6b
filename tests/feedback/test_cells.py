"""Anonymous answers on the survey's page: in cells that hide everybody, and that never change once they are shown."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback import ballots
from feedback.models import Ballot, Invitation, Survey, digest_of, week_of
from feedback.operations import balloting
from helpdesk.models import Agent
from tickets.models import Inbox

TODAY = date(2026, 6, 3)


def hand_out(survey: Survey, inbox: Inbox, weeks_ago: int, scores: list[int | None]) -> None:
    week = week_of(TODAY) - timedelta(weeks=weeks_ago)
    Ballot.objects.bulk_create(
        Ballot(
            survey=survey, inbox=inbox, language="en", week=week, score=score, comment="x" if score else "",
            digest=digest_of(f"{weeks_ago} {number}"),
        )
        for number, score in enumerate(scores)
    )  # fmt: skip


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballots, "localdate", lambda: TODAY)


def test_weeks_are_joined_until_five_answered_and_show_nothing_before(survey: Survey, inbox: Inbox) -> None:
    hand_out(survey, inbox, 20, [5, 4, None])
    hand_out(survey, inbox, 19, [1, 2, 3, None])
    hand_out(survey, inbox, 18, [1])
    thin, shown = ballots.cells(survey)
    assert (shown.asked, shown.answered, shown.percent) == (7, 5, 71) and shown.is_shown
    assert [count for _score, _words, count in shown.scores] == [1, 1, 1, 1, 1] and len(shown.comments) == 5
    assert (thin.asked, thin.answered, thin.is_shown) == (1, 1, False) and not thin.scores and not thin.comments


def test_a_week_whose_links_still_work_is_in_no_cell(survey: Survey, inbox: Inbox) -> None:
    hand_out(survey, inbox, 4, [1] * 9)  # thirty days and its own week are not over
    assert ballots.cells(survey) == []
    hand_out(survey, inbox, 5, [1] * 9)
    assert [cell.answered for cell in ballots.cells(survey)] == [9]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from([None, 1, 5]), max_size=7), min_size=1, max_size=6))
def test_later_weeks_never_change_a_cell_that_was_shown(
    survey: Survey, inbox: Inbox, weeks: list[list[int | None]]
) -> None:
    Ballot.objects.all().delete()
    seen: list[tuple[date, date, int, int]] = []
    for number, scores in enumerate(weeks):
        hand_out(survey, inbox, 30 - number, scores)
        shown = [c for c in reversed(ballots.cells(survey)) if c.is_shown]
        now = [(cell.first, cell.last, cell.asked, cell.answered) for cell in shown]
        assert now[: len(seen)] == seen
        assert all(cell.answered >= 5 for cell in shown)
        seen = now


def test_the_page_of_the_survey_shows_them(as_agent, admin: Agent, survey: Survey, inbox: Inbox) -> None:  # type: ignore[no-untyped-def]
    Survey.objects.update(is_anonymous=True)
    hand_out(survey, inbox, 20, [5, 4, 1, 1, 2, None])
    hand_out(survey, inbox, 18, [1, None])
    page = as_agent(admin).get(f"/settings/surveys/{survey.pk}/").content.decode()
    assert "5 of 6 answered (83&nbsp;%)." in page and "2 were asked; fewer than five answered." in page


def test_the_survey_changes_nothing_that_was_promised_and_no_cell_that_was_shown(survey: Survey, inbox: Inbox) -> None:
    hand_out(survey, inbox, 6, [1] * 9)
    hand_out(survey, inbox, 5, [5] * 9)
    before = [(cell.first, cell.answered) for cell in ballots.cells(survey)]
    assert len(before) == 2
    Survey.objects.update(valid_days=365)
    survey.refresh_from_db()
    assert [(cell.first, cell.answered) for cell in ballots.cells(survey)] == before, "what was shown stays"
    survey.valid_days = 1
    hand_out(survey, inbox, 2, [1] * 9)  # promised thirty days
    assert len(ballots.cells(survey)) == 2
    Ballot.objects.filter(week=week_of(TODAY) - timedelta(weeks=6)).update(valid_days=60)
    assert ballots.cells(survey) == [], "a week that is over waits for those before it: blocks only grow at their end"


def test_all_ballots_of_a_week_are_promised_the_same(invitation: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balloting, "localdate", lambda: TODAY)
    first = balloting.hand_out(invitation)
    invitation.survey.valid_days = 365
    second = balloting.hand_out(invitation)
    assert [one.last_day for one in Ballot.objects.all()] == [week_of(TODAY) + timedelta(days=36)] * 2
    monkeypatch.setattr(balloting, "localdate", lambda: TODAY + timedelta(days=35))
    assert not balloting.handed_out(first) and not balloting.handed_out(second), "nothing revives"
    assert balloting.promised(invitation.survey) == 365
