"""Quiet hours: when an agent is told nothing by mail, by push or in a corner of the page."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helpdesk.models import Agent

_SATURDAY = 5


def zone_of(agent: Agent) -> ZoneInfo:
    """The agent's zone; UTC where it is none."""
    try:
        return ZoneInfo(agent.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def is_quiet(agent: Agent, at: datetime) -> bool:
    """Whether the clock on the agent's wall says that it is quiet."""
    local = at.astimezone(zone_of(agent))
    if agent.quiet_weekends and local.weekday() >= _SATURDAY:
        return True
    begins, ends, wall = agent.quiet_from, agent.quiet_until, local.time()
    if begins is None or ends is None or begins == ends:
        return False
    return begins <= wall < ends if begins < ends else wall >= begins or wall < ends


def next_loud(agent: Agent, at: datetime) -> datetime:
    """The first instant from `at` on that is not quiet.

    Quiet ends at the hour on the wall, at a midnight after a weekend, or in the middle of an hour that the clocks skip.
    """
    if not is_quiet(agent, at):
        return at
    zone = zone_of(agent)
    today = at.astimezone(zone).date()
    ends = {time(0), agent.quiet_until or time(0)}
    instants: set[datetime] = set()
    for days in range(-1, 10):
        for end in ends:
            instants |= _instants(datetime.combine(today + timedelta(days=days), end), zone)
    return next((one for one in sorted(instants) if one > at and not is_quiet(agent, one)), at)


def _instants(wall: datetime, zone: ZoneInfo) -> set[datetime]:
    """When the wall shows this: twice in autumn; and where spring skips it, every minute in which it may have."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return {first, second}
    minutes = int((first - second) / timedelta(minutes=1))
    return {(second + timedelta(minutes=n)).replace(second=0, microsecond=0) for n in range(minutes + 2)} | {first}
