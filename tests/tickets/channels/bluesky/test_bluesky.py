"""Bluesky: what a notification says, what an answer is made of, and how a session is kept."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import clock, fetching
from helpdesk.models import Agent, Team
from tests.tickets.channels.bluesky.rig import ME, PASSWORD, POST, BlueskyRig, notification, now
from tests.tickets.channels.rigs import network
from tickets import tasks
from tickets.channels.bluesky import CHANNEL, xrpc
from tickets.channels.bluesky.moments import key_of, record_key
from tickets.channels.bluesky.richtext import facets
from tickets.channels.protocol import Account, File, Later, OutgoingFile, Post, Refused, Said, TokenDead, Unreadable
from tickets.models import (
    ChannelAccount,
    Conversation,
    Delivery,
    DeliveryState,
    Inbox,
    Message,
    MessageKind,
    Ticket,
)
from tickets.operations import posting, replying
from tickets.operations.enclosing import Upload
from tickets.operations.status import NotPossible

ROOT = {"uri": "at://did:plc:x/app.bsky.feed.post/r", "cid": "bafyr"}
PARENT = {"uri": "at://did:plc:x/app.bsky.feed.post/p", "cid": "bafyp"}
US = Account(1, "@shop.example", {}, {}, {})


def parsed(told: dict[str, Any]) -> Any:
    (one,) = CHANNEL.parse(US, json.dumps(told).encode())
    return one


def test_a_post_is_said_in_public_in_its_thread_with_its_author() -> None:
    said = parsed(notification(1, "Where is it?", reply={"root": ROOT, "parent": PARENT}))
    assert isinstance(said, Said) and said.is_public and said.text == "Where is it?"
    assert (said.thread, said.answers) == (f"{ROOT['uri']} did:plc:dora", PARENT["uri"])
    assert (said.sender.address, said.sender.name, said.sender.handle) == ("did:plc:dora", "Dora Lind", "@dora.example")
    assert said.url == "https://bsky.app/profile/dora.example/post/1"
    alone = parsed(notification(1, "Hi"))
    own = {"uri": "at://did:plc:dora/app.bsky.feed.post/1", "cid": "bafy1"}
    assert alone.thread == f"{own['uri']} did:plc:dora" and alone.facts == {"talk": {"root": own, "last": own}}
    assert CHANNEL.parse(US, json.dumps({**notification(1, ""), "reason": "like"}).encode()) == []


def test_links_and_pictures_beside_the_words_come_along() -> None:
    card = parsed(notification(1, "Look", embed={"external": {"uri": "https://example.org/a"}}))
    assert card.text == "Look\n\nhttps://example.org/a"
    quoted = parsed(notification(1, "", embed={"record": {}, "media": {"images": [{}, {}]}}))
    assert [one.reference for one in quoted.files] == [f"{quoted.identifier}#0", f"{quoted.identifier}#1"]


def test_links_of_an_answer_are_counted_in_bytes() -> None:
    (facet,) = facets("Grüße: https://example.org/a.", {}.get)  # type: ignore[arg-type]
    assert facet["index"] == {"byteStart": 9, "byteEnd": 30}
    assert facet["features"][0]["uri"] == "https://example.org/a"


def test_who_is_mentioned_is_named_at_places_in_bytes_and_nobody_else_is() -> None:
    known = {"dora.example": "did:plc:dora"}
    text = "Über (@Dora.example) mail@dora.example, @nobody.example and https://x.example/@dora.example"
    mention, link = facets(text, lambda handle: known.get(handle, ""))
    start, end = mention["index"]["byteStart"], mention["index"]["byteEnd"]
    assert text.encode()[start:end] == b"@Dora.example"
    assert mention["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:dora"}]
    assert link["features"][0]["uri"] == "https://x.example/@dora.example"


def test_where_a_shortened_link_leads_is_said_beside_the_words() -> None:
    long = "https://example.org/a/long/way"
    link = {"index": {}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": long}]}
    card = {"external": {"uri": long}}
    assert (
        parsed(notification(1, "See example.org/a…", facets=[link], embed=card)).text == f"See example.org/a…\n\n{long}"
    )


@given(key=st.text(max_size=40))
def test_a_key_names_one_record_for_ever_and_is_a_timestamp_identifier(key: str) -> None:
    made = record_key(key)
    assert made == record_key(key) != record_key(key + ".")
    assert len(made) == 13 and set(made) <= set("234567abcdefghijklmnopqrstuvwxyz") and made[0] in "234567abcdefghij"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CHATS = st.fixed_dictionaries({"chat": anything, "me": anything, "message": anything})
OWN = st.fixed_dictionaries({"own": anything, "to": anything})
PARTS = st.dictionaries(st.sampled_from(["uri", "cid", "author", "record", "indexedAt"]), anything, max_size=3)
RECORDS = st.dictionaries(st.sampled_from(["text", "reply", "embed", "langs"]), anything, max_size=3)


@given(told=anything | CHATS | OWN, change=PARTS, record=RECORDS)
def test_whatever_comes_is_read_or_unreadable(told: Any, change: dict[str, Any], record: dict[str, Any]) -> None:
    for one in (told, {**notification(1, "Hi"), **change}, notification(1, **{"text": "Hi", **record})):
        try:
            CHANNEL.parse(US, json.dumps(one).encode())
        except Unreadable:
            continue


@pytest.fixture
def rig(settings: Any) -> Iterator[BlueskyRig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = BlueskyRig()
    with network(made.answer) as made.net:
        yield made


def seen(rig: BlueskyRig, **cursor: Any) -> Account:
    config = {"server": rig.net.url + "/", "handle": "@shop.example"}
    return Account(1, "@shop.example", config, {"password": PASSWORD}, cursor)


def a_post(**more: Any) -> Post:
    return Post(
        "key.0", "t", "did:plc:dora", "Hi", answers=PARENT["uri"], is_public=True,
        facts={"root": ROOT, "last": PARENT}, **more,
    )  # fmt: skip


def test_one_session_serves_until_it_is_over(rig: BlueskyRig) -> None:
    assert CHANNEL.connected(seen(rig)) == "@shop.example"
    list(CHANNEL.poll(seen(rig)))
    list(CHANNEL.poll(seen(rig)))
    assert rig.sessions == 1
    rig.expired.add("jwt1")
    list(CHANNEL.poll(seen(rig)))
    assert rig.sessions == 2
    rig.mood = "dead"
    with pytest.raises(TokenDead):
        list(CHANNEL.poll(seen(rig)))


def test_an_answer_names_its_parent_and_root_and_a_repeat_writes_nothing(rig: BlueskyRig) -> None:
    receipt = CHANNEL.deliver(seen(rig), a_post())
    assert CHANNEL.deliver(seen(rig), a_post()).identifier == receipt.identifier
    (record,) = rig.records.values()
    assert record["reply"] == {"root": ROOT, "parent": PARENT}
    second = Post(
        "key.1", "t", "did:plc:dora", "More", answers=receipt.identifier, is_public=True,
        facts={"root": ROOT, "last": PARENT},
    )  # fmt: skip
    CHANNEL.deliver(seen(rig), second)
    assert [*rig.records.values()][1]["reply"] == {
        "root": ROOT,
        "parent": {"uri": receipt.identifier, "cid": "bafyours"},
    }


def test_a_picture_that_is_too_large_is_not_sent(rig: BlueskyRig) -> None:
    with pytest.raises(Refused, match="1 MB"):
        CHANNEL.deliver(seen(rig), a_post(files=(OutgoingFile("a.png", "image/png", bytes(1_000_001)),)))
    assert rig.records == {} and rig.blobs == {}


def test_a_limit_lasts_until_the_second_the_server_names(rig: BlueskyRig) -> None:
    rig.mood = "limited"
    with pytest.raises(Later) as later:
        CHANNEL.deliver(seen(rig), a_post())
    assert (
        later.value.rests and later.value.after and timedelta(seconds=10) < later.value.after <= timedelta(seconds=20)
    )


def test_more_than_a_page_is_taken_in_its_order_and_only_once(rig: BlueskyRig) -> None:
    old = {**notification("old", "Long ago"), "indexedAt": "2020-01-01T00:00:00Z"}
    rig.notifications = [old, *(notification(n, f"No. {n}") for n in range(120))]
    step = next(CHANNEL.poll(seen(rig)))
    assert [json.loads(raw.content)["record"]["text"] for raw in step.raws] == [f"No. {n}" for n in range(120)]
    again = [raw.key for one in CHANNEL.poll(seen(rig, **step.cursor)) for raw in one.raws]
    assert again == [step.raws[-1].key], "the last comes again, and is known by its key"


def test_t32_1_pictures_are_fetched_through_the_gate(rig: BlueskyRig, settings: Any) -> None:
    rig.notifications = [notification(1, "Look")]
    rig.files["a.png"] = b"x"
    file = File("", "", None, "at://did:plc:dora/app.bsky.feed.post/1#0")
    got = CHANNEL.fetch(seen(rig), file)
    assert (got.filename, got.content_type, got.content) == ("a.png", "image/png", b"x")
    with pytest.raises(Refused):
        CHANNEL.fetch(seen(rig), File("", "", None, "at://did:plc:dora/app.bsky.feed.post/2#0"))
    inside = rig.answer

    def inwards(asked: Any) -> Any:
        status, body, headers = inside(asked) or (200, {}, {})
        return status, json.loads(json.dumps(body).replace(rig.net.url, "http://10.0.0.1")), headers

    rig.net.answer = inwards
    with pytest.raises(fetching.Refused):
        CHANNEL.fetch(seen(rig), file)


# ---------------------------------------------------------------------- private chats, and what we wrote elsewhere


@pytest.fixture
def desk(rig: BlueskyRig, team: Team) -> BlueskyRig:
    """The stand-in with an inbox of ours."""
    rig.inbox = Inbox.objects.create(name="Bluesky", channel="bluesky")
    rig.inbox.teams.add(team)
    address, config, secrets = rig.setting()
    rig.account = ChannelAccount(inbox=rig.inbox, kind="bluesky", address=address, config=config)
    rig.account.sealed = json.dumps(secrets)
    rig.account.save()
    return rig


def comes_in(rig: BlueskyRig, *, after_a_minute: bool = False) -> None:
    if after_a_minute:
        rig.account.refresh_from_db()
        ChannelAccount.objects.update(cursor={**rig.account.cursor, "looked": 0})
    rig.poll()
    tasks.receive_posts()


@pytest.mark.django_db
def test_a_chat_is_answered_in_private_and_a_mention_in_public(desk: BlueskyRig, ana: Agent) -> None:
    desk.chat("My address is 1 Elm Street.")
    desk.notifications = [notification(1, "Where is it?")]
    comes_in(desk)
    public, private = Conversation.objects.order_by("-is_public")
    assert (public.is_public, private.is_public) == (True, False) and public.point == private.point
    assert private.point.customer.name == "Dora Lind"
    assert Ticket.objects.count() == 2 and public.ticket and private.ticket
    (route,) = posting.routes(private.ticket)
    assert (route.is_public, route.can.most_text, route.can.files, route.can.is_public) == (False, 1000, (), False)
    (route,) = posting.routes(public.ticket)
    assert (route.is_public, route.can.most_text, route.can.is_public) == (True, 300, True)

    replying.reply(private.ticket, text="Thank you. " * 60 + "https://example.org", actor=ana)
    replying.reply(public.ticket, text="On its way, @dora.example.", actor=ana)
    tasks.deliver_posts()
    assert sorted((one.thread, one.text[:6]) for one in desk.taken) == [
        (f"at://did:plc:dora/{POST}/1", "On its"), ("c1", "Thank "),
    ]  # fmt: skip
    (record,) = desk.records.values()
    assert record["facets"][0]["features"][0]["did"] == "did:plc:dora"
    assert desk.logs[-1]["message"]["facets"][0]["features"][0]["uri"] == "https://example.org"
    assert desk.convos["c1"]["status"] == "accepted"
    before = Message.objects.count()
    comes_in(desk, after_a_minute=True)
    assert Message.objects.count() == before, "what went through us does not come in again"


@pytest.mark.django_db
def test_what_a_chat_carries_not_is_refused_before_it_is_sent(desk: BlueskyRig, ana: Agent) -> None:
    desk.chat("Hello?")
    comes_in(desk)
    with pytest.raises(NotPossible):
        replying.reply(Ticket.objects.get(), text="Look", actor=ana, files=[Upload("a.png", "image/png", b"x")])


@pytest.mark.django_db
def test_a_chat_that_went_out_without_an_answer_is_for_a_person_to_look_at(desk: BlueskyRig, ana: Agent) -> None:
    desk.chat("Hello?")
    comes_in(desk)
    desk.mood = "silent"
    replying.reply(Ticket.objects.get(), text="Hello!", actor=ana)
    tasks.deliver_posts()
    assert Delivery.objects.get().state == DeliveryState.UNCERTAIN and len(desk.taken) == 1


@pytest.mark.django_db
def test_who_takes_no_messages_is_named_in_the_networks_words(desk: BlueskyRig, ana: Agent) -> None:
    desk.chat("Hello?")
    comes_in(desk)
    desk.mood = "refuses"
    replying.reply(Ticket.objects.get(), text="Hello!", actor=ana)
    tasks.deliver_posts()
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.FAILED and "disabled incoming messages" in delivery.answer


@pytest.mark.django_db
def test_what_our_account_writes_elsewhere_is_an_answer_and_no_customers_message(desk: BlueskyRig, ana: Agent) -> None:
    comes_in(desk)  # from here on, what we write elsewhere is looked for
    desk.notifications = [notification(1, "Where is it?")]
    desk.chat("Hello?")
    comes_in(desk)
    question = {"uri": f"at://did:plc:dora/{POST}/1", "cid": "bafy1"}
    later = [key_of(clock.now() + timedelta(seconds=n)) for n in (5, 6, 7)]
    answer = {"text": "Tomorrow.", "createdAt": now(), "reply": {"root": question, "parent": question}}
    own = {"uri": f"at://{ME}/{POST}/{later[0]}", "cid": "bafyours"}
    goes_on = {"text": "Before noon.", "createdAt": now(), "reply": {"root": question, "parent": own}}
    desk.records[own["uri"]] = answer
    desk.records[f"at://{ME}/{POST}/{later[1]}"] = goes_on
    desk.records[f"at://{ME}/{POST}/{later[2]}"] = {"text": "Our news of the day", "createdAt": now()}
    desk.chat("Hello!", ME)
    comes_in(desk, after_a_minute=True)
    comes_in(desk, after_a_minute=True)
    replies = Message.objects.filter(kind=MessageKind.REPLY)
    assert {one.text for one in replies} == {"Tomorrow.", "Before noon.", "Hello!"}
    assert all("elsewhere" in one.marks for one in replies)
    assert Message.objects.filter(kind=MessageKind.INCOMING).count() == Ticket.objects.count() == 2
    assert not Ticket.objects.filter(waiting_since__isnull=False).exists()
    mine = {**notification(2, "@shop.example and so on"), "author": {"did": ME, "handle": "shop.example"}}
    assert CHANNEL.parse(US, json.dumps(mine).encode()) == []


@pytest.mark.django_db
def test_a_password_that_may_not_chat_still_brings_the_posts(desk: BlueskyRig) -> None:
    desk.may_chat = False
    desk.chat("Hello?")
    desk.notifications = [notification(1, "Where is it?")]
    comes_in(desk)
    comes_in(desk)
    desk.account.refresh_from_db()
    assert [one.text for one in Message.objects.all()] == ["Where is it?"]
    assert not desk.account.problem and desk.account.dead_since is None
    assert sum("listConvos" in one.path for one in desk.net.asked) == 1, "it is not asked all the time"
    private = Post("key.0", "chat c1", "did:plc:dora", "Hi", facts={"convo": "c1"})
    with pytest.raises(Refused, match="direct messages"):
        CHANNEL.deliver(seen(desk), private)


@pytest.mark.django_db
def test_a_chat_that_was_left_since_holds_up_no_other(desk: BlueskyRig) -> None:
    desk.chat("Hello?")
    comes_in(desk)
    desk.chat("In a chat that is left", convo="c2")
    desk.left.add("c2")
    desk.chat("Are you there?")
    comes_in(desk)
    assert [one.text for one in Message.objects.order_by("pk")] == [
        "Hello?", "In a chat that is left", "Are you there?",
    ]  # fmt: skip


def test_more_chats_than_a_page_of_the_log_and_what_is_no_speech(rig: BlueskyRig) -> None:
    rig.chat("Long ago", sentAt="2020-01-01T00:00:00Z")
    rig.chat("First")
    first = [*CHANNEL.poll(seen(rig))][-1]
    assert [json.loads(raw.content)["message"]["text"] for raw in first.raws] == ["First"]
    for n in range(3):
        rig.chat(f"No. {n}")
    rig.logs += [
        {"$type": "chat.bsky.convo.defs#logReadMessage", "rev": "3k0100", "convoId": "c1", "message": {"id": "m1"}},
        {"$type": "chat.bsky.convo.defs#logDeleteMessage", "rev": "3k0101", "convoId": "c1", "message": {"id": "m1"}},
    ]
    step = [*CHANNEL.poll(seen(rig, **first.cursor))][-1]
    assert [json.loads(raw.content)["message"]["text"] for raw in step.raws] == ["No. 0", "No. 1", "No. 2"]
    assert step.cursor["chats"] == "3k0101" and not [*CHANNEL.poll(seen(rig, **step.cursor))]


def test_a_post_shared_in_a_chat_is_named_by_its_address() -> None:
    message = {
        "id": "m", "text": "This", "sender": {"did": "did:plc:dora"}, "sentAt": now(),
        "embed": {"record": {"uri": f"at://did:plc:x/{POST}/r"}},
    }  # fmt: skip
    chat = {"id": "c", "members": [{"did": ME, "handle": "s"}, {"did": "did:plc:dora", "handle": "dora.example"}]}
    said = parsed({"chat": chat, "me": ME, "message": message})
    assert said.text == "This\n\nhttps://bsky.app/profile/did:plc:x/post/r" and not said.is_public
    assert (said.identifier, said.thread, said.sender.handle) == ("c/m", "chat c", "@dora.example")
    mine = parsed({"chat": chat, "me": ME, "message": {**message, "sender": {"did": ME}}})
    assert mine.is_ours and mine.sender.address == "did:plc:dora"


def test_behind_the_door_of_bsky_social_the_accounts_own_server_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def call(method: str, url: str, **_: Any) -> httpx.Response:
        asked.append(url)
        services = [{"id": "#atproto_pds", "serviceEndpoint": "https://morel.example"}]
        return httpx.Response(200, json={"did": ME, "accessJwt": "j", "didDoc": {"service": services}})

    monkeypatch.setattr("tickets.channels.calling.call", call)
    ours = Account(1, "@far.example", {"handle": "far.example"}, {"password": PASSWORD}, {})
    xrpc.ask(ours, "GET", "app.bsky.feed.getPosts")
    xrpc.forget(ours)
    assert [url.partition("/xrpc")[0] for url in asked] == ["https://bsky.social", "https://morel.example"]
