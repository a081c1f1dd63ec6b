"""Telegram: what an update says, whose it is, and how its limits are counted."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.models import Agent, Team
from tests.tickets.channels.rigs import network
from tests.tickets.channels.telegram.rig import RIG, TOKEN
from tickets import tasks
from tickets.channels.protocol import Account, Edited, Forged, Later, Post, Request, Said, Unreadable
from tickets.channels.telegram import CHANNEL
from tickets.channels.telegram.adapter import _secret
from tickets.models import ChannelAccount, Inbox, Message
from tickets.operations import replying
from tickets.operations.enclosing import Upload

US = Account(1, "@shop_bot", {}, {"token": TOKEN}, {}, "https://desk.example/channels/telegram/key/")
MESSAGE = {
    "message_id": 5, "date": 1_772_000_000, "text": "Where is it?", "chat": {"id": 71, "type": "private"},
    "from": {"id": 71, "is_bot": False, "first_name": "Dora", "last_name": "Lind", "username": "dora"},
}  # fmt: skip


def parsed(**more: Any) -> list[Any]:
    message = {**MESSAGE, **more}
    return list(CHANNEL.parse(US, json.dumps({"update_id": 1, "message": message}).encode()))


def test_what_is_said_is_said_by_its_sender_in_its_chat() -> None:
    (said,) = parsed(reply_to_message={"message_id": 3, "chat": {"id": 71}})
    assert isinstance(said, Said) and (said.identifier, said.thread, said.answers) == ("71/5", "71", "71/3")
    assert (said.sender.address, said.sender.name, said.sender.handle) == ("71", "Dora Lind", "@dora")
    (there,) = parsed(text="", location={"latitude": 52.5, "longitude": 13.4})
    assert "mlat=52.5" in there.text
    (photo,) = parsed(photo=[{"file_id": "small", "file_size": 1}, {"file_id": "large", "file_size": 9}])
    assert [one.reference for one in photo.files] == ["large"]


def test_what_is_no_speech_says_nothing() -> None:
    assert parsed(text="/start") == []
    joined = {key: value for key, value in MESSAGE.items() if key != "text"} | {"new_chat_members": []}
    assert CHANNEL.parse(US, json.dumps({"update_id": 1, "message": joined}).encode()) == []
    assert CHANNEL.parse(US, b'{"update_id": 1, "message_reaction": {}}') == []
    (edited,) = CHANNEL.parse(US, json.dumps({"update_id": 1, "edited_message": MESSAGE}).encode())
    assert isinstance(edited, Edited)


def test_t23_1_who_does_not_know_the_secret_is_refused() -> None:
    def told(secret: str | None, url: str = US.webhook_url) -> Request:
        headers = {"x-telegram-bot-api-secret-token": secret} if secret is not None else {}
        return Request("POST", {}, headers, b'{"update_id": 7}', url)

    (raw,) = CHANNEL.verify(US, told(_secret(US)))
    assert raw.key == "7", "the same update again is the same"
    for wrong in ("", "a guess", TOKEN, "\xe9", None):
        with pytest.raises(Forged):
            CHANNEL.verify(US, told(wrong))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CHANGES = st.dictionaries(
    st.sampled_from([*MESSAGE, "photo", "location", "contact", "document", "reply_to_message"]), anything, max_size=3
)


@given(told=anything, change=CHANGES)
def test_whatever_comes_is_read_or_unreadable(told: Any, change: dict[str, Any]) -> None:
    for one in (told, {"update_id": 1, "message": {**MESSAGE, **change}}):
        try:
            CHANNEL.parse(US, json.dumps(one).encode())
        except Unreadable:
            continue


# ---------------------------------------------------------------------- against the network


@pytest.fixture
def rig(team: Team, settings: Any) -> Iterator[Any]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = RIG()
    with network(made.answer) as made.net:
        address, config, secrets = made.setting()
        made.inbox = Inbox.objects.create(name="Bot", channel="telegram")
        made.inbox.teams.add(team)
        made.account = ChannelAccount(inbox=made.inbox, kind="telegram", address=address, config=config)
        made.account.sealed = json.dumps(secrets)
        made.account.save()
        yield made


@pytest.mark.django_db
@pytest.mark.parametrize(("letters", "apart"), [(512, False), (513, True)])
def test_words_that_are_too_long_for_a_caption_go_before_the_files(
    rig: Any, ana: Agent, letters: int, apart: bool
) -> None:
    """A caption may have 1,024 UTF-16 units, which are 512 of these."""
    rig.say(1, "Send me the forms.")
    tasks.receive_posts()
    words = "\N{PACKAGE}" * letters
    files = [Upload("a.png", "image/png", b"a"), Upload("b.png", "image/png", b"b")]
    replying.reply(Message.objects.get().ticket, text=words, actor=ana, files=files)
    tasks.deliver_posts()
    sent = [(one.text, len(one.files)) for one in rig.taken]
    assert [count for _text, count in sent] == ([0, 2] if apart else [2])


@pytest.mark.django_db
def test_a_limit_lasts_as_long_as_its_body_says(rig: Any) -> None:
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 47}}
    rig.net.answer = lambda asked: (429, body, {})
    account = Account(1, "@shop_bot", {"server": rig.net.url}, {"token": TOKEN}, {})
    with pytest.raises(Later) as later:
        CHANNEL.deliver(account, Post("k", "71", "71", "Hi"))
    assert later.value.rests and later.value.after == timedelta(seconds=47)
