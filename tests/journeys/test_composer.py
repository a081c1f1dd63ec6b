"""Writing: who gets it is said before, nothing typed is lost, and what was sent can be taken back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import House, rich, text_of, words, writing
from tests.journeys.test_on_a_phone import PHONE, is_wider_than_the_screen
from tickets.models import Draft, Message, Participant, Status, Ticket
from tickets.operations import drafting, replying
from tickets.operations.drafting import Content

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
DORA = "dora@customer.example"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def open_ticket(page: Page, ticket: Ticket) -> None:
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")


def line(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".recipients-line:visible")


def field(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator(".recipients:visible").get_by_label(name, exact=True)


def saved(page: Page) -> None:
    expect(page.locator("[data-composer-state]")).to_have_text("Draft saved")


def test_the_line_says_who_gets_it_and_chips_change_it(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    Message.objects.update(cc=["emil@other.example"])
    page = sit(ana).page
    open_ticket(page, ticket)
    expect(line(page)).to_contain_text(f"To Dora Diaz <{DORA}>")
    expect(line(page)).to_contain_text("emil@other.example is left out")

    # whom Dora wrote to as well is included with one click, and marked
    page.get_by_text("Dora Diaz also wrote to emil@other.example").click()
    expect(line(page)).to_contain_text("Cc emil@other.example (new)")
    expect(line(page)).not_to_contain_text("left out")

    page.locator(".recipients:visible summary").click()
    field(page, "Bcc").fill("gil@other.example")
    field(page, "Bcc").press("Enter")
    expect(line(page)).to_contain_text("Bcc gil@other.example (new)")
    field(page, "Cc").fill("not an address")
    field(page, "Cc").press("Enter")
    expect(line(page).get_by_role("alert")).to_contain_text("is not an e-mail address")
    for wrong in ("not", "an", "address"):
        page.get_by_role("button", name=f"Take off {wrong}", exact=True).click()
    expect(line(page)).to_contain_text("Cc emil@other.example (new)")

    # a click on a field's name takes nobody off
    page.locator(".recipients-field:visible", has_text="Cc").first.locator("span").first.click()
    expect(page.locator(".chip:visible")).to_have_count(3)

    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("For all of you.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread")).to_contain_text("For all of you.")
    received = house.caught("emil@other.example", having="For all of you.")
    assert (received["To"], received["Cc"], received["Bcc"]) == (DORA, "emil@other.example", None)
    assert house.caught("gil@other.example", having="For all of you.")
    # included once, Emil takes part
    expect(line(page)).to_contain_text("Cc emil@other.example")
    expect(line(page)).not_to_contain_text("(new)")
    assert Participant.objects.get().address == "emil@other.example"


def test_recipients_without_scripts(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana, script=False).page
    page.goto(f"/tickets/{ticket.number}/")
    page.locator(".recipients:visible summary").click()
    field(page, "Cc").fill("emil@other.example")
    page.get_by_label("Your message").fill("For both.")
    page.get_by_role("button", name="Send Ctrl").click()
    assert house.caught("emil@other.example", having="For both.")["Cc"] == "emil@other.example"


def test_undo_takes_it_back(house: House, sit, ana, ticket, settings):  # type: ignore[no-untyped-def]
    settings.UNDO_SECONDS = 30
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("r")
    page.keyboard.type("It ships on the 35th.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#thread")).to_contain_text("It ships on the 35th.")
    expect(page.locator("#header")).to_have_attribute("data-status", "resolved")
    expect(words(page)).to_have_value("")
    page.keyboard.press("z")
    expect(page.locator(".toast").last).to_contain_text("Taken back")
    expect(page.locator("#thread")).not_to_contain_text("It ships on the 35th.")
    expect(page.locator("#header")).to_have_attribute("data-status", "open")
    expect(words(page)).to_have_value("It ships on the 35th.")
    expect(writing(page)).to_be_focused()

    settings.UNDO_SECONDS = 0
    page.keyboard.press("Control+a")
    page.keyboard.type("It ships on the 30th.")
    page.keyboard.press("Control+Enter")
    received = house.caught(DORA, having="It ships on the 30th.")
    assert "35th" not in text_of(received)
    assert Message.objects.filter(kind="reply", withdrawn_at=None).count() == 1
    expect(words(page)).to_have_value("")
    assert not Draft.objects.exists()


def test_f93_a_draft_survives_log_out_and_another_device(house: House, sit, ana, ticket, tmp_path):  # type: ignore[no-untyped-def]
    (tmp_path / "invoice.txt").write_text("42")
    ana.set_password("a quite long password")
    ana.save()
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("n")
    page.keyboard.type("Ask the courier.")
    saved(page)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.locator("[type=file]").set_input_files(tmp_path / "invoice.txt")
    expect(page.locator(".composer-file:visible")).to_contain_text("invoice.txt")
    writing(page).type("Dear Dora, it")
    # out at once, within the pause
    page.goto("/accounts/logout/")
    page.get_by_role("button", name=re.compile("Sign out|Log out", re.I)).click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.evaluate("localStorage.clear()")

    again = sit(ana).page
    open_ticket(again, ticket)
    expect(words(again)).to_have_value("Dear Dora, it")
    expect(again.locator(".composer-file:visible")).to_contain_text("invoice.txt")
    again.get_by_role("radio", name="Note").check()
    expect(words(again)).to_have_value("Ask the courier.")
    again.keyboard.press("Escape")
    again.keyboard.press("r")
    again.keyboard.press("Control+Enter")
    received = house.caught(DORA, having="Dear Dora, it")
    assert [part.get_filename() for part in received.iter_attachments()] == ["invoice.txt"]


def test_f93_offline_it_is_kept_here_and_saved_when_the_server_is_back(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    seat = sit(ana)
    page = seat.page
    open_ticket(page, ticket)
    seat.expected += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
    seat.context.set_offline(True)
    page.keyboard.press("r")
    page.keyboard.type("In a tunnel")
    expect(page.locator("[data-composer-state]")).to_have_text("Draft kept on this device")
    assert not Draft.objects.exists()
    seat.context.set_offline(False)
    page.reload()
    expect(words(page)).to_have_value("In a tunnel")
    saved(page)
    assert Draft.objects.get().text == "In a tunnel"


def test_two_windows_lose_no_word(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    seat = sit(ana)
    first, second = seat.page, seat.context.new_page()
    seat.expected.append("409")
    open_ticket(first, ticket)
    second.route("**/live/*", lambda route: None)  # or it might hear of the other's words before it has its own
    second.goto(f"/tickets/{ticket.number}/")
    first.keyboard.press("r")
    first.keyboard.type("From the first window")
    saved(first)
    second.evaluate("localStorage.clear()")
    second.keyboard.press("r")
    second.keyboard.type("From the second")
    box = second.locator(".composer-held")
    expect(box).to_contain_text("Another window has a newer draft.")
    expect(box).to_contain_text("From the first window")
    box.get_by_role("button", name="Take that one").click()
    expect(words(second)).to_have_value("From the first window")
    writing(second).press("End")
    second.keyboard.type(", and the second")
    saved(second)
    # now the first is the older one
    writing(first).press("End")
    first.keyboard.type("!")
    box = first.locator(".composer-held")
    expect(box).to_contain_text("From the first window, and the second")
    box.get_by_role("button", name="Keep mine").click()
    saved(first)
    assert Draft.objects.get().text == "From the first window!"


def test_sent_later_it_is_announced_changed_and_sent(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    page, other = sit(ana).page, sit(chloe).page
    open_ticket(page, ticket)
    open_ticket(other, ticket)
    page.keyboard.press("r")
    page.keyboard.type("Good morning!")
    page.get_by_label("Send later").click()
    page.get_by_role("button", name="Tomorrow, 9:00").click()
    expect(page.locator("#pending")).to_contain_text("Your answer goes out tomorrow, 9")
    expect(other.locator("#pending")).to_contain_text("Ana Silva’s answer goes out tomorrow, 9")
    assert not Message.objects.filter(kind="reply").exists()
    page.get_by_role("radio", name="Reply").check()
    expect(page.locator(".composer-scheduled")).to_contain_text("Change or cancel it")

    page.get_by_role("button", name="Change", exact=True).click()
    expect(words(page)).to_have_value("Good morning!")
    expect(page.locator("#pending")).to_have_count(0)
    writing(page).press("End")
    page.keyboard.type(" All of you.")
    page.get_by_label("Send later").click()
    page.get_by_role("button", name="In 1 hour").click()
    page.get_by_role("button", name="Send now").click()
    assert house.caught(DORA, having="Good morning! All of you.")
    expect(other.locator("#pending")).to_have_count(0)


def test_sent_later_it_is_held_back_when_the_customer_writes(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("r")
    page.keyboard.type("Good morning!")
    page.get_by_label("Send later").click()
    page.get_by_role("button", name="In 1 hour").click()
    expect(page.locator("#pending")).to_contain_text("goes out")
    house.write("Re: My order", "Never mind, it came.", In_Reply_To="<first@customer.example>")
    expect(page.locator("#pending")).to_contain_text("did not go out by itself: Dora Diaz wrote meanwhile.")
    page.reload()
    expect(words(page)).to_have_value("Good morning!")


def test_a_forward_and_its_answer_stay_aside(house: House, sit, ana, ticket, settings):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("f")
    expect(page.locator("[data-recipients=forward] .chip-input:visible").first).to_be_focused()
    page.keyboard.type("frida@maker.example")
    page.keyboard.press("Enter")
    expect(line(page)).to_contain_text("To frida@maker.example")
    page.get_by_label("Your words to them").fill("Can you tell?")
    page.keyboard.press("Control+Enter")
    talk = page.locator(".talk")
    expect(talk).to_contain_text("frida@maker.example")
    expect(talk).to_contain_text("Dora Diaz does not see this")
    received = house.caught("frida@maker.example", having="Can you tell?")
    assert received["Subject"] == "Fwd: My order" and DORA not in str(received["To"]) + str(received["Cc"])
    ticket.refresh_from_db()
    assert ticket.waiting_since and ticket.assignee is None and ticket.status == Status.OPEN

    house.answer(received, "The switch broke.", sender="Frida <frida@maker.example>")
    expect(talk).to_contain_text("The switch broke.")
    talk.get_by_role("link", name="Answer aside").click()
    expect(line(page)).to_contain_text("To frida@maker.example")
    page.get_by_label("Your words to them").fill("Thank you, Frida!")
    page.keyboard.press("Control+Enter")
    expect(talk).to_contain_text("Thank you, Frida!")
    assert house.caught("frida@maker.example", having="Thank you, Frida!")
    expect(page.locator(".talk")).to_have_count(1)

    # the customer hears of none of it
    page.keyboard.press("r")
    expect(line(page)).to_have_text(re.compile(rf"To Dora Diaz\s*<{DORA}>\s*(\(unverified\))?\s*$"))
    page.keyboard.type("We found it.")
    page.keyboard.press("Control+Enter")
    answer = house.caught(DORA, having="We found it.")
    assert "switch" not in text_of(answer) and "frida" not in answer.as_string().lower()


def test_what_arrived_meanwhile_stops_the_answer_once(house: House, sit, ana, ticket, send_mail_in):  # type: ignore[no-untyped-def]
    seat = sit(ana)
    page = seat.page
    seat.expected.append("409")
    open_ticket(page, ticket)
    page.keyboard.press("r")
    page.keyboard.type("It ships today.")
    saved(page)
    house.write("Re: My order", "It came, thank you!", In_Reply_To="<first@customer.example>")
    expect(page.locator("#thread")).to_contain_text("It came, thank you!")
    page.keyboard.press("Control+Enter")
    held = page.locator(".composer-held")
    expect(held).to_contain_text("It came, thank you!")
    expect(held).to_contain_text("Nothing was sent yet")
    assert not Message.objects.filter(kind="reply").exists()
    expect(words(page)).to_have_value("It ships today.")
    held.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#thread [data-kind=reply]")).to_contain_text("It ships today.")
    expect(held).to_have_count(0)
    assert Message.objects.filter(kind="reply").count() == 1


def test_a_pasted_picture_stands_in_the_text(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("r")
    page.keyboard.type("Look:")
    expect(rich(page)).to_be_focused()
    page.evaluate(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(paste);
        }""",
        PIXEL,
    )
    expect(words(page)).to_have_value("Look:\n\n[image: image.png]\n\n")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread [data-kind=reply] .letter img[alt='image.png']")).to_be_visible()
    attachment = Message.objects.get(kind="reply").attachments.get()
    assert attachment.is_inline and attachment.content_id


def test_a_shared_draft_is_taken_over(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    page, other = sit(ana).page, sit(chloe).page
    open_ticket(page, ticket)
    open_ticket(other, ticket)
    page.keyboard.press("r")
    page.keyboard.type("Half an answer")
    page.locator(".for-reply").get_by_label("Let colleagues see this draft").check()
    expect(other.locator("#pending")).to_contain_text("Ana Silva shares a draft")
    other.get_by_role("button", name="Take over").click()
    expect(words(other)).to_have_value("Half an answer")
    assert Draft.objects.get().author == chloe


def test_on_a_phone_everything_is_in_reach(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    Message.objects.update(cc=["emil@other.example"])
    drafting.save(ticket, actor=ana, kind="reply", content=Content("Dear Dora,"))
    replying.add_note(ticket, text="Look", actor=ana)
    page = sit(ana, **PHONE).page
    open_ticket(page, ticket)
    writing(page).tap()
    page.locator(".recipients:visible summary").tap()
    assert not is_wider_than_the_screen(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll("#composer *")]
          .filter((one) => one.matches("button, summary, .composer-tab, .recipients-offer, .chip-input"))
          .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44 && !one.closest("[hidden]"))
          .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert small == []
