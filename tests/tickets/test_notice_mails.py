"""Notifications by mail: off until asked for, once, when it is not quiet, gathered, and with a way out."""

from datetime import datetime, time, timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from django.test import Client

from helpdesk import clock
from helpdesk.models import Agent
from tests.tickets.test_notifications import want
from tickets import notice_mail
from tickets.channels.email.composing import compose
from tickets.models import Delivery, Inbox, Notification, NotificationChoice, OutgoingMail
from tickets.operations import assignment, notice_mails, notifying, opening, replying, sending


def notices():
    return OutgoingMail.objects.filter(purpose="notice")


@pytest.fixture
def told(ticket, ana, chloe, settle):
    """Ana asked for mail, and Chloe gave her the ticket."""
    settle()
    want(ana, "assigned", "mail")
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    return Notification.objects.get(agent=ana)


def later(**more: int):
    return time_machine.travel(clock.now() + timedelta(**(more or {"minutes": 3})), tick=True)


def test_it_is_mailed_after_a_rest_and_once(told, ana):
    assert notice_mails.send_due() == 0
    with later():
        assert notice_mails.send_due() == 1
        assert notice_mails.send_due() == 0
    [mail] = notices()
    assert mail.to == ["ana@demo.localhost"] and "Chloe Martin assigned it to you" in mail.subject
    assert mail.ticket_id is None  # it is not of the ticket, and its fate is no fact of it
    told.refresh_from_db()
    assert told.mail == "sent" and told.mailed_at


def test_as_a_mail_it_says_what_it_is(told):
    with later():
        notice_mails.send_due()
        [delivery] = sending.claim(10)
    made = message_from_bytes(
        compose(Delivery.objects.select_related("mail__inbox").get(pk=delivery.pk)), policy=policy.default
    )
    assert made["Auto-Submitted"] == "auto-generated" and made["X-Auto-Response-Suppress"] == "All"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert made["Reply-To"].startswith("support+n-")
    kinds = [part.get_content_type() for part in made.walk()]
    assert "text/plain" in kinds and "text/html" in kinds
    assert "It never goes to the customer" in made.get_body(("plain",)).get_content()


def test_what_was_read_meanwhile_is_not_mailed(told, ana):
    notifying.mark_read(ana)
    with later():
        assert notice_mails.send_due() == 0
    assert Notification.objects.get().mail == ""


@pytest.mark.parametrize("change", ["team", "left", "choice"])
def test_who_may_not_or_would_not_gets_none(change, told, ana, team):
    if change == "team":
        ana.teams.remove(team)
    elif change == "left":
        Agent.objects.filter(pk=ana.pk).update(is_active=False)
    else:
        NotificationChoice.objects.all().delete()
    with later():
        assert notice_mails.send_due() == 0
    assert Notification.objects.get().mail == "" and not notices().exists()


def test_an_agent_with_an_inbox_s_address_gets_none(told, ana):
    Inbox.objects.update(address="ana@demo.localhost")
    with later():
        assert notice_mails.send_due() == 0


def test_quiet_hours_put_it_off(told, ana):
    now = clock.now()
    ana.zone, ana.quiet_from = "UTC", (now - timedelta(hours=1)).time()
    ana.quiet_until = (now + timedelta(hours=1)).replace(second=0, microsecond=0).time()
    ana.save()
    with later():
        assert notice_mails.send_due() == 0
    with later(hours=1, minutes=2):
        assert notice_mails.send_due() == 1


def test_a_crash_in_between_repeats_nothing(told, monkeypatch):
    real = sending.enqueue

    def dies(**given):
        real(**given)
        raise SystemExit

    with later():
        monkeypatch.setattr(notice_mails.sending, "enqueue", dies)
        with pytest.raises(SystemExit):
            notice_mails.send_due()
        assert not notices().exists() and Notification.objects.get().mail == "waiting"
        monkeypatch.setattr(notice_mails.sending, "enqueue", real)
        assert notice_mails.send_due() == 1
    assert notices().count() == 1


def test_no_more_than_the_cap_an_hour_and_what_is_more_is_one(ana, chloe, inbox, settle, monkeypatch):
    monkeypatch.setattr(notice_mails, "MOST_PER_HOUR", 3)
    want(ana, "assigned", "mail")

    def give(number: int) -> None:
        for n in range(number):
            one = opening.open_ticket(
                inbox=inbox, address="dora@customer.example", subject=f"No {n}", text="Hi", actor=chloe,
                once=f"{number} {n}",
            )  # fmt: skip
            assignment.assign(one, agent=ana, team=None, actor=chloe)
        settle()

    give(2)
    with later():
        assert notice_mails.send_due() == 2
    give(5)
    with later(minutes=6):
        assert notice_mails.send_due() == 1
        assert notices().latest("pk").subject == "5 notifications"
    give(1)
    with later(minutes=9):
        assert notice_mails.send_due() == 0
    with later(minutes=75):
        assert notice_mails.send_due() == 1


def test_a_summary_gathers_until_the_morning(ticket, ana, chloe, settle):
    settle()
    Agent.objects.filter(pk=ana.pk).update(digest="daily", zone="Europe/Berlin")
    want(ana, "assigned", "mail")
    want(ana, "written", "mail")
    with time_machine.travel(datetime.fromisoformat("2027-03-27T20:00+01:00"), tick=False) as now:
        assignment.assign(ticket, agent=ana, team=None, actor=chloe)
        settle()
        now.shift(timedelta(hours=1))
        replying.add_note(ticket, text="Look", actor=chloe)
        settle()
        assert notice_mails.send_due() == 0
        # the clocks go forward in this night
        now.move_to(datetime.fromisoformat("2027-03-28T07:59+02:00"))
        assert notice_mails.send_due() == 0
        now.move_to(datetime.fromisoformat("2027-03-28T08:00+02:00"))
        assert notice_mails.send_due() == 1
        assert notice_mails.send_due() == 0
    [mail] = notices()
    assert mail.subject == "2 notifications" and mail.reply_to == "" and "cannot be answered" in mail.text


@pytest.mark.parametrize(
    ("digest", "now", "due"),
    [
        ("daily", "2026-03-04T07:00+01:00", "2026-03-03T08:00+01:00"),
        ("daily", "2026-03-04T08:00+01:00", "2026-03-04T08:00+01:00"),
        ("weekly", "2026-03-04T09:00+01:00", "2026-03-02T08:00+01:00"),
        ("weekly", "2026-03-02T07:59+01:00", "2026-02-23T08:00+01:00"),
    ],
)
def test_the_hour_of_the_summary(digest, now, due):
    agent = Agent(zone="Europe/Berlin", digest=digest, quiet_from=time(0))
    assert notice_mails.last_digest(agent, datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_the_way_out_needs_no_sign_in_and_no_token_of_ours_but_a_press(told, ana):
    path = notice_mail.off_url(ana).partition("://")[2].partition("/")[2]
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(f"/{path}").status_code == 200
    assert NotificationChoice.objects.filter(way="mail", is_wanted=True).exists()
    assert stranger.post(f"/{path}", {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not NotificationChoice.objects.filter(way="mail", is_wanted=True).exists()
    with later():
        assert notice_mails.send_due() == 0


def test_t23_a_way_out_that_is_not_ours_opens_nothing(told, ana):
    good = notice_mail.off_url(ana).rstrip("/").rpartition("/")[2]
    for bad in (good[:-1] + ("a" if good[-1] != "a" else "b"), "null", "true", "[]", "1"):
        answer = Client().post(f"/notifications/off/{bad}/", {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 404
    with later(days=31):
        assert Client().get(f"/notifications/off/{good}/").status_code == 404
    assert NotificationChoice.objects.filter(way="mail", is_wanted=True).exists()
