"""An alarm is raised once, names its rule, and is mailed to those who want it and may see it."""

from datetime import date, timedelta
from io import StringIO

from django.core.management import call_command
from django.urls import reverse

from helpdesk import clock
from reports.management.commands import demo
from reports.models import Alarm, Annotation, SavedReport
from reports.operations import alarming
from reports.tasks import raise_alarms
from tests.reports.test_control import spring  # noqa: F401 - a fixture
from tickets.models import OutgoingMail


def test_a_figure_that_left_its_limits_raises_one_alarm_however_often_it_is_looked_at(spring, inbox, chloe, ben):  # noqa: F811
    alarming.choose(chloe, is_wanted=True)
    alarming.choose(ben, is_wanted=True)
    for _twice in range(2):
        raise_alarms()
    alarm = Alarm.objects.get(figure="created", rule="above")
    assert (str(alarm.day), alarm.value, alarm.inbox) == ("2026-04-20", 40, inbox)
    mail = OutgoingMail.objects.get()
    assert mail.to == [chloe.email] and "New tickets a day: 40 on" in mail.text and "above the limits" in mail.text


def test_the_mail_says_what_chance_alone_gives_and_how_to_get_no_more(spring, chloe):  # noqa: F811
    alarming.choose(chloe, is_wanted=True)
    raise_alarms()
    text = OutgoingMail.objects.get().text
    assert "Chance alone gives about 1.3 such signals a month in an inbox." in text
    assert text.splitlines()[-1].endswith(reverse("report_alarms"))


def test_a_run_within_the_limits_is_not_said_to_be_beside_what_was_expected(inbox):
    one = Alarm(figure="created", inbox=inbox, rule="run_above", day=date(2026, 4, 20), value=18, lower=3, upper=31)
    assert alarming.described(one) == "New tickets a day: 18 on April 20, 2026, the eighth in a row above the mean"
    one.rule = "below"
    assert alarming.described(one).endswith("below the limits (expected 3 to 31)")


def test_nobody_is_mailed_who_did_not_ask_or_wants_it_no_more(spring, chloe):  # noqa: F811
    alarming.choose(chloe, is_wanted=True)
    alarming.choose(chloe, is_wanted=False)
    assert alarming.raise_due() >= 1 and not OutgoingMail.objects.exists()


def test_a_day_the_clock_missed_is_made_up_for_and_older_ones_are_left(spring):  # noqa: F811
    assert alarming.raise_due(clock.now() + timedelta(days=1)) >= 1
    Alarm.objects.all().delete()
    alarming.raise_due(clock.now() + timedelta(days=6))
    assert not Alarm.objects.filter(day="2026-04-20").exists()


def test_the_list_names_the_rule_and_leads_to_the_chart_for_those_who_may_see_it(spring, ana, ben, chloe, as_agent):  # noqa: F811
    alarming.raise_due()
    html = as_agent(chloe).get(reverse("report_alarms")).content.decode()
    assert "above the limits" in html and "#chart-control-created" in html and "Mail me new ones" in html
    assert "above the limits" not in as_agent(ben).get(reverse("report_alarms")).content.decode()
    assert as_agent(ana).post(reverse("report_alarm_mails"), {"wanted": "1"}).status_code == 403
    as_agent(chloe).post(reverse("report_alarm_mails"), {"wanted": "1"})
    assert alarming.wants(chloe)


def test_the_demos_bad_week_raises_alarms_and_says_what_happened(transactional_db, monkeypatch):
    monkeypatch.setattr(demo.planning, "CAPACITY", 700)  # alarms wait for the whole history
    call_command("demo", "--tickets", "700", "--until", "2026-03-20T12:00Z", "--days", "120", stdout=StringIO())
    assert Annotation.objects.filter(text="The carrier's hub broke down").exists()
    assert Alarm.objects.filter(rule="above").exists()
    many = Alarm.objects.count(), Annotation.objects.count(), SavedReport.objects.count()
    call_command("demo", "--tickets", "710", stdout=StringIO())
    assert many == (Alarm.objects.count(), Annotation.objects.count(), SavedReport.objects.count())
