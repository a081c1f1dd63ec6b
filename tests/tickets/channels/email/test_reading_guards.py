"""A mail that may kill whoever reads it is tried where it can be killed, and what is too much becomes visible."""

# ruff: noqa: E501 - mails have long lines
import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest
from billiard import Process
from django.db import connection

from tests.tickets.channels.email.mails import mail, multipart
from tests.tickets.channels.email.test_hostile_mail import EMPTY_PARTS, nested
from tickets.channels.email import reading, trial, watchdog
from tickets.channels.email.limits import MAX_HEADER_BLOCK
from tickets.channels.email.parsing import Address, parse_plain
from tickets.models import RawMessage
from tickets.operations import intake

QUICK = trial.Limits(processor=1, clock=60, memory=64 * 1024 * 1024)
IMPATIENT = trial.Limits(clock=0.5)


def children() -> set[str]:
    """The processes we are the parent of, ended ones included: the servers of the tests, and nothing more."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def spin() -> None:
    while True:
        pass


def spin_deaf() -> None:
    """Swallow everything that a guard may catch, as libraries do."""
    while True:
        try:
            spin()
        except Exception:
            continue


@pytest.mark.parametrize(
    ("work", "limits", "words"),
    [
        (lambda: bytearray(1024**3), QUICK, "64 MB of memory"),
        (spin, QUICK, "processor time"),
        (lambda: time.sleep(30), IMPATIENT, "more than 0.5 seconds"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), QUICK, "SIGSEGV"),
        (lambda: os.kill(os.getpid(), signal.SIGABRT), QUICK, "SIGABRT"),
        (lambda: os._exit(7), QUICK, "status 7"),
    ],
    ids=["memory", "processor", "clock", "crash", "abort", "exit"],
)
def test_t38_1_a_child_that_dies_of_a_mail_says_why_in_words(work, limits, words):
    assert words in trial.problem_of(work, limits)


def test_what_a_child_survives_is_no_problem():
    assert trial.problem_of(lambda: sum(range(1000)), QUICK) == ""


def test_an_exception_is_left_to_whoever_does_the_work():
    assert trial.problem_of(lambda: 1 // 0, QUICK) == ""


def test_a_child_changes_nothing_here():
    limits = [resource.getrlimit(which) for which in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)]
    seen: list[int] = []
    before = children()
    assert trial.problem_of(lambda: seen.append(1), QUICK) == ""
    assert seen == []
    assert limits == [
        resource.getrlimit(which) for which in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)
    ]
    assert children() == before


def test_a_child_is_ended_when_its_parent_is_interrupted():
    def impatient(_number, _frame):
        raise KeyboardInterrupt

    offspring = children()
    before = signal.signal(signal.SIGUSR1, impatient)
    try:
        parent = os.getpid()
        with pytest.raises(KeyboardInterrupt):
            trial.problem_of(lambda: (time.sleep(0.2), os.kill(parent, signal.SIGUSR1), time.sleep(30)), trial.Limits())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert children() == offspring


@pytest.mark.django_db
def test_a_child_leaves_the_connection_to_the_database_alone():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        before = cursor.fetchone()
        assert trial.problem_of(lambda: bytearray(1024**3), QUICK)
        assert trial.problem_of(lambda: None, QUICK) == ""
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == before


@pytest.mark.parametrize("work", [spin, spin_deaf])
def test_t39_work_that_takes_too_long_is_ended(work):
    with pytest.raises(watchdog.TooSlow):
        watchdog.within(0.1, work)


def test_the_watchdog_leaves_no_alarm_behind():
    handler, timer = signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)
    assert watchdog.within(5, lambda: "read") == "read"
    with pytest.raises(watchdog.TooSlow):
        watchdog.within(0.05, spin)
    assert (signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)) == (handler, timer)


def stored(content: bytes, attempts: int = 0) -> RawMessage:
    """A mail as a worker has it in hand."""
    return RawMessage(content=content, attempts=attempts)


def test_an_ordinary_mail_is_read_without_a_trial(monkeypatch):
    monkeypatch.setattr(trial, "problem_of", lambda *_: pytest.fail("tried"))
    read = reading.read(stored(mail("Hello")))
    assert (read.problem, read.mail.new_text) == ("", "Hello")


@pytest.mark.parametrize(
    ("content", "attempts"),
    [
        (mail("Hello"), 1),
        (mail("Hello\n" + "x" * reading.LARGE), 0),
        (mail("Hello\n" + "--\n" * (reading.MANY_PARTS + 2)), 0),
    ],
    ids=["tried-before", "large", "many-parts"],
)
def test_a_suspicious_mail_is_tried_and_then_read(content, attempts, monkeypatch):
    tried = []
    really = trial.problem_of
    monkeypatch.setattr(trial, "problem_of", lambda work, limits: tried.append(1) or really(work, limits))
    read = reading.read(stored(content, attempts))
    assert tried == [1]
    assert read.problem == ""
    assert read.mail.text.startswith("Hello")
    assert len(read.content_hash) == 32


def test_a_mail_that_kills_its_reader_is_parked_by_one_who_lives(monkeypatch):
    """What the first worker died of kills a child the second time."""
    monkeypatch.setattr(reading, "parse", lambda *_, **__: os.kill(os.getpid(), signal.SIGSEGV))
    read = reading.read(stored(mail("Hello"), attempts=1))
    assert read.mail is None
    assert "died of it" in read.problem


def test_a_mail_that_takes_too_long_is_parked(monkeypatch):
    monkeypatch.setattr(reading, "SECONDS", 0.1)
    monkeypatch.setattr(reading, "parse", lambda *_, **__: spin_deaf())
    read = reading.read(stored(mail("Hello")))
    assert read.mail is None
    assert "processor time" in read.problem


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [nested(300), nested(2000), EMPTY_PARTS, mail("Hi", From="a@x.test", x_long="x" * (MAX_HEADER_BLOCK + 1))],
    ids=["300-deep", "2000-deep", "100000-parts", "header"],
)
def test_t38_1_a_mail_over_the_caps_becomes_one_visible_ticket(content, inbox):
    """In one batch with its neighbour, which is read as if nothing had been."""
    intake.store(inbox=inbox, content=content, source="test")
    intake.store(inbox=inbox, content=mail("And I?", From="b@x.test"), source="test")
    started = time.process_time()
    reads = [reading.read(raw) for raw in intake.claim(10)]
    assert time.process_time() - started < 10
    intake.receive(reads)
    bomb, neighbour = RawMessage.objects.order_by("pk")
    assert (bomb.state, neighbour.state) == ("done", "done")
    assert bomb.said.ticket != neighbour.said.ticket
    assert reads[0].mail.marks == ("too_complex",)
    assert reads[0].mail.attachments == ()
    assert "Only the beginning" in reads[0].mail.warnings[0]


def test_t38_1_a_mail_over_the_caps_from_nobody_in_particular_is_parked():
    read = reading.read(stored(b"From: a@x.test, b@x.test\nX: " + b"x" * (MAX_HEADER_BLOCK + 1) + b"\n\nHi"))
    assert read.mail is None
    assert "larger or more complex" in read.problem


def test_t08_1_a_second_from_beyond_what_is_read_plainly_is_not_missed():
    raw = b"From: a@x.test\nX: " + b"x" * (2 * 1024 * 1024) + b"\nFrom: b@x.test\n\nHi"
    plain = parse_plain(raw)
    assert (plain.sender, plain.claimed_sender) == (None, Address("", "a@x.test"))
    assert plain.sender_problem


MANY = [f"Content-Type: application/x-thing; name=f{n}\n\nx" for n in range(300)]


def test_a_mail_read_plainly_keeps_its_header_and_the_beginning_of_its_text():
    raw = multipart(
        "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe",
        *MANY,
        From="Dora <dora@x.test>",
        cc="c@x.test",
        subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        message_id="<m@x.test>",
        in_reply_to="<ours@desk.test>",
        date="Tue, 03 Feb 2026 14:05:06 +0100",
        auto_submitted="auto-replied",
    )
    plain = parse_plain(raw, reason="It is too much.")
    assert (plain.sender, plain.sender_problem) == (Address("Dora", "dora@x.test"), "")
    assert (plain.subject, plain.new_text, plain.message_id) == ("Grüße", "Grüße", "m@x.test")
    assert (plain.in_reply_to, plain.date.hour, plain.attachments) == (("ours@desk.test",), 13, ())
    assert plain.recipients == ("support@desk.test", "c@x.test")
    assert plain.is_auto_reply
    assert plain.warnings == ("It is too much. Only the beginning of its text is shown.",)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["Content-Type: text/html\n\n<p>Hello <b>you</b>", *MANY], "Hello you"),
        (["Content-Type: text/html\n\n<p>no", "Content-Type: text/plain\n\nHello", *MANY], "Hello"),
        (["Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8=", *MANY], "Hello"),
        (["Content-Type: text/plain\nContent-Disposition: attachment\n\nlog", *MANY], ""),
        (["Content-Type: multipart/alternative; boundary=in\n\n--in\nContent-Type: text/plain\n\nHello\n--in--", *MANY], "Hello"),
        (["\nHello", *MANY], "Hello"),
        (MANY, ""),
    ],
    ids=["html", "both", "base64", "attached", "nested", "no-header", "none"],
)  # fmt: skip
def test_a_mail_read_plainly_shows_the_first_part_that_is_text(parts, text):
    assert parse_plain(multipart(*parts)).text.strip() == text


def test_a_mail_read_plainly_is_read_with_any_line_ends():
    raw = b"From: a@x.test\r\nSubject: folded\r\n over\r\n\r\nHello\r\nyou"
    assert (parse_plain(raw).subject, parse_plain(raw).text) == ("folded over", "Hello\nyou")
    assert parse_plain(raw.replace(b"\r\n", b"\r")).subject == "folded over"


def in_a_worker() -> None:
    survived = trial.problem_of(lambda: None, QUICK)
    died = trial.problem_of(lambda: os.kill(os.getpid(), signal.SIGSEGV), QUICK)
    slow = False
    try:
        watchdog.within(0.1, spin)
    except watchdog.TooSlow:
        slow = True
    os._exit(0 if survived == "" and "SIGSEGV" in died and slow else 1)


def test_a_daemonic_worker_of_celery_may_try_a_mail():
    """Celery's prefork workers may have no children of the sort that multiprocessing knows; these are none."""
    worker = Process(target=in_a_worker, daemon=True)
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0


def test_work_in_another_thread_runs_without_the_watchdog():
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(watchdog.within(0.001, lambda: sum(range(100_000)))))
    thread.start()
    thread.join(30)
    assert answers == [sum(range(100_000))]
