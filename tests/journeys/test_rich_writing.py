"""The editor: bold words, links, lists and pictures as one writes, and the same in the mail and its plain text."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, rich, soon, text_of, words
from tests.journeys.test_composer import DORA, PIXEL, open_ticket, saved
from tickets.models import Draft, Message

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
DROP = """([selector, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "plan.png", { type: "image/png" }));
  const place = document.querySelector(selector);
  const { left, top } = place.getBoundingClientRect();
  for (const name of ["dragover", "drop"]) {
    const where = { clientX: left + 5, clientY: top + 5 };
    place.dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true, ...where }));
  }
}"""


def test_what_is_written_richly_is_kept_sent_and_taken_back(house: House, sit, ana, ticket, settings, look):  # type: ignore[no-untyped-def]
    settings.UNDO_SECONDS = 30
    page = sit(ana).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_ticket(page, ticket)
    assert not [url for url in asked if "editor" in url and url.endswith(".js")], "nobody writes yet"
    page.keyboard.press("r")
    page.keyboard.type("It ")
    expect(rich(page)).to_be_focused()
    page.keyboard.press("Control+b")
    page.keyboard.type("ships")
    page.keyboard.press("Control+b")
    page.keyboard.type(" today.")
    page.keyboard.press("Enter")
    page.keyboard.type("- one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(rich(page).locator("li")).to_have_count(2)
    # the buttons come with a selection
    toolbar = page.get_by_role("toolbar", name="Formatting")
    expect(toolbar).to_be_hidden()
    page.keyboard.press("Control+Shift+ArrowLeft")
    expect(toolbar).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("x.example/2")
    page.keyboard.press("Enter")
    expect(rich(page).locator("a")).to_have_attribute("href", "https://x.example/2")
    expect(rich(page)).to_be_focused()
    look(page, "rich")
    html = '<p>It <strong>ships</strong> today.</p><ul><li><p>one</p></li><li><p><a href="https://x.example/2">two</a></p></li></ul>'
    said = "It ships today.\n\n- one\n- two <https://x.example/2>"
    soon(page, lambda: "x.example" in Draft.objects.get().text)
    draft = Draft.objects.get()
    assert (draft.text, draft.html) == (said, html)

    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread [data-kind=reply] strong")).to_have_text("ships")
    page.keyboard.press("z")
    expect(rich(page)).to_be_focused()
    expect(rich(page).locator("strong")).to_have_text("ships")
    settings.UNDO_SECONDS = 0
    page.keyboard.press("Control+Enter")
    received = house.caught(DORA, having="It ships today.")
    assert said in text_of(received).replace("\r\n", "\n")
    assert "<strong>ships</strong>" in received.get_body(("html",)).get_content()  # type: ignore[union-attr]
    expect(words(page)).to_have_value("")


def test_a_dropped_picture_stands_where_it_fell(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("r")
    page.keyboard.type("Look:")
    expect(rich(page)).to_be_focused()
    page.keyboard.press("Enter")
    page.evaluate(DROP, [".composer-editor", PIXEL])
    expect(rich(page).locator("img[alt='plan.png']")).to_be_visible()
    saved(page)
    page.reload()
    expect(rich(page).locator("img[alt='plan.png']")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Send Ctrl")).click()
    expect(page.locator("#thread [data-kind=reply] .letter img[alt='plan.png']")).to_be_visible()
    reply = Message.objects.get(kind="reply")
    picture = reply.attachments.get()
    assert picture.is_inline and f"cid:{picture.content_id}" in reply.html and "[image: plan.png]" in reply.text


def test_what_arrives_while_one_writes_moves_no_caret(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    open_ticket(page, ticket)
    page.keyboard.press("r")
    page.keyboard.type("Dear , it ships.")
    expect(rich(page)).to_be_focused()
    for _ in range(len(", it ships.")):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("Do")
    saved(page)
    house.write("Re: My order", "Any news?", In_Reply_To="<first@customer.example>")
    expect(page.locator("#thread")).to_contain_text("Any news?")
    page.keyboard.type("ra")
    expect(words(page)).to_have_value("Dear Dora, it ships.")
