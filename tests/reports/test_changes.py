"""A change is said with its interval, and only a clear one is called one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.counting import changes
from reports.metrics.loyalty import nps


def test_a_clear_change_says_by_how_much_and_between_what():
    found = changes.share_change((60, 100), (85, 100))
    assert found.is_clear and found.is_better
    assert found.said == "before 60\u00a0%, now +25 points (+13 to +36 points)"
    worse = changes.share_change((85, 100), (60, 100), compare="year")
    assert worse.is_clear and worse.is_better is False and worse.said.startswith("a year ago 85\u00a0%, now −25 points")


def test_a_change_within_chance_is_no_clear_change():
    found = changes.share_change((70, 90), (66, 78))
    assert not found.is_clear and found.is_better is None
    assert found.said == "before 78\u00a0%, no evidence of change (−5 to +18 points)"


def test_too_few_answers_on_either_side_give_nothing_away():
    assert changes.share_change((3, 4), (66, 78), smallest=5).before is None
    assert changes.share_change((66, 78), (3, 4), smallest=5) is None
    assert changes.nps_change(nps([9] * 4), nps([9] * 50)).difference is None
    assert changes.mean_change([(5, 4)], [(5, 20)], say=str).before is None


@given(st.integers(0, 3000))
def test_a_count_does_not_differ_from_itself(n):
    found = changes.count_change(n, n)
    assert found.difference == 0 and not found.is_clear and found.low <= 0 <= found.high


def test_counts_are_taken_as_poissons():
    low, high = changes.poisson_interval(10)
    assert (low, high) == pytest.approx((4.7954, 18.3904), abs=1e-3)  # Garwood's table
    assert changes.poisson_interval(0) == pytest.approx((0, 3.6889), abs=1e-3)
    assert changes.count_change(100, 160).is_clear and not changes.count_change(10, 16).is_clear


@pytest.mark.parametrize(("n", "ranks"), [(5, None), (6, (0, 5)), (10, (1, 8)), (25, (7, 17)), (100, (39, 60))])
def test_the_interval_of_a_median_is_that_of_the_tables(n, ranks):
    assert changes.median_ranks(n) == ranks


@given(st.lists(st.integers(0, 10**6), min_size=6, max_size=60))
def test_the_interval_of_a_median_is_scipys(values):
    from scipy.stats import quantile_test

    expected = quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    assert tuple(changes.median_interval(sorted(values))) == pytest.approx((expected.low, expected.high))


def test_medians_that_differ_clearly_say_so_in_time():
    fast, slow = sorted(range(600, 1200, 6)), sorted(range(3600, 7200, 36))
    found = changes.median_change(slow, fast)
    assert found.is_clear and found.is_better and "before 1 h 30 min, now −1 h 15 min" in found.said
    assert changes.median_change([60, 90], [600, 900]).said == "before 1 min; too few to say whether it changed"


def test_means_are_compared_by_welchs_interval():
    found = changes.mean_change([(4, 30), (5, 30)], [(6, 30), (7, 30)], say=lambda value: f"{value:.1f}")
    assert (
        found.difference == 2 and found.is_clear and found.is_better and found.said.startswith("before 4.5, now +2.0")
    )


def test_nine_points_of_nps_are_noise_at_a_hundred_answers():
    before, after = nps([10] * 40 + [8] * 40 + [3] * 20), nps([10] * 45 + [8] * 39 + [3] * 16)
    assert changes.nps_change(before, after).is_clear is False
