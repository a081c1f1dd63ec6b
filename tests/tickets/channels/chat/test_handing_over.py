"""A visitor hears who goes on with them: once, in their language, and only while they are there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Agent
from tests.tickets.channels.chat.rig import Browser
from tests.tickets.channels.chat.test_talking_to_the_widget import answer
from tickets.models import ChannelMessage, Ticket
from tickets.operations import assignment

pytestmark = pytest.mark.django_db


def notes(browser: Browser) -> list[str]:
    return [one["text"] for one in browser.read() if one.get("note")]


def test_who_is_there_hears_it_once_in_their_language(
    dora: Browser, ana: Agent, chloe: Agent, settle: Callable[[], None]
) -> None:
    dora.say("Wo ist mein Paket?", language="de")
    ticket = Ticket.objects.get()
    assignment.assign(ticket, agent=ana, team=None, actor=ana)
    settle()
    assert notes(dora) == [], "nobody spoke with them before"
    answer(ana, "Ich sehe nach.")
    assignment.assign(ticket, agent=chloe, team=None, actor=ana)
    settle()
    settle()
    assert notes(dora) == [f"{chloe.name} macht mit Ihnen weiter."]
    assert dora.boot()["unseen"] == 1, "the answer, and no note"
    assert notes(dora) == [one["text"] for one in dora.read(dora.read()[-2]["seq"]) if one.get("note")]
    answer(chloe, "Da bin ich.")
    assignment.assign(ticket, agent=None, team=None, actor=chloe)
    assignment.assign(ticket, agent=chloe, team=None, actor=chloe)
    settle()
    assert len(notes(dora)) == 1, "they know Chloe by now"


def test_who_has_left_hears_nothing_of_it(dora: Browser, ana: Agent, chloe: Agent, settle: Callable[[], None]) -> None:
    dora.say("Where is my parcel?")
    answer(ana)
    settle()
    with time_machine.travel(clock.now() + timedelta(minutes=10), tick=False):
        assignment.assign(Ticket.objects.get(), agent=chloe, team=None, actor=ana)
        settle()
    assert notes(dora) == [] and not ChannelMessage.objects.filter(identifier__startswith="note ").exists()
