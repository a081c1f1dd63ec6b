"""Quiet hours hold by the clock on the agent's wall, over midnights, weekends and the nights the clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.models import Agent
from helpdesk.quiet import is_quiet, next_loud

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
    "Africa/Casablanca", "America/Santiago",
)  # fmt: skip
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
agents = st.builds(
    lambda zone, begins, ends, weekends: Agent(
        zone=zone, quiet_from=begins, quiet_until=ends, quiet_weekends=weekends
    ),
    st.sampled_from(ZONES), st.none() | times, times, st.booleans(),
)  # fmt: skip
#: the nights around changes of clocks of 2026 among them
instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@given(agents, instants, st.floats(0, 1))
def test_the_next_loud_instant_is_loud_and_the_first(agent: Agent, at: datetime, part: float) -> None:
    loud = next_loud(agent, at)
    assert loud >= at and not is_quiet(agent, loud) and loud - at <= timedelta(days=4)
    assert next_loud(agent, loud) == loud
    assert (loud == at) == (not is_quiet(agent, at))
    between = at + (loud - at) * part
    if at <= between < loud:
        assert is_quiet(agent, between)


@pytest.mark.parametrize(
    ("begins", "ends", "at", "loud"),
    [
        # over midnight, in winter and in summer
        (time(22), time(7), "2026-01-05T22:30+01:00", "2026-01-06T07:00+01:00"),
        (time(22), time(7), "2026-07-06T02:00+02:00", "2026-07-06T07:00+02:00"),
        # the night the clocks go forward: 02:30 is skipped, and quiet ends where it would have been
        (time(22), time(2, 30), "2026-03-29T01:59+01:00", "2026-03-29T03:00+02:00"),
        # and the night they go back: 02:30 comes twice, and quiet ends with the first
        (time(22), time(2, 30), "2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),
        (time(12), time(13), "2026-01-05T12:00+01:00", "2026-01-05T13:00+01:00"),
        (time(12), time(13), "2026-01-05T13:00+01:00", "2026-01-05T13:00+01:00"),
    ],
)
def test_by_the_clock_on_the_wall(begins, ends, at, loud):
    agent = Agent(zone="Europe/Berlin", quiet_from=begins, quiet_until=ends)
    assert next_loud(agent, datetime.fromisoformat(at)) == datetime.fromisoformat(loud)


def test_a_weekend_ends_on_monday_when_the_night_does():
    agent = Agent(zone="Europe/Berlin", quiet_from=time(18), quiet_until=time(8), quiet_weekends=True)
    friday = datetime.fromisoformat("2026-03-27T19:00+01:00")
    assert next_loud(agent, friday) == datetime.fromisoformat("2026-03-30T08:00+02:00")
    agent.quiet_from = agent.quiet_until = None
    assert next_loud(agent, friday) == friday
    assert next_loud(agent, friday + timedelta(days=1)) == datetime.fromisoformat("2026-03-30T00:00+02:00")


def test_a_zone_nobody_knows_is_utc():
    agent = Agent(zone="Mars/Olympus", quiet_from=time(1), quiet_until=time(2))
    assert is_quiet(agent, datetime(2026, 1, 5, 1, 30, tzinfo=UTC))
