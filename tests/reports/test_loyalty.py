"""Loyalty: one answer a customer, the same customers above and below the line, and who may be seen behind it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.models import AccountEvent, Retention
from reports.counting import loyalty_figures
from reports.metrics.loyalty import compound_churn
from reports.models import SurveyFacts
from reports.pages import loyalty
from reports.reading import Filter
from tickets.models import Customer, CustomField, Organisation

JUNE = {"from": "2026-06-01", "to": "2026-06-30", "zone": "Europe/Berlin"}


def at(month, day=10):
    return datetime(2026, month, day, 12, tzinfo=UTC)


def filter_of(inbox, **more):
    return Filter(date(2026, 6, 1), date(2026, 6, 30), "Europe/Berlin", (inbox.pk,), **more)


@pytest.fixture
def house(inbox):
    """20 who joined in February (10 of them gold); 10 in April, 4 of whom cancel in June; one leaves and comes back."""
    Retention.objects.create(mode="contract")
    CustomField.objects.create(about="organisation", key="plan", name="Plan")
    gold = Organisation.objects.create(name="Acme", fields={"plan": "gold"})
    people = Customer.objects.bulk_create(
        Customer(name=f"Person {n}", organisation=gold if n < 10 else None) for n in range(30)
    )
    told = [AccountEvent(customer=one, kind="joined", at=at(2 if n < 20 else 4)) for n, one in enumerate(people)]
    told += [AccountEvent(customer=one, kind="cancelled", at=at(6)) for one in people[20:24]]
    told += [AccountEvent(customer=people[0], kind="lapsed", at=at(3, 20))]
    told += [AccountEvent(customer=people[0], kind="renewed", at=at(6, 20))]
    AccountEvent.objects.bulk_create(told)
    return people


@pytest.fixture
def answers(house, inbox):
    """Twelve asked in June; ten answered, one of them twice."""
    scores = [(n, score) for n, score in enumerate([10, 9, 9, 10, 9, 8, 7, 6, 3, 0])]
    SurveyFacts.objects.bulk_create(
        SurveyFacts(
            event=-1 - i, invitation=i, kind="nps", counts=True, is_delivered=True, has_comment=False,
            state="answered", inbox=inbox.pk, channel="email", customer=house[n].pk, invited_at=at(6, day),
            sent_at=at(6, day), answered_at=None if score is None else at(6, day) + timedelta(hours=1), score=score,
        )
        for i, (n, score, day) in enumerate([*((n, s, 10) for n, s in scores), (9, 10, 5), (11, None, 5)])
    )  # fmt: skip


def lines(report):
    return {one.key: one for one in report.lines()}


def test_a_customer_counts_with_their_last_answer(answers, inbox):
    found = lines(loyalty.build(filter_of(inbox)))
    assert (found["nps"].value, found["nps"].n) == (20.0, 10)
    assert found["nps"].low < 20 < found["nps"].high
    assert (found["nps_response_rate"].value, found["nps_response_rate"].n) == (11 / 12, 12)


def test_too_few_answers_are_not_shown(answers, inbox):
    SurveyFacts.objects.filter(score__lt=9).delete()
    SurveyFacts.objects.filter(score=10).delete()
    report = loyalty.build(filter_of(inbox))
    assert lines(report)["nps"].value is None
    assert "nps" not in {chart.key for chart in report.charts()}


def test_nine_points_of_a_hundred_answers_are_said_to_be_chance(house, inbox):
    rows = []
    for month, promoters, detractors in ((5, 45, 30), (6, 50, 26)):
        scores = [10] * promoters + [0] * detractors + [8] * (100 - promoters - detractors)
        rows += [
            SurveyFacts(
                event=-len(rows) - 1 - n - 1000 * month, kind="nps", counts=True, is_delivered=True, has_comment=False,
                state="answered", inbox=inbox.pk, customer=month * 1000 + n, invited_at=at(month), sent_at=at(month),
                answered_at=at(month), score=score,
            )
            for n, score in enumerate(scores)
        ]  # fmt: skip
    SurveyFacts.objects.bulk_create(rows)
    [tile, *_others] = loyalty.build(filter_of(inbox, compare="before")).sections[0].tiles
    assert tile.lead.change is not None and not tile.lead.change.is_clear
    assert "A difference of 9 points is within chance with so many answers." in tile.notes


def test_the_same_customers_stand_above_and_below_the_line(house, inbox):
    found = lines(loyalty.build(filter_of(inbox)))
    # on 1 June: 19 of February (one has lapsed) and 10 of April; 4 of these leave, and one of February comes back
    assert (found["churn.n"].value, found["churn"].value) == (29, 4 / 29)
    assert found["churn.annual"].value == compound_churn(4 / 29)
    assert (found["reactivated"].value, found["customers"].value, found["customers.new"].value) == (1, 26, 0)


def test_cohorts_hold_who_stayed_without_a_break_and_small_ones_are_hidden(house, inbox):
    AccountEvent.objects.create(customer=Customer.objects.create(name="Late"), kind="joined", at=at(5))
    chart = next(one for one in loyalty.build(filter_of(inbox)).charts() if one.key == "cohorts")
    by_month = {row["label"]: list(cells) for row, cells in zip(chart.rows, chart.cells, strict=True)}
    assert by_month["2026-02-01"][:6] == [20, 1.0, 0.95, 0.95, 0.95, 0.95]
    # one hidden month could be had by subtraction, so the next smallest is hidden with it
    assert by_month["2026-05-01"][0] is None and by_month["2026-04-01"][0] is None


def test_plans_are_told_apart(house, inbox):
    chart = next(one for one in loyalty.build(filter_of(inbox)).charts() if one.key == "plans")
    found = {row["label"]: cells for row, cells in zip(chart.rows, chart.cells, strict=True)}
    # ten of gold from 1 March: the one who lapsed is there on 1 March only, and back on 1 July
    assert found["gold"][:3] == (10, 9 * 4 + 1, 1)


def test_the_page_names_its_mode_and_costs_the_same_however_many_there_are(answers, inbox, chloe, as_agent):
    client = as_agent(chloe)
    url = reverse("report", args=["loyalty"])
    with CaptureQueriesContext(
        connection,
    ) as few:
        page = client.get(url, {**JUNE, "compare": "before"}).content.decode()
    assert "A customer by contract" in page and "proxy" not in page
    more = Customer.objects.bulk_create(Customer(name=f"More {n}") for n in range(60))
    AccountEvent.objects.bulk_create(AccountEvent(customer=one, kind="joined", at=at(3)) for one in more)
    with CaptureQueriesContext(connection) as many:
        assert client.get(url, {**JUNE, "compare": "before"}).status_code == 200
    assert len(many) <= len(few)
    Retention.objects.update(mode="contact")
    assert "Proxy: whoever opened a ticket" in client.get(url, JUNE).content.decode()
    assert client.get(f"/reports/loyalty.csv?{filter_of(inbox).query()}").status_code == 200


def test_behind_a_number_stand_the_customers_one_sees(answers, house, chloe, ben, as_agent):
    for which, n in (("lost", 4), ("back", 1), ("there", 26), ("answered", 10)):
        page = as_agent(chloe).get(reverse("report_customers", args=[which]), JUNE).content.decode()
        assert page.count('<th scope="row">') == n, which
    assert as_agent(chloe).get("/reports/loyalty/customers/nobody/").status_code == 404


def test_the_months_looked_at_end_with_the_choice():
    found = loyalty_figures.boundaries(date(2026, 6, 29))
    assert (found[0], found[-1], len(found)) == (date(2024, 6, 1), date(2026, 6, 1), 25)
    assert loyalty_figures.boundaries(date(2026, 6, 30))[-1] == date(2026, 7, 1)
