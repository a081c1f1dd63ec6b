"""The spine: what is recorded is heard, in order, and its effects happen once."""

import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection, transaction

from helpdesk import events
from helpdesk.models import Event, PendingEvent, Team


@pytest.fixture
def ear() -> Iterator[list[tuple[str, int]]]:
    """What subscribers of the tests heard; the real subscribers are silent meanwhile."""
    single, batch = events._single, events._batch
    events._single, events._batch = defaultdict(list), []
    heard: list[tuple[str, int]] = []
    yield heard
    events._single, events._batch = single, batch


def record(verb: str, team: Team, stream: int | None = None) -> Event:
    with transaction.atomic():
        event = events.draft(verb, team, actor=None)
        event.stream_id = stream
        events.record_many([event])
    return event


def test_an_event_outside_a_transaction_is_refused(transactional_db, team):
    with pytest.raises(RuntimeError):
        events.record("team.created", team, actor=None)


def test_a_rolled_back_change_leaves_no_event(transactional_db, team):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.record("team.changed", team, actor=None)
        raise ZeroDivisionError
    assert not Event.objects.exists() and not PendingEvent.objects.exists()


def test_the_ledger_cannot_be_changed(db, team):
    record("team.created", team)
    for statement in ("UPDATE helpdesk_event SET verb = 'x'", "DELETE FROM helpdesk_event"):
        with pytest.raises(Exception, match="only ever added to"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_subscribers_hear_a_stream_in_order(db, team, ear):
    for verb in ("one", "two", "three"):
        events.subscribe(f"team.{verb}")(lambda event: ear.append((event.verb, event.stream_id)))
    for verb in ("one", "two", "three"):
        record(f"team.{verb}", team, stream=7)
    assert events.drain() == 3
    assert ear == [("team.one", 7), ("team.two", 7), ("team.three", 7)]
    assert not PendingEvent.objects.exists()
    assert events.drain() == 0


def test_batch_subscribers_hear_what_they_asked_for(db, team, ear):
    events.subscribe_batch("team.*")(lambda batch: ear.extend((e.verb, 0) for e in batch))
    events.subscribe_batch("other.thing")(lambda batch: ear.append(("never", 0)))
    record("team.one", team)
    record("house.one", team)
    events.drain()
    assert ear == [("team.one", 0)]


def test_a_failing_subscriber_holds_its_own_stream_and_no_other(db, team, ear):
    def stumble(event: Event) -> None:
        if event.stream_id == 1:
            raise ValueError("not today")
        ear.append((event.verb, event.stream_id))

    events.subscribe("team.one", "team.two")(stumble)
    record("team.one", team, stream=1)
    record("team.two", team, stream=1)
    record("team.one", team, stream=2)
    events.drain()
    assert ear == [("team.one", 2)]
    first, second = PendingEvent.objects.order_by("event_id")
    assert (first.attempts, second.attempts) == (1, 0)
    assert "not today" in first.error


def test_what_failed_is_heard_later_and_before_its_successors(db, team, ear):
    broken = [True]

    def stumble(event: Event) -> None:
        if broken and event.verb == "team.one":
            raise ValueError("not today")
        ear.append((event.verb, event.stream_id))

    events.subscribe("team.one", "team.two")(stumble)
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as clock:
        record("team.one", team, stream=1)
        record("team.two", team, stream=1)
        events.drain()
        assert ear == []
        broken.clear()
        clock.shift(10)
        events.drain()
    assert ear == [("team.one", 1), ("team.two", 1)]


def test_an_event_nobody_can_hear_is_set_aside_and_counted(db, team, ear):
    def never(event: Event) -> None:
        if event.verb == "team.poison":
            raise ValueError("never")
        ear.append((event.verb, event.stream_id))

    events.subscribe("team.poison", "team.two")(never)
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as clock:
        record("team.poison", team, stream=1)
        record("team.two", team, stream=1)
        for _ in range(events.PATIENCE + 1):
            events.drain()
            clock.shift(600)
        events.drain()
    assert ear == [("team.two", 1)]
    assert events.set_aside() == 1


def test_effects_and_hearing_are_one_transaction(db, team, ear):
    def effect(event: Event) -> None:
        Team.objects.create(name="an effect")
        raise ValueError("after the effect")

    events.subscribe("team.one")(effect)
    record("team.one", team, stream=1)
    events.drain()
    assert not Team.objects.filter(name="an effect").exists()


def test_many_drains_at_once_hear_each_event_once_and_each_stream_in_order(transactional_db, team, ear):
    lock = threading.Lock()

    def listen(event: Event) -> None:
        with lock:
            ear.append((event.verb, event.stream_id))

    verbs = [f"team.n{n}" for n in range(10)]
    events.subscribe(*verbs)(listen)
    for verb in verbs:
        for stream in range(8):
            record(verb, team, stream=stream)

    def drain() -> None:
        while PendingEvent.objects.exists():
            events.drain(limit=7)
        connection.close()

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ear) == 80
    for stream in range(8):
        assert [verb for verb, of in ear if of == stream] == verbs
