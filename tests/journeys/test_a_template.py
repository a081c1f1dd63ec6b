"""After a day of silence WhatsApp takes only a template: the composer offers them, and one is sent."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from playwright.sync_api import expect

from helpdesk import clock
from helpdesk.models import Agent, Team
from tests.journeys.test_for_everybody import wrong
from tickets.channels.protocol import Person, Said, Template
from tickets.models import ChannelAccount, Conversation, Inbox, Message, MessageKind
from tickets.operations import network_templates, talking

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

KNOWN = [
    Template("order_update/en_US", "order_update", "en_US", "Hello {{1}}, there is news of your {{2}}.", ("1", "2")),
    Template("sorry/en_US", "sorry", "en_US", "We are sorry that it took us so long. May we still help?"),
]  # fmt: skip


def test_an_agent_sends_a_template_when_free_words_are_no_longer_taken(
    house: Any, sit: Any, ana: Agent, team: Team, settings: Any, look: Any
) -> None:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    inbox = Inbox.objects.create(name="WhatsApp", channel="meta")
    inbox.teams.add(team)
    config = {"product": "whatsapp", "account_id": "10654", "server": "http://127.0.0.1:1"}
    account = ChannelAccount.objects.create(inbox=inbox, kind="meta", address="+1555", config=config)
    network_templates.keep(account, KNOWN)
    message, _is_new = talking.hear(inbox, Said("m1", "491701", Person("491701", "Dora Lind", "+491701"), "Hello?"))
    Conversation.objects.update(heard_at=clock.now() - timedelta(hours=30))
    page = sit(ana).page
    page.goto(f"/tickets/{message.ticket_id}/")
    expect(page.get_by_text("lets nobody answer more than 24 hours")).to_be_visible()
    page.get_by_label("Words for 1 in order_update").fill("Dora")
    expect(page.get_by_label("order_update en_US")).to_be_checked()
    page.get_by_label("Words for 2 in order_update").fill("lamp")
    look(page, "a-template")
    assert wrong(page) == []
    page.locator("[data-send=reply]").click()
    expect(page.locator("#thread")).to_contain_text("Hello Dora, there is news of your lamp.")
    assert Message.objects.get(kind=MessageKind.REPLY).text == "Hello Dora, there is news of your lamp."
