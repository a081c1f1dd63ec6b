"""What other systems tell of accounts, and who is therefore a customer when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback import accounts
from feedback.accounts import Rule
from feedback.models import AccountEvent, Retention
from feedback.operations import telling
from feedback.operations.telling import News
from helpdesk.models import Event
from reports.counting import customers as customers_at
from reports.metrics import loyalty
from tickets.models import Customer, Organisation
from tickets.operations.status import NotPossible

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONTRACT = Rule("contract", 180, "Europe/Berlin")
ACTIVITY = Rule("activity", 30, "Europe/Berlin")


def at(day):
    return NOON + timedelta(days=day)


def news(about, kind="joined", day=0, **more):
    return News(about, kind, at(day), **more)


def told():
    return list(Event.objects.filter(verb__startswith="account.").order_by("id").values_list("verb", "subject_type"))


# ---------------------------------------------------------------------- telling


def test_what_is_told_is_kept_and_recorded(dora, ana):
    acme = Organisation.objects.create(name="Acme")
    kept = telling.tell([news(dora), news(acme, "upgraded")], source="shop", actor=ana)
    assert [one.is_new for one in kept] == [True, True]
    assert list(AccountEvent.objects.values_list("kind", "customer", "organisation")) == [
        ("joined", dora.pk, None), ("upgraded", None, acme.pk),
    ]  # fmt: skip
    assert told() == [("account.told", "customer"), ("account.told", "organisation")]


def test_the_same_number_of_the_same_source_is_told_once(dora, ana):
    twice = [news(dora, external_id="7"), news(dora, "lapsed", external_id="7")]
    assert [one.is_new for one in telling.tell(twice, source="shop", actor=ana)] == [True, False]
    [again] = telling.tell(twice[:1], source="shop", actor=ana)
    [other] = telling.tell(twice[:1], source="till", actor=ana)
    assert (again.is_new, other.is_new) == (False, True)
    assert again.event.kind == "joined"
    assert len(told()) == AccountEvent.objects.count() == 2


def test_what_cannot_be_kept_leaves_nothing(dora, ana):
    for wrong in (news(dora, "Joined!"), news(dora, day=40_000), news(dora, currency="EUR")):
        with pytest.raises(NotPossible):
            telling.tell([news(dora), wrong], source="shop", actor=ana)
    assert not AccountEvent.objects.exists() and not told()


def test_a_light_collaborator_tells_nothing(dora, lou):
    with pytest.raises(NotPossible):
        telling.tell([news(dora)], source="shop", actor=lou)


def test_voiding_twice_is_voiding_once_and_it_counts_no_more(dora, ana):
    [one] = telling.tell([news(dora, external_id="1")], source="shop", actor=ana)
    telling.void(one.event, actor=ana)
    telling.void(one.event, actor=ana)
    assert [verb for verb, _about in told()] == ["account.told", "account.voided"]
    assert accounts.active_at(date(2026, 3, 3), CONTRACT) == []
    [again] = telling.tell([news(dora, external_id="1")], source="shop", actor=ana)
    assert not again.is_new and again.event.voided_at


# ---------------------------------------------------------------------- who is a customer


def test_a_contract_holds_from_the_day_of_joining_to_the_day_before_it_ends(dora, ana):
    telling.tell([news(dora), news(dora, "cancelled", 10)], source="shop", actor=ana)
    days = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 11), date(2026, 3, 12)]
    assert [accounts.active_at(day, CONTRACT) == [dora.pk] for day in days] == [False, True, True, False]
    assert accounts.spans_of(dora, CONTRACT) == [(date(2026, 3, 2), date(2026, 3, 12))]


def test_without_a_contract_a_purchase_lasts_so_many_days(dora, ana):
    telling.tell([news(dora, "purchased", day) for day in (0, 30, 100)], source="shop", actor=ana)
    assert accounts.spans_of(dora, ACTIVITY) == [
        (date(2026, 3, 2), date(2026, 5, 1)), (date(2026, 6, 10), date(2026, 7, 10)),
    ]  # fmt: skip
    assert accounts.spans_of(dora, CONTRACT) == []


def test_an_organisations_contract_is_that_of_its_people_unless_they_have_one(dora, ana):
    acme = Organisation.objects.create(name="Acme")
    Customer.objects.filter(pk=dora.pk).update(organisation=acme)
    other = Customer.objects.create(name="Otto", organisation=acme)
    telling.tell([news(acme), news(dora, day=20)], source="shop", actor=ana)
    assert accounts.active_at(date(2026, 3, 3), CONTRACT) == [other.pk]
    assert accounts.active_at(date(2026, 3, 30), CONTRACT) == [dora.pk, other.pk]
    found = customers_at.on_days([date(2026, 3, 3), date(2026, 3, 30)], CONTRACT)
    assert [found.numbers[are].tolist() for are in found.on.values()] == [[other.pk], [dora.pk, other.pk]]


def test_who_was_merged_is_whom_they_became(dora, ana):
    last = Customer.objects.create(name="D. Diaz")
    middle = Customer.objects.create(name="Dora", merged_into=last)
    telling.tell([news(dora)], source="shop", actor=ana)
    Customer.objects.filter(pk=dora.pk).update(merged_into=middle)
    assert accounts.active_at(date(2026, 3, 3), CONTRACT) == [last.pk]
    assert customers_at.on_days([date(2026, 3, 3)], CONTRACT).numbers.tolist() == [last.pk]
    assert accounts.spans_of(last, CONTRACT) == [(date(2026, 3, 2), None)]


def test_the_proxy_is_who_wrote_lately(ticket):
    day = ticket.created_at.date()
    rule = Rule("contact", 5, "UTC")
    assert accounts.spans_of(ticket.customer, rule) == [(day, day + timedelta(days=5))]
    assert accounts.active_at(day + timedelta(days=4), rule) == [ticket.customer_id]
    assert accounts.active_at(day + timedelta(days=5), rule) == []
    before, after = day - timedelta(days=1), day + timedelta(days=5)
    found = customers_at.on_days([before, day, day + timedelta(days=4), after], rule)
    assert [are.tolist() for are in found.on.values()] == [[False], [True], [True], [False]]
    assert Retention.of_the_house().mode == "contact"


# ---------------------------------------------------------------------- the same as the published figures

HISTORY = st.lists(
    st.tuples(
        st.integers(0, 190), st.sampled_from(["joined", "renewed", "lapsed", "cancelled", "purchased", "tested"])
    ),
    max_size=7,
)
FIRSTS = [date(2026, month, 1) for month in range(3, 9)]


@pytest.mark.django_db
@settings(max_examples=15)
@given(
    st.lists(st.tuples(HISTORY, st.booleans()), min_size=1, max_size=4), HISTORY, st.sampled_from([CONTRACT, ACTIVITY])
)
def test_everybody_at_once_is_each_of_them_alone(people, of_acme, rule):
    AccountEvent.objects.all().delete()
    Customer.objects.all().delete()
    acme = Organisation.objects.create(name="Acme")
    customers = [
        Customer.objects.create(name=str(n), organisation=acme if is_theirs else None)
        for n, (_history, is_theirs) in enumerate(people)
    ]
    rows = [AccountEvent(organisation=acme, kind=kind, at=at(day)) for day, kind in of_acme]
    for customer, (history, _is_theirs) in zip(customers, people, strict=True):
        rows += [AccountEvent(customer=customer, kind=kind, at=at(day)) for day, kind in history]
    AccountEvent.objects.bulk_create(rows)

    known = {customer.pk: accounts.spans_of(customer, rule) for customer in customers}
    on_days = customers_at.on_days([*FIRSTS, date(2026, 3, 17)], rule)
    for day, are in on_days.on.items():
        active = [pk for pk, spans in known.items() if accounts.is_active(spans, day)]
        assert accounts.active_at(day, rule) == on_days.numbers[are].tolist() == active
    counted = accounts.stays(FIRSTS, rule)
    assert sum(one.customers for one in counted if one.first < 0) == sum(bool(spans) for spans in known.values())
    for k in range(len(FIRSTS) - 1):
        expected = loyalty.retention(known.values(), FIRSTS[k], FIRSTS[k + 1])
        here = [one for one in counted if 0 <= one.first <= k < one.last]
        came = [one for one in counted if one.first == k + 1]
        assert sum(one.customers for one in here) == expected.start
        assert sum(one.customers for one in here if one.last > k + 1) == expected.retained
        assert sum(one.customers for one in came if one.is_return) == expected.reactivated
        assert sum(one.customers for one in came if not one.is_return) == expected.new
