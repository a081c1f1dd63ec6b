"""F01: the process that fetches is killed, at every fail point of its way."""

import pytest

from tests.faults.arming import INBOUND_IMAP
from tests.faults.world import ROUNDS, World, until
from tickets.models import RawMessage, Ticket

#: points that are reached once for each portion of fifty mails, others once for each look
EACH_PORTION = ("in.fetch", "in.cursor", "in.raw_committed")


@pytest.mark.faults("F01")
@pytest.mark.parametrize("point", INBOUND_IMAP)
def test_whoever_fetches_may_be_killed_anywhere(world: World, point: str) -> None:
    world.row.injected = f"kill -9 at {point}"
    world.open_mailbox()
    for number in range(1, 1 + ROUNDS):
        for _ in range(60):
            world.lies_on_the_server(world.letter(), *(["\\Seen"] if number % 2 else []))
        nth = 1 + number % 2 if point in EACH_PORTION else 1
        child, _port = world.mailroom(failpoint=f"{point}:kill9:{nth}")
        world.dies(child)
        survivor, _port = world.mailroom()
        until(lambda: RawMessage.objects.count() >= len(world.books.given))
        survivor.end()
        world.drain()
        world.audit()
    assert Ticket.objects.count() == len(world.books.given)
