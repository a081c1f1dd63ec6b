"""F05 and F54: an answer is sent once, whoever is killed, cut off or impatient."""

import json
import random
import socket
import threading
import urllib.request
import uuid
from contextlib import suppress
from typing import Any

import pytest

from helpdesk.models import ApiToken
from tests.faults.arming import OUTBOUND_WEB
from tests.faults.world import IS_LONG_RUN, ROUNDS, World, at_once
from tickets.models import Delivery, Message, Ticket
from tickets.operations import replying


class Program:
    """A client of the API that repeats with the same key until it hears an answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        _token, self.secret = ApiToken.objects.issue(world.ana, "faults")

    def post(self, address: str, ticket: Ticket, text: str, key: str) -> dict[str, Any] | None:
        """The answer, or None when the connection broke before it was whole."""
        request = urllib.request.Request(
            f"{address}/api/v1/tickets/{ticket.pk}/messages/",
            data=json.dumps({"kind": "reply", "text": text}).encode(),
            headers={
                "Authorization": f"Bearer {self.secret}", "Content-Type": "application/json", "Idempotency-Key": key,
            },
        )  # fmt: skip
        with suppress(OSError):
            with urllib.request.urlopen(request, timeout=20) as response:
                assert response.status == 201
                said: dict[str, Any] = json.load(response)
            self.world.books.promised.append(said["id"])
            return said
        return None

    def post_and_hang_up(self, port: int, ticket: Ticket, text: str, key: str, after: int) -> None:
        """Send the request and cut the connection after so many bytes of the answer."""
        body = json.dumps({"kind": "reply", "text": text}).encode()
        head = (
            f"POST /api/v1/tickets/{ticket.pk}/messages/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            f"{self.secret}\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}"
        )
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 20) as line:
            line.sendall(head.encode() + b"\r\n\r\n" + body)
            while after > 0 and (octets := line.recv(after)):
                after -= len(octets)


@pytest.mark.faults("F05")
@pytest.mark.parametrize("point", OUTBOUND_WEB)
def test_a_web_process_that_dies_while_an_answer_is_sent_sends_it_once(world: World, point: str) -> None:
    world.row.injected = f"kill -9 at {point}"
    program = Program(world)
    for number in range(1, 1 + ROUNDS):
        ticket, key = world.ticket(), uuid.uuid4().hex
        child, address = world.web(failpoint=f"{point}:kill9")
        assert program.post(address, ticket, "It ships today.", key) is None
        world.dies(child)
        survivor, address = world.web()
        assert program.post(address, ticket, "It ships today.", key)
        survivor.kill()
        assert Message.objects.filter(kind="reply").count() == number
        _undo_is_over()
        world.drain()
        world.audit()


@pytest.mark.faults("F05")
def test_an_answer_that_never_reached_its_client_is_not_sent_again(world: World) -> None:
    """A proxy cuts the response at random bytes; the client repeats until it has heard it whole."""
    count = 1000 if IS_LONG_RUN else 25
    world.row.injected = f"{count} POSTs, the response cut at random bytes"
    dice, ticket = random.Random(5), world.ticket()
    _child, address = world.web()
    port = int(address.rpartition(":")[2])
    for number in range(count):
        if number % 50 == 0:
            program = Program(world)  # each may ask so often a minute, and no more
        key = uuid.uuid4().hex
        for _ in range(dice.randint(0, 2)):
            program.post_and_hang_up(port, ticket, f"Answer {number}", key, dice.choice([0, dice.randint(1, 900)]))
        assert program.post(address, ticket, f"Answer {number}", key)
        world.row.mails += 1
    assert Message.objects.filter(kind="reply").count() == count
    _undo_is_over()
    world.drain()
    world.audit()


@pytest.mark.faults("F54")
def test_many_clicks_are_one_answer(world: World) -> None:
    """Double clicks and double tabs carry the same once-only key."""
    world.row.injected = "20 clicks at once, twice"
    ticket, heard = world.ticket(), list[int]()
    for key in ("first", "second"):
        at_once(
            10,
            lambda _number, key=key: heard.append(
                replying.reply(ticket, text=f"The {key} answer.", actor=world.ana, once=key).pk
            ),
        )
    assert len(set(heard)) == 2
    world.books.promised.extend(set(heard))
    world.row.mails += 2
    _undo_is_over()
    world.drain()
    world.audit()


def _undo_is_over() -> None:
    from helpdesk import clock

    Delivery.objects.filter(state="queued", attempts=0).update(due_at=clock.now())


@pytest.mark.faults("F54")
def test_two_agents_who_answer_at_once_both_send_once(world: World) -> None:
    world.row.injected = "two agents, one moment"
    ticket, lock = world.ticket(), threading.Lock()

    def answer(number: int) -> None:
        message = replying.reply(ticket, text=f"Answer of agent {number}.", actor=world.ana, once=f"agent {number}")
        with lock:
            world.books.promised.append(message.pk)

    at_once(2, answer)
    world.row.mails += 2
    assert len(world.books.promised) == 2
    _undo_is_over()
    world.drain()
    world.audit()
