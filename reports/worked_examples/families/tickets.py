"""What became of tickets: known facts, touches, status, first contact, backlog, flow, periods."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from helpdesk.calendars import start_of_day
from reports.ledger.ticket_facts import TicketFacts, Waits
from reports.metrics import flow, resolution, response_times
from reports.periods import UNITS, Unit, covering, label_at
from reports.worked_examples.families.base import (
    FAMILIES,
    SEVERAL,
    Answers,
    Each,
    Known,
    family,
)
from reports.worked_examples.vocabulary import Example, UnreadableError


def known_of(facts: TicketFacts, example: Example) -> Known:
    """Everything that can be asked of one ticket."""
    as_of = example.as_of
    inside, judged = facts.in_volume, facts.in_quality
    waiting = response_times.wait_for_first_reply(facts, as_of) if as_of is not None else None
    survives = inside and facts.initiated_by != "agent"
    business = [one.business_seconds for one in facts.next_responses]
    return Known(
        {
            "class": facts.klass,
            "channel": facts.channel,
            "contacts": facts.contacts,
            "status": "solved" if facts.status == "resolved" else facts.status,
            "frt_s": facts.frt_s if inside else None,
            "frt_calendar_s": facts.frt_s if inside else None,
            "frt_from_creation_s": facts.frt_s if inside else None,
            "frt_business_s": facts.frt_business_s if inside else None,
            "frt_from_handoff_s": facts.frt_from_handover_s if inside else None,
            "frt_from_handoff_business_s": facts.frt_from_handover_business_s if inside else None,
            "abandoned": facts.abandoned_at is not None,
            "censored_at_s": waiting[0] if waiting is not None and not waiting[1] else None,
            "in_median_denominator": inside and facts.frt_s is not None,
            "in_survival_denominator": survives,
            "next_reply_s": [one.seconds for one in facts.next_responses],
            "next_reply_business_s": business,
            "unanswered_at_solve": facts.unanswered_at_solve,
            "still_waiting": facts.waiting_since is not None,
            "agent_public_replies": facts.outgoing,
            "replies": facts.replies,
            "first_resolution_s": facts.first_resolution_s if judged else None,
            "first_resolution_business_s": facts.first_resolution_business_s if judged else None,
            "full_resolution_s": facts.resolution_s if judged else None,
            "full_resolution_business_s": facts.resolution_business_s if judged else None,
            "resolutions": len(facts.resolutions) if inside else 0,
            "reopens": facts.reopens if inside else 0,
            "reopens_raw": facts.reopens if inside else 0,
            "reopens_net": facts.net_reopens if inside else 0,
            "touches": facts.touches,
        }
    )


COUNTS = frozenset(
    {"unanswered_at_solve", "agent_public_replies", "replies", "resolutions", "reopens", "reopens_raw", "reopens_net"}
)


def known_of_tickets(example: Example) -> Answers:
    """The answers every family about tickets can give: each ticket's, and the aggregates."""
    tickets = example.tickets
    per_ticket = {name: known_of(facts, example) for name, facts in tickets.items()}
    names = next(iter(per_ticket.values()), Known())
    answers: Answers = {
        key: Each(
            {name: known[key] for name, known in per_ticket.items()},
            tickets,
            sum(known[key] for known in per_ticket.values()) if key in COUNTS else SEVERAL,
        )
        for key in names
    }
    facts = list(tickets.values())
    first = response_times.first_response(one.frt_s for one in facts if one.in_volume)
    first_business = response_times.first_response(one.frt_business_s for one in facts if one.in_volume)
    following = response_times.next_response(
        one.seconds for ticket in facts if ticket.in_volume for one in ticket.next_responses
    )
    full, initial = (resolution.full_resolution(facts), resolution.first_resolution(facts))
    back, touched = resolution.reopens(facts), resolution.touches(facts)
    answers |= {
        "per_ticket": Each(per_ticket, tickets),
        "classes": Each({name: one.klass for name, one in tickets.items()}, tickets),
        "volume": flow.volume(facts),
        "tickets_counted": sum(one.is_counted for one in facts),
        "frt_n": first.n,
        "frt_median_s": first.p50,
        "frt_p50_s": first.p50,
        "frt_p90_s": first.p90,
        "frt_business_median_s": first_business.p50,
        "frt_business_p50_s": first_business.p50,
        "frt_business_p90_s": first_business.p90,
        "next_reply_n": following.n,
        "next_reply_median_s": following.p50,
        "next_reply_p90_s": following.p90,
        "resolution_sample": full.n,
        "full_resolution_median_s": full.p50,
        "full_resolution_p90_s": full.p90,
        "first_resolution_median_s": initial.p50,
        "first_resolution_p90_s": initial.p90,
        "solved_tickets": back.solved,
        "reopen_rate_raw": back.rate_raw,
        "reopen_rate_net": back.rate_net,
        "reopens_per_solved": back.per_solved,
        "zero_touch": touched.zero,
        "one_touch": touched.one,
        "two_touch": touched.two,
        "multi_touch": touched.multi,
        "one_touch_rate": touched.one_touch_rate,
    }
    return answers


for _name in ("first_response", "next_response", "resolution", "reopens", "exclusions", "merging"):
    FAMILIES[_name] = known_of_tickets


@family("touches")
def touches(example: Example) -> Answers:
    return known_of_tickets(example) | {"solved": resolution.touches(example.tickets.values()).solved}


@family("abandonment")
def abandonment(example: Example) -> Answers:
    found = response_times.abandonment(example.tickets.values())
    gone = [name for name, facts in example.tickets.items() if facts.in_volume and facts.abandoned_at is not None]
    return known_of_tickets(example) | {"abandoned": gone, "abandonment_rate": found.rate, "chats": found.conversations}


@family("attribution")
def attribution(example: Example) -> Answers:
    facts, period = list(example.tickets.values()), example.period
    replied = response_times.replied_in(facts, period)
    came = response_times.cohort(facts, period, example.as_of or period.end)
    return known_of_tickets(example) | {
        "event_based_median_s": replied.p50,
        "event_based_p90_s": replied.p90,
        "event_based_n": replied.n,
        "cohort_n": came.n,
        "cohort_answered": came.answered,
        "cohort_km_median_s": came.median,
    }


@family("status_durations")
def status_durations(example: Example) -> Answers:
    answers = known_of_tickets(example)
    business_asked = any("business" in key or "calendar" in key for key in example.asked)
    plain = "business" if example.has_calendar and not business_asked else "calendar"
    for name in ("calendar", "business"):
        of: dict[str, dict[str, Any]] = {
            ticket: _waits(facts, example, name) for ticket, facts in example.tickets.items()
        }
        for key in next(iter(of.values()), {}):
            values = Each({ticket: waits[key] for ticket, waits in of.items()}, example.tickets)
            answers[f"{key}_{name}_s"] = answers[f"{name}_{key}_s"] = values
            if name == plain:
                answers[f"{key}_s"] = values
                for ticket, waits in of.items():
                    answers["per_ticket"][ticket][f"{key}_s"] = waits[key]
    return answers


def _waits(facts: TicketFacts, example: Example, name: str) -> dict[str, Any]:
    calendar = example.calendar if name == "business" else None
    waits: Waits = facts.business_waits if calendar else facts.waits
    if example.as_of is not None:
        waits = facts.waits_at(example.as_of, calendar)
    full = facts.resolution_business_s if calendar else facts.resolution_s
    return {
        "requester_wait": waits.requester_wait_s,
        "waited_on_us": waits.open_s,
        "agent_wait": waits.agent_wait_s,
        "on_hold": waits.on_hold_s,
        "agent_work": waits.agent_work_s,
        "new": waits.new_s,
        "open": waits.open_s - waits.new_s,
        "pending": waits.pending_s,
        "total": waits.requester_wait_s + waits.agent_wait_s,
        "full_resolution": full if facts.in_quality else None,
    }


@family("first_contact_resolution")
def first_contact_resolution(example: Example) -> Answers:
    as_of = example.moment(example.need("as_of"))
    said = sorted(example.of("survey.fcr"), key=lambda event: example.moment(event["t"]))
    found = resolution.first_contact(
        example.tickets,
        as_of=as_of,
        window=timedelta(days=example.config.get("window_days", 7)),
        answers={str(e["ticket"]): bool(e["resolved"]) for e in said if example.moment(e["t"]) <= as_of},
    )
    return {
        "per_ticket": Each({str(name): label for name, label in found.labels.items()}, example.tickets),
        "fcr_net": found.net,
        "fcr_gross": found.gross,
        "survey_answers": found.survey_answers,
        "survey_agrees_with_log": found.agreement,
        "judged": found.judged,
        "successes": found.successes,
        "unresolved": found.unresolved,
    }


@family("backlog")
def backlog(example: Example) -> Answers:
    facts = list(example.tickets.values())
    moments: dict[str, datetime] = {}
    for text in example.config.get("days", ()):
        moments[text] = start_of_day(example.zone, date.fromisoformat(text) + timedelta(days=1))
    if not moments and "from" in example.config:
        moments = {one.label: one.end for one in covering(example.period, example.zone, "day")}
    if example.as_of is not None:
        moments["now"] = example.as_of
    answers: Answers = {}
    for name, moment in moments.items():
        found = flow.backlog(facts, moment)
        known = {
            "backlog": found.n,
            "age_p50_s": found.age_p50_s,
            "age_p90_s": found.age_p90_s,
            "oldest_age_s": found.oldest_age_s,
        }
        answers |= known if name == "now" else {name: Known(known)}
    return answers


@family("flow")
def flow_identity(example: Example) -> Answers:
    found = flow.flow(example.tickets.values(), example.period)
    return {
        "opening": found.opening,
        "created": found.created,
        "reopened": found.reopened,
        "restored": found.restored,
        "solved": found.solved,
        "bulk_closed": found.bulk_closed,
        "removed": found.removed,
        "closing": found.closing,
        "balance_ok": found.is_balanced,
    }


@family("periods")
def periods(example: Example) -> Answers:
    """What was solved in each period of the account's zone, or created where nothing is solved."""
    moments = [one.at for facts in example.tickets.values() if facts.in_volume for one in facts.resolutions]
    if not any(entry.verb == "ticket.resolved" for entries in example.ledger.values() for entry in entries):
        moments = [facts.created_at for facts in example.tickets.values() if facts.in_volume]
    unit = example.config.get("unit") or _unit_of(example.asked.get("by_account_zone", ()))
    if unit not in UNITS:
        raise UnreadableError(f"{unit!r} is not a period: {', '.join(UNITS)}")
    answers: Answers = {"by_account_zone": dict(Counter(label_at(at, example.zone, unit) for at in moments))}
    for name in UNITS:
        found: Unit = name
        answers[f"by_{name}"] = dict(Counter(label_at(at, example.zone, found) for at in moments))
    return answers


def _unit_of(labels: Iterable[str]) -> Unit:
    """The unit whose names the asked periods bear; months where none are asked."""
    forms: dict[Unit, str] = {
        "day": r"\d{4}-\d\d-\d\d",
        "week": r"\d{4}-W\d\d",
        "month": r"\d{4}-\d\d",
        "quarter": r"\d{4}-Q\d",
        "year": r"\d{4}",
    }
    for unit, form in forms.items():
        if any(re.fullmatch(form, name) for name in labels):
            return unit
    return "month"
