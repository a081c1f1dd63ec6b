"""Mail coming in: every one ends in a visible state, on the right ticket, once, in whatever order it came."""

import random
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from helpdesk import clock
from tests.conftest import mail
from tickets.channels.email import reading as mail_reading
from tickets.models import (
    ContactPoint,
    Customer,
    Delivery,
    DeliveryState,
    Message,
    RawMessage,
    RawState,
    Status,
    Ticket,
)
from tickets.operations import intake, placing, replying, status
from tickets.tasks import receive_mail


def reply_to(identifier: str, own: str = "again@customer.example", **more: str) -> bytes:
    return mail(subject="Re: My order", text="And now?", Message_ID=f"<{own}>", In_Reply_To=f"<{identifier}>", **more)


def test_a_new_mail_opens_a_ticket_with_its_customer(db, send_mail_in, verbs):
    raw = send_mail_in(mail("Zoe <zoe@new.example>", subject="Hello  there", text="A question"))
    ticket = raw.said.ticket
    assert (raw.state, ticket.subject, ticket.status) == (RawState.DONE, "Hello there", Status.OPEN)
    assert ticket.customer.name == "Zoe" and ticket.waiting_since == raw.received_at
    assert verbs(ticket) == ["ticket.created", "message.received"]


def test_the_customers_answer_joins_and_reopens(ticket, ana, send_mail_in, verbs):
    answer = replying.reply(ticket, text="It ships today", actor=ana)
    status.resolve(ticket, actor=ana)
    raw = send_mail_in(reply_to(answer.message_id))
    ticket.refresh_from_db()
    assert raw.said.ticket == ticket and raw.said.matched_by == "in_reply_to"
    assert ticket.status == Status.OPEN and ticket.waiting_since == raw.received_at and ticket.resolved_at is None
    assert verbs(ticket)[-2:] == ["message.received", "ticket.reopened"]


def test_a_strangers_answer_does_not_join(ticket, send_mail_in, emil):
    raw = send_mail_in(reply_to("first@customer.example", own="e@stranger.example", sender=emil))
    assert raw.said.ticket != ticket and raw.said.matched_by == "stranger"
    assert ticket.messages.count() == 1


def test_a_participant_may_join(ticket, send_mail_in):
    ticket.participants.create(address="colleague@customer.example", is_confirmed=True)
    raw = send_mail_in(reply_to("first@customer.example", sender="colleague@customer.example"))
    assert raw.said.ticket == ticket
    assert raw.said.ticket.customer.contact_points.count() == 1


def test_t04_1_a_number_in_the_subject_joins_nothing(ticket, send_mail_in, emil):
    raw = send_mail_in(mail(emil, subject=f"Re: [#{ticket.number}] anything", Message_ID="<s@x.example>"))
    assert raw.said.ticket != ticket


def test_an_answer_to_another_inboxes_mail_does_not_join(ticket, send_mail_in, billing):
    raw = send_mail_in(reply_to("first@customer.example"), to=billing)
    assert raw.said.ticket != ticket and raw.said.ticket.inbox == billing


def test_t07_1_the_same_mail_twice_is_one_message_and_other_content_is_another(ticket, send_mail_in):
    again = send_mail_in(mail(Message_ID="<first@customer.example>"))
    other = send_mail_in(mail(Message_ID="<first@customer.example>", text="Something else"))
    assert again.state == RawState.DUPLICATE
    assert other.state == RawState.DONE
    assert Message.objects.count() == 2


def test_t07_3_a_mail_without_an_id_is_taken_once(db, send_mail_in):
    states = [send_mail_in(mail()).state for _ in range(2)]
    assert states == [RawState.DONE, RawState.DUPLICATE]


def test_a_machine_moves_nothing(ticket, ana, send_mail_in):
    answer = replying.reply(ticket, text="It ships today", actor=ana)
    status.resolve(ticket, actor=ana)
    raw = send_mail_in(reply_to(answer.message_id, Auto_Submitted="auto-replied"))
    ticket.refresh_from_db()
    assert raw.said.ticket == ticket and raw.said.is_automated
    assert ticket.is_resolved and ticket.waiting_since is None


BOUNCE = b"""From: MAILER-DAEMON@mx.example
To: support@demo.localhost
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=b
Return-Path: <>

--b
Content-Type: text/plain

I could not deliver it.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; %s
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <%s>
Subject: Re: My order
--b--
"""


def test_t11_4_a_bounce_is_shown_on_the_answer_that_bounced(ticket, ana, send_mail_in):
    answer = replying.reply(ticket, text="It ships today", actor=ana)
    Delivery.objects.update(state=DeliveryState.SENT)
    status.resolve(ticket, actor=ana)
    raw = send_mail_in(BOUNCE % (b"dora@customer.example", answer.message_id.encode()))
    ticket.refresh_from_db()
    assert (raw.state, raw.said, raw.belongs_to) == (RawState.RECORDED, None, ticket) and "5.1.1" in raw.reason
    assert ticket.is_resolved and ticket.messages.count() == 2 and Ticket.objects.count() == 1
    assert ContactPoint.objects.get(address="dora@customer.example").is_bouncing
    assert Delivery.objects.get().state == DeliveryState.BOUNCED


def test_a_forged_bounce_marks_nobody(ticket, send_mail_in):
    raw = send_mail_in(BOUNCE % (b"dora@customer.example", b"made-up@demo.localhost"))
    assert raw.said.ticket != ticket
    assert not ContactPoint.objects.get(address="dora@customer.example").is_bouncing


def test_t08_1_a_sender_nobody_can_tell_is_quarantined(db, send_mail_in):
    raw = send_mail_in(b"From: boss@corp.test <evil@x.test>\nSubject: x\n\nHello")
    assert raw.state == RawState.QUARANTINED and "who sent it" in raw.reason
    assert not Ticket.objects.exists()


def test_t01_1_a_mail_whose_domain_disowns_it_is_quarantined(ticket, send_mail_in, settings):
    settings.TRUSTED_AUTHSERV_ID = "mx.desk.test"
    verdict = "mx.desk.test; dmarc=fail header.from=customer.example"
    raw = send_mail_in(reply_to("first@customer.example", Cc="evil@x.test", Authentication_Results=verdict))
    assert raw.state == RawState.QUARANTINED
    assert ticket.messages.count() == 1 and not ticket.participants.exists()


def test_a_quarantined_mail_can_be_released(ticket, send_mail_in, settings):
    settings.TRUSTED_AUTHSERV_ID = "mx.desk.test"
    verdict = "mx.desk.test; dmarc=fail header.from=customer.example"
    raw = send_mail_in(reply_to("first@customer.example", Authentication_Results=verdict))
    intake.replay(raw, force=True)
    receive_mail()
    raw.refresh_from_db()
    assert raw.state == RawState.DONE and raw.said.ticket == ticket


@pytest.mark.parametrize("content", [b"\n\n", b"From: a@x.test\n" * 30000, b"A: " + b"x" * 300_000])
def test_what_cannot_be_read_is_parked_and_the_next_mail_unaffected(db, send_mail_in, content):
    raw = send_mail_in(content)
    assert raw.state in (RawState.PARKED, RawState.QUARANTINED) and raw.reason
    assert send_mail_in(mail()).state == RawState.DONE


def test_t38_1_deep_and_many_parts_stop_nobody(db, inbox, send_mail_in):
    deep = b"From: a@x.test\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)
    )
    many = b"From: a@x.test\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 100_000
    for content in (deep, many):
        intake.store(inbox=inbox, content=content, source="test")
    assert send_mail_in(mail()).state == RawState.DONE
    assert not RawMessage.objects.filter(state=RawState.RECEIVED).exists()


def test_nul_and_broken_characters_are_no_reason_to_refuse(db, send_mail_in):
    raw = send_mail_in(b"From: a@x.test\nSubject: a\x00b \xff\nContent-Type: text/html\n\n<p>c\x00d\xfe</p>")
    assert raw.state == RawState.DONE, raw.reason


def test_a_mail_that_kills_its_reader_is_parked_after_five_times_and_delays_nobody(db, inbox, send_mail_in):
    poison = intake.store(inbox=inbox, content=mail(subject="poison"), source="test")
    for _ in range(intake.PATIENCE):
        assert [raw.pk for raw in intake.claim(10)] == [poison.pk]  # and the worker dies here
        assert send_mail_in(mail(Message_ID=f"<{_}@x.example>")).state == RawState.DONE
        RawMessage.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    intake.claim(10)
    poison.refresh_from_db()
    assert poison.state == RawState.PARKED


def test_a_lease_that_ran_out_is_taken_over(db, inbox):
    intake.store(inbox=inbox, content=mail(), source="test")
    assert len(intake.claim(10)) == 1
    assert intake.claim(10) == []
    with time_machine.travel(clock.now() + intake.LEASE + timedelta(seconds=1)):
        assert len(intake.claim(10)) == 1


def test_a_mail_that_breaks_the_batch_is_parked_alone(db, inbox, monkeypatch):
    for n in range(5):
        intake.store(inbox=inbox, content=mail(subject=f"Mail {n}", Message_ID=f"<{n}@x.example>"), source="test")
    honest = placing._message

    def stumble(one, *arguments):
        if one.mail.subject == "Mail 3":
            raise ValueError("this one")
        return honest(one, *arguments)

    monkeypatch.setattr(placing, "_message", stumble)
    receive_mail()
    assert Ticket.objects.count() == 4
    parked = RawMessage.objects.get(state=RawState.PARKED)
    assert parked.subject == "" or parked.subject == "Mail 3"
    assert "this one" in parked.reason


def test_reading_fails_without_taking_the_others_along(db, inbox, monkeypatch):
    def stumble(content, **_):
        raise RuntimeError("a defect of ours")

    intake.store(inbox=inbox, content=mail(), source="test")
    monkeypatch.setattr(mail_reading, "parse", stumble)
    receive_mail()
    assert "a defect of ours" in RawMessage.objects.get(state=RawState.PARKED).reason


def test_inline_pictures_and_files_are_kept(db, send_mail_in):
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "dora@customer.example", "support@demo.localhost", "Look"
    message.set_content("see picture")
    message.add_alternative('<p>Look: <img src="cid:pic1"></p>', subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n123", "image", "png", cid="<pic1>")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="../../bill.pdf")
    raw = send_mail_in(message.as_bytes())
    kept = {a.filename: a for a in raw.said.attachments.all()}
    assert kept["bill.pdf"].file.read() == b"%PDF-1.4"
    assert {a.content_id for a in kept.values() if a.is_inline} == {"pic1"}


def conversation(threads: int, replies: int) -> list[bytes]:
    """Threads of mails whose replies name each other; the customer of each is its own."""
    mails = []
    for t in range(threads):
        sender = f"c{t % 7}@client.example"
        mails.append(mail(sender, subject=f"Matter {t}", Message_ID=f"<t{t}@client.example>"))
        for r in range(replies):
            parent = f"t{t}" if r == 0 else f"t{t}r{r - 1}"
            references = " ".join([f"<t{t}@client.example>", *(f"<t{t}r{n}@client.example>" for n in range(r))])
            mails.append(
                mail(
                    sender, subject=f"Re: Matter {t}", text=f"more {r}", Message_ID=f"<t{t}r{r}@client.example>",
                    In_Reply_To=f"<{parent}@client.example>", References=references,
                )
            )  # fmt: skip
    return mails


@pytest.mark.parametrize("seed", range(6))
def test_f64_in_whatever_order_mails_come_a_thread_is_one_ticket(db, inbox, seed):
    mails = conversation(threads=12, replies=3)
    random.Random(seed).shuffle(mails)
    cut = random.Random(seed + 100).randint(1, len(mails))
    for part in (mails[:cut], mails[cut:]):
        for content in part:
            intake.store(inbox=inbox, content=content, source="test")
        receive_mail()
    assert Ticket.objects.count() == 12
    assert Customer.objects.count() == 7
    for ticket in Ticket.objects.all():
        assert ticket.messages.count() == 4


def test_many_workers_at_once_make_no_second_customer_ticket_or_message(transactional_db, inbox):
    mails = conversation(threads=30, replies=2)
    random.Random(5).shuffle(mails)
    for content in [*mails, *mails[:20]]:
        intake.store(inbox=inbox, content=content, source="test")

    def work() -> None:
        from tickets import tasks

        while raws := intake.claim(7):
            reads = [mail_reading.read(raw) for raw in raws]
            try:
                intake.receive(reads)
            except Exception:
                for read in reads:
                    tasks._receive_alone(read)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not RawMessage.objects.filter(state__in=[RawState.RECEIVED, RawState.PARKED]).exists()
    assert (Ticket.objects.count(), Message.objects.count(), Customer.objects.count()) == (30, 90, 7)
    assert RawMessage.objects.filter(state=RawState.DUPLICATE).count() == 20


def test_who_was_too_slow_undoes_nothing(send_mail_in, inbox, dora):
    """The lease ran out, another worker put the mail on its ticket, and then the first one comes back."""
    from tickets.channels.email.reading import read
    from tickets.models import Message

    raw = intake.store(inbox=inbox, content=mail(), source="test")
    [slow] = intake.claim(10)
    RawMessage.objects.update(lease_until=None)
    [quick] = intake.claim(10)
    intake.receive([read(quick)])
    intake.receive([read(slow)])
    raw.refresh_from_db()
    assert (raw.state, raw.reason) == (RawState.DONE, "")
    assert Message.objects.get() == raw.said


def test_a_claim_holds_no_more_than_memory_should(inbox, monkeypatch):
    monkeypatch.setattr(intake, "MOST_BYTES", 1000)
    for size in (400, 400, 400, 5000, 10):
        intake.store(inbox=inbox, content=b"x" * size, source="test")
    assert [[r.size for r in intake.claim(100)] for _ in range(5)] == [[400, 400], [400], [5000], [10], []]


def test_a_bounce_in_another_inbox_takes_nothing_back(send_mail_in, inbox, billing, ticket, ana, verbs):
    """Read in one batch: the customer writes again, and an older answer bounces elsewhere."""
    from tickets.models import OutgoingMail
    from tickets.operations import replying, status
    from tickets.tasks import receive_mail

    replying.reply(ticket, text="It ships today.", actor=ana)
    Delivery.objects.update(state=DeliveryState.SENT)
    status.resolve(ticket, actor=ana)
    ours = OutgoingMail.objects.get().message_id
    intake.store(inbox=inbox, content=mail(text="Still nothing", In_Reply_To=f"<{ours}>"), source="test")
    intake.store(inbox=billing, content=bounce(ours), source="test")
    receive_mail()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolved_at, ticket.messages.count()) == ("open", None, 3)
    assert Delivery.objects.get().state == DeliveryState.BOUNCED
    assert ticket.waiting_since is not None


def test_a_bounce_of_a_closed_ticket_opens_no_other(send_mail_in, inbox, ticket, ana):
    from tickets.models import OutgoingMail, Ticket
    from tickets.operations import replying, status

    replying.reply(ticket, text="It ships today.", actor=ana)
    status.close(ticket, actor=ana)
    raw = send_mail_in(bounce(OutgoingMail.objects.get().message_id))
    assert raw.belongs_to == ticket and Ticket.objects.count() == 1
    ticket.refresh_from_db()
    assert ticket.is_closed


def bounce(message_id: str) -> bytes:
    """What a mail server says of a mail it could not deliver to Dora."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.example\r\nTo: support@demo.localhost\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <bounce@relay.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        "Final-Recipient: rfc822; dora@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\n\r\n--b--\r\n"
    ).encode()


def test_a_number_the_server_gave_twice_loses_no_mail(inbox):
    """Another server, or a broken one, names another mail as an earlier one was named."""
    first = intake.store(inbox=inbox, content=b"first", source="imap", source_key="1 7")
    second = intake.store(inbox=inbox, content=b"second", source="imap", source_key="1 7")
    assert first and second and first.pk != second.pk
    for content in (b"first", b"second"):
        assert intake.store(inbox=inbox, content=content, source="imap", source_key="1 7") is None
    assert RawMessage.objects.count() == 2


def test_an_address_is_the_same_in_capitals(send_mail_in, ticket, dora, ana):
    again = send_mail_in(reply_to("first@customer.example", sender="DORA@Customer.Example")).said
    assert again.ticket == ticket and ContactPoint.objects.count() == 1
    replying.reply(ticket, text="It ships today.", actor=ana)
    Delivery.objects.update(state=DeliveryState.SENT)
    ours = Delivery.objects.get().mail.message_id
    back = send_mail_in(bounce(ours).replace(b"dora@customer", b"Dora@Customer"))
    assert back.state == RawState.RECORDED and ContactPoint.objects.get(address="dora@customer.example").is_bouncing
