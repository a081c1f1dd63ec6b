"""Acknowledgements of what was said in talks: in the talk itself, in private, once a day, within the one budget."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Agent, Calendar, Event, Team
from reports.ledger import facts
from reports.models import TicketFacts
from tests.tickets.channels.chat.rig import SITE, Browser
from tickets.activity import told
from tickets.channels.protocol import Person, Reported, Said
from tickets.models import (
    AcknowledgementText,
    ChannelAccount,
    ContactPoint,
    Conversation,
    Delivery,
    DeliveryState,
    Inbox,
    OutgoingMail,
    RawMessage,
    Ticket,
    Unrequested,
)
from tickets.operations import acknowledging, budget, posting, status, talking

pytestmark = pytest.mark.django_db
#: a Monday in office hours, in Berlin
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACKNOWLEDGEMENT, SURVEY = OutgoingMail.Purpose.ACKNOWLEDGEMENT, OutgoingMail.Purpose.SURVEY


@pytest.fixture(autouse=True)
def at_nine() -> Any:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bot(team: Team, calendar: Calendar) -> Inbox:
    return made("telegram", team, calendar)


def made(kind: str, team: Team, calendar: Calendar | None = None, **config: Any) -> Inbox:
    inbox = Inbox.objects.create(name=f"Our {kind}", channel=kind, calendar=calendar, acknowledges=True)
    inbox.teams.add(team)
    account = ChannelAccount.objects.create(inbox=inbox, kind=kind, address=kind, config=config)
    account.sealed = json.dumps({})
    account.save()
    return inbox


def wrote(inbox: Inbox, number: int = 1, *, thread: str = "77", **more: Any) -> Ticket:
    person = Person(thread, "Dora", "dora77")
    message, _new = talking.hear(inbox, Said(f"m {thread} {number}", thread, person, "Where is it?", **more))
    assert message is not None
    return message.ticket


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(purpose=ACKNOWLEDGEMENT).order_by("pk"))


def reasons() -> list[str]:
    found = Event.objects.filter(verb="message.unacknowledged").order_by("id")
    return [event.facts["reason"] for event in found]


def test_who_opens_a_ticket_in_a_private_talk_is_told_there(bot: Inbox, settle: Callable[[], None]) -> None:
    ticket = wrote(bot)
    wrote(bot, 2)
    settle()
    settle()
    [mail] = mails()
    assert mail.conversation == Conversation.objects.get() and mail.to == ["77"] and mail.html == ""
    assert f"#{ticket.number}" in mail.text and "by Monday, 14:00 (CET)" in mail.text
    assert "just write it here" in mail.text and "mail" not in mail.text
    event = Event.objects.get(verb="message.acknowledged")
    assert event.facts["mail"] == mail.pk and not reasons()
    assert Unrequested.objects.get().purpose == ACKNOWLEDGEMENT
    [line] = [one.sentence for one in told(Event.objects.filter(verb="message.acknowledged"))]
    assert line == "Acknowledgement on its way to dora77"


def test_the_words_are_the_inboxs_own_by_language_and_hour(
    bot: Inbox, settle: Callable[[], None], at_nine: Any
) -> None:
    AcknowledgementText.objects.create(
        inbox=bot, language="fr", text="Reçu, {{expected}}", text_out_of_hours="Nous dormons ({{ticket.number}})"
    )
    at_nine.move_to(datetime(2026, 3, 1, 3, 0, tzinfo=UTC))  # Sunday night
    ticket = wrote(bot, language="fr")
    settle()
    assert mails()[0].text == f"Nous dormons ({ticket.number})"


def test_never_in_public_and_never_where_nothing_is_sent(team: Team, bot: Inbox, settle: Callable[[], None]) -> None:
    wrote(bot, is_public=True)
    wrote(made("reviews", team), is_public=True)
    wrote(made("phone", team), thread="+49301")
    settle()
    assert not mails() and reasons() == ["public", "no_way", "no_way"]
    assert [acknowledging.carries(one) for one in Inbox.objects.order_by("pk")] == [True, False, False]


def test_once_a_day_and_conversation_though_it_opens_tickets(
    bot: Inbox, ana: Agent, settle: Callable[[], None], at_nine: Any
) -> None:
    for number in (1, 2):
        ticket = wrote(bot, number)
        settle()
        status.close(ticket, actor=ana)
    assert len(mails()) == 1 and reasons() == ["told"]
    at_nine.shift(timedelta(hours=24, seconds=1))
    wrote(bot, 3)
    settle()
    assert len(mails()) == 2


def test_what_the_network_does_not_let_us_write_is_not_written(bot: Inbox, settle: Callable[[], None]) -> None:
    wrote(bot)
    ChannelAccount.objects.update(dead_since=clock.now(), problem="The token is no longer valid.")
    settle()
    assert not mails() and reasons() == ["closed"]


def test_t10_acknowledgements_of_all_channels_draw_on_one_budget(bot: Inbox, settle: Callable[[], None]) -> None:
    ticket = wrote(bot)
    point = ContactPoint.objects.get()
    ContactPoint.objects.create(customer=ticket.customer, channel="email", address="dora@customer.example")
    assert point.is_verified and budget.draw("dora@customer.example", ACKNOWLEDGEMENT) == ""
    settle()
    assert not mails() and reasons() == ["spent"]


def test_machines_are_told_nothing(bot: Inbox, settle: Callable[[], None]) -> None:
    wrote(bot, is_automated=True)
    settle()
    assert not mails() and reasons() == ["automated"]


def test_reports_take_it_for_no_answer(bot: Inbox, settle: Callable[[], None]) -> None:
    ticket = wrote(bot)
    settle()
    _hand_on(bot)
    settle()
    facts.refresh([ticket.pk])
    kept = TicketFacts.objects.get(ticket=ticket.pk)
    assert kept.first_reply_at is None and kept.replies == 0
    ticket.refresh_from_db()
    assert ticket.waiting_since == MONDAY


def _hand_on(inbox: Inbox) -> Delivery:
    from tickets.channels.protocol import Receipt
    from tickets.operations import sending

    (delivery,) = posting.claim(1, inbox=inbox.pk, lease=uuid.uuid4())
    sending.begin_transmission(delivery)
    posting.part_taken(delivery, 0, Receipt("n 1"))
    sending.sent(delivery, "")
    return delivery


def test_what_became_of_it_over_there_is_known(bot: Inbox, settle: Callable[[], None]) -> None:
    wrote(bot)
    settle()
    delivery = _hand_on(bot)
    for action in ("delivered", "read", "read"):
        heard = talking.Heard(_raw(bot, action), [Reported("n 1", action)])  # type: ignore[arg-type]
        talking.receive(heard)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED and delivery.seen_at == MONDAY
    assert Event.objects.filter(verb="message.delivered").count() == 1
    assert Event.objects.filter(verb="message.seen").count() == 1


def _raw(inbox: Inbox, content: str) -> RawMessage:
    from tickets.operations import intake

    raw = intake.store(inbox=inbox, content=content.encode(), source="webhook", source_key=uuid.uuid4().hex)
    assert raw is not None
    return raw


def test_a_visitor_reads_it_in_the_widget_and_that_is_known(team: Team, settle: Callable[[], None]) -> None:
    inbox = made("chat", team, allowed_origins=[SITE])
    dora = Browser(inbox.account.key)
    dora.say("Where is my parcel?")
    settle()
    delivery = Delivery.objects.get()
    asked, said = dora.read()
    assert asked["text"] == "Where is my parcel?" and said["ours"] and said["from"] == "Our chat"
    assert "has the number" in said["text"] and said["files"] == []
    dora.ask("seen", upto=said["seq"])
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED and delivery.seen_at is not None
    assert Ticket.objects.get().waiting_since is not None


def test_the_page_of_a_talks_inbox_shows_what_is_sent(bot: Inbox, team: Team, as_agent: Any, admin: Agent) -> None:
    wrote(bot)
    browser = as_agent(admin)
    page = browser.get(f"/settings/inboxes/{bot.pk}/acknowledgement/").content.decode()
    assert "just write it here" in page and "vouches for them" not in page and "Subject" not in page
    assert "dora77" in page and "1 would get one today" in page
    saved = browser.post(f"/settings/inboxes/{bot.pk}/acknowledgement/", {"within_en": "Got it."})
    bot.refresh_from_db()
    assert saved.status_code == 302 and not bot.acknowledges
    assert browser.get(f"/settings/inboxes/{made('reviews', team).pk}/acknowledgement/").status_code == 404
