"""Whatever somebody types into an address or a form, a page answers with words, never with a failure of ours."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from helpdesk.models import Agent
from tickets.models import Attachment, RawMessage, RawState, Ticket

ODD = [
    "\x00",
    "²",
    "9" * 30,
    "9" * 5_000,
    "-1",
    "٣",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe",
    "a" * 70_000,
]
NUMBERS = ["0", "9" * 20, "9" * 4_999]


@pytest.fixture
def browser(as_agent: Callable[[Agent], Client], ana: Agent) -> Client:
    return as_agent(ana)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "path",
    [
        "/tickets/{}/", "/messages/{}/original", "/messages/{}/raw", "/attachments/{}/", "/intake/{}/raw",
        "/api/v1/tickets/{}/", "/api/v1/tickets/{}/messages/", "/api/v1/customers/{}/", "/s/{}/",
        "/api/v1/tickets/{}/attachments/1/",
    ],
)  # fmt: skip
def test_a_number_nobody_has_is_not_found(browser: Client, path: str, number: str) -> None:
    assert browser.get(path.format(number)).status_code == 404


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["view", "where", "order", "after", "part"])
def test_the_queue_takes_any_question(browser: Client, name: str, value: str | bytes) -> None:
    # a number may be a saved view, and nobody is told which there are
    is_number = name == "view" and isinstance(value, str) and value.isascii() and value.isdigit()
    assert browser.get(f"/?{name}={quote(value)}").status_code == (404 if is_number else 200)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["state", "before"])
def test_the_log_takes_any_question(browser: Client, name: str, value: str | bytes) -> None:
    assert browser.get(f"/intake/?{name}={quote(value)}").status_code == 200


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    ("act", "name"),
    [("assignment", "agent"), ("assignment", "team"), ("tags", "tag"), ("status", "to"), ("note", "once"),
     ("reply", "text"), ("reply", "kind"), ("resolution", "_method")],
)  # fmt: skip
def test_an_act_takes_any_word(browser: Client, ticket: Ticket, act: str, name: str, value: str | bytes) -> None:
    body = f"{name}={quote(value)}"
    answer = browser.post(
        reverse(f"ticket_{act}", args=[ticket.pk]), body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code < 500


@pytest.mark.parametrize("event", NUMBERS)
def test_what_nobody_did_cannot_be_undone(browser: Client, ticket: Ticket, event: str) -> None:
    assert browser.post(f"/tickets/{ticket.pk}/undo/{event}").status_code == 404


@pytest.mark.parametrize("kind", ["a/" + "b" * 300, "nonsense", "", "multipart/mixed", "message/rfc822", "text/\u00e4"])
def test_a_file_of_any_type_and_name_can_be_sent(browser: Client, ticket: Ticket, kind: str) -> None:
    file = SimpleUploadedFile("n" * 400 + ".txt", b"Hello", content_type=kind)
    answer = browser.post(reverse("ticket_note", args=[ticket.pk]), {"text": "See this", "files": [file]})
    assert answer.status_code == 302
    kept = Attachment.objects.get()
    assert "/" in kept.content_type and len(kept.content_type) <= 100
    assert not kept.content_type.startswith(("multipart/", "message/"))


def test_a_light_collaborator_releases_no_mail(
    as_agent: Callable[[Agent], Client], lou: Agent, ana: Agent, ticket: Ticket
) -> None:
    raw = RawMessage.objects.get()
    RawMessage.objects.update(state=RawState.QUARANTINED)
    address = reverse("intake_replay", args=[raw.pk])
    assert as_agent(lou).post(address).status_code == 403
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED
    assert as_agent(ana).post(address).status_code == 302
    raw.refresh_from_db()
    assert raw.state != RawState.QUARANTINED
