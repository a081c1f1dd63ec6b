"""Who stayed after which service: customers by how they were served in a window, and whether they still are customers
some days after it. One query a horizon, however many customers there are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db import connection

from feedback import accounts
from feedback.accounts import Rule
from helpdesk import clock
from reports import periods, privacy, reading
from reports.ledger import arrays
from reports.metrics.served import SERVED
from reports.periods import Period
from reports.reading import Filter
from tickets.models import Inbox

#: after so many days we look
HORIZONS = (90, 180, 365)
#: service is looked at over at least so many days
WINDOW_DAYS = 90


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers on the day after the window who were served alike, and how many of them are customers at the end."""

    customers: int
    stayed: int
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Aftermath:
    """One horizon: the window of service, its last day included, and the day we look again."""

    days: int
    first: date
    last: date
    seen_on: date
    cohorts: Mapping[str, Cohort]

    @property
    def customers(self) -> int:
        return sum(one.customers for one in self.cohorts.values())

    @property
    def knows_service(self) -> bool:
        """Anybody was served in the window, as far as the ledger reaches."""
        return self.customers > self.cohorts["none"].customers


def aftermath(chosen: Filter, horizon: int, rule: Rule) -> Aftermath:
    """Of one horizon. We look again on the last day of the choice, or today; the window ended so many days before."""
    today = periods.local_day(clock.now(), chosen.zone)
    seen_on = min(chosen.last, today)
    after = seen_on - timedelta(days=horizon)
    first = after - timedelta(days=max(chosen.days, WINDOW_DAYS))
    span = periods.days(first, after - timedelta(days=1), chosen.zone)
    found = _counted(chosen, rule, span, after, seen_on)
    sizes = {served: n for served, (n, _stayed) in found.items()}
    hidden = privacy.hidden_cells(sizes)
    if wide := _wider(chosen):  # a cohort that a few customers more or less would give away is hidden as well
        beside = _counted(wide, rule, span, after, seen_on)
        apart = {served: abs(beside.get(served, (0, 0))[0] - n) for served, n in sizes.items()}
        near = frozenset(served for served, n in apart.items() if 0 < n < privacy.SMALLEST_CELL)
        hidden = privacy.and_these(hidden, sizes, near)
    cohorts: dict[str, Cohort] = {
        served: Cohort(*found[served], is_hidden=served in hidden) if served in found else Cohort(0, 0)
        for served in SERVED
    }
    return Aftermath(horizon, first, after - timedelta(days=1), seen_on, cohorts)


def _wider(chosen: Filter) -> Filter | None:
    """Everything the reader may see; None where that is what was chosen."""
    if chosen.inbox is None and chosen.team is None and not chosen.channel and not chosen.topic:
        return None
    return replace(chosen, inboxes=chosen.seen, inbox=None, team=None, channel=None, topic=None)


def _counted(
    chosen: Filter, rule: Rule, span: periods.Period, after: date, seen_on: date
) -> dict[str, tuple[int, int]]:  # fmt: skip
    with_spans, asked = accounts.sql(rule)
    narrow, more = _narrowed(chosen)
    packed = _worked(chosen, span)
    if packed is not None:
        more |= {"worked": packed[0], "poor": packed[1]}
    worked = _WORKED_PACKED if packed is not None else _WORKED.format(narrow=narrow)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{with_spans}{_SERVED.format(narrow=narrow, worked=worked)}",
            {**asked, **more, "start": span.start, "end": span.end, "base": after, "seen": seen_on},
        )
        return {served: (customers, stayed) for served, customers, stayed in cursor.fetchall()}


def _narrowed(chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The choice as SQL over a table f of facts."""
    said, asked = ["f.inbox = ANY(%(inboxes)s)"], {"inboxes": list(chosen.inboxes)}
    for name in ("team", "channel", "topic"):
        value = getattr(chosen, name)
        if value not in (None, ""):
            said.append(f"f.{name} = %(of_{name})s")
            asked[f"of_{name}"] = value
    return " AND ".join(said), asked


def _worked(chosen: Filter, span: Period) -> tuple[list[int], list[bool]] | None:
    """Whom we worked for in a time, and whether any of it was poor; where that is kept in packs."""
    import numpy as np

    rows = reading.tickets(chosen).filter(
        reading.within("created_at", span), in_volume=True, is_contact=True, customer__isnull=False
    )
    frame = arrays.of(rows, "customer", "net_reopens", "frt_s", "frt_business_s", "inbox")
    if frame is None:
        return None
    targets = dict(Inbox.objects.values_list("pk", "response_target_minutes"))
    business, inbox = frame["frt_business_s"], frame["inbox"]
    took = np.where(business.known(), business.data, frame["frt_s"].data)
    # an inbox that is gone has no target
    target = np.array([60 * targets.get(pk, _NO_TARGET) for pk in inbox.values], dtype=np.int64)[inbox.data]
    is_poor = (frame["net_reopens"].data > 0) | (took > target)
    people, place = np.unique(frame["customer"].data, return_inverse=True)
    return people.tolist(), (np.bincount(place[is_poor], minlength=len(people)) > 0).tolist()


_NO_TARGET = 1 << 40
_WORKED_PACKED = "SELECT * FROM unnest(%(worked)s::bigint[], %(poor)s::boolean[]) AS known (person, is_poor)"
_WORKED = """
        SELECT f.customer AS person,
               bool_or(f.net_reopens > 0 OR coalesce(f.frt_business_s, f.frt_s) > 60 * i.response_target_minutes)
                   AS is_poor
        FROM reports_ticketfacts f LEFT JOIN tickets_inbox i ON i.id = f.inbox
        WHERE f.created_at >= %(start)s AND f.created_at < %(end)s AND f.in_volume AND f.is_contact AND {narrow}
        GROUP BY f.customer
"""
#: `served` of every customer, as `metrics.served` says it
_SERVED = """
    , base AS (
        SELECT DISTINCT person FROM spans WHERE since <= %(base)s AND (until IS NULL OR %(base)s < until)
    ), later AS (
        SELECT DISTINCT person FROM spans WHERE since <= %(seen)s AND (until IS NULL OR %(seen)s < until)
    ), worked AS ({worked}
    ), said AS (
        SELECT f.customer AS person,
               max(f.answered_at) FILTER (WHERE f.score <= CASE f.kind WHEN 'csat' THEN 2 ELSE 3 END) AS low_at,
               max(f.answered_at) FILTER (WHERE f.score >= CASE f.kind WHEN 'csat' THEN 4 ELSE 5 END) AS good_at
        FROM reports_surveyfacts f
        WHERE f.answered_at >= %(start)s AND f.answered_at < %(end)s AND f.counts AND f.kind IN ('csat', 'ces2')
              AND f.score IS NOT NULL AND {narrow}
        GROUP BY f.customer
    ), mended AS (
        SELECT DISTINCT customer_id AS person FROM feedback_recovery
        WHERE outcome = 'recovered' AND inbox_id = ANY(%(inboxes)s) AND closed_at >= %(start)s AND closed_at < %(end)s
    )
    SELECT CASE WHEN worked.person IS NULL AND said.person IS NULL THEN 'none'
                WHEN worked.is_poor IS NOT TRUE AND said.low_at IS NULL THEN 'good'
                WHEN mended.person IS NOT NULL OR said.good_at > said.low_at THEN 'recovered'
                ELSE 'poor' END AS served,
           count(*), count(later.person)
    FROM base LEFT JOIN worked USING (person) LEFT JOIN said USING (person) LEFT JOIN mended USING (person)
         LEFT JOIN later USING (person)
    GROUP BY 1
"""
