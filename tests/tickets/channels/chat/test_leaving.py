"""When a visitor leaves: what they have not seen goes by mail, and their answer comes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import time_machine

from helpdesk import events
from helpdesk.models import Agent, Event
from tests.conftest import mail
from tests.tickets.channels.chat.rig import Browser
from tickets import tasks
from tickets.channels.email import composing
from tickets.models import (
    ChannelAccount,
    ContactPoint,
    Customer,
    Delivery,
    Message,
    OutgoingMail,
    RawMessage,
    Ticket,
    Unrequested,
    Visitor,
)
from tickets.operations import chatting, leaving, replying

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def answer(ana: Agent, text: str, **more: Any) -> Message:
    said = replying.reply(Ticket.objects.latest("pk"), text=text, actor=ana, **more)
    tasks.deliver_posts()
    return said


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(conversation=None).order_by("pk"))


def test_what_was_not_seen_goes_in_one_mail_once(dora: Browser, ana: Agent, _monday: Any) -> None:
    dora.say("Where is my parcel?", email="dora@customer.example")
    answer(ana, "I am looking.")
    dora.ask("seen", upto=dora.read()[-1]["seq"])
    answer(ana, "It is in Leipzig.")
    answer(ana, "It comes tomorrow.")
    assert leaving.mail_unseen() == 0, "they are here"
    _monday.shift(timedelta(minutes=4))
    assert tasks.watch_chats() == 2  # one mail, and one who left
    [sent] = mails()
    assert sent.to == ["dora@customer.example"] and sent.inbox.address == "support@demo.localhost"
    assert "It is in Leipzig." in sent.text and "It comes tomorrow." in sent.text and "I am looking" not in sent.text
    assert sent.subject == "Our answer to your chat with Support", "the inbox is called Chat, which nobody knows"
    assert "parcel" not in sent.subject + sent.text, "nothing a visitor wrote is sent to the address they typed"
    assert "Auto-Submitted" not in sent.headers and not Unrequested.objects.exists()
    assert leaving.mail_unseen() == 0
    _monday.shift(timedelta(minutes=3))
    answer(ana, "It is there.")
    _monday.shift(timedelta(seconds=30))
    assert leaving.mail_unseen() == 0, "more may follow"
    _monday.shift(timedelta(seconds=31))
    assert leaving.mail_unseen() == 1 and "It comes tomorrow." not in mails()[-1].text


def test_who_comes_back_in_time_is_mailed_nothing(dora: Browser, ana: Agent, _monday: Any) -> None:
    dora.say("Where is my parcel?", email="dora@customer.example")
    answer(ana, "It comes tomorrow.")
    _monday.shift(timedelta(minutes=3))
    chatting.came_back(Visitor.objects.get())
    assert tasks.watch_chats() == 0 and mails() == []


def test_no_address_no_mail_and_no_mail_server_no_mail(
    dora: Browser, ana: Agent, chat: ChannelAccount, _monday: Any
) -> None:
    dora.say("Where is my parcel?")
    answer(ana, "It comes tomorrow.")
    _monday.shift(timedelta(minutes=3))
    assert leaving.mail_unseen() == 0
    Visitor.objects.update(email="dora@customer.example")
    chat.inbox.mails_through = None
    chat.inbox.save()
    assert leaving.mail_unseen() == 0 and dora.boot()["can_mail"] is False


def answered_by_mail(send_mail_in: Callable[..., RawMessage], text: str, sender: str) -> None:
    sent = message_from_bytes(composing.compose(Delivery.objects.filter(mail=mails()[-1]).get()), policy=policy.default)
    send_mail_in(mail(sender, f"Re: {sent['Subject']}", text, In_Reply_To=str(sent["Message-ID"])))
    events.drain()


@pytest.mark.parametrize("is_known", [False, True])
def test_the_answer_to_the_mail_is_on_the_same_ticket_and_in_the_widget(
    dora: Browser, ana: Agent, send_mail_in: Callable[..., RawMessage], _monday: Any, is_known: bool
) -> None:
    """Whether the typed address is somebody's already (who takes part then, and is joined to nobody) or not."""
    if is_known:
        ContactPoint.objects.create(
            customer=Customer.objects.create(name="Dora Diaz"), channel="email", address="dora@customer.example"
        )
    dora.say("Where is my parcel?", email="dora@customer.example")
    answer(ana, "It comes tomorrow.")
    _monday.shift(timedelta(minutes=3))
    assert leaving.mail_unseen() == 1
    answered_by_mail(send_mail_in, "Thank you!", "Dora <dora@customer.example>")
    ticket = Ticket.objects.get()
    assert [m.text for m in ticket.messages.order_by("pk")][-1] == "Thank you!"
    assert [(one["text"], one["mail"]) for one in dora.read()][-1] == ("Thank you!", True)
    assert dora.boot()["unseen"] == 0, "who answers has seen it"
    # and an answer to that by mail finds its way, too
    answer(ana, "You are welcome.", via="mail")
    events.drain()
    answered_by_mail(send_mail_in, "Bye.", "Dora <dora@customer.example>")
    assert Ticket.objects.count() == 1
    assert Message.objects.latest("pk").text == "Bye."


def test_a_stranger_who_answers_the_mail_is_not_in_the_widget(
    dora: Browser, ana: Agent, send_mail_in: Callable[..., RawMessage], _monday: Any
) -> None:
    dora.say("Where is my parcel?", email="dora@customer.example")
    answer(ana, "It comes tomorrow.")
    _monday.shift(timedelta(minutes=3))
    leaving.mail_unseen()
    answered_by_mail(send_mail_in, "I am somebody else", "emil@other.example")
    assert "I am somebody else" not in [one["text"] for one in dora.read()]


def test_chat_abandoned_is_who_left_before_anybody_answered_and_left_no_address(
    dora: Browser, emil: Browser, chat: ChannelAccount, ana: Agent, _monday: Any
) -> None:
    dora.say("Where is my parcel?")
    emil.say("And mine?", email="emil@other.example")
    frida = Browser(chat.key)
    frida.say("Hello")
    answer(ana, "Hello Frida.")
    _monday.shift(timedelta(minutes=4))
    assert leaving.see_who_left() == 3 and leaving.see_who_left() == 0
    by_mail = Event.objects.filter(verb="chat.left").order_by("stream_id").values_list("facts__by_mail", flat=True)
    assert list(by_mail) == [None, True, None]
    abandoned = [_abandoned_at(ticket) for ticket in Ticket.objects.order_by("pk")]
    assert abandoned == [MONDAY, None, None]
    dora.say("I am back", 2)
    assert _abandoned_at(Ticket.objects.earliest("pk")) is None


def _abandoned_at(ticket: Ticket) -> datetime | None:
    from reports.ledger import facts
    from reports.models import TicketFacts

    facts.refresh([ticket.pk])
    return TicketFacts.objects.get(ticket=ticket.pk).abandoned_at


def test_t10_2_a_transcript_goes_to_one_address_once_a_day_whoever_types_it(
    chat: ChannelAccount, ana: Agent, _monday: Any
) -> None:
    sent = 0
    for number in range(4):
        browser = Browser(chat.key, REMOTE_ADDR=f"10.0.0.{number}")
        browser.say("Buy my pills", email="victim@other.example")
        assert browser.ask("transcript").json()["sent"] is False, "nobody of us took part"
        answer(ana, "No, thank you.")
        sent += browser.ask("transcript").json()["sent"]
        sent += browser.ask("transcript").json()["sent"]
    assert sent == 1 == len(mails())
    assert "pills" not in mails()[0].subject


def test_a_transcript_has_what_was_said_and_no_notes(dora: Browser, ana: Agent) -> None:
    dora.say("Where is my parcel?", name="Dora Lind", email="dora@customer.example")
    replying.add_note(Ticket.objects.get(), text="rude", actor=ana)
    answer(ana, "It comes tomorrow.")
    assert dora.ask("transcript").json() == {"sent": True, "email": "dora@customer.example"}
    [sent] = mails()
    assert "Dora Lind, 2026-03-02 10:00 UTC:\nWhere is my parcel?" in sent.text
    assert "It comes tomorrow." in sent.text and "rude" not in sent.text


def test_what_the_site_signed_is_not_replaced_by_what_is_typed(dora: Browser) -> None:
    from tests.tickets.channels.chat.test_talking_to_the_widget import signed

    dora.boot(identity=signed(email="dora@customer.example"))
    dora.say("Hi")
    assert dora.ask("email", email="other@other.example").json() == {"email": "dora@customer.example"}


def test_who_is_erased_is_forgotten_with_every_browser(dora: Browser, admin: Agent) -> None:
    from tickets.operations import erasing

    dora.say("My secret", name="Dora Lind", email="dora@customer.example")
    erasing.erase(Ticket.objects.get().customer, actor=admin)
    assert not Visitor.objects.exists()
    assert dora.ask("messages", after=0).status_code == 404
