"""Signals are told from chance by limits that were fixed before, and alarms are raised once."""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from reports.counting import daily
from reports.counting.control import Point, judge_days, judge_shares
from reports.models import Annotation, StayFacts, TicketFacts
from reports.pages import find
from reports.reading import Filter

MONDAY = date(2026, 1, 5)


def days(values, first=MONDAY):
    return [Point(first + timedelta(days=i), value) for i, value in enumerate(values)]


def usual(n, *, of_weekday=lambda weekday: 100, seed=1):
    rng = random.Random(seed)
    return [of_weekday((MONDAY + timedelta(days=i)).weekday()) + rng.choice((-3, -1, 1, 3)) for i in range(n)]


def rules(judged):
    return [(one.place, one.rule) for one in judged.signals]


def test_a_point_outside_the_limits_is_a_signal_with_its_rule():
    values = usual(60)
    values[58] = 150
    assert rules(judge_days(days(values), 56)) == [(58, "above")]
    values[58] = 20
    assert rules(judge_days(days(values), 56)) == [(58, "below")]


def test_a_quiet_weekend_is_no_signal_when_every_weekend_is_quiet():
    judged = judge_days(days(usual(84, of_weekday=lambda day: 5 if day > 4 else 100)), 56)
    assert judged.is_judged and judged.judged == 28 and rules(judged) == []
    saturday = next(
        limit for point, limit in zip(judged.points, judged.limits, strict=True) if point.day.weekday() == 5
    )
    assert saturday.low >= 0 and saturday.high < 30


def test_of_eight_in_a_row_only_the_eighth_is_told():
    values = usual(56) + [102] * 12
    assert "run_above" in {rule for _place, rule in rules(judge_days(days(values), 56))}
    assert len(rules(judge_days(days(values), 56))) == 1


def test_what_happens_in_the_period_does_not_move_its_own_limits():
    calm, wild = usual(56) + [100] * 10, usual(56) + [1000] * 10
    limits = [judge_days(days(values), 56).limits[:56] for values in (calm, wild)]
    assert limits[0] == limits[1]


def test_fewer_than_twenty_points_before_carry_no_limits():
    judged = judge_days(days([None] * 40 + [10.0] * 19 + [500.0]), 59)
    assert not judged.is_judged and judged.judged == 0 and not judged.signals and not judged.expected_by_chance


def test_days_without_a_value_are_no_points():
    values = usual(60)
    values[57] = values[30] = None
    judged = judge_days(days(values), 56)
    assert judged.limits[57] is None and judged.judged == 3


def test_shares_of_weeks_are_judged_by_their_size():
    weeks = [(MONDAY + timedelta(weeks=i), 80 + (i % 3 - 1), 100) for i in range(26)]
    few = judge_shares([*weeks, (MONDAY + timedelta(weeks=26), 5, 10)], 26)
    many = judge_shares([*weeks, (MONDAY + timedelta(weeks=26), 500, 1000)], 26)
    assert rules(few) == [] and rules(many) == [(26, "below")]
    assert judge_shares([*weeks[:19], (MONDAY, 1, 100)], 19).is_judged is False


def test_the_number_of_false_alarms_to_expect_grows_with_the_points():
    judged = judge_days(days(usual(156)), 56)
    assert judged.expected_by_chance == pytest.approx(100 * (0.0027 + 2 / 256))


@pytest.fixture
def spring(inbox):
    """Ten tickets a day at Support since January, eleven or nine by turns, and forty on 20 April."""
    rows = []
    for i in range(111):
        day = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=i)
        n = 40 if day.date() == date(2026, 4, 20) else 9 + 2 * (i % 2)
        rows += [(day, j) for j in range(n)]
    TicketFacts.objects.bulk_create(
        TicketFacts(
            ticket=1_000_000 + k, folded_to=1, klass="counted", in_volume=True, in_quality=True, is_contact=True,
            is_open=False, awaits_first_reply=False, channel="email", inbox=inbox.pk, initiated_by="customer",
            contacts=1, created_at=day, started_at=day, first_reply_at=day + timedelta(minutes=60 + j),
            frt_s=3600 + 60 * j, last_event_at=day, status="resolved", status_since=day, new_s=0, open_s=0,
            pending_s=0, on_hold_s=0,
            unanswered_at_solve=0, incoming=1, automated_incoming=0, outgoing=1, replies=1,
            replies_before_first_resolution=1, automated_replies=0, notes=0, handoffs=0, reopens=0, net_reopens=0,
            detail={},
        )
        for k, (day, j) in enumerate(rows)
    )  # fmt: skip
    with time_machine.travel(datetime(2026, 4, 22, 6, tzinfo=UTC), tick=False):
        yield


def test_the_page_names_the_day_and_the_rule_and_says_where_nothing_changed(spring, chloe, inbox, as_agent):
    Annotation.objects.create(day=date(2026, 4, 20), text="The newsletter went out", inbox=inbox)
    asked = {"from": "2026-04-01", "to": "2026-04-21", "zone": "UTC"}
    html = as_agent(chloe).get(reverse("report", args=["changes"]), asked).content.decode()
    assert "More than the usual up and down: New tickets a day (1 signal, the last on Apr 20, above the limits" in html
    assert "chance alone gives about" in html and "chart-signal" in html and ">above</text>" in html
    assert html.count("The newsletter went out") >= 2
    assert "no evidence of change" in html and "Not judged: there are fewer than 20 points" in html
    text = as_agent(chloe).get(reverse("report_csv", args=["changes"]), asked).content.decode()
    assert re.search(r"2026-04-20,40\.0,[\d.]+,[\d.]+,above,The newsletter went out", text)


def test_it_says_in_one_sentence_that_nothing_changed_and_compares_with_nothing(spring, chloe, inbox, as_agent):
    asked = {"from": "2026-04-01", "to": "2026-04-18", "zone": "UTC", "compare": "before"}
    html = as_agent(chloe).get(reverse("report", args=["changes"]), asked).content.decode()
    assert re.search(r"No evidence of change in any of the \d figures that are watched\.", html)
    assert "compared with" not in html and '<select name="compare"' not in html
    assert '<input type="hidden" name="compare" value="before"' in html  # for the other pages


def test_the_backlog_is_what_was_unsolved_at_the_end_of_each_day(inbox):
    moments = [("2026-04-01T10", "2026-04-03T10"), ("2026-04-02T10", None), ("2026-04-02T11", "2026-04-02T12"),
               ("2026-03-20T10", "2026-04-04T10"), ("2026-04-06T10", None)]  # fmt: skip
    StayFacts.objects.bulk_create(
        StayFacts(ticket=i, number=1, entered_by="created", inbox=inbox.pk, started_at=entered, entered_at=entered,
                  left_at=left, left_by="solved" if left else None)
        for i, (entered, left) in enumerate(
            [tuple(datetime.fromisoformat(f"{one}:00+00:00") if one else None for one in pair) for pair in moments])
    )  # fmt: skip
    chosen = Filter(date(2026, 4, 1), date(2026, 4, 5), "UTC", (inbox.pk,))
    with time_machine.travel(datetime(2026, 4, 10, tzinfo=UTC), tick=False):
        assert [point.value for point in daily.backlog(chosen)] == [2, 3, 2, 1, 1]


def test_what_is_usual_is_read_anew_once_the_past_was_written_anew(spring, inbox):
    chosen = Filter(date(2026, 4, 15), date(2026, 4, 20), "UTC", (inbox.pk,))
    [created] = [one for one in daily.WATCHED if one.key == "created"]
    before = created.judge(chosen, date(2026, 4, 21)).points[0].value
    TicketFacts.objects.filter(created_at__date=date(2026, 2, 18)).delete()
    assert created.judge(chosen, date(2026, 4, 21)).points[0].value == before > 0
    daily.forget_usual()
    assert created.judge(chosen, date(2026, 4, 21)).points[0].value == 0


def test_the_page_of_nothing_says_that_it_cannot_tell(chloe, as_agent):
    html = as_agent(chloe).get(reverse("report", args=["changes"])).content.decode()
    assert "not enough days before this period" in html


def test_the_page_costs_a_fixed_number_of_queries(spring, chloe, django_assert_num_queries):
    from reports.forms import FilterForm

    form = FilterForm(chloe, {"from": "2026-04-01", "to": "2026-04-21", "zone": "UTC"})
    chosen = form.is_valid() and form.filter
    with django_assert_num_queries(14):
        found = find("changes").build(chosen)
    with django_assert_num_queries(8):  # the baseline is fixed, and read once an hour
        again = find("changes").build(chosen)
    assert [chart.rows for chart in again.charts()] == [chart.rows for chart in found.charts()]


def test_of_a_long_period_the_last_days_are_judged_and_the_page_says_so(chloe):
    from reports.forms import FilterForm

    form = FilterForm(chloe, {"from": "2025-01-01", "to": "2025-12-31", "zone": "UTC"})
    assert form.is_valid()
    report = find("changes").build(form.filter)
    assert "last 98 days" in " ".join(report.basis)
    assert len(next(report.charts()).rows) == 98
