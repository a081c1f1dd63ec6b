"""F07 and F20: the doorbell is lost, and who answers it dies, before its job and after."""

import time

import pytest
import redis
from django.conf import settings

from feedback.models import Invitation, Survey
from helpdesk.models import PendingEvent
from tests.faults.world import IS_LONG_RUN, ROUNDS, World, until, waiting
from tickets.models import Ticket
from tickets.operations import status


def _bells() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


def _ring() -> None:
    """What the clock does every few seconds, now."""
    from feedback.tasks import send_due_invitations
    from helpdesk.tasks import drain_events
    from tickets.tasks import deliver, receive_mail

    for task in (receive_mail, drain_events, deliver, send_due_invitations):
        task.apply_async(retry=False, ignore_result=True)


@pytest.mark.faults("F07")
@pytest.mark.parametrize("point", ["job.claimed", "job.done"])
def test_whoever_hears_events_may_be_killed_before_and_after(world: World, point: str) -> None:
    """The job's message goes back to the broker; what it did before it died is not done again."""
    world.row.injected = f"kill -9 at {point} (Celery)"
    Survey.objects.create(name="Satisfaction", delay_minutes=0)
    _bells().flushdb()
    for number in range(1, 1 + ROUNDS):
        ticket = world.ticket()
        world.reply(ticket)
        status.resolve(ticket, actor=world.ana)
        child = world.start("celery", failpoint=f"{point}:kill9:{number}")
        _ring()
        world.dies(child)
        survivor = world.start("celery")
        _ring()
        until(lambda: not PendingEvent.objects.exists())
        survivor.end()
        assert Invitation.objects.count() == number
        world.drain()
        world.audit()


@pytest.mark.faults("F20")
def test_redis_may_be_emptied_at_any_time(world: World) -> None:
    """The broker forgets everything several times a second while mail comes in and goes out; the clock dies as well."""
    seconds = 60 if IS_LONG_RUN else 4
    world.row.injected = f"FLUSHDB every 0.2 s for {seconds} s, kill -9 at beat.tick"
    _room, port = world.mailroom()
    clock, _worker = world.start("beat", failpoint="beat.tick:kill9"), world.start("celery")
    end, tickets = time.monotonic() + seconds, [world.ticket() for _ in range(3)]
    while time.monotonic() < end:
        assert world.hand_in(port, world.letter())
        world.reply(tickets[world.numbers % 3], f"Answer {world.numbers}")
        _bells().flushdb()
        time.sleep(0.2)
    world.dies(clock)
    world.start("beat")
    until(lambda: not waiting() and not PendingEvent.objects.exists(), 40, "the clock finds what the bells forgot")
    for child in world.children:
        child.end()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == len(world.books.given)


@pytest.mark.faults("F20")
def test_without_redis_mail_goes_in_and_out(world: World) -> None:
    world.row.injected = "Redis unreachable"
    nowhere = {"REDIS_URL": "redis://127.0.0.1:9/0"}
    _room, port = world.mailroom(**nowhere)
    letters = [world.letter() for _ in range(5)]
    assert all(world.hand_in(port, letter) for letter in letters)
    assert waiting()
    world.replies(2)
    worker = world.start("worker", **nowhere)
    until(lambda: not waiting() and not PendingEvent.objects.exists())
    worker.end()
    world.drain()
    world.audit()
    assert set(world.states().values()) == {"sent"}
