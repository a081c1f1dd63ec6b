"""The agents' side of chat: see docs/chat.md, "At the desk"."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from helpdesk import clock, live
from helpdesk.models import Agent, Calendar, Event
from helpdesk.operations import people
from tests.tickets.channels.chat.rig import Browser
from tickets import attendance, chat_desk, kept, lists, tasks
from tickets import presence as colleagues
from tickets.channels.chat import presence as here
from tickets.models import ChannelAccount, ChatSeat, Draft, Ticket, Visitor
from tickets.operations import assignment, chat_seats, drafting, replying, scheduling
from tickets.presence import Doing

pytestmark = pytest.mark.django_db


def strip_of(browser: Client, ticket: Ticket) -> str:
    answer = browser.get(f"/tickets/{ticket.pk}/visitor")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def at_desk(ana: Agent, client: Client) -> Client:
    client.force_login(ana)
    return client


def test_a_chats_page_says_who_is_there_where_and_what_they_are_about_to_say(dora: Browser, at_desk: Client) -> None:
    dora.say("Hello", name="Dora Lind", page={"url": "https://shop.example/pricing?card=4", "title": "Prices"})
    ticket, visitor = Ticket.objects.get(), Visitor.objects.get()
    here.come([visitor.pk])
    Visitor.objects.filter(pk=visitor.pk).update(page_url="https://shop.example/pricing", page_title="Prices")
    dora.ask("typing", text="I wanted to <b>ask</b>")
    said = strip_of(at_desk, ticket)
    assert "<strong>Dora Lind</strong> is here" in said and "on /pricing" in said
    assert "I wanted to &lt;b&gt;ask&lt;/b&gt;" in said
    assert "Dora Lind</strong> is here" in at_desk.get(f"/tickets/{ticket.pk}/").content.decode()


def test_who_left_is_said_to_be_gone_and_where_answers_go(
    dora: Browser, emil: Browser, chat: ChannelAccount, ana: Agent
) -> None:
    dora.say("Hello", name="Dora Lind", email="dora@example.com")
    emil.say("Hi")
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        first, second = (chat_desk.strip(ticket) for ticket in Ticket.objects.order_by("pk"))
        assert first and second and first.left_at and not first.is_here
        assert clock.now() - first.left_at >= timedelta(minutes=3)
        assert (first.mails_to, second.mails_to) == ("dora@example.com", "")
        chat.inbox.mails_through = None
        chat.inbox.save()
        again = chat_desk.strip(Ticket.objects.order_by("pk")[0])
        assert again and again.mails_to == ""


def test_the_strip_is_of_those_who_see_the_ticket_and_of_chats(
    dora: Browser, at_desk: Client, ben: Agent, ticket: Ticket
) -> None:
    dora.say("Hello")
    chat = Ticket.objects.get(channel="chat")
    assert strip_of(at_desk, ticket) == ""
    stranger = Client()
    stranger.force_login(ben)
    assert stranger.get(f"/tickets/{chat.pk}/visitor").status_code == 404


def test_a_visitor_without_an_address_is_not_offered_that_of_another_customer(
    dora: Browser, at_desk: Client, ticket: Ticket
) -> None:
    other = ticket.customer.contact_points.get(channel="email").address
    dora.say("Hello")
    chat = Ticket.objects.get(channel="chat")
    assert other not in at_desk.get(f"/tickets/{chat.pk}/").content.decode()


def test_the_widget_is_told_that_an_agent_types_an_answer_and_not_a_note(
    dora: Browser, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    dora.say("Hello")
    number = Ticket.objects.get().pk
    told: list[live.Notice] = []
    monkeypatch.setattr(live, "publish", told.extend)
    colleagues.come(number, audience="inbox:1", agent=ana.pk, seat="a", doing=Doing.NOTE)
    assert here.agent_types(number) == 0
    told.clear()
    colleagues.come(number, audience="inbox:1", agent=ana.pk, seat="a", doing=Doing.REPLY)
    assert [one.audience for one in told if one.verb == "chat.typing"] == [f"writing:{number}"]
    assert here.agent_types(number) > 0


def test_chats_have_a_list_of_their_own_where_an_inbox_of_chats_is_seen(
    dora: Browser, ana: Agent, ben: Agent, ticket: Ticket
) -> None:
    dora.say("Hello")
    assert "chats" in [one.key for one in lists.column(ana)]
    assert "chats" not in [one.key for one in lists.column(ben)]
    [found] = lists.BY_KEY["chats"].narrow(Ticket.objects.visible_to(ana), ana)
    assert found.channel == "chat"


# --- who takes chats --------------------------------------------------------------------------------------------------


def take(agent: Agent, capacity: int = 4) -> None:
    chat_seats.arrange(agent, capacity=capacity, rings=False, notifies=False)
    chat_seats.switch(agent, is_available=True, actor=agent)


def chats(chat: ChannelAccount, n: int) -> list[Ticket]:
    for _ in range(n):
        Browser(chat.key).say("Hello")
    return list(Ticket.objects.filter(channel="chat").order_by("pk"))


def holders() -> list[str]:
    found = Ticket.objects.filter(channel="chat").order_by("pk").values_list("assignee__name", flat=True)
    return [str(name or "").split(" ", 1)[0] for name in found]


def test_nothing_is_given_to_anybody_until_somebody_takes_chats(chat: ChannelAccount, ana: Agent) -> None:
    chats(chat, 1)
    assert chat_seats.give_out() == 0 and holders() == [""]


def test_chats_go_to_who_has_the_fewest_and_wait_once_everybody_has_enough(
    chat: ChannelAccount, ana: Agent, chloe: Agent, ben: Agent
) -> None:
    take(ana, 2)
    take(chloe, 1)
    take(ben)  # who does not work there
    chats(chat, 4)
    assert chat_seats.give_out() == 3
    assert sorted(holders()) == ["", "Ana", "Ana", "Chloe"] and holders()[:2] in (["Ana", "Chloe"], ["Chloe", "Ana"])
    assert holders()[3] == ""  # the one that came last waits
    given = Event.objects.filter(verb="ticket.assigned")
    assert {event.facts["why"] for event in given} == {"chat"} and {event.actor_id for event in given} == {None}
    assert attendance.loads([ana.pk])[ana.pk].words == "2 of 2 chats"
    assert chat_seats.give_out() == 0


def test_a_chat_that_is_answered_for_good_or_left_makes_room(chat: ChannelAccount, ana: Agent) -> None:
    take(ana, 1)
    first, _second = chats(chat, 2)
    chat_seats.give_out()
    assert holders() == ["Ana", ""]
    Visitor.objects.filter(talk__ticket=first).update(left_at=clock.now())
    chat_seats.give_out()
    assert holders() == ["Ana", "Ana"]


def test_who_says_no_more_keeps_what_they_have_while_a_page_of_theirs_is_open(
    chat: ChannelAccount, ana: Agent, chloe: Agent
) -> None:
    take(ana)
    chats(chat, 1)
    chat_seats.give_out()
    chat_seats.switch(ana, is_available=False, actor=ana)
    take(chloe)
    assert chat_seats.give_out() == 0 and holders() == ["Ana"]
    with time_machine.travel(clock.now() + attendance.GONE + timedelta(seconds=1), tick=False):
        chat_seats.be_open(chloe)
        assert chat_seats.give_out() == 1 and holders() == ["Chloe"]


def test_whose_last_page_was_closed_some_minutes_ago_takes_no_chats_and_theirs_wait_in_the_queue(
    chat: ChannelAccount, ana: Agent
) -> None:
    take(ana)
    chats(chat, 1)
    tasks.give_out_chats()
    assert holders() == ["Ana"]
    with time_machine.travel(clock.now() + attendance.GONE - timedelta(seconds=30), tick=False):
        assert chat_seats.free_the_absent() == 0
        chat_seats.be_open(ana)
    with time_machine.travel(clock.now() + 2 * attendance.GONE, tick=False):
        tasks.give_out_chats()
        assert holders() == [""] and not ChatSeat.objects.get().is_available
    assert Event.objects.get(verb="agent.chats_ended").facts == {"why": "absent"}


def test_what_was_answered_stays_with_who_answered_and_goes_on_when_the_visitor_waits_again(
    chat: ChannelAccount, ana: Agent, chloe: Agent, dora: Browser
) -> None:
    take(ana)
    take(chloe)
    dora.say("Hello")
    ticket = Ticket.objects.get()
    replying.reply(assignment.take(ticket, actor=ana), text="On its way.", actor=ana)
    people.go_away(ana, is_away=True)
    assert chat_seats.give_out() == 0
    dora.say("Thank you, and the other?", 2)
    assert chat_seats.give_out() == 1 and holders() == ["Chloe"]


def test_signing_out_ends_it(chat: ChannelAccount, ana: Agent, at_desk: Client) -> None:
    take(ana)
    at_desk.post("/accounts/logout/")
    assert not ChatSeat.objects.get().is_available
    assert Event.objects.get(verb="agent.chats_ended").facts == {"why": "signed_out"}


def test_switching_twice_is_switching_once(ana: Agent) -> None:
    take(ana)
    take(ana)
    assert Event.objects.filter(verb="agent.chats_began").count() == 1


def test_the_widget_says_that_somebody_is_there_within_hours_and_while_somebody_takes_chats(
    chat: ChannelAccount, dora: Browser, ana: Agent, calendar: Calendar
) -> None:
    chat.inbox.calendar = calendar
    chat.inbox.save()
    with time_machine.travel("2026-03-03T10:00:00+01:00", tick=False):
        assert dora.boot()["wait"]["open"]  # nobody ever said: the hours alone decide
        take(ana)
        chat_seats.switch(ana, is_available=False, actor=ana)
        kept.forget()
        assert not chat_desk.is_attended(chat.inbox)
        assert dora.boot()["wait"] == {"open": False, "opens": None, "seconds": None}
        take(ana)
        kept.forget()
        assert dora.boot()["wait"]["open"]
    with time_machine.travel("2026-03-03T20:00:00+01:00", tick=False):
        assert not chat_desk.is_attended(chat.inbox)


def test_the_assign_list_says_who_has_how_many_chats(
    chat: ChannelAccount, ana: Agent, chloe: Agent, at_desk: Client, ticket: Ticket
) -> None:
    take(chloe, 3)
    [found] = chats(chat, 1)
    chat_seats.give_out()
    kept.forget()
    assert "1 of 3 chats" in at_desk.get(f"/tickets/{found.pk}/").content.decode()
    assert "1 of 3 chats" not in at_desk.get(f"/tickets/{ticket.pk}/").content.decode()


# --- on pages ---------------------------------------------------------------------------------------------------------


def test_one_button_lets_chats_come_and_says_so_in_the_bar_and_in_the_menu(
    chat: ChannelAccount, ana: Agent, at_desk: Client
) -> None:
    page = at_desk.get("/").content.decode()
    assert 'id="menu-chats"' in page and re.search(r'id="chat-bar"[^>]* hidden>', page)
    answer = at_desk.post("/chats/switch", {"available": "1"}, headers={"HX-Request": "true"})
    assert ChatSeat.objects.get().is_available and "toast" in answer["HX-Trigger"]
    said = answer.content.decode()
    assert "Taking chats" in said and "Take no more chats" in said and "hx-swap-oob" in said
    assert at_desk.post("/chats/switch", {"available": "0"}).url == "/"
    assert not ChatSeat.objects.get().is_available


def test_who_sees_no_inbox_of_chats_is_shown_nothing_of_them(chat: ChannelAccount, ben: Agent, client: Client) -> None:
    client.force_login(ben)
    page = client.get("/").content.decode()
    assert 'id="chat-bar"' not in page and 'id="menu-chats"' not in page


def test_the_bar_has_my_live_chats_and_who_has_waited_longest_first(
    chat: ChannelAccount, ana: Agent, chloe: Agent, dora: Browser, emil: Browser, at_desk: Client
) -> None:
    dora.say("Hello", name="Dora Lind")
    with time_machine.travel(clock.now() + timedelta(seconds=5), tick=False):
        emil.say("Hi", name="Emil")
    first, second = Ticket.objects.order_by("pk")
    for one in (first, second):
        assignment.take(one, actor=ana)
    bar = chat_desk.bar(ana)
    assert bar and [tab.name for tab in bar.chats] == ["Dora Lind", "Emil"] and bar.is_shown
    assert all(tab.is_unread for tab in bar.chats)
    emil.ask("typing", text="and")
    assert "typing…" in at_desk.get("/chats/").content.decode()
    Visitor.objects.filter(talk__ticket=first).update(left_at=clock.now())
    bar = chat_desk.bar(ana)
    assert bar and [tab.name for tab in bar.chats] == ["Emil"]
    others = chat_desk.bar(chloe)
    assert others and not others.chats and not others.is_shown


def test_a_page_that_is_looked_away_from_tells_of_my_chats_and_of_nobodys_and_only_who_asked_for_it(
    chat: ChannelAccount, ana: Agent, chloe: Agent, ben: Agent, at_desk: Client, ticket: Ticket
) -> None:
    mine, nobodys, hers = chats(chat, 3)
    assignment.take(mine, actor=ana)
    assignment.take(hers, actor=chloe)
    numbers = ",".join(str(one.pk) for one in (mine, nobodys, hers, ticket))

    def told() -> dict[str, Any]:
        found: dict[str, Any] = at_desk.get(f"/chats/news?tickets={numbers},x").json()
        return found

    assert told() == {"rings": False, "notifies": False, "chats": []}
    assert at_desk.post("/settings/you/chats/", {"capacity": "3", "rings": "on"}).status_code == 302
    found = told()
    assert (found["rings"], found["notifies"]) == (True, False)
    assert [one["ticket"] for one in found["chats"]] == [mine.pk, nobodys.pk]
    assert "Hello" not in str(found)
    replying.reply(mine, text="On its way.", actor=ana)
    assert [one["ticket"] for one in told()["chats"]] == [nobodys.pk]
    chat_seats.arrange(ben, capacity=4, rings=True, notifies=True)
    assert chat_desk.news(ben, [mine.pk, nobodys.pk]).chats == []
    Agent.objects.filter(pk=ana.pk).update(quiet_from="00:00", quiet_until="23:59:59")
    assert told()["chats"] == []


def test_how_many_at_once_is_a_number_of_some_sense(ana: Agent, at_desk: Client) -> None:
    for many in ("0", "21", "many", ""):
        assert at_desk.post("/settings/you/chats/", {"capacity": many}).status_code == 422
    assert "Your chats" in at_desk.get("/settings/you/chats/").content.decode()


def test_admins_say_how_many_come_to_others(
    chat: ChannelAccount, ana: Agent, admin: Agent, at_desk: Client, lou: Agent
) -> None:
    url = "/settings/you/chats/"
    assert "How many come to others" not in at_desk.get(url).content.decode()
    assert at_desk.post(url, {"agent": admin.pk, "capacity": "2"}).status_code == 403
    browser = Client()
    browser.force_login(admin)
    page = browser.get(url).content.decode()
    assert f"Chats at once of {ana.name}" in page and lou.name not in page
    for _twice in range(2):
        assert browser.post(url, {"agent": ana.pk, "capacity": "2"}).status_code == 302
    assert chat_seats.seat_of(ana).capacity == 2
    event = Event.objects.get(verb="agent.chats_limited")
    assert event.actor_id == admin.pk and event.facts["now"] == 2
    browser.post(url, {"agent": ana.pk, "capacity": "99"})
    assert chat_seats.seat_of(ana).capacity == 2
    assert browser.post(url, {"agent": lou.pk, "capacity": "2"}).status_code == 404


def test_what_was_answered_before_the_chat_stands_above_the_first_message(dora: Browser, at_desk: Client) -> None:
    dora.say("Where is my parcel?", answers={"Order number": "A <77>"})
    page = at_desk.get(Ticket.objects.get().get_absolute_url()).content.decode()
    assert "<dt>Order number</dt><dd>A &lt;77&gt;</dd>" in page


def test_a_scheduled_answer_that_is_sent_now_waits_for_nothing_in_a_chat(
    dora: Browser, ana: Agent, at_desk: Client, settings: Any
) -> None:
    settings.UNDO_SECONDS = 30
    dora.say("Where is my parcel?")
    ticket = Ticket.objects.get()
    drafting.save(ticket, actor=ana, kind="reply", content=drafting.Content("It comes tomorrow."))
    draft = scheduling.schedule(Draft.objects.get(), actor=ana, at=clock.now() + timedelta(hours=2))
    done = at_desk.post(f"/tickets/{ticket.pk}/draft/{draft.pk}", {"act": "now"}, headers={"HX-Request": "true"})
    assert done.status_code == 200 and "withdrawal" not in str(done.headers)
    assert [one["text"] for one in dora.read()][-1] == "It comes tomorrow."


def test_an_open_page_keeps_chats_coming(chat: ChannelAccount, ana: Agent, at_desk: Client) -> None:
    take(ana)
    with time_machine.travel(clock.now() + attendance.GONE * 2, tick=False):
        assert at_desk.post("/chats/open").status_code == 204
        assert chat_seats.free_the_absent() == 0


@pytest.mark.django_db(transaction=True)
def test_two_chats_at_once_and_room_for_one(chat: ChannelAccount, ana: Agent) -> None:
    take(ana, 1)
    numbers = [ticket.pk for ticket in chats(chat, 2)]
    ready, failed = threading.Barrier(4), []

    def work(number: int) -> None:
        try:
            ready.wait()
            chat_seats._give(number)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    workers: list[Any] = [threading.Thread(target=work, args=[number]) for number in numbers * 2]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert not failed and sorted(holders()) == ["", "Ana"]
    assert Event.objects.filter(verb="ticket.assigned").count() == 1
