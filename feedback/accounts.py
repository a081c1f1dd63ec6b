"""Who is a customer when, by what other systems told us, or by who wrote to us lately.

A customer is one from a day on until another, half-open. `spans` says it of one person's events in plain Python;
`sql` says the same of everybody, for reports. Both read the mode of `Retention`:

- by contract: from joined (renewed and upgraded say as much) to lapsed or cancelled;
- by activity: for so many days after each event; lapsed and cancelled end it at once;
- by contact, the proxy: for so many days after each ticket of theirs.

An organisation's events hold for its people who have none of their own that count. Who was merged into somebody else
is that somebody.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from django.db.models import Max, Q

from feedback.models import AccountEvent, Retention
from feedback.models.account import CANCELLED, JOINED, LAPSED, RENEWED, UPGRADED
from helpdesk import clock
from tickets.models import REMOVED, Customer, Organisation, Ticket

#: these make or keep somebody a customer by contract; these end it, in every mode
SIGNS = (JOINED, RENEWED, UPGRADED)
ENDS = (LAPSED, CANCELLED)

Span = tuple[date, date | None]
#: a day something happened, and whether it makes one a customer or ends it
Step = tuple[date, bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """How we tell, and in which zone a moment falls on a day."""

    mode: str
    idle_days: int
    zone: str

    @classmethod
    def of_the_house(cls, zone: str) -> "Rule":
        kept = Retention.of_the_house()
        return cls(kept.mode, kept.idle_days, zone)

    @property
    def lasts(self) -> int | None:
        """How many days one event keeps somebody a customer; None: until another ends it."""
        return None if self.mode == Retention.Mode.CONTRACT else self.idle_days

    @property
    def is_proxy(self) -> bool:
        """It speaks of who wrote to us, for want of knowing who is a customer."""
        return self.mode == Retention.Mode.CONTACT


def spans(steps: Iterable[Step], lasts: int | None) -> list[Span]:
    """When one person was a customer, of what happened in its order; the days are half-open."""
    found: list[list[date | None]] = []
    ordered = list(steps)
    is_open = False
    for number, (day, is_sign) in enumerate(ordered):
        if not is_sign:
            is_open = False
            continue
        following = ordered[number + 1][0] if number + 1 < len(ordered) else None
        ends = None if lasts is None else day + timedelta(days=lasts)
        until = min(ends, following) if ends and following else ends or following
        last = found[-1][1] if found else None
        if is_open and last == day:
            found[-1][1] = until
        else:
            found.append([day, until])
        is_open = True
    return [(since, until) for since, until in found if since is not None and since != until]


def spans_of(customer: Customer, rule: Rule) -> list[Span]:
    """When this customer was one."""
    if rule.is_proxy:
        zone = ZoneInfo(rule.zone)
        wrote = Ticket.objects.filter(customer=customer, initiated_by="customer").exclude(status__in=REMOVED)
        moments = wrote.order_by("created_at", "pk").values_list("created_at", flat=True)
        return spans([(at.astimezone(zone).date(), True) for at in moments], rule.lasts)
    own = [customer.pk, *merged_into(customer.pk)]
    for about in (Q(customer__in=own), Q(organisation=customer.organisation_id or 0)):
        if steps := _steps(about, rule):
            return spans(steps, rule.lasts)
    return []


def spans_of_organisation(organisation: Organisation, rule: Rule) -> list[Span]:
    """When this organisation was a customer, by its own events; the proxy knows only people."""
    return [] if rule.is_proxy else spans(_steps(Q(organisation=organisation), rule), rule.lasts)


def _steps(about: Q, rule: Rule) -> list[Step]:
    zone, told = ZoneInfo(rule.zone), AccountEvent.objects.filter(about, voided_at=None).order_by("at", "pk")
    if rule.mode == Retention.Mode.CONTRACT:
        told = told.filter(kind__in=[*SIGNS, *ENDS])
    return [_step(kind, at, zone) for kind, at in told.values_list("kind", "at")]


def _step(kind: str, at: datetime, zone: ZoneInfo) -> Step:
    return at.astimezone(zone).date(), kind not in ENDS


def merged_into(pk: int) -> Sequence[int]:
    """Everybody who turned out to be this customer."""
    found: list[int] = []
    last = [pk]
    while last:
        last = list(Customer.objects.filter(merged_into__in=last).exclude(pk__in=found).values_list("pk", flat=True))
        found += last
    return found


def is_active(known: Iterable[Span], day: date) -> bool:
    return any(since <= day and (until is None or day < until) for since, until in known)


# ---------------------------------------------------------------------- everybody

_COUNTING = """
        SELECT id, customer_id, organisation_id, at, (at AT TIME ZONE %(zone)s)::date AS day,
               NOT kind = ANY(%(ends)s) AS is_sign
        FROM feedback_accountevent
        WHERE voided_at IS NULL AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
"""
_OF_SOME = (
    f"{_COUNTING} AND customer_id IN (SELECT id FROM asked)"  # noqa: S608 - our words
    f" UNION ALL {_COUNTING} AND organisation_id IN (SELECT organisation_id FROM staff)"
)
#: the people asked for, by each number they are known under; those of them who belong to an organisation
_ASKED = """
    people AS MATERIALIZED (SELECT unnest(%(people)s::bigint[]) AS id),
    asked AS MATERIALIZED (
        SELECT id FROM people UNION SELECT id FROM merged WHERE person IN (SELECT id FROM people)
    ),
    staff AS MATERIALIZED (
        SELECT id, organisation_id, merged_into_id FROM tickets_customer
        WHERE organisation_id IS NOT NULL AND id IN (SELECT id FROM people)
    ),"""
_TOLD = """
    merged AS (
        SELECT id, merged_into_id AS person FROM tickets_customer WHERE merged_into_id IS NOT NULL
        UNION
        SELECT merged.id, c.merged_into_id FROM merged JOIN tickets_customer c ON c.id = merged.person
        WHERE c.merged_into_id IS NOT NULL
    ),{asked} counting AS MATERIALIZED ({counting}), own AS MATERIALIZED (
        SELECT coalesce(m.person, e.customer_id) AS person, e.at, e.id, e.day, e.is_sign
        FROM counting e LEFT JOIN merged m ON m.id = e.customer_id
             AND NOT EXISTS (SELECT FROM tickets_customer c WHERE c.id = m.person AND c.merged_into_id IS NOT NULL)
        WHERE e.customer_id IS NOT NULL
    ), steps AS (
        SELECT person, at, id, day, is_sign FROM own
        UNION ALL
        SELECT c.id, e.at, e.id, e.day, e.is_sign
        FROM counting e JOIN {staff} c ON c.organisation_id = e.organisation_id
        WHERE c.merged_into_id IS NULL AND NOT EXISTS (SELECT FROM own WHERE own.person = c.id)
    )
"""
#: tickets know the customer they are of by now, so nobody has to be looked for
_WROTE = """
    steps AS (
        SELECT customer_id AS person, created_at AS at, number AS id,
               (created_at AT TIME ZONE %(zone)s)::date AS day, TRUE AS is_sign
        FROM tickets_ticket
        WHERE initiated_by = 'customer' AND status <> ALL(%(removed)s){of_people}
    )
"""
_SPANS = """
    , beside AS (
        SELECT person, at, id, day, is_sign, lead(day) OVER w AS following, lag(day) OVER w AS before,
               lag(is_sign) OVER w AS was_sign
        FROM steps WINDOW w AS (PARTITION BY person ORDER BY at, id)
    ), islands AS (
        SELECT person, at, id, day, is_sign, least(day + %(lasts)s::int, following) AS until,
               count(*) FILTER (
                   WHERE is_sign AND (was_sign IS NOT TRUE OR before + %(lasts)s::int < day)
               ) OVER (PARTITION BY person ORDER BY at, id) AS island
        FROM beside
    ), spans AS (
        SELECT person, min(day) AS since,
               -- the last of an island that goes on without an end has none
               CASE WHEN bool_or(until IS NULL) THEN NULL ELSE max(until) END AS until
        FROM islands WHERE is_sign GROUP BY person, island
        HAVING bool_or(until IS NULL) OR min(day) < max(until)
    )
"""


def sql(rule: Rule) -> tuple[str, dict[str, Any]]:
    """A WITH clause that ends in `spans (person, since, until)`, and its parameters: to be read on by a report."""
    with_steps, asked = steps_sql(rule)
    return f"{with_steps}{_SPANS}", asked


def steps_sql(rule: Rule, people: Sequence[int] | None = None) -> tuple[str, dict[str, Any]]:
    """As `sql`, ending in `steps (person, at, id, day, is_sign)`: for who needs to know of a few days only, on which
    the last step of each person says it. Where `people` are named, the steps of others may be missing."""
    if rule.is_proxy:
        steps = _WROTE.format(of_people="" if people is None else " AND customer_id = ANY(%(people)s::bigint[])")
    elif people is None:
        steps = _TOLD.format(asked="", counting=_COUNTING, staff="tickets_customer")
    else:
        steps = _TOLD.format(asked=_ASKED, counting=_OF_SOME, staff="staff")
    is_by_contract = rule.mode == Retention.Mode.CONTRACT
    return f"WITH RECURSIVE {steps}", {
        "zone": rule.zone, "ends": list(ENDS), "lasts": rule.lasts, "removed": [one.value for one in REMOVED],
        "kinds": [*SIGNS, *ENDS] if is_by_contract else None, "people": None if people is None else as_array(people),
    }  # fmt: skip


def as_array(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array: of many that takes less than a value each."""
    return f"{{{','.join(map(str, numbers))}}}"


_ACTIVE = """
    SELECT DISTINCT person FROM spans WHERE since <= %(day)s AND (until IS NULL OR %(day)s < until) ORDER BY person
"""


def active_at(day: date, rule: Rule) -> list[int]:
    """Everybody who is a customer on a day."""
    with_spans, asked = sql(rule)
    with connection.cursor() as cursor:
        cursor.execute(
            with_spans + _ACTIVE,
            {**asked, "day": day},
        )
        return [person for (person,) in cursor.fetchall()]


# ---------------------------------------------------------------------- cohorts


@dataclass(frozen=True, slots=True)
class Stay:
    """So many customers who were there at the boundaries from `first` to before `last`, in one go.

    `cohort` is the last boundary before or on which they first were a customer, -1 for earlier ones; `is_return` if
    they had left before. Where `first` is -1 it speaks of nobody's stay: so many customers are in the cohort at all.
    """

    cohort: int
    first: int
    last: int
    is_return: bool
    plan: str | None
    customers: int


def stays(boundaries: Sequence[date], rule: Rule, *, plan: str = "") -> list[Stay]:
    """Everybody who was a customer at one of these days, counted by when they came, left and came back.

    A boundary is a day on which we look, such as the first of each month. Who left and was back by the next one never
    left for who looks at these days only. `plan` is the key of a custom field of organisations to count them apart by.
    One query, however many customers there are.
    """
    with_spans, asked = sql(rule)
    asked |= {"days": list(boundaries), "n": len(boundaries), "first_day": boundaries[0], "plan": plan}
    with connection.cursor() as cursor:
        cursor.execute(with_spans + (_STAYS_BY_PLAN if plan else _STAYS_PLAIN), asked)
        return [Stay(*row) for row in cursor.fetchall()]


#: for how long what was counted is good: at least, whatever is told; at most, where nothing is
FRESH, GOOD = timedelta(minutes=1), timedelta(minutes=10)
_VERSION = "accounts:version"


def known_stays(boundaries: Sequence[date], rule: Rule, *, plan: str = "") -> tuple[list[Stay], datetime]:
    """As `stays`, and when that was counted: a minute ago at most where something was told since, else ten.

    Counting everybody takes seconds where there are a hundred thousand customers, and a report is opened by many.
    """
    newest = (Ticket if rule.is_proxy else AccountEvent).objects.aggregate(newest=Max("pk"))["newest"]
    asked = repr((boundaries[0], boundaries[-1], len(boundaries), rule, plan, cache.get(_VERSION)))
    key = f"accounts:{hashlib.sha256(asked.encode()).hexdigest()}"
    kept, now = cache.get(key), clock.now()
    if kept is not None and (now - kept[1] < FRESH or (kept[2] == newest and now - kept[1] < GOOD)):
        return [Stay(*row) for row in kept[0]], kept[1]
    counted = stays(boundaries, rule, plan=plan)
    rows = [(one.cohort, one.first, one.last, one.is_return, one.plan, one.customers) for one in counted]
    cache.set(key, (rows, now, newest), GOOD.total_seconds())
    return counted, now


def forget() -> None:
    """Count anew: a file was read in or taken back, or an event voided."""
    cache.set(_VERSION, secrets.token_hex(8), None)


_PLAN = "nullif(o.fields ->> %(plan)s, '')"
_PLAN_JOIN = (
    "LEFT JOIN tickets_customer c ON c.id = person LEFT JOIN tickets_organisation o ON o.id = c.organisation_id"
)
_STAYS = """
    , looked AS (
        -- the numbers of the first boundaries on or after the two days, from 0
        SELECT person, since, min(since) OVER (PARTITION BY person) AS first_since,
               width_bucket(since - 1, %%(days)s::date[]) AS enters,
               CASE WHEN until IS NULL THEN %%(n)s ELSE width_bucket(until - 1, %%(days)s::date[]) END AS leaves
        FROM spans
    ), apart AS (
        SELECT person, since, first_since, enters, leaves,
               (enters <= max(leaves) OVER (
                   PARTITION BY person ORDER BY since ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               )) IS NOT TRUE AS is_apart
        FROM looked WHERE enters < leaves
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE is_apart) OVER (PARTITION BY person ORDER BY since) AS part FROM apart
    ), there AS (
        SELECT person, min(first_since) AS first_since, min(enters) AS enters, max(leaves) AS leaves
        FROM numbered GROUP BY person, part
        UNION ALL
        SELECT person, min(since), -1, -1 FROM spans GROUP BY person
    )
    SELECT CASE WHEN first_since < %%(first_day)s THEN -1
                ELSE width_bucket(first_since, %%(days)s::date[]) - 1 END,
           enters, leaves, enters > 0 AND first_since < (%%(days)s::date[])[enters], %(plan)s, count(*)
    FROM there %(join)s
    GROUP BY 1, 2, 3, 4, 5
"""
_STAYS_PLAIN = _STAYS % {"plan": "NULL", "join": ""}
_STAYS_BY_PLAN = _STAYS % {"plan": _PLAN, "join": _PLAN_JOIN}
