"""T16, T18, T23: files and letters at signed addresses that know no cookie: one agent, one thing, some hours."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from helpdesk import clock, content
from helpdesk.models import Agent
from tests.conftest import mail
from tests.pictures import gif, png
from tickets.models import Attachment, Message, RawMessage, Ticket

SCRIPT = b"<script>alert(document.domain)</script>"
ACTIVE = {
    "x.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>"),
    "x.html": ("text/html", b"<html>" + SCRIPT),
    "x.xml": ("text/xml", b"<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='#x'?><x>" + SCRIPT + b"</x>"),
    "x.xhtml": ("application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'>" + SCRIPT + b"</html>"),
    "x.pdf": ("application/pdf", b"%PDF-1.4 /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
    "x.mht": ("multipart/related", b"MIME-Version: 1.0\nContent-Type: text/html\n\n" + SCRIPT),
    "x.js": ("text/javascript", b"alert(1)"),
    "a.png": ("image/png", b"<html>" + SCRIPT),
    "b.png": ("text/html", b"\x89PNG\r\n\x1a\n" + SCRIPT),
    "c.gif": ("image/gif", b"GIF89a" + SCRIPT),
    "huge.png": ("image/png", png(30_000, 30_000, drawn=False)),
    "long.gif": ("image/gif", gif(1, 65_535, frames=5_000)),
}


@pytest.fixture
def attach(send_mail_in: Callable[..., RawMessage]) -> Callable[..., Attachment]:
    """Let a mail come with this file; gives the attachment."""

    def come(filename: str, content_type: str = "image/png", content: bytes = b"") -> Attachment:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "dora@customer.example", "support@demo.localhost", "File"
        message.set_content("See the file.")
        main, _slash, sub = content_type.partition("/")
        main, sub = ("application", "octet-stream") if main == "multipart" else (main, sub)
        message.add_attachment(content or png(30, 20), maintype=main, subtype=sub, filename=filename)
        raw = send_mail_in(message.as_bytes())
        assert raw.said is not None, raw.reason
        return raw.said.attachments.get()

    return come


def door(attachment: Attachment) -> str:
    return reverse("attachment", args=[attachment.pk])


@pytest.mark.parametrize("name", ACTIVE)
def test_t16_1_active_files_are_only_ever_saved(
    name: str, attach: Callable[..., Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    attachment = attach(name, *ACTIVE[name])
    address = as_agent(ana).get(door(attachment))["Location"]
    answer = Client().get(address)
    assert answer.status_code == 200
    assert b"".join(answer) == attachment.file.read()
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"].startswith("private")


@pytest.mark.parametrize("claimed", ["text/html", "image/png", "image/svg+xml"])
def test_a_picture_is_shown_as_what_its_bytes_are(
    claimed: str, attach: Callable[..., Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    answer = as_agent(ana).get(door(attach("a.gif", claimed, png(30, 20))), follow=True)
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [".htaccess", "shell.php", "x.pht", "web.config", "../../app/settings.py", "a\u200b.htaccess", "..\\..\\x.py"],
)
def test_t18_1_a_name_decides_nothing_about_where_bytes_are_kept(
    name: str, attach: Callable[..., Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    attachment = attach(name, "application/octet-stream", b"<?php system($_GET[0]);")
    stored = Path(default_storage.path(attachment.file.name_of(attachment.file.sha256)))
    assert stored.name == attachment.file.sha256 and not stored.suffix
    assert [one for one in Path(default_storage.path("")).rglob("*") if one.is_file()] == [stored]
    assert not {"/", "\\", "\u200b"} & set(attachment.filename) and not attachment.filename.startswith(".")
    answer = as_agent(ana).get(door(attachment), follow=True)
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert "/" not in answer["Content-Disposition"] and "\\" not in answer["Content-Disposition"]
    assert answer.getvalue() == b"<?php system($_GET[0]);"


def test_only_who_may_see_the_ticket_is_given_an_address(
    attach: Callable[..., Attachment], as_agent: Callable[[Agent], Client], ana: Agent, ben: Agent
) -> None:
    attachment = attach("a.png")
    for path in (door(attachment), reverse("message_original", args=[attachment.message_id])):
        assert as_agent(ben).get(path).status_code == 404
        assert Client().get(path)["Location"].startswith("/accounts/login/")
        given = as_agent(ana).get(path)
        assert given.status_code == 302 and given["Cache-Control"] == "no-store"


@pytest.fixture
def addresses(ticket: Ticket, attach: Callable[..., Attachment], ana: Agent) -> dict[str, str]:
    attachment = attach("a.png")
    return {
        "content_file": content.address("content_file", attachment.pk, ana.pk),
        "content_letter": content.address("content_letter", ticket.messages.get().pk, ana.pk, 0),
    }


@pytest.mark.parametrize("route", ["content_file", "content_letter"])
def test_t23_1_an_address_opens_what_it_was_made_for_and_is_otherwise_nothing(
    route: str, addresses: dict[str, str], ana: Agent, ben: Agent
) -> None:
    good = addresses[route]
    before, _slash, token = good.rpartition("/")
    value, stamp, signature = token.split(":")
    other = next(address for name, address in addresses.items() if name != route).rpartition("/")[2]
    pk, _dot, rest = value.partition(".")
    stranger = Client()
    for time in ("the first", "another, until it runs out"):
        answer = stranger.get(good)
        assert answer.status_code == 200 and answer.getvalue(), time
    refused = [
        f"{int(pk) + 1}.{rest}:{stamp}:{signature}", f"{pk}.{ben.pk}:{stamp}:{signature}",
        f"{value}:{stamp}:{signature[:-1]}A",
        f"{value}:{stamp}0:{signature}", f"{value}:{signature}", value, other, "null", "[]", "true", "0", ":", "::",
        "%00",
        content.address(route, pk, 0).rpartition("/")[2], content.address(route, pk, ben.pk, 0).rpartition("/")[2],
        content.address(route, pk).rpartition("/")[2], content.address(route, 0, ana.pk, 0).rpartition("/")[2],
    ]  # fmt: skip
    answers = [stranger.get(f"{before}/{bad}") for bad in refused]
    with time_machine.travel(clock.now() + timedelta(seconds=content.LIFE_SECONDS + content.STEP_SECONDS + 1)):
        answers.append(stranger.get(good))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1, "one page for whatever is wrong"
    assert len({answer["Content-Security-Policy"] for answer in answers}) == 1
    assert answers[0]["Cache-Control"] == "no-store" and answers[0]["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("route", ["content_file", "content_letter"])
def test_an_address_dies_with_the_right_it_was_given_for(route: str, addresses: dict[str, str], ana: Agent) -> None:
    ana.teams.clear()
    assert Client().get(addresses[route]).status_code == 404
    ana.teams.set(ana.teams.model.objects.all())
    assert Client().get(addresses[route]).status_code == 200
    Agent.objects.filter(pk=ana.pk).update(is_active=False)
    assert Client().get(addresses[route]).status_code == 404


def test_an_address_lasts_hours_and_stays_the_same_for_one(addresses: dict[str, str], ana: Agent) -> None:
    assert content.LIFE_SECONDS <= 12 * 3600
    with time_machine.travel("2026-03-02 10:00:01+00:00", tick=False) as clock_hand:
        first = content.address("content_file", 1, ana.pk)
        clock_hand.shift(timedelta(minutes=50))
        assert content.address("content_file", 1, ana.pk) == first
        clock_hand.shift(timedelta(minutes=20))
        assert content.address("content_file", 1, ana.pk) != first


def test_content_takes_and_sets_no_cookies(
    addresses: dict[str, str], as_agent: Callable[[Agent], Client], ben: Agent
) -> None:
    for address in addresses.values():
        answer = as_agent(ben).get(address)
        assert answer.status_code == 200, "the address decides, not whose browser it is"
        assert not answer.cookies


def test_t23_2_signed_addresses_are_in_no_log(
    addresses: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = iter(range(0, 10_000, 5))
    monkeypatch.setattr("helpdesk.middleware.time.perf_counter", lambda: float(next(ticks)))  # every request is slow
    for address in addresses.values():
        Client().get(address)
        Client().get(address + "x")
    assert "content_file" in caplog.text
    for address in addresses.values():
        assert address.rpartition("/")[2] not in caplog.text


def test_a_letter_may_do_nothing_but_tell_its_height(ticket: Ticket, ana: Agent) -> None:
    message = ticket.messages.get()
    Message.objects.filter(pk=message.pk).update(html="<p onclick=x>Hi <b>there</b></p><script>bad()</script>")
    answer = Client().get(content.address("content_letter", message.pk, ana.pk, 0))
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["sandbox"] == "allow-scripts allow-popups allow-popups-to-escape-sandbox"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"].startswith("'sha256-") and " " not in policy["script-src"]
    assert policy["img-src"] == "http://testserver/content/"
    assert policy["frame-ancestors"] == "'self'"
    page = answer.content.decode()
    assert (
        page.count("<script>") == 1
        and content.digest(page.split("<script>")[1].split("</script>")[0]) == policy["script-src"]
    )
    assert answer["Cache-Control"] == "no-store" and "X-Frame-Options" not in answer


def test_the_ticket_page_holds_no_html_of_the_customers(
    send_mail_in: Callable[..., RawMessage], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    html = mail(text="<p>Look <b>here</b></p><table><tr><td>1</td></tr></table>").replace(b"text/plain", b"text/html")
    message = send_mail_in(html).said
    assert message is not None
    page = as_agent(ana).get(message.ticket.get_absolute_url()).content.decode()
    assert "<b>here</b>" not in page and "<td>" not in page
    assert f'src="{reverse("message_original", args=[message.pk])}"' in page
    assert 'sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"' in page


# --- an origin of its own -------------------------------------------------------------------------------------------


@pytest.fixture
def apart(settings: Any) -> str:
    """CONTENT_URL is set."""
    settings.BASE_URL = "http://helpdesk.test"
    settings.CONTENT_URL = "http://content.test"
    settings.ALLOWED_HOSTS = ["helpdesk.test", "content.test", "testserver"]
    return "content.test"


def test_content_has_an_origin_of_its_own_where_one_is_set(
    apart: str, attach: Callable[..., Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    attachment = attach("a.png")
    given = as_agent(ana).get(door(attachment))["Location"]
    assert given.startswith("http://content.test/content/file/")
    path = given.removeprefix("http://content.test")
    for host in ("content.test", "content.test:8443", "helpdesk.test"):
        assert Client().get(path, headers={"host": host})["Content-Type"] == "image/png"
    letter = content.address("content_letter", attachment.message_id, ana.pk, 0).removeprefix("http://content.test")
    policy = Client().get(letter, headers={"host": apart})["Content-Security-Policy"]
    assert "img-src http://content.test/content/" in policy and "frame-ancestors http://helpdesk.test" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts/login/",
        "/healthz",
        "/metrics",
        "/api/v1/tickets/",
        "/static/helpdesk/js/app.js",
        "/contents/",
        "/tickets/1/",
    ],
)
def test_nothing_else_answers_on_that_origin(
    path: str, apart: str, as_agent: Callable[[Agent], Client], admin: Agent
) -> None:
    for method in ("get", "post", "head", "options"):
        answer = getattr(as_agent(admin), method)(path, headers={"host": apart})
        assert answer.status_code == 404 and not answer.cookies
    answer = as_agent(admin).get(path, headers={"host": "helpdesk.test"})
    answer.getvalue()  # a file is closed when it was read
    assert answer.status_code != 404 or path in ("/contents/", "/tickets/1/")


def test_live_updates_do_not_answer_on_that_origin(apart: str) -> None:
    from asgiref.testing import ApplicationCommunicator  # noqa: F401 - the application is called as servers call it

    from helpdesk import asgi

    scope = {"type": "http", "path": "/live/", "headers": [(b"host", b"content.test:8000")]}
    assert asgi._is_for_content(scope)
    assert not asgi._is_for_content({**scope, "headers": [(b"host", b"helpdesk.test")]})
    assert not asgi._is_for_content({**scope, "headers": [(b"host", b"[broken")]})


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("", True), ("http://content.test", True), ("http://helpdesk.test:8001", False),
        ("http://helpdesk.test", False),
        ("http://content.test/path", False), ("http://", False),
    ],
)  # fmt: skip
def test_an_origin_that_shares_our_cookies_is_refused(url: str, is_fine: bool, settings: Any) -> None:
    settings.BASE_URL, settings.CONTENT_URL = "http://helpdesk.test:8000", url
    assert ("helpdesk.E003" not in [found.id for found in run_checks()]) is is_fine
