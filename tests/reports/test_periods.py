"""Periods of a zone: half-open, and as long as the clocks make them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import periods
from reports.periods import UNITS, containing, covering, days, label_at, period

NEW_YORK = "America/New_York"


def hours(one) -> float:
    return (one.end - one.start) / timedelta(hours=1)


def test_days_have_23_to_25_hours():
    assert [hours(period(date(2026, *day), NEW_YORK)) for day in ((3, 8), (11, 1), (6, 1))] == [23, 25, 24]


@pytest.mark.parametrize(
    ("day", "zone"),
    [((2026, 6, 1), NEW_YORK), ((2026, 3, 8), NEW_YORK), ((2026, 11, 1), NEW_YORK), ((2026, 6, 1), "Asia/Kathmandu"),
     ((2026, 4, 5), "Australia/Lord_Howe"), ((2026, 10, 4), "Australia/Lord_Howe"), ((2026, 4, 24), "Africa/Cairo")],
)  # fmt: skip
def test_the_hours_of_a_day_are_those_its_clocks_show(day, zone):
    whole, found = period(date(*day), zone), periods.hours(date(*day), zone)
    moments = [whole.start + n * timedelta(minutes=5) for n in range(int(hours(whole) * 12))]
    assert [hour for moment in moments for hour, one in found if moment in one] == [
        moment.astimezone(ZoneInfo(zone)).hour for moment in moments
    ]
    assert (found[0][1].start, found[-1][1].end) == (whole.start, whole.end)


def test_midnight_belongs_to_the_day_it_begins():
    midnight = datetime.fromisoformat("2026-02-01T00:00:00-05:00")
    assert midnight in period(date(2026, 2, 1), NEW_YORK)
    assert midnight not in period(date(2026, 1, 31), NEW_YORK)
    assert label_at(midnight, NEW_YORK, "month") == "2026-02"
    assert label_at(midnight - timedelta(seconds=1), NEW_YORK, "month") == "2026-01"


@pytest.mark.parametrize(
    ("unit", "name"),
    [("day", "2027-01-01"), ("week", "2026-W53"), ("month", "2027-01"), ("quarter", "2027-Q1"), ("year", "2027")],
)
def test_units_bear_their_names(unit, name):
    assert period(date(2027, 1, 1), "UTC", unit).label == name


def test_a_span_of_days_includes_both_ends():
    assert hours(days(date(2026, 3, 7), date(2026, 3, 9), NEW_YORK)) == 71


@given(st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.sampled_from(UNITS))
def test_every_instant_is_in_exactly_its_own_period_and_periods_adjoin(at, unit):
    for zone in (NEW_YORK, "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"):
        one = containing(at, zone, unit)
        assert at in one
        assert containing(one.end, zone, unit).start == one.end
        assert containing(one.start - timedelta(seconds=1), zone, unit).end == one.start
        assert [other.label for other in covering(one, zone, unit)] == [one.label]
