"""What providers report of our mails: true signatures and false ones, once and twice, in any order."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from helpdesk.models import Agent, Event
from tickets.inbox_forms.mail_out import reports_url
from tickets.models import ContactPoint, Delivery, DeliveryState, Inbox, OutgoingServer, Ticket
from tickets.operations import replying

pytestmark = pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid")


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("recipient", "state"))


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
