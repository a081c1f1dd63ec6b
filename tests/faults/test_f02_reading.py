"""F01 and F02: who stores, and who reads, is killed at every fail point."""

import pytest

from tests.faults.arming import INBOUND_READING
from tests.faults.world import ROUNDS, World
from tickets.models import OutgoingMail, Ticket


@pytest.mark.faults("F01")
def test_a_mail_is_ours_before_its_sender_hears_so(world: World) -> None:
    """The mail room dies after the commit and before its 250: the sender repeats, and one ticket stands."""
    world.row.injected = "kill -9 at in.raw_committed (SMTP)"
    for _ in range(ROUNDS):
        child, port = world.mailroom(failpoint="in.raw_committed:kill9:3")
        letters = [world.letter() for _ in range(5)]
        heard = [world.hand_in(port, letter) for letter in letters]
        world.dies(child)
        assert heard == [True, True, False, False, False]
        _survivor, port = world.mailroom()
        assert all(world.hand_in(port, letter) for letter in letters[2:])
        world.drain()
        world.audit()
    assert Ticket.objects.count() == 5 * ROUNDS


@pytest.mark.faults("F02")
@pytest.mark.parametrize("point", INBOUND_READING)
def test_whoever_reads_may_be_killed_anywhere(world: World, point: str) -> None:
    world.row.injected = f"kill -9 at {point}"
    world.inbox.acknowledges = True
    world.inbox.save()
    _room, port = world.mailroom()
    for number in range(1, 1 + ROUNDS):
        for _ in range(12):
            assert world.hand_in(port, world.letter())
        world.dies(world.start("worker", failpoint=f"{point}:kill9"))
        world.drain()
        world.audit()
        assert Ticket.objects.count() == 12 * number
        acknowledged = OutgoingMail.objects.filter(purpose="acknowledgement").values_list("ticket", flat=True)
        assert sorted(acknowledged) == sorted(Ticket.objects.values_list("number", flat=True))
