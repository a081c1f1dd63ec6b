"""A common ticket, counted: open, read, canned answer, send and resolve, next. At most five key presses."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, rich, text_of, words
from tests.journeys.test_composer import DORA
from tickets.models import Message, Status
from tickets.operations import macros

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
COUNT = """() => {
  window.presses = [];
  const modifiers = ["Control", "Shift", "Alt", "Meta"];
  addEventListener("keydown", (event) => {
    if (event.isTrusted && !event.repeat && !modifiers.includes(event.key)) window.presses.push(event.key);
  }, true);
}"""


def test_a_common_ticket_costs_five_keys(house: House, sit, ana, admin, ticket, look):  # type: ignore[no-untyped-def]
    refund = macros.save(
        None, actor=admin, name="Refund on its way", actions=[{"do": "tag", "tag": "refund"}],
        html="<p>Dear {{customer.first_name|there}},</p><p>your money is <b>on its way</b>.</p>",
    )  # fmt: skip
    macros.save(None, actor=admin, name="Shipping times", html="<p>It takes two days.</p>")
    macros.save(None, actor=admin, name="Return label", html="<p>Here it is.</p>")
    house.write("My invoice", "May I have my invoice?", sender="Gil Gomez <gil@customer.example>")
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    expect(page.locator("#thread")).to_contain_text("Where is my order?")
    expect(page.locator("#list")).to_contain_text("My invoice")
    page.evaluate(COUNT)

    page.keyboard.press("/")
    page.keyboard.press("r")
    page.keyboard.press("e")
    options = page.get_by_role("listbox", name="Saved replies and macros").get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("Refund on its way")
    expect(page.locator("[data-preview-text]")).to_contain_text("Dear Dora,")
    expect(page.locator("[data-preview-acts]")).to_contain_text("Tag refund")
    look(page, "slash")
    page.keyboard.press("Enter")
    expect(words(page)).to_have_value("Dear Dora,\n\nyour money is on its way.")
    expect(page.locator(".composer-act:visible")).to_contain_text("Tag refund")
    look(page, "inserted")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#reading")).to_contain_text("May I have my invoice?")

    assert page.evaluate("presses") == ["/", "r", "e", "Enter", "Enter"]
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED and ticket.tags.get().name == "refund"
    received = house.caught(DORA, having="Dear Dora,")
    assert "your money is on its way." in text_of(received)
    assert "<strong>on its way</strong>" in Message.objects.get(kind="reply").html
    assert refund.uses.get().agent == ana


def test_nobody_waits_for_the_list_and_esc_takes_the_slash_back(house: House, sit, ana, admin, ticket):  # type: ignore[no-untyped-def]
    macros.save(None, actor=admin, name="Refund on its way", html="<p>It is on its way.</p>")
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    # faster than any network
    for key in ("/", "r", "e", "Enter"):
        page.keyboard.press(key)
    expect(words(page)).to_have_value("It is on its way.")
    expect(rich(page)).to_be_focused()
    page.keyboard.type(" :party po")
    page.keyboard.press("Enter")
    expect(words(page)).to_have_value("It is on its way. 🎉")
    page.keyboard.type(" /ref")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(words(page)).to_have_value("It is on its way. 🎉 /ref")
    # in a note, colleagues are named
    page.get_by_role("radio", name="Note").check()
    page.keyboard.type("Ask @ana")
    page.keyboard.press("Enter")
    expect(words(page)).to_have_value(f"Ask @{ana.name} ")
