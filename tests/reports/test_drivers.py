"""Service → experience: what goes with good answers, told from chance and from the mix."""

from collections import Counter
from datetime import date
from random import Random

import pytest
from django.urls import reverse

from reports.counting import driving
from reports.counting.driving import FACTS, HOUR, drivers, fitted
from reports.definitions import KEYS
from reports.metrics import links
from reports.models import SurveyFacts
from reports.pages import find
from reports.reading import Filter
from tests.reports.test_answer_pages import asking

pytestmark = pytest.mark.django_db


def march(**more):
    return Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=(1, 2), visible=(1, 2), **more)


def bucket_of(fact, value):
    return None if value is None else sum(value >= edge for edge in fact.edges)


def some(chance, n):
    return [
        asking(
            i, score=chance.randint(1, 5), channel=chance.choice(["email", "chat"]), topic=chance.choice(["1", None]),
            frt_s=chance.choice([None, 600, HOUR, 5 * HOUR, 90 * HOUR]), resolution_s=chance.choice([None, 99 * HOUR]),
            open_s=chance.choice([60, 30 * HOUR]), replies=chance.randint(0, 7), handoffs=chance.randint(0, 3),
            net_reopens=chance.randint(0, 1), channel_switches=chance.randint(0, 1), customer=chance.randint(1, 40),
            next_response_max_s=chance.choice([None, 2 * HOUR]),
        )
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_what_the_database_counts_is_what_the_published_functions_count(seed):
    rows = some(Random(seed), 300)
    SurveyFacts.objects.bulk_create(rows)
    found = drivers(march())
    assert (found.n, found.good) == (300, sum(row.score >= 4 for row in rows))
    for fact in FACTS:
        n: Counter = Counter()
        good: Counter = Counter()
        for row in rows:
            key = bucket_of(fact, getattr(row, fact.column)), (row.channel, row.topic)
            n[key] += 1
            good[key] += row.score >= 4
        table = {key: (n[key], good[key]) for key in n}
        sides = set(range(fact.split)), set(range(fact.split, len(fact.buckets)))
        assert found.facts[fact.key].contrasts["split"] == links.contrast(table, *sides)
        shown = found.facts[fact.key].groups
        known = links.groups(table, list(shown))
        assert {bucket: (one.n, one.good) for bucket, one in shown.items()} == {
            bucket: (one.n, one.good) for bucket, one in known.items()}  # fmt: skip
        for bucket, one in shown.items():
            assert one.standardised == pytest.approx(known[bucket].standardised)
        assert shown.keys() | found.facts[fact.key].hidden == {bucket for bucket, _place in n}


def test_a_planted_cliff_is_found_and_named():
    def score(i):
        return 5 if (i // 4) % 10 < (9 if i % 4 < 2 else 3) else 1

    SurveyFacts.objects.bulk_create(
        [asking(i, score=score(i), frt_s=[600, 2 * HOUR, 9 * HOUR, 30 * HOUR][i % 4]) for i in range(400)]
    )
    report = find("drivers").build(march())
    assert report.answer[0] == (
        "More customers are satisfied with a first answer within 4 h (90\u00a0%) than with a later one (30\u00a0%)."
    )
    assert report.answer[-1] == (
        "The steepest fall by “First answer after”: from 90\u00a0% (1 to 4 h) to 30\u00a0% (4 to 24 h)."
    )


def test_a_link_that_the_mix_makes_is_not_called_one():
    # chat is quick and pleases, mail is slow and does not; within each, speed makes no difference
    rows = []
    for i in range(800):
        is_chat = i % 2 == 0
        is_quick = i % 20 < 16 if is_chat else i % 20 < 4
        good = (i // 20) % 10 < (9 if is_chat else 4)
        rows.append(asking(i, score=5 if good else 1, channel="chat" if is_chat else "email",
                           frt_s=60 if is_quick else 50 * HOUR))  # fmt: skip
    SurveyFacts.objects.bulk_create(rows)
    found = drivers(march())
    one = found.facts["first_response"].contrasts["split"]
    assert one.odds.crude > 2 and not one.odds.is_clear
    assert ("first_response", "split") not in found.clear
    assert ("channel", "chat") in found.clear


def test_chance_that_turns_round_is_not_said_to_be_the_mix():
    # a little fewer are satisfied of those handed on, a little more in each channel: both within chance
    rows = []
    for channel, handoffs, n, good in (
        ("email", 0, 100, 70), ("email", 1, 60, 43), ("chat", 0, 100, 90), ("chat", 1, 30, 28),
    ):  # fmt: skip
        rows += [asking(len(rows) + i, score=5 if i < good else 1, channel=channel, handoffs=handoffs)
                 for i in range(n)]  # fmt: skip
    SurveyFacts.objects.bulk_create(rows)
    report, found = find("drivers").build(march()), drivers(march())
    one = found.facts["handoffs"].contrasts["split"]
    assert one.is_reversed and not one.odds.is_clear
    assert "turns round" not in str([section.notes for section in report.sections])


def test_a_cliff_elsewhere_does_not_contradict_that_the_line_shows_nothing():
    def score(i):
        return 5 if (i // 3) % 10 < (9 if i % 3 < 2 else 3) else 1

    SurveyFacts.objects.bulk_create(
        [asking(i, score=score(i), frt_s=[2 * HOUR, 9 * HOUR, 30 * HOUR][i % 3]) for i in range(60)]
        + [asking(i, score=score(3 * i), frt_s=2 * HOUR) for i in range(60, 70)]
    )
    [chart] = [one for one in find("drivers").build(march()).charts() if one.key == "drivers_first_response"]
    assert "No clear link." not in chart.note


def test_a_thin_fact_is_silent():
    SurveyFacts.objects.bulk_create([asking(i, score=5 if i % 2 else 1, handoffs=i < 20) for i in range(60)])
    report = find("drivers").build(march())
    chart = next(one for one in report.charts() if one.key == "drivers_handoffs")
    assert chart.note == "Too few answers to say." and report.answer[0].startswith("Too few answers to say")


def test_what_stands_out_among_many_is_judged_together():
    assert links.clear_of_chance([0.001, 0.04, 0.5, 0.9]) == [True, True, False, False]
    assert links.clear_of_chance([0.04, 0.5, 0.6, 0.9]) == [False] * 4
    assert links.clear_of_chance([]) == []


# ---------------------------------------------------------------------- the regression


def test_the_regression_is_refused_in_words_below_ten_events_a_parameter():
    SurveyFacts.objects.bulk_create([asking(i, score=1 if i < 12 else 5, replies=1 + i % 3) for i in range(90)])
    report = find("drivers").build(march(model="logistic"))
    [section] = [one for one in report.sections if one.key == "model"]
    assert section.notes[0].startswith("Refused: a model with 2 parameters needs 20 good and 20 other answers")
    assert "there are 12" in section.notes[0]


def test_the_regression_finds_the_odds_that_were_planted_and_allows_for_customers():
    chance = Random(6)
    rows = []
    for i in range(1500):
        slow, handed = chance.randint(0, 1), chance.randint(0, 1)
        odds = 4 * 0.4**slow
        rows.append(asking(i, score=5 if chance.random() < odds / (1 + odds) else 1, handoffs=handed, customer=i // 3,
                           frt_s=600 if not slow else 2 * HOUR))  # fmt: skip
    SurveyFacts.objects.bulk_create(rows)
    found = driving.regression(march(), 1500)
    assert not found.refused and found.customers == 500
    effects = {one.key: one for one in found.effects}
    assert effects["first_response"].low < 0.4 < effects["first_response"].high < 1
    assert effects["handoffs"].low < 1 < effects["handoffs"].high


def test_a_fact_that_decides_alone_is_refused():
    rows = [(i, bucket, 0, 1, 0, 0, "email", None, "en", 1, bucket) for i in range(60) for bucket in (0, 1)]
    assert fitted(rows).refused == "separated"


# ---------------------------------------------------------------------- the page


def test_the_outcome_is_chosen_on_the_page_and_effort_is_told_from_its_own_answers(chloe, as_agent, inbox):
    SurveyFacts.objects.bulk_create(
        [asking(i, score=6, kind="ces2", inbox=inbox.pk) for i in range(40)]
        + [asking(100 + i, score=1, inbox=inbox.pk) for i in range(40)]
    )
    asked = {"from": "2026-03-01", "to": "2026-03-31", "outcome": "ces2"}
    html = as_agent(chloe).get(reverse("report", args=["drivers"]), asked).content.decode()
    assert "Found it easy (5 to 7)" in html and 'name="outcome"' in html
    assert '<select name="outcome"' in html and '<select name="model"' in html
    other = as_agent(chloe).get(reverse("report", args=["overview"]), asked).content.decode()
    assert '<input type="hidden" name="outcome" value="ces2"' in other


def test_the_page_costs_a_fixed_number_of_queries(django_assert_max_num_queries):
    SurveyFacts.objects.bulk_create(some(Random(1), 200))
    with django_assert_max_num_queries(4):
        find("drivers").build(march(model="logistic"))


def test_every_number_and_chart_of_these_pages_leads_to_its_definition():
    rows = some(Random(2), 200)
    SurveyFacts.objects.bulk_create([*rows, *(asking(900 + i, score=6, kind="ces2") for i in range(40))])
    for key in ("satisfaction", "effort", "drivers"):
        report = find(key).build(march(model="logistic"))
        urls = [tile.definition_url for section in report.sections for tile in section.tiles]
        urls += [chart.definition_url for chart in report.charts()]
        assert urls and {url.partition("#")[2] for url in urls} <= KEYS
