"""A visitor of somebody's shop, strict policy and all, chats with Ana, leaves, answers by mail, and comes back."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from feedback.models import Response, Survey
from feedback.operations import answering
from helpdesk import clock
from helpdesk.models import Agent, Team
from tests.journeys.conftest import House, Seat, soon, text_of
from tests.journeys.test_for_everybody import RULES
from tests.pictures import png
from tests.tickets.channels.chat.rig import Browser as Visitors
from tests.tickets.channels.chat.test_talking_to_the_widget import signed
from tickets import reading
from tickets.channels.chat import views, words
from tickets.models import ChannelAccount, Delivery, Inbox, Message, Ticket, Visitor
from tickets.operations import leaving, replying, status

ARABIC = words.of("ar", {})
pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(house: House, team: Team, inbox: Inbox) -> Iterator[str]:
    """A page elsewhere whose policy allows our script and our address, and whose own styles mean no good."""
    chat = Inbox.objects.create(name="Shop chat", channel="chat", mails_through=inbox, calendar=None)
    chat.teams.add(team)
    account = ChannelAccount.objects.create(inbox=chat, kind="chat")
    policy = (
        f"default-src 'none'; script-src {house.address}; connect-src {house.address}; "
        "require-trusted-types-for 'script'; style-src 'self'"
    )
    page = (
        '<!doctype html><html lang="en"><title>Shop</title><link rel="stylesheet" href="/style.css"><h1>Lamps</h1>'
        f'<script src="{house.address}/chat/{account.key}/widget.js" async></script>'
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_style = self.path == "/style.css"
            is_arabic = self.path == "/ar/"
            told = page.replace('lang="en"', 'lang="ar" dir="rtl"') if is_arabic else page
            body = b"*{color:red!important;display:block;font-size:40px!important}" if is_style else told.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/css" if is_style else "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://localhost:{server.server_port}"
    account.config = {"allowed_origins": [address], "colour": "#1f5f5b", "asks_page": True}
    account.save()
    yield address
    server.shutdown()
    server.server_close()


def violations(page: Page) -> list[str]:
    """What axe-core objects to in the widget; the page around it is not ours."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate("document.querySelector('helpdesk-chat').shadowRoot.getAnimations().forEach((one) => one.finish())")
    found = page.evaluate("(options) => axe.run('helpdesk-chat', options)", {**RULES, "rules": {}})
    assert len(found["passes"]) > 10, "axe-core looked at nothing"
    return [f"{v['id']}: {v['help']}: {[node['html'][:160] for node in v['nodes'][:3]]}" for v in found["violations"]]


#: remembers for how long nothing else could happen on a page
FREEZES = """() => {
  let at = window.since = performance.now();
  window.longest = 0;
  setInterval(() => {
    window.longest = Math.max(window.longest, performance.now() - at);
    at = performance.now();
  }, 10);
}"""


def no_visitor_is_here() -> None:
    Visitor.objects.update(here_at=clock.now() - timedelta(minutes=10))


def test_a_visitor_chats_leaves_answers_by_mail_and_comes_back(
    house: House, shop: str, sit: Callable[..., Seat], ana: Agent, look: Callable[[Page, str], None]
) -> None:
    seat = sit()
    page = seat.page
    page.goto(shop)
    page.get_by_role("button", name="Open the chat").click()
    look(page, "chat-empty")
    page.get_by_label("Your name").fill("Dora Lind")
    page.get_by_label("Write a message").fill("Where is my parcel?")
    lamp = {"name": "lamp (1).png", "mimeType": "image/png", "buffer": png(600, 400)}
    page.locator("helpdesk-chat input[type=file]").set_input_files(lamp)  # type: ignore[arg-type]
    page.get_by_role("button", name="Send", exact=True).click()
    log = page.get_by_role("log", name="Messages")
    expect(log.get_by_text("Received")).to_be_visible()
    drawn = log.get_by_role("img", name="lamp (1).png")
    soon(page, lambda: bool(drawn.evaluate("(one) => one.getContext('2d').getImageData(240, 160, 1, 1).data[3]")))
    expect(log.get_by_text("Seen by the team")).to_have_count(0)
    reading.mark_read(Ticket.objects.get(), ana, upto=Message.objects.get().pk)
    expect(log.get_by_text("Seen by the team")).to_be_visible()
    look(page, "chat-picture")

    # two words from the queue, and one while the chat is shut
    ticket = Ticket.objects.get()
    assert ticket.customer.name == "Dora Lind" and ticket.channel == "chat"
    replying.reply(ticket, text="On its way. See https://shop.example/track", actor=ana)
    expect(log.get_by_text("On its way.")).to_be_visible()
    expect(log.get_by_text("Seen by the team")).to_have_count(0)
    expect(log.get_by_role("link", name="https://shop.example/track")).to_have_attribute(
        "rel", "noopener noreferrer nofollow"
    )
    look(page, "chat-talk")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
    replying.reply(ticket, text="It comes tomorrow.", actor=ana)
    expect(page.get_by_role("button", name="New messages: 1")).to_be_visible()
    soon(page, lambda: Delivery.objects.exclude(seen_at=None).exists())
    assert Delivery.objects.exclude(seen_at=None).count() == 1, "what came while it was shut is not seen"
    look(page, "chat-badge")
    page.get_by_role("button", name="New messages: 1").click()
    expect(log.get_by_text("It comes tomorrow.")).to_be_visible()

    # on a phone, in the dark
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    look(page, "chat-phone-dark")
    assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})

    # they leave their address, and go; what is answered then comes by mail
    page.get_by_label("Your e-mail address").last.fill("dora@customer.example")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Answers go to dora@customer.example")).to_be_visible()
    # who goes before their browser could tell what it showed has not seen it
    soon(page, lambda: Delivery.objects.exclude(seen_at=None).count() == 2)
    page.goto("about:blank")
    replying.reply(ticket, text="It is with your neighbour.", actor=ana)
    soon(page, lambda: not Delivery.objects.filter(state="queued").exists())
    no_visitor_is_here()
    # long enough ago, should their line's end be noticed only now
    assert leaving.mail_unseen(at=clock.now() + timedelta(minutes=4)) == 1
    received = house.caught("dora@customer.example", having="with your neighbour")
    assert "It comes tomorrow." not in text_of(received), "what they saw is not mailed"
    house.answer(received, "Thank you, I have it!", sender="Dora Lind <dora@customer.example>")
    soon(page, lambda: ticket.messages.count() == 5)
    assert Ticket.objects.count() == 1

    # and back again
    page.goto(shop)
    expect(log.get_by_text("Thank you, I have it!")).to_be_visible()
    for said in ("Where is my parcel?", "On its way.", "It comes tomorrow.", "It is with your neighbour."):
        expect(log.get_by_text(said)).to_have_count(1)
    look(page, "chat-back")


def test_what_is_written_offline_goes_out_once_and_a_page_loaded_anew_loses_nothing(
    shop: str, sit: Callable[..., Seat]
) -> None:
    seat = sit()
    seat.expected.append("ERR_INTERNET_DISCONNECTED")
    page = seat.page
    page.goto(shop)
    page.get_by_role("button", name="Open the chat").click()
    log = page.get_by_role("log", name="Messages")
    seat.context.set_offline(True)
    page.get_by_label("Write a message").fill("Is anybody there?")
    page.keyboard.press("Enter")
    expect(log.get_by_text("Not sent yet.")).to_be_visible()
    seat.context.set_offline(False)
    page.reload()
    expect(log.get_by_text("Received")).to_be_visible()
    page.reload()
    expect(log.get_by_text("Is anybody there?")).to_have_count(1)
    assert Ticket.objects.get().messages.count() == 1
    kept = json.loads(page.evaluate("JSON.stringify(Object.values(localStorage)[0])"))
    assert '"queue":[]' in kept and page.context.cookies() == []


def test_t10_under_attack_a_browser_works_for_its_first_message_and_it_arrives_once(
    shop: str, sit: Callable[..., Seat], ana: Agent, monkeypatch: pytest.MonkeyPatch, look: Callable[[Page, str], None]
) -> None:
    """On an Arabic page, so that what runs from right to left is looked at, too."""
    monkeypatch.setattr(views, "WORK_ABOVE", 0)
    seat = sit()
    seat.expected.append("429")
    page = seat.page
    page.goto(f"{shop}/ar/")
    page.get_by_role("button", name=ARABIC["open"]).click()
    page.get_by_label(ARABIC["write"]).fill("أين طردي؟")
    page.evaluate(FREEZES)
    page.keyboard.press("Enter")
    log = page.get_by_role("log", name=ARABIC["log"])
    expect(log.get_by_text(ARABIC["received"])).to_be_visible()
    expect(log.get_by_text("أين طردي؟")).to_have_count(1)
    ticket = Ticket.objects.get()
    assert ticket.messages.count() == 1
    longest, whole = page.evaluate("[window.longest, performance.now() - window.since]")
    assert longest < max(2000, whole / 2), "the page stood still while its browser worked"
    box, panel = (page.locator(f"helpdesk-chat {one}").bounding_box() for one in (".launch", ".panel"))
    assert box and panel and box["x"] < 100 and panel["x"] < 100, "lines end on the left here"

    # one that is refused says why, and can be taken back
    refusal = {"status": 413, "body": '{"error": "large"}', "headers": {"Access-Control-Allow-Origin": shop}}
    seat.expected.append("413")
    page.route("**/send", lambda route: route.fulfill(**refusal))  # type: ignore[arg-type]
    page.get_by_label(ARABIC["write"]).fill("مرحبا")
    page.keyboard.press("Enter")
    expect(log.get_by_text(ARABIC["why_large"])).to_be_visible()
    assert violations(page) == []
    look(page, "chat-arabic")
    log.get_by_role("button", name=ARABIC["discard"]).click()
    expect(page.get_by_label(ARABIC["write"])).to_have_value("مرحبا")
    page.unroute("**/send")
    page.keyboard.press("Enter")
    expect(log.get_by_text(ARABIC["received"])).to_have_count(2)

    # it is over while they look on
    status.resolve(ticket, actor=ana)
    expect(log.get_by_text(ARABIC["ended"])).to_be_visible()


def test_a_visitor_is_told_that_it_arrived_and_asked_how_it_was_in_the_chat(
    shop: str, sit: Callable[..., Seat], ana: Agent, survey: Survey, look: Callable[[Page, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(answering, "TOO_SOON", timedelta(0))  # nobody here waits as people do (tests/feedback)
    Survey.objects.update(asks_solved=True)
    Inbox.objects.filter(channel="chat").update(acknowledges=True)
    page = sit().page
    page.goto(shop)
    page.get_by_role("button", name="Open the chat").click()
    page.get_by_label("Write a message").fill("Where is my parcel?")
    page.keyboard.press("Enter")
    log = page.get_by_role("log", name="Messages")
    expect(log.get_by_text("It has arrived and has the number")).to_be_visible()
    ticket = Ticket.objects.get()
    status.resolve(ticket, actor=ana)
    question = log.get_by_role("group", name="How satisfied were you with the help you got?")
    expect(question).to_be_visible()
    question.get_by_text("satisfied", exact=True).locator("..").click()
    expect(question.get_by_role("radio", name="satisfied", exact=True)).to_be_checked()
    assert page.locator("helpdesk-chat .panel").evaluate("(one) => one.scrollTop") == 0, "its head stays in sight"
    page.get_by_role("radio", name="Yes").check()
    page.get_by_label("Anything you want to tell us").fill("Quick!")
    look(page, "chat-survey")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    look(page, "chat-survey-phone-dark")
    page.locator(".ask").get_by_role("button", name="Send").click()
    expect(log.get_by_text("Thank you. Your answer: satisfied")).to_be_visible()
    look(page, "chat-survey-answered")
    kept = Response.objects.get()
    assert (kept.score, kept.comment, kept.is_solved) == (4, "Quick!", True)


def test_t22_another_tab_shows_what_was_carried_over_at_once_and_nothing_once_they_signed_out(
    house: House, shop: str, sit: Callable[..., Seat], ana: Agent
) -> None:
    secret = "a secret that is long enough for anybody"
    account = ChannelAccount.objects.get()
    account.sealed = json.dumps({"identity_secret": secret})
    account.save()
    identity = signed(secret, name="Dora Lind", email="dora@customer.example")
    phone = Visitors(account.key, origin=shop, token="")
    phone.boot(identity=identity)
    phone.say("An older matter")

    seat = sit()
    seat.expected += ["404", "401"]  # the latter for what a tab was asking while the other signed out
    one, other = seat.page, seat.context.new_page()
    one.goto(shop)
    one.get_by_role("button", name="Open the chat").click()
    one.get_by_label("Write a message").fill("A new matter")
    one.keyboard.press("Enter")
    expect(one.get_by_role("log").get_by_text("Received")).to_be_visible()
    other.goto(shop)
    other.get_by_role("button", name="Open the chat").or_(other.locator(".panel")).first.click()
    log = other.get_by_role("log", name="Messages")
    expect(log.get_by_text("A new matter")).to_be_visible()

    one.evaluate("(signed) => helpdesk.identify(signed)", identity)
    expect(log.get_by_text("An older matter")).to_be_visible()
    expect(log.get_by_text("A new matter")).to_have_count(1)
    replying.reply(Ticket.objects.latest("pk"), text="We look at both.", actor=ana)
    expect(log.get_by_text("We look at both.")).to_be_visible()

    one.evaluate("() => helpdesk.forget()")
    expect(log.get_by_text("matter")).to_have_count(0)
