"""Bluesky against a real data server: sessions, records, pictures, handles, and what it does not allow.

Notifications and posts of others are the view of the network's to give, which is no part of a data server: it hands our
questions on to a stand-in. Chats are a service on the Internet, which no test asks; they are tested against a stand-in
alone (`test_bluesky.py`).
"""

import json
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from helpdesk import clock
from helpdesk.models import Agent, Team
from tests import needs
from tests.tickets.channels.bluesky import pds
from tests.tickets.channels.rigs import picture
from tickets import tasks
from tickets.channels import handling
from tickets.channels.bluesky import CHANNEL, xrpc
from tickets.channels.protocol import Post, Refused, TokenDead
from tickets.models import ChannelAccount, Delivery, DeliveryState, Inbox, Message, MessageKind, Ticket
from tickets.operations import posting, replying
from tickets.operations.enclosing import Upload

pytestmark = pytest.mark.django_db
PICTURE = picture()


@pytest.fixture
def server(tmp_path: Path) -> Any:
    try:
        installed = pds.folder()
    except (OSError, subprocess.SubprocessError) as error:
        needs.missing(f"Bluesky's data server cannot be had from npm: {error!r}")
    with pds.data_server(installed, tmp_path) as (url, beside):
        yield url, beside


def test_a_customer_and_an_agent_post_over_a_real_data_server(
    server: tuple[str, pds.Beside], team: Team, ana: Agent, settings: Any
) -> None:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    url, beside = server
    desk, dora = pds.register(url, "desk"), pds.register(url, "dora")
    inbox = Inbox.objects.create(name="Bluesky", channel="bluesky")
    inbox.teams.add(team)
    account = ChannelAccount(inbox=inbox, kind="bluesky", config={"server": url, "handle": desk.handle})
    account.sealed = json.dumps({"password": desk.app_password()})
    account.save()
    account.address = CHANNEL.connected(posting.account_of(inbox))
    account.save()
    assert account.address == "@desk.test" and xrpc.me(posting.account_of(inbox)) == desk.did

    def comes_in() -> None:
        account.refresh_from_db()
        ChannelAccount.objects.update(cursor={**account.cursor, "looked": 0, "no_chats": clock.now().timestamp()})
        handling.poll(account.pk)
        tasks.receive_posts()
        account.refresh_from_db()
        assert not account.problem and account.dead_since is None

    # --- she mentions us; the view of the network tells of it
    comes_in()
    asked = dora.post("@desk.test where is my parcel?")
    beside.notifications.append({
        **asked, "reason": "mention", "isRead": False, "indexedAt": clock.now().isoformat(),
        "author": {"did": dora.did, "handle": dora.handle, "displayName": "Dora Lind"},
        "record": dora.record(asked["uri"])["value"],
    })  # fmt: skip
    comes_in()
    message = Message.objects.get()
    assert (message.text, message.ticket.customer.name) == ("@desk.test where is my parcel?", "Dora Lind")

    # --- an agent answers, with a picture; it is there once, however often it is handed on
    text = "Grüße, @dora.test: see https://example.org/where."
    replying.reply(message.ticket, text=text, actor=ana, files=[Upload("form.png", "image/png", PICTURE)])
    tasks.deliver_posts()
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.SENT, delivery.answer
    (uri,) = delivery.receipts
    (again,) = handling.posts_of(delivery)
    assert CHANNEL.deliver(posting.account_of(inbox), again).identifier == uri
    there = dora.record(uri)["value"]
    assert there["text"] == text and there["reply"] == {"root": asked, "parent": asked}
    mention, link = there["facets"]
    assert mention["features"][0]["did"] == dora.did and link["features"][0]["uri"] == "https://example.org/where"
    (image,) = there["embed"]["images"]
    blob = {"did": desk.did, "cid": image["image"]["ref"]["$link"]}
    got = pds.httpx.get(f"{url}/xrpc/com.atproto.sync.getBlob", params=blob)
    assert (got.content, image["alt"], image["image"]["mimeType"]) == (PICTURE, "form.png", "image/png")

    # --- the account answers elsewhere; what went through us does not come in again
    desk.post("And here is the number.", reply={"root": asked, "parent": asked})
    comes_in()
    comes_in()
    replies = Message.objects.filter(kind=MessageKind.REPLY).order_by("pk")
    assert [one.text for one in replies] == [text, "And here is the number."]
    assert "elsewhere" in replies[1].marks and Ticket.objects.count() == 1

    # --- what it does not take is said in its words; and a password that was taken away ends it
    ours, facts = posting.account_of(inbox), {"root": asked, "last": asked}
    with pytest.raises(Refused, match="text"):
        CHANNEL.deliver(ours, Post("k", "t", dora.did, "x" * 301, is_public=True, facts=facts))
    desk.ask("POST", "com.atproto.server.revokeAppPassword", json={"name": "helpdesk"})
    xrpc.forget(ours)
    with pytest.raises(TokenDead):
        CHANNEL.probe(ours)
