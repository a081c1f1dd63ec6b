"""The report of recoveries, on rows written directly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.models import Department, Invitation, Outcome, ReasonCode, Recovery, Response, Survey
from reports.counting import recovery_sets
from reports.forms import FilterForm
from reports.models import SurveyFacts, TicketFacts
from reports.pages import find
from tests.conftest import mail
from tickets.models import Customer

ASKED = {"from": "2026-03-01", "to": "2026-03-31", "zone": "Europe/Berlin"}
HOUR = timedelta(hours=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def filter_of(agent, **asked):
    form = FilterForm(agent, {**ASKED, **asked})
    assert form.is_valid(), form.errors
    return form.filter


def lines(found):
    return {line.key: line for line in found.lines()}


def build(agent, **asked):
    return find("recoveries").build(filter_of(agent, **asked))


@pytest.fixture
def made(inbox, send_mail_in, settle):
    """A recovery a call, opened on 3 March and due after 8 hours; the customer is another one each time."""
    ticket = send_mail_in(mail(Message_ID="<r@x.example>")).said.ticket
    settle()
    survey = Survey.objects.create(name="Satisfaction")
    opened = at("2026-03-03 09:00")
    n = [0]

    def make(*, taken=None, closed=None, outcome="", second=None, **more):
        n[0] += 1
        customer = Customer.objects.create(name=f"C{n[0]}")
        state = "closed" if closed else "worked" if taken else "open"

        def asking(number, score, **about):
            invitation = Invitation.objects.create(
                survey=survey, ticket=ticket, customer=customer, occasion_id=number, occasion_at=opened,
                due_at=opened, state="answered", language="en", **about,
            )  # fmt: skip
            return Response.objects.create(invitation=invitation, score=score)

        recovery = Recovery.objects.create(
            customer=customer, inbox=inbox, source="low_score", state=state, opened_at=opened,
            response=asking(n[0] * 2, 1), due_at=opened + 8 * HOUR,
            taken_up_at=opened + taken * HOUR if taken else None,
            closed_at=opened + closed * HOUR if closed else None, outcome=outcome, **more,
        )  # fmt: skip
        if second is not None:
            answer = asking(n[0] * 2 + 1, second, recovery=recovery)
            SurveyFacts.objects.create(
                event=10_000 + n[0], ticket=ticket.pk, invitation=answer.invitation_id, kind="csat", state="answered",
                counts=True, is_delivered=True, inbox=inbox.pk, invited_at=opened, answered_at=opened, score=second,
                has_comment=False,
            )  # fmt: skip
        return recovery

    with time_machine.travel(at("2026-03-04 09:00"), tick=False):
        yield make


def test_it_says_who_heard_in_time_and_counts_the_open_ones(made, chloe):
    made(taken=2)
    made(taken=8)  # equality is met
    made(taken=9, closed=20, outcome=Outcome.RECOVERED, cost=Decimal(10))
    made(closed=3, outcome=Outcome.NOT_NEEDED)
    made()  # overdue
    Recovery.objects.filter(pk=made().pk).update(due_at=at("2026-03-05 09:00"))  # still in time
    found = build(chloe)
    said = lines(found)
    assert said["recoveries"].value == 6 and said["recoveries.open"].value == 4
    assert (said["recoveries_in_time"].value, said["recoveries_in_time.n"].value) == (0.5, 4)
    assert (said["recoveries_in_time.breached"].value, said["recoveries_in_time.running"].value) == (2, 1)
    assert said["recoveries_take_up.median"].value == 8 * 3600 and said["recoveries_take_up.n"].value == 3
    # three of six took 2, 8 and 9 hours, one left after 3: half have heard only when the third of five did
    assert said["recoveries_take_up.all_median"].value == 9 * 3600
    assert (said["recovery_rate.n"].value, said["recovery_cost"].value) == (1, 10.0)
    assert said["recoveries.left_out.not_needed"].value == 1
    assert recovery_sets.breached(filter_of(chloe)).count() == 2


@pytest.mark.parametrize(
    ("taken", "closed", "state"),
    [(8, None, "met"), (8.1, None, "breached"), (None, 5, "none"), (None, 9, "breached"), (None, None, "breached")],
)
def test_equality_is_met_and_what_ended_in_time_without_a_word_is_neither(taken, closed, state):
    start = at("2026-03-03 09:00")

    def moment(hours):
        return start + hours * HOUR if hours is not None else None

    assert recovery_sets.state_of(moment(8), moment(taken), moment(closed), moment(24)) == state


def test_the_second_answers_stand_beside_the_first_only_where_they_are_enough(made, chloe):
    for second in (4, 5, 2, 5):
        made(taken=1, closed=2, outcome=Outcome.RECOVERED, second=second)
    hidden = lines(build(chloe))
    assert hidden["recovery_second"].value is None and hidden["recovery_second.n"].value == 4
    made(taken=1, closed=2, outcome=Outcome.RECOVERED, second=3)
    shown = lines(build(chloe))
    assert (shown["recovery_second"].value, shown["recovery_second"].n) == (0.8, 5)
    assert shown["recovery_second"].low < 0.8 < shown["recovery_second"].high


def test_they_are_split_by_reason_department_and_control(made, chloe):
    shipping = Department.objects.create(name="Shipping")
    late = ReasonCode.objects.create(name="Late", department=shipping, in_control=False)
    for n in range(5):
        made(taken=1, closed=2, outcome=Outcome.RECOVERED if n else Outcome.UNREACHABLE, reason=late,
             department=shipping, in_control=False)  # fmt: skip
    made(taken=1, closed=2, outcome=Outcome.RECOVERED)
    charts = {chart.key: chart for chart in build(chloe).charts()}
    assert [row["name"] for row in charts["by_reason"].rows] == ["Late", "not said yet"]
    assert charts["by_reason"].cells[0][:3] == (5, 5, 0.8) and charts["by_reason"].cells[1][2] is None
    assert [row["name"] for row in charts["by_department"].rows] == ["Shipping", "nobody's"]
    assert [row["name"] for row in charts["by_control"].rows] == ["no", "not decided"]


def test_what_became_of_them_is_told_once_ninety_days_have_passed(made, chloe, inbox):
    one = made(taken=1, closed=2, outcome=Outcome.RECOVERED)
    made(taken=1, closed=2, outcome=Outcome.NOT_RECOVERED)
    assert lines(build(chloe))["recovery_after.young"].value == 2
    facts = TicketFacts.objects.get()
    facts.pk, facts.customer, facts.started_at = 777, one.customer_id, at("2026-04-01 09:00")
    facts.save(force_insert=True)
    with time_machine.travel(at("2026-07-01 09:00"), tick=False):
        later = lines(build(chloe))
    assert (later["recovery_after"].value, later["recovery_after.n"].value) == (0.5, 2)
    assert later["recovery_after.young"].value == 0 and "recovery_stayed" not in later


def test_the_page_has_its_lists_and_definitions_and_asks_as_often_however_many_there_are(made, chloe, ben, as_agent):
    made(taken=1, closed=2, outcome=Outcome.RECOVERED, second=5, cost=Decimal("3.50"))
    client = as_agent(chloe)
    definitions = client.get(reverse("report_definitions")).content.decode()
    html = client.get(reverse("report", args=["recoveries"]), {**ASKED, "compare": "before"}).content.decode()
    found = build(chloe)
    for section in found.sections:
        for tile in section.tiles:
            assert f'id="{tile.definition_url.partition("#")[2]}"' in definitions, tile.definition_url
            assert f'id="tile-{tile.lead.key}"' in html
            if tile.tickets_url:
                assert client.get(tile.tickets_url).status_code == 200
        for chart in section.charts:
            assert f'id="{chart.definition_url.partition("#")[2]}"' in definitions, chart.definition_url
            assert all(len(row["cells"]) == len(chart.columns) - 1 for row in chart.rows)
            assert all(len(cells) == len(chart.raw_columns) for cells in chart.cells)

    def cost():
        with CaptureQueriesContext(connection) as asked:
            build(chloe)
        return len(asked)

    before = cost()
    for _n in range(4):
        made(taken=1, closed=2, outcome=Outcome.RECOVERED, second=5)
    assert cost() == before
    assert lines(build(ben))["recoveries"].value == 0
