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
from reports import periods, privacy
from reports.metrics.served import SERVED
from reports.reading import Filter

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
    with connection.cursor() as cursor:
        cursor.execute(
            f"{with_spans}{_SERVED.format(narrow=narrow)}",
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


#: `served` of every customer, as `metrics.served` says it
_SERVED = """
    , base AS (
        SELECT DISTINCT person FROM spans WHERE since <= %(base)s AND (until IS NULL OR %(base)s < until)
    ), later AS (
        SELECT DISTINCT person FROM spans WHERE since <= %(seen)s AND (until IS NULL OR %(seen)s < until)
    ), worked AS (
        SELECT f.customer AS person,
               bool_or(f.net_reopens > 0 OR coalesce(f.frt_business_s, f.frt_s) > 60 * i.response_target_minutes)
                   AS is_poor
        FROM reports_ticketfacts f LEFT JOIN tickets_inbox i ON i.id = f.inbox
        WHERE f.created_at >= %(start)s AND f.created_at < %(end)s AND f.in_volume AND f.is_contact AND {narrow}
        GROUP BY f.customer
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
