"""A server that does not let us in: nothing is lost, nothing is hammered, and somebody is told what to do."""

from datetime import timedelta

import pytest
import time_machine
from aiosmtpd.smtp import AuthResult

from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail
from tests.smtp_sink import smtp_sink
from tickets.channels.email import servers, trying
from tickets.models import Delivery, InboxHealth, OutgoingServer
from tickets.operations import outages, replying
from tickets.tasks import deliver


class Door:
    """Lets in who knows the word, and counts who asked."""

    def __init__(self, word: bytes) -> None:
        self.word, self.asked = word, 0
        self.passwords: set[bytes] = set()

    def __call__(self, server, session, envelope, mechanism, data):  # type: ignore[no-untyped-def]
        self.asked += 1
        self.passwords.add(data.password)
        return AuthResult(success=data.password == self.word, handled=False)


@pytest.fixture
def door() -> Door:
    return Door(b"new")


@pytest.fixture
def sink(settings, door):
    with smtp_sink(settings, authenticator=door, auth_require_tls=False) as sink:
        yield sink


@pytest.fixture
def server(inbox, sink):
    return OutgoingServer.objects.create(
        inbox=inbox, host="127.0.0.1", port=sink.port, security="none", username="support", password="old"
    )


def test_a_refused_sign_in_rests_the_inbox_and_counts_no_attempt(db, sink, door, server, ticket, ana):
    for n in range(3):
        replying.reply(ticket, text=f"Answer {n}", actor=ana)
    before = list(Delivery.objects.order_by("pk").values_list("give_up_at", flat=True))
    asked = 0
    with time_machine.travel(clock.now(), tick=False) as now:
        for minute in range(30):
            deliver()
            asked = asked or door.asked
            now.shift(60)
            if minute == 3:
                replying.reply(ticket, text="Meanwhile", actor=ana)
    server.refresh_from_db()
    assert door.asked <= 4 * asked and "user name or password" in server.error and server.paused_until
    assert not sink.accepted and Delivery.objects.filter(state="queued", attempts=0).count() == 4
    assert all("535" in answer for answer in Delivery.objects.order_by("pk").values_list("answer", flat=True)[:3])
    after = list(Delivery.objects.order_by("pk").values_list("give_up_at", flat=True)[:3])
    assert all(late >= early + outages.PAUSE for early, late in zip(before, after, strict=True))
    assert Event.objects.filter(verb="inbox.paused").count() == 1


def test_everything_goes_out_once_when_the_password_is_right(
    db, sink, server, ticket, ana, inbox, django_capture_on_commit_callbacks
):
    replying.reply(ticket, text="One", actor=ana)
    replying.reply(ticket, text="Two", actor=ana)
    deliver()
    server.refresh_from_db()
    server.password = "new"
    server.save()
    assert outages.resume(inbox)
    assert not outages.resume(inbox)
    with django_capture_on_commit_callbacks(execute=True):
        deliver()
    assert len(sink.accepted) == 2
    server.refresh_from_db()
    assert server.error == "" and server.paused_until is None
    assert InboxHealth.objects.get(inbox=inbox).sent_at
    assert Event.objects.filter(verb="inbox.resumed").count() == 1


def test_an_inbox_that_rests_holds_up_no_other(db, sink, server, ticket, ana, send_mail_in, billing, settings):
    replying.reply(ticket, text="Waits", actor=ana)
    other = send_mail_in(mail(to="billing@demo.localhost", Message_ID="<o@customer.example>"), to=billing).said.ticket
    replying.reply(other, text="Goes", actor=ana)
    deliver()
    assert [content for _, content in sink.accepted if b"Goes" in content] and len(sink.accepted) == 1


def test_a_server_that_comes_back_is_well_again(db, settings, inbox, ticket, ana):
    row = OutgoingServer.objects.create(inbox=inbox, host="127.0.0.1", port=9, security="none")
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    row.refresh_from_db()
    assert "Nobody answers at 127.0.0.1, port 9." in row.error and row.paused_until is None
    with smtp_sink(settings) as sink:
        OutgoingServer.objects.update(port=sink.port)
        with time_machine.travel(clock.now() + timedelta(minutes=2)):
            deliver()
        assert len(sink.accepted) == 1
    row.refresh_from_db()
    assert row.error == ""


# --- plain words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, code",
    [
        ({"host": "no-such-host.invalid"}, "name"),
        ({"port": 9}, "refused"),
        ({"password": "wrong"}, "password"),
        ({"security": "tls"}, "plaintext"),
        ({"security": "starttls"}, "no-starttls"),
        ({"password": "new"}, ""),
        ({"username": ""}, ""),
    ],
)
def test_a_trial_says_what_is_wrong(db, sink, server, inbox, change, code):
    for name, value in change.items():
        setattr(server, name, value)
    trouble = trying.trouble(servers.of(server), inbox)
    assert (trouble.code if trouble else "") == code
    assert trouble is None or (trouble.words and trouble.remedy)
    assert not sink.accepted


@pytest.mark.parametrize(
    "answer, code",
    [
        ("550 5.7.1 Relaying denied", "relay"),
        ("554 5.7.60 Client does not have SendAs rights", "sender"),
        ("421 busy", ""),
    ],
)
def test_a_trial_asks_whether_we_may_write(db, sink, server, inbox, answer, code):
    server.password = "new"
    sink.rcpt["support@demo.localhost"] = answer
    trouble = trying.trouble(servers.of(server), inbox)
    assert (trouble.code if trouble else "") == code


@pytest.mark.parametrize(
    "host, says",
    [("smtp.gmail.com", "app password"), ("smtp.office365.com", "OAuth2"), ("smtp.mail.yahoo.com", "Yahoo")],
)
def test_a_refused_password_comes_with_what_this_provider_wants(host, says):
    from tickets.channels.email import smtp_session, smtp_trouble

    row = OutgoingServer(host=host, username="support@x.example")
    trouble = smtp_trouble.explain(smtp_session.SignInRefused("535 5.7.8 no"), servers.of(row))
    assert says.lower() in trouble.remedy.lower().replace("“", "").replace("”", "")


# --- the page ---------------------------------------------------------------------------------------------------------


def filled(sink, **more):
    return {
        "way": "smtp", "host": "127.0.0.1", "port": sink.port, "security": "none", "sign_in": "password",
        "username": "support", "password": "new", "kind": "postmark", "options": "", "webhook_secret": "", **more,
    }  # fmt: skip


def test_what_works_is_saved_and_an_empty_password_keeps_the_old(db, sink, inbox, admin, as_agent):
    browser, path = as_agent(admin), f"/settings/inboxes/{inbox.pk}/out/"
    assert browser.post(path, filled(sink)).status_code == 302
    assert browser.post(path, filled(sink, password="")).status_code == 302
    row = OutgoingServer.objects.get(inbox=inbox)
    assert (row.kind, row.host, row.port, row.password) == ("smtp", "127.0.0.1", sink.port, "new")
    page = browser.get(path).content.decode()
    assert "127.0.0.1" in page and ">new<" not in page and 'value="new"' not in page
    assert Event.objects.filter(verb="inbox.changed").exists()
    assert browser.post(path, filled(sink, way="own")).status_code == 302
    assert not OutgoingServer.objects.exists()


def test_a_password_we_keep_is_sent_to_no_other_server(db, sink, inbox, admin, as_agent, settings):
    browser, path = as_agent(admin), f"/settings/inboxes/{inbox.pk}/out/"
    assert browser.post(path, filled(sink)).status_code == 302
    elsewhere = Door(b"new")
    with smtp_sink(settings, authenticator=elsewhere, auth_require_tls=False) as other:
        for changed in ({"port": other.port}, {"port": other.port, "username": "root"}):
            assert browser.post(path, filled(sink, password="", **changed)).status_code == 422
            assert browser.post(f"{path}trial", filled(sink, password="", **changed)).status_code == 200
    assert elsewhere.passwords <= {b""}


def test_what_does_not_work_is_said_and_not_saved(db, sink, inbox, admin, as_agent):
    answer = as_agent(admin).post(f"/settings/inboxes/{inbox.pk}/out/", filled(sink, password="wrong"))
    assert answer.status_code == 422 and "refused the user name or password" in answer.content.decode()
    assert not OutgoingServer.objects.exists()


@pytest.mark.parametrize("more, says", [({}, "It works"), ({"password": "wrong"}, "refused the user name or password")])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_trial_on_the_page_saves_nothing(db, sink, inbox, admin, as_agent, more, says, headers):
    answer = as_agent(admin).post(f"/settings/inboxes/{inbox.pk}/out/trial", filled(sink, **more), headers=headers)
    assert answer.status_code == 200 and says in answer.content.decode()
    assert not OutgoingServer.objects.exists()


@pytest.mark.parametrize(
    "more, says",
    [
        ({"host": ""}, "Which server takes your mail?"),
        ({"host": "mail.example", "security": "none"}, "only to a server on this very machine"),
        ({"sign_in": "google"}, "Connect an account at Google first"),
        ({"way": "api", "kind": "mailgun", "options": ""}, "sender_domain is needed"),
        ({"way": "api", "kind": "mailgun", "options": "colour: red\nsender_domain: x"}, "colour is not known here"),
        ({"way": "api", "kind": "postmark", "options": "api_url: http://evil.example/"}, "over https only"),
        ({"way": "api", "kind": "postmark", "options": "nonsense"}, "a name, a colon and a value"),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(db, sink, inbox, admin, as_agent, more, says):
    answer = as_agent(admin).post(f"/settings/inboxes/{inbox.pk}/out/", filled(sink, **more))
    assert answer.status_code == 422 and says in answer.content.decode()


def test_a_provider_is_given_the_address_for_its_reports(db, sink, inbox, admin, as_agent):
    from tests.http_stand_in import stand_in

    browser, path = as_agent(admin), f"/settings/inboxes/{inbox.pk}/out/"
    with stand_in() as provider:
        given = filled(sink, way="api", kind="postmark", key="key", options=f"api_url: {provider.url}")
        assert browser.post(path, given).status_code == 302
    secret = OutgoingServer.objects.get().webhook_secret
    assert len(secret) > 20 and f"helpdesk:{secret}@" in browser.get(path).content.decode()
