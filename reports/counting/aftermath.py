"""Who stayed after which service: customers by how they were served in a window, and whether they still are customers
some days after it. Who was a customer is asked once for all windows; how they were served is read from packs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from feedback.accounts import Rule
from feedback.models import Outcome, Recovery
from helpdesk import clock
from reports import periods, privacy, reading
from reports.counting import customers
from reports.counting.customers import Customers
from reports.ledger import arrays, packs
from reports.ledger.arrays import Frame, stamp
from reports.ledger.gathering import gathered
from reports.ledger.packs import NULL, Array
from reports.metrics.served import SERVED
from reports.models import SurveyFacts
from reports.periods import Period
from reports.reading import Filter
from tickets.models import Inbox

#: after so many days we look
HORIZONS = (90, 180, 365)
#: service is looked at over at least so many days
WINDOW_DAYS = 90
_NONE, _GOOD, _POOR, _RECOVERED = range(len(SERVED))
_NO_TARGET = 1 << 40


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


def aftermath(chosen: Filter, horizons: Sequence[int], rule: Rule) -> list[Aftermath]:
    """Of each horizon. We look again on the last day of the choice, or today; the window ended so many days before."""
    seen_on = min(chosen.last, periods.local_day(clock.now(), chosen.zone))
    ends = [seen_on - timedelta(days=horizon) for horizon in horizons]
    starts = [end - timedelta(days=max(chosen.days, WINDOW_DAYS)) for end in ends]
    windows = [
        periods.days(start, end - timedelta(days=1), chosen.zone) for start, end in zip(starts, ends, strict=True)
    ]
    known = customers.on_days([seen_on, *ends], rule)
    found = _counted(chosen, windows, ends, seen_on, known)
    wide = _wider(chosen)
    beside = _counted(wide, windows, ends, seen_on, known) if wide else [None] * len(found)
    return [
        Aftermath(horizon, start, end - timedelta(days=1), seen_on, _guarded(counted, of_all))
        for horizon, start, end, counted, of_all in zip(horizons, starts, ends, found, beside, strict=True)
    ]


Counted = Mapping[str, tuple[int, int]]


def _guarded(found: Counted, beside: Counted | None) -> dict[str, Cohort]:
    """The cohorts, without those a reader could find out too much by; `beside` are those of the wider choice."""
    sizes = {served: n for served, (n, _stayed) in found.items()}
    hidden = privacy.hidden_cells(sizes)
    if beside is not None:  # a cohort that a few customers more or less would give away is hidden as well
        apart = {served: abs(beside.get(served, (0, 0))[0] - n) for served, n in sizes.items()}
        near = frozenset(served for served, n in apart.items() if 0 < n < privacy.SMALLEST_CELL)
        hidden = privacy.and_these(hidden, sizes, near)
    return {
        served: Cohort(*found[served], is_hidden=served in hidden) if served in found else Cohort(0, 0)
        for served in SERVED
    }


def _wider(chosen: Filter) -> Filter | None:
    """Everything the reader may see; None where that is what was chosen."""
    if chosen.inbox is None and chosen.team is None and not chosen.channel and not chosen.topic:
        return None
    return replace(chosen, inboxes=chosen.seen, inbox=None, team=None, channel=None, topic=None)


def _counted(
    chosen: Filter, windows: Sequence[Period], ends: Sequence[date], seen_on: date, known: Customers
) -> list[Counted]:  # fmt: skip
    """By how they were served in each window: those who were customers at its end, and of these those who still are."""
    import numpy as np

    stayed = known.on[seen_on]
    counted: list[Counted] = []
    for served, end in zip(_served(chosen, windows, known), ends, strict=True):
        were = known.on[end]
        sizes, of_these = (np.bincount(served[some], minlength=len(SERVED)) for some in (were, were & stayed))
        counted.append({name: (int(sizes[i]), int(of_these[i])) for i, name in enumerate(SERVED) if sizes[i]})
    return counted


def _served(chosen: Filter, windows: Sequence[Period], known: Customers) -> list[Array]:
    """How each customer was served in each window, as the place of the word in SERVED."""
    frames = [_packed(chosen, window) for window in windows]
    if any(one is None for one in frames):
        return _by_rows(chosen, windows, known)
    targets = dict(Inbox.objects.values_list("pk", "response_target_minutes"))
    mended = _mended(chosen, windows, known)
    return [
        _of_packed(*both, targets, made_up, known)
        for both, made_up in zip(frames, mended, strict=True) if both is not None
    ]  # fmt: skip


# ---------------------------------------------------------------------- from packs


def _packed(chosen: Filter, window: Period) -> tuple[Frame, Frame] | None:
    """The tickets and the answers of a window; None where they are not packed."""
    rows = reading.tickets(chosen).filter(
        reading.within("created_at", window), in_volume=True, is_contact=True, customer__isnull=False
    )
    answers = SurveyFacts.objects.filter(
        reading.choice(chosen), reading.within("answered_at", window), counts=True, kind__in=("csat", "ces2"),
        score__isnull=False, customer__isnull=False,
    )  # fmt: skip
    worked = arrays.of(rows, "customer", "net_reopens", "frt_s", "frt_business_s", "inbox")
    said = arrays.of(answers, "customer", "answered_at", "kind", "score")
    return None if worked is None or said is None else (worked, said)


def _of_packed(
    worked: Frame, said: Frame, targets: Mapping[int, int], made_up: Array, known: Customers
) -> Array:  # fmt: skip
    import numpy as np

    business, inbox, customer = worked["frt_business_s"], worked["inbox"], worked["customer"].data
    took = np.where(business.known(), business.data, worked["frt_s"].data)
    # an inbox that is gone has no target
    target = np.array([60 * targets.get(pk, _NO_TARGET) for pk in inbox.values], dtype=np.int64)[inbox.data]
    went_badly = (worked["net_reopens"].data > 0) | (took > target)

    of, at, score = said["customer"].data, said["answered_at"].data, said["score"].data
    is_csat = said.holds(Q(kind="csat"))
    is_low, is_good = score <= np.where(is_csat, 2, 3), score >= np.where(is_csat, 4, 5)
    low_at, good_at = known.newest(of[is_low], at[is_low]), known.newest(of[is_good], at[is_good])

    has_contact = known.among(customer) | known.among(of)
    is_poor = known.among(customer[went_badly]) | (low_at != NULL)
    is_better = made_up | ((low_at != NULL) & (good_at > low_at))
    return np.select([~has_contact, ~is_poor, is_better], [_NONE, _GOOD, _RECOVERED], _POOR)


def _mended(chosen: Filter, windows: Sequence[Period], known: Customers) -> list[Array]:
    """Whom a recovery was closed for as recovered, in each window."""

    first, end = min(one.start for one in windows), max(one.end for one in windows)
    closed = Recovery.objects.filter(
        outcome=Outcome.RECOVERED, inbox__in=chosen.inboxes, closed_at__gte=first, closed_at__lt=end
    )
    found = gathered(closed.order_by(), number="customer", moment="closed_at")
    people, at = found["customer"].data, found["closed_at"].data
    return [known.among(people[(at >= stamp(one.start)) & (at < stamp(one.end))]) for one in windows]


# ---------------------------------------------------------------------- from rows


def _by_rows(chosen: Filter, windows: Sequence[Period], known: Customers) -> list[Array]:
    """The same, of all windows in one statement."""
    import numpy as np

    narrow, asked = _narrowed(chosen)
    asked |= {"starts": [one.start for one in windows], "ends": [one.end for one in windows]}
    found = packs.fetch(_SERVED.format(narrow=narrow), asked)
    served = [np.full(len(known.numbers), _NONE) for _window in windows]
    for window, word, people in found:
        those = known.among(np.frombuffer(people, dtype=">i8").astype(np.int64))
        served[window - 1][those] = SERVED.index(word)
    return served


def _narrowed(chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The choice as SQL over a table f of facts."""
    said, asked = ["f.inbox = ANY(%(inboxes)s)"], {"inboxes": list(chosen.inboxes)}
    for name in ("team", "channel", "topic"):
        value = getattr(chosen, name)
        if value not in (None, ""):
            said.append(f"f.{name} = %(of_{name})s")
            asked[f"of_{name}"] = value
    return " AND ".join(said), asked


#: `served` of everybody there was contact with, as `metrics.served` says it, by window
_SERVED = """
    WITH windows AS (
        SELECT * FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS w (first, after, n)
    ), worked AS (
        SELECT w.n, f.customer AS person,
               bool_or(f.net_reopens > 0 OR coalesce(f.frt_business_s, f.frt_s) > 60 * i.response_target_minutes)
                   AS is_poor
        FROM windows w JOIN reports_ticketfacts f ON f.created_at >= w.first AND f.created_at < w.after
             LEFT JOIN tickets_inbox i ON i.id = f.inbox
        WHERE f.in_volume AND f.is_contact AND f.customer IS NOT NULL AND {narrow}
        GROUP BY 1, 2
    ), said AS (
        SELECT w.n, f.customer AS person,
               max(f.answered_at) FILTER (WHERE f.score <= CASE f.kind WHEN 'csat' THEN 2 ELSE 3 END) AS low_at,
               max(f.answered_at) FILTER (WHERE f.score >= CASE f.kind WHEN 'csat' THEN 4 ELSE 5 END) AS good_at
        FROM windows w JOIN reports_surveyfacts f ON f.answered_at >= w.first AND f.answered_at < w.after
        WHERE f.counts AND f.kind IN ('csat', 'ces2') AND f.score IS NOT NULL AND f.customer IS NOT NULL AND {narrow}
        GROUP BY 1, 2
    ), mended AS (
        SELECT DISTINCT w.n, r.customer_id AS person
        FROM windows w JOIN feedback_recovery r ON r.closed_at >= w.first AND r.closed_at < w.after
        WHERE r.outcome = 'recovered' AND r.inbox_id = ANY(%(inboxes)s)
    ), served AS (
        SELECT n, person,
               CASE WHEN worked.is_poor IS NOT TRUE AND said.low_at IS NULL THEN 'good'
                    WHEN mended.person IS NOT NULL OR said.good_at > said.low_at THEN 'recovered'
                    ELSE 'poor' END AS served
        FROM worked FULL JOIN said USING (n, person) LEFT JOIN mended USING (n, person)
    )
    SELECT n, served, string_agg(int8send(person), ''::bytea) FROM served GROUP BY 1, 2
"""
