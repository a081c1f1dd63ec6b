"""What the widget asks and is answered: see docs/chat.md."""

import base64
import gzip
import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

import brotli
import pytest
import time_machine
from django.test import Client

from helpdesk import clock
from helpdesk.models import Agent, Calendar, Event
from tests.tickets.channels.chat.rig import SECRET, SITE, Browser
from tickets import tasks
from tickets.channels.chat import languages, origins, tokens, words, work
from tickets.channels.chat import presence as here
from tickets.models import (
    ChannelAccount,
    ChannelMessage,
    ContactPoint,
    Customer,
    Delivery,
    DeliveryState,
    Message,
    Ticket,
    Visitor,
    VisitorToken,
)
from tickets.operations import replying, status

pytestmark = pytest.mark.django_db


def signed(secret: str = SECRET, **said: Any) -> str:
    said = {"id": "u-5", "expires": clock.now().timestamp() + 600} | said
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"{payload}.{hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()}"


def answer(ana: Agent, text: str = "On its way.") -> None:
    replying.reply(Ticket.objects.latest("pk"), text=text, actor=ana)
    tasks.deliver_posts()


def test_a_page_is_told_how_the_chat_looks_and_keeps_nothing_of_who_only_looks(dora: Browser) -> None:
    told = dora.boot(language="de-AT")
    assert (told["language"], told["words"]["send"], told["visitor"]) == ("de", "Senden", None)
    assert told["wait"]["open"] in (True, False) and told["asks"]["questions"] == ["Order number"]
    assert not Visitor.objects.exists() and not VisitorToken.objects.exists()


def test_the_inboxs_own_words_win_and_add_languages(chat: ChannelAccount, dora: Browser) -> None:
    chat.config |= {"title": "Hola", "texts": {"send": "Go", "ar.send": "إرسال"}}
    chat.save()
    assert dora.boot(language="en")["words"]["send"] == "Go"
    told = dora.boot(language="ar-EG")
    assert (told["words"]["send"], told["direction"], told["words"]["title"]) == ("إرسال", "rtl", "Hola")


def test_a_page_whose_language_we_do_not_speak_keeps_its_direction(chat: ChannelAccount, dora: Browser) -> None:
    assert dora.boot(language="he-IL")["direction"] == "rtl"
    told = dora.boot(language="fa", direction="rtl")
    assert (told["language"], told["direction"]) == ("en", "rtl")
    assert dora.boot(language="fa", direction="up")["direction"] == "ltr"
    assert dora.boot(language="de", direction="rtl")["direction"] == "ltr"
    chat.config |= {"language": "de"}
    chat.save()
    assert dora.boot(language="ar", direction="rtl")["direction"] == "ltr", "the inbox speaks German everywhere"


@pytest.mark.parametrize("language", [name for name, _ in words.NAMES if name != "en"])
def test_every_language_says_what_english_says_with_the_same_facts(language: str) -> None:
    spoken = words.of(language, {})
    assert spoken["send"] != words.ENGLISH["send"]
    for name, text in words.ENGLISH.items():
        assert set(re.findall(r"\{\w+\}", spoken[name])) == set(re.findall(r"\{\w+\}", text)), name
    assert set(languages.OTHERS.get(language, {})) <= words.ENGLISH.keys() | words.COUNTED


def test_an_open_widget_hears_that_its_chat_is_over_and_that_it_goes_on(dora: Browser, ana: Agent) -> None:
    dora.say("Where is my parcel?")
    assert dora.ask("messages", after=0).json()["ended"] is False
    status.resolve(Ticket.objects.get(), actor=ana)
    assert dora.ask("messages", after=0).json()["ended"] is True
    dora.say("And the other one?", 2)
    assert dora.ask("messages", after=0).json()["ended"] is False


def test_what_a_visitor_says_is_a_ticket_with_what_they_answered_before(dora: Browser, chat: ChannelAccount) -> None:
    sent = dora.say("Where is my parcel?", name="Dora Lind", answers={"Order number": "77", "Other": "no"})
    assert sent.json()["message"]["text"] == "Where is my parcel?"
    row = ChannelMessage.objects.get()
    assert row.facts["answers"] == [["Order number", "77"]]
    assert row.message and row.message.sender and row.message.sender.customer.name == "Dora Lind"
    visitor = Visitor.objects.get()
    assert visitor.talk == row.conversation and visitor.inbox == chat.inbox


def test_the_same_message_twice_is_one_and_two_tabs_are_one_visitor(dora: Browser, chat: ChannelAccount) -> None:
    first, again = dora.say("Hello"), dora.say("Hello")
    assert first.json()["message"]["seq"] == again.json()["message"]["seq"]
    Browser(chat.key, token=dora.token).say("From another tab", 2)
    assert Visitor.objects.count() == 1 and Ticket.objects.count() == 1 and Message.objects.count() == 2


def test_an_answer_is_delivered_when_the_browser_has_it_and_seen_when_it_was_looked_at(
    dora: Browser, ana: Agent
) -> None:
    dora.say("Where is my parcel?")
    answer(ana)
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.SENT
    mine, ours = dora.read()
    assert (mine["ours"], ours["ours"], ours["from"], ours["text"]) == (False, True, "Ana Silva", "On its way.")
    assert dora.boot()["unseen"] == 1
    assert dora.read(after=ours["seq"]) == []
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED and delivery.seen_at is None
    assert dora.ask("seen", upto=ours["seq"]).status_code == 204
    delivery.refresh_from_db()
    assert delivery.seen_at and dora.boot()["unseen"] == 0
    dora.ask("seen", upto=ours["seq"])
    assert Event.objects.filter(verb="message.seen").count() == 1


def test_what_becomes_readable_later_is_later_in_line(dora: Browser, ana: Agent) -> None:
    """An answer that could still be taken back is not overtaken for good by what the visitor writes meanwhile."""
    dora.say("Where is my parcel?")
    replying.reply(Ticket.objects.get(), text="On its way.", actor=ana, delay=timedelta(seconds=10))
    last = dora.say("Hello?", 2).json()["message"]["seq"]
    with time_machine.travel(clock.now() + timedelta(seconds=11)):
        tasks.deliver_posts()
        assert [one["text"] for one in dora.read(after=last)] == ["On its way."]


def test_notes_and_other_peoples_mails_are_not_in_the_widget(dora: Browser, ana: Agent) -> None:
    dora.say("Where is my parcel?")
    replying.add_note(Ticket.objects.get(), text="He is rude", actor=ana)
    assert [one["text"] for one in dora.read()] == ["Where is my parcel?"]


def test_a_file_comes_in_and_goes_out_at_an_address_made_for_its_visitor(dora: Browser, emil: Browser) -> None:
    dora.ask("send", id="message-1", text="", file=("a.txt", b"some words", "text/plain"))
    [file] = dora.read()[0]["files"]
    fetched = Client().get(file["url"].removeprefix("http://localhost:8000"))
    assert fetched.getvalue() == b"some words" and "attachment" in fetched["Content-Disposition"]
    assert Client().get(file["url"].removeprefix("http://localhost:8000")[:-2] + "x").status_code == 404


def test_the_page_is_shown_where_it_is_asked_for_and_without_its_secrets(dora: Browser, chat: ChannelAccount) -> None:
    dora.say("Hi", page={"url": "https://shop.example/cart?token=s3cret#top", "title": "Cart"})
    visitor = Visitor.objects.get()
    assert (visitor.page_url, visitor.page_title) == ("https://shop.example/cart", "Cart")
    chat.config["asks_page"] = False
    chat.save()
    dora.ask("page", page={"url": "https://shop.example/other", "title": "Other"})
    visitor.refresh_from_db()
    assert visitor.page_url == "https://shop.example/cart"


def test_agents_see_what_a_visitor_is_typing_until_it_is_sent(dora: Browser) -> None:
    dora.say("Hi")
    dora.ask("typing", text="Where is my par")
    number = Ticket.objects.get().pk
    assert here.around([number])[number].typing == "Where is my par"
    dora.say("Where is my parcel?", 2)
    assert here.around([number])[number].typing is None


def test_what_must_be_answered_is_named_before_the_first_message_and_not_after(
    dora: Browser, chat: ChannelAccount
) -> None:
    chat.config |= {"asks_email": "required", "questions": ["Order number*"]}
    chat.save()
    refused = dora.say("Hi")
    assert refused.status_code == 422 and refused.json()["fields"] == ["email", "Order number*"]
    assert dora.say("Hi", email="dora@customer.example", answers={"Order number": "7"}).status_code == 200
    assert dora.say("And", 2).status_code == 200


@pytest.mark.parametrize(
    "address", ["nobody", "a@b", "support@demo.localhost", "no-reply@shop.example", "a b@c.example"]
)
def test_where_nobody_can_be_written_to_is_no_address(dora: Browser, address: str) -> None:
    dora.say("Hi")
    assert dora.ask("email", email=address).status_code == 422
    assert Visitor.objects.get().email == ""


def test_out_of_hours_says_when_somebody_is_back_and_promises_nothing(
    dora: Browser, chat: ChannelAccount, calendar: Calendar
) -> None:
    chat.inbox.calendar = calendar
    chat.inbox.save()
    with time_machine.travel("2026-03-01T12:00:00Z"):  # a Sunday
        wait = dora.boot()["wait"]
    assert wait == {"open": False, "opens": "2026-03-02T08:00:00+00:00", "seconds": None}


def test_the_wait_is_what_eight_in_ten_waited_and_who_waits_in_vain_counts(chat: ChannelAccount, ana: Agent) -> None:
    from tickets.channels.chat import waiting

    began = clock.now() - timedelta(hours=1)
    for number in range(6):
        browser = Browser(chat.key, REMOTE_ADDR=f"10.0.0.{number}")
        with time_machine.travel(began):
            browser.say("Hi")
        if number < 5:
            with time_machine.travel(began + timedelta(minutes=number + 1)):
                answer(ana)
    assert waiting._seconds(chat.inbox, clock.now()) == 300
    for more in range(2):
        with time_machine.travel(began):
            Browser(chat.key, REMOTE_ADDR=f"10.0.1.{more}").say("Hi")
    assert waiting._seconds(chat.inbox, clock.now()) is None


def test_the_script_is_small_and_packed(chat: ChannelAccount) -> None:
    plain = Client().get(f"/chat/{chat.key}/widget.js")
    for how, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        packed = Client().get(f"/chat/{chat.key}/widget.js", HTTP_ACCEPT_ENCODING=how)
        assert packed["Content-Encoding"] == how and unpack(packed.content) == plain.content
        assert len(packed.content) <= 15_000
    again = Client().get(f"/chat/{chat.key}/widget.js", HTTP_IF_NONE_MATCH=plain["ETag"])
    assert again.status_code == 304 and not again.content


# ---------------------------------------------------------------------- who it is


def test_whom_the_site_signs_for_finds_their_talk_on_every_device(dora: Browser, chat: ChannelAccount) -> None:
    told = dora.boot(identity=signed(name="Dora Lind", email="dora@customer.example"))
    assert told["identity"] == "known" and told["visitor"]["name"] == "Dora Lind"
    dora.say("Where is my parcel?")
    phone = Browser(chat.key, token="")
    phone.boot(identity=signed())
    assert [one["text"] for one in phone.read()] == ["Where is my parcel?"]
    assert Visitor.objects.count() == 1


def test_whom_the_site_signs_for_is_the_customer_with_that_address(dora: Browser, chat: ChannelAccount) -> None:
    customer = Customer.objects.create(name="Dora Diaz")
    ContactPoint.objects.create(customer=customer, channel="email", address="dora@customer.example")
    dora.boot(identity=signed(email="Dora@customer.example"))
    dora.say("Hi")
    assert Ticket.objects.get().customer == customer


def test_signing_out_ends_the_browsers_token_and_the_next_person_sees_nothing(
    dora: Browser, chat: ChannelAccount
) -> None:
    dora.boot(identity=signed())
    dora.say("My secret")
    token = dora.token
    assert dora.boot()["visitor"] is None and dora.token != token  # no identity any more
    other = Browser(chat.key, token=token)
    other.boot(identity=signed(id="u-6"))
    assert other.token != token and other.read() == []
    ended = Browser(chat.key, token=token)
    assert ended.ask("goodbye").status_code == 204
    assert ended.ask("messages", after=0).status_code == 404 and ended.say("Again").status_code == 401


def test_t29_1_an_address_somebody_types_joins_them_to_nobody(dora: Browser, ana: Agent) -> None:
    customer = Customer.objects.create(name="Dora Diaz")
    ContactPoint.objects.create(customer=customer, channel="email", address="dora@customer.example")
    dora.say("Hi", email="dora@customer.example")
    ticket = Ticket.objects.get()
    assert ticket.customer != customer and not customer.tickets.exists()
    there = here.around([ticket.pk])[ticket.pk]
    assert there.email == "dora@customer.example" and not there.is_email_vouched
    assert [one["text"] for one in dora.read()] == ["Hi"]


ANOTHER = base64.urlsafe_b64encode(b'{"id":"u-6","expires":9999999999}').decode()


@pytest.mark.parametrize(
    "forged",
    [
        f"{ANOTHER}.{signed().split('.')[1]}", signed(expires=1), signed(expires=True), signed(expires="9999999999"),
        signed(secret="another secret of length"),
        signed().split(".")[0] + ".", signed().split(".")[0], "." + signed().split(".")[1], signed(id=""),
        signed(id=None), signed(id=["u-5"]), "eyJhbGciOiJub25lIn0.eyJpZCI6InUtNSJ9.", "x" * 5000, 7, ["a"],
        {"id": "u-5"},
    ],
    ids=range(16),
)  # fmt: skip
def test_t29_2_who_is_not_signed_for_is_anybody_and_the_page_is_told(dora: Browser, forged: Any) -> None:
    told = dora.boot(identity=forged)
    assert told["identity"] == "refused" and told["visitor"] is None
    assert not Visitor.objects.exists()


# ---------------------------------------------------------------------- who may ask


ENDPOINTS = ("boot", "send", "messages", "seen", "typing", "page", "email", "transcript", "goodbye")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://shop.example", "https://shop.example.evil.example", "https://evilshop.example",
     "https://shop.example:8443", "null", "https://sub.shop.example", "https://*.shop.example"],
)  # fmt: skip
def test_t29_4_a_page_elsewhere_is_refused_and_told_nothing(chat: ChannelAccount, origin: str) -> None:
    for what in ENDPOINTS:
        refused = Browser(chat.key, origin=origin).ask(what, id="message-1", text="Hi", after=0)
        assert refused.status_code == 403 and "Access-Control-Allow-Origin" not in refused
    assert not Message.objects.exists()


def test_an_allowed_page_may_read_and_nobody_sends_cookies(dora: Browser) -> None:
    told = dora.ask("boot")
    assert told["Access-Control-Allow-Origin"] == SITE and "Access-Control-Allow-Credentials" not in told
    assert "Origin" in told["Vary"] and not told.cookies and told["Cache-Control"] == "no-store"
    preflight = dora.client.options(f"/chat/{dora.key}/boot", HTTP_ORIGIN=SITE)
    assert preflight.status_code == 204 and preflight["Access-Control-Allow-Methods"] == "POST"


def test_a_star_stands_for_names_below_and_for_nothing_else() -> None:
    allowed = ["https://*.test.example", "http://localhost:3000"]
    assert origins.is_allowed("https://a.test.example", allowed) and origins.is_allowed(
        "https://a.b.test.example", allowed
    )
    for other in (
        "https://eviltest.example",
        "https://test.example",
        "https://a.test.example.evil",
        "http://a.test.example",
    ):
        assert not origins.is_allowed(other, allowed)
    assert origins.is_allowed("http://localhost:3000", allowed) and not origins.is_allowed(
        "http://localhost:3001", allowed
    )
    assert origins.cleaned("https://*.com") == "" and origins.cleaned("https://*") == "" and origins.cleaned("*") == ""


@pytest.mark.parametrize("token", ["", "null", None, [], {}, True, 1, "a" * 32 + "." + "0" * 32, "../..", "%"])
def test_t23_1_a_token_we_did_not_make_opens_nothing(dora: Browser, chat: ChannelAccount, token: Any) -> None:
    dora.say("My secret")
    other = ChannelAccount(kind="chat", inbox=chat.inbox)
    tried = [token, dora.token[:-1] + ("0" if dora.token[-1] != "0" else "1"), tokens.mint(other.key)]
    answers = set()
    for one in tried:
        for what in ("messages", "seen", "typing", "page", "email", "transcript", "send"):
            browser = Browser(chat.key)
            browser.token = one
            refused = browser.ask(what, id="message-1", text="Hi", after=0)
            answers.add((refused.status_code, refused.content))
    assert answers == {(401, b'{"error": "token"}')}
    assert Message.objects.count() == 1


def test_t22_1_one_visitor_cannot_reach_anothers_talk_by_any_name(
    dora: Browser, emil: Browser, chat: ChannelAccount, ana: Agent
) -> None:
    dora.say("My secret")
    assert emil.ask("messages", after=0).status_code == 404  # a good token that has said nothing
    emil.say("Something else")  # with the very id of Dora's message
    answer(ana, "For Emil")
    assert [one["text"] for one in emil.read()] == ["Something else", "For Emil"]
    assert [one["text"] for one in dora.read()] == ["My secret"]
    emil.ask("seen", upto=10**9)
    dora.ask("seen", upto=10**9)
    visitor = Visitor.objects.get(talk__messages__message__text="My secret")
    assert visitor.seen_to == dora.read()[-1]["seq"]


def test_what_is_no_json_of_ours_is_refused_quietly(chat: ChannelAccount) -> None:
    for body in (b"", b"[]", b"null", b"{", b"\xff", b"1" * 200_000, b"[" * 50_000):
        refused = Client().post(f"/chat/{chat.key}/boot", body, content_type="text/plain", HTTP_ORIGIN=SITE)
        assert refused.status_code in (400, 413)
    for odd in ({"id": 7}, {"id": "short"}, {"id": "../../../etc"}, {"id": "message-1", "text": []}):
        assert Browser(chat.key).ask("send", **odd).status_code == 400


# ---------------------------------------------------------------------- too much


def solved(task: dict[str, Any]) -> dict[str, Any]:
    n = 0
    while int.from_bytes(hashlib.sha256(f"{task['task']}:{n}".encode()).digest()[:4], "big") >> (32 - task["bits"]):
        n += 1
    return {"task": task["task"], "n": n}


def test_t10_1_who_begins_many_talks_must_work_and_beyond_that_wait(
    chat: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "BITS", 6)
    monkeypatch.setattr("tickets.channels.chat.views.MOST_NEW_EACH", 9)
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        assert [Browser(chat.key).say("Hi").status_code for _ in range(5)] == [200] * 5
        asked = Browser(chat.key).say("Hi")
        assert asked.status_code == 429 and asked.json()["error"] == "work"
        done = solved(asked.json()["work"])
        assert Browser(chat.key).say("Hi", work=done).status_code == 200
        assert Browser(chat.key).say("Hi", work=done).status_code == 429, "work counts once"
        assert Browser(chat.key).say("Hi", work={"task": done["task"], "n": -1}).json()["error"] == "work"
        refused = Browser(chat.key).say("Hi", work=done)
        assert refused.status_code == 429 and refused.json()["error"] == "busy"
    assert Visitor.objects.count() == 6


def test_one_visitor_who_writes_too_fast_is_asked_to_wait_and_loses_nothing(dora: Browser) -> None:
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        assert {dora.say("Hi", n).status_code for n in range(20)} == {200}
        assert dora.say("Hi", 20).status_code == 429
    with time_machine.travel("2026-03-02T10:01:01Z", tick=False):
        assert dora.say("Hi", 20).status_code == 200
    assert Message.objects.count() == 21


def test_an_answer_in_a_chat_waits_for_no_second_thoughts(
    dora: Browser, ana: Agent, as_agent: Any, settings: Any
) -> None:
    settings.UNDO_SECONDS = 10
    dora.say("Where is my parcel?")
    number = Ticket.objects.get().pk
    sent = as_agent(ana).post(f"/tickets/{number}/reply", {"text": "On its way."}, HTTP_HX_REQUEST="true")
    assert sent.status_code == 200 and "withdrawal" not in str(sent.headers)
    assert Delivery.objects.get().due_at <= clock.now()
