"""Fetching from a real IMAP server: by UID, never by flags, each mail once."""

from datetime import UTC, datetime

import pytest

from tests.conftest import mail
from tests.tickets.channels.email.conftest import begun, fetch
from tickets.channels.email import fetching, imap
from tickets.channels.email.fetching import Stumbles
from tickets.models import Mailbox, MailFolder, RawMessage, Ticket
from tickets.operations import intake
from tickets.tasks import receive_mail


@pytest.fixture
def mailbox(db, mailbox):
    return begun(mailbox)


def test_a_mail_in_the_mailbox_becomes_a_ticket(server, mailbox):
    server.deliver(mail(subject="By IMAP"))
    assert fetch(mailbox) == 1
    receive_mail()
    assert Ticket.objects.get().subject == "By IMAP"


def test_fetching_again_brings_nothing_twice(server, mailbox):
    server.deliver(mail())
    assert [fetch(mailbox), fetch(mailbox), fetch(mailbox)] == [1, 0, 0]
    assert RawMessage.objects.count() == 1


def test_a_mail_read_elsewhere_is_fetched_all_the_same(server, mailbox):
    server.deliver(mail(), flags="(\\Seen)")
    assert fetch(mailbox) == 1


def test_fetching_leaves_the_unread_marks_alone(server, mailbox):
    server.deliver(mail())
    fetch(mailbox)
    other = server.session()
    _status, [unseen] = other.search(None, "UNSEEN")
    other.logout()
    assert unseen


def test_what_is_stored_is_what_the_server_has_byte_for_byte_and_when_it_had_it(server, mailbox):
    moment = datetime(2026, 2, 1, 12, 30, 5, tzinfo=UTC)
    content = mail(subject="Grüße", text="8-bit: äöü € and a lone \x0b byte")
    server.deliver(content, at=moment)
    fetch(mailbox)
    raw = RawMessage.objects.get()
    assert (bytes(raw.content), raw.arrived_at) == (content.replace(b"\n", b"\r\n"), moment)
    assert raw.is_history is False


def test_every_folder_is_fetched_whatever_its_name(server, mailbox):
    for name in ("Bestellungen/Größe & Maß", 'With "quotes"'):
        MailFolder.objects.create(mailbox=mailbox, name=name, uidvalidity=1)
        server.deliver(mail(subject=name, Message_ID=f"<{len(name)}@x.example>"), folder=name)
    server.deliver(mail(subject="INBOX"))
    assert fetch(mailbox) == 3
    assert fetch(mailbox) == 0


def test_a_folder_that_is_gone_holds_up_no_other_and_is_told(server, mailbox):
    MailFolder.objects.create(mailbox=mailbox, name="Gone", uidvalidity=1)
    other = MailFolder.objects.create(mailbox=mailbox, name="Z")
    server.deliver(mail(Message_ID="<first@x.example>"), folder="Z")
    server.deliver(mail())
    with pytest.raises(imap.FolderGone, match="Gone"):
        fetch(mailbox)
    assert RawMessage.objects.count() == 1
    other.refresh_from_db()
    assert other.last_uid == 1


def test_the_cursor_moves_only_with_what_is_stored(transactional_db, server, mailbox, monkeypatch):
    server.deliver(mail(Message_ID="<1@x.example>"), mail(Message_ID="<2@x.example>", subject="Second"))
    stored = []

    def fails_at_the_second(**arguments):
        if stored:
            raise OSError("the power went out")
        stored.append(arguments)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power"):
        patch.setattr(intake, "store", fails_at_the_second)
        fetch(mailbox)
    assert fetch(mailbox) == 2


def test_a_server_that_numbers_anew_brings_no_second_ticket(server, mailbox):
    server.deliver(mail(Message_ID="<1@x.example>"))
    fetch(mailbox)
    receive_mail()
    server.number_anew()
    server.deliver(mail(Message_ID="<2@x.example>", subject="After that"))
    assert fetch(mailbox) == 2
    receive_mail()
    assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["After that", "My order"]
    assert sorted(RawMessage.objects.values_list("state", flat=True)) == ["done", "done", "duplicate"]


def test_mails_that_vanish_between_the_search_and_the_fetch_are_passed_over(server, mailbox, monkeypatch):
    server.deliver(*[mail(Message_ID=f"<{n}@x.example>") for n in range(3)])
    sizes = imap.sizes

    def somebody_deletes_one(session, uids):
        other = server.session()
        other.store("2", "+FLAGS", "\\Deleted")
        other.expunge()
        other.logout()
        monkeypatch.setattr(imap, "sizes", sizes)
        session.client.noop()
        return sizes(session, uids)

    monkeypatch.setattr(imap, "sizes", somebody_deletes_one)
    assert fetch(mailbox) == 2
    assert mailbox.folders.get().last_uid == 3


def test_a_mail_the_server_names_and_keeps_back_is_waited_for(server, mailbox, monkeypatch):
    server.deliver(mail())
    with monkeypatch.context() as patch, pytest.raises(imap.KeptBack):
        patch.setattr(imap, "contents", lambda session, uids, most=0: {})
        fetch(mailbox)
    assert mailbox.folders.get().last_uid == 0
    assert fetch(mailbox) == 1


def test_a_mail_that_can_never_be_fetched_is_set_aside_in_sight_and_delays_no_other(server, mailbox, monkeypatch):
    server.deliver(*[mail(Message_ID=f"<{n}@x.example>") for n in range(1, 5)])
    contents = imap.contents

    def the_second_breaks_it(session, uids, most=0):
        if 2 in uids:
            raise imap.KeptBack("INBOX")
        return contents(session, uids, most)

    monkeypatch.setattr(imap, "contents", the_second_breaks_it)
    stumbles = Stumbles()
    for _time in range(fetching.PATIENCE + 1):
        with pytest.raises(imap.KeptBack):
            fetch(mailbox, stumbles)
    fetch(mailbox, stumbles)
    assert mailbox.folders.get().last_uid == 4
    assert RawMessage.objects.exclude(content=b"").count() == 3
    parked = RawMessage.objects.get(state="parked")
    assert bytes(parked.content) == b"" and "folder INBOX" in parked.reason


def test_when_the_server_gives_nothing_at_all_no_mail_is_given_up(server, mailbox, monkeypatch):
    server.deliver(mail(Message_ID="<1@x.example>"), mail(Message_ID="<2@x.example>"))
    stumbles = Stumbles()

    def broken(session, uids, most=0):
        raise imap.KeptBack("INBOX")

    with monkeypatch.context() as patch:
        patch.setattr(imap, "contents", broken)
        for _time in range(fetching.PATIENCE + 5):
            with pytest.raises(imap.KeptBack):
                fetch(mailbox, stumbles)
    assert not RawMessage.objects.exists()
    assert fetch(mailbox) == 2


def test_of_a_mail_larger_than_we_take_the_beginning_is_kept_and_the_rest_told(server, mailbox, settings, monkeypatch):
    settings.MAIL_MAX_MB = 1
    monkeypatch.setattr(fetching, "BEGINNING", 1000)
    server.deliver(mail(text="word " * 300_000, subject="Huge"), mail(Message_ID="<2@x.example>"))
    assert fetch(mailbox) == 2
    parked = RawMessage.objects.get(state="parked")
    assert b"Subject: Huge" in bytes(parked.content) and parked.size == 1000
    assert "larger than 1 MB" in parked.reason


def test_large_mails_are_fetched_a_few_at_a_time(server, mailbox, monkeypatch):
    monkeypatch.setattr(fetching, "FETCH_BYTES", 5_000)
    fetched, contents = [], imap.contents

    def counted(session, uids, most=0):
        fetched.append(len(uids))
        return contents(session, uids, most)

    monkeypatch.setattr(imap, "contents", counted)
    for size in (10, 10, 6_000, 10, 3_000, 3_000):
        server.deliver(mail(text="word " * (size // 5), subject=str(len(fetched) + size)))
    assert fetch(mailbox) == 6
    assert fetched == [2, 1, 2, 1]


def test_f45_after_an_outage_the_newest_come_beside_the_oldest(server, mailbox, monkeypatch):
    server.deliver(*[mail(subject=str(n), Message_ID=f"<{n}@x.example>") for n in range(1, 261)])
    states = []
    store = intake.store

    def at_the_fifth_turn(**arguments):
        if len(states) == 200:
            server.deliver(mail(subject="live", Message_ID="<live@x.example>"))
        states.append(arguments["content"].partition(b"Subject: ")[2].partition(b"\r")[0].decode())
        return store(**arguments)

    monkeypatch.setattr(intake, "store", at_the_fifth_turn)
    assert fetch(mailbox) == 261
    assert states[:100] == [str(n) for n in (*range(211, 261), *range(1, 51))]
    assert states.index("live") <= 250, "a mail that comes meanwhile is not made to wait for all of them"
    folder = mailbox.folders.get()
    assert (folder.last_uid, folder.ahead_from, folder.ahead_to) == (261, None, None)


def test_a_fetch_that_breaks_off_in_the_middle_of_many_goes_on_where_it_was(transactional_db, server, mailbox):
    server.deliver(*[mail(subject=str(n), Message_ID=f"<{n}@x.example>") for n in range(1, 232)])
    turns = iter([True, True, True, False])
    assert fetch(mailbox, go_on=lambda: next(turns)) == 150
    folder = mailbox.folders.get()
    assert (folder.last_uid, folder.ahead_from, folder.ahead_to) == (50, 132, 231)
    assert fetch(mailbox) == 81
    assert mailbox.folders.get().last_uid == 231
    assert RawMessage.objects.count() == 231


def test_two_processes_on_one_mailbox_do_no_harm(server, mailbox, monkeypatch):
    server.deliver(*[mail(Message_ID=f"<{n}@x.example>") for n in range(60)])
    contents, others = imap.contents, []

    def meanwhile_the_other_one_fetches_all(session, uids, most=0):
        monkeypatch.setattr(imap, "contents", contents)
        found = contents(session, uids, most)
        others.append(fetch(mailbox))
        return found

    monkeypatch.setattr(imap, "contents", meanwhile_the_other_one_fetches_all)
    assert fetch(mailbox) == 0
    assert others == [60]
    assert RawMessage.objects.count() == 60
    assert mailbox.folders.get().last_uid == 60, "the slower one must not put the cursor back"


def test_a_folder_taken_away_while_it_is_fetched_is_let_go(server, mailbox, monkeypatch):
    server.deliver(mail())
    open_folder = imap.open_folder

    def and_then_it_is_gone(session, name):
        MailFolder.objects.all().delete()
        return open_folder(session, name)

    monkeypatch.setattr(imap, "open_folder", and_then_it_is_gone)
    assert fetch(mailbox) == 0


def test_a_mailbox_that_works_again_says_so(server, mailbox):
    Mailbox.objects.update(error="No", failing_since=datetime(2026, 1, 1, tzinfo=UTC), checked_at=None)
    fetch(mailbox)
    mailbox.refresh_from_db()
    assert (mailbox.error, mailbox.failing_since) == ("", None) and mailbox.checked_at


def test_passwords_are_ciphertext_in_the_database(mailbox):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM tickets_mailbox")
        assert "secret" not in cursor.fetchone()[0]
    assert Mailbox.objects.get().password == "secret"
