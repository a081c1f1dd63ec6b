"""F63: a mail that crashes, hangs or overwhelms whoever reads it, and its neighbours who notice nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults import ledger
from tests.faults.world import IS_LONG_RUN, World, until
from tickets.models import Message, RawMessage, RawState, Ticket
from tickets.operations import intake

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mail"

#: what a defect of ours, met by this mail, does to the process that reads it
POISONS = {
    "raises": "an exception in the parser",
    "dies": "the process that reads is killed at once",
    "loops": "an endless loop",
    "eats": "all the memory there is",
}


def keep(world: World, content: bytes, *, ordinary: bool = True) -> None:
    world.note(ledger.Given(world.inbox.pk, content, ordinary=ordinary))
    intake.store(inbox=world.inbox, content=content, source="test")


@pytest.mark.faults("F63")
@pytest.mark.parametrize("poison", POISONS)
def test_a_poisonous_mail_is_set_aside_and_delays_no_other(world: World, poison: str) -> None:
    """Ten mails around it are on tickets before it has been tried for the second time; then it is parked, and kept."""
    world.row.injected = POISONS[poison]
    for number in range(11):
        keep(world, world.letter(subject=f"poison {poison}" if number == 5 else "hello"), ordinary=number != 5)
    for death in range(8):
        worker = world.start("worker", ahead=timedelta(seconds=61 * death), mutation="cannot_read_poison")
        until(lambda worker=worker, death=death: not worker.process.is_alive() or _quiet(most=death > 0), 60)
        world.row.kills += worker.was_killed
        worker.end()
        if death == 1:
            assert Ticket.objects.count() == 10, "a neighbour still waits"
        if _quiet(most=False):
            break
    raw = RawMessage.objects.get(state=RawState.PARKED)
    assert raw.subject in ("", f"poison {poison}") and raw.reason and bytes(raw.content)
    assert raw.attempts <= intake.PATIENCE
    world.drain()
    world.audit()
    intake.replay(raw)  # after an upgrade that can read it
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 11 and Message.objects.count() == 11


@pytest.mark.faults("F63")
def test_mails_that_hang_hold_up_their_neighbours_for_no_longer_than_one_of_them(world: World) -> None:
    """Three hang in one batch: between them, the others are put on their tickets, under one lease that goes on."""
    world.row.injected = "three endless loops in one batch of twelve"
    for number in range(12):
        bad = number % 4 == 0
        keep(world, world.letter(subject="poison loops" if bad else "hello"), ordinary=not bad)
    worker = world.start("worker", mutation="reads_in_parts_of_half_a_second")
    until(lambda: RawMessage.objects.filter(state=RawState.PARKED).count() >= 2)
    if RawMessage.objects.filter(state=RawState.RECEIVED).exists():
        assert Ticket.objects.count() >= 3, "the neighbours wait for the whole batch"
    until(lambda: _quiet(most=False))
    worker.end()
    assert set(RawMessage.objects.values_list("attempts", flat=True)) == {1}
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 9


def _quiet(*, most: bool) -> bool:
    """Whether nothing waits; with `most`, whether what waits is the one bad mail."""
    waiting = RawMessage.objects.filter(state=RawState.RECEIVED).count()
    return (waiting <= 1 and most) or waiting == 0


@pytest.mark.faults("F63")
def test_mails_of_every_nasty_kind_are_explained_and_their_neighbours_are_on_tickets(world: World) -> None:
    """Each is followed by an ordinary one. Skipped where the folder of real mails is not at hand."""
    files = sorted(path for path in CORPUS.rglob("*") if path.suffix in (".eml", ".txt", ".msg", ".mbox"))
    if not files:
        pytest.skip("The folder of real mails is not here.")
    files = files if IS_LONG_RUN else files[::6]
    world.row.injected = f"{len(files)} damaged mails, each beside a good one"
    for path in files:
        keep(world, path.read_bytes(), ordinary=False)
        keep(world, world.letter())
    world.drain()
    world.audit()
    assert RawMessage.objects.filter(state=RawState.DONE).count() >= len(files)


@pytest.mark.faults("F63")
def test_mails_made_to_overwhelm_are_explained_and_their_neighbours_are_on_tickets(world: World) -> None:
    world.row.injected = "bombs: depth, parts, headers, boundaries, empty, binary"
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3000))
    parts = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 20_000
    headers = b"".join(b"X-%d: y\r\n" % n for n in range(60_000))
    bombs = [
        b"", b"\r\n", b"\x00" * 5000, bytes(range(256)) * 40, b"From: " + b"a@b.c, " * 50_000 + b"\r\n\r\nx",
        deep, b"From: a@b.example\r\n" + parts, headers + b"\r\nx", b"From: a@b.example\r\nSubject: " + b"=?" * 100_000,
        b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
        b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"A" * 2_000_000,
    ]  # fmt: skip
    for bomb in bombs:
        keep(world, bomb, ordinary=False)
        keep(world, world.letter())
    world.drain()
    world.audit()
