"""The pages of quality, voice and recoveries, which are counted by NumPy, say what plain SQL and plain Python count."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from feedback import accounts
from feedback.accounts import Rule
from feedback.models import (
    AccountEvent,
    Complaint,
    Department,
    Invitation,
    Outcome,
    QualityReview,
    ReasonCode,
    Recovery,
    Remark,
    RemarkTopic,
    Response,
    Retention,
    Survey,
    TicketTopic,
    Topic,
)
from feedback.operations.reviewing import GRADES
from reports import reading
from reports.counting import cohorts, recovery_sets
from reports.pages import quality, recoveries, voice
from reports.reading import Filter
from tests.reports.test_service_figures import history  # noqa: F401 - a fixture
from tickets.models import Customer, Organisation, Ticket

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 6, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SEEDS = range(3)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def chosen(inbox) -> Filter:
    return Filter(date(2026, 3, 8), date(2026, 6, 10), "Europe/Berlin", (inbox.pk,), is_lead=True)


def rows_of(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def some_moment(chance):
    return FIRST + DAY * chance.uniform(0, 108) + timedelta(microseconds=chance.randrange(1_000_000))


@pytest.fixture
def tickets(inbox, billing, team, billing_team, dora):
    """Of two inboxes and teams, a few of them spam."""
    made = []
    for i in range(40):
        is_gone = i % 7 == 3
        made.append(
            Ticket(inbox=billing if i % 5 == 4 else inbox, customer=dora, team=(team, billing_team, None)[i % 3],
                   channel=("email", "chat")[i % 2], status="spam" if is_gone else "open",
                   removed_at=FIRST if is_gone else None)
        )  # fmt: skip
    return Ticket.objects.bulk_create(made)


# ---------------------------------------------------------------------- quality

_REVIEWS = """
    FROM feedback_qualityreview q JOIN tickets_ticket t ON t.number = q.ticket_id
    WHERE q.reviewed_at IS NOT NULL AND t.removed_at IS NULL AND t.inbox_id = ANY(%s)
        AND (q.seen_at IS NOT NULL OR q.reviewed_at < %s) AND q.reviewed_at >= %s AND q.reviewed_at < %s
        AND (%s::bigint IS NULL OR t.team_id = %s::bigint)
"""


@pytest.mark.parametrize("seed", SEEDS)
def test_grades_by_team_and_week(seed, tickets, chosen, ana, ben, team):
    chance = random.Random(seed)
    made = []
    for ticket in tickets:
        for agent in chance.sample([ana, ben], chance.randrange(3)):
            at = some_moment(chance) if chance.random() < 0.9 else None
            grades = {name: chance.randint(1, 4) for name in GRADES} if at else {}
            seen = NOW if at and chance.random() < 0.8 else None
            made.append(QualityReview(ticket=ticket, agent=agent, reviewed_at=at, seen_at=seen, **grades))
    QualityReview.objects.bulk_create(made)
    for narrow in (None, team.pk):
        asked = Filter(chosen.first, chosen.last, chosen.zone, chosen.inboxes, team=narrow)
        span = asked.period
        parameters = ([*asked.inboxes], NOW - 7 * DAY, span.start, span.end, narrow, narrow)
        frame = quality.read(asked)
        slices = reading.cut(asked, "week")
        quality._by_slice(asked, frame)
        for name in quality.NAMES:
            value = "(q.clear + q.correct + q.complete + q.kind) / 4.0::float8" if name == "overall" else f"q.{name}"
            found = rows_of(f"SELECT {value}, count(*) {_REVIEWS} GROUP BY 1 ORDER BY 1", *parameters)
            assert found and list(quality._pairs(frame, name)) == [(float(grade), n) for grade, n in found]
            for column, sql, more in (
                ("team", "t.team_id", ()), ("slice", "width_bucket(q.reviewed_at, %s)", ([s.start for s in slices],)),
            ):  # fmt: skip
                by: dict[object, list[tuple[float, int]]] = {}
                for key, grade, n in rows_of(f"SELECT {sql}, {value}, count(*) {_REVIEWS} GROUP BY 1, 2 ORDER BY 1, 2",
                                             *more, *parameters):  # fmt: skip
                    by.setdefault(key, []).append((float(grade), n))
                assert {key: one[name] for key, one in quality._by(frame, column).items()} == by


# ---------------------------------------------------------------------- voice

_REMARKS = """
    FROM feedback_remark r LEFT JOIN tickets_ticket t ON t.number = r.ticket_id
    LEFT JOIN feedback_complaint c ON c.id = r.complaint_id LEFT JOIN feedback_response a ON a.id = r.response_id
    LEFT JOIN feedback_remarktopic f ON f.remark_id = r.id
    WHERE t.removed_at IS NULL AND c.withdrawn_at IS NULL AND a.is_doubtful IS NOT TRUE AND r.inbox_id = ANY(%s)
        AND r.said_at >= %s AND r.said_at < %s
        AND (%s::bigint IS NULL OR r.id IN (SELECT remark_id FROM feedback_remarktopic WHERE topic_id = %s::bigint))
"""


@pytest.fixture
def topics(db):
    return Topic.objects.bulk_create([Topic(name=name) for name in ("Delivery", "Price", "Website")])


@pytest.mark.parametrize("seed", SEEDS)
def test_remarks_by_topic_tone_and_week(seed, tickets, topics, chosen, inbox, billing, dora):
    chance = random.Random(seed)
    survey = Survey.objects.create(name="Satisfaction")
    complaints = Complaint.objects.bulk_create(
        [Complaint(ticket=ticket, withdrawn_at=NOW if chance.random() < 0.4 else None) for ticket in tickets[:12]]
    )
    invitations = Invitation.objects.bulk_create([
        Invitation(survey=survey, ticket=tickets[i], customer=dora, occasion_id=i, occasion_at=FIRST, due_at=FIRST,
                   token=f"t{i}")
        for i in range(12)
    ])  # fmt: skip
    answers = Response.objects.bulk_create(
        [Response(invitation=one, score=1, is_doubtful=chance.random() < 0.4) for one in invitations]
    )
    made = [
        Remark(inbox=chance.choice([inbox, inbox, billing]), source="noted", tone=chance.choice([-1, 0, 1]),
               ticket=chance.choice([None, *tickets]), said_at=some_moment(chance))
        for _i in range(60)
    ]  # fmt: skip
    for remark, complaint, answer in zip(made, complaints, reversed(answers), strict=False):
        remark.complaint, remark.response = chance.choice([(complaint, None), (None, answer), (complaint, answer)])
    found = [
        RemarkTopic(remark=remark, topic=topic)
        for remark in Remark.objects.bulk_create(made) for topic in chance.sample(topics, chance.choice([0, 1, 1, 2]))
    ]  # fmt: skip
    RemarkTopic.objects.bulk_create(found)
    for narrow in (None, topics[0].pk):
        asked = Filter(chosen.first, chosen.last, chosen.zone, chosen.inboxes, topic=narrow and str(narrow))
        parameters = ([*asked.inboxes], asked.period.start, asked.period.end, narrow, narrow)
        said, slices = voice.read(asked), reading.cut(asked, "week")
        counted = "count(DISTINCT r.id), count(DISTINCT r.id) FILTER (WHERE r.tone = -1)"
        [(n, bad)] = rows_of(f"SELECT {counted} {_REMARKS}", *parameters)
        assert n and (said.n, said.bad) == (n, bad)
        by_topic = rows_of(f"SELECT f.topic_id, {counted} {_REMARKS} GROUP BY 1", *parameters)
        assert dict(said.by_topic) == {topic: (n, bad) for topic, n, bad in by_topic}
        by_week = {
            week: (n, bad) for week, n, bad in rows_of(
                f"SELECT width_bucket(r.said_at, %s), {counted} {_REMARKS} GROUP BY 1",
                [one.start for one in slices], *parameters,
            )
        }  # fmt: skip
        assert said.by_slice(slices) == [by_week.get(i, (0, 0)) for i in range(1, len(slices) + 1)]


_COMPLAINTS = """
    FROM feedback_complaint c JOIN tickets_ticket t ON t.number = c.ticket_id
    LEFT JOIN feedback_tickettopic s ON s.ticket_id = t.number
    LEFT JOIN feedback_reasoncode r ON r.id = c.reason_id LEFT JOIN feedback_department d ON d.id = r.department_id
    WHERE t.removed_at IS NULL AND c.withdrawn_at IS NULL AND t.inbox_id = ANY(%s)
        AND c.received_at >= %s AND c.received_at < %s AND (%s::bigint IS NULL OR s.topic_id = %s::bigint)
"""


@pytest.mark.parametrize("seed", SEEDS)
def test_complaints_and_their_reasons(seed, tickets, topics, chosen):
    chance = random.Random(seed)
    shipping = Department.objects.create(name="Shipping")
    reasons = ReasonCode.objects.bulk_create(
        ReasonCode(name=name, department=department, in_control=control)
        for name, department, control in (("Late", shipping, False), ("Rude", None, True), ("Wrong", shipping, None))
    )

    def perhaps(share=0.7):
        return some_moment(chance) if chance.random() < share else None

    made = []
    for ticket in tickets:
        finding = chance.choice(["upheld", "partly", "not_upheld"])
        made.append(Complaint(
            ticket=ticket, received_at=some_moment(chance), acknowledge_by=perhaps(), acknowledged_at=perhaps(),
            decided_at=perhaps(), closed_at=perhaps(), finding=finding, is_agreed=chance.choice([True, False, None]),
            reason=chance.choice([None, *reasons]), withdrawn_at=perhaps(0.1),
        ))  # fmt: skip
    Complaint.objects.bulk_create(made)
    TicketTopic.objects.bulk_create(TicketTopic(ticket=ticket, topic=topics[0]) for ticket in tickets[:30])
    for narrow in (None, topics[0].pk):
        asked = Filter(chosen.first, chosen.last, chosen.zone, chosen.inboxes, topic=narrow and str(narrow))
        parameters = ([*asked.inboxes], asked.period.start, asked.period.end, narrow, narrow)
        [counts] = rows_of(
            f"""SELECT count(*), count(*) FILTER (WHERE acknowledged_at IS NOT NULL OR acknowledge_by < %s),
                count(*) FILTER (WHERE acknowledged_at <= acknowledge_by), count(decided_at),
                count(*) FILTER (WHERE decided_at IS NOT NULL AND finding IN ('upheld', 'partly')), count(closed_at),
                count(*) FILTER (WHERE is_agreed) {_COMPLAINTS}""",
            NOW, *parameters,
        )  # fmt: skip
        frame = voice.complaints(asked)
        sums, spans = voice._counted(frame, NOW)
        assert counts[0] and tuple(sums.values()) == counts
        took = rows_of(f"SELECT decided_at - received_at {_COMPLAINTS} AND decided_at IS NOT NULL", *parameters)
        assert sorted(spans) == sorted(one.total_seconds() for (one,) in took)
        by_reason = rows_of(
            f"SELECT r.name, d.name, r.in_control, count(*) {_COMPLAINTS} GROUP BY 1, 2, 3", *parameters
        )
        said = {True: "yes", False: "no", None: "not decided"}
        assert sorted((row["name"], *row["cells"]) for row in voice._reasons(frame).rows) == sorted(
            (name or "not said", department or "—", said[control] if name else "—", str(n))
            for name, department, control, n in by_reason
        )


# ---------------------------------------------------------------------- recoveries


def observed(rows, at, *, until_closed):
    """What the curves are made of, one recovery at a time."""
    for row in rows:
        until = row.closed_at or at
        if until_closed:
            yield (until - row.opened_at).total_seconds(), row.outcome in recovery_sets.NEEDED
        elif row.taken_up_at:
            yield (row.taken_up_at - row.opened_at).total_seconds(), True
        else:
            yield (until - row.opened_at).total_seconds(), False


def agree(figures, rows):
    """That figures say of some recoveries what these say one by one."""
    assert figures.n == len(rows)
    needed = [row for row in rows if row.outcome in recovery_sets.NEEDED]
    assert (figures.needed, figures.recovered) == (len(needed), sum(row.outcome == "recovered" for row in rows))
    assert Counter({one: figures.ended(one) for one in ["", *Outcome]}) == Counter(row.outcome for row in rows)
    assert figures.still_open == sum(row.closed_at is None for row in rows)
    states = Counter(recovery_sets.state_of(one.due_at, one.taken_up_at, one.closed_at, NOW) for one in rows)
    found = figures.in_time
    assert (found.met, found.breached, found.running) == (states["met"], states["breached"], states["running"])
    assert figures.taken.tolist() == sorted(
        (row.taken_up_at - row.opened_at).total_seconds() for row in rows if row.taken_up_at
    )
    assert figures.closed.tolist() == sorted(
        (row.closed_at - row.opened_at).total_seconds() for row in needed if row.closed_at
    )
    assert figures.costs == sorted(row.cost for row in rows if row.cost is not None and row.closed_at)
    assert figures.until_taken == cohorts.of_observations(observed(rows, NOW, until_closed=False))
    assert figures.until_closed == cohorts.of_observations(observed(rows, NOW, until_closed=True))


@pytest.mark.parametrize("mode", ["contract", "activity"])
def test_recoveries_and_what_became_of_their_customers(mode, history, tickets, chosen, inbox, dora):  # noqa: F811
    chance = random.Random(len(history[0]))
    acme = Organisation.objects.create(name="Acme")
    people = Customer.objects.bulk_create(
        Customer(pk=1_000 + i, name=f"C{i}", organisation=acme if i % 3 == 0 else None) for i in range(12)
    )
    people[11].merged_into = people[10]
    people[11].save()
    # their tickets are those of the random history
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_ticketfacts SET customer = 1000 + customer")
    shipping = Department.objects.create(name="Shipping")
    made = []
    for i in range(70):
        opened = some_moment(chance) - 40 * DAY
        taken = opened + DAY * chance.uniform(0, 4) if chance.random() < 0.7 else None
        is_closed = chance.random() < 0.8
        made.append(Recovery(
            customer=chance.choice(people[:11]), inbox=inbox, source="agent", opened_at=opened,
            ticket=chance.choice([None, *tickets]) if is_closed else None, due_at=opened + 2 * DAY,
            taken_up_at=taken, state="closed" if is_closed else "worked" if taken else "open",
            closed_at=opened + DAY * chance.uniform(0, 9) if is_closed else None,
            outcome=chance.choice([*Outcome]) if is_closed else "", in_control=chance.choice([True, False, None]),
            cost=chance.choice([None, Decimal("3.50"), Decimal(i)]), department=chance.choice([None, shipping]),
        ))  # fmt: skip
    Recovery.objects.bulk_create(made)
    kinds = ["joined", "renewed", "upgraded", "lapsed", "cancelled"] + (["bought"] if mode == "activity" else [])
    AccountEvent.objects.bulk_create(
        AccountEvent(kind=chance.choice(kinds), at=FIRST + DAY * chance.choice([1, 30, 60, chance.uniform(0, 109)]),
                     voided_at=NOW if chance.random() < 0.1 else None,
                     **({"organisation": acme} if i % 10 == 0 else {"customer": chance.choice(people)}))
        for i in range(40)
    )  # fmt: skip
    Retention.objects.create(mode=mode, idle_days=30)
    asked = Filter(date(2026, 1, 25), chosen.last, chosen.zone, chosen.inboxes)
    there = recovery_sets.opened(asked)
    rows = list(Recovery.objects.select_related("ticket").filter(pk__in=there))
    assert {row.pk for row in rows} == {
        row.pk for row in Recovery.objects.all()
        if row.opened_at in asked.period and (row.ticket is None or row.ticket.removed_at is None)
    }  # fmt: skip
    figures = recoveries.read(asked, NOW)
    agree(figures, rows)
    for column in ("department", "in_control"):
        for value, part in figures.by(column):
            agree(
                part,
                [row for row in rows if (row.department_id if column == "department" else row.in_control) == value],
            )
    later = recovery_sets.after(figures.rows, NOW)
    found, young = after_one_by_one(rows)
    assert later.young == young and found
    columns = (later.customers.tolist(), later.is_recovered.tolist(), later.came_back.tolist())
    assert list(zip(*columns, strict=True)) == [
        (one.customer_id, one.outcome == "recovered", back) for one, back in found
    ]
    good = [back for row, back in found if row.outcome == "recovered"]
    assert later.split() == ((len(good), sum(good)), (later.n - len(good), later.back - sum(good)))
    known = recovery_sets.still_customers(later, asked.zone)
    with_spans, parameters = accounts.sql(Rule.of_the_house(asked.zone))
    then = [(row.closed_at + recovery_sets.AFTER).astimezone(ZoneInfo(asked.zone)) for row, _back in found]
    parameters |= {"people": [row.customer_id for row, _back in found], "days": [one.date() for one in then]}
    with connection.cursor() as cursor:
        cursor.execute(
            f"{with_spans} SELECT w.person, bool_or(s.since <= w.day AND (s.until IS NULL OR w.day < s.until))"
            " FROM unnest(%(people)s::bigint[], %(days)s::date[]) AS w (person, day)"
            " JOIN spans s ON s.person = w.person GROUP BY 1",
            parameters,
        )
        told = dict(cursor.fetchall())
    assert known == (len(told), sum(told.values()))


def after_one_by_one(rows):
    """The first recovery of each customer that needed something, and whether they wrote again within 90 days."""
    found, young = {}, set()
    for row in sorted(rows, key=lambda row: (row.closed_at or NOW, row.pk)):
        if row.outcome not in recovery_sets.NEEDED or {row.customer_id} & (found.keys() | young):
            continue
        if row.closed_at + recovery_sets.AFTER > NOW:
            young.add(row.customer_id)
            continue
        [(again,)] = rows_of(
            "SELECT count(*) FROM reports_ticketfacts WHERE customer = %s AND started_at > %s AND started_at <= %s"
            " AND is_contact AND in_volume AND ticket <> %s",
            row.customer_id, row.closed_at, row.closed_at + recovery_sets.AFTER, row.ticket_id or 0,
        )  # fmt: skip
        found[row.customer_id] = (row, again > 0)
    return list(found.values()), len(young)


def test_a_page_asks_as_often_however_much_there_is(tickets, topics, chosen, ana, dora, inbox):
    def asked(build):
        said = []

        def listen(execute, sql, parameters, many, context):
            said.append(sql)
            return execute(sql, parameters, many, context)

        with connection.execute_wrapper(listen):
            build(chosen)
        return len(said)

    counts = []
    for tickets_of_round in (tickets[:1], tickets[1:20]):
        for ticket in tickets_of_round:
            QualityReview.objects.create(ticket=ticket, agent=ana, reviewed_at=FIRST + 9 * DAY, seen_at=NOW,
                                         clear=4, correct=3, complete=2, kind=1)  # fmt: skip
            remark = Remark.objects.create(inbox=inbox, source="noted", ticket=ticket, said_at=FIRST + 9 * DAY)
            remark.found_topics.create(topic=topics[0])
            Complaint.objects.create(ticket=ticket, received_at=FIRST + 9 * DAY)
            Recovery.objects.create(customer=dora, inbox=inbox, source="agent", opened_at=FIRST + 9 * DAY, due_at=NOW)
        counts.append([asked(build) for build in (quality.build, voice.build, recoveries.build)])
    assert counts[0][1:] == counts[1][1:]
    # of reviews fewer than five nothing is drawn, so that nobody asks for the names of teams
    assert counts[1][0] <= counts[0][0] + 1 and max(counts[1]) <= 9
