"""F62: two of a kind at work on the same thing, one of them asleep for longer than its lease."""

import signal

import pytest

from tests.faults.world import World, until
from tickets.models import MailFolder, RawMessage, Ticket


@pytest.mark.faults("F62")
@pytest.mark.parametrize("point", ["in.search", "in.fetch", "in.cursor", "in.raw_committed"])
def test_a_fetcher_that_overslept_brings_nothing_twice_and_hides_nothing(world: World, point: str) -> None:
    """It stands still, another one takes over and gets further, it wakes up."""
    world.row.injected = f"SIGSTOP at {point}, another fetches, SIGCONT"
    world.open_mailbox()
    for _ in range(5):
        world.lies_on_the_server(world.letter())
    sleeper, _port = world.mailroom(failpoint=f"{point}:stop")
    until(lambda: sleeper.is_stopped)
    if point == "in.cursor":  # it holds the transaction: the other one waits for it
        sleeper.signal(signal.SIGCONT)
    world.mailroom()
    for _ in range(5):
        world.lies_on_the_server(world.letter())
    until(lambda: RawMessage.objects.count() == 10)
    until(lambda: MailFolder.objects.get().last_uid == 10)
    if point != "in.cursor":
        sleeper.signal(signal.SIGCONT)
    world.lies_on_the_server(world.letter())
    until(lambda: RawMessage.objects.count() == 11)
    until(lambda: MailFolder.objects.get().last_uid == 11, what="the late one moved the cursor back")
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 11


@pytest.mark.faults("F62")
@pytest.mark.parametrize("point", ["in.claimed", "in.parsed", "in.tx_committed"])
def test_a_reader_that_overslept_puts_nothing_on_a_ticket_twice(world: World, point: str) -> None:
    world.row.injected = f"SIGSTOP at {point}, another reads, SIGCONT"
    _room, port = world.mailroom()
    for _ in range(5):
        assert world.hand_in(port, world.letter())
    sleeper = world.start("worker", failpoint=f"{point}:stop")
    until(lambda: sleeper.is_stopped)
    world.drain()
    assert Ticket.objects.count() == 5
    sleeper.signal(signal.SIGCONT)
    assert world.hand_in(port, world.letter())
    until(lambda: Ticket.objects.count() == 6)
    sleeper.end()
    world.drain()
    world.audit()


@pytest.mark.faults("F62")
@pytest.mark.parametrize("point", ["out.claimed", "out.connected", "out.rcpt", "out.data_begin", "out.250_seen"])
def test_a_sender_that_overslept_sends_nothing_twice(world: World, point: str) -> None:
    """Its lease ran out and another one took its turn: the late one neither sends nor settles."""
    world.row.injected = f"SIGSTOP at {point} beyond the lease, another sends, SIGCONT"
    world.replies(2)
    sleeper = world.start("worker", failpoint=f"{point}:stop")
    until(lambda: sleeper.is_stopped)
    world.drain()
    before = world.states()
    sleeper.signal(signal.SIGCONT)
    message = world.replies(1)[0]
    until(lambda: message.message_id in {mail.message_id for mail in world.next_server.journal.accepted})
    sleeper.end()
    world.drain()
    world.audit()
    assert before.items() <= world.states().items()
