"""The workspace on a phone: one thing at a time, nothing wider than the screen."""

import pytest
from playwright.sync_api import Page, expect

from feedback.models import Invitation
from tests.journeys.conftest import House, writing
from tickets.operations import replying, status

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def is_wider_than_the_screen(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_from_the_list_to_the_conversation_and_back(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana, **PHONE).page
    page.goto("/")
    expect(page.locator("#rows")).to_be_visible()
    expect(page.locator("#thread")).to_have_count(0)
    assert not is_wider_than_the_screen(page)

    page.get_by_role("link", name="My order").tap()
    expect(page.locator("#thread")).to_contain_text("Where is my order?")
    expect(page.locator("#rows")).not_to_be_visible()
    expect(writing(page)).to_be_in_viewport()
    assert not is_wider_than_the_screen(page)

    page.get_by_role("button", name="About Dora Diaz").tap()
    expect(page.locator("#panel")).to_contain_text("dora@customer.example")
    page.locator("#panel").get_by_role("button", name="Close").tap()
    expect(page.locator("#panel")).not_to_be_visible()

    page.get_by_role("link", name="Back to the list").tap()
    expect(page.locator("#rows")).to_be_visible()
    page.get_by_role("button", name="Views").tap()
    page.locator("#views").get_by_role("link", name="Unassigned").tap()
    expect(page.get_by_role("heading", name="Unassigned")).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert is_dark(colour) == (theme == "dark"), colour


def is_dark(colour: str) -> bool:
    """Whether a colour as Chromium computes it (oklch or rgb) is a dark one."""
    name, _, rest = colour.partition("(")
    first = float(rest.split()[0].rstrip(",%)"))
    return first < (0.5 if name in ("oklch", "oklab") else 128)


def test_no_page_scrolls_sideways(house: House, sit, survey, ana, admin, ticket):  # type: ignore[no-untyped-def]
    replying.reply(ticket, text="https://example.com/" + "a" * 300 + "\n" + "W" * 200, actor=ana)
    status.resolve(ticket, actor=ana)
    house.caught("dora@customer.example", having="How did we do?")
    invitation = Invitation.objects.get()
    page = sit(admin, **PHONE).page
    for address in (
        "/", f"/tickets/{ticket.number}/", "/reports/", "/reports/definitions/", "/reports/tickets/created/",
        "/reports/changes/", "/reports/saved/", "/reports/saved/new/", "/reports/annotations/", "/reports/alarms/",
        "/settings/", "/settings/inboxes/", "/mail-catcher/", "/intake/", f"/s/{invitation.token}/?score=3",
    ):  # fmt: skip
        answer = page.goto(address)
        assert answer and answer.status == 200, address
        assert not is_wider_than_the_screen(page), address
