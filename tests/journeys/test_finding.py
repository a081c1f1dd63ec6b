"""Finding and doing by name: a mistyped word, a ticket given away from the palette, one key and some letters."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import mail, make_agent
from tests.journeys.conftest import House, soon
from tests.journeys.test_for_everybody import wrong

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def parcel(send_mail_in, settle):  # type: ignore[no-untyped-def]
    said = send_mail_in(
        mail("Emil Novak <emil@other.example>", "Damaged parcel", "The table in the parcel is broken.",
             Message_ID="<emil@other.example>")
    ).said  # fmt: skip
    settle()
    return said.ticket


def test_a_mistyped_word_finds_the_ticket_as_one_types(house: House, sit, ana, ticket, parcel):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto("/search/")
    faults = {"lesson": wrong(page)}
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("brokn")
    expect(page.locator("#results")).to_contain_text("Showing results for broken")
    hit = page.get_by_role("link", name="Damaged parcel")
    expect(page.locator(".hit mark").first).to_have_text("broken")
    page.keyboard.type(" is:op")
    chip = page.locator(".search-suggestions").get_by_text("is:open")
    expect(chip).to_be_visible()
    chip.click()
    expect(page.locator(".search-chips")).to_contain_text("Status is Open")
    expect(page).to_have_url(re.compile("q=brokn"))
    faults["results"] = wrong(page)
    page.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#header")).to_contain_text("Damaged parcel")
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_palette_gives_the_ticket_to_a_colleague(house: House, sit, ana, team, ticket, settle):  # type: ignore[no-untyped-def]
    make_agent("zoe@demo.localhost", "Zoe Zimmer", "agent", team)
    settle()
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="What do you want to do or find?")
    expect(box).to_be_focused()
    listbox = page.get_by_role("listbox", name="What fits")
    expect(listbox.get_by_role("option", name="Assign A")).to_be_visible()
    found = wrong(page)
    page.keyboard.type("zoe")
    expect(listbox.get_by_role("option", selected=True)).to_contain_text("Zoe Zimmer")
    page.keyboard.press("Enter")
    expect(page.locator("#header")).to_contain_text("Zoe Zimmer")
    ticket.refresh_from_db()
    assert ticket.assignee.name == "Zoe Zimmer"
    assert found == []


def test_one_key_and_some_letters_open_a_ticket(house: House, sit, ana, ticket, parcel):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto("/")
    page.keyboard.press("q")
    page.keyboard.type("damag")
    first = page.get_by_role("listbox", name="What fits").get_by_role("option", selected=True)
    expect(first).to_contain_text("Damaged parcel")
    page.keyboard.press("Enter")
    expect(page.locator("#header")).to_contain_text("Damaged parcel")


def test_the_palette_is_the_whole_page_of_a_phone(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana, width=390, height=844, has_touch=True).page
    page.goto("/")
    page.keyboard.press("Control+k")
    soon(page, lambda: page.locator("#palette").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844})
    assert wrong(page) == []
    page.get_by_role("button", name="Close").click()
    page.goto("/search/?q=order")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wrong(page) == []
