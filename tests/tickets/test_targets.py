"""Somebody is told while there is still time: in business hours, once a wait, whoever can do something about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.conftest import mail
from tickets import bell
from tickets.models import Notification, NotificationChoice, Ticket
from tickets.operations import assignment, replying, status
from tickets.tasks import watch_targets

#: a Monday, an hour before the end of the day in Berlin, which answers within four hours from nine to five
MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
def waits(db: None, inbox: Any, dora: Any, send_mail_in: Any, settle: Any) -> Any:
    """A clock that stands where a customer has just written."""
    with time_machine.travel(MONDAY, tick=False) as now:
        send_mail_in(mail(Message_ID="<first@customer.example>"))
        settle()
        yield now


def look(settle: Any) -> list[tuple[str, str]]:
    watch_targets()
    settle()
    rows = Notification.objects.filter(kind__startswith="target").order_by("pk")
    return list(rows.values_list("agent__name", "kind"))


def test_the_assignee_is_told_in_the_last_half_hour_of_the_business_hours(waits, ana, chloe, settle):
    assignment.take(Ticket.objects.get(), actor=ana)
    waits.move_to(MONDAY + timedelta(hours=17))  # nine the next morning: one of four hours is over
    assert look(settle) == []
    waits.shift(timedelta(hours=2, minutes=29))
    assert look(settle) == []
    waits.shift(timedelta(minutes=2))
    assert look(settle) == [("Ana Silva", "target")]
    assert look(settle) == [("Ana Silva", "target")]
    [shown], _after = bell.page(ana)
    assert shown.sentence == "The time to answer is almost up" and shown.is_urgent


def test_of_nobody_s_ticket_those_hear_who_work_it_and_asked(waits, ana, chloe, ben, lou, settle):
    for agent in (chloe, ben, lou):
        NotificationChoice.objects.create(agent=agent, kind="target_unassigned", way="page", is_wanted=True)
    waits.move_to(MONDAY + timedelta(hours=19, minutes=45))
    assert look(settle) == [("Chloe Martin", "target_unassigned")]


def test_a_team_s_ticket_is_its_members(waits, ana, chloe, billing_team, inbox, settle):
    inbox.teams.add(billing_team)
    chloe.teams.add(billing_team)
    for agent in (ana, chloe):
        NotificationChoice.objects.create(agent=agent, kind="target_unassigned", way="page", is_wanted=True)
    Ticket.objects.update(team=billing_team)
    waits.move_to(MONDAY + timedelta(hours=19, minutes=45))
    assert look(settle) == [("Chloe Martin", "target_unassigned")]


def test_what_is_answered_put_aside_or_missed_already_is_nobody_s_news(waits, ana, settle):
    ticket = Ticket.objects.get()
    assignment.take(ticket, actor=ana)
    waits.move_to(MONDAY + timedelta(hours=19, minutes=45))
    status.snooze(ticket, until=MONDAY + timedelta(days=9), actor=ana)
    assert look(settle) == []
    status.wake(ticket, actor=ana)
    waits.shift(timedelta(minutes=20))  # it is missed
    assert look(settle) == []
    waits.move_to(MONDAY + timedelta(hours=4))  # the night: nobody's time runs
    assert look(settle) == []
    waits.move_to(MONDAY + timedelta(hours=19, minutes=45))
    replying.reply(ticket, text="It ships today.", actor=ana)
    assert look(settle) == []


def test_the_next_wait_is_told_anew(waits, ana, send_mail_in, settle):
    assignment.take(Ticket.objects.get(), actor=ana)
    waits.move_to(MONDAY + timedelta(hours=19, minutes=45))
    look(settle)
    replying.reply(Ticket.objects.get(), text="It ships today.", actor=ana)
    send_mail_in(mail(text="And now?", In_Reply_To="<first@customer.example>", Message_ID="<2@customer.example>"))
    waits.shift(timedelta(hours=3, minutes=40))
    assert look(settle) == [("Ana Silva", "target")] * 2
