"""LMTP: for whoever delivers on this machine, with an answer for each recipient."""

import smtplib

import pytest

from tests.conftest import mail
from tests.tickets.channels.email.servers import Line, receiving
from tickets.models import CaughtMail, RawMessage
from tickets.operations import intake

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(transactional_db, inbox, settings):
    settings.MAIL_CATCHER = False
    with receiving(speaks_lmtp=True) as where:
        yield where


def test_a_mail_comes_in_by_lmtp(server):
    with smtplib.LMTP(*server) as session:
        session.sendmail("dora@customer.example", ["support@demo.localhost"], mail())
    raw = RawMessage.objects.get()
    assert (raw.source, raw.envelope_from, raw.envelope_to) == (
        "lmtp", "dora@customer.example", ["support@demo.localhost"],
    )  # fmt: skip


def test_each_recipient_is_answered_for_in_their_order(server, billing, monkeypatch):
    real = intake.store

    def only_for_support(**what):
        if what["inbox"] == billing:
            raise OSError("No space left on device")
        return real(**what)

    monkeypatch.setattr(intake, "store", only_for_support)
    with Line(server) as line:
        line.envelope(
            "billing@demo.localhost", "support@demo.localhost", "support+x@demo.localhost", greeting=b"LHLO test"
        )
        line.socket.sendall(b"Subject: Hello\r\n\r\nHello\r\n.\r\n")
        assert [line.reply()[:3] for _ in range(3)] == ["451", "250", "250"]
        assert line.say(b"NOOP\r\n").startswith("250"), "three answers and no fourth"
    raw = RawMessage.objects.get()
    assert raw.inbox.name == "Support"
    assert raw.envelope_to == ["support@demo.localhost", "support+x@demo.localhost"]


def test_a_mail_over_the_limit_is_refused_once_for_each_recipient(server, billing, settings):
    settings.MAIL_MAX_MB = 1
    with receiving(speaks_lmtp=True) as where, Line(where) as line:
        line.envelope("billing@demo.localhost", "support@demo.localhost", greeting=b"LHLO test")
        line.socket.sendall(b"x" * 1_100_000 + b"\r\n.\r\n")
        assert [line.reply()[:3] for _ in range(2)] == ["552", "552"]
        assert line.say(b"NOOP\r\n").startswith("250")


def test_nobody_we_know_is_refused_by_name(server):
    with Line(server) as line:
        line.say(b"LHLO test\r\n")
        line.say(b"MAIL FROM:<>\r\n")
        assert line.say(b"RCPT TO:<nobody@demo.localhost>\r\n").startswith("550 5.1.1")
        assert line.say(b"DATA\r\n").startswith("503"), "with nobody left there is nothing to send (RFC 2033)"


def test_it_is_lmtp_and_says_so(server):
    with Line(server) as line:
        assert line.say(b"EHLO test\r\n").startswith("500") and line.say(b"HELO test\r\n").startswith("500")
        offered = line.say(b"LHLO test\r\n")
        assert "PIPELINING" in offered and "ENHANCEDSTATUSCODES" in offered


def test_a_local_mail_server_is_not_slowed_down(server, settings):
    settings.SMTP_UNLIMITED, settings.SMTP_RATE_PER_CLIENT, settings.SMTP_RATE_PER_SENDER = [], 1, 1
    with receiving(speaks_lmtp=True) as where, smtplib.LMTP(*where) as session:
        for _ in range(3):
            session.sendmail("dora@customer.example", ["support@demo.localhost"], mail())
    assert RawMessage.objects.count() == 3


def test_in_development_it_catches_what_is_for_nobody(server, settings):
    settings.MAIL_CATCHER = True
    with Line(server) as line:
        line.envelope("dora@customer.example", "support@demo.localhost", greeting=b"LHLO test")
        line.socket.sendall(b"Subject: Hello\r\n\r\nHello\r\n.\r\n")
        assert [line.reply()[:3] for _ in range(2)] == ["250", "250"]
    assert CaughtMail.objects.get().recipients == ["dora@customer.example"]
    assert RawMessage.objects.count() == 1
