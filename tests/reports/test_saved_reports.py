"""Reports kept under a name, and mailed once to each who may see them."""

import re
import zlib
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html import unescape
from unittest.mock import patch
from urllib.parse import parse_qs

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from reports import charts
from reports.forms import FilterForm
from reports.models import ReportMail, SavedReport
from reports.operations import annotating, mailing, saving
from reports.pages import find
from reports.showing import mails, pictures, words
from reports.tasks import mail_reports
from tests.conftest import mail
from tickets.channels.email.composing import compose
from tickets.models import OutgoingMail

MONDAY = datetime(2026, 3, 9, 5, 30, tzinfo=UTC)
ASKED = {"period": "7", "zone": "Europe/Berlin", "compare": "before"}


@pytest.fixture
def weekly(inbox, ana, chloe):
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):
        return saving.save(
            owner=chloe, name="Our week", page="overview", asked=ASKED, is_shared=True, cadence="weekly", hour=7,
            recipients=[ana, chloe],
        )  # fmt: skip


# ---------------------------------------------------------------------- keeping


def test_a_saved_report_opens_on_the_days_that_are_meant_today(weekly, ana, as_agent):
    answer = as_agent(ana).get(reverse("saved_report", args=[weekly.pk]))
    assert answer.status_code == 302 and answer["Location"].startswith("/reports/overview/?")
    assert parse_qs(answer["Location"].partition("?")[2])["period"] == ["7"]
    assert "Our week" in as_agent(ana).get(reverse("reports")).content.decode()


def test_a_private_one_is_nobody_elses(weekly, ana, chloe, admin, as_agent):
    saving.change(weekly, name="Mine", is_shared=False, cadence="", hour=7, recipients=[], actor=chloe)
    for address in ("saved_report", "saved_report_edit"):
        assert as_agent(admin).get(reverse(address, args=[weekly.pk])).status_code == 404
    assert "Mine" not in as_agent(ana).get(reverse("saved_reports")).content.decode()
    with pytest.raises(PermissionDenied):
        saving.delete(weekly, actor=ana)


def test_one_of_an_inbox_is_for_everybody_who_sees_that_inbox(inbox, ana, ben, chloe, admin):
    asked = ASKED | {"inbox": inbox.pk}
    kept = saving.save(owner=chloe, name="Support only", page="overview", asked=asked, is_shared=True)
    assert kept in saving.visible_to(ana) and kept in saving.visible_to(admin)
    assert kept not in saving.visible_to(ben)
    saving.save(owner=chloe, name="All", page="overview", asked=ASKED, is_shared=True)
    assert [one.name for one in saving.visible_to(ben)] == ["All"]


def test_it_is_saved_from_the_report_renamed_and_deleted(inbox, ana, as_agent):
    client = as_agent(ana)
    html = client.get(reverse("reports"), {"period": "28", "inbox": inbox.pk}).content.decode()
    new = unescape(re.findall(r'href="(/reports/saved/new/[^"]+)"', html)[0])
    assert parse_qs(new.partition("?")[2]) == {
        "page": ["overview"], "period": ["28"], "zone": [ana.zone], "inbox": [str(inbox.pk)]
    }  # fmt: skip
    assert client.post(new, {"name": "", "hour": 7}).status_code == 422
    assert client.post(new, {"name": "X", "hour": 7, "cadence": "daily"}).status_code == 422  # to whom?
    client.post(new, {"name": "Support", "hour": 7})
    kept = SavedReport.objects.get()
    assert kept.asked == {"period": "28", "inbox": str(inbox.pk), "zone": ana.zone} and kept.next_at is None
    client.post(reverse("saved_report_edit", args=[kept.pk]), {"name": "Renamed", "hour": 7})
    assert "Renamed" in client.get(reverse("saved_reports")).content.decode()
    client.post(reverse("saved_report_deletion", args=[kept.pk]))
    assert not SavedReport.objects.exists()


@pytest.mark.parametrize(
    ("cadence", "after", "due"),
    [
        ("daily", "2026-03-04T05:59", "2026-03-04T06:00"), ("daily", "2026-03-04T06:00", "2026-03-05T06:00"),
        ("weekly", "2026-03-04T12:00", "2026-03-09T06:00"), ("monthly", "2026-03-04T12:00", "2026-04-01T05:00"),
        ("monthly", "2026-12-31T22:00", "2027-01-01T06:00"),
    ],
)  # fmt: skip
def test_it_is_due_at_its_hour_in_its_zone_also_when_clocks_change(cadence, after, due):
    saved = SavedReport(cadence=cadence, hour=7, asked={"zone": "Europe/Berlin"})
    found = saving.next_due(saved, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found.astimezone(UTC) == datetime.fromisoformat(due).replace(tzinfo=UTC)


# ---------------------------------------------------------------------- mailing


def test_nothing_is_mailed_before_its_time(weekly):
    with time_machine.travel(MONDAY, tick=False):
        mail_reports()
    assert not ReportMail.objects.exists()


def test_each_gets_it_once_however_often_the_clock_comes(weekly, ana, chloe):
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        for _often in range(3):
            mail_reports()
        weekly.refresh_from_db()
        assert weekly.next_at == datetime(2026, 3, 16, 6, tzinfo=UTC)
    assert sorted(one.to[0] for one in OutgoingMail.objects.all()) == sorted([ana.email, chloe.email])
    assert ReportMail.objects.filter(mail__isnull=False).count() == 2


def test_killed_between_planning_and_writing_it_is_mailed_by_the_next_run(weekly):
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        mailing.plan()
        with patch("reports.showing.mails.write", side_effect=RuntimeError("killed")):
            assert mailing.send_waiting() == 0
        assert not OutgoingMail.objects.exists()
        assert mailing.send_waiting() == 2


def test_recipients_see_only_what_they_may_see_and_who_left_sees_nothing(
    weekly, ana, ben, chloe, inbox, billing, send_mail_in, settle
):  # fmt: skip
    saving.change(weekly, name="Our week", is_shared=True, cadence="weekly", hour=7, recipients=[ana, ben, chloe],
                  actor=chloe)  # fmt: skip
    weekly.next_at = MONDAY.replace(hour=6)
    weekly.save()
    ana.is_active = False
    ana.save()
    with time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False):
        for i in range(3):
            send_mail_in(mail(Message_ID=f"<{i}@x.example>"))
        send_mail_in(mail(to=billing.address, Message_ID="<9@x.example>"), billing)
        settle()
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        mail_reports()
    texts = {one.to[0]: one.text for one in OutgoingMail.objects.exclude(purpose="acknowledgement")}
    assert set(texts) == {ben.email, chloe.email}
    assert "New tickets: 3" in texts[chloe.email] and "New tickets: 1" in texts[ben.email]
    assert ReportMail.objects.get(agent=ana).refused == "left"


def test_an_inbox_they_may_not_see_is_not_mailed_to_them(weekly, ben, chloe, inbox):
    weekly.asked = {**ASKED, "inbox": str(inbox.pk)}
    weekly.next_at = MONDAY.replace(hour=6)
    weekly.save()
    weekly.recipients.set([ben])
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        mail_reports()
    assert not OutgoingMail.objects.exists() and ReportMail.objects.get().refused == "may_not_see_it"


def test_the_mail_says_the_answer_and_shows_the_charts_as_pictures(weekly, chloe, inbox):
    annotating.add(day=datetime(2026, 3, 5).date(), text="The newsletter", inbox=inbox, actor=chloe)
    weekly.recipients.set([chloe])
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        mail_reports()
    sent = OutgoingMail.objects.get()
    assert sent.subject.startswith("Our week: ")
    letter = message_from_bytes(compose(sent.deliveries.get()), policy=policy.default)
    text = letter.get_body(("plain",)).get_content()
    assert "0 tickets came in and 0 were resolved." in text and "Mar 5: New 0, Resolved 0 [The newsletter]" in text
    html = letter.get_body(("html",)).get_content()
    shown = {part["Content-ID"][1:-1]: part.get_content() for part in letter.walk() if part["Content-ID"]}
    assert {f"volume.{weekly.pk}@report", f"first_response.{weekly.pk}@report"} <= set(shown)
    for cid, picture in shown.items():
        assert f'src="cid:{cid}"' in html and picture.startswith(b"\x89PNG")
    assert "<svg" not in html and "javascript" not in html


def test_whoever_gets_a_report_can_leave_by_one_press_though_it_is_somebody_elses(weekly, ana, chloe, inbox, client):
    saving.change(weekly, name="Mine", is_shared=False, cadence="weekly", hour=7, recipients=[ana, chloe], actor=chloe)
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        mail_reports()
        sent = {one.to[0]: one for one in OutgoingMail.objects.all()}
        letter = message_from_bytes(compose(sent[ana.email].deliveries.get()), policy=policy.default)
        off = str(letter["List-Unsubscribe"]).strip("<>")
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text = letter.get_body(("plain",)).get_content()
        assert off in text and off in letter.get_body(("html",)).get_content()
        assert f"/reports/saved/{weekly.pk}/edit/" in sent[chloe.email].text
        assert f"/reports/saved/{weekly.pk}/edit/" not in text  # she could not change it
        off = off.removeprefix(settings.BASE_URL)
        assert "Stop getting this report by mail?" in client.get(off).content.decode()
        assert list(weekly.recipients.all()) != [chloe]  # looking is not pressing
        for _twice in range(2):
            assert "no longer get this report" in client.post(off, {"List-Unsubscribe": "One-Click"}).content.decode()
    assert list(weekly.recipients.all()) == [chloe]
    saving.leave(weekly, agent=chloe)
    weekly.refresh_from_db()
    assert weekly.cadence == "" and weekly.next_at is None  # to nobody: not at all
    assert client.get(reverse("report_mail_off", args=["made-up"])).status_code == 404


def test_the_pictures_are_those_drawn_for_a_narrow_screen_where_there_are_such(inbox, chloe):
    asked = {"period": "7", "zone": "UTC"}
    saved = saving.save(owner=chloe, name="Changes", page="changes", asked=asked)
    form = FilterForm(chloe, asked)
    assert form.is_valid()
    report = find("changes").build(form.filter)
    written = mails.write(saved, find("changes"), report, "", agent=chloe)
    sizes = {int.from_bytes(png[16:20]) for _name, png in written.pictures.values()}
    assert sizes == {charts.WIDTH * pictures.ZOOM}


def pixels(png):
    """The bytes of the picture's rows, unpacked; filters do not matter to what is compared here."""
    found, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            found += png[at + 8 : at + 8 + size]
        at += 12 + size
    return zlib.decompress(found)


def test_words_are_drawn_also_where_the_system_has_no_font():
    drawn = charts.bars(
        key="k", title="t", about="a", labels=["1 Mar"], series=[charts.Series("Résolus über", [3])], say=words.number
    )
    blank = drawn.replace("Résolus über", "")
    with_words, without = (pixels(pictures.png(svg, only_our_font=True)) for svg in (drawn, blank))
    assert len(with_words) == len(without)
    assert sum(a != b for a, b in zip(with_words, without, strict=True)) > 500


def test_the_colours_of_a_picture_are_those_of_the_light_theme():
    found = pictures.colours()
    assert found["surface"] == "#fefdfc" and found["ink"].startswith("#2") and len(found["series-1"]) == 7
