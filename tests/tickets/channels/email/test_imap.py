"""Fetching from a real IMAP server: by UID, never by flags, each mail once."""

import threading
import time

import pytest

from tests.conftest import mail
from tests.dovecot import dovecot
from tickets.channels.email import imap
from tickets.models import Mailbox, MailFolder, RawMessage, Ticket
from tickets.tasks import receive_mail


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with dovecot(tmp_path_factory.mktemp("dovecot")) as server:
        yield server


@pytest.fixture
def mailbox(server, inbox):
    session = server.session()
    if session.search(None, "ALL")[1] != [b""]:
        session.store("1:*", "+FLAGS", "\\Deleted")
        session.expunge()
    session.logout()
    mailbox = Mailbox.objects.create(
        inbox=inbox, host=server.host, port=server.port, security="none", username=server.username,
        password=server.password,
    )  # fmt: skip
    MailFolder.objects.create(mailbox=mailbox)
    return mailbox


def fetch(mailbox: Mailbox) -> int:
    mailbox = Mailbox.objects.select_related("inbox").get(pk=mailbox.pk)
    session = imap.connect(mailbox)
    try:
        return imap.fetch(mailbox, session)
    finally:
        session.logout()


def test_a_mail_in_the_mailbox_becomes_a_ticket(db, server, mailbox):
    server.deliver(mail(subject="By IMAP"))
    assert fetch(mailbox) == 1
    receive_mail()
    assert Ticket.objects.get().subject == "By IMAP"


def test_fetching_again_brings_nothing_twice(db, server, mailbox):
    server.deliver(mail())
    assert [fetch(mailbox), fetch(mailbox), fetch(mailbox)] == [1, 0, 0]
    assert RawMessage.objects.count() == 1


def test_a_mail_read_elsewhere_is_fetched_all_the_same(db, server, mailbox):
    server.deliver(mail())
    other = server.session()
    other.store("1:*", "+FLAGS", "\\Seen")
    other.logout()
    assert fetch(mailbox) == 1


def test_fetching_leaves_the_unread_marks_alone(db, server, mailbox):
    server.deliver(mail())
    fetch(mailbox)
    other = server.session()
    _status, [unseen] = other.search(None, "UNSEEN")
    other.logout()
    assert unseen


def test_the_cursor_moves_only_with_what_is_stored(transactional_db, server, mailbox, monkeypatch):
    server.deliver(mail(Message_ID="<1@x.example>"))
    server.deliver(mail(Message_ID="<2@x.example>", subject="Second"))
    stored = []

    def fails_at_the_second(**arguments):
        if stored:
            raise OSError("the power went out")
        stored.append(arguments)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power"):
        patch.setattr(imap.intake, "store", fails_at_the_second)
        fetch(mailbox)
    assert fetch(mailbox) == 2


def test_a_server_that_numbers_anew_brings_no_second_ticket(db, server, mailbox):
    server.deliver(mail(Message_ID="<1@x.example>"))
    fetch(mailbox)
    receive_mail()
    MailFolder.objects.update(uidvalidity=1)
    RawMessage.objects.update(source_key="1 1")
    assert fetch(mailbox) == 1
    receive_mail()
    assert Ticket.objects.count() == 1
    assert sorted(RawMessage.objects.values_list("state", flat=True)) == ["done", "duplicate"]


def test_the_watcher_hears_of_a_new_mail_within_a_second_or_two(transactional_db, server, mailbox):
    stop = threading.Event()
    thread = threading.Thread(target=imap.watch, args=(mailbox.pk, stop))
    thread.start()
    try:
        wait_until(lambda: Mailbox.objects.get().checked_at)
        began = time.monotonic()
        server.deliver(mail())
        wait_until(RawMessage.objects.exists)
        assert time.monotonic() - began < 5
    finally:
        stop.set()
        thread.join(15)


def test_a_wrong_password_is_told_in_plain_words(db, server, mailbox):
    mailbox.password = "wrong"
    with pytest.raises(imap.TROUBLE) as trouble:
        imap.connect(mailbox)
    assert "refused the user name or password" in imap.explain(trouble.value, mailbox)


def test_nobody_there_is_told_in_plain_words(db, mailbox):
    mailbox.port = 9
    with pytest.raises(imap.TROUBLE) as trouble:
        imap.connect(mailbox)
    assert "Nobody answers" in imap.explain(trouble.value, mailbox)


def test_passwords_are_ciphertext_in_the_database(db, mailbox):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM tickets_mailbox")
        assert "secret" not in cursor.fetchone()[0]
    assert Mailbox.objects.get().password == "secret"


def wait_until(condition, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(("name", "value"), [("host", "imap..example.com"), ("host", "a" * 70), ("password", "schön")])
def test_letters_that_cannot_be_sent_are_told_in_plain_words(db, server, mailbox, name, value):
    setattr(mailbox, name, value)
    with pytest.raises(imap.TROUBLE) as trouble:
        imap.connect(mailbox, timeout=2)
    assert "letters that cannot be sent" in imap.explain(trouble.value, mailbox)


def test_large_mails_are_fetched_a_few_at_a_time(db, server, mailbox, monkeypatch):
    monkeypatch.setattr(imap, "FETCH_BYTES", 5_000)
    fetched, contents = [], imap._contents
    monkeypatch.setattr(imap, "_contents", lambda session, uids: fetched.append(len(uids)) or contents(session, uids))
    for size in (10, 10, 6_000, 10, 3_000, 3_000):
        server.deliver(mail(text="word " * (size // 5), subject=str(len(fetched) + size)))
    assert fetch(mailbox) == 6
    assert fetched == [2, 1, 2, 1]


def test_a_mailbox_that_moved_is_not_read_over_the_old_connection(db, server, mailbox, monkeypatch):
    monkeypatch.setattr(imap, "REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(imap, "IDLE_SECONDS", 0)
    monkeypatch.setattr(imap, "close_old_connections", lambda: None)
    mailbox = Mailbox.objects.select_related("inbox").get(pk=mailbox.pk)
    session = imap.connect(mailbox)
    Mailbox.objects.update(host="elsewhere.example")
    imap._idle(mailbox, session, threading.Event())
    session.logout()
    folder = mailbox.folders.get()
    assert (folder.uidvalidity, folder.last_uid) == (None, 0)
