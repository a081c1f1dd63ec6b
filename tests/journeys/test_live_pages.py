"""Open pages while the world goes on: rows stay under the pointer, drafts stay, hostile mail stays a text."""

import pytest
from playwright.sync_api import Route, expect

from tests.conftest import mail
from tests.journeys.conftest import House, soon, words, writing
from tickets.models import Ticket
from tickets.operations import sorting, status

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_rows_do_not_move_under_the_pointer(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    page.get_by_role("link", name="My order").hover()
    house.write("Another matter", "Hello?", Message_ID="<another@customer.example>")
    offer = page.get_by_role("button", name="1 new")
    expect(offer).to_be_visible()
    expect(page.locator("#rows .row")).to_have_count(1)
    offer.click()
    expect(page.locator("#rows .row")).to_have_count(2)
    expect(page.get_by_role("link", name="Another matter")).to_be_visible()


def test_what_comes_before_the_stream_stands_is_seen(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    """A page is drawn first and listens later: what happens in between is told as soon as it does."""
    other, page = sit(chloe).page, sit(ana).page
    other.goto("/")
    expect(other.locator("html")).to_have_attribute("data-live", "on")  # the house is listening already
    waiting: list[Route] = []
    page.route("**/live/*", lambda route: waiting.append(route))
    page.goto(f"/tickets/{ticket.number}/")
    status.resolve(ticket, actor=chloe)
    expect(other.locator("#rows .row")).to_have_count(0)
    soon(page, lambda: bool(waiting))
    waiting[0].continue_()
    expect(page.locator("#header")).to_have_attribute("data-status", "resolved")


def test_a_draft_survives_what_others_do(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    page, other = sit(ana).page, sit(chloe).page
    for one in (page, other):
        one.goto(f"/tickets/{ticket.number}/")
        expect(one.locator("html")).to_have_attribute("data-live", "on")
    page.keyboard.press("r")
    page.keyboard.type("Half a sen")
    other.keyboard.press("y")
    other.keyboard.type("urgent")
    other.keyboard.press("Enter")
    expect(page.locator("#header .ticket-tag")).to_contain_text("urgent")
    expect(writing(page)).to_be_focused()
    page.keyboard.type("tence")
    expect(words(page)).to_have_value("Half a sentence")


def test_who_stays_at_a_button_sees_what_others_do(house: House, sit, ana, chloe, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    assign = page.locator(".ticket-acts [data-act=assign]")
    assign.focus()
    sorting.tag(ticket, name="urgent", actor=chloe)
    expect(page.locator("#header .ticket-tag")).to_contain_text("urgent")
    expect(assign).to_be_focused()
    # what is open is left alone, and brought up to date afterwards
    menu = page.locator(".ticket-acts details").first
    menu.locator("summary").click()
    sorting.untag(ticket, name="urgent", actor=chloe)
    expect(page.locator("#thread")).to_contain_text("took off the tag urgent")
    expect(page.locator("#header .ticket-tag")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#header .ticket-tag")).to_have_count(0)


def test_an_act_that_came_too_late_says_so(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    seat = sit(ana)
    seat.page.route("**/live/*", lambda route: route.abort())  # this page hears nothing
    seat.expected += ["ERR_FAILED", "409"]
    seat.page.goto(f"/tickets/{ticket.number}/")
    status.resolve(ticket, actor=None)
    status.close(Ticket.objects.get(), actor=None)
    seat.page.keyboard.press("e")
    expect(seat.page.locator(".toast[data-tone=bad]")).to_be_visible()


def test_a_signed_out_page_leads_to_the_sign_in(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    seat = sit(ana)
    seat.expected += ["401"]
    seat.page.goto("/")
    seat.context.clear_cookies()
    seat.page.get_by_role("link", name="My order").click()
    expect(seat.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_answer_sent_after_the_session_ended_is_there_for_who_signs_in_again(  # type: ignore[no-untyped-def]
    house: House, sit, ana, ticket, settings
):
    seat = sit(ana)
    seat.expected += ["ERR_FAILED"]
    page = seat.page
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("r")
    page.keyboard.type("It left on Monday")
    signed_in = seat.context.cookies()
    seat.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.keyboard.type(" by train.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    seat.context.add_cookies(signed_in)
    page.goto(f"/tickets/{ticket.number}/")
    expect(words(page)).to_have_value("It left on Monday by train.")
    assert ticket.messages.count() == 1, "nothing was sent"


def test_a_hostile_mail_is_only_read(house: House, sit, ana, inbox):  # type: ignore[no-untyped-def]
    content = mail(subject="Look <script>window.harmed = 1</script>").replace(b"text/plain", b"text/html")
    content = content.replace(
        b"Where is my order?",
        b"<p>Read me</p><script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
        b"<a href='javascript:window.harmed=1'>press</a><style>*{display:none!important}</style>"
        b"<form action='https://thief.example/'><button>pay</button></form>",
    )
    house.send(content)
    page = sit(ana).page
    outside: list[str] = []
    page.on("request", lambda request: request.url.startswith(house.address) or outside.append(request.url))
    page.goto("/")
    page.get_by_role("link", name="Look").click()
    letter = page.frame_locator("[data-letter]").locator("main")
    expect(letter).to_contain_text("Read me")
    expect(letter.locator("script, form, style, [onerror], [href^=javascript]")).to_have_count(0)
    assert page.evaluate("window.harmed") is None
    assert outside == []


def test_the_catcher_shows_the_mail_and_answers_as_the_customer(house: House, sit, ana, admin, ticket):  # type: ignore[no-untyped-def]
    page, catcher = sit(ana).page, sit(admin).page
    page.goto(f"/tickets/{ticket.number}/")
    page.keyboard.press("r")
    page.keyboard.type("It left on Monday.")
    page.keyboard.press("Control+Enter")
    house.caught("dora@customer.example", having="It left on Monday.")
    catcher.goto("/mail-catcher/")
    catcher.get_by_role("link", name="Re: My order").click()
    expect(catcher.frame_locator("iframe").get_by_text("It left on Monday.")).to_be_visible()
    catcher.get_by_label("What they write").fill("It is here, thank you!")
    catcher.get_by_role("button", name="Send as the customer").click()
    expect(page.locator("#thread")).to_contain_text("It is here, thank you!")
