"""Providers' APIs over real HTTP: mail goes out through a stand-in, and reports come in with true signatures."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from helpdesk.models import Agent, Event
from tests.http_stand_in import Asked, StandIn, stand_in
from tickets.inbox_forms.mail_out import reports_url
from tickets.models import ContactPoint, Delivery, DeliveryState, Inbox, OutgoingServer, Ticket
from tickets.operations import replying
from tickets.operations.recipients import Chosen
from tickets.tasks import deliver

pytestmark = pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid")


@pytest.fixture
def provider() -> Iterator[StandIn]:
    with stand_in() as served:
        yield served


def through(inbox: Inbox, kind: str, provider: StandIn, **options: str) -> OutgoingServer:
    """Let the inbox send through the stand-in, as if it were this provider."""
    more = {"mailgun": {"sender_domain": "mg.demo.localhost"}}.get(kind, {})
    return OutgoingServer.objects.create(
        inbox=inbox, kind=kind, password="the key", webhook_secret="the secret",
        options={"api_url": provider.url, **more, **options},
    )  # fmt: skip


BOTH = Chosen(("dora@customer.example",), ("dan@customer.example",), ("boss@demo.localhost",))


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("recipient", "state"))


# --- mail out ---------------------------------------------------------------------------------------------------------

_TAKEN = {
    "postmark": {
        "To": "dora@customer.example", "Cc": "dan@customer.example", "SubmittedAt": "2026-03-02T10:00:00Z",
        "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d", "ErrorCode": 0, "Message": "OK",
    },
    "mailgun": {"id": "<20260302100000.1.ABC@mg.demo.localhost>", "message": "Queued. Thank you."},
    "sendgrid": b"",
}  # fmt: skip


def said_by_postmark(asked: Asked) -> dict[str, Any]:
    assert asked.path == "/email" and asked.headers["X-Postmark-Server-Token"] == "the key"
    said = asked.json
    headers = {h["Name"]: h["Value"] for h in said["Headers"]}
    assert headers["X-PM-KeepID"] == "true"
    return {
        "to": said["To"], "cc": said["Cc"], "bcc": said["Bcc"], "from": said["From"], "text": said["TextBody"],
        "html": said["HtmlBody"], "headers": headers, "files": [f["Name"] for f in said["Attachments"]],
        "mark": said["Metadata"]["helpdesk"],
    }  # fmt: skip


def form(asked: Asked) -> dict[str, list[str]]:
    """A multipart form or a plain one, as fields; files by their names."""
    kind = asked.headers["Content-Type"]
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
    found: dict[str, list[str]] = {}
    for part in whole.walk():
        if part.is_multipart():
            continue
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.setdefault(name, []).append(part.get_filename() or content.decode())
    return found


def said_by_mailgun(asked: Asked) -> dict[str, Any]:
    assert asked.path == "/mg.demo.localhost/messages"
    assert base64.b64decode(asked.headers["Authorization"].split()[1]) == b"api:the key"
    said = form(asked)
    return {
        "to": said["to"][0], "cc": said["cc"][0], "bcc": said["bcc"][0], "from": said["from"][0],
        "text": said["text"][0], "html": said["html"][0], "files": said["attachment"], "mark": said["v:helpdesk"][0],
        "headers": {name[2:]: values[0] for name, values in said.items() if name.startswith("h:")},
    }  # fmt: skip


def said_by_sendgrid(asked: Asked) -> dict[str, Any]:
    assert asked.path == "/mail/send" and asked.headers["Authorization"] == "Bearer the key"
    said = asked.json
    [who] = said["personalizations"]
    texts = {part["type"]: part["value"] for part in said["content"]}
    emails = {key: ", ".join(one["email"] for one in who[key]) for key in ("to", "cc", "bcc")}
    return {
        **emails, "from": f"{said['from']['name']} <{said['from']['email']}>", "text": texts["text/plain"],
        "html": texts["text/html"], "headers": said["headers"], "files": [f["filename"] for f in said["attachments"]],
        "mark": said["custom_args"]["helpdesk"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind, understood",
    [("postmark", said_by_postmark), ("mailgun", said_by_mailgun), ("sendgrid", said_by_sendgrid)],
)
def test_one_request_carries_a_mail_to_all_its_recipients(
    db: None, inbox: Inbox, ticket: Ticket, ana: Agent, provider: StandIn, kind: str, understood: Callable
) -> None:
    through(inbox, kind, provider)
    provider.answers = [(202 if kind == "sendgrid" else 200, _TAKEN[kind])]
    file = replying.Upload("plan.pdf", "application/pdf", b"%PDF-1.4")
    message = replying.reply(ticket, text="It ships today.", actor=ana, to=BOTH, files=[file])
    deliver()
    [asked] = provider.asked
    said = understood(asked)
    assert (said["to"], said["cc"], said["bcc"]) == (
        "dora@customer.example", "dan@customer.example", "boss@demo.localhost"
    )  # fmt: skip
    assert said["from"] == "Support <support@demo.localhost>" and said["files"] == ["plan.pdf"]
    assert "It ships today." in said["text"] and "It ships today." in said["html"]
    headers = {name.lower(): value for name, value in said["headers"].items()}
    assert headers["message-id"] == f"<{message.message_id}>"
    assert headers["in-reply-to"] == headers["references"] == "<first@customer.example>"
    assert said["mark"] == message.message_id.partition("@")[0]
    assert set(states().values()) == {"sent"}
    assert all(Delivery.objects.values_list("provider_id", flat=True))


def test_a_recipient_the_provider_refuses_fails_alone(
    db: None, inbox: Inbox, ticket: Ticket, ana: Agent, provider: StandIn
) -> None:
    through(inbox, "postmark", provider)
    inactive = "Message OK, but will not deliver to these inactive addresses: dan@customer.example. Inactive recipients"
    provider.answers = [(200, {**_TAKEN["postmark"], "Message": inactive})]  # type: ignore[dict-item]
    replying.reply(ticket, text="Hello", actor=ana, to=BOTH)
    deliver()
    assert states() == {
        "dora@customer.example": "sent", "dan@customer.example": "failed", "boss@demo.localhost": "sent"
    }  # fmt: skip


@pytest.mark.parametrize(
    "status, then",
    [(500, "queued"), (503, "queued"), (429, "queued"), (400, "failed"), (413, "failed"), (502, "uncertain"),
     (504, "uncertain")],
)  # fmt: skip
def test_what_an_answer_means_for_the_mail(
    db: None, inbox: Inbox, ticket: Ticket, ana: Agent, provider: StandIn, status: int, then: str
) -> None:
    through(inbox, "mailgun", provider)
    provider.answers = [(status, {"message": "no"})]
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    assert set(states().values()) == {then} and len(provider.asked) == 1


def test_an_answer_that_never_comes_is_uncertain_and_not_repeated(
    db: None, inbox: Inbox, ticket: Ticket, ana: Agent, provider: StandIn
) -> None:
    through(inbox, "sendgrid", provider)
    provider.falls_silent = True
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    deliver()
    assert set(states().values()) == {"uncertain"} and len(provider.asked) == 1


def test_a_provider_nobody_reaches_is_tried_again(db: None, inbox: Inbox, ticket: Ticket, ana: Agent) -> None:
    OutgoingServer.objects.create(
        inbox=inbox, kind="postmark", password="key", options={"api_url": "http://127.0.0.1:9/"}
    )
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    assert set(states().values()) == {"queued"}


def test_a_key_the_provider_does_not_know_rests_the_inbox(
    db: None, inbox: Inbox, ticket: Ticket, ana: Agent, provider: StandIn
) -> None:
    server = through(inbox, "postmark", provider)
    provider.answers = [(401, {"ErrorCode": 10, "Message": "Bad or missing API token"})]
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    deliver()
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts, len(provider.asked)) == ("queued", 0, 1)
    server.refresh_from_db()
    assert server.paused_until and "API key" in server.error


# --- reports in -------------------------------------------------------------------------------------------------------

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
CODES = {"bounced": "550 5.1.1 no such user", "delayed": "451 4.7.1 try later", "delivered": "250 2.0.0 OK"}


def by_postmark(delivery: Delivery, what: str, *, secret: str = "the secret", at: float = 0) -> dict[str, Any]:
    """A report as Postmark documents it, with the name and password it was given."""
    record: dict[str, Any] = {
        "MessageID": delivery.provider_id, "Metadata": {"helpdesk": delivery.mail.message_id.partition("@")[0]},
        "Details": CODES[what],
    }  # fmt: skip
    if what == "delivered":
        record |= {"RecordType": "Delivery", "Recipient": delivery.recipient, "DeliveredAt": "2026-03-02T10:00:00Z"}
    else:
        kind = "HardBounce" if what == "bounced" else "Transient"
        record |= {
            "RecordType": "Bounce",
            "Type": kind,
            "Email": delivery.recipient,
            "BouncedAt": "2026-03-02T10:00:00Z",
        }
    password = base64.b64encode(f"helpdesk:{secret}".encode()).decode()
    return {"data": json.dumps(record), "headers": {"Authorization": f"Basic {password}"}}


def by_mailgun(delivery: Delivery, what: str, *, secret: str = "the secret", at: float = 0) -> dict[str, Any]:
    """A report as Mailgun documents it: the signature is over timestamp and token."""
    stamp, token = str(int(at or time.time())), "a" * 50
    signed = hmac.new(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    event: dict[str, Any] = {
        "event": "delivered" if what == "delivered" else "failed", "timestamp": float(stamp), "id": "x",
        "severity": "permanent" if what == "bounced" else "temporary", "recipient": delivery.recipient,
        "delivery-status": {"message": CODES[what], "code": int(CODES[what][:3])},
        "message": {"headers": {"message-id": delivery.provider_id.strip("<>")}},
        "user-variables": {"helpdesk": delivery.mail.message_id.partition("@")[0]},
    }  # fmt: skip
    if what == "delivered":
        del event["severity"]
    said = {"signature": {"timestamp": stamp, "token": token, "signature": signed}, "event-data": event}
    return {"data": json.dumps(said)}


def by_sendgrid(delivery: Delivery, what: str, *, secret: str = "the secret", at: float = 0) -> dict[str, Any]:
    """Events as SendGrid documents them, with its elliptic signature over timestamp and body."""
    event = {"bounced": "bounce", "delayed": "deferred", "delivered": "delivered"}[what]
    said = CODES[what]
    body = json.dumps(
        [
            {
                "email": delivery.recipient, "timestamp": int(time.time()), "event": event, "sg_event_id": "x",
                "smtp-id": "<x>", "helpdesk": delivery.mail.message_id.partition("@")[0],
                "anymail_id": delivery.provider_id, **({"reason": said} if what == "bounced" else {"response": said}),
            }
        ]
    )  # fmt: skip
    stamp = str(int(at or time.time()))
    key = KEY if secret == "the secret" else ec.generate_private_key(ec.SECP256R1())
    signature = base64.b64encode(key.sign(f"{stamp}{body}".encode(), ec.ECDSA(hashes.SHA256()))).decode()
    names = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"
    return {"data": body, "headers": dict(zip(names, (signature, stamp), strict=True))}


def by_resend(delivery: Delivery, what: str, *, secret: str = "the secret", at: float = 0) -> dict[str, Any]:
    """A report as Resend documents it, with Svix's signature over id, timestamp and body."""
    kind = {"bounced": "email.bounced", "delayed": "email.delivery_delayed", "delivered": "email.delivered"}[what]
    mark = delivery.mail.message_id.partition("@")[0]
    metadata = {"name": "X-Metadata", "value": json.dumps({"helpdesk": mark})}
    data: dict[str, Any] = {
        "email_id": delivery.provider_id, "to": [delivery.recipient], "headers": [metadata], "subject": "x",
        **({"bounce": {"message": CODES[what]}} if what == "bounced" else {}),
    }  # fmt: skip
    body = json.dumps({"type": kind, "created_at": "2026-03-02T10:00:00.000Z", "data": data})
    stamp = str(int(at or time.time()))
    key = b"the secret" if secret == "the secret" else b"another"
    signed = base64.b64encode(hmac.digest(key, f"msg_1.{stamp}.{body}".encode(), hashlib.sha256)).decode()
    return {"data": body, "headers": {"svix-id": "msg_1", "svix-timestamp": stamp, "svix-signature": f"v1,{signed}"}}


SECRETS = {"sendgrid": PUBLIC, "resend": f"whsec_{base64.b64encode(b'the secret').decode()}"}
REPORTERS = {"postmark": by_postmark, "mailgun": by_mailgun, "sendgrid": by_sendgrid, "resend": by_resend}
reporting = pytest.mark.parametrize("kind", REPORTERS)


@pytest.fixture
def out(db: None, inbox: Inbox, ticket: Ticket, ana: Agent) -> Delivery:
    """A delivery the provider took."""
    replying.reply(ticket, text="It ships today.", actor=ana)
    Delivery.objects.update(state=DeliveryState.SENT, provider_id="the-name", sent_at=ticket.created_at)
    return Delivery.objects.select_related("mail").get()


@pytest.fixture
def report(inbox: Inbox, out: Delivery) -> Callable[..., int]:
    """Post a provider's report to the inbox's address; gives the answer's status."""

    def post(kind: str, what: str, **more: Any) -> int:
        OutgoingServer.objects.update_or_create(
            inbox=inbox, defaults={"kind": kind, "password": "k", "webhook_secret": SECRETS.get(kind, "the secret")}
        )
        said = REPORTERS[kind](out, what, **more)
        return post_raw(kind, said)

    def post_raw(kind: str, said: dict[str, Any]) -> int:
        browser = Client(enforce_csrf_checks=True)
        path = f"/mail/reports/{inbox.pk}/{kind}/"
        return browser.post(path, content_type="application/json", **said).status_code

    post.raw = post_raw  # type: ignore[attr-defined]
    return post


@reporting
@pytest.mark.parametrize("what, then", [("delivered", "delivered"), ("delayed", "delayed"), ("bounced", "bounced")])
def test_a_report_is_heard_once_however_often_it_comes(
    report: Callable, out: Delivery, kind: str, what: str, then: str
) -> None:
    assert report(kind, what) == 200
    assert list(states().values()) == [then]
    last = Event.objects.latest("id").pk
    assert report(kind, what) == 200
    assert Event.objects.latest("id").pk == last


@reporting
def test_reports_in_disorder_end_where_the_mail_did(report: Callable, out: Delivery, kind: str) -> None:
    assert report(kind, "delivered") == report(kind, "delayed") == 200
    assert list(states().values()) == ["delivered"]


@reporting
def test_a_bounce_says_why_and_marks_the_address(report: Callable, out: Delivery, kind: str) -> None:
    report(kind, "bounced")
    assert Delivery.objects.get().status_code == "5.1.1"
    assert ContactPoint.objects.get(address="dora@customer.example").is_bouncing
    assert Ticket.objects.get().has_undelivered


@reporting
def test_t45_1_whoever_is_not_the_provider_is_refused_and_nothing_is_stored(
    report: Callable, out: Delivery, kind: str
) -> None:
    assert report(kind, "bounced", secret="somebody else's") == 401
    said = REPORTERS[kind](out, "bounced")
    if kind != "mailgun":  # whose signature is in the body
        assert report.raw(kind, {"data": said["data"]}) == 401  # type: ignore[attr-defined]
    if kind != "postmark":
        assert report(kind, "bounced", at=time.time() - 2 * 86400) == 401
    if kind in ("sendgrid", "resend"):
        altered = {**said, "data": said["data"].replace("dora@", "dana@")}
        assert report.raw(kind, altered) == 401  # type: ignore[attr-defined]
    OutgoingServer.objects.update(webhook_secret="")
    assert report.raw(kind, said) == 401  # type: ignore[attr-defined]
    assert list(states().values()) == ["sent"]


def test_a_report_that_overtakes_our_own_record_is_matched_by_the_name_in_the_mail(
    report: Callable, out: Delivery, ticket: Ticket
) -> None:
    Delivery.objects.update(state=DeliveryState.SENDING, provider_id="", transmitting=True)
    assert report("postmark", "delivered") == 200
    assert list(states().values()) == ["delivered"]


def test_a_report_about_another_inboxes_mail_changes_nothing(report: Callable, out: Delivery, billing: Inbox) -> None:
    OutgoingServer.objects.create(inbox=billing, kind="postmark", password="k", webhook_secret="the secret")
    said = by_postmark(out, "bounced")
    answer = Client().post(f"/mail/reports/{billing.pk}/postmark/", content_type="application/json", **said)
    assert answer.status_code == 200 and list(states().values()) == ["sent"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "null", '{"RecordType": 5}', "\ud800".encode("utf-8", "replace").decode()]
)
def test_what_cannot_be_read_breaks_nothing(report: Callable, out: Delivery, body: str) -> None:
    report("postmark", "delayed")
    said = {**by_postmark(out, "bounced"), "data": body}
    assert report.raw("postmark", said) in (200, 400)  # type: ignore[attr-defined]
    assert list(states().values()) == ["delayed"]


def test_other_providers_and_inboxes_without_one_have_no_such_address(db: None, inbox: Inbox, billing: Inbox) -> None:
    OutgoingServer.objects.create(inbox=inbox, kind="postmark", password="k", webhook_secret="s")
    OutgoingServer.objects.create(inbox=billing, kind="smtp", host="localhost")
    for path in (f"{inbox.pk}/mailgun", f"{billing.pk}/smtp", "999/postmark"):
        assert Client().post(f"/mail/reports/{path}/", {}).status_code == 404


def test_the_address_for_the_provider_carries_what_proves_it(db: None, inbox: Inbox, settings: Any) -> None:
    settings.BASE_URL = "https://help.example"
    server = OutgoingServer(inbox=inbox, kind="postmark", webhook_secret="word")
    assert reports_url(server) == f"https://helpdesk:word@help.example/mail/reports/{inbox.pk}/postmark/"
    server.kind = "mailgun"
    assert reports_url(server) == f"https://help.example/mail/reports/{inbox.pk}/mailgun/"
