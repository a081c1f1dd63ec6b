"""The agents' side of chat: see docs/chat.md, "At the desk"."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from helpdesk import clock, live
from helpdesk.models import Agent
from tests.tickets.channels.chat.rig import Browser
from tickets import chat_desk, lists
from tickets import presence as colleagues
from tickets.channels.chat import presence as here
from tickets.models import ChannelAccount, Ticket, Visitor
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
