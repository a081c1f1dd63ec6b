"""When tickets come in, and how long the house takes: seasons, weekdays, hours of the day, and one bad week.

Pure arithmetic on a period; the same ticket always comes at the same moment.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HOME = ZoneInfo("Europe/Berlin")

_MONTHS = (
    0.72,
    0.8,
    1.0,
    1.22,
    1.3,
    1.22,
    1.02,
    0.92,
    1.0,
    0.92,
    1.12,
    1.08,
)  # bicycles are for spring, presents for December
_WEEKDAYS = (1.4, 1.2, 1.1, 1.02, 0.95, 0.6, 0.62)
_HOURS = (
    0.12,
    0.07,
    0.05,
    0.05,
    0.07,
    0.15,
    0.4,
    0.85,
    1.45,
    1.8,
    1.85,
    1.65,
    1.35,
    1.4,
    1.5,
    1.45,
    1.35,
    1.2,
    1.1,
    1.15,
    1.2,
    1.0,
    0.6,
    0.3,
)
#: how much more comes in during the bad week, how much slower everything is, and how it heals
BAD_VOLUME, BAD_DELAY = 2.3, 7.0
_HEALING = timedelta(days=9)
_MASK = (1 << 64) - 1


class Rhythm:
    """The moments of a period at which tickets come in, as fractions of all that do."""

    def __init__(self, until: datetime, days: int) -> None:
        self.until = until
        self.start = until - timedelta(days=days)
        self.bad_week = bad_week(self.start, until)
        self._starts: list[float] = []
        self._passed: list[float] = [0.0]
        moment, total = self.start, 0.0
        span = (until - self.start).total_seconds()
        while moment < until:
            end = min(moment + timedelta(hours=1), until)
            total += self.intensity(moment) * (end - moment).total_seconds()
            self._starts.append((moment - self.start).total_seconds() / span)
            self._passed.append(total)
            moment = end
        self._starts.append(1.0)

    def intensity(self, at: datetime) -> float:
        """How much comes in at this moment, beside an average one."""
        local = at.astimezone(HOME)
        month = local.month - 1
        into = (local.day - 1) / 31
        season = _MONTHS[month] * (1 - into) + _MONTHS[(month + 1) % 12] * into
        growth = 0.85 + 0.3 * (at - self.start) / (self.until - self.start)
        weather = 0.8 + 0.4 * scatter(local.toordinal(), 0)  # no two days are alike
        return (
            weather
            * season
            * growth
            * _WEEKDAYS[local.weekday()]
            * _HOURS[local.hour]
            * (BAD_VOLUME if self.is_bad(at) else 1)
        )

    def moment(self, fraction: float) -> datetime:
        """The moment by which this fraction of all tickets has come in."""
        wanted = fraction * self._passed[-1]
        i = min(bisect_right(self._passed, wanted), len(self._passed) - 1) - 1
        width = self._passed[i + 1] - self._passed[i]
        within = (wanted - self._passed[i]) / width if width else 0.0
        share = self._starts[i] + within * (self._starts[i + 1] - self._starts[i])
        return self.start + (self.until - self.start) * share

    def fraction(self, at: datetime) -> float:
        """Which fraction of all tickets has come in by then."""
        share = min(max((at - self.start) / (self.until - self.start), 0.0), 1.0)
        i = min(bisect_right(self._starts, share), len(self._starts) - 1) - 1
        within = (share - self._starts[i]) / ((self._starts[i + 1] - self._starts[i]) or 1)
        return (self._passed[i] + within * (self._passed[i + 1] - self._passed[i])) / self._passed[-1]

    def is_bad(self, at: datetime) -> bool:
        """Whether it is the bad week."""
        return self.bad_week is not None and self.bad_week <= at < self.bad_week + timedelta(days=7)

    def strain(self, at: datetime) -> float:
        """How much slower answers are at this moment: the bad week and its aftermath, and the days just now."""
        strain = 1.0
        if self.bad_week is not None and self.bad_week <= at:
            over = max(at - self.bad_week - timedelta(days=7), timedelta())
            if over < _HEALING:
                strain += (BAD_DELAY - 1) * (1 - over / _HEALING)
        left = self.until - at
        if left < timedelta(days=4):
            strain += 2.5 * (1 - left / timedelta(days=4))
        return strain


def bad_week(start: datetime, until: datetime) -> datetime | None:
    """The Monday of the second full week of March within the period, if there is one."""
    for year in (until.year, until.year - 1):
        first = date(year, 3, 1)
        monday = first + timedelta(days=(7 - first.weekday()) % 7 + 7)
        at = datetime(monday.year, monday.month, monday.day, tzinfo=HOME).astimezone(UTC)
        if start <= at and at + timedelta(days=7) <= until:
            return at
    return None


def scatter(seed: int, number: int) -> float:
    """A fraction in [0, 1) that depends on both and on nothing else (SplitMix64), for drawing without a history."""
    z = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)
