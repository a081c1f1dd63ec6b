"""The receiving mail server: durable before 250, and 4xx when it cannot be."""

import hashlib
import smtplib

import pytest
from django.db import OperationalError

from tests.conftest import mail
from tickets.channels.email.receiving import Receiver
from tickets.models import CaughtMail, RawMessage


@pytest.fixture
def receiver(transactional_db, inbox):
    receiver = Receiver("127.0.0.1", 0)
    receiver.start()
    yield receiver.address
    receiver.stop()


def send(where: tuple[str, int], content: bytes, *recipients: str) -> dict:
    with smtplib.SMTP(*where, timeout=10) as session:
        return session.sendmail("dora@customer.example", recipients or ("support@demo.localhost",), content)


def test_a_mail_is_stored_byte_for_byte(receiver):
    content = mail().replace(b"\n", b"\r\n")
    send(receiver, content)
    raw = RawMessage.objects.get()
    assert bytes(raw.content) == content
    assert bytes(raw.sha256) == hashlib.sha256(content).digest()
    assert (raw.state, raw.source, raw.envelope_from) == ("received", "smtp", "dora@customer.example")


def test_no_250_without_a_row(receiver, monkeypatch):
    def away(**_):
        raise OperationalError("the disk is full")

    monkeypatch.setattr("tickets.operations.intake.store", away)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(receiver, mail())
    assert refusal.value.smtp_code == 451
    assert not RawMessage.objects.exists()


def test_nobody_we_know_is_refused_in_production_and_caught_in_development(receiver, settings):
    settings.MAIL_CATCHER = False
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(receiver, mail(), "somebody@elsewhere.example")
    settings.MAIL_CATCHER = True
    send(receiver, mail(), "somebody@elsewhere.example")
    assert CaughtMail.objects.get().recipients == ["somebody@elsewhere.example"]
    assert not RawMessage.objects.exists()


def test_an_address_is_found_whatever_its_case_and_plus(receiver):
    send(receiver, mail(), "SUPPORT@Demo.Localhost")
    send(receiver, mail(), "support+abc@demo.localhost")
    assert RawMessage.objects.count() == 2


def test_two_inboxes_get_one_each(receiver, billing):
    send(receiver, mail(), "support@demo.localhost", "billing@demo.localhost")
    assert sorted(raw.inbox.name for raw in RawMessage.objects.all()) == ["Billing", "Support"]


def test_a_mail_over_the_limit_is_refused(receiver, inbox, settings):
    settings.MAIL_MAX_MB = 1
    small = Receiver("127.0.0.1", 0)
    small.start()
    try:
        with pytest.raises(smtplib.SMTPException):
            send(small.address, mail(text="x" * 1_200_000))
    finally:
        small.stop()
    assert not RawMessage.objects.exists()


def test_unreadable_bytes_are_stored_all_the_same(receiver):
    send(receiver, b"\x00\xff\xfe not a mail at all\r\n")
    assert RawMessage.objects.count() == 1


def test_an_inbox_closed_between_question_and_content_swallows_nothing(receiver, inbox, settings):
    settings.MAIL_CATCHER = False
    with smtplib.SMTP(*receiver, timeout=10) as session:
        session.ehlo()
        session.mail("dora@customer.example")
        assert session.rcpt("support@demo.localhost")[0] == 250
        inbox.is_active = False
        inbox.save()
        assert session.data(mail())[0] == 451
        session.rset()
        session.mail("dora@customer.example")
        assert session.rcpt("support@demo.localhost")[0] == 550
