"""What is told from chance: control charts, and what goes with satisfaction."""

from collections import Counter
from typing import Any

from reports.counting import statistics
from reports.metrics import drivers, satisfaction
from reports.worked_examples.families.base import Answers, family
from reports.worked_examples.vocabulary import Example, UnreadableError, count, keyed


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
