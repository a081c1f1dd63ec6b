"""Rows of a list: drawn once for what looks the same, and anew for whatever they show."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation

from helpdesk.models import Agent
from tickets import reading
from tickets.models import Inbox, Ticket
from tickets.operations import assignment, sorting, status
from tickets.templatetags import rows


@pytest.fixture(autouse=True)
def _nothing_drawn() -> None:
    rows._drawn.cache_clear()


def drawn(ticket: Ticket, agent: Agent, **more: Any) -> str:
    return rows.row(reading.dress([ticket.number], agent)[0], **more)


def test_a_row_is_drawn_once_while_it_looks_the_same(ticket: Ticket, ana: Agent) -> None:
    with time_machine.travel(ticket.created_at + timedelta(minutes=5), tick=False):
        assert drawn(ticket, ana) == drawn(ticket, ana)
    assert rows._drawn.cache_info().hits == 1


def test_whatever_it_shows_draws_it_anew(ticket: Ticket, ana: Agent) -> None:
    seen = {drawn(ticket, ana)}
    for change in (
        lambda: sorting.tag(ticket, name="refund", actor=ana),
        lambda: assignment.assign(ticket, agent=ana, team=None, actor=ana),
        lambda: reading.mark_read(ticket, ana, upto=Ticket.objects.get(pk=ticket.pk).last_message_id),
        lambda: Ticket.objects.filter(pk=ticket.pk).update(subject="Another matter"),
        lambda: Ticket.objects.filter(pk=ticket.pk).update(snippet="Other words"),
        lambda: Ticket.objects.filter(pk=ticket.pk).update(low_score=1),
        lambda: ticket.customer.__class__.objects.filter(pk=ticket.customer_id).update(name="Dora Levin"),
        lambda: status.hold(ticket, actor=ana),
    ):
        change()
        row = drawn(ticket, ana)
        assert row not in seen
        seen.add(row)
    assert 'aria-current="true"' in drawn(ticket, ana, current_number=ticket.number)


def test_minutes_language_and_zone_draw_it_anew(ticket: Ticket, ana: Agent) -> None:
    Inbox.objects.update(calendar=None)  # open at any hour
    with time_machine.travel(ticket.created_at + timedelta(minutes=5), tick=False):
        assert "5 min" in drawn(ticket, ana)
        first = drawn(ticket, ana)
        with translation.override("de"):
            assert drawn(ticket, ana) != first
        with timezone.override("Asia/Tokyo"):
            assert drawn(ticket, ana) != first
    with time_machine.travel(ticket.created_at + timedelta(minutes=6), tick=False):
        assert "6 min" in drawn(ticket, ana)


def test_a_list_asks_the_same_number_of_questions_for_one_row_and_for_many(
    ticket: Ticket, ana: Agent, send_mail_in: Any, django_assert_num_queries: Any
) -> None:
    from tests.conftest import mail

    numbers = [ticket.number]
    for number in range(3):
        raw = send_mail_in(mail(sender=f"c{number}@x.example", Message_ID=f"<{number}@x.example>"))
        numbers.append(raw.said.ticket.number)
    reading.dress(numbers, ana)  # calendars are kept
    with django_assert_num_queries(2):  # the tickets, and the addresses of who has no name
        assert [row.number for row in reading.dress(numbers, ana)] == numbers
