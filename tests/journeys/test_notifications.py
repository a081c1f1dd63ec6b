"""A colleague mentions, assigns, and the other's bell rings in another browser."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House
from tests.journeys.test_for_everybody import wrong
from tickets.operations import assignment, replying

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_an_assignment_and_a_mention_arrive_in_the_bell_of_another_browser(  # type: ignore[no-untyped-def]
    house: House, sit, ana, chloe, ticket
):
    page = sit(ana).page
    page.goto("/settings/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    bell = page.locator("[data-rail=notifications]")
    expect(bell.locator("[data-rail-count]")).to_be_empty()

    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    expect(bell.locator("[data-rail-count]")).to_contain_text("1")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Chloe Martin assigned it to you")
    assert wrong(page) == []
    bell.click()
    expect(page.locator("#bell")).to_be_visible()
    assert wrong(page) == []
    page.locator("#bell").get_by_role("link", name="Chloe Martin assigned it to you").click()
    expect(page).to_have_url(f"{house.address}/tickets/{ticket.number}/")
    expect(bell.locator("[data-rail-count]")).to_be_empty()

    page.goto("/reports/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    replying.add_note(ticket, text="@Ana Silva, could you look at this?", actor=chloe)
    expect(page.locator(".toast")).to_contain_text("Chloe Martin mentioned you")
    expect(bell.locator("[data-rail-count]")).to_contain_text("1")
    page.locator(".toast").get_by_role("link", name="Open").click()
    expect(page).to_have_url(f"{house.address}/tickets/{ticket.number}/")
    expect(bell.locator("[data-rail-count]")).to_be_empty()

    for address in ("/notifications/", "/settings/you/notifications/"):
        page.goto(address)
        assert wrong(page) == []
