"""An answer that came back: seen in the list, said in words, and sent to the address that was meant."""

import os
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, text_of
from tests.journeys.test_for_everybody import wrong
from tests.journeys.test_on_a_phone import PHONE, is_wider_than_the_screen
from tickets.models import ContactPoint, Delivery, OutgoingServer
from tickets.operations import replying, sending

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def came_back(house: House, ticket: Any, ana: Any) -> Delivery:
    """Ana's answer, sent and returned: nobody has that address."""
    replying.reply(ticket, text="It ships today.", actor=ana)
    house.caught("dora@customer.example", having="It ships today.")
    delivery = Delivery.objects.select_related("mail__ticket", "mail__inbox").get()
    words = "550 5.1.1 <dora@customer.example>: Recipient address rejected: User unknown in virtual mailbox table"
    assert sending.reported(delivery, action="failed", status_code="5.1.1", words=words)
    return delivery


def test_an_address_is_corrected_where_it_failed(house: House, sit: Any, ana: Any, ticket: Any) -> None:
    came_back(house, ticket, ana)
    page = sit(ana).page
    page.goto("/?view=undelivered")
    expect(page.locator(f"#row-{ticket.number}")).to_contain_text("not delivered")
    page.get_by_role("link", name="My order").click()
    thread = page.locator("#thread")
    expect(thread).to_contain_text("came back: the address does not exist")
    thread.get_by_text("What their server said").click()
    expect(thread).to_contain_text("User unknown in virtual mailbox table")

    thread.get_by_text("Correct the address").focus()
    page.keyboard.press("Enter")
    page.get_by_label("The right address").fill("dora@new.example")
    page.get_by_role("button", name="Send it there").click()
    expect(thread).to_contain_text("sent to dora@new.example instead")
    again = house.caught("dora@new.example", having="It ships today.")
    assert again["To"] == "dora@new.example" and "Where is my order?" in text_of(again)
    assert ContactPoint.objects.filter(address="dora@new.example", customer=ticket.customer).exists()
    expect(thread.locator(".delivery[data-state=sent]").first).to_be_visible()


def test_it_is_sent_again_without_scripts(house: House, sit: Any, ana: Any, ticket: Any) -> None:
    came_back(house, ticket, ana)
    page = sit(ana, script=False).page
    page.goto(f"/tickets/{ticket.number}/")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("body")).to_contain_text("It is sent again")
    assert Delivery.objects.get().state != "bounced"


def test_everybody_can_use_it_on_every_screen(house: House, sit: Any, ana: Any, admin: Any, ticket: Any) -> None:
    came_back(house, ticket, ana)
    OutgoingServer.objects.create(
        inbox=ticket.inbox, kind="postmark", password="key", webhook_secret="w" * 32,
        error="Postmark does not know the API key, or the key may not send.",
    )  # fmt: skip
    pages = {"thread": f"/tickets/{ticket.number}/", "out": f"/settings/inboxes/{ticket.inbox_id}/out/"}
    for device, size in (("desk", {}), ("phone", PHONE)):
        page = sit(admin, **size).page
        for name, address in pages.items():
            page.goto(address)
            if name == "thread":
                page.get_by_text("Correct the address").click()
            assert not is_wider_than_the_screen(page), (device, name)
            assert wrong(page) == [], (device, name)
            if folder := os.environ.get("PICTURES"):
                page.screenshot(path=f"{folder}/{name}-{device}.png", full_page=True)
