"""Bluesky: what a notification says, what an answer is made of, and how a session is kept."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import fetching
from tests.tickets.channels.bluesky.rig import PASSWORD, BlueskyRig, notification
from tests.tickets.channels.rigs import network
from tickets.channels.bluesky import CHANNEL
from tickets.channels.bluesky.adapter import links, record_key
from tickets.channels.protocol import Account, File, Later, OutgoingFile, Post, Refused, Said, TokenDead, Unreadable

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
    (facet,) = links("Grüße: https://example.org/a.")
    assert facet["index"] == {"byteStart": 9, "byteEnd": 30}
    assert facet["features"][0]["uri"] == "https://example.org/a"


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
PARTS = st.dictionaries(st.sampled_from(["uri", "cid", "author", "record", "indexedAt"]), anything, max_size=3)
RECORDS = st.dictionaries(st.sampled_from(["text", "reply", "embed", "langs"]), anything, max_size=3)


@given(told=anything, change=PARTS, record=RECORDS)
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
    return Post("key.0", "t", "did:plc:dora", "Hi", answers=PARENT["uri"], facts={"root": ROOT, "last": PARENT}, **more)


def test_one_session_serves_until_it_is_over(rig: BlueskyRig) -> None:
    assert CHANNEL.connected(seen(rig)) == "@shop.example"
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
        "key.1", "t", "did:plc:dora", "More", answers=receipt.identifier, facts={"root": ROOT, "last": PARENT}
    )
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
    (step,) = CHANNEL.poll(seen(rig))
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
