"""Satisfaction and effort as pages: what the database counts is what the published functions count."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import time_machine
from django.urls import reverse

from feedback import ballots
from feedback.models import Ballot, Survey
from reports.counting import answers
from reports.metrics.satisfaction import ces2, csat
from reports.models import SurveyFacts
from reports.pages import find
from reports.reading import Filter
from reports.showing import exports
from tickets.models import Inbox

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = 3600


def asking(i, *, score=None, kind="csat", **more):
    when = START + timedelta(hours=i % 600)
    given = {
        "inbox": 1, "team": 1, "channel": "email", "topic": None, "language": "en", "customer": 1 + i, "frt_s": HOUR,
        "resolution_s": 5 * HOUR, "open_s": 2 * HOUR, "replies": 1, "handoffs": 0, "channel_switches": 0,
        "net_reopens": 0, "people": 1,
    } | more  # fmt: skip
    return SurveyFacts(
        event=-1 - i, ticket=i, kind=kind, counts=True, is_delivered=True, has_comment=False,
        state="sent" if score is None else "answered", invited_at=when, sent_at=when,
        answered_at=None if score is None else when + timedelta(hours=1), score=score, **given,
    )  # fmt: skip


def march(**more):
    return Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=(1, 2), visible=(1, 2), **more)


def lines(report):
    return {line.key: line for line in report.lines()}


def some(chance, n, kind="csat"):
    low, high = answers.SCALE[kind]
    return [
        asking(
            i, kind=kind, score=chance.choice([None, *range(low, high + 1)]), inbox=chance.choice([1, 1, 2]),
            channel=chance.choice(["email", "email", "chat"]), language=chance.choice(["en", "de", None]),
            is_solved=chance.choice([True, False, None]), low_reason=chance.choice([7, 8, None]),
            in_control=chance.choice([True, None]), net_reopens=chance.choice([0, 0, 1]),
            resolution_s=chance.choice([HOUR, 80 * HOUR, None]),
        )
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_what_the_database_counts_is_what_the_published_functions_count(seed):
    rows = some(Random(seed), 240)
    SurveyFacts.objects.bulk_create(rows)
    found = answers.answers(march(), "csat")
    said = [row for row in rows if row.score is not None]
    whole = csat(row.score for row in said)
    assert (found.n, found.good, dict(found.scores)) == (
        whole.n, whole.satisfied, {score: n for score, n in whole.distribution.items() if n})  # fmt: skip
    for column in ("inbox", "channel", "language", "is_solved"):
        by_value = {value: csat(row.score for row in said if getattr(row, column) == value)
                    for value in {getattr(row, column) for row in said}}  # fmt: skip
        assert {value: (one.n, one.good) for value, one in found.splits[column].items()} == {
            value: (one.n, one.satisfied) for value, one in by_value.items()}  # fmt: skip
    low = Counter(row.low_reason for row in said if row.score <= 2)
    assert {pk: n for pk, n in found.reasons.items() if n is not None} == {pk: n for pk, n in low.items() if n >= 5}
    asked = answers.asked_and_answered(march(), "csat")
    assert (asked.rate.delivered, asked.rate.answered) == (len(rows), len(said))
    assert asked.silence.crude == whole.share
    assert asked.silence.bound_low == pytest.approx(whole.satisfied / len(rows))


def test_the_page_says_what_silence_could_hide(settings):
    SurveyFacts.objects.bulk_create([asking(i, score=5 if i < 15 else 1 if i < 18 else None) for i in range(100)])
    report = find("satisfaction").build(march())
    said = lines(report)
    assert said["csat"].said == "83\u00a0%" and said["csat_low"].said == "17\u00a0%"
    assert said["csat_bounds"].said == "15\u00a0% to 97\u00a0%"
    notes = [note for section in report.sections for note in section.notes]
    assert any("from 15\u00a0% to 97\u00a0%" in note for note in notes)


def test_groups_too_small_are_hidden_on_the_page_and_in_the_file():
    SurveyFacts.objects.bulk_create(
        [asking(i, score=5, channel="email" if i < 20 else "chat" if i < 26 else "phone") for i in range(28)]
    )
    report = find("satisfaction").build(march())
    chart = next(one for one in report.charts() if one.key == "csat_by_channel")
    assert [(row["name"], row["cells"][0]) for row in chart.rows] == [
        ("Email", "20"), ("Live chat", "too few"), ("Phone", "too few")]  # fmt: skip
    assert [cells[0] for cells in chart.cells] == [20, None, None]
    written = exports.as_csv(find("satisfaction"), report, {"inbox": "", "team": "", "channel": "", "topic": ""})
    assert "Phone,,,," in written


def test_a_choice_that_would_give_a_few_away_shows_nothing():
    SurveyFacts.objects.bulk_create([asking(i, score=5, channel="email" if i < 20 else "chat") for i in range(22)])
    report = find("satisfaction").build(march(channel="email"))
    assert lines(report)["csat"].value is None
    assert not any(chart.key == "csat" for chart in report.charts())


def test_effort_is_a_distribution_below_thirty_answers_and_a_mean_from_then_on():
    SurveyFacts.objects.bulk_create([asking(i, score=1 + i % 7, kind="ces2") for i in range(28)])
    assert lines(find("effort").build(march()))["ces_mean"].value is None
    SurveyFacts.objects.bulk_create([asking(i, score=1 + i % 7, kind="ces2") for i in range(28, 35)])
    whole = ces2(1 + i % 7 for i in range(35))
    said = lines(find("effort").build(march()))
    assert said["ces_mean"].value == whole.mean and (said["ces_mean"].low, said["ces_mean"].high) == whole.mean_interval
    assert said["ces"].value == whole.agree_share and said["ces_high"].value == whole.high_effort_share


def test_another_version_of_the_effort_question_is_in_no_number():
    SurveyFacts.objects.bulk_create([asking(i, score=5, kind="ces1") for i in range(40)])
    assert lines(find("effort").build(march()))["ces"].n == 0


def test_high_effort_goes_with_being_handed_on_only_where_the_interval_says_so():
    SurveyFacts.objects.bulk_create(
        [
            asking(i, score=2 if i % 2 else 7, kind="ces2", handoffs=i % 2, channel_switches=i % 3 == 0)
            for i in range(60)
        ]
    )
    report = find("effort").build(march())
    assert report.answer[-1] == "More often where effort was high: handed on to somebody else."


def test_what_a_handful_had_in_common_is_no_headline():
    SurveyFacts.objects.bulk_create(
        [asking(i, score=2 if i < 8 else 7, kind="ces2", handoffs=i < 6) for i in range(60)]
    )
    report = find("effort").build(march())
    [table] = [chart for chart in report.charts() if chart.key == "ces_beside"]
    assert table.rows[1]["cells"][:2] == ["0\u00a0%", "75\u00a0%"] and len(report.answer) == 1


def test_shares_of_low_answers_are_of_all_of_them_also_where_some_are_too_few_to_show():
    SurveyFacts.objects.bulk_create(
        [asking(i, score=1 if i < 12 else 5, in_control=False if i < 7 else i < 10 or None) for i in range(60)]
    )
    [table] = [one for one in find("satisfaction").build(march()).charts() if one.key == "csat_control"]
    assert {row["name"]: row["cells"] for row in table.rows} == {
        "no": ["7", "58\u00a0%"], "yes": ["too few", "—"], "not decided yet": ["too few", "—"]}  # fmt: skip


def test_changes_are_said_with_their_interval():
    SurveyFacts.objects.bulk_create([asking(i * 5, score=5 if i < 63 else 1) for i in range(120)])
    chosen = Filter(date(2026, 3, 15), date(2026, 3, 28), "UTC", inboxes=(1,), compare="before")
    change = lines(find("satisfaction").build(chosen))["csat"].change
    assert change.is_clear and change.is_better is False and change.said.startswith("before 100\u00a0%")


def test_anonymous_answers_are_shown_in_whole_weeks_that_are_over(inbox):
    survey = Survey.objects.create(name="Anonymous", is_anonymous=True)
    weeks = [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)]
    Ballot.objects.bulk_create(
        Ballot(survey=survey, inbox=inbox, digest=f"{week}-{i}", language="en", week=week, score=5)
        for week, n in zip(weeks, (6, 3, 4), strict=True) for i in range(n)
    )  # fmt: skip
    place = {"inboxes": (inbox.pk,), "zone": "UTC"}
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC)):
        assert answers.anonymous(Filter(date(2026, 3, 1), date(2026, 3, 31), **place), "csat").n == 13
        assert answers.anonymous(Filter(date(2026, 3, 1), date(2026, 3, 15), **place), "csat").n == 6
        assert answers.anonymous(Filter(date(2026, 3, 1), date(2026, 3, 7), **place), "csat").n == 0
    with time_machine.travel(datetime(2026, 4, 10, tzinfo=UTC)):  # the links of the second week still work
        found = answers.anonymous(Filter(date(2026, 3, 1), date(2026, 3, 31), **place), "csat")
        assert (found.n, found.waiting) == (6, 7)


def test_anonymous_answers_of_one_inbox_are_not_shown_beside_those_of_all(inbox, billing):
    survey = Survey.objects.create(name="Anonymous", is_anonymous=True)
    for place, n in ((inbox, 6), (billing, 1)):
        Ballot.objects.bulk_create(
            Ballot(survey=survey, inbox=place, digest=f"{place}-{i}", language="en", week=date(2026, 3, 2), score=5)
            for i in range(n)
        )
    march = {"first": date(2026, 3, 1), "last": date(2026, 3, 31), "zone": "UTC"}
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC)):
        one = answers.anonymous(Filter(**march, inboxes=(inbox.pk,)), "csat")
        both = answers.anonymous(Filter(**march, inboxes=(inbox.pk, billing.pk)), "csat")
        assert (one.n, one.waiting, one.is_elsewhere) == (0, 0, True) and (both.n, both.is_elsewhere) == (7, False)
        assert ballots.cells(survey)[0].answered == both.n


@pytest.mark.parametrize("key", ["satisfaction", "effort"])
def test_a_page_costs_a_fixed_number_of_queries(key, chloe, as_agent, inbox, django_assert_max_num_queries):
    kind = {"satisfaction": "csat", "effort": "ces2"}[key]
    rows = some(Random(1), 120, kind)
    for row in rows:
        row.inbox = inbox.pk
    SurveyFacts.objects.bulk_create(rows)
    chosen = Filter(
        date(2026, 3, 1), date(2026, 3, 31), "UTC", inboxes=tuple(Inbox.objects.values_list("pk", flat=True))
    )
    with django_assert_max_num_queries(10):
        report = find(key).build(chosen)
    assert report.answer
    answer = as_agent(chloe).get(reverse("report", args=[key]), {"from": "2026-03-01", "to": "2026-03-31"})
    assert answer.status_code == 200 and report.answer[0] in answer.content.decode()


def test_answers_drawn_with_different_shares_are_weighed_where_none_of_them_are_few():
    SurveyFacts.objects.bulk_create([
        *(asking(i, score=5 if i < 8 else 1, percent=100) for i in range(10)),
        *(asking(10 + i, score=5 if i < 3 else 1, percent=10) for i in range(10)),
    ])  # fmt: skip
    found = lines(find("satisfaction").build(march()))
    assert found["csat"].value == pytest.approx(11 / 20), "the headline counts answers alike, and says so"
    drawn = found["csat_drawn"]
    assert drawn.value == pytest.approx(38 / 110)
    assert drawn.low < drawn.value < drawn.high and drawn.high - drawn.low > found["csat"].high - found["csat"].low
    SurveyFacts.objects.filter(percent=10, score=5).update(score=None, answered_at=None)
    SurveyFacts.objects.filter(pk__in=SurveyFacts.objects.filter(percent=10, score=1).values("pk")[:3]).delete()
    assert lines(find("satisfaction").build(march()))["csat_drawn"].value is None, "four could be told by subtraction"
    SurveyFacts.objects.filter(percent=10).delete()
    assert "csat_drawn" not in lines(find("satisfaction").build(march()))
