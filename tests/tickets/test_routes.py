"""An answer goes the way the customer came, says so before it is sent, and never in public by mistake."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Agent, Team
from tickets.channels.protocol import Person, Said
from tickets.models import ChannelAccount, ContactPoint, Conversation, Delivery, Draft, Inbox, Message, Ticket
from tickets.operations import drafting, merging, posting, replying, scheduling, talking
from tickets.operations.status import NotPossible

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(team: Team) -> Inbox:
    inbox = Inbox.objects.create(name="Market", channel="generic")
    inbox.teams.add(team)
    ChannelAccount.objects.create(
        inbox=inbox, kind="generic", address="market", config={"answers_to": "https://x.test/"}
    )
    return inbox


def said(inbox: Inbox, number: int, text: str = "Where is it?", **more: Any) -> Message:
    thread = more.pop("thread", "t1")
    told = Said(f"m{number}", thread, Person(f"p {thread}", "Dora Lind", "@dora"), text, **more)
    message, _is_new = talking.hear(inbox, told)
    assert message is not None
    return message


def test_the_composer_says_where_an_answer_goes(market: Inbox, ana: Agent, as_agent: Any) -> None:
    message = said(market, 1)
    page = as_agent(ana).get(f"/tickets/{message.ticket_id}/").content.decode()
    talk = Conversation.objects.get()
    assert f'name="via" value="{talk.pk}" checked' in page and "@dora" in page
    assert 'value="mail"' not in page, "there is no address mail could go to"


def test_a_ticket_of_mail_alone_asks_nothing(ticket: Ticket, ana: Agent, as_agent: Any) -> None:
    page = as_agent(ana).get(f"/tickets/{ticket.number}/").content.decode()
    assert 'name="via"' not in page
    assert posting.route_to(ticket, None) is None


def test_an_answer_by_mail_from_a_talk_goes_through_the_inbox_it_mails_through(
    market: Inbox, inbox: Inbox, ana: Agent, as_agent: Any
) -> None:
    message = said(market, 1)
    ContactPoint.objects.create(customer=message.ticket.customer, channel="email", address="dora@customer.example")
    with pytest.raises(NotPossible):
        replying.reply(message.ticket, text="By mail.", actor=ana, via="mail")
    market.mails_through = inbox
    market.save()
    page = as_agent(ana).get(f"/tickets/{message.ticket_id}/").content.decode()
    assert 'value="mail"' in page
    reply = replying.reply(Ticket.objects.get(), text="By mail.", actor=ana, via="mail")
    delivery = Delivery.objects.get()
    assert (delivery.recipient, delivery.mail.inbox, delivery.mail.conversation) == (
        "dora@customer.example",
        inbox,
        None,
    )
    assert reply.channel == "email" and reply.message_id.endswith(inbox.address.partition("@")[2])


def test_a_talk_of_another_ticket_is_no_way(market: Inbox, ana: Agent) -> None:
    message, other = said(market, 1), said(market, 2, thread="t2")
    foreign = Conversation.objects.get(thread="t2")
    with pytest.raises(NotPossible):
        replying.reply(message.ticket, text="Hello", actor=ana, via=str(foreign.pk))
    assert other.ticket_id != message.ticket_id


def test_what_is_public_says_so_on_the_message_and_at_the_answer(market: Inbox, ana: Agent, as_agent: Any) -> None:
    message = said(market, 1, is_public=True, url="https://market.test/1", facts={"stars": 2})
    page = as_agent(ana).get(f"/tickets/{message.ticket_id}/").content.decode()
    assert "data-public" in page and "Public: everybody can read this answer." in page
    assert "https://market.test/1" in page and "2 stars" in page


def test_no_link_of_a_message_runs_a_script(market: Inbox, ana: Agent, as_agent: Any) -> None:
    message = said(market, 1, url="javascript:alert(1)")
    assert "javascript:" not in as_agent(ana).get(f"/tickets/{message.ticket_id}/").content.decode()


def test_the_parts_of_a_long_answer_are_shown_before_it_is_sent(market: Inbox, ana: Agent, as_agent: Any) -> None:
    message = said(market, 1)
    url = f"/tickets/{message.ticket_id}/parts"
    page = as_agent(ana).post(url, {"text": "word " * 6000}).content.decode()
    assert "Goes out as 2 messages" in page
    assert as_agent(ana).post(url, {"text": "short"}).content.decode().strip() == ""
    assert as_agent(ana).post(url, {"text": "word " * 6000, "via": "mail"}).content == b""


def test_an_answer_for_later_keeps_its_way(market: Inbox, inbox: Inbox, ana: Agent) -> None:
    message = said(market, 1)
    drafting.save(message.ticket, actor=ana, kind="reply", content=drafting.Content("Later."))
    draft = Draft.objects.get()
    scheduling.schedule(draft, actor=ana, at=clock.now() + timedelta(hours=1))
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        sent = scheduling.send_due(Draft.objects.get())
    assert sent is not None and Delivery.objects.get().mail.conversation == Conversation.objects.get()


def test_a_merged_ticket_hears_both_talks_and_answers_either(market: Inbox, ana: Agent) -> None:
    one, other = said(market, 1), said(market, 2, thread="t2")
    merging.merge(other.ticket, into=one.ticket, actor=ana)
    again = said(market, 3, thread="t2")
    assert again.ticket_id == one.ticket_id
    assert {route.key for route in posting.routes(Ticket.objects.get(pk=one.ticket_id))} == {
        str(pk) for pk in Conversation.objects.values_list("pk", flat=True)
    }
    replying.reply(Ticket.objects.get(pk=one.ticket_id), text="To the second.", actor=ana)
    assert Delivery.objects.get().mail.conversation == Conversation.objects.get(thread="t2")
