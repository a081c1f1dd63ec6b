"""Targets: when they are due, and whether they were met."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from reports.ledger.ticket_facts import TicketFacts
from reports.metrics import slas
from reports.worked_examples.families.base import Answers, Each, Known, each, family
from reports.worked_examples.vocabulary import Example


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _target(example: Example, facts: TicketFacts) -> int:
    if "target_s" in example.config:
        return int(example.config["target_s"])
    return int(example.need("targets")[facts.priority or slas.DEFAULT_PRIORITY])


@family("sla_due")
def sla_due(example: Example) -> Answers:
    zone = ZoneInfo(example.calendar.zone)
    return {
        "due": each(
            example,
            lambda facts: example.calendar.due(facts.started_at, _target(example, facts)).astimezone(zone).isoformat(),
        )
    }


@family("sla_attainment")
def sla_attainment(example: Example) -> Answers:
    outcomes = {
        name: slas.first_response(facts, example.calendar, _target(example, facts), example.as_of)
        for name, facts in example.tickets.items()
    }
    found = slas.attainment(outcome.state for outcome in outcomes.values())
    told = {
        name: Known({"state": one.state, "due": _utc(one.due), "elapsed_s": one.elapsed_s, "target_s": one.target_s})
        for name, one in outcomes.items()
    }
    answers: Answers = {
        "per_ticket": Each(told, example.tickets),
        "met": found.met,
        "breached": found.breached,
        "running": found.running,
        "attainment": found.share,
    }
    return {
        key: Each({n: one[key] for n, one in told.items()}, example.tickets) for key in ("state", "due", "elapsed_s")
    } | answers


@family("sla_paused")
def sla_paused(example: Example) -> Answers:
    told = {}
    for name, facts in example.tickets.items():
        found = slas.requester_wait(facts, example.calendar, _target(example, facts), example.as_of)
        told[name] = Known(
            {
                "elapsed_s": found.elapsed_s,
                "target_s": found.target_s,
                "breached": found.breached,
                "breach_at": _utc(found.breach_at),
                "clock": [list(one) for one in found.clock],
            }
        )
    return _spread(told, example)


@family("sla_priority")
def sla_priority(example: Example) -> Answers:
    targets = {str(name): int(target) for name, target in example.need("targets").items()}
    told = {}
    for name, facts in example.tickets.items():
        found = slas.by_priority(facts, example.calendar, targets, example.as_of)
        told[name] = Known(
            {
                "elapsed_s": found.outcome.elapsed_s,
                "old_target_s": found.old_target_s,
                "applied_target_s": found.applied_target_s,
                "due": _utc(found.outcome.due),
                "state": found.outcome.state,
                "overdue_when_raised": found.overdue_when_raised,
            }
        )
    return _spread(told, example)


def _spread(told: Mapping[str, Known], example: Example) -> Answers:
    """The same answers by ticket and by key."""
    answers: Answers = {"per_ticket": Each(told, example.tickets)}
    for key in next(iter(told.values()), {}):
        answers[key] = Each({name: known[key] for name, known in told.items()}, example.tickets)
    return answers
