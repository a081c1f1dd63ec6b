"""The service report: a small scripted history, seen on the page, in the CSV, by the API and in the lists behind."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from io import BytesIO
from itertools import pairwise
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from helpdesk.models import ApiToken
from reports import charts
from reports.counting import figures
from reports.forms import FilterForm, days_of
from reports.ledger import sweep
from reports.models import SurveyFacts, TicketFacts
from reports.pages import overview
from reports.reading import Filter, behind, cut
from reports.showing import exports, words
from tests.conftest import mail
from tickets.operations import replying, status

BERLIN = "Europe/Berlin"
MARCH = {"from": "2026-03-01", "to": "2026-03-31", "zone": BERLIN}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def march(inbox, billing, ana, ben, dora, send_mail_in, settle):
    """Monday 2 March: three tickets at Support, answered after 1 h, 2 h and not at all; one at Billing after 10 min."""
    with time_machine.travel(at("2026-03-02 09:00"), tick=False) as clock:
        one, two, three = (
            send_mail_in(mail(subject=f"No {i}", Message_ID=f"<{i}@x.example>")).said.ticket for i in "123"
        )
        other = send_mail_in(mail(to=billing.address, Message_ID="<4@x.example>"), billing).said.ticket
        clock.shift(timedelta(minutes=10))
        replying.reply(other, text="Paid.", actor=ben)
        clock.shift(timedelta(minutes=50))
        replying.reply(one, text="Yes.", actor=ana)
        clock.shift(timedelta(hours=1))
        replying.reply(two, text="No.", actor=ana)
        clock.shift(timedelta(hours=1))
        status.resolve(one, actor=ana)
        settle()
        clock.move_to(at("2026-03-03 09:00"))
        yield {"one": one, "two": two, "three": three, "other": other}


@pytest.fixture
def answers(march):
    """Sixty customers asked on 3 March; twenty of them answered, fifteen with 4 or 5."""
    scores = [5] * 10 + [4] * 5 + [3] * 2 + [1] * 3
    ticket = TicketFacts.objects.get(pk=march["one"].pk)
    when = at("2026-03-03 08:00")
    SurveyFacts.objects.bulk_create(
        SurveyFacts(
            event=-1 - i, ticket=ticket.pk, invitation=i, kind="csat", counts=True, is_delivered=True,
            has_comment=False, state="answered" if i < len(scores) else "sent", inbox=ticket.inbox, channel="email",
            team=ticket.team,
            invited_at=when, sent_at=when, answered_at=when if i < len(scores) else None,
            score=scores[i] if i < len(scores) else None,
        )
        for i in range(60)
    )  # fmt: skip


def tiles(html):
    """What the page says, by figure: the number and its companions."""
    found = {}
    for key, body in re.findall(r'<div class="tile" id="tile-([\w.-]+)">(.*?)</div>', html, re.DOTALL):
        said = re.findall(r'<p class="tile-figure">(.*?)</p>', body, re.DOTALL)[0]
        companions = re.findall(r"<li>(.*?)</li>|<p class=\"tile-note\">(.*?)</p>", body, re.DOTALL)
        found[key] = [unescape(re.sub("<[^>]+>", "", text)) for text in [said, *map("".join, companions)]]
    assert len(found) == 8
    return found


def page(client: Client, **asked):
    answer = client.get(reverse("reports"), {**MARCH, **asked})
    assert answer.status_code == 200
    return answer.content.decode()


def filter_of(agent, **asked):
    form = FilterForm(agent, {**MARCH, **asked})
    assert form.is_valid(), form.errors
    return form.filter


# ---------------------------------------------------------------------- the numbers


def test_the_page_shows_the_known_numbers(march, chloe, as_agent):
    said = tiles(page(as_agent(chloe)))
    assert said["created"][0] == "3"
    assert said["resolved"][0] == "1"
    assert said["open"][:2] == ["2", "the oldest for 24 h"]
    assert said["waiting"][0] == "1"
    assert said["first_response.median"][0] == "1 h 30 min"
    assert "2 tickets" in said["first_response.median"]
    assert "9 of 10 within 1 h 54 min" in said["first_response.median"]
    assert said["resolution.median"][0] == "3 h"


def test_business_hours_stand_beside_the_calendar(march, chloe, as_agent):
    # 9:00 UTC is 10:00 in Berlin: everything happened in the open hours of that day
    assert "in business hours: 1 h 30 min" in tiles(page(as_agent(chloe)))["first_response.median"]


def test_business_hours_that_nobody_set_are_said_to_be_not_set(march, ben, as_agent):
    said = tiles(page(as_agent(ben)))["first_response.median"]
    assert said[0] == "10 min" and "business hours are not set" in said
    assert not any("in business hours" in words for words in said)


def test_what_is_unknown_is_a_dash_and_never_zero(march, chloe, as_agent):
    html = page(as_agent(chloe), **{"from": "2026-01-01", "to": "2026-01-31"})
    said = tiles(html)
    assert said["first_response.median"][0] == "—" and said["csat"][0] == "—" and said["response_rate"][0] == "—"
    assert said["created"][0] == "0"


def test_csat_comes_with_its_interval_its_answers_and_the_response_rate(answers, chloe, as_agent):
    said = tiles(page(as_agent(chloe)))
    assert said["csat"] == [
        "75\u00a0%",
        "20 answers",
        "between 53\u00a0% and 89\u00a0%",
        "15\u00a0% gave 1 or 2",
        "few answers",
    ]
    assert said["response_rate"][0] == "33\u00a0%"
    assert said["response_rate"][1] == "20 of 60 asked in this period answered so far"


def test_customers_who_were_not_asked_are_counted_with_the_reason(answers, chloe, as_agent):
    SurveyFacts.objects.filter(event__lt=-55).update(state="suppressed", reason="throttled_any", is_delivered=False)
    said = tiles(page(as_agent(chloe)))["response_rate"]
    assert said[1].startswith("20 of 55 asked") and said[-1] == "5 not asked: asked not long ago 5"


def test_four_answers_are_hidden_everywhere(answers, chloe, as_agent):
    SurveyFacts.objects.filter(score__isnull=False, event__lt=-4).update(score=None, answered_at=None, state="sent")
    client = as_agent(chloe)
    html = page(client)
    assert tiles(html)["csat"][0] == "—" and "Not shown below 5 answers" in html
    assert 'id="chart-csat"' not in html
    text = client.get(reverse("report_csv", args=["overview"]), MARCH).content.decode()
    assert "csat.score" not in text
    listed = client.get(reverse("report_tickets", args=["csat"]), MARCH).content.decode()
    assert "Not shown below 5 answers" in listed and "No 1" not in listed


def test_what_is_left_out_is_counted(march, chloe, as_agent):
    TicketFacts.objects.filter(pk=march["three"].pk).update(klass="spam", in_volume=False, is_open=False)
    TicketFacts.objects.filter(pk=march["one"].pk).update(klass="bulk_closed", left_at=at("2026-03-02 12:00"))
    html = page(as_agent(chloe))
    assert "1 ticket spam" in html and "1 ticket closed in bulk" in html
    assert tiles(html)["created"][0] == "2" and tiles(html)["resolved"][0] == "0"


def test_the_filters_narrow(march, admin, inbox, billing, team, as_agent):
    client = as_agent(admin)
    assert tiles(page(client))["created"][0] == "4"
    assert tiles(page(client, inbox=billing.pk))["created"][0] == "1"
    assert tiles(page(client, team=team.pk))["created"][0] == "3"
    assert tiles(page(client, channel="email"))["created"][0] == "4"
    assert tiles(page(client, channel="chat"))["created"][0] == "0"


def cells_of(sheet):
    """What a sheet of a workbook shows, row by row: the strings and numbers, nothing else."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    rows = []
    for row in ElementTree.fromstring(sheet).iter(f"{main}row"):
        assert not list(row.iter(f"{main}f"))
        rows.append([
            "".join(t.text or "" for t in c.iter(f"{main}t")) if c.get("t") == "inlineStr" else float(c[0].text)
            for c in row
        ])  # fmt: skip
    return rows


def test_the_workbook_holds_what_the_page_shows_and_no_formula(answers, chloe, inbox, as_agent):
    inbox.name = "=1+1"
    inbox.save()
    answer = as_agent(chloe).get(reverse("report_xlsx", args=["overview"]), {**MARCH, "inbox": inbox.pk})
    with ZipFile(BytesIO(answer.content)) as book:
        sheets = [cells_of(book.read(n)) for n in sorted(book.namelist()) if n.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 6
    report = overview.build(filter_of(chloe, inbox=inbox.pk))
    assert ["Inbox", "=1+1"] in sheets[0]
    shown = {row[0]: row for row in sheets[0] if row}
    for line in report.lines():
        assert line.said in shown[line.key], line
        if line.value is not None:
            assert shown[line.key][2] == pytest.approx(line.value)
    for chart, rows in zip(report.charts(), sheets[1:], strict=True):
        assert rows[0] == [chart.title]
        numbers = [[value for value in cells if value is not None] for cells in chart.cells]
        assert [row[1:] for row in rows[2:]] == [pytest.approx(cells) for cells in numbers]


def test_speed_and_satisfaction_are_joined_in_one_sentence_when_enough_answered(march, answers, chloe):
    assert not any("satisfied customers" in words for words in overview.build(filter_of(chloe)).answer)
    soon, late = (TicketFacts.objects.get(pk=march[name].pk) for name in ("one", "two"))
    for ticket, score, first in ((soon, 5, -1000), (late, 2, -2000)):
        SurveyFacts.objects.bulk_create(
            SurveyFacts(event=first - i, ticket=ticket.pk, invitation=-first + i, kind="csat", counts=True, score=score,
                        is_delivered=True, has_comment=False, state="answered", inbox=ticket.inbox, channel="email",
                        invited_at=at("2026-03-03 08:00"), sent_at=at("2026-03-03 08:00"),
                        answered_at=at("2026-03-03 08:00"))
            for i in range(30)
        )  # fmt: skip
    said = overview.build(filter_of(chloe)).answer
    assert said[-1] == "A faster first answer goes with more satisfied customers."
    assert said[-2].startswith("Answered within 1 h 30 min, 90\u00a0% were satisfied (50 answers)")


def test_a_number_is_compared_with_the_days_before_it(answers, chloe, as_agent):
    found = overview.build(filter_of(chloe, compare="before"))
    said = {line.key: line.change for line in found.lines() if line.change}
    assert said["created"].before == 0 and said["created"].difference == 3
    assert said["csat"].said == "before: too few to compare" and "first_response.median" in said
    html = page(as_agent(chloe), compare="before")
    assert "before 0" in html and "compared with" in html
    text = as_agent(chloe).get(reverse("report_csv", args=["overview"]), {**MARCH, "compare": "before"}).content
    assert "Compared with,2026-01-29,2026-02-28" in text.decode()


def test_every_number_leads_to_its_definition_and_to_its_tickets(march, chloe, as_agent):
    client = as_agent(chloe)
    html = page(client)
    definitions = client.get(reverse("report_definitions")).content.decode()
    anchors = set(re.findall(r'href="/reports/definitions/#([\w-]+)"', html))
    assert {"created", "first_response", "resolution", "csat", "response_rate"} <= anchors
    for anchor in anchors:
        assert f'id="{anchor}"' in definitions
    for url in set(re.findall(r'href="(/reports/tickets/[^"]+)"', html)):
        assert client.get(unescape(url)).status_code == 200


# ---------------------------------------------------------------------- one truth


@pytest.mark.parametrize("asked", [{}, {"from": "2026-02-15", "to": "2026-03-02"}])
def test_the_csv_says_what_the_screen_says(answers, chloe, as_agent, asked):
    client = as_agent(chloe)
    said = tiles(page(client, **asked))
    answer = client.get(reverse("report_csv", args=["overview"]), {**MARCH, **asked})
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and "attachment" in answer["Content-Disposition"]
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    header = {row[0]: row[1] for row in table[:8]}
    assert (
        header["Time zone"] == BERLIN and header["First day"] == {**MARCH, **asked}["from"] and header["Inbox"] == "all"
    )
    words = {row[0]: row[7] for row in table if len(row) == 12}
    notes = {"answered in this period, whenever they came", "resolved in this period, whenever they came",
             "few answers", "business hours are not set", "Nobody has answered in this period."}  # fmt: skip
    exported = list(words.values())
    for key, (lead, *companions) in said.items():
        assert words[key] == lead
        for one in companions:
            assert one in exported or one in notes, one


def test_the_csv_holds_the_tables_of_the_charts(march, chloe, as_agent):
    table = list(
        csv.reader(
            io.StringIO(
                as_agent(chloe).get(reverse("report_csv", args=["overview"]), MARCH).content.decode("utf-8-sig")
            )
        )
    )
    start = table.index(["slice", "first_response_n", "first_response_median_s", "first_response_p90_s"])
    assert table[start + 2] == ["2026-03-02", "2", "5400.0", "6840.0"]
    assert table[start + 3] == ["2026-03-03", "0", "", ""]
    volume = table.index(["slice", "created", "resolved"])
    assert sum(int(row[1]) for row in table[volume + 1 : volume + 32]) == 3


def test_no_cell_of_the_csv_is_a_formula(march, inbox, chloe, as_agent):
    inbox.name = '=HYPERLINK("http://evil.example")'
    inbox.save()
    text = as_agent(chloe).get(reverse("report_csv", args=["overview"]), {**MARCH, "inbox": inbox.pk}).content.decode()
    assert "'=HYPERLINK" in text
    for value in ("=1+1", "+1", "-1", "@a", "\tx", "\rx"):
        assert exports.cell(value) == f"'{value}"
    assert exports.cell(-1.5) == -1.5 and exports.cell(None) == "" and exports.cell("a=b") == "a=b"


def test_the_api_says_the_same(answers, chloe):
    _token, secret = ApiToken.objects.issue(chloe, "test")
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    answer = client.get(reverse("api_report", args=["overview"]), MARCH)
    assert answer.status_code == 200
    said, found = answer.json(), figures.service(filter_of(chloe))
    figure = {one["key"]: one for one in said["figures"]}
    assert figure["created"]["value"] == found.volume.created == 3
    median, p90 = figure["first_response.median"], figure["first_response.p90"]
    assert (median["n"], median["value"], p90["value"]) == (2, 5400.0, 6840.0)
    assert figure["first_response.business.median"]["value"] == 5400.0
    assert figure["csat"]["value"] == found.csat.share == 0.75 and figure["csat"]["low"] == found.csat.low
    assert figure["response_rate"]["value"] == found.response_rate.rate
    volume = next(table for table in said["tables"] if table["key"] == "volume")
    assert len(volume["rows"]) == 31 and said["chosen"]["from"] == "2026-03-01"


def test_the_api_lists_the_reports(chloe, lou):
    answers = {}
    for agent in (chloe, lou):
        _token, secret = ApiToken.objects.issue(agent, "test")
        answers[agent] = Client(headers={"Authorization": f"Bearer {secret}"}).get(reverse("api_reports"))
    assert "overview" in [one["key"] for one in answers[chloe].json()]
    assert answers[lou].status_code == 403


@pytest.mark.parametrize(
    "asked",
    [{"zone": "Mars/Olympus"}, {"from": "2026-03-40"}, {"inbox": "99999"}, {"colour": "red"}, {"to": "2026-02-01"}],
)
def test_the_api_refuses_what_makes_no_sense_by_its_name(march, chloe, asked):
    _token, secret = ApiToken.objects.issue(chloe, "test")
    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get(
        reverse("api_report", args=["overview"]), {**MARCH, **asked}
    )
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["parameter"] in asked


#: the lists of the overview; those of other pages are held beside their numbers in the tests of these
LISTS = ("created", "resolved", "first_response", "resolution", "waiting", "open", "bulk_closed", "csat",
         "response_rate")  # fmt: skip


@pytest.mark.parametrize("key", LISTS)
def test_the_list_behind_a_number_holds_as_many(answers, admin, key):
    chosen = filter_of(admin)
    found = figures.service(chosen)
    counted = {
        "created": found.volume.created,
        "resolved": found.volume.resolved,
        "first_response": found.first_response.calendar.n,
        "resolution": found.resolution.calendar.n,
        "waiting": found.first_response.unfinished.n,
        "open": found.resolution.unfinished.n,
        "bulk_closed": found.resolution.left_out.get("bulk_closed", 0),
        "csat": found.csat.n,
        "response_rate": found.response_rate.delivered,
    }[key]
    listed, after, total = [], "", None
    while total is None or after:
        some = behind(key, chosen, after=after, limit=3)
        listed += [(row.ticket, row.values) for row in some.rows]
        after, total = some.after, some.total
    assert len(listed) == total == counted


def test_the_list_shows_the_seconds_counted(march, chloe, as_agent):
    html = as_agent(chloe).get(reverse("report_tickets", args=["first_response"]), MARCH).content.decode()
    assert "2 h (7,200 s)" in html and "1 h (3,600 s)" in html and "No 3" not in html
    assert html.index("No 2") < html.index("No 1")  # the longest first


@pytest.mark.parametrize("after", ["nonsense", "1~x", "~", "2026-03-01~1", "99999999999999999999999~1"])
def test_a_cursor_somebody_made_up_starts_at_the_beginning_or_finds_nothing(march, chloe, as_agent, after):
    for key in ("created", "first_response"):
        answer = as_agent(chloe).get(reverse("report_tickets", args=[key]), {**MARCH, "after": after})
        assert answer.status_code == 200


# ---------------------------------------------------------------------- who may see it


def test_an_agent_sees_the_figures_of_their_own_inboxes_only(march, ben, inbox, as_agent):
    client = as_agent(ben)
    html = page(client)
    assert tiles(html)["created"][0] == "1"
    assert "Support" not in html
    refused = client.get(reverse("reports"), {**MARCH, "inbox": inbox.pk})
    assert refused.status_code == 422 and "Select a valid choice" in refused.content.decode()
    listed = client.get(reverse("report_tickets", args=["created"]), MARCH).content.decode()
    assert "No 1" not in listed and f"#{march['other'].pk}" in listed


@pytest.mark.parametrize("path", ["/reports/", "/reports/overview/", "/reports/overview.csv", "/reports/definitions/"])
def test_light_collaborators_and_strangers_are_kept_out(path, lou, as_agent):
    assert as_agent(lou).get(path).status_code == 403
    assert Client().get(path).status_code == 302


def test_a_light_collaborator_reads_no_figures_through_the_api(lou):
    _token, secret = ApiToken.objects.issue(lou, "test")
    assert (
        Client(headers={"Authorization": f"Bearer {secret}"}).get(reverse("api_report", args=["overview"])).status_code
        == 403
    )


def test_a_report_is_only_read(chloe, as_agent):
    assert as_agent(chloe).post(reverse("reports")).status_code == 405
    assert as_agent(chloe).get(reverse("report_tickets", args=["nonsense"])).status_code == 404


# ---------------------------------------------------------------------- periods


def test_a_month_is_the_month_of_the_zone(inbox, dora, chloe, send_mail_in, settle):
    for i, moment in enumerate(["2026-02-28 22:59", "2026-02-28 23:00", "2026-03-31 21:59", "2026-03-31 22:00"]):
        with time_machine.travel(at(moment), tick=False):
            send_mail_in(mail(Message_ID=f"<{i}@x.example>"))
    settle()
    assert figures.service(filter_of(chloe)).volume.created == 2
    assert figures.service(filter_of(chloe, zone="UTC")).volume.created == 2
    february = filter_of(chloe, **{"from": "2026-02-01", "to": "2026-02-28"})
    assert figures.service(february).volume.created == 1


def test_days_of_changing_clocks_are_cut_at_local_midnight(inbox, dora, chloe, send_mail_in, settle):
    for i, moment in enumerate(["2026-03-28 23:00", "2026-03-29 21:59", "2026-03-29 22:00"]):
        with time_machine.travel(at(moment), tick=False):
            send_mail_in(mail(Message_ID=f"<{i}@x.example>"))
    settle()
    found = figures.service(filter_of(chloe, **{"from": "2026-03-28", "to": "2026-03-30"}))
    assert [one.created for one in found.slices] == [0, 2, 1]
    assert [(one.period.end - one.period.start) // timedelta(hours=1) for one in found.slices] == [24, 23, 24]


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("7", "2026-03-09", "2026-03-15"), ("28", "2026-02-16", "2026-03-15"), ("365", "2025-03-16", "2026-03-15"),
        ("month", "2026-03-01", "2026-03-15"),
        ("last_month", "2026-02-01", "2026-02-28"),
    ],
)  # fmt: skip
def test_presets_end_today(preset, first, last):
    days = days_of(preset, date(2026, 3, 15))
    assert [day.isoformat() for day in days] == [first, last]


def test_days_entered_beside_an_unchanged_preset_are_meant(chloe):
    days = {"from": "2026-03-01", "to": "2026-03-02"}
    meant = {("28", "28"): "custom", ("7", "28"): "7", ("7", "custom"): "7", ("custom", "28"): "custom", ("7", ""): "7"}
    for (period, was), preset in meant.items():
        form = FilterForm(chloe, {**days, "period": period, "was": was})
        assert form.is_valid() and form.filter.preset == preset


def test_the_slices_cover_the_period_without_a_gap():
    for last in (date(2026, 3, 5), date(2026, 5, 20), date(2026, 12, 31), date(2029, 2, 3)):
        chosen = Filter(date(2026, 3, 4), last, BERLIN, ())
        for unit in ("day", "week", "month"):
            slices = cut(chosen, unit)
            assert slices[0].start == chosen.period.start and slices[-1].end == chosen.period.end
            assert all(a.end == b.start for a, b in pairwise(slices))


@pytest.mark.parametrize(
    "asked",
    [{"from": "x"}, {"from": "2026-03-05", "to": "2026-03-01"}, {"from": "2001-01-01"}, {"period": "ever"},
     {"zone": "Nowhere"}, {"channel": "smoke"}, {"to": "9999-12-31"}, {"from": "0001-01-01", "to": "0001-01-02"}],
)  # fmt: skip
def test_a_wrong_form_is_shown_again_with_words(chloe, as_agent, asked):
    answer = as_agent(chloe).get(reverse("reports"), {**MARCH, **asked})
    assert answer.status_code == 422 and "field-error" in answer.content.decode()


# ---------------------------------------------------------------------- drawing, and cost


def test_charts_are_accessible_and_need_no_style(answers, chloe, as_agent):
    html = page(as_agent(chloe))
    drawn = re.findall(r"<svg class=\"chart\".*?</svg>", html, re.DOTALL)
    assert len(drawn) == 5
    for svg in drawn:
        assert 'role="img"' in svg and "<title id=" in svg and "<desc id=" in svg
        assert "style" not in svg and "nan" not in svg.lower() and "None" not in svg
    assert html.count("<table") == 5 and " style=" not in html


def test_what_is_missing_is_a_gap_and_the_axis_begins_at_zero():
    svg = charts.lines(
        key="k", title="t", about="a", labels=list("abcde"), say=words.spell,
        lower=charts.Series("low", [60.0, 120.0, None, 60.0, None]),
        upper=charts.Series("high", [90.0, 180.0, None, 90.0, None]),
    )  # fmt: skip
    assert svg.count("<polyline") == 2 and svg.count("<polygon") == 1 and ">0</text>" in svg


def test_names_in_a_chart_are_escaped():
    svg = charts.bars(
        key="k", title="<b>", about="&", labels=['"<i>'], series=[charts.Series("<script>", [1])], say=words.number
    )
    assert "<b>" not in svg and "<script>" not in svg and "<i>" not in svg


def test_the_report_costs_a_fixed_number_of_queries(march, admin):
    chosen = filter_of(admin)
    with CaptureQueriesContext(connection) as seen:
        figures.service(chosen)
    assert len(seen) == 8


def test_the_report_of_nothing_is_a_report(chloe):
    chosen = Filter(date(2026, 3, 1), date(2026, 3, 31), BERLIN, ())
    found = figures.service(chosen)
    report = overview.build(chosen)
    assert found.volume.created == 0 and list(report.lines()) and list(report.charts())


def test_facts_are_fresh_when_their_events_were_heard(march, ana, chloe, settle):
    replying.reply(march["three"], text="At last.", actor=ana)
    settle()
    assert figures.service(filter_of(chloe)).first_response.calendar.n == 3
    assert sweep.catch_up() == 0
