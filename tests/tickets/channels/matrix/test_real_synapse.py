"""Matrix against a real homeserver: a customer writes, edits, sends a file, takes back; an agent answers."""

import json
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from helpdesk.models import Agent, Team
from tests import needs
from tests.tickets.channels.matrix import synapse
from tickets import tasks
from tickets.channels import handling
from tickets.channels.matrix import CHANNEL
from tickets.models import ChannelAccount, Delivery, Inbox, Message, MessageKind, Ticket
from tickets.operations import posting, replying
from tickets.operations.enclosing import Upload

pytestmark = pytest.mark.django_db
PICTURE = b"\x89PNG\r\n\x1a\n a picture"


@pytest.fixture
def server(tmp_path: Path) -> Any:
    try:
        interpreter = synapse.python()
    except (OSError, subprocess.SubprocessError) as error:
        needs.missing(f"Synapse cannot be had from PyPI: {error!r}")
    with synapse.homeserver(interpreter, tmp_path) as url:
        yield url


def test_a_customer_and_an_agent_talk_over_a_real_homeserver(
    server: str, team: Team, ana: Agent, settings: Any
) -> None:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    desk, dora = synapse.register(server, "desk"), synapse.register(server, "dora")
    dora.ask("PUT", f"/profile/{dora.user}/displayname", {"displayname": "Dora Lind"})
    inbox = Inbox.objects.create(name="Matrix", channel="matrix")
    inbox.teams.add(team)
    account = ChannelAccount(inbox=inbox, kind="matrix", config={"server": server})
    account.sealed = json.dumps({"token": desk.token})
    account.save()
    account.address = CHANNEL.connected(posting.account_of(inbox))
    account.save()
    assert account.address == desk.user

    def comes_in() -> None:
        handling.poll(account.pk)
        tasks.receive_posts()

    # --- she invites us, and writes
    comes_in()
    room = dora.ask("POST", "/createRoom", {"is_direct": True, "invite": [desk.user], "preset": "trusted_private_chat"})
    room = room["room_id"]
    comes_in()
    asked = dora.send(room, "1", {"msgtype": "m.text", "body": "Where is my parcle?"})
    comes_in()
    message = Message.objects.get()
    assert (message.text, message.ticket.customer.name) == ("Where is my parcle?", "Dora Lind")

    # --- she edits it, and sends a picture
    dora.send(room, "2", {
        "msgtype": "m.text", "body": "* Where is my parcel?",
        "m.new_content": {"msgtype": "m.text", "body": "Where is my parcel?"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": asked},
    })  # fmt: skip
    url = dora.upload("a.png", "image/png", PICTURE)
    dora.send(room, "3", {"msgtype": "m.image", "body": "a.png", "url": url, "info": {"mimetype": "image/png"}})
    comes_in()
    message.refresh_from_db()
    assert message.text == "Where is my parcel?" and "edited" in message.marks
    picture = Message.objects.latest("pk")
    attached = picture.attachments.get()
    assert (attached.filename, attached.content_type, attached.file.read()) == ("a.png", "image/png", PICTURE)

    # --- an agent answers, with a file; the homeserver takes a repeat for the same
    replying.reply(message.ticket, text="On its way.", actor=ana, files=[Upload("form.png", "image/png", PICTURE)])
    tasks.deliver_posts()
    post = next(handling.posts_of(Delivery.objects.get()))
    assert CHANNEL.deliver(posting.account_of(inbox), post).identifier == Delivery.objects.get().receipts[0]
    there = dora.ask("GET", f"/rooms/{room}/messages?dir=b&limit=2")["chunk"]
    assert [one["content"]["body"] for one in there] == ["form.png", "On its way."]
    assert {one["sender"] for one in there} == {desk.user}

    # --- she reads it, and takes her question back; our own words do not come in again
    dora.ask("POST", f"/rooms/{room}/receipt/m.read/{there[0]['event_id']}", {})
    dora.ask("PUT", f"/rooms/{room}/redact/{asked}/4", {})
    comes_in()
    message.refresh_from_db()
    assert "deleted" in message.marks and message.text == ""
    assert Delivery.objects.get().seen_at is not None
    assert Ticket.objects.count() == 1 and Message.objects.filter(kind=MessageKind.REPLY).count() == 1

    # --- the token is taken away
    desk.ask("POST", "/logout", {})
    handling.poll(account.pk)
    account.refresh_from_db()
    assert account.dead_since and account.problem
