"""What each family of worked examples answers, through the published metric functions."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.calendars import start_of_day
from reports.counting import statistics
from reports.ledger.folding import TicketFacts, Waits
from reports.metrics import drivers, flow, loyalty, resolution, response_times, satisfaction, slas, surveys, workload
from reports.periods import UNITS, Unit, covering, label_at
from reports.worked_examples.vocabulary import Example, UnreadableError, count, keyed

Answers = dict[str, Any]
Family = Callable[[Example], Answers]
FAMILIES: dict[str, Family] = {}


class Known(dict[str, Any]):
    """An answer that knows more keys than an example asks for."""


class Several:
    """The answer where one value is asked of several tickets."""

    def __repr__(self) -> str:
        return "one answer for each of several tickets"


SEVERAL = Several()


class Each(Known):
    """One answer for each ticket. Where one value is asked for, it is that of the only ticket, or the total."""

    def __init__(self, values: Mapping[str, Any], tickets: Mapping[str, TicketFacts], total: Any = SEVERAL) -> None:
        super().__init__(values)
        counted = [values[name] for name, facts in tickets.items() if facts.in_volume and name in values]
        every = counted if len(counted) == 1 else list(values.values())
        self.single = every[0] if len(every) == 1 else total


def family(name: str) -> Callable[[Family], Family]:
    def register(function: Family) -> Family:
        FAMILIES[name] = function
        return function

    return register


# ---------------------------------------------------------------------- tickets


def each(example: Example, value: Callable[[TicketFacts], Any]) -> Each:
    return Each({name: value(facts) for name, facts in example.tickets.items()}, example.tickets)


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


# ---------------------------------------------------------------------- targets


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


# ---------------------------------------------------------------------- durations


@family("percentiles")
def percentiles(example: Example) -> Answers:
    def told(**group: Any) -> Answers:
        observed = [
            event for event in example.of("observation") if all(event.get(key) == value for key, value in group.items())
        ]
        values = [_seconds(event) for event in observed for _ in range(count(event))]
        found = statistics.percentiles(values)
        answers: Answers = {"n": found.n, "mean": found.mean}
        for p in range(1, 100):
            answers[f"p{p}"] = statistics.percentile(values, p / 100)
        answers |= {"median": answers["p50"], "min": min(values, default=None), "max": max(values, default=None)}
        for key in example.asked:
            if limit := re.fullmatch(r"share_under_(\d+)(s|m|min|h|d)", key):
                unit = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}[limit[2]]
                answers[key] = response_times.share_under(values, int(limit[1]) * unit)
        return answers

    answers = told()
    answers |= {f"pooled_{key}": value for key, value in answers.items()}
    for key in example.group_keys("observation"):
        groups = {keyed([value]): Known(told(**{key: value})) for value in example.group_values(key, "observation")}
        answers |= {f"by_{key}": groups, **groups}
        for p in ("p50", "p90", "p95", "mean"):
            answers[f"{p}_by_{key}"] = {name: one[p] for name, one in groups.items()}
    return answers


def _seconds(event: Mapping[str, Any]) -> float:
    if "seconds" in event:
        return float(event["seconds"])
    if "hours" in event:
        return float(event["hours"]) * 3600
    raise UnreadableError("an observation has seconds or hours")


@family("survival")
def survival(example: Example) -> Answers:
    events = list(example.of("observation"))
    unit = "seconds" if any("seconds" in event for event in events) else "hours"
    suffix = unit[0]
    seen = [(event[unit], bool(event["solved"])) for event in events for _ in range(count(event))]
    curve = statistics.kaplan_meier(seen)
    answers: Answers = {
        "n": curve.n,
        "solved": curve.ended,
        "censored": curve.censored,
        "table": [list(step) for step in curve.steps],
        f"median_{suffix}": curve.median,
    }
    for p in range(1, 100):
        answers[f"p{p}_{suffix}"] = curve.quantile(p / 100)
    if "at" in example.config:
        at = example.config["at"]
        interval = curve.interval_at(at)
        answers |= {
            "open_share_at": curve.left_at(at),
            "greenwood_se": curve.standard_error_at(at),
            "loglog_low": interval.low if interval else None,
            "loglog_high": interval.high if interval else None,
        }
    if "tau" in example.config:
        answers[f"rmst_{suffix}"] = curve.mean_up_to(example.config["tau"])
    return answers


# ---------------------------------------------------------------------- satisfaction


def _by_group(example: Example, told: Callable[..., Answers]) -> Answers:
    """The answers over everything, and those of every value of every grouping key."""
    answers = told()
    for key in example.group_keys():
        for value in example.group_values(key):
            answers.setdefault(keyed([value]), Known(told(**{key: value})))
    return answers


def _first_two_groups(example: Example) -> tuple[str, list[Any]]:
    """The key and the two values, earlier first, that a comparison is between."""
    for key in example.group_keys():
        values = example.group_values(key)
        if len(values) == 2:
            return key, ["before", "after"] if set(values) == {"before", "after"} else values
    raise UnreadableError("a comparison is between two groups")


@family("csat")
def csat(example: Example) -> Answers:
    def told(**group: Any) -> Answers:
        found = satisfaction.csat(example.scores("csat", **group))
        return {
            "n": found.n,
            "satisfied": found.satisfied,
            "csat": found.share,
            "wilson_low": found.low,
            "wilson_high": found.high,
            "mean": found.mean,
            "bottom2": found.bottom2,
            "bottom2_low": found.bottom2_interval.low if found.bottom2_interval else None,
            "bottom2_high": found.bottom2_interval.high if found.bottom2_interval else None,
            "dissatisfied": sum(found.distribution[score] for score in satisfaction.DISSATISFIED),
            "distribution": {str(score): n for score, n in found.distribution.items()},
        }

    return _by_group(example, told)


@family("csat_difference")
def csat_difference(example: Example) -> Answers:
    key, names = _first_two_groups(example)
    before, after = (satisfaction.csat(example.scores("csat", **{key: name})) for name in names)
    change = satisfaction.csat_difference(before, after)
    return {
        keyed([names[0]]): before.share,
        keyed([names[1]]): after.share,
        "difference": change.value if change else None,
        "newcombe_low": change.low if change else None,
        "newcombe_high": change.high if change else None,
        "distinguishable": change.distinguishable if change else False,
    }


@family("ces")
def ces(example: Example) -> Answers:
    def ces2(**group: Any) -> Answers:
        found = satisfaction.ces2(example.scores("ces2", **group))
        return {
            "n": found.n,
            "mean": found.mean,
            "t_low": found.mean_interval.low if found.mean_interval else None,
            "t_high": found.mean_interval.high if found.mean_interval else None,
            "agree": found.agree,
            "agree_share": found.agree_share,
            "wilson_low": found.agree_interval.low if found.agree_interval else None,
            "wilson_high": found.agree_interval.high if found.agree_interval else None,
            "high_effort_share": found.high_effort_share,
        }

    def ces1(**group: Any) -> Answers:
        found = satisfaction.ces1(example.scores("ces1", **group))
        return {"n": found.n, "mean_effort": found.mean_effort}

    first, second = example.scores("ces1"), example.scores("ces2")
    answers = _by_group(example, ces1 if first and not second else ces2)
    return answers | {"ces1": Known(ces1()), "ces2": Known(ces2())}


@family("suppression")
def suppression(example: Example) -> Answers:
    keys = example.group_keys()
    if not keys:
        raise UnreadableError("there are no groups to hide")
    cells = {v: satisfaction.csat(example.scores("csat", **{keys[0]: v})) for v in example.group_values(keys[0])}
    smallest = int(example.config.get("min_n", satisfaction.SMALLEST_CELL))
    hidden = satisfaction.suppressed({name: cell.n for name, cell in cells.items()}, smallest)
    total = satisfaction.csat(example.scores("csat"))
    shown = total.n >= smallest
    return {
        "groups": {
            keyed([name]): {
                "n": None if hidden[name] else cell.n,
                "csat": None if hidden[name] else cell.share,
                "suppressed": hidden[name],
            }
            for name, cell in cells.items()
        },
        "total": {"n": total.n if shown else None, "csat": total.share if shown else None},
    }


# ---------------------------------------------------------------------- asking


def _valid_answers(example: Example) -> dict[str, int]:
    sent = {str(e["invite"]): (example.moment(e["t"]), str(e.get("kind", "csat"))) for e in example.of("survey.sent")}
    hits = [
        surveys.Hit(
            invitation=str(event["invite"]),
            at=example.moment(event["t"]),
            method=str(event.get("method", "")),
            score=event.get("score"),
            from_page=event.get("form_nonce") is True,
            token_ok=event.get("token_ok", True) is True,
        )
        for event in example.of("survey.http")
    ]
    return {str(invitation): score for invitation, score in surveys.answers(sent, hits).items()}


@family("survey_answers")
def survey_answers(example: Example) -> Answers:
    scores = _valid_answers(example)
    return {"responses": scores, "answered": len(scores)}


@family("response_rate")
def response_rate(example: Example) -> Answers:
    sent = {str(event["invite"]) for event in example.of("survey.sent")}
    bounced = {str(event["invite"]) for event in example.of("survey.bounced")} & sent
    delivered = sent - bounced
    found = satisfaction.response_rate(len(delivered), len(delivered & _valid_answers(example).keys()))
    return {
        "invited": len(sent),
        "bounced": len(bounced),
        "delivered": found.delivered,
        "reminders": sum(count(event) for event in example.of("survey.reminded")),
        "suppressed": sum(count(event) for event in example.of("survey.suppressed")),
        "answered": found.answered,
        "response_rate": found.rate,
        "wilson_low": found.low,
        "wilson_high": found.high,
    }


@family("survey_throttle")
def survey_throttle(example: Example) -> Answers:
    occasions = [
        surveys.Occasion(e["id"], e["customer"], e["kind"], example.moment(e["t"]), bool(e.get("opted_out")))
        for e in example.of("trigger")
    ]
    found = surveys.throttle(
        occasions, any_days=example.config.get("any_days", 14), kind_days=example.config.get("kind_days")
    )
    told = Counter(decision for _, decision in found)
    return {
        "decisions": [list(one) for one in found],
        "sent": told["send"],
        **{str(name): n for name, n in told.items()},
    }


# ---------------------------------------------------------------------- loyalty


@family("nps")
def nps(example: Example) -> Answers:
    def told(**group: Any) -> Answers:
        found = loyalty.nps(example.scores("nps", **group))
        return {
            "n": found.n,
            "promoters": found.promoters,
            "passives": found.passives,
            "detractors": found.detractors,
            "nps": found.score,
            "se": found.standard_error,
            "wald_low": found.wald.low if found.wald else None,
            "wald_high": found.wald.high if found.wald else None,
            "adjwald_low": found.adjusted.low if found.adjusted else None,
            "adjwald_high": found.adjusted.high if found.adjusted else None,
        }

    return _by_group(example, told)


@family("nps_difference")
def nps_difference(example: Example) -> Answers:
    key, names = _first_two_groups(example)
    before, after = (loyalty.nps(example.scores("nps", **{key: name})) for name in names)
    found = loyalty.nps_difference(before, after)
    return {
        keyed([names[0]]): before.score,
        keyed([names[1]]): after.score,
        "change": found.change.value if found else None,
        "se_change": found.standard_error if found else None,
        "low": found.change.low if found else None,
        "high": found.change.high if found else None,
        "z": found.z if found else None,
        "distinguishable": found.change.distinguishable if found else False,
    }


@family("retention")
def retention(example: Example) -> Answers:
    def day(text: Any) -> date | None:
        return None if text is None else date.fromisoformat(str(text)[:10])

    customers = []
    for event in example.of("customer"):
        active = [(day(since) or date.min, day(until)) for since, until in event["active"]]
        customers += [active] * count(event)
    start, end = day(example.need("from")), day(example.need("to"))
    if start is None or end is None:
        raise UnreadableError("retention is between two days")
    found = loyalty.retention(customers, start, end)
    return {
        "start": found.start,
        "end": found.end,
        "new": found.new,
        "reactivated": found.reactivated,
        "retained": found.retained,
        "retention_rate": found.retention_rate,
        "churn_rate": found.churn_rate,
    }


@family("churn_compounding")
def churn_compounding(example: Example) -> Answers:
    monthly = example.need("monthly_churn")
    return {"annual": loyalty.compound_churn(monthly), "quarterly": loyalty.compound_churn(monthly, 3)}


# ---------------------------------------------------------------------- work


@family("occupancy")
def occupancy(example: Example) -> Answers:
    found = workload.occupancy(*(example.stretches(name) for name in ("handling", "available", "paid")))
    return {
        "handling_union_s": found.handling_union_s,
        "handling_sum_s": found.handling_sum_s,
        "available_incl_handling_s": found.available_s,
        "paid_s": found.paid_s,
        "occupancy": found.occupancy,
        "utilisation": found.utilisation,
        "availability": found.availability,
        "concurrency": found.concurrency,
    }


# ---------------------------------------------------------------------- charts


@family("xmr_chart")
def xmr_chart(example: Example) -> Answers:
    values = [event["value"] for event in example.of("point") for _ in range(count(event))]
    chart = statistics.xmr(values, example.config.get("baseline"))
    if chart is None:
        return dict.fromkeys(("mean", "mr_bar", "upper", "lower")) | {"outside": [], "run_of_8": []}
    return {
        "mean": chart.mean,
        "mr_bar": chart.mr_bar,
        "upper": chart.upper,
        "lower": chart.lower,
        "outside": list(chart.outside),
        "run_of_8": list(chart.run_of_8),
        "signals": list(chart.signals),
    }


@family("p_chart")
def p_chart(example: Example) -> Answers:
    chart = statistics.p_chart([(e["x"], e["n"]) for e in example.of("week")], example.config.get("baseline"))
    if chart is None:
        raise UnreadableError("there are no observations to chart")
    return {
        "p_bar": chart.p_bar,
        "limits": [None if limit is None else list(limit) for limit in chart.limits],
        "outside": list(chart.outside),
        "laney_sigma_z": chart.laney_sigma_z,
        "laney_limits": [None if limit is None else list(limit) for limit in chart.laney_limits],
        "laney_outside": list(chart.laney_outside),
    }


# ---------------------------------------------------------------------- drivers


def _factor(example: Example) -> str:
    """The grouping key that is yes or no, such as answered fast."""
    for key in example.group_keys():
        if all(isinstance(value, bool) for value in example.group_values(key)):
            return key
    raise UnreadableError("there is no yes-or-no factor among the answers")


def _strata(example: Example, factor: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = [key for key in example.group_keys() if key != factor]
    found = {tuple(event.get(key) for key in keys) for event in example.of("survey.response")}
    return {values: dict(zip(keys, values, strict=True)) for values in sorted(found, key=str)}


def _yes_no(example: Example, **group: Any) -> tuple[int, int]:
    found = satisfaction.csat(example.scores("csat", **group))
    return found.satisfied, found.n - found.satisfied


@family("mix_adjustment")
def mix_adjustment(example: Example) -> Answers:
    keys = example.group_keys()
    if len(keys) != 2:
        raise UnreadableError("a mix adjustment compares groups over one kind of strata")
    stratum = "channel" if "channel" in keys else keys[1]
    group = next(key for key in keys if key != stratum)
    groups = {
        name: {
            one: satisfaction.csat(example.scores("csat", **{group: name, stratum: one}))
            for one in example.group_values(stratum)
        }
        for name in example.group_values(group)
    }
    found = drivers.mix_adjusted(groups)
    told = {
        keyed([name]): {
            "crude": one.crude,
            f"by_{stratum}": {keyed([cell]): value for cell, value in one.by_stratum.items()},
            "standardised": one.standardised,
        }
        for name, one in found.groups.items()
    }
    return {
        f"{group}s": told,
        "crude_winner": found.crude_winner,
        "standardised_winner": found.standardised_winner,
        "reversal": found.is_reversal,
    }


@family("nonresponse")
def nonresponse(example: Example) -> Answers:
    keys = example.group_keys("population")
    if not keys:
        raise UnreadableError("the population has no strata")
    key = keys[0]
    population: Counter[Any] = Counter()
    for event in example.of("population"):
        population[event[key]] += event["solved"]
    cells = {value: satisfaction.csat(example.scores("csat", **{key: value})) for value in example.group_values(key)}
    found = drivers.nonresponse(population, cells)
    return {
        "crude": found.crude,
        "poststratified": found.poststratified,
        "response_rate": found.response_rate,
        f"rate_by_{key}": {keyed([value]): rate for value, rate in found.rate_by_stratum.items()},
        "bound_low": found.bound_low,
        "bound_high": found.bound_high,
    }


@family("driver_mantel_haenszel")
def driver_mantel_haenszel(example: Example) -> Answers:
    factor = _factor(example)
    tables = [
        statistics.Stratum(*_yes_no(example, **{factor: True}, **group), *_yes_no(example, **{factor: False}, **group))
        for group in _strata(example, factor).values()
    ]
    found = statistics.mantel_haenszel(tables)
    return {
        "crude_odds_ratio": found.crude,
        "mh_odds_ratio": found.pooled,
        "mh_low": found.low,
        "mh_high": found.high,
        "mh_risk_difference": found.risk_difference,
        "clear_link": found.is_clear,
    }


@family("driver_superiority")
def driver_superiority(example: Example) -> Answers:
    factor = _factor(example)
    ours, theirs = (example.scores(**{factor: value}) for value in (True, False))
    found = statistics.superiority(ours.items(), theirs.items())
    return {
        f"n_{factor}": sum(ours.values()),
        "n_slow": sum(theirs.values()),
        "prob_superiority": found,
        "cliffs_delta": None if found is None else 2 * found - 1,
    }


@family("driver_logistic")
def driver_logistic(example: Example) -> Answers:
    """Satisfied as a matter of the factor and of dummies for every other value than the first of each key."""
    factor = _factor(example)
    dummies = [
        (key, value)
        for key in example.group_keys()
        if key != factor
        for value in sorted(example.group_values(key), key=str)[1:]
    ]
    rows = []
    for group in _strata(example, factor).values():
        for value in (True, False):
            yes, no = _yes_no(example, **{factor: value}, **group)
            rows.append(([1.0, float(value), *(float(group.get(k) == v) for k, v in dummies)], yes, yes + no))
    names = ["intercept", factor, *(keyed([value]) for _, value in dummies)]
    found = statistics.logistic(rows)
    if found is None:
        raise UnreadableError("the regression has no finite answer")
    ratio, interval = found.odds_ratio(1)
    return {
        "n": found.n,
        "coef": dict(zip(names, found.coefficients, strict=True)),
        "se": dict(zip(names, found.standard_errors, strict=True)),
        f"odds_ratio_{factor}": ratio,
        "or_low": interval.low,
        "or_high": interval.high,
        "clear_link": interval.low > 1 or interval.high < 1,
    }
