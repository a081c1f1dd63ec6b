"""The workspace in a browser that runs no scripts: plainer, and complete."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House
from tickets.models import MessageKind

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_reading_answering_and_resolving(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana, script=False).page
    page.goto("/")
    page.get_by_role("link", name="My order").click()
    expect(page.locator("#thread")).to_contain_text("Where is my order?")

    page.get_by_label("Your message").fill("It left on Monday.")
    page.get_by_role("button", name="Send Ctrl").click()
    expect(page.locator("#thread")).to_contain_text("It left on Monday.")
    expect(page.locator(".toast")).to_contain_text("Answer sent")
    assert house.caught("dora@customer.example", having="It left on Monday.")

    page.get_by_role("radio", name="Note").check()
    page.get_by_label("Your note").fill("The courier again.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#thread [data-kind=note]")).to_contain_text("The courier again.")
    assert list(ticket.messages.order_by("pk").values_list("kind", flat=True)) == [
        MessageKind.INCOMING, MessageKind.REPLY, MessageKind.NOTE,
    ]  # fmt: skip

    page.locator("#header").get_by_role("button", name="Resolve").click()
    expect(page.locator("#header")).to_have_attribute("data-status", "resolved")
    page.locator("#header").get_by_role("button", name="Reopen").click()
    expect(page.locator("#header")).to_have_attribute("data-status", "open")
    page.locator("#header summary[aria-label=More]").click()
    page.locator("#header").get_by_role("link", name="Status").click()
    page.locator("#status-dialog").get_by_role("button", name="On hold").click()
    expect(page.locator("#header")).to_have_attribute("data-status", "on_hold")


def test_an_empty_answer_comes_back_with_plain_words(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    seat = sit(ana, script=False)
    seat.page.goto(f"/tickets/{ticket.number}/")
    seat.page.get_by_role("button", name="Send Ctrl").click()
    expect(seat.page.get_by_role("alert")).to_be_visible()
    seat.expected.append("422")
    assert ticket.messages.count() == 1


def test_the_report_and_the_settings(house: House, sit, chloe, admin, ticket):  # type: ignore[no-untyped-def]
    page = sit(chloe, script=False).page
    page.goto("/reports/")
    page.get_by_label("Period").select_option("7")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#tile-created .tile-figure")).to_be_visible()
    page = sit(admin, script=False).page
    page.goto("/settings/")
    page.get_by_role("main").get_by_role("link", name="Inboxes").first.click()
    expect(page.get_by_text("support@demo.localhost").first).to_be_visible()
