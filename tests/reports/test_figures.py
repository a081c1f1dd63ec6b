"""Figures over several tickets: targets, first contact resolution, reopening, retention, workload."""

from datetime import UTC, date, datetime, timedelta

import pytest

from helpdesk.calendars import ALWAYS_OPEN, DAYS, BusinessCalendar
from reports.ledger.folding import fold
from reports.ledger.ticket_facts import TicketFacts
from reports.metrics import drivers, flow, loyalty, resolution, response_times, satisfaction, slas, surveys, workload
from reports.periods import Period
from tests.reports.test_folding import START, told

OFFICE = BusinessCalendar.from_config({"zone": "UTC", "weekly": {day: [["09:00", "17:00"]] for day in DAYS[:5]}})
HOUR = 3600


def facts_of(*story, created: float = 0, **more) -> TicketFacts:
    return fold(told((created, "ticket.created", more), *story), ALWAYS_OPEN)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


# ---------------------------------------------------------------------- targets


@pytest.mark.parametrize(
    ("story", "as_of", "state"),
    [
        ([(60, "message.replied")], 600, "met"),
        ([(60 + 1 / 60, "message.replied")], 600, "breached"),
        ([], 59, "running"),
        ([], 60, "running"),
        ([], 61, "breached"),
        ([(30, "ticket.resolved")], 600, "none"),
        ([(90, "ticket.resolved")], 600, "breached"),
        ([(90, "chat.left")], 600, "breached"),
        ([(5, "ticket.spammed")], 600, "none"),
    ],
)
def test_a_first_response_target_is_met_up_to_its_last_second(story, as_of, state):
    assert slas.first_response(facts_of(*story), ALWAYS_OPEN, HOUR, after(as_of)).state == state


def test_agents_opening_messages_owe_no_first_response():
    assert slas.first_response(facts_of(initiated_by="agent"), OFFICE, HOUR, after(900)).state == "none"


def test_what_still_runs_is_in_no_share():
    assert slas.attainment(["met", "running", "breached", "none", "met", "met"]).share == 0.75
    assert slas.attainment(["running"]).share is None


def test_a_wait_target_rests_in_pending_and_runs_on_while_open():
    facts = fold(
        told((0, "ticket.created"), (60, "ticket.pended", {"to": "pending"}), (1440, "ticket.reopened")), OFFICE
    )
    found = slas.requester_wait(facts, OFFICE, 2 * HOUR, after(1440 + 90))
    assert (found.elapsed_s, found.breached) == (9000, True)
    assert found.breach_at == after(1440 + 60)
    assert found.clock == (("new", HOUR), ("open", 5400))


def test_a_lowered_priority_loosens_the_target():
    facts = facts_of((10, "ticket.prioritised", {"was": "urgent", "to": "low"}), (120, "message.replied"))
    found = slas.by_priority(facts, ALWAYS_OPEN, {"urgent": HOUR, "low": 8 * HOUR})
    assert (found.old_target_s, found.applied_target_s, found.outcome.state) == (HOUR, 8 * HOUR, "met")


# ---------------------------------------------------------------------- first contact resolution


def solved(created: float = 0, **more) -> TicketFacts:
    return facts_of((created + 5, "message.replied"), (created + 5, "ticket.resolved"), created=created, **more)


def labels(as_of_days: float = 30, answers=None, **tickets: TicketFacts):
    return resolution.first_contact(tickets, as_of=START + timedelta(days=as_of_days), answers=answers).labels


def test_a_young_ticket_is_not_judged_yet():
    assert labels(7, a=solved(customer="dora"))["a"] == "window_open"
    assert labels(7.01, a=solved(customer="dora"))["a"] == "fcr_operational"


def test_an_unknown_topic_is_the_same_matter_and_another_customer_is_not():
    found = labels(
        a=solved(customer="dora", topic="refund"),
        b=solved(1000, customer="dora"),
        c=solved(2000, customer="emil", topic="refund"),
    )
    assert found == {"a": "repeat_contact", "b": "follow_up", "c": "fcr_operational"}


def test_a_spam_ticket_spoils_nothing():
    spam = facts_of((101, "ticket.spammed"), created=100, customer="dora")
    assert labels(a=solved(customer="dora"), b=spam) == {"a": "fcr_operational", "b": "excluded"}


def test_a_ticket_after_the_window_starts_afresh():
    assert labels(a=solved(customer="dora"), b=solved(8 * 1440, customer="dora"))["b"] == "fcr_operational"


def test_a_declared_follow_up_is_no_first_contact():
    assert labels(a=solved(follow_up_of=12))["a"] == "follow_up"


def test_shares_of_nothing_are_unknown():
    found = resolution.first_contact({}, as_of=START)
    assert (found.net, found.gross, found.agreement) == (None, None, None)
    assert resolution.reopens([]).rate_raw is None
    assert resolution.touches([]).one_touch_rate is None


# ---------------------------------------------------------------------- the rest


def test_excluded_tickets_are_counted_by_class():
    tickets = [solved(), facts_of((1, "ticket.spammed")), facts_of(imported=True), facts_of((1, "ticket.deleted"))]
    assert flow.classes(tickets) == {"counted": 1, "spam": 1, "imported": 1, "deleted": 1}
    assert flow.volume(tickets) == 1
    assert flow.volume(tickets, Period(after(1), after(2))) == 0


def test_a_cohort_censors_what_left_unanswered():
    tickets = [facts_of((10, "message.replied")), facts_of((20, "ticket.resolved")), facts_of()]
    found = response_times.cohort(tickets, Period(START, after(1)), after(60))
    assert (found.n, found.answered, found.median) == (3, 1, None)
    assert [step.left for step in found.survival.steps] == [pytest.approx(2 / 3)]


def test_abandonment_looks_at_chats_only():
    tickets = [facts_of((3, "chat.left"), channel="chat"), facts_of(channel="chat"), facts_of(channel="email")]
    assert response_times.abandonment(tickets).rate == 0.5


def test_the_reactivated_are_not_retained_and_the_end_of_one_period_is_the_start_of_the_next():
    customers = [
        [(date(2025, 1, 1), None)],
        [(date(2025, 1, 1), date(2026, 2, 1))],
        [(date(2025, 1, 1), date(2025, 6, 1)), (date(2026, 2, 1), None)],
        [(date(2026, 4, 1), None)],
    ]
    found = loyalty.retention(customers, date(2026, 1, 1), date(2026, 4, 1))
    assert (found.start, found.retained, found.reactivated, found.new, found.end) == (2, 1, 1, 1, 3)
    following = loyalty.retention(customers, date(2026, 4, 1), date(2026, 7, 1))
    assert following.start == found.end


def test_overlapping_chats_count_once():
    stretch = (START, START + timedelta(hours=1))
    found = workload.occupancy([stretch, stretch], [(START, START + timedelta(hours=2))], [])
    assert (found.occupancy, found.concurrency, found.utilisation) == (0.5, 2.0, None)


def test_teams_are_compared_on_the_channels_they_share():
    a = {"chat": satisfaction.csat([5]), "email": satisfaction.csat([1, 5])}
    b = {"chat": satisfaction.csat([1]), "phone": satisfaction.csat([5])}
    found = drivers.mix_adjusted({"a": a, "b": b})
    assert found.groups["a"].standardised == 1.0
    assert found.groups["b"].standardised == 0.0


def test_nobodys_answers_bound_nothing():
    found = drivers.nonresponse({"chat": 10}, {})
    assert (found.crude, found.poststratified, found.bound_low, found.bound_high) == (None, None, 0.0, 1.0)


def test_a_suppressed_occasion_does_not_restart_the_throttle():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    asked = [surveys.Occasion(i, "dora", "csat", at + timedelta(days=day)) for i, day in enumerate((0, 13, 14))]
    assert surveys.throttle(asked) == [(0, "send"), (1, "throttled_any"), (2, "send")]
