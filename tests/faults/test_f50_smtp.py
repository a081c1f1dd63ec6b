"""F50 to F53: a next mail server that puts us off, refuses, falls silent or crawls."""

import time
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine

from helpdesk import clock, events
from tests.faults.smtp_server import Rule
from tests.faults.world import World, until, waiting
from tickets.models import Delivery, Message
from tickets.tasks import deliver

STAGES = ("banner", "ehlo", "mail", "rcpt", "data", "dot")
OTHERS = ("otto@partner.example", "paula@partner.example")


def _until_settled(world: World, days: float = 6) -> list[timedelta]:
    """Live on until nothing is queued; when the attempts were, from the first."""
    begin, attempts = clock.now(), [timedelta(0)]
    deliver()
    with time_machine.travel(clock.now() + timedelta(seconds=1), tick=False) as now:
        while waiting() and clock.now() < begin + timedelta(days=days):
            due = Delivery.objects.filter(state="queued").order_by("due_at").values_list("due_at", flat=True).first()
            assert due is not None, "it is sending, and nobody is at work"
            now.move_to(max(due, clock.now()) + timedelta(seconds=1))
            attempts.append(clock.now() - begin)
            deliver()
        events.drain()
        found = world.violations()
    world.row.violations += map(str, found)
    assert not found, found
    return attempts


# --- F50 --------------------------------------------------------------------------------------------------------------


@pytest.mark.faults("F50")
@pytest.mark.parametrize("stage", STAGES)
def test_who_is_put_off_comes_again_and_is_heard_once(world: World, stage: str) -> None:
    world.row.injected = f"421, 450, 451, 452 at {stage}, three times each"
    messages = []
    for code in (421, 450, 451, 452):
        messages.append(world.reply(world.ticket(*OTHERS)).message_id)
        world.next_server.rules.append(Rule(stage, reply=f"{code} 4.3.0 not now", times=3))
        attempts = _until_settled(world)
        assert set(world.states().values()) == {"sent"}
        assert attempts[-1] <= timedelta(minutes=60), "it was waited for longer than the schedule says"
    assert sorted(accepted.message_id for accepted in world.next_server.journal.accepted) == sorted(messages * 3)


@pytest.mark.faults("F50")
def test_only_whom_the_server_put_off_is_tried_again(world: World) -> None:
    world.row.injected = "450 for one of three recipients"
    world.reply(world.ticket(*OTHERS))
    world.next_server.rules.append(Rule("rcpt", recipient=OTHERS[0], reply="450 4.2.0 greylisted", times=2))
    _until_settled(world)
    order = [accepted.recipients[0] for accepted in world.next_server.journal.accepted]
    assert sorted(order) == sorted(world.states()) and order[-1] == OTHERS[0]
    assert world.next_server.journal.stages["rcpt"] == 5


@pytest.mark.faults("F50")
def test_the_schedule_is_the_promised_one_and_ends_visibly(world: World) -> None:
    """1, 5, 15, 30, 60 minutes, then every two hours or so, for five days; then it has failed, and says so."""
    world.row.injected = "451 for ever"
    world.reply(world.ticket())
    world.next_server.rules.append(Rule("dot", reply="451 4.3.0 not now", times=-1))
    attempts = _until_settled(world)
    waits = [later - earlier for earlier, later in pairwise(attempts)]
    minutes = [wait.total_seconds() / 60 for wait in waits]
    for minute, wanted in zip(minutes[:5], (1, 5, 15, 30, 60), strict=True):
        assert abs(minute - wanted) <= wanted * 0.25 + 0.1
    assert all(90 <= minute <= 150 for minute in minutes[5:-1])
    assert timedelta(days=4.8) <= attempts[-1] <= timedelta(days=5.2)
    delivery = Delivery.objects.get()
    assert delivery.state == "failed" and "not now" in delivery.answer


# --- F51 --------------------------------------------------------------------------------------------------------------


@pytest.mark.faults("F51")
@pytest.mark.parametrize(
    "stage, reply",
    [("rcpt", "550 5.1.1 no such person"), ("dot", "554 5.7.1 not wanted here"), ("mail", "552 5.2.3 too large"),
     ("data", "554 5.5.1 no valid recipients")],
)  # fmt: skip
def test_who_is_refused_has_failed_visibly_and_the_others_get_it_once(world: World, stage: str, reply: str) -> None:
    world.row.injected = f"{reply[:3]} at {stage} for one of three"
    world.reply(world.ticket(*OTHERS))
    name = OTHERS[0] if stage in ("rcpt", "dot", "data") else ""
    world.next_server.rules.append(Rule(stage, recipient=name, reply=reply))
    _until_settled(world)
    assert sorted(world.states().values()) == ["failed", "sent", "sent"]
    assert reply[4:] in Delivery.objects.get(state="failed").answer


@pytest.mark.faults("F51")
def test_a_refused_sign_in_fails_no_mail_and_is_not_hammered(world: World, settings: Any) -> None:
    """535: what waits goes on waiting, visibly, and goes out once when the password is right again."""
    world.row.injected = "535 to AUTH, for half an hour"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "support", "wrong"
    world.replies(5)
    world.next_server.rules.append(Rule("auth", reply="535 5.7.8 wrong password", times=-1))
    begin = clock.now()
    with time_machine.travel(begin, tick=False) as now:
        for minute in range(0, 30, 2):
            now.move_to(begin + timedelta(minutes=minute))
            deliver()
        assert set(world.states().values()) == {"queued"}
        assert all("535" in answer for answer in Delivery.objects.values_list("answer", flat=True))
        assert world.next_server.journal.stages["auth"] <= 15 * 2
        world.next_server.rules.clear()
        now.move_to(begin + timedelta(hours=3))
    world.drain(later=timedelta(hours=3))
    world.audit()
    assert set(world.states().values()) == {"sent"}


# --- F52 --------------------------------------------------------------------------------------------------------------


def test_an_answer_after_the_final_dot_is_waited_for_as_long_as_the_standard_says() -> None:
    """RFC 5321 §4.5.3.2.6: ten minutes."""
    from helpdesk import settings as ours

    assert ours.EMAIL_TIMEOUT >= 600


@pytest.mark.faults("F52")
def test_who_waits_longer_than_a_lease_keeps_it(world: World) -> None:
    """The claim is renewed while the answer is awaited: nobody takes it for dead, and it ends as sent."""
    world.row.injected = "the 250 comes after three leases, two workers at work"
    world.reply(world.ticket())
    world.next_server.rules.append(Rule("dot", wait=3))
    workers = [world.start("worker", mutation="leases_end_after_a_second") for _ in range(2)]
    until(lambda: not waiting())
    for worker in workers:
        worker.end()
    world.drain()
    world.audit()
    assert list(world.states().values()) == ["sent"]


@pytest.mark.faults("F52")
@pytest.mark.parametrize("wait, then", [(0.1, "sent"), (1.5, "sent"), (3.6, "uncertain")])
def test_the_answer_is_waited_for_and_then_nobody_knows(world: World, settings: Any, wait: float, then: str) -> None:
    """On a clock three hundred times as fast: 30 s, 7 min, and 18 min where 10 are the most that is waited."""
    world.row.injected = f"the 250 comes after {wait * 300:.0f} s"
    settings.EMAIL_TIMEOUT = 2
    world.reply(world.ticket())
    world.next_server.rules.append(Rule("dot", wait=wait))
    deliver()
    world.drain(later=timedelta(hours=24))
    time.sleep(max(0, wait - 2))  # the answer comes at last, to nobody
    world.audit()
    assert list(world.states().values()) == [then]


@pytest.mark.faults("F52")
@pytest.mark.parametrize("reply", ["250 2.0.0 Taken", "451 4.3.0 not now"])
def test_a_line_that_is_reset_after_the_final_dot_leaves_it_uncertain(world: World, reply: str) -> None:
    world.row.injected = f"TCP reset after the dot ({reply[:3]} was meant)"
    world.reply(world.ticket())
    world.next_server.rules.append(Rule("dot", reply=reply, cut=True))
    deliver()
    world.drain(later=timedelta(hours=24))
    world.audit()
    assert list(world.states().values()) == ["uncertain"]


@pytest.mark.faults("F52")
@pytest.mark.parametrize("stage", ["banner", "ehlo", "mail", "rcpt", "data"])
def test_a_line_that_is_reset_before_the_final_dot_is_no_doubt(world: World, stage: str) -> None:
    world.row.injected = f"TCP reset at {stage}"
    world.reply(world.ticket())
    world.next_server.rules.append(Rule(stage, cut=True, times=2))
    _until_settled(world)
    assert list(world.states().values()) == ["sent"]


# --- F53 --------------------------------------------------------------------------------------------------------------


@pytest.mark.faults("F53")
def test_a_banner_without_end_holds_nobody_up(world: World) -> None:
    world.row.injected = "a banner of 40,000 lines"
    lines = "\r\n".join(["220-welcome, and read this"] * 40_000)
    world.next_server.rules.append(Rule("banner", reply=f"{lines}\r\n220 next.example"))
    world.replies(2)
    began = time.process_time()
    _until_settled(world)
    assert time.process_time() - began < 15
    assert set(world.states().values()) == {"sent"}


@pytest.mark.faults("F53")
def test_greylisting_costs_one_recipient_some_minutes_and_no_other_anything(world: World) -> None:
    world.row.injected = "every recipient greylisted once"
    messages = world.replies(4)
    for address in world.states():
        world.next_server.rules.append(Rule("rcpt", recipient=address, reply="451 4.7.1 greylisted, come again"))
    attempts = _until_settled(world)
    assert attempts[-1] < timedelta(minutes=10)
    assert len(world.next_server.journal.accepted) == len(messages) == Message.objects.filter(kind="reply").count()


@pytest.mark.faults("F53")
@pytest.mark.parametrize("stage", ["banner", "rcpt"])
def test_a_tarpit_binds_a_worker_for_a_bounded_time(world: World, stage: str) -> None:
    """One byte a second for ever: the transaction is given up, and what waits behind it goes on."""
    world.row.injected = f"one byte a second at {stage}"
    world.replies(2)
    world.next_server.rules.append(Rule(stage, reply="220 " + "x" * 600, pace=5))
    worker = world.start("worker", EMAIL_TIMEOUT=2)
    until(lambda: "sent" in world.states().values(), 60, "the other mail goes out, before the byte for ever has ended")
    worker.end()
    world.drain()
    world.audit()
    assert set(world.states().values()) == {"sent"}
