"""The composer with all it offers, and the pages of saved replies: usable by everybody, in both themes, on a phone."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, rich, words, writing
from tests.journeys.test_for_everybody import wrong
from tests.journeys.test_on_a_phone import PHONE, is_wider_than_the_screen
from tickets.models import Macro
from tickets.operations import macros

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_saved_replies_are_written_and_offered(house: House, sit, admin, ticket, look):  # type: ignore[no-untyped-def]
    page = sit(admin).page
    page.goto("/settings/macros/new/")
    page.get_by_label("Name").fill("Refund")
    page.get_by_label("Text").click()
    expect(rich(page)).to_be_focused()
    page.keyboard.press("Control+b")
    page.keyboard.type("Dear {{customer.first_name|there}},")
    expect(page.locator("[data-shown]")).to_contain_text("Dear Dora,")
    page.get_by_label("Action 1").select_option(label="Set to pending")
    look(page, "macro")
    faults = {"form": wrong(page)}
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Refund")).to_be_visible()
    faults["list"] = wrong(page)
    macro = Macro.objects.get()
    assert macro.html == "<p><strong>Dear {{customer.first_name|there}},</strong></p>"
    assert macro.actions == [{"do": "status", "to": "pending"}]
    page.get_by_role("link", name="Refund").click()
    expect(rich(page).locator("strong")).to_have_text("Dear {{customer.first_name|there}},")
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    page.keyboard.press("/")
    expect(page.get_by_role("option", name="Refund")).to_be_visible()
    expect(rich(page)).to_be_focused()
    faults["offered"] = wrong(page)
    page.keyboard.press("Enter")
    expect(words(page)).to_have_value("Dear Dora,")
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar", name="Formatting")).to_be_visible()
    look(page, "toolbar")
    faults["written"] = wrong(page)
    assert {name: found for name, found in faults.items() if found} == {}


def test_on_a_phone(house: House, sit, admin, ticket, look):  # type: ignore[no-untyped-def]
    macros.save(None, actor=admin, name="Refund", html="<p>Hello</p>", actions=[{"do": "follow"}])
    page = sit(admin, **PHONE).page
    page.goto("/settings/macros/new/")
    look(page, "phone-macro")
    assert not is_wider_than_the_screen(page)
    page.goto(f"/tickets/{ticket.number}/")
    writing(page).tap()
    expect(rich(page)).to_be_focused()
    page.keyboard.type("/re")
    expect(page.get_by_role("option", name="Refund")).to_be_visible()
    look(page, "phone-slash")
    page.get_by_role("option", name="Refund").tap()
    expect(words(page)).to_have_value("Hello")
    look(page, "phone-composer")
    assert not is_wider_than_the_screen(page)
