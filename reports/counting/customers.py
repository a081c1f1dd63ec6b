"""Who was a customer on some days: one question, however many days, and however many customers there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from feedback import accounts
from feedback.accounts import Rule
from helpdesk.calendars import start_of_day
from reports import periods
from reports.ledger import arrays, packs
from reports.ledger.packs import NULL, Array

#: up to this number customers are found by a table of all numbers; beyond by looking them up
_LONGEST_TABLE = 1 << 25
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers, in the order of their numbers, and which of them were customers on which day."""

    numbers: Array
    on: Mapping[date, Array]

    def among(self, people: Array) -> Array:
        """Which of them are among these people."""
        import numpy as np

        longest = self._longest(people)
        if longest > _LONGEST_TABLE:
            return np.isin(self.numbers, people)
        table = np.zeros(longest, dtype=bool)
        table[people] = True
        return table[self.numbers]

    def newest(self, people: Array, moments: Array) -> Array:
        """The last moment of each of them, of the moments of some people; NULL where there is none."""
        import numpy as np

        longest = self._longest(people)
        if longest <= _LONGEST_TABLE:
            table = np.full(longest, NULL)
            np.maximum.at(table, people, moments)
            return table[self.numbers]
        found = np.full(len(self.numbers) + 1, NULL)
        of: Array = np.searchsorted(self.numbers, people)
        of[np.append(self.numbers, 0)[of] != people] = len(self.numbers)  # somebody else
        np.maximum.at(found, of, moments)
        return found[:-1]

    def _longest(self, people: Array) -> int:
        """How many numbers there are, from 0 to the largest."""
        return int(max(people.max(initial=0), self.numbers.max(initial=0))) + 1


def on_days(days: Sequence[date], rule: Rule) -> Customers:
    """Who was a customer on each of these days: what `accounts.spans` says, asked once for all of them."""
    return _who_wrote(days, rule) if rule.is_proxy else _who_is_told_of(days, rule)


#: who is known under another number by now; who belongs to an organisation
_BESIDE = """
    WITH staff AS (
        SELECT string_agg(int8send(id), ''::bytea) AS person, string_agg(int8send(organisation_id), ''::bytea) AS at
        FROM tickets_customer WHERE organisation_id IS NOT NULL AND merged_into_id IS NULL
    ), merged AS (
        SELECT array_agg(id) AS was, array_agg(merged_into_id) AS person
        FROM tickets_customer WHERE merged_into_id IS NOT NULL
    )
"""
#: what counts of the ledger, how many events there are in all, and from which transaction on something may be newer
_TOLD = f"""{_BESIDE}, told AS (
        SELECT string_agg(int8send(coalesce(customer_id, -organisation_id)), ''::bytea) AS who,
               string_agg(int8send(2 * id + (kind <> ALL(%(ends)s))::int), ''::bytea) AS what,
               string_agg(timestamptz_send(at), ''::bytea) AS at
        FROM feedback_accountevent
        WHERE voided_at IS NULL AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
    )
    SELECT staff.person, staff.at, merged.was, merged.person, told.who, told.what, told.at,
           (SELECT count(*) FROM feedback_accountevent), pg_snapshot_xmin(pg_current_snapshot())::text,
           pg_current_xact_id_if_assigned() IS NOT NULL
    FROM told, staff, merged
"""  # noqa: S608 - our words
#: the same without the ledger, and whether that is what it was: nothing of a newer transaction in it, and nothing gone
_UNCHANGED = f"""{_BESIDE}
    SELECT staff.person, staff.at, merged.was, merged.person, ledger.n, ledger.newer
    FROM staff, merged, (
        SELECT count(*) AS n, count(*) FILTER (WHERE age(xmin) <= age(%(since)s::text::xid8::xid)) AS newer
        FROM feedback_accountevent
    ) AS ledger
"""  # noqa: S608 - our words
#: microseconds between the epoch of PostgreSQL, the year 2000, and that of everybody else
_SINCE_1970 = 946_684_800_000_000


def _who_is_told_of(days: Sequence[date], rule: Rule) -> Customers:
    """By account events: the last one before the end of a day decides. An organisation's hold for its people who have
    none of their own."""
    import numpy as np

    told, staff, was, became = _told(rule)
    who, is_sign, at = told.who, told.is_sign, told.at
    person, works_at = (_numbers(data) for data in staff)
    if was:
        who = _as_of_now(who, dict(zip(was, became, strict=True)))
    numbers, place = _ranked(who)
    on: dict[date, Array] = {}
    for day in days:
        first, end = (int(np.searchsorted(at, arrays.stamp(moment))) for moment in _counting(day, rule))
        last = np.full(len(numbers), -1)
        last[place[:end]] = np.arange(end)  # of several of one customer the last stays
        on[day] = (last >= first) & is_sign[last] if end else np.zeros(len(numbers), dtype=bool)
    # in `numbers` organisations stand first, below nothing
    where = np.searchsorted(numbers, -works_at)
    known = np.append(numbers, 0)
    is_led = (known[where] == -works_at) & (known[np.searchsorted(numbers, person)] != person)
    person, where = person[is_led], where[is_led]
    are_people = numbers > 0
    everybody = np.concatenate([numbers[are_people], person])
    order = np.argsort(everybody)
    return Customers(
        everybody[order],
        {day: np.concatenate([are[are_people], are[where]])[order] for day, are in on.items()},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """The account events that count, in order of time: whose, whether they make one a customer, and when."""

    who: Array
    is_sign: Array
    at: Array
    #: how many events there were in all, and the first transaction that might not have been seen
    n: int
    since: str


#: what was read last, by database and rule
_last_told: dict[tuple[Any, ...], _Told] = {}


def _told(rule: Rule) -> tuple[_Told, Sequence[Any], Any, Any]:
    """The ledger, the staff of organisations, and who became whom. The ledger is read again when it changed."""
    import numpy as np

    asked = accounts.steps_sql(rule)[1]
    key = (connection.settings_dict["NAME"], repr(asked["kinds"]), repr(asked["ends"]))
    if (known := _last_told.get(key)) is not None:
        [(*staff, was, became, n, newer)] = packs.fetch(_UNCHANGED, {"since": known.since})
        if n == known.n and not newer:
            return known, staff, was, became
    [(person, works_at, was, became, *columns, n, since, may_be_undone)] = packs.fetch(_TOLD, asked)
    who, what, at = (_numbers(data) for data in columns)
    order = np.lexsort((what, at))
    known = _Told(who[order], what[order] % 2 == 1, at[order] + _SINCE_1970, n, since)
    if not may_be_undone:  # by a transaction that wrote something
        if len(_last_told) > 1:
            _last_told.clear()
        _last_told[key] = known
    return known, (person, works_at), was, became


def _numbers(data: bytes | None) -> Array:
    import numpy as np

    return np.frombuffer(data or b"", dtype=">i8").astype(np.int64)


def _ranked(who: Array) -> tuple[Array, Array]:
    """The numbers there are, in order, and the place of each of these among them."""
    import numpy as np

    first, last = int(who.min(initial=0)), int(who.max(initial=0))
    if last - first >= _LONGEST_TABLE:
        return np.unique(who, return_inverse=True)
    is_there = np.zeros(last - first + 1, dtype=bool)
    is_there[who - first] = True
    return np.flatnonzero(is_there) + first, (np.cumsum(is_there) - 1)[who - first]


def _as_of_now(who: Array, became: Mapping[int, int]) -> Array:
    """The numbers people are known by after all merges; the others as they are."""
    import numpy as np

    last = {}
    for number in became:
        now, seen = number, set[int]()
        while now in became and now not in seen:
            seen.add(now)
            now = became[now]
        last[number] = number if now in became else now  # who was merged in a circle is nobody else
    was = np.array(sorted(last))
    at = np.minimum(np.searchsorted(was, who), len(was) - 1)
    return np.where(was[at] == who, np.array([last[one] for one in was.tolist()])[at], who)


def _who_wrote(days: Sequence[date], rule: Rule) -> Customers:
    """By what they wrote: who did so in the days before is a customer. Bit for bit, as there may be many tickets."""
    import numpy as np

    with_steps, asked = accounts.steps_sql(rule)
    spans = [_counting(day, rule) for day in days]
    bits = []
    for bit, (since, until) in enumerate(spans):
        asked |= {f"since_{bit}": since, f"until_{bit}": until}
        bits.append(f"CASE WHEN at >= %(since_{bit})s AND at < %(until_{bit})s THEN {1 << bit} ELSE 0 END")
    asked |= {"first": min(since for since, _until in spans), "end": max(until for _since, until in spans)}
    sql = f"{with_steps}{_BITS.format(bits=' | '.join(bits))}"
    [(people, masks)] = packs.fetch(sql, asked)
    numbers = np.frombuffer(people or b"", dtype=">i8").astype(np.int64)
    mask = np.frombuffer(masks or b"", dtype=">i4")
    return Customers(numbers, {day: mask & 1 << bit > 0 for bit, day in enumerate(days)})


_BITS = """
    , known AS (
        SELECT person, bit_or({bits}) AS mask FROM steps WHERE at >= %(first)s AND at < %(end)s GROUP BY person
    )
    SELECT string_agg(int8send(person), ''::bytea ORDER BY person),
           string_agg(int4send(mask), ''::bytea ORDER BY person)
    FROM known
"""


def _counting(day: date, rule: Rule) -> tuple[datetime, datetime]:
    """Between which moments something makes one a customer on a day, until something else ends it."""
    ends = periods.days(day, day, rule.zone).end
    if rule.lasts is None:
        return _EVER, ends
    return start_of_day(rule.zone, day - timedelta(days=rule.lasts - 1)), ends
