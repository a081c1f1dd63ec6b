"""What customers answered: satisfaction, effort, who was asked, loyalty."""

from collections import Counter
from datetime import date
from typing import Any

from reports.metrics import loyalty, satisfaction, surveys
from reports.worked_examples.families.base import Answers, Known, by_group, family, first_two_groups
from reports.worked_examples.vocabulary import Example, UnreadableError, count, keyed


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

    return by_group(example, told)


@family("csat_difference")
def csat_difference(example: Example) -> Answers:
    key, names = first_two_groups(example)
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
    answers = by_group(example, ces1 if first and not second else ces2)
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

    return by_group(example, told)


@family("nps_difference")
def nps_difference(example: Example) -> Answers:
    key, names = first_two_groups(example)
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
