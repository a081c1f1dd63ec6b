"""The threads that watch mailboxes: at once when the server tells, patient when it fails, and each for itself."""

import threading
import time
from contextlib import contextmanager

import pytest

from tests.conftest import mail
from tests.tickets.channels.email.conftest import begun
from tickets.channels.email import imap, watching
from tickets.models import Inbox, Mailbox, MailFolder, RawMessage


@contextmanager
def watched(mailbox):
    stop = threading.Event()
    thread = threading.Thread(target=watching.watch, args=(mailbox.pk, stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def wait_until(condition, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def mailbox(transactional_db, mailbox):
    return begun(mailbox)


def checked_again(mailbox):
    mine = Mailbox.objects.filter(pk=mailbox.pk)
    known = mine.get().checked_at
    return lambda: mine.get().checked_at != known


@pytest.fixture
def looks_no_more(monkeypatch):
    """Who is not told of a mail finds it in ten minutes."""
    monkeypatch.setattr(watching, "IDLE_SECONDS", 600)
    monkeypatch.setattr(watching, "REFRESH_SECONDS", 600)


def test_the_watcher_hears_of_a_new_mail_when_it_comes(server, mailbox, looks_no_more):
    with watched(mailbox):
        wait_until(checked_again(mailbox))
        server.deliver(mail())
        wait_until(RawMessage.objects.exists)


def test_the_other_folders_are_looked_at_as_well(server, mailbox, monkeypatch):
    monkeypatch.setattr(watching, "IDLE_SECONDS", 1)
    server.deliver(mail(Message_ID="<old@x.example>"), folder="Orders")
    MailFolder.objects.create(mailbox=mailbox, name="Orders")
    with watched(mailbox):
        wait_until(lambda: MailFolder.objects.get(name="Orders").uidvalidity)
        server.deliver(mail(subject="In the other folder"), folder="Orders")
        wait_until(RawMessage.objects.exists)
    assert b"In the other folder" in bytes(RawMessage.objects.get().content)


def test_a_mail_that_came_between_the_look_and_the_idling_waits_for_no_minute(server, mailbox, monkeypatch):
    """Of what was there when a folder is opened, an idling server does not tell."""
    can_idle, came = imap.can_idle, []

    def just_now(session):
        if not came:
            came.append(server.deliver(mail()))
        return can_idle(session)

    monkeypatch.setattr(imap, "can_idle", just_now)
    with watched(mailbox):
        wait_until(RawMessage.objects.exists, 10)


def test_a_folder_that_is_gone_is_told_and_the_others_go_on(server, mailbox, looks_no_more):
    MailFolder.objects.create(mailbox=mailbox, name="Gone", uidvalidity=1)
    with watched(mailbox):
        wait_until(lambda: "no folder “Gone”" in Mailbox.objects.get().error)
        server.deliver(mail())
        wait_until(RawMessage.objects.exists)


def test_a_server_without_idle_is_asked_now_and_then(server, mailbox, monkeypatch):
    monkeypatch.setattr(imap, "can_idle", lambda session: False)
    monkeypatch.setattr(watching, "REFRESH_SECONDS", 0.2)
    with watched(mailbox):
        wait_until(checked_again(mailbox))
        server.deliver(mail())
        wait_until(RawMessage.objects.exists)


def test_a_wrong_password_is_told_and_its_correction_is_noticed_at_once(server, mailbox, monkeypatch):
    monkeypatch.setattr(watching, "LEAST_WAIT", 600)
    Mailbox.objects.update(password="")
    mailbox.password = "wrong"
    mailbox.save()
    with watched(mailbox):
        wait_until(lambda: Mailbox.objects.get().error)
        failing = Mailbox.objects.get()
        assert "refused the user name or password" in failing.error and failing.failing_since
        mailbox.password = server.password
        mailbox.save(update_fields=["password"])
        wait_until(lambda: Mailbox.objects.get().error == "")
    assert Mailbox.objects.get().failing_since is None


def test_the_waits_grow_from_a_second_to_fifteen_minutes_and_the_first_failure_keeps_its_time(db, mailbox, monkeypatch):
    stop, waits, since = threading.Event(), [], set()

    def pause(mailbox, seconds, stop):
        waits.append(seconds)
        since.add(Mailbox.objects.get().failing_since)
        if len(waits) == 12:
            stop.set()

    def refused(mailbox):
        raise ConnectionRefusedError

    monkeypatch.setattr(watching, "_pause", pause)
    monkeypatch.setattr(imap, "connect", refused)
    watching.watch(mailbox.pk, stop)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert len(since) == 1


def test_a_server_that_asks_for_patience_is_given_a_minute_at_once(db, mailbox, monkeypatch):
    stop, waits = threading.Event(), []

    def throttled(mailbox):
        raise imap.imaplib.IMAP4.error("NO [b'[THROTTLED] Account exceeded command limits']")

    monkeypatch.setattr(watching, "_pause", lambda mailbox, seconds, stop: (waits.append(seconds), stop.set()))
    monkeypatch.setattr(imap, "connect", throttled)
    watching.watch(mailbox.pk, stop)
    assert waits == [60]
    assert "asks for patience" in Mailbox.objects.get().error and "THROTTLED" not in Mailbox.objects.get().error


def test_a_connection_that_ends_after_it_worked_is_no_failure_yet(server, mailbox, monkeypatch):
    monkeypatch.setattr(watching, "LEAST_WAIT", 0.1)
    with watched(mailbox):
        wait_until(checked_again(mailbox))
        before = Mailbox.objects.get().checked_at
        server.hang_up()
        wait_until(lambda: Mailbox.objects.get().checked_at != before)
        assert Mailbox.objects.get().error == ""


def test_a_mailbox_that_moved_is_not_read_over_the_old_connection(server, mailbox):
    with watched(mailbox):
        wait_until(checked_again(mailbox))
        Mailbox.objects.update(host="127.0.0.2", port=9)
        server.deliver(mail())
        wait_until(lambda: Mailbox.objects.get().error)
    assert not RawMessage.objects.exists()


def test_a_mailbox_that_is_paused_is_let_go(server, mailbox):
    with watched(mailbox) as thread:
        wait_until(checked_again(mailbox))
        Mailbox.objects.update(is_active=False)
        server.deliver(mail())
        thread.join(10)
        assert not thread.is_alive()


def test_one_mailbox_that_fails_delays_no_other(server, mailbox, team):
    other = Inbox.objects.create(name="Other", address="other@demo.localhost")
    silent = Mailbox.objects.create(inbox=other, host="192.0.2.1", port=993, username="x", password="x")
    MailFolder.objects.create(mailbox=silent)
    watchers = watching.Watchers()
    watchers.follow()
    try:
        wait_until(checked_again(mailbox))
        server.deliver(mail())
        wait_until(RawMessage.objects.exists, 5)
        assert set(watchers.threads) == {mailbox.pk, silent.pk}
        watchers.follow()
        assert len(watchers.threads) == 2
    finally:
        Mailbox.objects.update(is_active=False)
        for _thread, stop in watchers.threads.values():
            stop.set()
        watchers.threads[mailbox.pk][0].join(10)
