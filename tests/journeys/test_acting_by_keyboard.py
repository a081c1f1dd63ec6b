"""Acts by keys alone: snoozing in words, a letter for each choice, and one key that takes back whatever was last."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.conftest import mail
from tests.journeys.conftest import House

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_snoozing_in_words_and_taking_it_back_after_a_page_change(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("h")
    box = page.get_by_role("dialog", name="Snooze")
    expect(box).to_be_visible()
    page.keyboard.type("in 3 working days")
    expect(box.locator("#snooze-means strong")).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Snoozed until")
    ticket.refresh_from_db()
    assert ticket.is_snoozed
    page.goto("/")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text(f"Undone on #{ticket.number}")
    ticket.refresh_from_db()
    assert not ticket.is_snoozed


def test_a_key_and_a_letter_set_priority_type_and_status(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    for key, letter, said in (("p", "h", "Priority high"), ("t", "c", "Type complaint"), ("s", "p", "Now pending")):
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_be_visible()
        page.keyboard.press(letter)
        expect(page.locator("#toasts")).to_contain_text(said)
        expect(page.locator("dialog[open]")).to_have_count(0)
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.type, ticket.status) == ("high", "complaint", "pending")
    page.keyboard.press("z")
    expect(page.locator("#header")).to_have_attribute("data-status", "open")


def test_a_collision_is_said_and_may_be_gone_through(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    from tickets.operations import assignment

    seat = sit(ana)
    seat.expected.append("409")
    page = seat.page
    # the live connection would show it at once; this page is a moment behind
    page.route("**/live/*", lambda route: None)
    page.goto(f"/tickets/{ticket.number}/")
    assignment.take(ticket, actor=chloe)
    page.keyboard.press("i")
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("Chloe Martin took it")
    toast.get_by_role("button", name="Do it nevertheless").click()
    expect(toast).to_contain_text("Given to Ana Silva")
    ticket.refresh_from_db()
    assert ticket.assignee == ana


def test_merging_by_keyboard_and_taking_it_back(house: House, sit, ana, ticket, send_mail_in):  # type: ignore[no-untyped-def]
    other = send_mail_in(mail(Message_ID="<second@customer.example>", text="Still nothing?")).said.ticket
    page = sit(ana).page
    page.goto(f"/tickets/{other.number}/")
    page.keyboard.press("m")
    box = page.get_by_role("dialog", name="Merge")
    expect(box).to_contain_text("My order")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/tickets/{ticket.number}/"))
    expect(page.locator("#toasts")).to_contain_text(f"#{other.number} is merged into this ticket")
    expect(page.locator("#thread")).to_contain_text("Still nothing?")
    page.goto(f"/tickets/{other.number}/")
    expect(page).to_have_url(re.compile(f"/tickets/{ticket.number}/"))
    page.keyboard.press("z")
    expect(page).to_have_url(re.compile(f"/tickets/{other.number}/"))
    expect(page.locator("#toasts")).to_contain_text(f"Undone on #{other.number}")
    expect(page.locator("#thread")).to_contain_text("Still nothing?")


def test_resolving_leads_to_the_next_ticket_and_is_taken_back_from_there(  # type: ignore[no-untyped-def]
    house: House, sit, ana, ticket, send_mail_in
):
    send_mail_in(mail("eli@x.example", "The other matter", "Hello", Message_ID="<other@x.example>"))
    page = sit(ana).page
    page.goto("/?view=open")
    page.locator(f"#row-{ticket.number} .row-link").click()
    expect(page.locator("#header")).to_contain_text(f"#{ticket.number}")
    page.keyboard.press("e")
    expect(page.locator("#header")).to_contain_text("The other matter")
    expect(page.locator("#toasts")).to_contain_text("Resolved")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text(f"Undone on #{ticket.number}")
    expect(page.locator("#header")).to_contain_text("The other matter")
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_a_key_pressed_the_moment_a_ticket_is_there_acts_within_the_page(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto("/?view=open")
    page.evaluate(
        """() => {
          window.isStill = true;
          new MutationObserver((_, watching) => {
            if (!document.querySelector("#header")) return;
            watching.disconnect();
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "e", bubbles: true, cancelable: true }));
          }).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    page.locator(f"#row-{ticket.number} .row-link").click()
    expect(page.locator("#toasts")).to_contain_text("Resolved")
    assert page.evaluate("() => window.isStill"), "the whole page was loaded anew"


def test_keys_pressed_before_the_page_was_ready_do_nothing(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana, is_hasty=True).page

    def slow(route: Route) -> None:
        # a script at work for so long that keys queue up behind it
        answer = route.fetch()
        busy = "const since = performance.now();\nwhile (performance.now() - since < 1500);\n"
        route.fulfill(response=answer, body=busy + answer.text())

    page.route("**/js/today*.js", slow)
    with page.expect_response(re.compile(r"/js/today.*\.js")):
        page.goto(f"/tickets/{ticket.number}/", wait_until="commit")
    page.keyboard.press("e")
    page.wait_for_load_state()
    page.wait_for_timeout(700)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.status == "open"
