"""Machines that answer machines: a few mails, then silence, whatever their headers say or leave out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import time_machine

from feedback.models import Survey
from helpdesk.models import Event
from tests import timetable
from tests.conftest import mail
from tests.smtp_sink import Sink, smtp_sink
from tickets import minting
from tickets.models import Customer, Inbox, Message, OutgoingMail, Ticket
from tickets.operations import intake, loops, replying, status
from tickets.tasks import receive_mail

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AWAY = "I am away and will answer your message when I am back."


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


@pytest.fixture
def at_nine():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def inbox(inbox: Inbox) -> Inbox:
    inbox.acknowledges = True
    inbox.save()
    return inbox


@pytest.fixture
def flow(settle) -> Callable[[], None]:
    """Everything is read, heard and sent."""
    return lambda: timetable.pass_on(settle)


@pytest.fixture
def drained(settle) -> Callable[[], None]:
    """Everything is read, heard and sent, and the clock started every sweep of its timetable twice."""
    return lambda: timetable.run_twice(settle)


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def answered_by_a_bot(content: bytes, number: int, sender: str, *, threads: bool, **headers: str) -> bytes:
    """What a program answers to a mail of ours."""
    ours = parsed(content)
    if threads:
        headers["In_Reply_To"] = headers["References"] = str(ours["Message-ID"])
    return mail(
        sender, f"Automatic number {number}: {ours['Subject']}" if not threads else f"Re: {ours['Subject']}", AWAY,
        to=str(ours["From"]), Message_ID=f"<bot{number}@customer.example>", **headers,
    )  # fmt: skip


def play(sink: Sink, inbox: Inbox, flow: Callable[[], None], answer: Callable[[bytes, int], bytes], most: int = 20):
    """Feed every mail that leaves to a bot and its answer to us, until nothing leaves. How many left."""
    flow()
    seen = 0
    while seen < len(sink.accepted):
        assert seen < most, "it does not stop"
        _recipients, content = sink.accepted[seen]
        seen += 1
        intake.store(inbox=inbox, content=answer(content, seen), source="test", envelope_from="bot@customer.example")
        flow()
    return seen


# --- responders -----------------------------------------------------------------------------------------------------


def test_t11_1_a_responder_that_says_so_gets_one_mail_and_moves_nothing(
    at_nine, sink, inbox, send_mail_in, flow, drained, ana
):
    ticket = send_mail_in(mail(Message_ID="<1@customer.example>")).said.ticket
    drained()
    status.resolve(ticket, actor=ana)

    def bot(content: bytes, number: int) -> bytes:
        return answered_by_a_bot(content, number, "dora@customer.example", threads=True, Auto_Submitted="auto-replied")

    assert play(sink, inbox, flow, bot) == 1
    drained()
    assert len(sink.accepted) == 1
    ticket.refresh_from_db()
    answer = Message.objects.latest("pk")
    assert answer.is_automated and ticket.is_resolved
    assert not Event.objects.filter(verb="ticket.reopened").exists()


def test_t11_2_a_responder_without_any_mark_stops_at_the_counter_and_raises_the_alarm(
    at_nine, sink, inbox, flow, drained, settings, ana
):
    settings.MAIL_FLOOD_PER_HOUR = 10
    Survey.objects.create(name="Satisfaction", delay_minutes=0)
    intake.store(inbox=inbox, content=mail("bot@customer.example", Message_ID="<0@customer.example>"), source="test")

    def bot(content: bytes, number: int) -> bytes:
        return answered_by_a_bot(content, number, f"bot+{number * 7919}@customer.example", threads=False)

    play(sink, inbox, flow, bot)
    # it writes on by itself, from a new plus-address with a new subject each time, and every ticket is resolved
    for number in range(100, 140):
        store(inbox, f"bot+{number}@customer.example", number)
        if number % 10 == 0:
            flow()
            for ticket in Ticket.objects.unsolved():
                status.resolve(ticket, actor=ana)
        at_nine.shift(timedelta(minutes=2))
    drained()
    assert len(sink.accepted) <= 3
    assert OutgoingMail.objects.count() == 1, "one mail in 24 hours, acknowledgements and surveys together"
    assert [e.facts["domain"] for e in Event.objects.filter(verb="inbox.flooded")][:1] == ["customer.example"]
    assert Message.objects.count() == 42, "every one of them is kept and shown"


# --- two of us ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mangled", [False, True], ids=["as it is", "by a relay that drops our headers"])
def test_t11_3_two_installations_answering_each_other_exchange_two_mails_at_most(
    at_nine, sink, inbox, billing, drained, mangled
):
    """The other installation is the inbox `billing`; on its way, its mail gets the name it has out there."""
    Inbox.objects.filter(pk=billing.pk).update(acknowledges=True)
    billing.refresh_from_db()
    there = {inbox.address: "support@house-a.example", billing.address: "billing@house-b.example"}
    intake.store(
        inbox=billing, source="test", envelope_from="x@house-a.example",
        content=mail("support@house-a.example", to="billing@house-b.example", Message_ID="<begin@house-a.example>"),
    )  # fmt: skip
    drained()
    passed = 0
    while passed < len(sink.accepted):
        assert passed < 10, "it does not stop"
        recipients, content = sink.accepted[passed]
        passed += 1
        message = parsed(content)
        sender = str(message["From"].addresses[0].addr_spec)
        message.replace_header("From", there[sender])
        if mangled:
            for name in ("Auto-Submitted", "X-Auto-Response-Suppress", loops.MARK, "In-Reply-To", "References"):
                del message[name]
        [to] = [one for one in (inbox, billing) if there[one.address] in recipients]
        intake.store(inbox=to, content=message.as_bytes(), source="test", envelope_from=f"bounce@{sender}")
        drained()
    assert len(sink.accepted) == (2 if mangled else 1)


def test_our_own_mail_that_comes_back_is_known_by_its_mark(at_nine, sink, inbox, send_mail_in, drained):
    send_mail_in(mail())
    drained()
    back = parsed(sink.accepted[0][1])
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress"):
        del back[name]
    back.replace_header("From", "relay@elsewhere.example")
    back.replace_header("Message-ID", "<rewritten@relay.example>")
    raw = send_mail_in(back.as_bytes())
    drained()
    assert len(sink.accepted) == 1
    assert Event.objects.filter(verb="message.unacknowledged").latest("id").facts["reason"] == "echo"
    assert loops.machine(raw) == "echo"


def test_headers_that_a_defect_of_ours_cannot_read_are_not_answered_and_hold_nobody_up(
    at_nine, sink, send_mail_in, drained, verbs, monkeypatch
):
    raw = send_mail_in(mail())
    monkeypatch.setattr(loops.tree, "read", lambda content: 1 / 0)
    drained()
    assert not sink.accepted and verbs(raw.said.ticket)[-1] == "message.unacknowledged"


@pytest.mark.parametrize("forged", ["yes", "", "aaaa:bbbb", "abcdefghijklmnopqrstuvwxyz:0123456789", "x" * 5000])
def test_t06_1_a_forged_mark_is_no_mark_and_loses_nobody_a_mail(at_nine, sink, inbox, send_mail_in, drained, forged):
    raw = send_mail_in(mail(X_Helpdesk_Loop=forged, X_Desk_Skip="1", X_Auto_Generated="no"))
    drained()
    assert not loops.is_own_echo({"x-helpdesk-loop": [forged]})
    assert raw.said is not None and not raw.said.is_automated and len(sink.accepted) == 1


def test_a_mark_of_another_installation_is_not_ours(settings):
    mine = minting.token()
    assert loops.is_own_echo({"x-helpdesk-loop": [f" {mine} "]})
    settings.SECRET_KEY = "the key of another installation, long enough"
    assert not loops.is_own_echo({"x-helpdesk-loop": [mine]})


# --- agents who are inboxes -----------------------------------------------------------------------------------------


def test_t11_8_an_agent_cannot_have_an_inboxes_address_nor_an_inbox_an_agents(admin, ana, inbox, as_agent, team):
    browser = as_agent(admin)
    agent = {"name": "X", "role": "agent", "zone": "UTC", "is_active": "on"}
    for address in ("support@demo.localhost", "Support+x@DEMO.localhost"):
        page = browser.post("/settings/agents/new/", {**agent, "email": address})
        assert page.status_code == 422 and "An inbox receives mail at this address" in page.content.decode()
    assert browser.post("/settings/agents/new/", {**agent, "email": "x@demo.localhost"}).status_code == 302
    page = browser.post(
        f"/settings/inboxes/{inbox.pk}/",
        {"name": "S", "address": "Ana@demo.localhost", "response_target_minutes": 60, "is_active": "on"},
    )
    assert page.status_code == 422 and "Ana Silva has this address" in page.content.decode()


def test_t11_8_forced_into_the_database_it_still_makes_no_loop(at_nine, sink, inbox, send_mail_in, flow, drained, ana):
    type(ana).objects.filter(pk=ana.pk).update(email=inbox.address)
    ticket = send_mail_in(mail(Message_ID="<1@customer.example>")).said.ticket
    drained()
    replying.reply(ticket, text="Hello", actor=ana)

    def forwarded(content: bytes, number: int) -> bytes:
        """Whatever leaves comes back to the inbox, as if by the agent."""
        ours = parsed(content)
        return mail(f"Ana <{inbox.address}>", str(ours["Subject"]), "Fw", Message_ID=f"<{number}@demo.localhost>")

    at_nine.shift(60)  # past the seconds in which a reply can be taken back
    assert play(sink, inbox, flow, forwarded) == 2, "the acknowledgement and the reply"
    drained()
    assert len(sink.accepted) == 2


# --- reopening ------------------------------------------------------------------------------------------------------


def test_three_times_an_hour_mail_may_reopen_a_ticket(at_nine, ticket, ana):
    for _ in range(3):
        assert loops.may_reopen(ticket, at=datetime.now(UTC))
        status.resolve(ticket, actor=ana)
        status.reopen(ticket, actor=None)
        at_nine.shift(timedelta(minutes=10))
    assert not loops.may_reopen(ticket, at=datetime.now(UTC))
    at_nine.shift(timedelta(minutes=31))
    assert loops.may_reopen(ticket, at=datetime.now(UTC)), "the first is an hour ago"


def test_what_agents_reopen_is_not_counted(at_nine, ticket, ana):
    for _ in range(5):
        status.resolve(ticket, actor=ana)
        status.reopen(ticket, actor=ana)
    assert loops.may_reopen(ticket, at=datetime.now(UTC))


# --- floods ---------------------------------------------------------------------------------------------------------


def store(inbox: Inbox, sender: str, number: int) -> None:
    content = mail(sender, f"Subject {number}", Message_ID=f"<{number}@flood.example>")
    intake.store(inbox=inbox, content=content, source="test")


def test_a_flood_from_one_domain_gets_no_more_acknowledgements(at_nine, sink, inbox, drained, settings):
    settings.MAIL_FLOOD_PER_HOUR = 5
    for number in range(5):
        store(inbox, f"p{number}@flood.example", number)
    drained()
    assert len(sink.accepted) == 5, "so many people may write"
    for number in range(5, 12):
        store(inbox, f"p{number}@flood.example", number)
    store(inbox, "dora@customer.example", 99)
    drained()
    assert sink.accepted[-1][0] == ["dora@customer.example"] and len(sink.accepted) == 6
    assert Event.objects.filter(verb="inbox.flooded").count() == 1
    at_nine.shift(timedelta(hours=1, minutes=1))
    store(inbox, "p100@flood.example", 100)
    drained()
    assert sink.accepted[-1][0] == ["p100@flood.example"], "the flood is over"


def test_a_public_mail_provider_is_no_flood_but_one_of_its_addresses_is(at_nine, inbox, settings):
    settings.MAIL_FLOOD_PER_HOUR = 3
    for number in range(8):
        store(inbox, f"person{number}@gmail.com", number)
    for number in range(8, 12):
        store(inbox, f"b.o.t+{number}@gmail.com", number)
    receive_mail()
    found = loops.floods(datetime.now(UTC))
    assert dict(found.tickets) == {"bot@gmail.com": 4}
    assert found.source_of("Bot+x@googlemail.com") == "bot@gmail.com" and not found.source_of("person1@gmail.com")


def test_the_limit_can_be_switched_off(at_nine, inbox, settings):
    settings.MAIL_FLOOD_PER_HOUR = 0
    for number in range(8):
        store(inbox, "bot@customer.example", number)
    receive_mail()
    assert not loops.floods(datetime.now(UTC)).tickets
    assert Customer.objects.count() == 1
