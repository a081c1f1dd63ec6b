"""Targets in business hours: due, met or breached."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from helpdesk.calendars import BusinessCalendar
from reports.counting.statistics import share
from reports.ledger.ticket_facts import RUNNING, Span, TicketFacts

State = Literal["met", "breached", "running", "none"]
DEFAULT_PRIORITY = "normal"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One target of one ticket. `elapsed_s` is None until the reply; equality is met."""

    state: State
    due: datetime | None
    elapsed_s: int | None
    target_s: int | None


def first_response(facts: TicketFacts, calendar: BusinessCalendar, target_s: int, as_of: datetime | None) -> Outcome:
    """The first response target. Unanswered and past due is breached; unanswered in time is running.

    A ticket that left without an answer is judged as it left; then, or started by an agent, its state may be `none`.
    """
    if facts.initiated_by == "agent" or not facts.in_volume:
        return Outcome("none", None, None, target_s)
    due = calendar.due(facts.started_at, target_s)
    replied = facts.first_reply_at
    if replied is not None:
        elapsed = calendar.seconds_between(facts.started_at, replied)
        return Outcome("met" if elapsed <= target_s else "breached", due, elapsed, target_s)
    ends = [moment for moment in (facts.left_at, facts.abandoned_at) if moment is not None]
    until = min([*ends, *([as_of] if as_of is not None else [])], default=None)
    if until is not None and calendar.seconds_between(facts.started_at, until) > target_s:
        return Outcome("breached", due, None, target_s)
    return Outcome("none" if ends else "running", due, None, target_s)


@dataclass(frozen=True, slots=True)
class Attainment:
    """Met among met and breached; what still runs in time is in neither."""

    met: int
    breached: int
    running: int
    share: float | None


def attainment(states: Iterable[State]) -> Attainment:
    counts = Counter(states)
    met, breached = counts["met"], counts["breached"]
    return Attainment(met, breached, counts["running"], share(met, met + breached))


# ---------------------------------------------------------------------- priority


@dataclass(frozen=True, slots=True)
class PriorityOutcome:
    """A first response target that follows the priority: a new one applies from the original start."""

    outcome: Outcome
    old_target_s: int | None
    applied_target_s: int | None
    overdue_when_raised: bool


def by_priority(
    facts: TicketFacts, calendar: BusinessCalendar, targets: Mapping[str, int], as_of: datetime | None = None
) -> PriorityOutcome:
    """The first response target after the changes of priority that came before the reply."""
    replied = facts.first_reply_at
    changes = [(at, to) for at, to in facts.priorities if replied is None or at <= replied]
    levels = [facts.first_priority or DEFAULT_PRIORITY, *(to for _, to in changes)]
    applied = targets.get(levels[-1])
    old = targets.get(levels[-2] if len(levels) > 1 else levels[0])
    if applied is None:
        return PriorityOutcome(Outcome("none", None, None, None), old, None, False)
    overdue = bool(changes) and calendar.seconds_between(facts.started_at, changes[-1][0]) > applied
    return PriorityOutcome(first_response(facts, calendar, applied, as_of), old, applied, overdue)


# ---------------------------------------------------------------------- the requester's wait


@dataclass(frozen=True, slots=True)
class WaitClock:
    """A target on the time the customer waited on us or others: it rests in pending and keeps what had elapsed."""

    elapsed_s: int
    target_s: int
    breached: bool
    breach_at: datetime | None
    clock: tuple[tuple[str, int], ...]  # status and business seconds of each stay in which it ran


def requester_wait(
    facts: TicketFacts, calendar: BusinessCalendar, target_s: int, as_of: datetime | None = None
) -> WaitClock:
    """The requester-wait target: runs in new, open and on hold inside business hours."""
    spans = list(facts.spans)
    if as_of is not None and facts.left_at is None and as_of > facts.status_since:
        spans.append(Span(facts.status, facts.status_since, as_of))
    elapsed = 0
    breach_at = None
    clock = []
    for span in spans:
        if span.status not in RUNNING or span.status == "pending":
            continue
        ran = calendar.seconds_between(span.start, span.end)
        if breach_at is None and elapsed + ran > target_s:
            breach_at = calendar.due(span.start, target_s - elapsed)
        elapsed += ran
        clock.append((span.status, ran))
    return WaitClock(elapsed, target_s, elapsed > target_s, breach_at, tuple(clock))
