"""Everything without a mouse: the keys that are listed work, and one sees where one is."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import mail
from tests.journeys.conftest import House, words
from tickets import reading
from tickets.models import CustomField

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


#: the focused element, or the box it sits in, is outlined
SHOWS_FOCUS = """() => {
  let element = document.activeElement;
  for (let up = 0; element && up < 4; up += 1, element = element.parentElement) {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    if ((outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none") return true;
  }
  return false;
}"""


def test_the_skip_link_is_first_and_leads_to_the_content(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_focus_is_seen_wherever_tab_goes(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "document.activeElement === document.body ? '' : document.activeElement.outerHTML.slice(0, 120)"
        )
        if not where or where in seen:
            continue
        seen.add(where)
        assert page.evaluate(SHOWS_FOCUS), where
    assert len(seen) > 15


def test_help_lists_the_keys_and_g_jumps(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    page = sit(chloe).page
    page.goto("/")
    page.keyboard.press("?")
    help_box = page.get_by_role("dialog", name="Keyboard")
    expect(help_box).to_be_visible()
    expect(help_box).to_contain_text("Resolve or reopen")
    expect(help_box).to_contain_text("Unassigned")
    reports = help_box.locator(".keys-line", has_text="Reports").locator("kbd").last.inner_text()
    page.keyboard.press("Escape")
    expect(help_box).not_to_be_visible()
    for letter, name in (("u", "Unassigned"), ("m", "Mine"), ("o", "All open")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press(reports.lower())
    expect(page).to_have_url(re.compile("/reports/"))


def test_letters_one_writes_do_nothing_else(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("n")
    page.keyboard.type("eager? e r a t z ?")
    expect(words(page)).to_have_value("eager? e r a t z ?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#header")).to_have_attribute("data-status", "open")
    # what was begun is still there after the page was left
    expect(page.locator("[data-composer-state]")).not_to_be_empty()
    page.goto("/")
    page.goto(f"/tickets/{ticket.number}/")
    expect(words(page)).to_have_value("eager? e r a t z ?")
    expect(page.get_by_role("radio", name="Note")).to_be_checked()


def test_j_begins_with_what_just_arrived(house: House, sit, ana, ticket, monkeypatch):  # type: ignore[no-untyped-def]
    # a queue with more waiting than a page holds: what is new would be far below, and is shown above it
    for module in (reading, reading.pages):
        monkeypatch.setattr(module, "PAGE", 1)
    monkeypatch.setitem(reading.numbers_of.__kwdefaults__, "limit", 1)
    page = sit(ana).page
    page.goto("/")
    house.write("The newest of all", "It came just now.", sender="Eli <eli@customer.example>")
    newest = page.locator("#arrivals .row-link", has_text="The newest of all")
    expect(newest).to_be_visible()
    page.keyboard.press("j")
    expect(newest).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#rows .row-link").first).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#header")).to_contain_text("The newest of all")
    expect(newest).to_have_attribute("aria-current", "true")


def test_the_file_that_goes_along_stays_in_sight(house: House, sit, ana, ticket, tmp_path):  # type: ignore[no-untyped-def]
    (tmp_path / "invoice.txt").write_text("42")
    page = sit(ana, width=1280).page
    page.goto(f"/tickets/{ticket.number}/")
    page.locator("[type=file]").set_input_files(tmp_path / "invoice.txt")
    page.keyboard.press("r")
    page.keyboard.type("Here it is.")
    expect(page.locator("[data-composer-state]")).to_have_text("Draft saved")
    name = page.locator(".composer-file:visible .truncate")
    expect(name).to_have_text("invoice.txt")
    assert name.evaluate("(element) => element.scrollWidth <= element.clientWidth"), "the name is cut off"


def test_a_subject_without_spaces_leaves_the_buttons_in_reach(house: House, sit, ana, send_mail_in):  # type: ignore[no-untyped-def]
    raw = send_mail_in(mail(subject="Order" + "0123456789" * 20))
    page = sit(ana, width=1280).page
    page.goto(f"/tickets/{raw.said.ticket.number}/")
    page.locator(".ticket-acts summary").click()
    expect(page.locator(".ticket-acts .menu[open]")).to_be_visible()
    head = page.locator("#header")
    assert head.evaluate("(element) => element.scrollWidth <= element.clientWidth")


def test_b_puts_a_strangers_message_where_it_belongs(house: House, sit, ana, ticket, send_mail_in):  # type: ignore[no-untyped-def]
    said = send_mail_in(
        mail("Emil <emil@stranger.example>", subject="Re: My order", text="I am her brother.",
             In_Reply_To="<first@customer.example>", Message_ID="<emil@stranger.example>")
    ).said  # fmt: skip
    page = sit(ana).page
    page.goto(f"/tickets/{said.ticket_id}/")
    expect(page.locator(".notice")).to_contain_text("takes no part")
    page.keyboard.press("b")
    box = page.get_by_role("dialog", name="Belongs to")
    expect(box).to_be_visible()
    expect(box).to_contain_text("answers another ticket")
    page.keyboard.press("Enter")  # the ticket it names stands first
    page.wait_for_url(f"**/tickets/{ticket.number}/#message-{said.pk}")
    expect(page.locator("#thread")).to_contain_text("I am her brother.")
    expect(page.locator("#panel")).to_contain_text("emil@stranger.example")
    said.refresh_from_db()
    assert (said.ticket, said.matched_by) == (ticket, "agent")


def test_a_key_of_ones_own_works_and_is_listed(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto("/settings/you/keys/")
    page.get_by_label("Note for the team").press_sequentially("8")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("n")
    page.keyboard.press("8")
    expect(page.get_by_role("radio", name="Note")).to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    line = page.get_by_role("dialog", name="Keyboard").locator(".keys-line", has_text="Note for the team")
    expect(line).to_contain_text("8")


def test_what_is_wanted_before_resolving_is_asked_for_and_no_word_is_lost(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    CustomField.objects.create(key="cause", name="Cause", is_required_to_resolve=True)
    seat = sit(ana)
    seat.expected.append("422")
    page = seat.page
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("e")
    expect(page.locator("#id_field_cause")).to_be_focused()
    expect(page.locator("#thread")).to_contain_text("Where is my order?")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("It ships today.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#id_field_cause")).to_be_focused()
    page.keyboard.type("A bug")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Answer sent, ticket resolved")).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert ticket.messages.get(kind="reply").text == "It ships today."
