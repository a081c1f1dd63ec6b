"""F03 and F04: who sends is killed, before the final dot (it is sent later) and after (nobody can know)."""

from datetime import timedelta

import pytest

from tests.faults.arming import OUTBOUND_AFTER, OUTBOUND_BEFORE
from tests.faults.smtp_server import Rule
from tests.faults.world import ROUNDS, World, until


@pytest.mark.faults("F03")
@pytest.mark.parametrize("point", OUTBOUND_BEFORE)
def test_whoever_sends_may_be_killed_before_the_final_dot(world: World, point: str) -> None:
    world.row.injected = f"kill -9 at {point}"
    for _ in range(ROUNDS):
        world.replies(3)
        nth = 2 if point in ("out.rcpt", "out.data_begin") else 1
        world.dies(world.start("worker", failpoint=f"{point}:kill9:{nth}"))
        world.drain()
        world.audit()
        assert set(world.states().values()) == {"sent"}


@pytest.mark.faults("F04")
@pytest.mark.parametrize("point", OUTBOUND_AFTER)
def test_what_nobody_can_know_is_shown_and_never_repeated(world: World, point: str) -> None:
    world.row.injected = f"kill -9 at {point}"
    for number in range(1, 1 + ROUNDS):
        world.replies(3)
        taken = 3 * (number - 1)
        world.dies(world.start("worker", failpoint=f"{point}:kill9:2"))
        until(lambda taken=taken: len(world.next_server.journal.accepted) == taken + 2)
        world.drain(later=timedelta(hours=24))
        world.audit()
        states = sorted(world.states().values())
        unknown = 0 if point == "out.recorded" else number
        assert states == ["sent"] * (3 * number - unknown) + ["uncertain"] * unknown


@pytest.mark.faults("F04")
def test_a_server_that_took_it_and_answers_late_has_it_once(world: World) -> None:
    """The next server has accepted, its 250 is on the way, and we die: one mail, and a person is told."""
    world.row.injected = "kill -9 while the 250 is awaited"
    world.replies(1)
    world.next_server.rules.append(Rule("dot", wait=5))
    child = world.start("worker")
    until(lambda: world.next_server.journal.accepted)
    child.kill()
    world.row.kills += 1
    world.drain(later=timedelta(hours=24))
    world.audit()
    assert list(world.states().values()) == ["uncertain"]
