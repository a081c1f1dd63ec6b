"""The worked examples run through the product's own functions, and bad ones fail in plain words."""

import json
from pathlib import Path

import pytest

from reports.worked_examples import check
from reports.worked_examples.families import FAMILIES

SHARED = Path(__file__).parents[3] / "shared" / "metrics" / "cases.jsonl"


def outcome(family: str, events: list[dict], **expected):
    line = json.dumps({"name": "example", "family": family, "events": events, "expected": expected})
    (found,) = check([line])
    return found


def passes(family: str, events: list[dict], **expected) -> None:
    found = outcome(family, events, **expected)
    assert found.passed, found


def ticket(t: str, type_: str = "created", name: str = "A", **more) -> dict:
    return {"type": type_, "ticket": name, "t": f"2026-{t}", **more}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared worked examples are not beside this checkout")
def test_every_shared_example_passes():
    found = list(check(SHARED.read_text(encoding="utf-8").splitlines()))
    assert found
    assert [one for one in found if not one.passed] == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"name": "x", "family": "csat", "events": [], "expected": {"n": NaN}}', "is not JSON"),
        ("[1]", "is not an object"),
        ('{"name": "x", "family": "csat", "expected": {"n": 1}}', "needs a family"),
        ('{"name": "x", "family": "horoscope", "events": [], "expected": {"n": 1}}', "unknown family"),
        ('{"name": "x", "family": "csat", "events": [{"type": "moon"}], "expected": {"n": 1}}', "vocabulary"),
        ('{"name": "x", "family": "csat", "events": [7], "expected": {"n": 1}}', "object with a type"),
        ('{"name": "x", "family": "flow", "events": [], "expected": {"opening": 1}}', "does not say"),
        ('{"name": "x", "family": "csat", "events": [], "expected": {"info_n": 1}}', "expects no answer"),
        (
            '{"family": "flow", "events": [{"type": "config", "from": "2026-03-02T09"}], "expected": {"created": 1}}',
            "has no offset",
        ),
    ],
)
def test_what_cannot_be_run_has_failed(line, sentence):
    (found,) = check([line])
    assert not found.passed
    assert sentence in found.problem


def test_a_question_nobody_answers_has_failed():
    found = outcome("csat", [{"type": "survey.response", "score": 5}], n=1, mood="fine")
    assert [(one.key, str(one.got)) for one in found.mismatches] == [("mood", "no answer")]


@pytest.mark.parametrize("wrong", [2, None, True, "1", [1]])
def test_a_wrong_answer_has_failed(wrong):
    assert not outcome("csat", [{"type": "survey.response", "score": 5}], n=wrong).passed


def test_every_family_fails_on_an_answer_that_is_wrong():
    for family in FAMILIES:
        assert not outcome(family, [], nonsense=1).passed


def test_one_value_cannot_be_asked_of_several_tickets():
    events = [ticket("03-02T09:00:00Z"), ticket("03-02T09:00:00Z", name="B")]
    assert not outcome("first_response", events, frt_s=None).passed
    passes("first_response", events, frt_s={"A": None, "B": None})


# ---------------------------------------------------------------------- the same definitions elsewhere


def test_first_response_of_several_tickets_in_another_zone():
    calendar = {
        "zone": "Australia/Sydney",
        "versions": [
            {"valid_from": "2025-01-01", "weekly": {"mon": [["09:00", "12:00"]]}},
            {"valid_from": "2026-03-09", "weekly": {"mon": [["08:00", "12:00"]]}},
        ],
    }
    passes(
        "first_response",
        [
            {"type": "config", "calendar": calendar},
            ticket("03-02T08:00:00+11:00"),
            ticket("03-09T10:00:00+11:00", "message", author="agent"),
            ticket("03-02T08:00:00+11:00", name="B", initiated_by="agent"),
            ticket("03-02T08:00:00+11:00", "message", "B", author="agent"),
        ],
        frt_business_s={"A": 5 * 3600, "B": None},
        frt_s={"A": 7 * 86400 + 7200, "B": None},
    )


def test_business_status_durations_when_only_a_calendar_is_told():
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    passes(
        "status_durations",
        [
            {"type": "config", "calendar": {"zone": "Europe/London", "weekly": week}},
            ticket("02-05T10:00:00Z"),
            ticket("02-05T11:00:00Z", "status", to="open"),
            ticket("02-05T15:00:00Z", "status", to="pending"),
            ticket("02-09T10:00:00Z", "status", to="open"),
            ticket("02-09T12:00:00Z", "status", to="on_hold"),
            ticket("02-10T12:00:00Z", "status", to="open"),
            ticket("02-10T13:30:00Z", "status", to="solved"),
        ],
        requester_wait_s=59400,
        agent_wait_s=39600,
        on_hold_s=28800,
        agent_work_s=30600,
        full_resolution_s=99000,
    )


def test_solving_without_an_answer_cancels_the_wait():
    passes(
        "next_response",
        [
            ticket("03-02T10:00:00Z"),
            ticket("03-02T10:00:00Z", "message", author="customer"),
            ticket("03-02T10:30:00Z", "message", author="agent"),
            ticket("03-02T10:30:05Z", "message", author="customer", auto=True),
            ticket("03-02T11:00:00Z", "message", author="customer"),
            ticket("03-02T11:00:01Z", "message", author="bot"),
            ticket("03-02T12:00:00Z", "status", to="solved"),
        ],
        frt_s=1800,
        next_reply_s=[],
        unanswered_at_solve=1,
        still_waiting=False,
    )


def test_buckets_are_those_that_are_asked_for():
    events = [
        {"type": "config", "zone": "Asia/Tokyo"},
        ticket("03-01T00:00:00+09:00"),
        ticket("03-01T23:59:59+09:00", "status", to="solved"),
        ticket("03-01T00:00:00+09:00", name="B"),
        ticket("03-02T00:00:00+09:00", "status", "B", to="solved"),
    ]
    passes("periods", events, by_account_zone={"2026-03-01": 1, "2026-03-02": 1})
    passes("periods", events, by_account_zone={"2026-W09": 1, "2026-W10": 1})
    passes("periods", events, by_account_zone={"2026-03": 2})
    assert not outcome("periods", events, by_account_zone={"2026-03-01": 1}).passed


def test_a_chain_of_merges_ends_in_one_survivor():
    passes(
        "merging",
        [
            ticket("03-02T09:00:00Z"),
            ticket("03-02T09:10:00Z", name="B"),
            ticket("03-02T09:20:00Z", name="C"),
            ticket("03-02T09:30:00Z", "merge", into="B"),
            ticket("03-02T09:40:00Z", "merge", "B", into="C"),
            ticket("03-02T10:00:00Z", "message", "C", author="agent"),
        ],
        tickets_counted=1,
        per_ticket={"C": {"contacts": 3, "frt_s": 3600, "full_resolution_s": None}},
        reopens=0,
    )


def test_an_answer_changed_in_time_counts_and_a_forged_or_late_one_does_not():
    def post(t: str, score: int, **more) -> dict:
        return {"type": "survey.http", "invite": "i", "t": t, "method": "POST", "score": score, **more}

    passes(
        "survey_answers",
        [
            {"type": "survey.sent", "invite": "i", "t": "2026-03-01T09:00:00Z"},
            post("2026-03-01T09:00:01Z", 1, form_nonce=True),  # a scanner, a second after delivery
            post("2026-03-01T10:00:00Z", 2, form_nonce=True),
            post("2026-03-03T10:00:00Z", 4, form_nonce=True),
            post("2026-03-03T11:00:00Z", 1, form_nonce=True, token_ok=False),
            post("2026-03-08T10:00:01Z", 1, form_nonce=True),  # after the window
        ],
        responses={"i": 4},
        answered=1,
    )


def test_due_is_told_in_the_calendars_zone():
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    passes(
        "sla_due",
        [
            {"type": "config", "calendar": {"zone": "Europe/Berlin", "weekly": week}, "target_s": 7200},
            ticket("03-27T16:00:00+01:00"),
        ],
        due="2026-03-30T10:00:00+02:00",
    )


def test_pooled_percentiles_are_not_averages():
    passes(
        "percentiles",
        [
            {"type": "observation", "seconds": 60, "n": 9, "team": "fast"},
            {"type": "observation", "seconds": 6000, "team": "slow"},
        ],
        n=10,
        p50=60.0,
        fast={"n": 9, "p50": 60.0},
        slow={"n": 1, "p90": 6000.0},
    )


def test_the_backlog_of_a_span_is_told_day_by_day():
    passes(
        "backlog",
        [
            {"type": "config", "zone": "America/New_York", "from": "2026-03-07", "to": "2026-03-09"},
            ticket("03-07T23:00:00-05:00"),
            ticket("03-07T12:00:00-05:00", name="B"),
            ticket("03-07T13:00:00-05:00", "merge", "B", into="A"),
        ],
        **{
            "2026-03-07": {"backlog": 1, "oldest_age_s": 12 * 3600},
            "2026-03-08": {"backlog": 1, "oldest_age_s": 35 * 3600},
        },
    )
