"""What came by other channels stands in the intake log as what it is, and can be read again."""

from typing import Any

import pytest
from django.urls import reverse

from helpdesk.models import Agent, Team
from tickets import tasks
from tickets.models import ChannelAccount, Inbox, Message, RawMessage, RawState
from tickets.operations import intake, mail_desk

pytestmark = pytest.mark.django_db

SAID = b'{"type": "message", "id": "m1", "conversation": "t1", "from": {"id": "p1"}, "text": "<b>Hello</b>"}'


@pytest.fixture
def market(team: Team) -> Inbox:
    inbox = Inbox.objects.create(name="Market", channel="generic")
    inbox.teams.add(team)
    ChannelAccount.objects.create(inbox=inbox, kind="generic", address="market")
    return inbox


def came(market: Inbox, content: bytes) -> RawMessage:
    raw = intake.store(inbox=market, content=content, source="webhook")
    assert raw is not None
    tasks.receive_posts()
    raw.refresh_from_db()
    return raw


def test_the_log_shows_what_the_network_sent_and_no_mail(market: Inbox, ana: Agent, as_agent: Any) -> None:
    raw = came(market, SAID)
    assert raw.state == RawState.DONE
    client = as_agent(ana)
    assert "Market" in client.get(reverse("intake_log")).content.decode()
    page = client.get(reverse("intake_mail", args=[raw.pk])).content.decode()
    assert "What the network sent" in page and "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert "<b>Hello" not in page and "Envelope" not in page


def test_what_nobody_could_read_is_kept_and_read_again(market: Inbox, ana: Agent, as_agent: Any) -> None:
    raw = came(market, b"{")
    assert raw.state == RawState.PARKED and raw.reason == "It is not JSON."
    assert "It is not JSON." in as_agent(ana).get(reverse("intake_mail", args=[raw.pk])).content.decode()
    RawMessage.objects.filter(pk=raw.pk).update(content=SAID)  # as if we had learnt to read it
    mail_desk.read_again(raw, actor=ana)
    tasks.receive_posts()
    assert Message.objects.get().text == "<b>Hello</b>"
