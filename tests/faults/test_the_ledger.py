"""The ledger can go red: for each invariant, and for each precaution that is taken away."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from helpdesk import clock
from helpdesk.models import Event, PendingEvent
from tests.faults import ledger
from tests.faults.smtp_server import Accepted
from tests.faults.world import World, until
from tickets.models import Delivery, MailFolder, Message, RawMessage

INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I10", "I11", "I12")


def red(world: World) -> set[str]:
    world.audited = True
    return {violation.invariant for violation in world.violations()}


# --- each invariant ---------------------------------------------------------------------------------------------------


def _a_raw_mail_vanishes(world: World) -> None:
    Message.objects.filter(kind="incoming").update(raw=None)
    RawMessage.objects.all().delete()


def _a_byte_changes(world: World) -> None:
    RawMessage.objects.update(content=b"other bytes")


def _a_message_stands_twice(world: World) -> None:
    message = Message.objects.filter(kind="incoming").first()
    assert message is not None
    message.pk = None
    message.save(force_insert=True)


def _the_next_server_has_it_twice(world: World) -> None:
    world.next_server.journal.accepted *= 2


def _a_reply_is_forgotten(world: World) -> None:
    Delivery.objects.update(state="queued", due_at=clock.now() - timedelta(minutes=16))


def _nobody_got_what_was_sent(world: World) -> None:
    world.next_server.journal.accepted.clear()


def _something_else_went_out(world: World) -> None:
    world.next_server.journal.accepted.append(Accepted("a@x.example", ("b@x.example",), b"Subject: ?\r\n\r\n?", 0))


def _what_was_taken_back_went_out(world: World) -> None:
    world.books.taken_back.append(world.next_server.journal.accepted[0].message_id)


def _a_mail_is_set_aside_in_silence(world: World) -> None:
    RawMessage.objects.update(state="parked", reason="")


def _a_neighbour_is_set_aside(world: World) -> None:
    RawMessage.objects.update(state="parked", reason="There was a bad mail beside it.")


def _an_acknowledged_reply_is_gone(world: World) -> None:
    Delivery.objects.all().delete()
    Message.objects.filter(kind="reply").delete()


def _a_bell_is_waited_for(world: World) -> None:
    event = Event.objects.first()
    assert event is not None
    PendingEvent.objects.create(event_id=event.id, at=event.at, stream_id=event.stream_id)


def _the_senders_clock_decides(world: World) -> None:
    Message.objects.filter(kind="incoming").update(created_at=F("created_at") - timedelta(days=365))


def _a_message_disappears(world: World) -> None:
    world.violations()
    RawMessage.objects.update(said=None)
    Message.objects.filter(kind="reply").delete()


DAMAGES: list[tuple[str, Callable[[World], None]]] = [
    ("I1", _a_raw_mail_vanishes),
    ("I1", _a_byte_changes),
    ("I2", _a_message_stands_twice),
    ("I3", _the_next_server_has_it_twice),
    ("I4", _a_reply_is_forgotten),
    ("I4", _nobody_got_what_was_sent),
    ("I5", _something_else_went_out),
    ("I5", _what_was_taken_back_went_out),
    ("I6", _a_mail_is_set_aside_in_silence),
    ("I7", _a_neighbour_is_set_aside),
    ("I10", _an_acknowledged_reply_is_gone),
    ("I11", _a_bell_is_waited_for),
    ("I12", _the_senders_clock_decides),
    ("I12", _a_message_disappears),
]


@pytest.mark.faults("harness")
def test_the_ledger_goes_red_for_every_invariant(world: World) -> None:
    """One healthy exchange, and one damage at a time: rolled back, it is green again."""
    from django.db import transaction

    world.row.injected = "each kind of damage, by hand"
    world.reply(world.ticket())
    world.drain()
    world.audit()
    for invariant, damage in DAMAGES:
        accepted, books = list(world.next_server.journal.accepted), ledger.Books(**vars(world.books))
        books.given, books.taken_back, books.seen = list(books.given), [], set()
        with transaction.atomic():
            damage(world)
            found = red(world)
            transaction.set_rollback(True)
        assert invariant in found, f"{damage.__name__} was not seen: {found}"
        world.next_server.journal.accepted, world.books = accepted, books
        assert not world.violations()
    assert {invariant for invariant, _ in DAMAGES} == set(INVARIANTS)


# --- each precaution --------------------------------------------------------------------------------------------------


@pytest.mark.faults("harness")
@pytest.mark.parametrize("mutation, found", [("acknowledges_before_it_stores", {"I1", "I10"}), ("", set())])
def test_it_sees_an_acknowledgement_before_the_commit(world: World, mutation: str, found: set[str]) -> None:
    child, port = world.mailroom(mutation=mutation)
    letter = world.letter()
    world.hand_in(port, letter)
    child.kill()
    world.drain()
    assert red(world) & {"I1", "I10"} == found


@pytest.mark.faults("harness")
@pytest.mark.parametrize("mutation, found", [("moves_the_cursor_before_it_stores", {"I1"}), ("", set())])
def test_it_sees_a_cursor_that_moves_before_the_commit(world: World, mutation: str, found: set[str]) -> None:
    world.open_mailbox()
    world.lies_on_the_server(world.letter())
    child, _port = world.mailroom(failpoint="in.fetch:kill9", mutation=mutation)
    world.dies(child)
    _survivor, port = world.mailroom()
    last = world.letter()
    world.hand_in(port, last)
    until(lambda: world.post.journal.commands["IDLE"])
    world.drain()
    assert red(world) & {"I1"} == found


@pytest.mark.faults("harness")
@pytest.mark.parametrize("mutation, found", [("holds_no_lease", {"I3"}), ("", set())])
def test_it_sees_that_two_workers_send_one_mail(world: World, mutation: str, found: set[str]) -> None:
    world.replies(1)
    workers = [world.start("worker", mutation=mutation, failpoint="out.rcpt:sleep3") for _ in range(2)]
    until(lambda: set(world.states().values()) == {"sent"})
    if mutation:
        until(lambda: len(world.next_server.journal.accepted) > 1)
    for worker in workers:
        worker.end()
    world.drain()
    assert red(world) & {"I3"} == found


@pytest.mark.faults("harness")
@pytest.mark.parametrize("mutation, found", [("sends_again_what_may_have_been_sent", {"I3"}), ("", set())])
def test_it_sees_a_blind_repeat(world: World, mutation: str, found: set[str]) -> None:
    world.replies(1)
    world.dies(world.start("worker", failpoint="out.250_seen:kill9"))
    second = world.start("worker", ahead=timedelta(minutes=16), mutation=mutation)
    until(lambda: "sending" not in world.states().values() and "queued" not in world.states().values())
    second.end()
    world.drain()
    assert red(world) & {"I3"} == found


@pytest.mark.faults("harness")
@pytest.mark.parametrize("index, found", [("raw_source_once", {"I1"}), ("", set())])
def test_it_sees_a_missing_unique_index(world: World, index: str, found: set[str]) -> None:
    """Without the index, a mail that is fetched again is kept again."""
    world.open_mailbox()
    world.lies_on_the_server(world.letter())
    with connection.cursor() as cursor:
        if index:
            cursor.execute(f"ALTER TABLE tickets_rawmessage DROP CONSTRAINT {index}")
        try:
            for _ in range(2):
                child, _port = world.mailroom()
                until(lambda: MailFolder.objects.get().last_uid)
                child.end()
                MailFolder.objects.update(last_uid=0)  # as in a database that was restored from yesterday
            world.drain()
            assert red(world) & {"I1"} == found
        finally:
            if index:
                cursor.execute("TRUNCATE tickets_rawmessage CASCADE")
                cursor.execute(
                    f"ALTER TABLE tickets_rawmessage ADD CONSTRAINT {index} UNIQUE (inbox_id, source, source_key)"
                )


# --- the fail points --------------------------------------------------------------------------------------------------


def test_nothing_happens_at_a_fail_point_nobody_armed() -> None:
    import time
    import timeit

    from helpdesk import failpoints

    assert not failpoints.is_armed()
    assert timeit.timeit(lambda: failpoints.reach("in.fetch"), timer=time.process_time, number=10_000) < 0.1


def test_a_helpdesk_that_somebody_tells_to_fail_refuses_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.checks import run_checks

    monkeypatch.setenv("FAILPOINT", "out.dot_sent:kill9")
    assert [error.id for error in run_checks() if error.id == "helpdesk.E002"]
    monkeypatch.delenv("FAILPOINT")
    assert not [error for error in run_checks() if error.id == "helpdesk.E002"]
