"""Matrix: what events say, which invitations are accepted, and what is not readable."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import clock, fetching
from helpdesk.models import Agent, Team
from tests.tickets.channels.matrix.rig import ME, TOKEN, MatrixRig, event, text
from tests.tickets.channels.rigs import network
from tickets import tasks
from tickets.channels.matrix import CHANNEL
from tickets.channels.protocol import (
    Account,
    Deleted,
    Edited,
    File,
    Later,
    Person,
    Post,
    Reported,
    Said,
    TokenDead,
    Unreadable,
)
from tickets.models import ChannelAccount, Inbox, Message
from tickets.operations import replying
from tickets.operations.status import NotPossible

ROOM = "!r:home.example"
US = Account(1, ME, {}, {"token": TOKEN}, {})


def parsed(told: dict[str, Any]) -> list[Any]:
    return list(CHANNEL.parse(US, json.dumps({"room": ROOM, "event": told}).encode()))


def said(content: dict[str, Any], **more: Any) -> Said:
    (one,) = parsed(event(1, content, **more))
    assert isinstance(one, Said)
    return one


def test_a_message_is_said_in_its_room() -> None:
    one = said(text("Where is my parcel?"))
    assert (one.identifier, one.thread, one.sender.address, one.sender.handle) == (
        "$1", ROOM, "@dora:far.example", "@dora:far.example",
    )  # fmt: skip
    assert one.text == "Where is my parcel?" and not one.is_ours and not one.is_public
    assert one.url == "https://matrix.to/#/%21r%3Ahome.example/%241"
    assert said(text("Hi"), sender=ME).is_ours
    assert said({"msgtype": "m.notice", "body": "I am a bot"}).is_automated
    assert said({"msgtype": "m.emote", "body": "waves"}).text == "* waves"
    assert said({"msgtype": "m.location", "body": "Here", "geo_uri": "geo:1,2"}).text == "Here\ngeo:1,2"


def test_a_reply_is_without_what_its_client_quoted() -> None:
    content = {**text("> <@desk:home.example> On its way.\n> Soon.\n\nThank you"),
               "m.relates_to": {"m.in_reply_to": {"event_id": "$0"}}}  # fmt: skip
    one = said(content)
    assert (one.text, one.answers) == ("Thank you", "$0")
    assert said(text("> her words\nmine")).text == "> her words\nmine"


def test_files_come_by_reference_and_their_captions_are_words() -> None:
    file = {"msgtype": "m.image", "body": "a.png", "url": "mxc://far.example/abc", "info": {"mimetype": "image/png"}}
    one = said(file)
    assert one.text == "" and one.files == (File("a.png", "image/png", None, "mxc://far.example/abc"),)
    captioned = said({**file, "body": "My parcel", "filename": "a.png"})
    assert (captioned.text, captioned.files[0].filename) == ("My parcel", "a.png")
    assert said({**file, "url": "https://inside.example/x"}).files == ()


def test_edits_and_what_is_taken_back_name_their_message() -> None:
    content = {**text("* new"), "m.new_content": text("new"),
               "m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}}  # fmt: skip
    (edit,) = parsed(event(1, content))
    assert isinstance(edit, Edited) and (edit.said.identifier, edit.said.text) == ("$0", "new")
    assert parsed(event(2, {}, kind="m.room.redaction", redacts="$0")) == [Deleted("$0", ROOM)]
    assert parsed(event(2, {"redacts": "$0"}, kind="m.room.redaction")) == [Deleted("$0", ROOM)]
    assert parsed(event(3, {}, unsigned={"redacted_because": {}})) == []
    assert parsed(event(4, {"membership": "join"}, kind="m.room.member")) == []


def test_what_others_read_is_reported_and_what_we_read_is_not() -> None:
    content = {"$9": {"m.read": {"@dora:far.example": {"ts": 1_772_000_000_000}, ME: {"ts": 1}}}}
    (report,) = parsed({"type": "m.receipt", "content": content})
    assert isinstance(report, Reported) and (report.action, report.thread) == ("read", ROOM)
    assert report.until and report.until.timestamp() == 1_772_000_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["m.room.message", "m.room.encrypted", "m.room.redaction", "m.receipt"])
CONTENTS = st.dictionaries(
    st.sampled_from(["msgtype", "body", "url", "info", "m.relates_to", "m.new_content", "filename", "$1"]),
    anything | st.sampled_from(["m.image", "mxc://a/b"]) | st.just({"rel_type": "m.replace"}),
)


@given(told=anything, kind=KINDS, content=CONTENTS | anything, at=anything)
def test_whatever_comes_is_read_or_unreadable(told: Any, kind: str, content: Any, at: Any) -> None:
    whole = {"room": ROOM, "event": {**event(1, {}, kind=kind), "content": content, "origin_server_ts": at}}
    for one in (told, {"room": ROOM, "event": told}, whole):
        try:
            CHANNEL.parse(US, json.dumps(one).encode())
        except Unreadable:
            continue


# ---------------------------------------------------------------------- against the homeserver


@pytest.fixture
def alone(settings: Any) -> Iterator[MatrixRig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = MatrixRig()
    with network(made.answer) as made.net:
        yield made


@pytest.fixture
def rig(alone: MatrixRig, team: Team) -> MatrixRig:
    address, config, secrets = alone.setting()
    alone.inbox = Inbox.objects.create(name="Matrix", channel="matrix")
    alone.inbox.teams.add(team)
    alone.account = ChannelAccount.objects.create(
        inbox=alone.inbox, kind="matrix", address=address, config=config, sealed=json.dumps(secrets)
    )
    return alone


def seen(rig: MatrixRig, since: str = "", **more: Any) -> Account:
    return Account(1, ME, {"server": rig.net.url + "/"}, {"token": TOKEN}, {"since": since, **more})


def test_direct_invitations_are_accepted_and_others_are_not(alone: MatrixRig) -> None:
    def invitation(is_direct: bool) -> list[dict[str, Any]]:
        return [{"type": "m.room.member", "state_key": ME, "sender": "@d:far", "content": {"is_direct": is_direct}}]

    alone.invited = {"!direct:far": invitation(True), "!crowd:far": invitation(False)}
    list(CHANNEL.poll(seen(alone)))
    assert list(alone.invited) == ["!crowd:far"]


@pytest.mark.parametrize(("told", "most"), [(1_000_000, 1_000_000), (50_000_000, 20 * 1024 * 1024), (None, None)])
def test_the_homeserver_says_how_large_a_file_may_be(alone: MatrixRig, told: int | None, most: int | None) -> None:
    alone.upload = told
    step = [*CHANNEL.poll(seen(alone))][-1]
    assert CHANNEL.capabilities(seen(alone, **step.cursor)).most_file == (most or CHANNEL.can.most_file)
    asked = len(alone.net.asked)
    list(CHANNEL.poll(seen(alone, **step.cursor)))
    assert not any("media/config" in one.path for one in alone.net.asked[asked:]), "it is asked once a day"


def test_what_a_sync_leaves_out_is_fetched(alone: MatrixRig) -> None:
    alone.events = [(ROOM, event(n, text(f"No. {n}"))) for n in range(260)]
    alone.most = 20
    raws = [raw.key for step in CHANNEL.poll(seen(alone, "3")) for raw in step.raws]
    assert raws == [f"${n}" for n in range(3, 260)]


def test_the_first_time_only_the_last_day_is_taken(alone: MatrixRig) -> None:
    old = {**event(1, text("Long ago")), "origin_server_ts": int((clock.now() - timedelta(days=2)).timestamp() * 1000)}
    alone.events = [(ROOM, old), (ROOM, event(2, text("Today")))]
    assert [raw.key for step in CHANNEL.poll(seen(alone)) for raw in step.raws] == ["$2"]


def test_who_writes_is_asked_for_at_the_homeserver(alone: MatrixRig) -> None:
    found = CHANNEL.introduce(seen(alone), Person("@dora:far.example", "", "@dora:far.example"))
    assert (found.name, found.handle) == ("Dora Lind", "@dora:far.example")


def test_limits_and_dead_tokens_are_told_apart(alone: MatrixRig) -> None:
    post = Post("k", ROOM, "@dora:far.example", "Hi")
    alone.mood = "limited"
    with pytest.raises(Later) as later:
        CHANNEL.deliver(seen(alone), post)
    assert later.value.rests and later.value.after == timedelta(seconds=20)
    alone.mood = "dead"
    with pytest.raises(TokenDead):
        CHANNEL.deliver(seen(alone), post)


def test_t32_1_media_are_fetched_through_the_gate_from_our_homeserver_alone(alone: MatrixRig, settings: Any) -> None:
    alone.files["f1"] = b"x"
    assert CHANNEL.fetch(seen(alone), File("a", "", None, "mxc://home.example/f1")).content == b"x"
    settings.FETCH_ALLOW = []
    asked = len(alone.net.asked)
    with pytest.raises(fetching.Refused):
        CHANNEL.fetch(seen(alone), File("a", "", None, "mxc://home.example/f1"))
    assert len(alone.net.asked) == asked


@pytest.mark.django_db
def test_an_encrypted_room_says_so_and_nothing_is_sent_into_it(rig: MatrixRig, ana: Agent) -> None:
    rig.tell(ROOM, event(1, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"}, kind="m.room.encrypted"))
    tasks.receive_posts()
    message = Message.objects.get()
    assert message.text == "(This message is encrypted and cannot be read here.)"
    with pytest.raises(NotPossible, match="encrypted"):
        replying.reply(message.ticket, text="On its way.", actor=ana)


@pytest.mark.django_db
def test_nobody_edits_the_words_of_somebody_else(rig: MatrixRig) -> None:
    rig.say(1, "Where is my parcel?")
    room = rig.events[0][0]
    content = {**text("* forged"), "m.new_content": text("forged"),
               "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}  # fmt: skip
    rig.tell(room, event("e1", content, "@mallory:far.example"))
    tasks.receive_posts()
    message = Message.objects.get()
    assert message.text == "Where is my parcel?" and "edited" not in message.marks
