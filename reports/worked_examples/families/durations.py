"""Lengths of time: percentiles, survival, occupancy."""

import re
from collections.abc import Mapping
from typing import Any

from reports.counting import statistics
from reports.metrics import response_times, workload
from reports.worked_examples.families.base import (
    Answers,
    Known,
    family,
)
from reports.worked_examples.vocabulary import Example, UnreadableError, count, keyed


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
