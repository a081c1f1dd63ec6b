"""Two agents on one ticket: each sees the other there, and what they write, in the list and on the ticket."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House
from tests.journeys.test_for_everybody import wrong

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_who_is_there_and_who_types(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    mine, theirs = sit(ana).page, sit(chloe).page
    mine.goto("/")
    expect(mine.locator("html")).to_have_attribute("data-live", "on")
    row = mine.locator(f"#row-{ticket.number} [data-faces]")
    expect(row).to_be_empty()

    theirs.goto(f"/tickets/{ticket.number}/")
    expect(row).to_contain_text("Chloe Martin is viewing")
    mine.get_by_role("link", name="My order").click()
    expect(mine.locator("#header [data-faces]")).to_contain_text("Chloe Martin is viewing")
    expect(theirs.locator("#header [data-faces]")).to_contain_text("Ana Silva is viewing")

    theirs.keyboard.press("r")
    theirs.keyboard.type("Dear")
    expect(mine.locator("[data-typing-line]")).to_have_text("Chloe Martin is typing a reply")
    expect(mine.locator("[data-typing-line]")).to_be_visible()
    expect(row).to_contain_text("Chloe Martin is typing a reply")
    expect(theirs.locator("[data-typing-line]")).to_be_empty()
    assert wrong(mine) == []
    mine.locator(".ticket-acts [data-act=assign]").click()
    theirs_row = mine.locator(f"#assign-agent-{chloe.pk}")
    expect(theirs_row).to_contain_text("here")
    assert wrong(mine) == []
    mine.keyboard.press("Escape")
    expect(mine.locator(".ticket-acts [data-act=assign]")).to_be_focused()
    mine.locator(".ticket-acts [data-act=assign]").click()
    theirs_row.click()
    expect(mine.locator("#header")).to_contain_text("Chloe Martin")
    expect(mine.locator(".ticket-acts [data-act=assign]")).to_be_focused()

    theirs.goto("/")
    expect(mine.locator("#header [data-faces]")).to_be_empty()
    expect(mine.locator("[data-typing-line]")).to_be_empty()
