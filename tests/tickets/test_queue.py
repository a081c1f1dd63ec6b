"""The queue: who may see what, in which order, at a constant cost."""

import functools
import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine

from helpdesk import clock
from tests.conftest import mail
from tickets import reading
from tickets.models import Status, Ticket
from tickets.operations import assignment, status


def tone(ticket, when):
    """How a row is coloured at that moment."""
    reading.look(ticket, when)
    return ticket.wait_tone


def make(inbox, dora, count: int, **fields) -> list[Ticket]:
    now = clock.now()
    tickets = [
        Ticket(
            inbox=inbox, customer=dora, subject=f"T{n}",
            **{"waiting_since": now - timedelta(hours=count - n), "last_message_id": 1, **fields},
        )
        for n in range(count)
    ]  # fmt: skip
    return Ticket.objects.bulk_create(tickets)


def numbers(view: str, agent) -> list[int]:
    return [t.number for t in reading.page(reading.BY_KEY[view], agent).tickets]


def test_who_has_waited_longest_comes_first_and_who_does_not_wait_last(inbox, dora, ana):
    tickets = make(inbox, dora, 3)
    idle = make(inbox, dora, 1, waiting_since=None)
    assert numbers("open", ana) == [t.number for t in [*tickets, *idle]]


def test_nobody_sees_another_teams_tickets(inbox, billing, dora, ana, ben, admin):
    ours, theirs = make(inbox, dora, 2), make(billing, dora, 3)
    assert len(numbers("open", ana)) == 2 and len(numbers("open", ben)) == 3 and len(numbers("open", admin)) == 5
    assert not Ticket.objects.visible_to(ben).filter(pk=ours[0].pk).exists()
    assert not Ticket.objects.visible_to(ana).filter(pk=theirs[0].pk).exists()


def test_an_agent_who_left_sees_nothing(inbox, dora, ana):
    make(inbox, dora, 2)
    ana.is_active = False
    assert numbers("open", ana) == [] and not Ticket.objects.visible_to(ana).exists()


def test_each_view_holds_what_its_name_says(inbox, dora, ana, chloe):
    mine, others, free, pending, resolved, snoozed = make(inbox, dora, 6)
    assignment.take(mine, actor=ana)
    assignment.take(others, actor=chloe)
    status.pend(pending, actor=ana)
    status.resolve(resolved, actor=ana)
    status.snooze(snoozed, until=clock.now() + timedelta(days=1), actor=ana)
    assert numbers("mine", ana) == [mine.number]
    assert numbers("unassigned", ana) == [free.number]
    assert numbers("open", ana) == [mine.number, others.number, free.number]
    assert numbers("pending", ana) == [pending.number]
    assert numbers("resolved", ana) == [resolved.number]
    assert numbers("snoozed", ana) == [snoozed.number]
    counts = reading.counts(ana)
    assert (counts["mine"], counts["unassigned"], counts["open"], counts["snoozed"]) == (1, 1, 3, 1)


@pytest.mark.parametrize("view", ["open", "pending", "resolved"])
@time_machine.travel("2026-03-11T14:00:00Z", tick=False)
def test_pages_follow_each_other_without_gap_or_repetition(inbox, billing, dora, admin, view):
    state = Status.OPEN if view == "open" else Status(view)
    make(inbox, dora, 23, status=state)
    make(billing, dora, 11, status=state)
    make(billing, dora, 9, status=state, waiting_since=None)
    seen, after = [], ""
    while True:
        page = reading.page(reading.BY_KEY[view], admin, after=after, limit=5)
        seen += [t.number for t in page.tickets]
        if not (after := page.after):
            break
    assert len(seen) == len(set(seen)) == 43
    assert seen == [t.number for t in reading.page(reading.BY_KEY[view], admin, limit=100).tickets]


def test_a_made_up_cursor_starts_at_the_beginning(inbox, dora, ana):
    make(inbox, dora, 3)
    for cursor in ("x", "WzFd", "'; DROP TABLE", "\x00"):
        assert len(reading.page(reading.BY_KEY["open"], ana, after=cursor).tickets) == 3


def test_the_queue_page_asks_the_same_number_of_questions_whatever_it_shows(
    inbox, dora, ana, as_agent, django_assert_max_num_queries
):
    client = as_agent(ana)
    make(inbox, dora, 60)
    client.get("/")
    with django_assert_max_num_queries(11):
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("part, rows, most", [("list", 50, 9), ("views", 0, 6), ("rows", 50, 7)])
def test_a_part_of_the_queue_asks_for_no_more_than_it_shows(
    inbox, dora, ana, as_agent, django_assert_max_num_queries, part, rows, most
):
    client = as_agent(ana)
    make(inbox, dora, 60)
    ask = functools.partial(client.get, f"/?view=open&part={part}", headers={"HX-Request": "true"})
    ask()
    with django_assert_max_num_queries(most):
        page = ask().content.decode()
    assert (len(rows_in(page)), "data-view-key" in page) == (
        {"list": 50, "views": 0, "rows": 50}[part],
        part == "views",
    )


def test_what_just_arrived_is_in_sight_though_others_wait_longer(inbox, dora, ana, as_agent, send_mail_in):
    make(inbox, dora, 60)
    raw = send_mail_in(mail(subject="Brand new"))
    page = as_agent(ana).get("/").content.decode()
    assert "Brand new" in page and "Just arrived" in page
    assert f'id="row-{raw.said.ticket_id}"' in page


def test_beside_a_ticket_a_page_of_the_list_comes_in_two_parts(inbox, dora, ana, as_agent):
    make(inbox, dora, 60)
    client = as_agent(ana)
    whole = rows_in(client.get("/").content.decode())
    number = whole[0]
    page = client.get(f"/tickets/{number}/").content.decode()
    more = unescape(re.search(r'hx-get="([^"]*)"[^>]*hx-trigger="click, intersect once"', page)[1])
    rest = client.get(more, headers={"HX-Request": "true"}).content.decode()
    assert (len(rows_in(page)), len(rows_in(rest))) == (25, 25)
    assert rows_in(page) + rows_in(rest) == whole
    assert "intersect" not in rest and "Show more" in rest


def test_beside_a_ticket_a_short_list_is_whole(inbox, dora, ana, as_agent):
    make(inbox, dora, 25)
    client = as_agent(ana)
    whole = rows_in(client.get("/").content.decode())
    page = client.get(f"/tickets/{whole[0]}/").content.decode()
    assert rows_in(page) == whole and len(whole) == 25
    assert "list-more" not in page


def rows_in(page):
    return re.findall(r'id="row-(\d+)"', page)


def test_a_short_queue_needs_no_such_group(inbox, ana, as_agent, ticket):
    page = as_agent(ana).get("/").content.decode()
    assert "Just arrived" not in page and page.count(f'id="row-{ticket.pk}"') == 1


def test_waiting_turns_amber_and_red_in_business_hours(inbox, dora, calendar):
    from datetime import UTC, datetime

    inbox.response_target_minutes = 120
    ticket = Ticket(inbox=inbox, customer=dora, waiting_since=datetime(2026, 3, 6, 15, 30, tzinfo=UTC))  # Friday 16:30
    at = [datetime(2026, 3, 6, 15, 45, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC)]
    assert [tone(ticket, when) for when in at] == ["", ""]
    assert tone(ticket, datetime(2026, 3, 9, 8, 30, tzinfo=UTC)) == "amber"
    assert tone(ticket, datetime(2026, 3, 9, 9, 30, tzinfo=UTC)) == "red"


def test_unread_is_per_agent(ticket, ana, chloe, as_agent):
    as_agent(ana).get(f"/tickets/{ticket.pk}/")
    [of_ana], [of_chloe] = (reading.page(reading.BY_KEY["open"], a).tickets for a in (ana, chloe))
    assert not of_ana.is_unread and of_chloe.is_unread
