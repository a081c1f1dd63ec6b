"""The receiving server among other people's servers: TLS, limits, patience, and nothing smuggled past it."""

import contextlib
import smtplib
import socket
import ssl
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from tests import certificates
from tests.conftest import mail
from tests.tickets.channels.email.servers import Line, receiving
from tickets.channels.email import smtp_server
from tickets.channels.email.receiving import Receiver
from tickets.channels.email.smtp_limits import Networks, Rates, Room, client_of
from tickets.models import RawMessage

pytestmark = pytest.mark.django_db(transaction=True)
SUPPORT = "support@demo.localhost"


@pytest.fixture
def server(transactional_db, inbox, settings):
    settings.MAIL_CATCHER = False
    with receiving() as where:
        yield where


def send(where: tuple[str, int], content: bytes, *recipients: str, sender: str = "dora@customer.example") -> None:
    with smtplib.SMTP(*where, timeout=10) as session:
        session.sendmail(sender, recipients or (SUPPORT,), content)


# --- what it says of itself -------------------------------------------------------------------


def test_the_greeting_offers_what_we_can_do_and_nothing_else(server, settings):
    settings.MAIL_MAX_MB = 3
    with receiving() as where, Line(where) as line:
        offered = line.say(b"EHLO test\r\n").split("\n")
    words = {row[4:] for row in offered[1:]}
    assert words == {"SIZE 3145728", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"}
    assert offered[-1].startswith("250 ")


def test_nobody_signs_in_and_no_address_is_told(server):
    with Line(server) as line:
        line.say(b"EHLO test\r\n")
        assert line.say(b"AUTH PLAIN AGFuYQBzZWNyZXQ=\r\n").startswith("502")
        known, unknown = (line.say(f"VRFY {who}@demo.localhost\r\n".encode()) for who in ("support", "nobody"))
        assert known == unknown


# --- TLS --------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path, settings):
    path = certificates.make(tmp_path / "mail.pem")
    settings.SMTP_TLS_CERT = str(path)
    return path


def trusting(path) -> ssl.SSLContext:  # type: ignore[no-untyped-def]
    return ssl.create_default_context(cafile=str(path))


def test_a_mail_comes_in_over_tls(transactional_db, inbox, certificate):
    with receiving() as where, smtplib.SMTP(*where, timeout=10) as session:
        session.starttls(context=trusting(certificate))
        session.sendmail("dora@customer.example", [SUPPORT], mail())
        assert not session.has_extn("auth"), "who is encrypted need not sign in either"
    assert RawMessage.objects.get().envelope_to == [SUPPORT]


def test_a_renewed_certificate_is_shown_without_a_restart(transactional_db, inbox, certificate):
    with receiving() as where:
        old = trusting(certificate)
        certificates.make(certificate)
        with pytest.raises(ssl.SSLCertVerificationError), smtplib.SMTP(*where, timeout=10) as session:
            session.starttls(context=old)
        with smtplib.SMTP(*where, timeout=10) as session:
            session.starttls(context=trusting(certificate))
            assert session.noop()[0] == 250


def test_a_half_written_certificate_leaves_the_old_one_in_place(transactional_db, inbox, certificate):
    good = trusting(certificate)
    with receiving() as where:
        certificate.write_bytes(certificate.read_bytes()[:300])
        with smtplib.SMTP(*where, timeout=10) as session:
            session.starttls(context=good)
            assert session.noop()[0] == 250


def test_without_its_certificate_the_server_does_not_start_at_all(settings, tmp_path):
    settings.SMTP_TLS_CERT = str(tmp_path / "missing.pem")
    with pytest.raises(FileNotFoundError):
        Receiver("127.0.0.1", 0)


def test_where_tls_is_required_nothing_is_said_before_it(transactional_db, inbox, certificate, settings):
    settings.SMTP_TLS_REQUIRED = True
    with receiving() as where:
        with Line(where) as line:
            line.say(b"EHLO test\r\n")
            assert line.say(b"MAIL FROM:<dora@customer.example>\r\n").startswith("530")
        with smtplib.SMTP(*where, timeout=10) as session:
            session.starttls(context=trusting(certificate))
            session.sendmail("dora@customer.example", [SUPPORT], mail())
    assert RawMessage.objects.count() == 1


def test_what_was_said_in_the_clear_is_forgotten_under_tls(transactional_db, inbox, certificate):
    """Commands slipped in behind STARTTLS must not be taken for the encrypted client's (CVE-2011-0411 and its kin)."""
    with receiving() as where, Line(where) as line:
        line.say(b"EHLO test\r\n")
        assert line.say(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@stranger.example>\r\n").startswith("220")
        with trusting(certificate).wrap_socket(line.socket, server_hostname="localhost") as secure:
            secure.sendall(b"RCPT TO:<support@demo.localhost>\r\n")
            assert secure.recv(1000).startswith(b"503"), "no sender was named under TLS"
            secure.sendall(b"STARTTLS\r\n")
            assert secure.recv(1000).startswith(b"503"), "TLS inside TLS"


# --- SMTP smuggling ---------------------------------------------------------------------------

INNER = (
    b"MAIL FROM:<boss@demo.localhost>\r\nRCPT TO:<support@demo.localhost>\r\nDATA\r\n"
    b"Subject: smuggled\r\n\r\nPay.\r\n.\r\n"
)


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\n", b"\n.\r"], ids=repr
)
def test_no_other_end_of_a_mail_than_cr_lf_dot_cr_lf(server, end):
    with Line(server) as line:
        line.envelope()
        answer = line.say(b"Subject: outer\r\n\r\nHello" + end + INNER)
        assert answer.startswith("550 5.6.0"), "another server might see an end there: it is refused whole"
        assert line.say(b"NOOP\r\n").startswith("250"), "and the session goes on where the mail really ended"
    assert not RawMessage.objects.exists()


def test_a_lone_dot_in_the_very_first_line_ends_nothing_either(server):
    with Line(server) as line:
        line.envelope()
        assert line.say(b".\nSubject: x\r\n\r\nHello\r\n.\r\n").startswith("550 5.6.0")


def test_bare_line_ends_elsewhere_are_kept_as_they_are(server):
    content = b"Subject: old program\nFrom: dora@customer.example\n\nOne\rtwo\nthree\r\n"
    with Line(server) as line:
        line.envelope()
        assert line.say(content + b".\r\n").startswith("250")
    assert bytes(RawMessage.objects.get().content) == content


# --- content ----------------------------------------------------------------------------------


def test_doubled_dots_come_out_single_whatever_the_packets(server):
    content = b".first\r\n..\r\nmiddle.\r\n.\r\n...\r\n"
    with Line(server) as line:
        line.envelope()
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        for byte in b"." + stuffed + b".\r\n":
            line.socket.sendall(bytes([byte]))
        assert line.reply().startswith("250")
    assert bytes(RawMessage.objects.get().content) == content


def test_an_empty_mail_is_kept_too(server):
    with Line(server) as line:
        line.envelope()
        assert line.say(b".\r\n").startswith("250")
    assert bytes(RawMessage.objects.get().content) == b""


def test_commands_sent_along_are_answered_one_by_one(server):
    one = b"MAIL FROM:<a@customer.example>\r\nRCPT TO:<support@demo.localhost>\r\nDATA\r\n"
    with Line(server) as line:
        line.say(b"EHLO test\r\n")
        line.socket.sendall(one + b"Subject: 1\r\n\r\nx\r\n.\r\n" + one + b"Subject: 2\r\n\r\nx\r\n.\r\nQUIT\r\n")
        codes = [line.reply()[:3] for _ in range(9)]
    assert codes == ["250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert RawMessage.objects.count() == 2


def test_very_long_lines_nuls_and_any_bytes_are_kept_byte_for_byte(server):
    content = b"Subject: " + b"x" * 500_000 + b"\r\n\r\n" + bytes(range(256)) * 10 + b"\r\n"
    content = content.replace(b"\n.", b"\nx")
    with Line(server) as line:
        line.envelope()
        assert line.say(content + b".\r\n").startswith("250")
    assert bytes(RawMessage.objects.get().content) == content


def test_a_flood_of_headers_is_kept_and_parked_in_no_time(server):
    from tickets.tasks import receive_mail

    content = mail().replace(b"Subject:", b"".join(b"X-%d: y\r\n" % n for n in range(200_000)) + b"Subject:")
    send(server, content)
    began = time.process_time()
    receive_mail()
    assert time.process_time() - began < 5
    raw = RawMessage.objects.get()
    assert raw.state == "parked" and raw.reason


def test_addresses_of_any_script_are_taken(server, inbox):
    inbox.address = "hilfe@bücher.example"
    inbox.save()
    with smtplib.SMTP(*server, timeout=10) as session:
        session.ehlo()
        session.mail("дора@почта.example", ["SMTPUTF8"])
        assert session.rcpt("hilfe@bücher.example")[0] == 250
        assert session.data(mail(to="hilfe@bücher.example"))[0] == 250
    raw = RawMessage.objects.get()
    assert (raw.envelope_from, raw.envelope_to) == ("дора@почта.example", ["hilfe@bücher.example"])


@pytest.mark.parametrize("address", [b"a\x00b@x.example", b"a\xff@x.example", b"a\x1b[2J@x.example"], ids=repr)
def test_addresses_nobody_can_store_are_refused_for_good(server, address):
    with Line(server) as line:
        line.say(b"EHLO test\r\n")
        assert line.say(b"MAIL FROM:<" + address + b"> SMTPUTF8\r\n")[:1] == "5"
        line.say(b"MAIL FROM:<dora@customer.example>\r\n")
        assert line.say(b"RCPT TO:<" + address + b">\r\n")[:1] == "5"


@pytest.mark.parametrize("words", [b"<", b"<>>", b'<"@x', b"<@a,@b:", b"(((", b"<a@[", b"", b"\xc3\x28"], ids=repr)
def test_nonsense_in_a_command_is_refused_and_hurts_nobody(server, words):
    with Line(server) as line:
        line.say(b"EHLO test\r\n")
        assert line.say(b"MAIL FROM:" + words + b"\r\n")[:1] in {"2", "5"}
        assert line.say(b"NOOP\r\n").startswith("250")


def test_an_overlong_command_is_refused_and_the_session_goes_on(server):
    with Line(server) as line:
        line.say(b"EHLO test\r\n")
        assert line.say(b"MAIL FROM:<" + b"x" * 100_000 + b"@x.example>\r\n").startswith("500")
        assert line.say(b"NOOP\r\n").startswith("250")


# --- limits -----------------------------------------------------------------------------------


def test_a_mail_announced_over_the_limit_is_refused_before_it_comes(server, settings):
    settings.MAIL_MAX_MB = 1
    with receiving() as where, Line(where) as line:
        line.say(b"EHLO test\r\n")
        assert line.say(b"MAIL FROM:<dora@customer.example> SIZE=1048577\r\n").startswith("552")
        assert line.say(b"MAIL FROM:<dora@customer.example> SIZE=1048576\r\n").startswith("250")


@pytest.mark.parametrize("size, code", [(1024 * 1024, "250"), (1024 * 1024 + 1, "552"), (5 * 1024 * 1024, "552")])
def test_the_limit_holds_to_the_byte(server, settings, size, code):
    settings.MAIL_MAX_MB = 1
    with receiving() as where, Line(where) as line:
        line.envelope()
        assert line.say(b"x" * (size - 2) + b"\r\n.\r\n")[:3] == code
        assert line.say(b"NOOP\r\n").startswith("250"), "the session goes on"
    assert RawMessage.objects.filter(size=size).exists() is (code == "250")


def test_doubled_dots_do_not_count_towards_the_limit(server, settings):
    settings.MAIL_MAX_MB = 1
    content = b".\r\n" * (1024 * 1024 // 3)
    with receiving() as where, Line(where) as line:
        line.envelope()
        assert line.say(content.replace(b".", b"..") + b".\r\n").startswith("250")
    assert bytes(RawMessage.objects.get().content) == content


def test_who_never_comes_to_an_end_is_cut_off(server, settings, monkeypatch):
    settings.MAIL_MAX_MB = 1
    monkeypatch.setattr(smtp_server, "OVERHANG", 1024 * 1024)
    with receiving() as where, Line(where) as line:
        line.envelope()
        with contextlib.suppress(OSError):
            for _ in range(40):
                line.socket.sendall(b"x" * 102_400)
        with contextlib.suppress(OSError):
            assert line.reply().startswith("421") and line.reply() == ""
    assert not RawMessage.objects.exists()


def test_more_than_fits_in_memory_comes_later(server, settings, monkeypatch):
    monkeypatch.setattr("tickets.channels.email.receiving.LARGEST_AT_ONCE", 2)
    settings.MAIL_MAX_MB = 1
    large = b"x" * 900_000 + b"\r\n"
    with receiving() as where, Line(where) as one, Line(where) as other, Line(where) as third:
        for line in (one, other, third):
            line.envelope()
        for line in (one, other):
            line.socket.sendall(large)
        time.sleep(0.5)
        assert third.say(large + b".\r\n").startswith("452 4.3.1"), "two unfinished mails take all the room"
        assert [line.say(b".\r\n")[:3] for line in (one, other)] == ["250", "250"]
        third.envelope(greeting=b"RSET")
        assert third.say(large + b".\r\n").startswith("250"), "the room is free again"


def test_too_many_connections_are_asked_to_come_later(server, settings):
    settings.SMTP_MAX_CONNECTIONS = 2
    with receiving() as where:
        with Line(where) as one, Line(where) as other, Line(where) as third:
            assert one.greeting[:3] == other.greeting[:3] == "220"
            assert third.greeting.startswith("421 4.3.2") and third.reply() == ""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with Line(where) as again:
                if again.greeting.startswith("220"):
                    break
        else:
            raise AssertionError("those who left still count")


def test_one_client_does_not_take_all_connections(server, settings):
    settings.SMTP_UNLIMITED = []
    with receiving() as where, contextlib.ExitStack() as open_lines:
        greetings = [open_lines.enter_context(Line(where)).greeting[:3] for _ in range(22)]
    assert greetings == ["220"] * 20 + ["421"] * 2


def test_a_client_that_sends_too_fast_is_asked_to_slow_down(server, settings):
    settings.SMTP_UNLIMITED, settings.SMTP_RATE_PER_CLIENT = [], 3
    with receiving() as where, smtplib.SMTP(*where, timeout=10) as session:
        for number in range(3):
            session.sendmail(f"{number}@customer.example", [SUPPORT], mail())
        with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
            session.sendmail("4@customer.example", [SUPPORT], mail())
    assert refusal.value.smtp_code == 450 and b"4.7.1" in refusal.value.smtp_error
    assert RawMessage.objects.count() == 3


def test_a_sender_that_sends_too_fast_is_asked_to_slow_down_and_nobody_else(server, settings):
    settings.SMTP_UNLIMITED, settings.SMTP_RATE_PER_SENDER = [], 2
    with receiving() as where, smtplib.SMTP(*where, timeout=10) as session:
        for _ in range(2):
            session.sendmail("Loud@customer.example", [SUPPORT], mail())
        with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
            session.sendmail("loud@customer.example", [SUPPORT], mail())
        session.sendmail("quiet@customer.example", [SUPPORT], mail())
        for _ in range(3):
            session.sendmail("", [SUPPORT], mail())
    assert refusal.value.smtp_code == 450
    assert RawMessage.objects.count() == 6


def test_our_own_relays_are_not_slowed_down(server, settings):
    settings.SMTP_RATE_PER_CLIENT = settings.SMTP_RATE_PER_SENDER = 1
    settings.SMTP_UNLIMITED = ["127.0.0.0/8"]
    with receiving() as where, smtplib.SMTP(*where, timeout=10) as session:
        for _ in range(3):
            session.sendmail("dora@customer.example", [SUPPORT], mail())
    assert RawMessage.objects.count() == 3


def test_who_guesses_addresses_is_cut_off(server, settings):
    settings.SMTP_UNLIMITED = []
    with receiving() as where, Line(where) as line:
        line.say(b"EHLO test\r\n")
        line.say(b"MAIL FROM:<dora@customer.example>\r\n")
        answers = [line.say(f"RCPT TO:<{n}@demo.localhost>\r\n".encode())[:3] for n in range(21)]
        assert answers == ["550"] * 20 + ["421"]
        assert line.reply() == ""


def test_a_silent_client_is_told_and_cut_off(server, settings):
    settings.SMTP_TIMEOUT = 1
    with receiving() as where:
        for is_in_data in (False, True):
            with Line(where) as line:
                if is_in_data:
                    line.envelope()
                    line.socket.sendall(b"Subject: and then\r\n")
                began = time.monotonic()
                assert line.reply().startswith("421 4.4.2") and line.reply() == ""
                assert time.monotonic() - began > 0.5


def test_a_client_that_drips_is_cut_off_in_the_end(server, monkeypatch):
    monkeypatch.setattr(smtp_server, "MAIL_SECONDS", 1)
    with Line(server) as line:
        line.envelope()
        line.socket.settimeout(0.1)
        until = time.monotonic() + 5
        heard = ""
        while not heard and time.monotonic() < until:
            line.socket.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                heard = line.socket.recv(100).decode()
        assert heard.startswith("421")


def test_a_connection_that_breaks_within_a_mail_leaves_nothing_and_hurts_nobody(server):
    for _ in range(3):
        line = Line(server)
        line.envelope()
        line.socket.sendall(b"Subject: half\r\n\r\nHel")
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        line.__exit__()
    send(server, mail())
    assert RawMessage.objects.count() == 1


# --- when we cannot store ---------------------------------------------------------------------


@contextlib.contextmanager
def every_insert_fails(sqlstate: str):  # type: ignore[no-untyped-def]
    """The database itself refuses each new raw mail with this error."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$"
        )
        cursor.execute("CREATE TRIGGER refuse BEFORE INSERT ON tickets_rawmessage EXECUTE FUNCTION refuse()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse ON tickets_rawmessage")
            cursor.execute("DROP FUNCTION refuse()")


@pytest.mark.parametrize(
    "sqlstate, answer",
    [("53100", "452 4.3.1"), ("25006", "451 4.3.0"), ("57P01", "451 4.3.0"), ("23514", "451 4.3.0")],
    ids=["the disk is full", "it is read-only", "it shuts down", "it takes no such row"],
)
def test_what_the_database_does_not_take_comes_again(server, sqlstate, answer):
    with Line(server) as line:
        with every_insert_fails(sqlstate):
            line.envelope()
            assert line.say(mail().replace(b"\n", b"\r\n") + b".\r\n").startswith(answer)
        assert not RawMessage.objects.exists()
        line.envelope(greeting=b"RSET")
        assert line.say(mail().replace(b"\n", b"\r\n") + b".\r\n").startswith("250"), "and then it is taken"
    assert RawMessage.objects.count() == 1


# --- the counters themselves ------------------------------------------------------------------


def test_a_bucket_fills_again_evenly(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("tickets.channels.email.smtp_limits.time.monotonic", lambda: now[0])
    rates = Rates(60)
    assert [rates.take("a") for _ in range(61)] == [True] * 60 + [False]
    now[0] += 2
    assert [rates.take("a") for _ in range(3)] == [True, True, False]
    assert rates.take("b")


def test_a_flood_of_keys_takes_bounded_memory(monkeypatch):
    monkeypatch.setattr(Rates, "MOST_KEYS", 100)
    rates = Rates(1)
    for number in range(1000):
        assert rates.take(str(number))
    assert len(rates._buckets) == 100


def test_zero_sets_no_limit():
    assert all(Rates(0).take("a") for _ in range(1000))


def test_room_is_given_back():
    room = Room(10, 100)
    assert room.hold(100) and not room.hold(1)
    room.release(100)
    assert room.hold(100)


@pytest.mark.parametrize(
    "peer, client",
    [
        (("192.0.2.1", 25), "192.0.2.1"), (("::ffff:192.0.2.1", 25, 0, 0), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 25, 0, 0), "2001:db8:1:2::"), (("fe80::1%eth0", 25, 0, 0), "fe80::"), ("", ""),
    ],
)  # fmt: skip
def test_an_ipv6_household_is_one_client(peer, client):
    assert client_of(peer) == client


def test_a_malformed_network_is_refused_by_the_setting_s_name():
    with pytest.raises(ImproperlyConfigured, match="SMTP_UNLIMITED"):
        Networks(["10.0.0.0/99"])
    assert "10.1.2.3" in Networks(["10.0.0.0/8"]) and "11.1.2.3" not in Networks(["10.0.0.0/8"])
