"""The pages of voice and quality: what customers talk about, what became of complaints, how good answers are."""

from datetime import UTC, date, datetime, timedelta

import pytest

from feedback.models import Complaint, QualityReview, ReasonCode, Remark, Topic
from reports.pages import quality, voice
from reports.reading import Filter
from tickets.models import Ticket

DAY = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def march(inbox) -> Filter:
    return Filter(date(2026, 3, 1), date(2026, 3, 31), "UTC", (inbox.pk,))


@pytest.fixture
def said(inbox) -> Topic:
    """Ten remarks on deliveries, four of them bad; three on prices; one of none; one of April."""
    delivery, price = (Topic.objects.create(name=name) for name in ("Delivery", "Price"))
    for i in range(14):
        remark = Remark.objects.create(
            inbox=inbox, source="noted", text=f"No {i}", tone=-1 if i < 4 else 1, said_at=DAY + timedelta(days=i % 3)
        )
        if i < 13:
            remark.found_topics.create(topic=delivery if i < 10 else price)
    Remark.objects.create(inbox=inbox, source="noted", text="Later", said_at=DAY + timedelta(days=30))
    return delivery


def lines(report):
    return {line.key: line for line in report.lines()}


def test_topics_are_counted_with_their_tone_and_few_say_nothing_of_it(march, said, inbox):
    def by_name(report):
        chart = next(report.charts())
        return {row["name"]: cells for row, cells in zip(chart.rows, chart.cells, strict=True)}

    assert by_name(voice.build(march))["Delivery"][:2] == (10, None), "what is left of all would be of four"
    Remark.objects.create(inbox=inbox, source="noted", text="One more", tone=1, said_at=DAY)
    report = voice.build(march)
    found = lines(report)
    assert (found["remarks"].value, found["remarks_bad"].value) == (15, 4 / 15)
    assert found["remarks_bad"].low < 4 / 15 < found["remarks_bad"].high
    shown = by_name(report)
    assert shown["Delivery"][:2] == (10, 0.4)
    assert shown["Price"] == (3, None, None, None)
    assert shown["no topic"][0] == 2
    assert "Delivery" in " ".join(report.answer)


def test_each_topic_leads_to_as_many_remarks_as_it_counts(march, said, as_agent, ana):
    chart = next(voice.build(march).charts())
    client = as_agent(ana)
    for row, cells in zip(chart.rows, chart.cells, strict=True):
        assert client.get(row["url"]).content.decode().count('class="remark"') == cells[0]


def test_compared_with_before_a_page_says_whether_it_is_clear(inbox, said):
    chosen = Filter(date(2026, 3, 8), date(2026, 3, 14), "UTC", (inbox.pk,), compare="before")
    found = lines(voice.build(chosen))
    assert found["remarks"].change.is_clear and found["remarks"].change.before == 0
    assert found["remarks_bad"].change is None or not found["remarks_bad"].change.is_clear


def test_complaints_are_acknowledged_decided_and_upheld(march, ticket, dora, inbox):
    reason = ReasonCode.objects.create(name="Broken promise", in_control=True)
    for i in range(6):
        one = Ticket.objects.create(inbox=inbox, customer=dora, type="complaint")
        Complaint.objects.create(
            ticket=one, received_at=DAY, acknowledge_by=DAY + timedelta(days=7),
            acknowledged_at=DAY + timedelta(days=1 if i < 4 else 9), decided_at=DAY + timedelta(days=10),
            finding="upheld" if i < 3 else "not_upheld", reason=reason,
        )  # fmt: skip
    Complaint.objects.create(ticket=ticket, received_at=DAY, withdrawn_at=DAY)
    report = voice.build(march)
    found = lines(report)
    assert (found["complaints"].value, found["complaints_acknowledged"].value) == (6, 4 / 6)
    assert (found["complaints_upheld"].value, found["complaints_decided.median"].value) == (0.5, 10 * 86400)
    assert [chart.cells for chart in report.charts() if chart.key == "complaint_reasons"] == [[("—", "yes", 6)]]


def test_the_tone_of_one_thin_week_is_not_what_is_left(march, inbox):
    for day, n in ((2, 6), (9, 7), (16, 2)):
        for i in range(n):
            Remark.objects.create(
                source="noted", inbox=inbox, text="x", tone=-1 if i else 1, said_at=DAY.replace(day=day)
            )
    [tone] = [chart for chart in voice.build(march).charts() if chart.key == "tone_by_week"]
    shown = [cells for cells in tone.cells if cells[1] is not None]
    assert [cells[0] for cells in shown] == [7], "the smallest of the others goes with the thin one"


def test_quality_is_a_mean_with_its_interval_hidden_below_five(march, inbox, dora, ana):
    def reviewed(n: int) -> None:
        for i in range(n):
            QualityReview.objects.create(
                ticket=Ticket.objects.create(inbox=inbox, customer=dora), agent=ana, reviewed_at=DAY, seen_at=DAY,
                clear=4, correct=3, complete=4, kind=3 + i % 2,
            )  # fmt: skip

    reviewed(4)
    assert lines(quality.build(march))["quality.overall"].value is None
    reviewed(4)
    report = quality.build(march)
    found = lines(report)
    assert (found["quality.correct"].value, found["quality.overall"].value, found["quality.kind"].n) == (3, 3.625, 8)
    assert found["quality.kind"].low < 3.5 < found["quality.kind"].high
    assert {chart.key for chart in report.charts()} == {"quality_by_team", "quality_over_time"}


def test_pages_are_read_with_a_constant_number_of_questions(
    march, said, as_agent, chloe, django_assert_max_num_queries
):
    client = as_agent(chloe)
    query = "?period=custom&from=2026-03-01&to=2026-03-31&zone=UTC"
    for key in ("voice", "quality"):
        client.get(f"/reports/{key}/{query}")
        with django_assert_max_num_queries(40):
            assert client.get(f"/reports/{key}/{query}").status_code == 200
        assert client.get(f"/reports/{key}.csv{query}").status_code == 200


def test_a_thin_team_is_not_what_is_left_of_all_reviews(march, inbox, dora, ana, team):
    for i in range(10):
        QualityReview.objects.create(
            ticket=Ticket.objects.create(inbox=inbox, customer=dora, team=team if i < 7 else None), agent=ana,
            reviewed_at=DAY, seen_at=DAY, clear=4, correct=4, complete=4, kind=4 if i < 7 else 1,
        )  # fmt: skip
    [by_team] = [chart for chart in quality.build(march).charts() if chart.key == "quality_by_team"]
    assert [cells[:2] for cells in by_team.cells] == [(None, None), (None, None)], "the ten less the seven are three"


def test_the_tone_of_a_topic_of_few_is_not_what_the_others_leave(march, inbox):
    for name, n in (("Delivery", 9), ("Invoice", 6), ("Website", 2)):
        topic = Topic.objects.create(name=name)
        for i in range(n):
            remark = Remark.objects.create(source="noted", inbox=inbox, text="x", tone=-1 if i else 1, said_at=DAY)
            remark.found_topics.create(topic=topic)
    shown = {
        chart.key: [row["name"] for row, cells in zip(chart.rows, chart.cells, strict=True) if cells[1] is not None]
        for chart in voice.build(march).charts() if chart.key in ("topics", "topic_tone")
    }  # fmt: skip
    assert shown == {"topics": ["Delivery"], "topic_tone": ["Delivery"]}, "the smallest goes with the one of few"
