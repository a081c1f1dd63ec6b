"""Small numbers stay hidden, also from somebody who subtracts what is shown."""

from collections import Counter
from datetime import UTC, date, datetime
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import privacy, reading
from reports.counting import driving, groups
from reports.models import SurveyFacts
from reports.privacy import DIMENSIONS, hidden_cells, judge, whole_blocks
from reports.reading import Filter

CHANNELS, TEAMS, TOPICS = ("email", "chat", "phone"), (1, 2, None), ("refund", "login")
tables = st.dictionaries(
    st.tuples(st.sampled_from(CHANNELS), st.sampled_from(TEAMS), st.sampled_from(TOPICS)),
    st.integers(0, 9),
    max_size=14,
)
KEYS = ("channel", "team", "topic")


def choices():
    """Every choice of these filters that can be made."""
    options = ((None, *CHANNELS), (None, 1, 2), (None, *TOPICS))
    for values in product(*options):
        yield {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}


def chosen_of(table, choice):
    return sum(n for cell, n in table.items() if _meets(cell, choice))


def _meets(cell, choice):
    return all(cell[KEYS.index(key)] == value for key, value in choice.items())


def _shown(table, choice):
    counts = [([cell[KEYS.index(key)] for key in choice], n) for cell, n in table.items()]
    return not judge(choice, counts).hides


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_two_choices_shown_differ_by_a_few_answers(table):
    shown = [choice for choice in choices() if _shown(table, choice)]
    for narrow, wide in product(shown, shown):
        if wide.items() <= narrow.items():
            left = chosen_of(table, wide) - chosen_of(table, narrow)
            assert left == 0 or left >= 5, (narrow, wide)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_what_is_left_of_a_choice_without_the_values_shown_of_one_filter_is_nothing_or_enough(table):
    shown = [choice for choice in choices() if _shown(table, choice)]
    for wide in shown:
        for key in set(KEYS) - set(wide):
            parts = [
                narrow for narrow in shown if narrow.keys() - wide.keys() == {key} and wide.items() < narrow.items()
            ]
            left = chosen_of(table, wide) - sum(chosen_of(table, narrow) for narrow in parts)
            assert left == 0 or left >= 5, (wide, key)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_four_choices_shown_do_not_give_away_who_meets_neither_of_two_filters(table):
    shown = {tuple(sorted(choice.items())) for choice in choices() if _shown(table, choice)}
    for channel, team in product(CHANNELS, (1, 2)):
        asked = [{}, {"channel": channel}, {"team": team}, {"channel": channel, "team": team}]
        if all(tuple(sorted(one.items())) in shown for one in asked):
            whole, one, other, both = (chosen_of(table, choice) for choice in asked)
            neither = whole - one - other + both
            assert neither == 0 or neither >= 5


@given(st.dictionaries(st.integers(), st.integers(0, 12), max_size=8))
def test_hidden_cells_are_together_none_or_enough_whenever_there_is_enough(sizes):
    hidden = hidden_cells(sizes)
    assert hidden >= {key for key, n in sizes.items() if 0 < n < 5}
    left = sum(sizes[key] for key in hidden)
    assert left == 0 or left >= min(5, sum(sizes.values()))


@given(st.lists(st.integers(0, 7), max_size=20))
def test_any_two_periods_of_anonymous_answers_differ_by_nothing_or_enough(answers):
    weeks = [(date.fromordinal(738000 + 7 * i), n) for i, n in enumerate(answers)]
    sizes = dict(weeks)
    blocks = whole_blocks(weeks)
    for start, end in combinations(range(len(blocks) + 1), 2):
        assert sum(sizes[week] for block in blocks[start:end] for week in block) >= 5


# ---------------------------------------------------------------------- asked of the database


def asking(i, **more):
    when = datetime(2026, 3, 3, tzinfo=UTC)
    given = {"inbox": 1, "team": 1, "channel": "email", "topic": None} | more
    return SurveyFacts(
        event=-1 - i, kind="csat", counts=True, is_delivered=True, has_comment=False, state="answered",
        invited_at=when, sent_at=when, answered_at=when, score=5, **given,
    )  # fmt: skip


def march(**more):
    return Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=(1, 2), visible=(1, 2), **more)


@pytest.mark.django_db
def test_a_choice_that_leaves_out_a_few_answers_is_hidden_and_the_whole_is_not(django_assert_num_queries):
    SurveyFacts.objects.bulk_create([*(asking(i) for i in range(20)), asking(20, channel="chat")])
    assert not privacy.guard(march(), reading.answered).hides
    with django_assert_num_queries(1):
        found = privacy.guard(march(channel="email"), reading.answered)
    assert (found.n, found.why) == (20, "difference")
    assert privacy.guard(march(channel="chat"), reading.answered).why == "few"


@pytest.mark.django_db
def test_a_cell_that_a_wider_choice_gives_away_is_hidden_wherever_answers_are_compared(django_assert_num_queries):
    slow = {"resolution_s": 90_000}
    SurveyFacts.objects.bulk_create([
        *(asking(i) for i in range(20)), *(asking(20 + i, channel="chat", **slow) for i in range(8)),
        *(asking(30 + i, inbox=2) for i in range(9)),
        *(asking(40 + i, inbox=2, channel="chat", **slow) for i in range(2)),
    ])  # fmt: skip
    one = Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=(1,), inbox=1, visible=(1, 2))
    assert not privacy.guard(one, reading.answered).hides
    with django_assert_num_queries(1):
        assert "chat" in privacy.cells(one, reading.answered, {"channel": {"email": 20, "chat": 8}})["channel"]
    assert groups.satisfied(one, "channel", "topic").of["chat"].is_hidden, "all inboxes have ten: two are of another"
    assert 2 in driving.drivers(one).facts["resolution"].hidden
    assert not groups.satisfied(march(), "channel", "topic").of["chat"].is_hidden


@pytest.mark.django_db
def test_inboxes_somebody_may_not_see_give_nothing_away_and_hide_nothing():
    SurveyFacts.objects.bulk_create([*(asking(i) for i in range(20)), *(asking(30 + i, inbox=2) for i in range(2)),
                                     *(asking(40 + i, inbox=9) for i in range(3))])  # fmt: skip
    one = Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=(1,), inbox=1, visible=(1, 2))
    assert privacy.guard(one, reading.answered).why == "difference"
    alone = Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=(1,), inbox=1, visible=(1,))
    assert not privacy.guard(alone, reading.answered).hides


def test_every_filter_that_narrows_is_guarded():
    narrowing = {"inbox", "team", "channel", "topic"}
    assert set(DIMENSIONS) == narrowing == set(Filter.__slots__) & narrowing
    assert Counter(DIMENSIONS).most_common(1)[0][1] == 1


@pytest.mark.django_db
def test_a_team_of_one_is_its_persons_and_their_leads():
    SurveyFacts.objects.bulk_create([
        *(asking(i, team=1, agent=7) for i in range(20)),
        *(asking(20 + i, team=2, agent=8 + i % 2) for i in range(8)),
        *(asking(30 + i, team=3, agent=8 + i % 2) for i in range(30)),
    ])  # fmt: skip

    def hidden(**reader):
        shown = groups.satisfied(march(**reader), "team", "channel").of
        return {team for team, of in shown.items() if of.is_hidden}

    assert hidden(reader=9) == {1, 2}, "and never one alone, which the total would show"
    assert hidden(reader=7) == set() == hidden(reader=9, is_lead=True)
    assert privacy.guard(march(team=1, reader=9), reading.answered).why == "person"
    assert not privacy.guard(march(team=1, reader=7), reading.answered).hides
    assert not privacy.guard(march(team=1, reader=9, is_lead=True), reading.answered).hides
    assert not privacy.guard(march(team=3, reader=9), reading.answered).hides
