"""A ticket's events become its facts: who counts, what waits, what holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.calendars import ALWAYS_OPEN, DAYS, BusinessCalendar
from reports.ledger.folding import fold
from reports.ledger.survey_folding import fold_loose
from reports.ledger.ticket_facts import ENTERING, SETTLED, TicketFacts, seconds
from reports.metrics import flow
from reports.periods import Period

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFICE = BusinessCalendar.from_config(
    {"zone": "Europe/London", "weekly": {day: [["09:00", "17:00"]] for day in DAYS[:5]}}
)


@dataclass(frozen=True)
class Event:
    id: int
    at: datetime
    verb: str
    facts: dict[str, Any] = field(default_factory=dict)
    actor_id: Any = None


def told(*story: tuple[Any, ...], first_id: int = 1) -> list[Event]:
    """Events from (minutes after nine, verb, facts, actor)."""
    events = []
    for number, (minute, verb, *rest) in enumerate(story, start=first_id):
        facts = rest[0] if rest else {}
        events.append(
            Event(number, START + timedelta(minutes=minute), verb, facts, rest[1] if len(rest) > 1 else "ana")
        )
    return events


def facts_of(*story: tuple[Any, ...]) -> TicketFacts:
    return fold(told(*story), ALWAYS_OPEN)


CREATED = (0, "ticket.created", {"channel": "email", "customer": "dora"})
ASKED = (0, "message.received", {"automated": False})


def test_a_ticket_without_events_has_no_facts():
    with pytest.raises(ValueError, match="without events"):
        fold([], ALWAYS_OPEN)


def test_only_a_public_human_reply_answers():
    facts = facts_of(
        CREATED,
        ASKED,
        (1, "message.replied", {"automated": True}),
        (5, "message.noted"),
        (47, "message.replied", {"automated": False}, "ana"),
        (50, "message.replied", {}, "ben"),
    )
    assert (facts.frt_s, facts.first_replier, facts.last_replier) == (47 * 60, "ana", "ben")
    assert (facts.outgoing, facts.automated_replies, facts.notes) == (2, 1, 1)
    assert facts.waiting_since is None
    assert facts.next_responses == ()


def test_an_answer_taken_back_in_time_never_was():
    once = facts_of(CREATED, ASKED)
    undone = facts_of(
        CREATED,
        ASKED,
        (5, "message.replied", {"message": 7}),
        (5, "ticket.assigned", {"agent": 1}),
        (5, "ticket.resolved", {"to": "resolved"}),
        (5.1, "ticket.reopened", {"to": "open"}),
        (5.1, "message.withdrawn", {"message": 7, "undone": [3, 4, 5, 6]}),
    )
    assert undone.frt_s is None and undone.replies == 0 and not undone.resolutions and not undone.reopenings
    assert (undone.status, undone.waiting_since) == (once.status, once.waiting_since)


def test_a_message_that_was_moved_counts_where_it_came_to_rest():
    asked = (0, "message.received", {"message": 7})
    away = facts_of(CREATED, ASKED, (3, "message.received", {"message": 8}), (9, "message.moved", {"message": 8}))
    assert away.incoming == 1
    back = facts_of(CREATED, asked, (1, "message.moved", {"message": 7}), (0, "message.moved_here", {"message": 7}))
    assert back.incoming == 1 and back.waiting_since == START
    there = facts_of(CREATED, ASKED, (5, "message.replied"), (7, "message.moved_here", {"message": 8}))
    assert there.incoming == 2 and there.waiting_since == START + timedelta(minutes=7)


def test_a_ticket_started_by_an_agent_has_no_first_response_but_next_ones():
    facts = facts_of(
        (0, "ticket.created", {"initiated_by": "agent"}),
        (0, "message.replied"),
        (180, "message.received"),
        (205, "message.replied"),
        (210, "ticket.resolved", {"to": "resolved"}),
    )
    assert facts.frt_s is None
    assert [one.seconds for one in facts.next_responses] == [1500]
    assert facts.resolution_s == 1800
    assert facts.touches == "one"


def test_a_ticket_started_by_an_agent_and_never_answered_is_in_no_quality_figure():
    facts = facts_of((0, "ticket.created", {"initiated_by": "agent"}), (0, "message.replied"), (9, "ticket.resolved"))
    assert not facts.in_quality
    assert facts.resolution_s is None
    assert facts.touches is None


def test_a_burst_does_not_restart_the_wait():
    facts = facts_of(
        CREATED,
        ASKED,
        (30, "message.replied"),
        (60, "message.received"),
        (100, "message.received"),
        (130, "message.replied"),
        (131, "message.replied"),
    )
    assert [one.seconds for one in facts.next_responses] == [4200]


def test_machine_mail_starts_nothing_and_resolving_without_an_answer_is_counted():
    facts = facts_of(
        CREATED,
        ASKED,
        (30, "message.replied"),
        (31, "message.received", {"automated": True}),
        (60, "message.received"),
        (61, "message.replied", {"automated": True}),
        (90, "ticket.resolved"),
    )
    assert facts.next_responses == ()
    assert facts.unanswered_at_solve == 1
    assert facts.waiting_since is None


def test_full_resolution_holds_only_while_resolved_and_closing_is_archival():
    story = [CREATED, ASKED, (60, "message.replied"), (60, "ticket.resolved"), (90, "ticket.reopened")]
    open_again = facts_of(*story)
    assert (open_again.first_resolution_s, open_again.resolution_s, open_again.reopens) == (3600, None, 1)
    closed = facts_of(*story, (95, "message.replied"), (120, "ticket.resolved"), (500, "ticket.closed"))
    assert (closed.resolution_s, len(closed.resolutions)) == (7200, 2)
    assert closed.left_at == START + timedelta(minutes=120)
    assert closed.closed_at == START + timedelta(minutes=500)


def test_thanks_is_a_courtesy_and_a_silent_agent_reopening_is_not():
    thanks = facts_of(
        CREATED, (9, "message.replied"), (9, "ticket.resolved"), (20, "message.received"), (20, "ticket.reopened"),
        (21, "ticket.resolved"),
    )  # fmt: skip
    assert (thanks.reopens, thanks.net_reopens, thanks.touches) == (1, 0, "one")
    silent = facts_of(
        CREATED, (9, "message.replied"), (9, "ticket.resolved"), (20, "ticket.reopened"), (21, "ticket.resolved")
    )
    assert (silent.reopens, silent.net_reopens, silent.touches) == (1, 1, "two")


def test_a_reopening_counts_until_it_proves_a_courtesy():
    facts = facts_of(CREATED, (9, "ticket.resolved"), (20, "message.received"), (20, "ticket.reopened"))
    assert facts.net_reopens == 1
    assert facts.waiting_since == START


def test_bulk_closing_leaves_the_backlog_without_a_resolution():
    facts = facts_of(CREATED, (60, "ticket.closed", {"to": "closed", "bulk": True}))
    assert (facts.klass, facts.resolution_s, facts.first_resolution_s) == ("bulk_closed", None, None)
    assert facts.in_volume and not facts.in_backlog_at(START + timedelta(days=1))
    back = facts_of(CREATED, (60, "ticket.closed", {"bulk": True}), (70, "ticket.reopened"), (80, "ticket.resolved"))
    assert (back.klass, back.reopens, back.resolution_s) == ("counted", 0, 4800)


@pytest.mark.parametrize(
    ("out", "back", "klass"),
    [
        ("ticket.spammed", "ticket.unspammed", "spam"),
        ("ticket.deleted", "ticket.restored", "deleted"),
        ("ticket.merged", "ticket.unmerged", "merged"),
    ],
)
def test_what_is_out_is_out_until_it_returns(out, back, klass):
    gone = facts_of(CREATED, (10, out, {"into": 7}))
    assert gone.klass == klass
    assert not gone.in_backlog_at(START + timedelta(hours=1))
    assert gone.in_backlog_at(START + timedelta(minutes=5))
    returned = facts_of(CREATED, (10, out, {"into": 7}), (30, back))
    assert returned.klass == "counted"
    assert returned.in_backlog_at(START + timedelta(hours=1))
    assert returned.waits.open_s == 600


def test_resolving_what_is_out_is_no_resolution():
    facts = facts_of(
        CREATED, (1, "ticket.spammed"), (2, "ticket.resolved"), (3, "ticket.unspammed"), (4, "ticket.reopened")
    )
    assert (facts.resolutions, facts.reopens) == ((), 0)
    assert facts.in_backlog_at(START + timedelta(hours=1))


def test_imported_history_is_in_nothing():
    facts = facts_of((0, "ticket.created", {"imported": True}), (5, "ticket.resolved"))
    assert (facts.klass, facts.in_volume, facts.moves) == ("imported", False, ())


def test_a_visitor_who_left_unanswered_has_no_first_response():
    facts = facts_of(CREATED, ASKED, (4, "chat.left"), (5, "message.replied"))
    assert (facts.frt_s, facts.abandoned_at) == (None, START + timedelta(minutes=4))
    back = facts_of(CREATED, ASKED, (4, "chat.left"), (6, "message.received"), (7, "message.replied"))
    assert (back.frt_s, back.abandoned_at) == (420, None)


def test_hand_over_from_a_bot_starts_a_second_clock():
    facts = facts_of(CREATED, ASKED, (2, "ticket.handed_over"), (6, "message.replied"))
    assert (facts.frt_s, facts.frt_from_handover_s) == (360, 240)


def test_a_survivor_starts_at_the_earliest_contact_of_the_family():
    source = told((0, "ticket.created", {}), (0, "message.received"), (45, "ticket.merged", {"into": 2}))
    survivor = told(
        (30, "ticket.created", {}),
        (30, "message.received"),
        (60, "message.replied"),
        (90, "ticket.resolved"),
        first_id=10,
    )
    facts = fold(survivor, ALWAYS_OPEN, absorbed=source)
    assert (facts.contacts, facts.frt_s, facts.resolution_s) == (2, 3600, 5400)
    assert facts.created_at == START + timedelta(minutes=30)
    assert facts.waits.open_s == 5400


def test_a_reply_on_the_merged_ticket_answered_the_customer():
    source = told((0, "ticket.created", {}), (0, "message.received"), (20, "message.replied"))
    survivor = told((30, "ticket.created", {}), (30, "message.received"), (60, "message.replied"), first_id=10)
    facts = fold(survivor, ALWAYS_OPEN, absorbed=source)
    assert facts.frt_s == 1200
    assert [one.seconds for one in facts.next_responses] == [1800]


def test_priority_and_assignment_are_remembered():
    facts = facts_of(
        (0, "ticket.created", {"team": "support"}),
        (1, "ticket.assigned", {"agent": "ana", "team": "support", "was_agent": None}),
        (2, "ticket.assigned", {"agent": "ben", "was_agent": "ana"}),
        (3, "ticket.prioritised", {"was": "normal", "to": "urgent"}),
    )
    assert (facts.agent, facts.team, facts.handoffs) == ("ben", "support", 1)
    assert (facts.first_priority, facts.priority) == ("normal", "urgent")


def test_running_waits_are_added_up_to_a_moment():
    facts = fold(told(CREATED, (60, "ticket.pended", {"to": "pending"})), OFFICE)
    later = START + timedelta(days=1)
    assert facts.waits_at(later).pending_s == 23 * 3600
    assert facts.waits_at(later, OFFICE).pending_s == 7 * 3600
    assert facts.waits_at(later, OFFICE).requester_wait_s == 3600


# ---------------------------------------------------------------------- properties

CHANGES = {
    "ticket.resolved": "resolved",
    "ticket.reopened": "open",
    "ticket.pended": "pending",
    "ticket.held": "on_hold",
    "ticket.closed": "closed",
}
VERBS = [
    *CHANGES,
    *("message.received", "message.replied", "message.noted", "ticket.tagged", "chat.left", "ticket.assigned"),
    *("ticket.spammed", "ticket.unspammed", "ticket.merged", "ticket.unmerged", "survey.answered", "ticket.snoozed"),
]


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    initiated_by = draw(st.sampled_from(["customer", "customer", "agent"]))
    events = [Event(1, START, "ticket.created", {"initiated_by": initiated_by})]
    at = START
    for number in range(2, draw(st.integers(2, 25))):
        at += timedelta(seconds=draw(st.integers(0, 200_000)), microseconds=draw(st.integers(0, 999_999)))
        verb = draw(st.sampled_from(VERBS))
        facts: dict[str, Any] = {"to": CHANGES[verb]} if verb in CHANGES else {}
        if verb == "ticket.closed":
            facts["bulk"] = draw(st.booleans())
        if verb.startswith("message."):
            facts["automated"] = draw(st.booleans())
        if verb == "ticket.merged":
            facts["into"] = 99
        events.append(Event(number, at, verb, facts, draw(st.sampled_from(["ana", "ben"]))))
    return events


@given(stories())
def test_folding_again_gives_the_same_facts(events):
    assert fold(events, OFFICE) == fold(iter(list(events)), OFFICE)


@given(stories())
def test_what_was_settled_stays_settled_as_events_are_added(events):
    for shorter, longer in pairwise(fold(events[: n + 1], ALWAYS_OPEN) for n in range(len(events))):
        if shorter.first_reply_at is not None:
            assert (longer.first_reply_at, longer.frt_s) == (shorter.first_reply_at, shorter.frt_s)
        if shorter.first_resolved_at is not None:
            assert longer.first_resolution_s == shorter.first_resolution_s
        assert longer.resolutions[: len(shorter.resolutions)] == shorter.resolutions
        assert longer.next_responses[: len(shorter.next_responses)] == shorter.next_responses
        assert longer.spans[: len(shorter.spans)] == shorter.spans
        assert longer.moves[: len(shorter.moves)] == shorter.moves
        for count in ("incoming", "outgoing", "replies", "notes", "reopens", "unanswered_at_solve", "handoffs"):
            assert getattr(longer, count) >= getattr(shorter, count)


@given(stories())
def test_stays_follow_each_other_and_add_up_to_the_whole(events):
    facts = fold(events, ALWAYS_OPEN)
    assert all(one.end == other.start for one, other in pairwise(facts.spans))
    end = facts.last_event_at
    total = sum(seconds(span.start, span.end) for span in facts.spans) + seconds(facts.status_since, end)
    assert total == seconds(facts.started_at, end)
    waits = facts.waits_at(end)
    elsewhere = [span for span in facts.spans if span.status not in ("new", "open", "pending", "on_hold")]
    resting = sum(seconds(span.start, span.end) for span in elsewhere)
    if facts.status in SETTLED or facts.klass in ("spam", "merged"):
        resting += seconds(facts.status_since, end)
    assert waits.requester_wait_s + waits.agent_wait_s + resting == total
    assert facts.business_waits == facts.waits
    assert 0 <= facts.waits.new_s <= facts.waits.open_s


@given(stories())
def test_resolving_and_reopening_take_turns(events):
    facts = fold(events, OFFICE)
    assert 0 <= facts.net_reopens <= facts.reopens <= len(facts.resolutions)
    for one, other in pairwise(facts.moves):
        assert one.at <= other.at
        assert (one.kind in ENTERING) != (other.kind in ENTERING)
    unsolved = facts.status not in SETTLED and facts.klass not in ("spam", "merged")
    assert facts.in_backlog_at(facts.last_event_at + timedelta(seconds=1)) == unsolved
    assert (facts.left_at is None) == unsolved
    if facts.resolved_at is not None:
        assert facts.resolutions[-1].at == facts.resolved_at
        assert facts.status in SETTLED
    if facts.frt_s is not None and facts.frt_business_s is not None:
        assert 0 <= facts.frt_business_s <= facts.frt_s


@given(stories(), st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_the_flow_of_any_period_balances(events, one, other):
    start, end = sorted((one, other))
    period = Period(START + timedelta(seconds=start - 1), START + timedelta(seconds=end))
    assert flow.flow([fold(events, ALWAYS_OPEN)], period).is_balanced


@given(stories(), st.data())
def test_notes_machine_mail_and_unknown_verbs_change_no_clock(events, data):
    place = data.draw(st.integers(1, len(events)))
    at = events[place - 1].at
    noise = [
        Event(0, at, "message.noted"),
        Event(0, at, "message.received", {"automated": True}),
        Event(0, at, "message.replied", {"automated": True}),
        Event(0, at, "ticket.something_new", {"to": "moon"}),
    ]
    quiet, noisy = (fold(events, OFFICE), fold([*events[:place], *noise, *events[place:]], OFFICE))
    for name in ("frt_s", "next_responses", "resolutions", "reopenings", "waits", "moves", "waiting_since", "replies"):
        assert getattr(quiet, name) == getattr(noisy, name)
    assert quiet.touches == noisy.touches


def test_whom_a_machine_answered_for_was_asked_and_has_not_answered():
    asked = {"invitation": 1, "survey": 1, "kind": "nps", "customer": 3, "inbox": 1}

    def folded(*answers, **more):
        return fold_loose(
            told((0, "survey.invited", asked | more), *((i, "survey.answered", one) for i, one in enumerate(answers))),
            customer=3,
        )

    person, machine = {"score": 9}, {"score": 0, "doubtful": True}
    assert folded(person).answered_at and folded(person).score == 9
    pressed = folded(person, machine)
    assert pressed.counts and pressed.is_delivered, "it stays among those who were asked"
    assert pressed.answered_at is None and pressed.score is None, "and is no answer"
    assert folded(machine, person).score == 9, "a person answered anew"
    assert not folded(anonymous=True).counts
