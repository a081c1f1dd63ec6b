"""Service → retention: who stayed, by how they were served."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from feedback.accounts import Rule
from feedback.models import AccountEvent, Recovery, Retention
from reports.counting import customers
from reports.counting.aftermath import aftermath
from reports.ledger import packs
from reports.metrics.loyalty import retention
from reports.metrics.served import Experience, served
from reports.models import SurveyFacts, TicketFacts
from reports.pages import find
from reports.reading import Filter
from tests.reports.test_answer_pages import asking
from tickets.models import Customer

pytestmark = pytest.mark.django_db
LAST = date(2026, 6, 30)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def chosen_of(inbox, **more):
    return Filter(LAST - timedelta(days=89), LAST, "UTC", inboxes=(inbox.pk,), **more)


def facts_of(number, customer, inbox, at, **more):
    zero = dict.fromkeys(
        ("contacts", "new_s", "open_s", "pending_s", "on_hold_s", "unanswered_at_solve", "incoming",
         "automated_incoming", "outgoing", "replies", "replies_before_first_resolution", "automated_replies", "notes",
         "handoffs", "reopens", "net_reopens", "folded_to"), 0
    )  # fmt: skip
    return TicketFacts(
        ticket=-number, customer=customer, inbox=inbox.pk, created_at=at, started_at=at, last_event_at=at,
        status_since=at, status="resolved", klass="counted", in_volume=True, in_quality=True, is_contact=True,
        is_open=False, awaits_first_reply=False, initiated_by="customer", detail={}, **{**zero, **more},
    )  # fmt: skip


def members(n, *, left=frozenset()):
    """Customers by contract since 2025; those of `left` cancelled before the last day."""
    Retention.objects.all().delete()
    Retention.objects.create(mode=Retention.Mode.CONTRACT)
    people = Customer.objects.bulk_create(Customer(name=f"C{i}") for i in range(n))
    events = [AccountEvent(customer=one, kind="joined", at=datetime(2025, 1, 1, tzinfo=UTC)) for one in people]
    events += [AccountEvent(customer=people[i], kind="cancelled", at=datetime(2026, 6, 1, tzinfo=UTC)) for i in left]
    AccountEvent.objects.bulk_create(events)
    return people


@pytest.mark.parametrize("seed", range(2))
@time_machine.travel(NOW, tick=False)
def test_what_the_database_counts_is_what_the_published_functions_count(seed, inbox):
    chance = Random(seed)
    left = {i for i in range(80) if chance.random() < 0.3}
    people = members(80, left=left)
    window = datetime(2026, 1, 10, tzinfo=UTC)  # inside the window of the horizon of 90 days
    target = 60 * inbox.response_target_minutes
    known, tickets, said = {}, [], []
    for i, one in enumerate(people):
        has, back, late = chance.random() < 0.7, chance.random() < 0.2, chance.random() < 0.2
        low, good, mended = chance.random() < 0.2, chance.random() < 0.3, chance.random() < 0.1
        if has:
            tickets.append(facts_of(i + 1, one.pk, inbox, window, net_reopens=int(back), frt_s=target + int(late)))
        low_at = window + timedelta(days=chance.randint(1, 20))
        good_at = window + timedelta(days=chance.randint(21, 40) if chance.random() < 0.5 else 0)
        for is_so, score, at in ((low, 1, low_at), (good, 5, good_at)):
            if is_so:
                row = asking(1000 + len(said), score=score, customer=one.pk, inbox=inbox.pk)
                row.answered_at = at
                said.append(row)
        if mended:
            Recovery.objects.create(customer=one, inbox=inbox, source="agent", state="closed", outcome="recovered",
                                    closed_at=window, due_at=window)  # fmt: skip
        known[i] = served(Experience(
            tickets=int(has), answers=int(low) + int(good), came_back=int(has and back), missed=int(has and late),
            last_low_at=low_at if low else None, last_good_at=good_at if good else None, recovered=int(mended),
        ))  # fmt: skip
    TicketFacts.objects.bulk_create(tickets)
    SurveyFacts.objects.bulk_create(said)
    [found] = aftermath(chosen_of(inbox), [90], Rule.of_the_house("UTC"))
    packs.pack()
    assert aftermath(chosen_of(inbox), [90], Rule.of_the_house("UTC")) == [found]
    sizes = Counter(known.values())
    assert {name: one.customers for name, one in found.cohorts.items() if one.customers} == sizes
    for name in sizes:
        spans = [[(date(2025, 1, 1), date(2026, 6, 1) if i in left else None)] for i, of in known.items() if of == name]
        assert found.cohorts[name].stayed == retention(spans, date(2026, 4, 1), LAST).retained


@time_machine.travel(NOW, tick=False)
def test_poor_service_that_goes_with_leaving_is_said_with_numbers(
    inbox, chloe, as_agent, django_assert_max_num_queries
):
    people = members(200, left=set(range(40)))
    at = datetime(2026, 1, 10, tzinfo=UTC)
    TicketFacts.objects.bulk_create(
        facts_of(i + 1, one.pk, inbox, at, net_reopens=int(i < 80)) for i, one in enumerate(people[:160])
    )
    with django_assert_max_num_queries(4):
        report = find("retention").build(chosen_of(inbox))
    assert report.answer[0] == (
        "Poor service goes with leaving: 90 days later 50\u00a0% were still customers, "
        "against 100\u00a0% after good service."
    )
    asked = {"from": "2026-04-02", "to": "2026-06-30", "zone": "UTC"}
    html = as_agent(chloe).get(reverse("report", args=["retention"]), asked).content.decode()
    assert report.answer[0] in html and "goes with leaving" in html and "because of" in html


@time_machine.travel(NOW, tick=False)
def test_without_account_events_everything_is_called_a_proxy(inbox):
    Retention.objects.all().delete()
    report = find("retention").build(chosen_of(inbox))
    assert any("proxy" in note for section in report.sections for note in section.notes)
    assert report.basis[0].startswith("Proxy")
    assert report.answer == ["Too few customers were served well and poorly to say."]


@time_machine.travel(NOW, tick=False)
def test_a_choice_that_differs_from_all_by_a_few_customers_shows_them_not(inbox, billing):
    people = members(80, left=set(range(10)))
    at = datetime(2026, 1, 10, tzinfo=UTC)
    TicketFacts.objects.bulk_create(
        facts_of(i + 1, one.pk, inbox if i < 57 else billing, at) for i, one in enumerate(people[:60])
    )
    both = Filter(LAST - timedelta(days=89), LAST, "UTC", inboxes=(inbox.pk, billing.pk))
    rule = Rule.of_the_house("UTC")
    assert not any(one.is_hidden for one in aftermath(both, [90], rule)[0].cohorts.values())
    one = replace(both, inboxes=(inbox.pk,), inbox=inbox.pk, visible=both.inboxes)
    narrow = aftermath(one, [90], rule)[0].cohorts
    assert narrow["good"].is_hidden and narrow["none"].is_hidden


@pytest.mark.parametrize("seed", range(3))
def test_customers_are_found_by_a_table_of_numbers_as_by_looking_each_up(seed, monkeypatch):
    import numpy as np

    chance = np.random.default_rng(seed)
    numbers = np.unique(chance.integers(1, 60, 30))
    people, moments = chance.integers(1, 80, 50), chance.integers(0, 1000, 50)
    known = customers.Customers(numbers, {})
    by_table = known.newest(people, moments).tolist(), known.among(people).tolist()
    monkeypatch.setattr(customers, "_LONGEST_TABLE", 0)
    assert by_table == (known.newest(people, moments).tolist(), known.among(people).tolist())
    last = {person: max(moments[people == person].tolist()) for person in set(people.tolist())}
    assert by_table[0] == [last.get(number, packs.NULL) for number in numbers.tolist()]
    assert not len(customers.Customers(numbers[:0], {}).newest(people, moments))


@pytest.mark.parametrize("who", [[], [3], [-4, 9, -4, 0, 7, 9], [5, 5, 5]])
def test_numbers_are_ranked_by_a_table_as_by_sorting(who, monkeypatch):
    import numpy as np

    asked = np.array(who, dtype=np.int64)
    by_table = [found.tolist() for found in customers._ranked(asked)]
    monkeypatch.setattr(customers, "_LONGEST_TABLE", 0)
    assert by_table == [found.tolist() for found in customers._ranked(asked)]
    assert by_table == [sorted(set(who)), [sorted(set(who)).index(one) for one in who]]


@pytest.mark.django_db(transaction=True)
def test_the_ledger_is_read_again_when_it_changed_and_only_then(monkeypatch):
    monkeypatch.setattr(customers, "_last_told", {})
    rule, days = Rule(Retention.Mode.CONTRACT, 180, "UTC"), [date(2026, 3, 1), date(2026, 6, 1)]
    ann, ben = (Customer.objects.create(name=name) for name in ("Ann", "Ben"))

    def tell(customer, kind, month):
        return AccountEvent.objects.create(customer=customer, kind=kind, at=datetime(2026, month, 1, 12, tzinfo=UTC))

    def known():
        asked = []

        def listen(execute, sql, params, many, context):
            asked.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(listen):
            found = customers.on_days(days, rule)
        on = {day.month: sorted(found.numbers[are].tolist()) for day, are in found.on.items()}
        return on, any("timestamptz_send" in sql for sql in asked)

    def settle():
        """As if nobody had been writing anything anywhere while it was read."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            (now,) = cursor.fetchone()
        for key, told in customers._last_told.items():
            customers._last_told[key] = replace(told, since=now)

    joined = tell(ann, "joined", 1)
    assert known() == ({3: [ann.pk], 6: [ann.pk]}, True)
    settle()
    assert known() == ({3: [ann.pk], 6: [ann.pk]}, False)
    lapsed = tell(ann, "lapsed", 5)
    assert known() == ({3: [ann.pk], 6: []}, True)
    AccountEvent.objects.filter(pk=joined.pk).update(customer=ben)
    assert known() == ({3: [ben.pk], 6: [ben.pk]}, True)
    AccountEvent.objects.filter(pk=lapsed.pk).update(voided_at=NOW)
    assert known() == ({3: [ben.pk], 6: [ben.pk]}, True)
    settle()
    lapsed.delete()
    tell(ben, "cancelled", 4)  # as many as before
    assert known() == ({3: [ben.pk], 6: []}, True)
    settle()
    AccountEvent.objects.filter(kind="cancelled").delete()
    assert known() == ({3: [ben.pk], 6: [ben.pk]}, True)
    settle()
    Customer.objects.filter(pk=ben.pk).update(merged_into=ann)
    assert known() == ({3: [ann.pk], 6: [ann.pk]}, False)
