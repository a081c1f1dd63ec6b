"""Percentiles, intervals, survival and charts against independent definitions."""

import math
import statistics as stdlib
from fractions import Fraction
from random import Random

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from reports.counting import statistics
from reports.counting.statistics import Interval, kaplan_meier, newcombe, percentile, percentiles, student_t, wilson
from reports.ledger import columns
from reports.metrics import loyalty, satisfaction

numbers = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=40)


@given(numbers, st.integers(0, 100))
def test_a_percentile_interpolates_between_its_two_neighbours(values, p):
    ordered = sorted(values)
    place = Fraction(p, 100) * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    expected = low + (place - math.floor(place)) * (high - low)
    assert percentile(values, p / 100) == pytest.approx(float(expected), rel=1e-9, abs=1e-3)


@given(numbers)
def test_the_middle_percentile_is_the_median_and_the_ends_are_the_ends(values):
    assert percentile(values, 0.5) == pytest.approx(stdlib.median(values))
    assert (percentile(values, 0), percentile(values, 1)) == (min(values), max(values))


def test_nothing_of_nothing_is_unknown():
    assert percentile([], 0.5) is None
    assert statistics.percentiles([None, None]) == statistics.Percentiles(0, None, None, None)
    assert statistics.share(0, 0) is None
    assert wilson(0, 0) is None
    assert newcombe(0, 0, 1, 2) is None
    assert satisfaction.csat({}).share is None
    assert satisfaction.response_rate(0, 0).rate is None
    assert loyalty.nps([]).score is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_solves_its_equation(k, n):
    k = min(k, n)
    interval = wilson(k, n)
    assert interval is not None
    assert 0 <= interval.low <= k / n <= interval.high <= 1
    for bound in interval:
        if 0 < bound < 1:
            z = abs(k / n - bound) / math.sqrt(bound * (1 - bound) / n)
            assert z == pytest.approx(1.959964, rel=1e-5)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (3, 7), (41, 50), (0, 200), (9_000, 10_000)])
def test_wilson_is_that_of_statsmodels(k, n):
    from statsmodels.stats.proportion import proportion_confint

    assert tuple(wilson(k, n)) == pytest.approx(proportion_confint(k, n, method="wilson"))


def test_newcombe_turns_round_with_its_sides():
    there, back = newcombe(70, 90, 66, 78), newcombe(66, 78, 70, 90)
    assert there is not None and back is not None
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062047), (2, 4.30265273), (9, 2.26215716), (29, 2.04522964), (1000, 1.96233908)]
)
def test_students_t_matches_the_tables(freedom, quantile):
    assert student_t(0.975, freedom) == pytest.approx(quantile, rel=1e-7)
    assert student_t(0.025, freedom) == pytest.approx(-quantile, rel=1e-7)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_without_censoring_survival_is_the_share_still_running(times):
    curve = kaplan_meier((time, True) for time in times)
    for time in range(60):
        assert curve.left_at(time) == pytest.approx(sum(other > time for other in times) / len(times))
    assert curve.mean_up_to(60) == pytest.approx(sum(times) / len(times))


def test_a_curve_that_stays_above_half_has_no_median():
    curve = kaplan_meier([(1, True), (5, False), (6, False), (7, False)])
    assert curve.median is None
    assert curve.censored == 3
    assert curve.interval_at(0.5) is None


def test_endings_come_before_censoring_at_the_same_instant():
    assert kaplan_meier([(4, True), (4, False)]).steps[0].at_risk == 2


def test_a_point_on_the_limit_is_no_signal_and_the_centre_breaks_a_run():
    chart = statistics.xmr([1, 3] * 6 + [2] + [2.5] * 7)
    assert chart is not None
    assert chart.outside == ()
    chart = statistics.xmr([1, 3] * 6 + [2.5] * 4 + [2] + [2.5] * 7, baseline=12)
    assert chart is not None
    assert chart.run_of_8 == ()


def test_a_share_chart_widens_where_few_answered():
    chart = statistics.p_chart([(8, 10), (80, 100), (0, 0)])
    assert chart is not None
    assert chart.limits[0] is not None and chart.limits[1] is not None
    assert chart.limits[0].low < chart.limits[1].low
    assert chart.limits[2] is None


def test_a_regression_that_cannot_converge_has_no_answer():
    assert statistics.logistic([([1.0, 1.0], 10, 10), ([1.0, 0.0], 0, 10)]) is None
    assert statistics.logistic([]) is None


def test_answers_of_the_same_customer_widen_the_interval():
    rows = [([1.0, float(i % 2)], int(i % 5 > 0) if i % 2 else int(i % 3 > 0), 1) for i in range(60)]
    alone, thrice = statistics.logistic(rows), statistics.logistic(rows * 3)
    same = statistics.logistic(rows * 3, clusters=[i for _ in range(3) for i in range(60)])
    assert thrice.standard_errors[1] < 0.7 * alone.standard_errors[1]
    assert same.coefficients == pytest.approx(alone.coefficients)
    assert same.standard_errors[1] == pytest.approx(alone.standard_errors[1], rel=0.05)


def test_one_stratum_pools_to_its_own_odds_ratio():
    found = statistics.mantel_haenszel([statistics.Stratum(20, 10, 15, 30)])
    assert found.pooled == pytest.approx(4.0)
    assert found.crude == pytest.approx(4.0)
    assert found.is_clear


def test_superiority_of_equals_is_a_half():
    assert statistics.superiority([(5, 3), (1, 2)], [(5, 3), (1, 2)]) == pytest.approx(0.5)


# ---------------------------------------------------------------------- what customers said


def test_scores_may_be_counted_or_listed():
    assert satisfaction.csat([5, 5, 4, 1]) == satisfaction.csat({5: 2, 4: 1, 1: 1})


@pytest.mark.parametrize("scores", [[0], [6], {7: 1}])
def test_a_score_off_the_scale_is_refused(scores):
    with pytest.raises(ValueError, match="scale"):
        satisfaction.csat(scores)


def test_zero_dissatisfied_is_not_certainty():
    found = satisfaction.csat([5] * 8)
    assert found.high == 1.0
    assert found.low is not None and found.low < 0.7


def test_a_single_hidden_group_hides_another():
    assert satisfaction.suppressed({"a": 3, "b": 20, "c": 9}) == {"a": "primary", "b": None, "c": "complementary"}
    assert satisfaction.suppressed({"a": 3, "b": 2, "c": 9}) == {"a": "primary", "b": "primary", "c": None}
    assert satisfaction.suppressed({"a": 5, "b": 6}) == {"a": None, "b": None}


def test_all_passive_has_a_width():
    found = loyalty.nps([7, 8] * 10)
    assert found.score == 0
    assert found.wald == Interval(0, 0)
    assert found.adjusted is not None and found.adjusted.low < 0 < found.adjusted.high


@pytest.mark.django_db
def test_columns_out_of_the_database_have_the_percentiles_of_the_published_function():
    chance = Random(4)
    for n in (0, 1, 2, 5, 400):
        seconds = [chance.choice([0, 60, chance.randrange(10**7)]) for _ in range(n)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(int8send(s), ''::bytea) FROM unnest(%s::bigint[]) AS s", [seconds])
            (packed,) = cursor.fetchone()
        read = columns.unpack(packed)
        assert columns.percentiles(read) == percentiles(seconds)
        parts = [columns.unpack(packed), columns.unpack(None), columns.unpack(packed)]
        assert columns.percentiles(columns.together(parts)) == percentiles(seconds * 2)
