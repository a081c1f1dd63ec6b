"""Mail going out: claimed once, sent once, and honest when nobody can know."""

import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from django.db import connection

from helpdesk import clock
from tests.conftest import mail
from tests.smtp_sink import smtp_sink
from tickets.models import ContactPoint, Delivery, DeliveryState, OutgoingMail
from tickets.operations import replying, sending
from tickets.tasks import deliver


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


def states() -> list[str]:
    return list(Delivery.objects.order_by("recipient").values_list("state", flat=True))


def read(content: bytes):
    return message_from_bytes(content, policy=policy.default)


def test_a_reply_arrives_with_text_html_and_threading(db, sink, ticket, ana, inbox):
    inbox.signature = "Yours, the support team"
    inbox.save()
    message = replying.reply(ticket, text="It ships today.\n\nSee https://demo.localhost/track <now>", actor=ana)
    deliver()
    [(recipients, content)] = sink.accepted
    mail = read(content)
    assert recipients == ["dora@customer.example"]
    assert mail["To"] == "dora@customer.example"
    assert str(mail["From"]) == "Support <support@demo.localhost>"
    assert mail["Subject"] == "Re: My order"
    assert mail["Message-ID"] == f"<{message.message_id}>"
    assert mail["In-Reply-To"] == mail["References"] == "<first@customer.example>"
    assert mail["Auto-Submitted"] is None
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    html = mail.get_body(("html",)).get_content()
    assert "It ships today." in text and "-- \nYours, the support team" in text
    assert '<a href="https://demo.localhost/track"' in html and "&lt;now&gt;" in html
    assert states() == [DeliveryState.SENT]


def test_a_sent_reply_is_an_event(db, sink, ticket, ana, verbs):
    replying.reply(ticket, text="It ships today.", actor=ana)
    deliver()
    assert verbs(ticket)[-1] == "message.sent"


def test_dots_and_long_lines_survive_the_journey(db, sink, ticket, ana):
    text = ".\n..\n.hidden\n" + "word " * 500
    replying.reply(ticket, text=text, actor=ana)
    deliver()
    received = read(sink.accepted[0][1]).get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert received.startswith(".\n..\n.hidden\n") and received.count("word") == 500


def test_long_identifiers_travel_as_they_are(db, sink, ticket, ana):
    long = [f"{'x' * 120}.{n}@outlook.example" for n in range(5)]
    ticket.messages.update(references=long)
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    content = sink.accepted[0][1]
    assert b"=?utf-8?" not in content.partition(b"\r\n\r\n")[0]
    assert str(read(content)["References"]).split() == [f"<{i}>" for i in [*long, "first@customer.example"]]


def test_nothing_in_a_subject_can_start_a_header(db, sink, ticket, ana):
    ticket.subject = "hi\r\nBcc: everybody@x.example"
    ticket.save()
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    [(recipients, content)] = sink.accepted
    assert recipients == ["dora@customer.example"]
    assert read(content)["Bcc"] is None and read(content)["Subject"] == "Re: hi Bcc: everybody@x.example"


def test_a_refused_recipient_fails_at_once_and_others_are_not_sent_again(db, sink, ticket, ana, verbs):
    ticket.participants.create(address="colleague@customer.example", is_confirmed=True)
    sink.rcpt["dora@customer.example"] = "550 5.1.1 no such person"
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    deliver()
    assert states() == [DeliveryState.SENT, DeliveryState.FAILED]
    assert [r for r, _ in sink.accepted] == [["colleague@customer.example"]]
    assert "no such person" in Delivery.objects.get(state="failed").answer
    assert "message.failed" in verbs(ticket)


def test_a_participant_nobody_confirmed_gets_nothing(db, sink, ticket, ana):
    ticket.participants.create(address="eve@x.example", is_confirmed=False)
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    assert [r for r, _ in sink.accepted] == [["dora@customer.example"]]


def test_a_busy_server_is_asked_again_later_with_the_same_identity(db, sink, ticket, ana):
    sink.data = ["451 4.3.0 later"]
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as now:
        message = replying.reply(ticket, text="Hello", actor=ana)
        deliver()
        assert states() == [DeliveryState.QUEUED] and not sink.accepted
        deliver()
        assert not sink.accepted
        now.shift(61)
        deliver()
    assert read(sink.accepted[0][1])["Message-ID"] == f"<{message.message_id}>"
    assert states() == [DeliveryState.SENT]


def test_after_five_days_of_refusals_a_reply_has_visibly_failed(db, sink, ticket, ana):
    sink.rcpt["dora@customer.example"] = "450 4.2.0 greylisted"
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as now:
        replying.reply(ticket, text="Hello", actor=ana)
        for _ in range(100):
            deliver()
            now.shift(7200)
    assert states() == [DeliveryState.FAILED]


def test_an_unreachable_server_loses_nothing(db, settings, ticket, ana):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    assert states() == [DeliveryState.QUEUED]
    assert "could not be reached" in Delivery.objects.get().answer


def test_no_answer_after_the_content_is_uncertain_and_never_repeated(db, sink, ticket, ana, verbs):
    sink.hang_up = True
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    sink.hang_up = False
    with time_machine.travel(clock.now() + timedelta(days=1)):
        deliver()
    assert states() == [DeliveryState.UNCERTAIN]
    assert len(sink.accepted) == 1
    assert "message.uncertain" in verbs(ticket)


@pytest.mark.parametrize("transmitting, then", [(False, DeliveryState.QUEUED), (True, DeliveryState.UNCERTAIN)])
def test_a_worker_that_died_leaves_its_delivery_settled(db, ticket, ana, transmitting, then):
    replying.reply(ticket, text="Hello", actor=ana)
    [delivery] = sending.claim(10)
    if transmitting:
        assert sending.begin_transmission(delivery)
    assert sending.recover() == 0
    with time_machine.travel(clock.now() + sending.LEASE + timedelta(seconds=1)):
        assert sending.recover() == 1
    assert states() == [then]


def test_who_lost_the_lease_neither_sends_nor_settles(db, ticket, ana):
    replying.reply(ticket, text="Hello", actor=ana)
    [slow] = sending.claim(10)
    with time_machine.travel(clock.now() + sending.LEASE + timedelta(seconds=1)):
        sending.recover()
        [quick] = sending.claim(10)
        assert not sending.begin_transmission(slow)
        assert not sending.sent(slow, "250")
        assert sending.begin_transmission(quick) and sending.sent(quick, "250")


def test_many_workers_send_each_mail_once(transactional_db, sink, send_mail_in, dora, ana):
    from tests.conftest import mail

    for n in range(12):
        ticket = send_mail_in(mail(Message_ID=f"<{n}@customer.example>", subject=f"Matter {n}")).said.ticket
        replying.reply(ticket, text=f"Answer {n}", actor=ana)

    def work() -> None:
        deliver()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ids = [read(content)["Message-ID"] for _, content in sink.accepted]
    assert len(ids) == len(set(ids)) == 12
    assert set(states()) == {DeliveryState.SENT}


def test_a_mail_of_our_own_goes_to_one_address_only(db, sink, ticket, inbox):
    ticket.participants.create(address="colleague@customer.example", is_confirmed=True)
    sending.enqueue(
        inbox=inbox, ticket=ticket, to="dora@customer.example", subject="How was it?", text="Tell us.",
        purpose=OutgoingMail.Purpose.SURVEY, headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    deliver()
    [(recipients, content)] = sink.accepted
    assert recipients == ["dora@customer.example"]
    assert read(content)["Auto-Submitted"] == "auto-generated"


def test_one_mail_that_cannot_be_written_holds_up_no_other(db, sink, ticket, ana, monkeypatch):
    from tickets.channels.email import book

    write, broken = book.compose, replying.reply(ticket, text="This one breaks.", actor=ana)
    replying.reply(ticket, text="It ships today.", actor=ana)

    def compose(delivery, *, utf8):
        if delivery.mail.said_id == broken.pk:
            raise AttributeError("a defect of ours")
        return write(delivery, utf8=utf8)

    monkeypatch.setattr(book, "compose", compose)
    deliver()
    assert len(sink.accepted) == 1
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["queued", "sent"]


def test_an_address_in_other_letters_holds_up_no_other(db, sink, send_mail_in, ana):
    for number, name in enumerate(("jörg@customer.example", "dora@bücher.example", "dora@customer.example")):
        said = send_mail_in(mail(sender=f"customer{number}@other.example")).said
        ContactPoint.objects.filter(pk=said.sender_id).update(address=name)
        replying.reply(said.ticket, text="It ships today.", actor=ana)
    sink.takes_utf8 = False
    deliver()
    assert sorted(r for [r], _content in sink.accepted) == ["dora@customer.example", "dora@xn--bcher-kva.example"]
    assert all(content.isascii() for _recipients, content in sink.accepted)
    assert Delivery.objects.get(recipient__startswith="jörg").state == DeliveryState.FAILED


def test_an_absent_server_is_waited_for_twice_not_once_a_mail(db, ticket, ana, monkeypatch):
    from tickets.channels.email import smtp_pool

    asked = []

    def connect(server, secret):
        asked.append(1)
        raise TimeoutError("timed out")

    monkeypatch.setattr(smtp_pool, "connect", connect)
    for number in range(5):
        replying.reply(ticket, text=f"Answer {number}", actor=ana)
    deliver()
    assert len(asked) == 2
    assert states() == ["queued"] * 5


def test_a_slow_server_leaves_the_rest_in_the_queue(db, sink, ticket, ana, monkeypatch):
    from tickets import tasks

    monkeypatch.setattr(tasks, "SECONDS", 0)
    replying.reply(ticket, text="It ships today.", actor=ana)
    deliver()
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts, waiting.lease) == ("queued", 0, None)
    monkeypatch.setattr(tasks, "SECONDS", 60)
    deliver()
    assert states() == ["sent"]
