"""F40 to F44: an IMAP server that hangs up, numbers anew, loses, forgets and refuses."""

import random
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.faults.arming import INBOUND_IMAP
from tests.faults.imap_mailbox import Rule
from tests.faults.world import IS_LONG_RUN, ROUNDS, World, until
from tickets.channels.email import imap, watching
from tickets.models import Mailbox, MailFolder, RawMessage, Ticket
from tickets.tasks import receive_mail


@pytest.mark.faults("F40")
def test_the_line_may_break_at_any_byte(world: World) -> None:
    """A session of some 20 kB, cut at every byte (in steps, in a short run): the next look finds what is missing."""
    world.open_mailbox()
    for _ in range(8):
        world.lies_on_the_server(world.letter(text="Where is my order? " * 110))
    world.look()
    length, step = world.post.journal.sent, max(1, 20 // ROUNDS) if IS_LONG_RUN else 400
    offsets = range(random.randrange(step), length, step)
    world.row.injected = f"{len(offsets)} cuts of a session of {length:,} bytes"
    for offset in offsets:
        RawMessage.objects.all().delete()
        MailFolder.objects.update(last_uid=0)
        world.post.limits = [offset]
        with suppress(*imap.TROUBLE):
            world.look()
        world.look()
        assert RawMessage.objects.count() == 8, f"cut at {offset}"
    receive_mail()
    world.drain()
    world.audit()


@pytest.mark.faults("F40")
@pytest.mark.parametrize("point", INBOUND_IMAP)
def test_the_line_may_break_at_any_step(world: World, point: str) -> None:
    world.row.injected = f"disconnect at {point}"
    world.open_mailbox()
    for _ in range(60):
        world.lies_on_the_server(world.letter())
    world.mailroom(failpoint=f"{point}:disconnect")
    until(lambda: RawMessage.objects.count() >= 60)
    world.drain()
    world.audit()


@pytest.mark.faults("F40")
@pytest.mark.parametrize("how", ["idle dropped", "bye", "cut before the answer"])
def test_a_server_that_goes_away_is_found_again(world: World, how: str) -> None:
    world.row.injected = how
    world.open_mailbox()
    world.lies_on_the_server(world.letter())
    world.mailroom()
    until(lambda: RawMessage.objects.count() == 1 and world.post.journal.commands["IDLE"])
    if how == "idle dropped":
        world.post.drops_idle.set()
        until(lambda: world.post.journal.commands["IDLE"] > 1)
        world.post.drops_idle.clear()
    else:
        world.post.rules.append(Rule("UID SEARCH", bye=how == "bye", cut=how != "bye"))
    world.lies_on_the_server(world.letter())
    until(lambda: RawMessage.objects.count() == 2)
    world.drain()
    world.audit()


# --- F41 --------------------------------------------------------------------------------------------------------------


@pytest.mark.faults("F41")
def test_a_server_that_numbers_anew_brings_nothing_twice_and_loses_nothing(world: World) -> None:
    world.row.injected = "UIDVALIDITY changes, with mail in the folder and new mail coming"
    world.open_mailbox()
    for number in range(1, 4):
        for _ in range(5):
            world.lies_on_the_server(world.letter(), most=4)
        world.look()
        receive_mail()
        world.post.inbox.renumber(start=number * 3)
    world.look()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 15


@pytest.mark.faults("F41")
def test_a_server_that_numbers_anew_while_it_is_empty_loses_nothing(world: World) -> None:
    """The folder is empty when its numbering changes, and the next mail has a number we once passed."""
    world.row.injected = "UIDVALIDITY changes in an empty folder"
    world.open_mailbox()
    for _ in range(5):
        world.lies_on_the_server(world.letter())
    world.look()
    world.post.inbox.mails.clear()
    world.post.inbox.renumber()
    world.look()
    world.lies_on_the_server(world.letter())
    world.look()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 6


@pytest.mark.faults("F41")
def test_a_server_that_uses_its_numbers_again_loses_nothing(world: World) -> None:
    """A broken server begins at 1 again and does not say so: its next number tells it."""
    world.row.injected = "UIDs reused under the same UIDVALIDITY"
    world.open_mailbox()
    for _ in range(5):
        world.lies_on_the_server(world.letter())
    world.look()
    world.post.inbox.mails.clear()
    world.post.inbox.next_uid = 1
    for _ in range(2):
        world.lies_on_the_server(world.letter())
        world.look()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 7


@pytest.mark.faults("F41")
def test_a_mail_that_vanishes_between_search_and_fetch_stops_no_other(world: World) -> None:
    world.row.injected = "deleted between SEARCH and FETCH"
    world.open_mailbox()
    for _ in range(3):
        world.lies_on_the_server(world.letter())
    world.post.deliver(world.letter())  # UID 4: another client takes it away before anybody could read it
    for _ in range(3):
        world.lies_on_the_server(world.letter())
    world.post.rules.append(Rule("UID FETCH", act=lambda: world.post.inbox.mails.pop(4)))
    assert [world.look(), world.look()] == [6, 0]
    world.drain()
    world.audit()


@pytest.mark.faults("F41")
def test_a_mail_the_server_kept_silent_about_once_is_not_passed_over(world: World) -> None:
    """A fetch that leaves out a mail that still lies there is no reason to count it as read."""
    world.row.injected = "FETCH keeps silent about a mail that is there"
    world.open_mailbox()
    for _ in range(6):
        world.lies_on_the_server(world.letter())
    world.post.rules += [Rule("UID FETCH", times=0), Rule("UID FETCH", silent=frozenset({4}), times=2)]
    for _ in range(3):
        with suppress(*imap.TROUBLE):
            world.look()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 6


# --- F42, F43 ---------------------------------------------------------------------------------------------------------


@pytest.mark.faults("F42")
def test_what_other_clients_do_to_the_mailbox_loses_nothing_that_is_there(world: World) -> None:
    world.row.injected = "read, flagged, answered and deleted by others"
    world.open_mailbox()
    for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted"):
        world.lies_on_the_server(world.letter(), flag)
    world.look()
    world.lies_on_the_server(world.letter(), "\\Seen")
    gone = world.post.deliver(world.letter())
    world.post.inbox.mails.pop(max(world.post.inbox.mails))  # gone before we looked: nobody can fetch it
    world.lies_on_the_server(world.letter(), "\\Seen")
    world.look()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 6 and gone


@pytest.mark.faults("F43")
def test_nothing_is_asked_of_the_server_that_it_could_refuse_or_forget(world: World) -> None:
    """No flag, no move, no expunge: a full or forgetful mailbox is read like any other, each mail once."""
    world.row.injected = "STORE forgotten, MOVE and COPY refused (none is ever asked for)"
    world.open_mailbox()
    world.post.forgets_flags = True
    for _ in range(4):
        world.lies_on_the_server(world.letter())
        world.look()
    asked = set(world.post.journal.commands)
    assert not asked & {
        "UID STORE",
        "STORE",
        "UID MOVE",
        "MOVE",
        "UID COPY",
        "COPY",
        "EXPUNGE",
        "UID EXPUNGE",
        "APPEND",
    }
    assert len(world.post.journal.given) == 4
    world.drain()
    world.audit()


# --- F44 --------------------------------------------------------------------------------------------------------------


def _mailbox() -> Mailbox:
    return Mailbox.objects.get()


@pytest.mark.faults("F44")
def test_a_refused_password_is_said_and_nothing_is_missed(world: World) -> None:
    world.row.injected = "password refused for a while"
    world.open_mailbox()
    world.post.password = "changed"
    _room, port = world.mailroom()
    until(lambda: "refused" in _mailbox().error)
    began = time.monotonic()
    for _ in range(3):
        world.lies_on_the_server(world.letter())
    assert world.hand_in(port, world.letter())  # mail that comes by another way is not held up
    until(lambda: len(world.post.journal.logins) >= 2)
    tries = len(world.post.journal.logins)
    assert tries <= 2 + (time.monotonic() - began), "it hammers at the door"
    Mailbox.objects.update(password="changed")
    until(lambda: RawMessage.objects.count() == 4)
    until(lambda: not _mailbox().error)
    world.drain()
    world.audit()


@pytest.mark.faults("F44")
@pytest.mark.parametrize("command", ["LOGIN", "UID SEARCH", "UID FETCH"])
def test_a_server_that_says_slow_down_is_left_alone_and_misses_nothing(world: World, command: str) -> None:
    world.row.injected = f"NO [THROTTLED] to {command}"
    world.open_mailbox()
    world.post.rules.append(Rule(command, reply="NO [THROTTLED] too many requests", times=2))
    for _ in range(3):
        world.lies_on_the_server(world.letter())
    world.mailroom(mutation="asks_a_busy_server_again_after_a_second")
    until(lambda: _mailbox().error)
    assert "patience" in _mailbox().error
    until(lambda: RawMessage.objects.count() == 3)
    until(lambda: not _mailbox().error)
    world.drain()
    world.audit()


@pytest.mark.faults("F44")
def test_the_waits_before_a_broken_mailbox_grow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """1, 2, 4 … seconds, 15 minutes at most, for this mailbox alone."""
    world.row.injected = "password refused for ever"
    waits, stop = list[float](), threading.Event()

    def pause(_mailbox: Mailbox, seconds: float, stop: threading.Event) -> None:
        waits.append(seconds)
        if len(waits) > 12:
            stop.set()

    monkeypatch.setattr(watching, "_pause", pause)
    world.open_mailbox()
    world.post.password = "changed"
    watching.watch(_mailbox().pk, stop)
    assert waits[:4] == [1, 2, 4, 8] and max(waits) == timedelta(minutes=15).total_seconds()
