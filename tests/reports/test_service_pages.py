"""The pages of what the team did, on a small history."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reports.counting import cohorts
from reports.counting.statistics import kaplan_meier
from reports.forms import FilterForm
from reports.models import SurveyFacts, TicketFacts
from reports.pages import find
from reports.reading import behind
from tests.conftest import mail
from tickets.operations import assignment, replying, status

BERLIN = "Europe/Berlin"
MARCH = {"from": "2026-03-01", "to": "2026-03-31", "zone": BERLIN}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def filter_of(agent, **asked):
    form = FilterForm(agent, {**MARCH, **asked})
    assert form.is_valid(), form.errors
    return form.filter


def lines(found):
    return {line.key: line for line in found.lines()}


@pytest.fixture
def march(inbox, ana, chloe, send_mail_in, settle):
    """Monday 2 March, open from 9: answered after 1 h, 2 h and not at all; the first one resolved after 3 h."""
    with time_machine.travel(at("2026-03-02 09:00"), tick=False) as clock:
        one, two, three = (
            send_mail_in(mail(subject=f"No {i}", Message_ID=f"<{i}@x.example>")).said.ticket for i in "123"
        )
        clock.shift(timedelta(hours=1))
        replying.reply(one, text="Yes.", actor=ana)
        clock.shift(timedelta(hours=1))
        replying.reply(two, text="No.", actor=ana)
        clock.shift(timedelta(hours=1))
        status.resolve(one, actor=ana)
        send_mail_in(mail(text="And?", Message_ID="<2b@x.example>", In_Reply_To="<2@x.example>"))
        clock.shift(timedelta(minutes=30))
        replying.reply(two, text="Still no.", actor=chloe)
        settle()
        yield {"one": one, "two": two, "three": three, "clock": clock}


def test_today_says_what_waits_and_what_came_beside_the_same_weekday_before(march, chloe, settle):
    march["two"].refresh_from_db()
    assignment.assign(march["three"], agent=chloe, team=None, actor=chloe)
    status.snooze(march["three"], until=at("2026-03-02 20:00"), actor=chloe)
    settle()
    TicketFacts.objects.filter(pk=march["one"].pk).update(created_at=at("2026-02-23 09:00"))
    found = find("today").build(filter_of(chloe))
    said = lines(found)
    assert (said["open"].value, said["unassigned"].value, said["waking"].value) == (2, 0, 1)
    assert (said["waiting"].value, said["waiting.oldest"].value) == (1, 3.5 * 3600)
    assert (said["today_created"].value, said["today_created.usual"].value) == (2, 1)
    assert (said["today_replied"].value, said["today_resolved"].value) == (2, 1)
    people = next(chart for chart in found.charts() if chart.key == "people_here")
    assert [(row["name"], cells[1]) for row, cells in zip(people.rows, people.cells, strict=True)] == [
        (march["two"].assignee.name, 1), (chloe.name, 1),
    ]  # fmt: skip


def test_what_a_colleague_has_is_shown_to_them_and_to_leads(march, ana, chloe, settle):
    assignment.assign(march["three"], agent=chloe, team=None, actor=chloe)
    settle()

    def shown(agent):
        found = find("today").build(filter_of(agent))
        people = next(chart for chart in found.charts() if chart.key == "people_here")
        return {row["name"]: cells[1] for row, cells in zip(people.rows, people.cells, strict=True)}

    assert shown(chloe)[chloe.name] == 1
    assert shown(ana).get(chloe.name) is None


KEYS = ["today", "speed", "resolution", "channels", "people"]


def test_every_page_has_its_lists_and_its_definitions(march, chloe, as_agent):
    client = as_agent(chloe)
    definitions = client.get(reverse("report_definitions")).content.decode()
    for key in KEYS:
        html = client.get(reverse("report", args=[key]), {**MARCH, "compare": "before"}).content.decode()
        assert ("data-live-report" in html) == (key == "today")
        for section in find(key).build(filter_of(chloe)).sections:
            for tile in section.tiles:
                assert f'id="{tile.definition_url.partition("#")[2]}"' in definitions, tile.definition_url
                assert f'id="tile-{tile.lead.key}"' in html
                if tile.tickets_url:
                    assert client.get(tile.tickets_url).status_code == 200
            for chart in section.charts:
                assert f'id="{chart.definition_url.partition("#")[2]}"' in definitions, chart.definition_url
                assert len(chart.rows) == len(chart.cells)
                assert all(len(row["cells"]) == len(chart.columns) - 1 for row in chart.rows)
                assert all(len(cells) == len(chart.raw_columns) for cells in chart.cells)


def test_more_tickets_cost_no_more_queries(march, chloe, ana, send_mail_in, settle):
    def counts():
        found = {}
        for key in KEYS:
            with CaptureQueriesContext(connection) as queries:
                find(key).build(filter_of(chloe, compare="before"))
            found[key] = len(queries)
        return found

    before = counts()
    for i in range(4):
        ticket = send_mail_in(mail(sender=f"p{i}@x.example", Message_ID=f"<m{i}@x.example>")).said.ticket
        replying.reply(ticket, text="Yes.", actor=ana)
        status.resolve(ticket, actor=ana)
    settle()
    assert counts() == before
    assert max(before.values()) <= 30


def test_agents_see_their_own_part_and_leads_everybodys_by_name(march, ana, chloe):
    def rows(reader):
        chart = next(one for one in find("people").build(filter_of(reader)).charts() if one.key == "contribution")
        return {row["name"]: cells[:3] for row, cells in zip(chart.rows, chart.cells, strict=True)}

    assert rows(chloe) == {ana.name: (2, 2, 1), chloe.name: (1, 0, 0)}
    assert list(rows(chloe)) == sorted([ana.name, chloe.name])
    assert rows(ana) == {ana.name: (2, 2, 1)}


@pytest.fixture
def answers(march):
    """Of forty by mail thirty are satisfied, of three by phone one."""
    ticket = TicketFacts.objects.get(pk=march["one"].pk)
    given = [("email", 5)] * 30 + [("email", 1)] * 10 + [("phone", 5)] + [("phone", 2)] * 2
    SurveyFacts.objects.bulk_create(
        SurveyFacts(
            event=-1 - i, ticket=ticket.pk, invitation=i, kind="csat", counts=True, is_delivered=True, channel=channel,
            has_comment=False, state="answered", inbox=ticket.inbox, team=ticket.team, agent=ticket.last_replier,
            invited_at=ticket.created_at, sent_at=ticket.created_at, answered_at=ticket.created_at, score=score,
        )
        for i, (channel, score) in enumerate(given)
    )  # fmt: skip


def test_satisfaction_of_few_is_hidden_and_so_is_who_would_give_it_away(answers, chloe):
    found = find("channels").build(filter_of(chloe))
    table = next(one for one in found.charts() if one.key == "table_channel")
    # phone has too few, and mail would give it away by subtraction from the overview's total
    assert [cells[-5:] for cells in table.cells] == [(None,) * 5, (None,) * 5]
    assert all("too few" in row["cells"] for row in table.rows)
    people = next(one for one in find("people").build(filter_of(chloe)).charts() if one.key == "satisfied_people")
    assert [cells[:2] for cells in people.cells] == [(43, pytest.approx(31 / 43))]


def test_speed_counts_every_kind_of_wait(march, chloe):
    found = find("speed").build(filter_of(chloe))
    said = lines(found)
    assert (said["first_response.median"].value, said["first_response.n"].value) == (1.5 * 3600, 2)
    assert (said["next_response.median"].value, said["next_response.n"].value) == (1800, 1)
    assert (said["our_wait.median"].value, said["resolution.median"].value) == (3 * 3600, 3 * 3600)
    assert (said["still_open.first_response.open"].value, said["still_open.resolution.open"].value) == (1, 2)
    # two of three were answered, the second after 2 h; of the resolutions fewer than half are there
    assert (said["still_open.first_response.median"].value, said["still_open.resolution.median"].value) == (7200, None)
    assert said["still_open.resolution.ended_median"].value == 3 * 3600
    # within four hours twice, the third one still has half an hour
    assert (said["target.n"].value, said["target.running"].value, said["target"].value) == (2, 1, 1.0)


def test_a_curve_is_that_of_the_published_function():
    ended = [5, 5, 5, 9, 9, 9, 9, 30]
    still = [5, 7, 7, 30, 31, 31, 31]
    curve = cohorts.curve(ended, still)
    known = kaplan_meier([(time, True) for time in ended] + [(time, False) for time in still])
    assert (curve.n, curve.ended, curve.median, curve.end) == (15, 8, known.median, 31)
    for point in curve.points:
        assert point.left == pytest.approx(known.left_at(point.time))
        assert (point.low, point.high) == pytest.approx(tuple(known.interval_at(point.time)))


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    curve = cohorts.curve(range(1, 2000), [5000] * 500)
    assert len(curve.points) <= cohorts.MOST_POINTS + 1
    assert curve.points[-1].time == 1999 and curve.end == 5000
    assert [one.left for one in curve.points] == sorted((one.left for one in curve.points), reverse=True)


#: the list behind a number and how many it should hold, by the page
LISTED = {
    "today": ["owed", "waiting", "open", "unassigned", "waking", "today_created", "today_replied", "today_resolved"],
    "speed": ["first_response", "next_response", "our_wait", "resolution"],
    "resolution": ["fcr", "fcr_immature", "touches"],
}


def test_the_lists_behind_the_numbers_hold_as_many(march, chloe):
    chosen = filter_of(chloe)
    for key, names in LISTED.items():
        tiles = [tile for section in find(key).build(chosen).sections for tile in section.tiles if tile.tickets_url]
        said = {tile.tickets_url.split("/")[3]: tile.lead for tile in tiles}
        for name in names:
            listed, after, total = 0, "", None
            while total is None or after:
                some = behind(name, chosen, after=after, limit=1)
                listed += len(some.rows)
                after, total = some.after, some.total
            assert listed == total == said[name].n, name
