"""Providers' APIs over real HTTP: mail goes out through a stand-in."""

import base64
from collections.abc import Callable, Iterator
from email import message_from_bytes
from typing import Any

import pytest

from helpdesk.models import Agent
from tests.http_stand_in import Asked, StandIn, stand_in
from tickets.models import Delivery, Inbox, OutgoingServer, Ticket
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
