"""Conversations with next servers: encrypted, signed in, and kept open."""

import base64
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.certificates import make
from tests.conftest import mail
from tests.smtp_sink import AnyPort, Sink, smtp_sink
from tickets import minting
from tickets.channels.email import servers, smtp, smtp_session, trying
from tickets.channels.email.smtp_pool import POOL
from tickets.models import Delivery, OutgoingServer
from tickets.operations import replying, sending
from tickets.tasks import deliver


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    smtp._plain.clear()
    yield
    POOL.sweep(everything=True)


def server_of(inbox, port: int, **more) -> OutgoingServer:  # type: ignore[no-untyped-def]
    given = {"host": "127.0.0.1", "port": port, "security": "none", **more}
    return OutgoingServer.objects.update_or_create(inbox=inbox, defaults=given)[0]


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A server's side of TLS, whose certificate our side trusts."""
    path = make(tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    monkeypatch.setattr(smtp_session, "tls_context", lambda: ssl.create_default_context(cafile=str(path)))
    return context


class Knows:
    """Lets one user in, by password or by token."""

    def __init__(self, **known: str) -> None:
        self.known, self.asked = known, 0

    def __call__(self, server, session, envelope, mechanism, data) -> AuthResult:  # type: ignore[no-untyped-def]
        self.asked += 1
        assert isinstance(data, LoginPassword)
        good = self.known.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=good, handled=False)


# --- envelopes --------------------------------------------------------------------------------------------------------


def test_every_recipient_has_an_envelope_of_their_own_and_all_see_the_same_names(db, sink, ticket, ana):
    ticket.participants.create(address="colleague@customer.example", is_confirmed=True)
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    tokens = dict(Delivery.objects.values_list("recipient", "token"))
    for [recipient], sender in zip((r for r, _ in sink.accepted), sink.senders, strict=True):
        assert sender == f"support+b-{tokens[recipient]}@demo.localhost"
        assert minting.read_address(sender) == minting.Signed("bounce", tokens[recipient])
    first, second = (content for _, content in sink.accepted)
    assert first == second


def test_blind_copies_are_in_no_header(db, sink, ticket, ana):
    from tickets.operations.recipients import Chosen

    to = Chosen(("dora@customer.example",), ("colleague@customer.example",), ("boss@demo.localhost",))
    replying.reply(ticket, text="Hello", actor=ana, to=to)
    deliver()
    assert sorted(r for [r], _ in sink.accepted) == sorted(to.everybody)
    assert all(b"boss@" not in content for _, content in sink.accepted)


def test_a_reply_domain_takes_bounces_and_answers(db, sink, ticket, ana, settings):
    settings.MAIL_REPLY_DOMAIN = "reply.demo.localhost"
    message = replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    token = message.message_id.partition("@")[0]
    written = message_from_bytes(sink.accepted[0][1], policy=policy.default)
    assert written["Reply-To"] == f"r-{token}@reply.demo.localhost"
    assert sink.senders[0] == f"b-{Delivery.objects.get().token}@reply.demo.localhost"


def test_without_an_address_of_its_own_a_notice_has_no_sender_and_an_answer_the_inboxes(db, sink, ticket, ana, inbox):
    inbox.plus_addresses = False
    inbox.save()
    replying.reply(ticket, text="Hello", actor=ana)
    sending.enqueue(inbox=inbox, ticket=None, to="a@b.example", subject="x", text="x", purpose="notice")
    deliver()
    assert sorted(sink.senders) == ["", "support@demo.localhost"]


@pytest.mark.parametrize("stage", ["mail", "data"])
def test_a_server_that_knows_only_the_account_gets_the_plain_address(db, sink, ticket, ana, stage):
    if stage == "mail":
        sink.mail["+b-"] = "550 5.7.60 SMTP; Client does not have permissions to send as this sender"
    else:
        sink.data = ["554 5.2.252 SendAsDenied; not allowed to send as this"]
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    Delivery.objects.filter(state="queued").update(due_at=ticket.created_at)
    deliver()
    assert sink.senders == ["support@demo.localhost"]


def test_what_is_refused_for_another_reason_is_not_tried_with_another_sender(db, sink, ticket, ana):
    sink.mail["support"] = "552 5.3.4 too large"
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    assert Delivery.objects.get().state == "failed" and Delivery.objects.get().status_code == "5.3.4"


def test_other_letters_go_to_a_server_that_takes_them(db, sink, send_mail_in, ana):
    from tickets.models import ContactPoint

    said = send_mail_in(mail(sender="j@other.example")).said
    ContactPoint.objects.filter(pk=said.sender_id).update(address="jörg@faß.example")
    replying.reply(said.ticket, text="Grüße", actor=ana)
    deliver()
    [([recipient], content)] = sink.accepted
    # ß is a letter of its own since IDNA 2008: to write ss would be somebody else's domain
    assert recipient == "jörg@xn--fa-hia.example" and "To: jörg@xn--fa-hia.example".encode() in content


# --- size -------------------------------------------------------------------------------------------------------------


def test_a_mail_that_is_too_large_says_so_before_it_is_sent(db, settings, ticket, ana):
    with smtp_sink(settings, data_size_limit=20_000) as sink:
        replying.reply(ticket, text="x" * 50_000, actor=ana)
        deliver()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status_code) == ("failed", "5.3.4")
    assert "takes 0.0 MB" in delivery.answer and not sink.accepted


# --- connections ------------------------------------------------------------------------------------------------------


def test_a_connection_carries_many_mails(db, sink, ticket, ana):
    for n in range(3):
        replying.reply(ticket, text=f"Answer {n}", actor=ana)
    deliver()
    replying.reply(ticket, text="One more", actor=ana)
    deliver()
    assert len(sink.accepted) == 4 and sink.connections == 1


def test_a_connection_that_died_in_its_rest_is_replaced_and_nothing_is_lost(db, sink, ticket, ana):
    replying.reply(ticket, text="One", actor=ana)
    deliver()
    [resting] = POOL._resting[servers.of(None)]
    assert resting.sock is not None
    resting.sock.shutdown(socket.SHUT_RDWR)
    replying.reply(ticket, text="Two", actor=ana)
    deliver()
    assert len(sink.accepted) == 2 and sink.connections == 2


def test_a_connection_rests_some_seconds_only(db, sink, ticket, ana, monkeypatch):
    monkeypatch.setattr("tickets.channels.email.smtp_pool.IDLE_SECONDS", 0)
    for n in range(2):
        replying.reply(ticket, text=f"Answer {n}", actor=ana)
        deliver()
    assert sink.connections == 2


# --- encryption and sign-in -------------------------------------------------------------------------------------------


def test_starttls_and_a_password(db, settings, ticket, ana, inbox, certificate):
    knows = Knows(support="open sesame")
    with smtp_sink(settings, tls_context=certificate, require_starttls=True, authenticator=knows) as sink:
        row = server_of(inbox, sink.port, host="localhost", security="starttls", username="support")
        row.password = "open sesame"
        row.save()
        replying.reply(ticket, text="Hello", actor=ana)
        deliver()
        assert len(sink.accepted) == 1 and knows.asked == 1
        assert trying.trouble(servers.of(row), inbox) is None


def test_nothing_is_sent_in_the_open_where_encryption_is_wanted(db, sink, ticket, ana, inbox):
    row = server_of(inbox, sink.port, security="starttls", username="support", password="secret")
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    assert not sink.accepted and Delivery.objects.get().state == "queued"
    trouble = trying.trouble(servers.of(row), inbox)
    assert trouble is not None and trouble.code == "no-starttls"


def test_a_certificate_nobody_vouches_for_ends_it(db, settings, ticket, ana, inbox, certificate, monkeypatch):
    monkeypatch.setattr(smtp_session, "tls_context", ssl.create_default_context)
    with smtp_sink(settings, tls_context=certificate) as sink:
        row = server_of(inbox, sink.port, host="localhost", security="starttls")
        replying.reply(ticket, text="Hello", actor=ana)
        deliver()
        assert not sink.accepted
        trouble = trying.trouble(servers.of(row), inbox)
        assert trouble is not None and trouble.code == "certificate"


def token_sink(is_good):  # type: ignore[no-untyped-def]
    """A sink that signs in by XOAUTH2 alone: whose words `is_good` likes."""
    heard: list[str] = []

    class TokenSink(Sink):
        async def auth_XOAUTH2(self, server, args):  # type: ignore[no-untyped-def]
            heard.append(base64.b64decode(args[1]).decode())
            if is_good(heard[-1]):
                return AuthResult(success=True, auth_data="support")
            await server.challenge_auth(base64.b64encode(b'{"status":"401"}'), encode_to_b64=False)
            await server.push("535 5.7.8 Bad token")
            return AuthResult(success=False, handled=True)

    sink = TokenSink()
    sink.heard = heard  # type: ignore[attr-defined]
    return sink


def test_a_token_signs_in_by_xoauth2(db, settings, inbox, certificate):
    handler = token_sink(lambda said: "Bearer good" in said)
    controller = AnyPort(handler, hostname="127.0.0.1", port=0, tls_context=certificate, auth_required=True)
    controller.start()
    try:
        row = OutgoingServer(
            inbox=inbox, host="localhost", port=controller.bound, security="starttls", sign_in="google",
            username="support@gmail.example",
        )  # fmt: skip
        session = smtp_session.connect(servers.of(row), "user=support@gmail.example\x01auth=Bearer good\x01\x01")
        session.hang_up()
        with pytest.raises(smtp_session.SignInRefused, match="535"):
            smtp_session.connect(servers.of(row), "user=support@gmail.example\x01auth=Bearer old\x01\x01")
    finally:
        controller.stop()
    assert handler.heard[0] == "user=support@gmail.example\x01auth=Bearer good\x01\x01"


# --- order -----------------------------------------------------------------------------------------------------------


def test_replies_go_before_surveys(db, ticket, ana, inbox):
    sending.enqueue(inbox=inbox, ticket=ticket, to="dora@customer.example", subject="?", text="?", purpose="survey")
    replying.reply(ticket, text="Hello", actor=ana)
    [first] = sending.claim(1)
    assert first.mail.purpose == "reply"


# --- OAuth2, end to end -----------------------------------------------------------------------------------------------


def test_a_token_is_fetched_for_the_account_and_renewed_when_the_server_refuses_it(
    db, settings, inbox, ticket, ana, certificate, monkeypatch
):
    from dataclasses import replace

    from tests.token_server import token_server
    from tickets.channels.email import oauth
    from tickets.models import Grant

    with token_server() as tokens:
        settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = tokens.client_id, tokens.client_secret
        google = replace(oauth.PROVIDERS["google"], token_url=f"{tokens.url}/token")
        monkeypatch.setitem(oauth.PROVIDERS, "google", google)
        account = "support@gmail.example"
        grant = Grant.objects.create(
            provider="google", username=account, refresh_token=tokens.new_refresh_token(account),
            access_token="one that was taken back", expires_at=ticket.created_at.replace(year=2099),
        )  # fmt: skip
        handler = token_sink(lambda said: any(f"Bearer {known}" in said for known in tokens.access_tokens))
        controller = AnyPort(handler, hostname="127.0.0.1", port=0, tls_context=certificate, auth_required=True)
        controller.start()
        try:
            server_of(
                inbox, controller.bound, host="localhost", security="starttls", sign_in="google", username=account,
                grant=grant,
            )  # fmt: skip
            replying.reply(ticket, text="Hello", actor=ana)
            deliver()
            assert len(handler.accepted) == 1 and len(tokens.access_tokens) == 1
            tokens.revoke()
            Grant.objects.update(access_token="")
            replying.reply(ticket, text="And now?", actor=ana)
            POOL.sweep(everything=True)
            deliver()
        finally:
            POOL.sweep(everything=True)
            controller.stop()
    row = OutgoingServer.objects.get()
    assert len(handler.accepted) == 1 and row.paused_until and "connect the account again" in row.error
