"""An admin writes an acknowledgement and sees it while typing; a customer gets it; the thread says so."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, Seat, text_of
from tests.journeys.test_for_everybody import wrong
from tickets.models import Ticket

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_what_is_previewed_is_what_the_customer_gets(
    house: House, sit: Callable[..., Seat], inbox: Any, admin: Any
) -> None:
    inbox.calendar = None
    inbox.save()
    page = sit(admin).page
    page.goto(f"/settings/inboxes/{inbox.pk}/")
    page.get_by_role("link", name="Acknowledgement").click()
    preview = page.locator("#acknowledgement-preview")
    expect(preview).to_contain_text("Thank you for your message.")
    page.get_by_label("confirm that a message arrived").check()
    page.locator("summary", has_text="English").click()
    page.get_by_label("In business hours").first.press_sequentially("Got it: no. {{ticket.number}}, {{expected}}.")
    expect(preview).to_contain_text("Got it: no. 1042, within 4 hours.")
    page.get_by_label("Language", exact=True).last.select_option("de")
    expect(preview).not_to_contain_text("Got it")
    assert wrong(page) == []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/ack-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it is wider than the screen"
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    house.write("Where is my order?", "Hello, where is my order? I have been waiting for a week.")
    letter = house.caught("dora@customer.example", having="We received your message")
    number = Ticket.objects.get().number
    assert f"Got it: no. {number}, within 4 hours." in text_of(letter) and "order" not in text_of(letter)
    page.goto(f"/tickets/{number}/")
    expect(page.locator(".activity", has_text="to dora@customer.example")).to_contain_text("Acknowledgement sent at")
