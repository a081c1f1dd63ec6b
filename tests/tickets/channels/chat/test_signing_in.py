"""Who signs in on the site while they chat: what they said is theirs, and nobody else's."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.models import Agent, Event
from tests.tickets.channels.chat.rig import Browser
from tests.tickets.channels.chat.test_talking_to_the_widget import answer, signed
from tickets.activity import told
from tickets.channels.chat import tokens
from tickets.channels.protocol import Receipt
from tickets.models import ChannelAccount, ContactPoint, Customer, CustomerMerge, Ticket, Visitor
from tickets.operations import chatting, merging_customers, posting, removing, replying, status
from tickets.operations.status import NotPossible

pytestmark = pytest.mark.django_db
DORA: dict[str, Any] = {"name": "Dora Lind", "email": "dora@customer.example"}


@pytest.fixture
def lind() -> Customer:
    """Dora, who wrote mails before."""
    customer = Customer.objects.create(name="Dora Lind")
    ContactPoint.objects.create(customer=customer, channel="email", address="dora@customer.example", is_verified=True)
    return customer


def texts(browser: Browser) -> list[str]:
    return [one["text"] for one in browser.read()]


def test_t22_a_talk_begun_unknown_goes_on_as_the_person_the_site_signs(
    dora: Browser, lind: Customer, ana: Agent, chat: ChannelAccount
) -> None:
    dora.say("Where is my parcel?")
    answer(ana, "Who are you?")
    old = Browser(chat.key, token=dora.token)
    told_now = dora.boot(identity=signed(**DORA))
    assert told_now["identity"] == "known" and told_now["is_carried"] and told_now["visitor"]["is_signed"]
    assert texts(dora) == ["Where is my parcel?", "Who are you?"]
    ticket = Ticket.objects.get()
    assert ticket.customer == lind and [one.sentence for one in told(Event.objects.filter(verb="chat.carried_over"))]
    # it goes on, both ways, on the same ticket
    dora.say("Dora, order 77", 2)
    answer(ana, "It comes tomorrow.")
    assert texts(dora)[2:] == ["Dora, order 77", "It comes tomorrow."] and Ticket.objects.count() == 1
    # whoever knew the token of before reads nothing, and says nothing
    assert old.read() == [] and old.say("I am Dora", 3).status_code == 401


@pytest.mark.parametrize("wrong", [{"secret": "another secret"}, {"expires": 1}])
def test_t10_t22_a_wrong_or_stale_signature_carries_nothing(
    dora: Browser, lind: Customer, wrong: dict[str, Any]
) -> None:
    dora.say("Where is my parcel?")
    told_now = dora.boot(identity=signed(**DORA, **wrong))
    assert told_now["identity"] == "refused" and not told_now["is_carried"]
    assert Ticket.objects.get().customer != lind and not CustomerMerge.objects.exists()
    assert texts(dora) == ["Where is my parcel?"] and Visitor.objects.get().user_id == ""


def test_it_can_be_undone_and_takes_the_chat_back(
    dora: Browser, lind: Customer, ana: Agent, settle: Callable[[], None]
) -> None:
    dora.say("A secret of whoever sat here before")
    dora.boot(identity=signed(**DORA))
    dora.say("Hello, this is Dora", 2)
    merging_customers.unmerge(CustomerMerge.objects.get(), actor=ana)
    settle()
    settle()
    assert "A secret of whoever sat here before" not in texts(dora)
    assert Event.objects.filter(verb="chat.given_back").count() == 1
    assert Ticket.objects.get().customer != lind
    dora.say("And now?", 3)
    assert Ticket.objects.latest("pk").customer == lind and Ticket.objects.count() == 2


def test_the_open_ticket_of_their_own_talk_goes_on_and_a_settled_one_gives_way(
    dora: Browser, chat: ChannelAccount, ana: Agent
) -> None:
    phone = Browser(chat.key, token="")
    phone.boot(identity=signed(**DORA))
    phone.say("An older matter")
    older = Ticket.objects.get()
    status.resolve(older, actor=ana)
    dora.say("A new matter", 5)
    newer = Ticket.objects.latest("pk")
    dora.boot(identity=signed(**DORA))
    assert texts(phone) == texts(dora) == ["An older matter", "A new matter"]
    dora.say("More of it", 6)
    newer.refresh_from_db()
    assert newer.customer == older.customer and [m.text for m in newer.messages.order_by("pk")][-1] == "More of it"
    replying.reply(newer, text="Both see it", actor=ana)
    assert texts(phone)[-1] == texts(dora)[-1] == "Both see it"


def test_t29_where_an_agent_said_who_it_is_or_another_address_was_left_nothing_is_carried(
    dora: Browser, emil: Browser, lind: Customer, ana: Agent
) -> None:
    dora.say("Hello")
    ContactPoint.objects.create(customer=Ticket.objects.get().customer, channel="email", address="frida@other.example")
    assert not dora.boot(identity=signed(**DORA))["is_carried"] and texts(dora) == []
    emil.say("Hello")
    frida = Customer.objects.create(name="Frida")
    merging_customers.merge(Ticket.objects.latest("pk").customer, frida, actor=ana)
    ContactPoint.objects.create(customer=frida, channel="phone", address="+4930123", is_verified=True)
    assert not emil.boot(identity=signed(**DORA))["is_carried"]
    assert not Ticket.objects.filter(customer=lind).exists()


def test_t29_who_left_an_address_that_the_site_does_not_sign_keeps_their_chat_to_themselves(
    dora: Browser, lind: Customer
) -> None:
    dora.say("Hello")
    assert dora.ask("email", email="emil@customer.example").status_code == 200
    assert not dora.boot(identity=signed(**DORA))["is_carried"] and texts(dora) == []
    assert Ticket.objects.get().customer != lind


def test_a_message_that_is_repeated_after_signing_in_is_said_once(dora: Browser, lind: Customer) -> None:
    dora.say("Where is my parcel?")
    dora.boot(identity=signed(**DORA))
    again = dora.say("Where is my parcel?")  # its answer was lost with the page
    assert again.status_code == 200 and again.json()["message"]["text"] == "Where is my parcel?"
    assert texts(dora) == ["Where is my parcel?"]
    dora.say("And my other one?", 2)
    assert texts(dora) == ["Where is my parcel?", "And my other one?"]


def test_what_is_said_with_the_old_token_while_it_is_carried_over_is_refused_and_sent_again(
    dora: Browser, lind: Customer, chat: ChannelAccount
) -> None:
    dora.say("One")
    digest = tokens.digest(chat.key, dora.token)
    before = chatting.known(chat.inbox, digest)  # as the request found it
    dora.boot(identity=signed(**DORA))
    with pytest.raises(NotPossible):
        chatting.say(chat.inbox, digest, chatting.Spoken("message-2", "Two"), visitor=before)
    dora.say("Two", 2)
    assert texts(dora) == ["One", "Two"]


def test_an_answer_that_is_being_handed_on_meanwhile_is_read_where_the_talk_goes_on(
    dora: Browser, lind: Customer, ana: Agent
) -> None:
    dora.say("Where is my parcel?")
    replying.reply(Ticket.objects.get(), text="On its way", actor=ana, delay=timedelta(microseconds=1))
    [delivery] = posting.claim(5, lease=uuid.uuid4(), inbox=Ticket.objects.get().inbox_id)
    dora.boot(identity=signed(**DORA))
    posting.part_taken(delivery, 0, Receipt("m-1"))
    assert texts(dora) == ["Where is my parcel?", "On its way"]


def test_what_nobody_saw_in_either_talk_is_still_unseen_when_they_are_one(
    dora: Browser, lind: Customer, ana: Agent, chat: ChannelAccount
) -> None:
    phone = Browser(chat.key, token="")
    phone.boot(identity=signed(**DORA))
    phone.say("An older matter")
    answer(ana, "Nobody saw this")
    dora.say("A new matter", 5)
    answer(ana, "This was seen")
    dora.ask("seen", upto=dora.read()[-1]["seq"])
    assert dora.boot(identity=signed(**DORA))["is_carried"]
    assert dora.boot(identity=signed(**DORA))["unseen"] == 2


def test_whoever_was_blocked_before_they_signed_in_blocks_nobody(dora: Browser, lind: Customer) -> None:
    dora.say("Buy cheap watches")
    Customer.objects.filter(pk=Ticket.objects.get().customer_id).update(is_blocked=True)
    assert not dora.boot(identity=signed(**DORA))["is_carried"]
    lind.refresh_from_db()
    assert not lind.is_blocked
    dora.say("Where is my parcel?", 2)
    assert Ticket.objects.latest("pk").customer == lind and not Ticket.objects.latest("pk").is_removed


def test_what_they_say_does_not_go_on_where_it_was_taken_for_spam(dora: Browser, lind: Customer, ana: Agent) -> None:
    dora.say("Hello?????")
    removing.spam(Ticket.objects.get(), actor=ana)
    assert dora.boot(identity=signed(**DORA))["is_carried"]
    dora.say("Where is my parcel?", 2)
    newest = Ticket.objects.latest("pk")
    assert Ticket.objects.count() == 2 and not newest.is_removed and newest.customer == lind
