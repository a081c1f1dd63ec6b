"""Visitors chat with Ana: she takes them, reads along, has two at once, hands one to Chloe, and ends the other."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from helpdesk.models import Agent, Team
from tests.journeys.conftest import PATIENCE_MS, House, Seat, writing
from tests.journeys.test_for_everybody import wrong
from tickets.channels.chat import presence
from tickets.models import ChannelAccount, Inbox, Ticket
from tickets.operations import assignment, chat_seats, replying

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


#: remembers what sounds and what is shown outside the page
LISTENS = """
window.told = []; window.tones = 0;
window.Notification = class extends EventTarget {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(words) { super(); window.told.push(words); }
  close() {}
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) { window.tones += 1; return start.apply(this, at); };
"""


def heard(page: Page, *, tones: int, told: int = 0) -> None:
    """Wait until so much sounded and was shown; the policy of our pages lets no string be run, as waiting would."""
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate("[window.tones, window.told.length]") == [tones, told]:
            return
        page.wait_for_timeout(50)
    assert page.evaluate("[window.tones, window.told.length]") == [tones, told]


@pytest.fixture
def chat(house: House, team: Team, inbox: Inbox) -> ChannelAccount:
    made = Inbox.objects.create(name="Shop chat", channel="chat", mails_through=inbox, calendar=None)
    made.teams.add(team)
    return ChannelAccount.objects.create(inbox=made, kind="chat")


def test_two_chats_at_once_one_handed_on_and_one_ended(
    house: House, chat: ChannelAccount, sit: Callable[..., Seat], ana: Agent, chloe: Agent,
    monkeypatch: pytest.MonkeyPatch, look: Callable[[Page, str], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0)  # who leaves is gone at once
    desk, dora, emil = sit(ana).page, sit().page, sit().page

    def say(page: Page, text: str, name: str = "") -> None:
        if name:
            page.goto("/chat/demo/")
            page.get_by_role("button", name="Open the chat").click()
            page.get_by_label("Your name").fill(name)
        page.get_by_label("Write a message").fill(text)
        page.keyboard.press("Enter")

    # she takes chats, and one comes to her by itself
    desk.goto("/")
    expect(desk.locator("html")).to_have_attribute("data-live", "on")
    desk.keyboard.press("d")
    bar = desk.get_by_role("navigation", name="My chats")
    expect(bar.get_by_role("button", name="Taking chats")).to_be_visible()
    say(dora, "Where is my parcel?", "Dora Lind")
    bar.get_by_role("link", name="Dora Lind").click()
    strip = desk.get_by_role("group", name="The visitor")
    expect(strip).to_contain_text("Dora Lind is here")
    hers = Ticket.objects.get()
    assert hers.assignee == ana

    # each sees the other type; Ana reads along
    log = dora.get_by_role("log", name="Messages")
    expect(log.get_by_text("Received")).to_be_visible()
    dora.get_by_label("Write a message").press_sequentially("It was to come")
    expect(strip).to_contain_text("typing: “It was")
    desk.keyboard.press("r")
    writing(desk).press_sequentially("It comes today.")
    expect(dora.get_by_text("Team is typing")).to_be_visible()
    look(desk, "desk-typing")
    assert wrong(desk) == []
    desk.keyboard.press("Control+Enter")
    expect(log.get_by_text("It comes today.")).to_be_visible()

    # a second one at the same time, a key away
    say(emil, "Do you ship to Malta?", "Emil Borg")
    expect(bar.get_by_role("link", name="Emil Borg")).to_be_visible()
    desk.keyboard.press("Escape")
    desk.keyboard.press(".")
    expect(strip).to_contain_text("Emil Borg is here")
    look(desk, "desk-two")

    # it is handed to Chloe, and in her bar
    desk.keyboard.press("a")
    desk.locator(f"#assign-agent-{chloe.pk}").click()
    expect(bar.get_by_role("link", name="Emil Borg")).to_have_count(0)
    theirs = sit(chloe).page
    theirs.goto("/")
    expect(theirs.get_by_role("navigation", name="My chats").get_by_role("link", name="Emil Borg")).to_be_visible()
    emil.goto("about:blank")
    expect(strip).to_contain_text("Emil Borg left")

    # and Dora's is over, which she sees
    desk.keyboard.press(".")
    expect(strip).to_contain_text("Dora Lind is here")
    desk.keyboard.press("e")
    expect(log.get_by_text("This chat is over.")).to_be_visible()
    expect(bar.get_by_role("link", name="Dora Lind")).to_have_count(0)


def test_who_looks_elsewhere_is_told_by_a_tone_and_a_notification(
    house: House, chat: ChannelAccount, sit: Callable[..., Seat], ana: Agent
) -> None:
    chat_seats.arrange(ana, capacity=4, rings=True, notifies=True)
    desk, dora = sit(ana).page, sit().page
    for page in (desk, dora):
        page.add_init_script(LISTENS)
    dora.goto("/chat/demo/")
    dora.get_by_role("button", name="Open the chat").click()
    dora.get_by_label("Your name").fill("Dora Lind")
    dora.get_by_label("Write a message").fill("Where is my parcel?")
    dora.keyboard.press("Enter")
    expect(dora.get_by_role("log", name="Messages").get_by_text("Received")).to_be_visible()
    ticket = Ticket.objects.get()
    assignment.take(ticket, actor=ana)

    # the visitor shut the chat: a tone, and the count at the button
    dora.keyboard.press("Escape")
    replying.reply(ticket, text="It comes today.", actor=ana)
    expect(dora.get_by_role("button", name="New messages: 1")).to_be_visible()
    heard(dora, tones=1)

    # the agent looks at something else: two tones and who wrote, and not what
    desk.goto("/")
    expect(desk.locator("html")).to_have_attribute("data-live", "on")
    desk.locator("h1, h2").first.click()
    desk.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    dora.get_by_role("button", name="New messages: 1").click()
    dora.get_by_label("Write a message").fill("Thank you, my secret is 4711")
    dora.keyboard.press("Enter")
    heard(desk, tones=2, told=1)
    [told] = desk.evaluate("window.told")
    assert "Dora Lind" in told and "4711" not in told

    # who wants silence has it
    dora.get_by_role("button", name="More").click()
    dora.get_by_role("checkbox", name="Sound").uncheck()
    dora.keyboard.press("Escape")
    dora.keyboard.press("Escape")
    replying.reply(ticket, text="Take care.", actor=ana)
    expect(dora.get_by_role("button", name="New messages: 1")).to_be_visible()
    assert dora.evaluate("window.tones") == 1
