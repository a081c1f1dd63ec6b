"""With CONTENT_URL set, what customers sent is at an origin of its own, and looks the same."""

import re
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from helpdesk.models import Agent
from tests.journeys.conftest import House
from tests.pictures import png
from tickets.models import Inbox, Ticket

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def letter_with_pictures() -> bytes:
    """An HTML mail with a picture in it and one beside it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "dora@customer.example", "support@demo.localhost", "Broken lamp"
    mail.set_content("It looks like this")
    mail.add_alternative('<p>It looks <b>like this</b> <img src="cid:lamp" alt="The lamp"></p>', subtype="html")
    mail.get_payload()[1].add_related(png(120, 80), "image", "png", cid="<lamp>", filename="lamp.png")  # type: ignore[index, union-attr]
    mail.add_attachment(png(60, 40), "image", "png", filename="receipt.png")
    return mail.as_bytes()


def test_letters_and_files_come_from_elsewhere_without_a_cookie(
    house: House, sit: Any, ana: Agent, inbox: Inbox, send_mail_in: Any, settings: Any
) -> None:
    elsewhere = house.address.replace("127.0.0.1", "content.localhost")
    settings.CONTENT_URL = elsewhere
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "content.localhost"]
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {
            **directives,
            "img-src": [*directives["img-src"], elsewhere],
            "frame-src": [*directives["frame-src"], elsewhere],
        }
    }
    send_mail_in(letter_with_pictures())
    page = sit(ana).page
    asked: list[Request] = []
    page.on("request", lambda request: request.url.startswith(elsewhere) and asked.append(request))
    page.goto(Ticket.objects.get().get_absolute_url())
    lamp = page.frame_locator("[data-letter]").get_by_role("img", name="The lamp")
    expect(lamp).to_be_visible()
    lamp.evaluate("(e) => e.decode()")
    assert lamp.evaluate("(e) => e.naturalWidth") == 120
    receipt = page.locator(".attachments img")
    receipt.evaluate("(e) => { e.loading = 'eager'; return e.decode(); }")
    assert receipt.evaluate("(e) => e.naturalWidth") == 60
    paths = sorted(request.url.removeprefix(elsewhere).split("/")[2] for request in asked)
    assert paths == ["file", "file", "letter"]
    for request in asked:
        headers = request.all_headers()
        assert "cookie" not in headers and "referer" not in headers
    # and one file to save, by the link on the page
    with page.expect_popup() as opened:
        page.get_by_role("link", name="receipt.png").click()
    expect(opened.value).to_have_url(re.compile(f"^{re.escape(elsewhere)}/content/file/"))
