"""What the database counts for the pages of service is what the published functions say of the same facts."""

import random
from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from helpdesk.calendars import ALWAYS_OPEN
from reports import reading
from reports.counting import backlog, cohorts
from reports.ledger import as_rows, links, writing
from reports.ledger.folding import fold
from reports.metrics import flow, resolution, response_times, slas
from reports.models import AnswerFacts, StayFacts, TicketFacts
from reports.pages.resolution import first_contact, reopening, touching
from reports.reading import Filter
from tests.reports.test_folding import START, told

#: what may happen to a ticket: verb and facts
STEPS = [
    ("message.received", {"automated": False}), ("message.received", {"automated": True}),
    ("message.replied", {}), ("message.replied", {}), ("message.replied", {}), ("message.noted", {}),
    ("ticket.resolved", {"to": "resolved"}), ("ticket.resolved", {"to": "resolved"}),
    ("ticket.resolved", {"to": "resolved", "bulk": True}), ("ticket.reopened", {"to": "open"}),
    ("ticket.pended", {"to": "pending"}), ("ticket.held", {"to": "on_hold"}), ("chat.left", {}),
    ("ticket.spammed", {}), ("ticket.unspammed", {}), ("ticket.deleted", {}), ("ticket.restored", {}),
    ("ticket.merged", {"into": 9999}), ("ticket.unmerged", {}),
]  # fmt: skip
RARE = {"chat.left", "ticket.spammed", "ticket.deleted", "ticket.merged"}
DAYS = 40


def story(chance: random.Random, number: int, inbox: int):
    """A ticket's random course, in minutes since the start, seldom on a whole hour."""
    minute = chance.uniform(0, DAYS * 1440)
    created = {"channel": chance.choice(["email", "chat"]), "customer": chance.randrange(12), "inbox": inbox,
               "topic": chance.choice(["1", "2", None]),
               "initiated_by": "agent" if chance.random() < 0.1 else "customer"}  # fmt: skip
    if chance.random() < 0.05:
        created["imported"] = True
    told_ = [(minute, "ticket.created", created, 7)]
    for _ in range(chance.randrange(9)):
        verb, more = chance.choice(STEPS)
        if verb in RARE and chance.random() < 0.6:
            continue
        minute += chance.choice([0, 3, 90, 700, 4000, 12_000]) * chance.random()
        told_.append((minute, verb, more, 7))
    return told(*told_, first_id=number * 100)


@pytest.fixture(params=range(3))
def history(request, db, inbox):
    """Random facts, written as the fold writes them; everything that happens after `at` is not yet."""
    chance = random.Random(request.param)
    at = START + timedelta(days=DAYS, hours=5)
    tickets, solved = {}, {}
    for number in range(1, 90):
        events = [event for event in story(chance, number, inbox.pk) if event.at <= at]
        if events:
            tickets[number] = fold(events, ALWAYS_OPEN)
            if chance.random() < 0.4 and tickets[number].resolutions:
                solved[number] = chance.random() < 0.7
    rows = [as_rows.to_row(n, one, folded_to=n, hours=1, is_solved=solved.get(n)) for n, one in tickets.items()]
    writing.write(TicketFacts, rows)
    writing.write(AnswerFacts, [row for n, one in tickets.items() for row in as_rows.answer_rows(n, one)])
    writing.write(StayFacts, [row for n, one in tickets.items() for row in as_rows.stay_rows(n, one)])
    links.link(range(12))
    return tickets, solved, at


@pytest.fixture
def chosen(inbox):
    day = START.date()
    return Filter(day + timedelta(days=4), day + timedelta(days=DAYS + 1), "Europe/Berlin", (inbox.pk,))


@pytest.fixture(autouse=True)
def _now():
    """The moment at which the history ends."""
    with time_machine.travel(START + timedelta(days=DAYS, hours=5), tick=False):
        yield


def within(tickets, period, moment):
    return {n: one for n, one in tickets.items() if (at := moment(one)) is not None and at in period}


def test_first_contact_resolution(history, chosen):
    tickets, solved, at = history
    judged = resolution.first_contact(tickets, as_of=at, answers=solved)
    cohort = within(tickets, chosen.period, lambda one: one.created_at)
    labels: dict[str, int] = {}
    for number in cohort:
        labels[judged.labels[number]] = labels.get(judged.labels[number], 0) + 1
    found = first_contact(chosen, at)
    assert found.labels == labels
    answered = [n for n in cohort if judged.labels[n] in resolution.JUDGED and n in solved]
    assert found.answers == len(answered)
    assert found.confirmed == sum(judged.labels[n] == "fcr_confirmed" for n in answered)
    everything = Filter(START.date() - timedelta(days=2), chosen.last, chosen.zone, chosen.inboxes)
    whole = first_contact(everything, at)
    assert (whole.successes, whole.judged, whole.unresolved, whole.answers, whole.agrees) == (
        judged.successes, judged.judged, judged.unresolved, judged.survey_answers, judged.survey_agrees,
    )  # fmt: skip


def test_reopening_and_replies(history, chosen):
    tickets, _solved, _at = history
    first = within(tickets, chosen.period, lambda one: one.first_resolved_at)
    assert reopening(chosen) == resolution.reopens(first.values())
    held = within(tickets, chosen.period, lambda one: one.resolved_at)
    assert touching(chosen) == resolution.touches(held.values())


def test_backlog_and_flow(history, chosen):
    tickets, _solved, at = history
    period = type(chosen.period)(chosen.period.start, at)
    moments = [min(one.end, at) for one in reading.cut(chosen, "day") if one.start < at]
    moved, standing = backlog.follow(chosen, period, moments)
    assert moved == flow.flow(tickets.values(), period) and moved.is_balanced
    for one in standing:
        assert one.backlog == flow.backlog(tickets.values(), one.moment)


def test_those_not_done_yet_and_targets(history, chosen, inbox):
    tickets, _solved, at = history
    inbox.calendar = None
    inbox.save()
    found = cohorts.cohort(chosen, at)
    waited = response_times.cohort(tickets.values(), chosen.period, at)
    assert (found.first_reply.n, found.first_reply.ended, found.first_reply.median) == (
        waited.n, waited.answered, waited.median,
    )  # fmt: skip
    came = within(tickets, chosen.period, lambda one: one.created_at).values()
    assert found.targets[0].attainment == slas.attainment(
        slas.first_response(one, ALWAYS_OPEN, 240 * 60, at).state for one in came
    )
    gone = response_times.abandonment(came)
    assert (found.chats, found.abandoned) == (gone.conversations, gone.abandoned)
    # each is counted in the hour of the week it came in where the reader is; the clocks change in these days
    hours = Counter(
        ((here := one.created_at.astimezone(ZoneInfo(chosen.zone))).weekday(), here.hour)
        for one in came if one.in_volume and one.initiated_by != "agent"
    )  # fmt: skip
    assert {key: n for key, (n, _took) in found.arrival.items()} == hours
