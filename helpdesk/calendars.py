"""Business hours: the open seconds between two instants, and the instant a target falls due.

Pure arithmetic on aware instants; it knows no database and no settings. A calendar is read day by day in its own
zone: a special day replaces the weekly hours, a holiday is closed, and otherwise the version in force on that local day
rules. Clock changes are handled on instants: when a wall time happens twice, a shift opens at its first occurrence and
closes at its second; when it is skipped, the shift opens or closes at the moment the clocks jump.

Instants are floored to whole seconds, so the seconds of two adjoining spans always add up to those of the whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

Interval = tuple[time, time]
Intervals = tuple[Interval, ...]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = time(0, 0)  # as a closing time it means 24:00, the end of the day
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400


@dataclass(frozen=True)
class CalendarVersion:
    """Weekly hours from a local day on; `valid_from` None means from the beginning.

    `weekly` maps a weekday (0 is Monday) to its open intervals. A closing time of 00:00 means 24:00.
    """

    valid_from: date | None
    weekly: Mapping[int, Intervals]

    @property
    def ever_opens(self) -> bool:
        return any(self.weekly.values())

    @property
    def never_closes(self) -> bool:
        return all(_covers_the_day(self.weekly.get(day, ())) for day in range(7))


@dataclass(frozen=True)
class _Index:
    """Open intervals of the local days [first, last) as seconds since the epoch, with a running total."""

    first: date
    last: date
    starts_at: int
    ends_at: int
    opens: list[int]
    closes: list[int]
    before: list[int]  # open seconds before each interval
    total: int

    def open_seconds(self, moment: int) -> int:
        """The open seconds from the first indexed day to `moment`."""
        i = bisect_right(self.opens, moment) - 1
        if i < 0:
            return 0
        close = self.closes[i]
        return self.before[i] + min(moment, close) - self.opens[i]


@dataclass(frozen=True)
class BusinessCalendar:
    """When a team is there to answer. Keep one instance and reuse it: it remembers the days it has worked out."""

    zone: str
    versions: tuple[CalendarVersion, ...]
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, Intervals] = field(default_factory=dict)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _always: bool = field(init=False, repr=False, compare=False)
    _index: _Index | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        versions = tuple(sorted(self.versions, key=lambda version: version.valid_from or date.min))
        starts = [version.valid_from for version in versions]
        if not versions:
            raise ValueError("A calendar needs at least one set of weekly hours.")
        if len(set(starts)) < len(starts):
            raise ValueError("Two versions of the weekly hours start on the same day.")
        for version in versions:
            for day, intervals in version.weekly.items():
                if day not in range(7):
                    raise ValueError(f"{day} is not a weekday: 0 is Monday and 6 is Sunday.")
                _check(intervals, DAYS[day])
        for date_, intervals in self.special.items():
            _check(intervals, date_.isoformat())
        fixed = object.__setattr__
        fixed(self, "versions", versions)
        fixed(self, "_zone", _zone(self.zone))
        fixed(self, "_always", not self.holidays and not self.special and all(v.never_closes for v in versions))

    # ------------------------------------------------------------------ asking

    def seconds_between(self, start: datetime, end: datetime) -> int:
        """The open seconds in [start, end); 0 when `end` is not after `start`."""
        first, last = _moment(start), _moment(end)
        if last <= first:
            return 0
        if self._always:
            return last - first
        index = self._index
        if index is None or first < index.starts_at or last > index.ends_at:
            index = self._covering(first, last)
        return index.open_seconds(last) - index.open_seconds(first)

    def due(self, start: datetime, seconds: int) -> datetime:
        """The earliest instant by which `seconds` open seconds have passed since `start`, in UTC.

        With no seconds to wait it is `start` itself. ValueError when the calendar never opens that long again.
        """
        first = _moment(start)
        if seconds <= 0:
            return _instant(first)
        if self._always:
            return _instant(first + seconds)
        index = self._covering(first, first)
        wanted = index.open_seconds(first) + seconds
        while index.total < wanted:
            index = self._further(index)
            wanted = index.open_seconds(first) + seconds
        i = bisect_left(index.before, wanted) - 1
        return _instant(index.opens[i] + wanted - index.before[i])

    def is_open(self, at: datetime) -> bool:
        moment = _moment(at)
        if self._always:
            return True
        index = self._covering(moment, moment + 1)
        i = bisect_right(index.opens, moment) - 1
        return i >= 0 and moment < index.closes[i]

    def opens_next(self, at: datetime) -> datetime | None:
        """The first open instant from `at` on: `at` itself while open, None when the calendar never opens again."""
        moment = _moment(at)
        if self._always:
            return _instant(moment)
        index = self._covering(moment, moment + 1)
        while True:
            i = bisect_right(index.closes, moment)
            if i < len(index.opens):
                return _instant(max(moment, index.opens[i]))
            try:
                index = self._further(index)
            except ValueError:
                return None

    def hours_on(self, day: date) -> Intervals:
        """The open intervals of one local day, in wall time."""
        if day in self.special:
            return tuple(self.special[day])
        if day in self.holidays:
            return ()
        return tuple(self.version_on(day).weekly.get(day.weekday(), ()))

    def version_on(self, day: date) -> CalendarVersion:
        """The version in force on a local day; days before the first version follow the first."""
        chosen = self.versions[0]
        for version in self.versions[1:]:
            if version.valid_from is not None and version.valid_from <= day:
                chosen = version
        return chosen

    # ------------------------------------------------------------------ working out

    def _covering(self, first: int, last: int) -> _Index:
        """An index that reaches from before `first` to after `last`, at least whole years around them."""
        index = self._index
        if index is not None and first >= index.starts_at and last <= index.ends_at:
            return index
        since, until = _year_of(first) - 1, _year_of(last) + 2
        if index is not None:
            since, until = min(since, index.first.year), max(until, index.last.year)
        return self._build(date(max(since, 1), 1, 1), date(min(until, 9999), 1, 1))

    def _further(self, index: _Index) -> _Index:
        """The same index reaching further into the future; ValueError when no day ever opens there."""
        if not self.versions[-1].ever_opens:
            change = self.versions[-1].valid_from or date.min
            if index.last > max([change, *self.special]):
                raise ValueError("This calendar does not open again, so nothing can fall due in it.")
        year = min(index.last.year + max(4, index.last.year - index.first.year), 9999)
        if year <= index.last.year:
            raise ValueError("This falls due too far in the future.")
        return self._build(index.first, date(year, 1, 1))

    def _build(self, first: date, last: date) -> _Index:
        opens: list[int] = []
        closes: list[int] = []
        before: list[int] = []
        total = 0
        zone = self._zone
        for ordinal in range(first.toordinal(), last.toordinal()):
            day = date.fromordinal(ordinal)
            for opening, closing in self.hours_on(day):
                start = _first_occurrence(zone, datetime.combine(day, opening))
                if closing == MIDNIGHT:
                    end = _first_occurrence(zone, datetime.combine(date.fromordinal(ordinal + 1), MIDNIGHT))
                else:
                    end = _last_occurrence(zone, datetime.combine(day, closing))
                if closes and start <= closes[-1]:  # adjoining, or sharing the hour that happens twice
                    if end > closes[-1]:
                        total += end - closes[-1]
                        closes[-1] = end
                elif end > start:
                    opens.append(start)
                    closes.append(end)
                    before.append(total)
                    total += end - start
        index = _Index(
            first=first,
            last=last,
            starts_at=_first_occurrence(zone, datetime.combine(first, MIDNIGHT)),
            ends_at=_first_occurrence(zone, datetime.combine(last, MIDNIGHT)),
            opens=opens,
            closes=closes,
            before=before,
            total=total,
        )
        object.__setattr__(self, "_index", index)  # replaced whole, so threads see the old one or the new one
        return index

    # ------------------------------------------------------------------ reading a configuration

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A calendar from plain data, as settings and files write it; ValueError says what is wrong with it.

        `{"zone": "Europe/London", "weekly": {"mon": [["09:00", "17:00"]], …}, "holidays": ["2026-12-25"],
        "special": {"2026-12-24": [["09:00", "12:00"]]}, "versions": [{"valid_from": "2026-03-01", "weekly": {…}}]}`.
        `weekly` beside `versions` is what held before the first of them. The end of the day is written 24:00.
        """
        _require(isinstance(config, Mapping), "A calendar is an object with a zone and weekly hours.")
        if not config.get("zone"):
            raise ValueError("A calendar needs a time zone, such as Europe/London.")
        versions = []
        if "weekly" in config or not config.get("versions"):
            versions.append(CalendarVersion(None, _weekly(config.get("weekly") or {})))
        for version in config.get("versions") or ():
            _require(isinstance(version, Mapping), "A version of the hours is an object with valid_from and weekly.")
            since = version.get("valid_from")
            versions.append(CalendarVersion(_day(since) if since else None, _weekly(version.get("weekly") or {})))
        special = config.get("special") or {}
        _require(isinstance(special, Mapping), "Special days are an object from day to hours.")
        return cls(
            zone=str(config["zone"]),
            versions=tuple(versions),
            holidays=frozenset(_day(text) for text in config.get("holidays") or ()),
            special={_day(text): _intervals(hours, text) for text, hours in special.items()},
        )


def start_of_day(zone: str, day: date) -> datetime:
    """The first instant of a local day, in UTC; when its midnight is skipped, the jump that skips it."""
    return _instant(_first_occurrence(_zone(zone), datetime.combine(day, MIDNIGHT)))


# ---------------------------------------------------------------------- wall clock and instants


def _moment(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("A business calendar needs instants with a time zone.")
    return int(at.timestamp() // 1)


def _instant(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _year_of(moment: int) -> int:
    return date.fromordinal(max(_EPOCH_DAY + moment // _DAY, 1)).year


def _offset(zone: ZoneInfo, wall: datetime) -> int:
    offset = wall.replace(tzinfo=zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _wall_seconds(wall: datetime) -> int:
    return (wall.toordinal() - _EPOCH_DAY) * _DAY + wall.hour * 3600 + wall.minute * 60 + wall.second


def _first_occurrence(zone: ZoneInfo, wall: datetime) -> int:
    """The first instant at which the clocks of a zone show `wall`, or the jump that skips it."""
    early, late = _offset(zone, wall), _offset(zone, wall.replace(fold=1))
    if early >= late:
        return _wall_seconds(wall) - early
    return _jump(zone, _wall_seconds(wall) - late, _wall_seconds(wall) - early)


def _last_occurrence(zone: ZoneInfo, wall: datetime) -> int:
    """The last instant at which the clocks of a zone show `wall`, or the jump that skips it."""
    early, late = _offset(zone, wall), _offset(zone, wall.replace(fold=1))
    if early >= late:
        return _wall_seconds(wall) - late
    return _jump(zone, _wall_seconds(wall) - late, _wall_seconds(wall) - early)


def _jump(zone: ZoneInfo, low: int, high: int) -> int:
    """The first second after `low`, up to `high`, at which the zone's offset is the one of `high`."""
    after = datetime.fromtimestamp(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


# ---------------------------------------------------------------------- reading and checking


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"“{name}” is not a known time zone.") from error


def _covers_the_day(intervals: Iterable[Interval]) -> bool:
    reached: time | None = MIDNIGHT
    for opening, closing in sorted(intervals):
        if reached is None or opening > reached:
            return False
        reached = None if closing == MIDNIGHT else closing
    return reached is None


def _end(closing: time) -> timedelta:
    if closing == MIDNIGHT:
        return timedelta(days=1)
    return timedelta(hours=closing.hour, minutes=closing.minute, seconds=closing.second)


def _check(intervals: Iterable[Interval], where: str) -> None:
    """ValueError unless the intervals of a day run forward, in order and apart."""
    reached = timedelta(0)
    for opening, closing in intervals:
        start = timedelta(hours=opening.hour, minutes=opening.minute, seconds=opening.second)
        end = _end(closing)
        if end <= start:
            raise ValueError(f"Hours on {where}: closing {closing:%H:%M} is not after opening {opening:%H:%M}.")
        if start < reached:
            raise ValueError(f"Hours on {where} overlap at {opening:%H:%M}.")
        reached = end


def _weekly(weekly: Any) -> dict[int, Intervals]:
    _require(isinstance(weekly, Mapping), "Weekly hours are an object from mon … sun to hours.")
    hours: dict[int, Intervals] = {}
    for name, intervals in weekly.items():
        if name not in DAYS:
            raise ValueError(f"“{name}” is not a weekday: use {', '.join(DAYS)}.")
        hours[DAYS.index(name)] = _intervals(intervals, name)
    return hours


def _intervals(intervals: Any, where: str) -> Intervals:
    if intervals is None:
        return ()
    _require(isinstance(intervals, list | tuple), f"Hours on {where} are a list of opening and closing times.")
    read = []
    for pair in intervals:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(f"Hours on {where}: each pair is an opening and a closing time.")
        opening, closing = _seconds(pair[0], where), _seconds(pair[1], where)
        if closing <= opening:
            raise ValueError(f"Hours on {where}: closing {pair[1]} is not after opening {pair[0]}.")
        read.append((_time(opening), _time(closing % _DAY)))
    return tuple(sorted(read))


def _time(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _seconds(text: Any, where: str) -> int:
    parts = str(text).split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        raise ValueError(f"Hours on {where}: “{text}” is not a time of day such as 09:00.")
    hour, minute, second = [*map(int, parts), 0][:3]
    seconds = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or seconds > _DAY:
        raise ValueError(f"Hours on {where}: “{text}” is not a time of day; the end of the day is 24:00.")
    return seconds


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError(f"“{text}” is not a day: write it as 2026-12-24.") from error


ALWAYS_OPEN = BusinessCalendar("UTC", (CalendarVersion(None, dict.fromkeys(range(7), ((MIDNIGHT, MIDNIGHT),))),))
