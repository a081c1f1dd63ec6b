"""Reading a long ticket in a browser: folded, unfolded, linked to, quoted, without the changes between."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, words
from tickets.operations import replying, sorting

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_long_ticket_is_folded_and_opens_where_it_must(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    notes = [replying.add_note(ticket, text=f"Note number {n}", actor=chloe) for n in range(8)]
    seat = sit(ana, permissions=["clipboard-read", "clipboard-write"])
    page = seat.page
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.get_by_text("Note number 7")).to_be_visible()
    expect(page.get_by_text("Note number 3")).to_be_hidden()
    expect(page.locator(".ticket-gist")).to_contain_text("Where is my order?")

    page.get_by_text("5 earlier messages").click()
    middle = page.locator(f"#message-{notes[3].pk}")
    expect(middle).to_be_visible()
    middle.hover()
    middle.get_by_label("More for this message").click()
    middle.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.endswith(f"/tickets/{ticket.number}/#message-{notes[3].pk}")

    other = sit(ana).page
    other.goto(link)
    expect(other.locator(f"#message-{notes[3].pk}")).to_be_in_viewport()

    first = page.locator("#thread .message").first
    first.hover()
    first.get_by_label("More for this message").click()
    first.get_by_role("button", name="Quote").click()
    page.keyboard.type("Tomorrow.")
    expect(words(page)).to_have_value("> Where is my order?\n\nTomorrow.")


def test_changes_can_be_put_out_of_sight_and_stay_so(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    sorting.tag(ticket, name="vip", actor=ana)
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    change = page.locator(".activity", has_text="tagged it vip")
    expect(change).to_be_visible()
    page.keyboard.press("v")
    expect(change).to_be_hidden()
    page.reload()
    expect(page.locator("#thread .message")).to_be_visible()
    expect(change).to_be_hidden()
    page.keyboard.press("v")
    expect(change).to_be_visible()


def test_a_subject_is_changed_where_it_stands(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    page.get_by_label("Change the subject").click()
    page.locator("#subject-field").fill("The lamp of 4 March")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The lamp of 4 March")).to_be_visible()
