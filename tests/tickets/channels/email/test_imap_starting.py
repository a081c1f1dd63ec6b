"""How a mailbox begins: from now on, or with what is there as history. What was there before is answered by nobody."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from helpdesk import clock
from tests.conftest import mail
from tests.tickets.channels.email.conftest import begun, fetch
from tickets.channels.email import starting
from tickets.models import Mailbox, MailFolder, OutgoingMail, RawMessage, Ticket
from tickets.operations import intake
from tickets.tasks import receive_mail

LONG_AGO = datetime(2019, 5, 3, 9, 0, tzinfo=UTC)


def numbers(**where):
    return [
        int(bytes(c).partition(b"Subject: ")[2].partition(b"\r")[0])
        for c in RawMessage.objects.filter(**where).order_by("pk").values_list("content", flat=True)
    ]


def mails(start, end):
    return [mail(subject=str(n), Message_ID=f"<{n}@x.example>") for n in range(start, end)]


def many(number):
    """As `mails`, without writing each anew."""
    [one] = mails(0, 1)
    return [one.replace(b"<0@", b"<%d@" % n) for n in range(number)]


def written_now(number):
    today = format_datetime(clock.now()).encode()
    return [one.replace(b"Mon, 02 Mar 2026 10:00:00 +0000", today) for one in mails(number, number + 1)]


def all_of_it(mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(start="all")
    return mailbox


def test_from_now_on_nothing_that_was_there_is_imported(db, server, mailbox):
    server.deliver(*mails(1, 4), at=LONG_AGO)
    assert fetch(mailbox) == 0
    server.deliver(*mails(4, 6))
    assert fetch(mailbox) == 2
    assert numbers() == [4, 5] and numbers(is_history=True) == []


def test_an_empty_mailbox_begins_too(db, server, mailbox):
    assert fetch(mailbox) == 0
    server.deliver(*mails(1, 2))
    assert fetch(mailbox) == 1


@pytest.mark.timeout(200)
def test_t12_1_a_mailbox_with_2000_old_unread_mails_answers_none(db, server, mailbox, inbox, settle):
    inbox.acknowledges = True
    inbox.save()
    server.hold(*many(2000), at=LONG_AGO)
    fetch(mailbox)
    receive_mail()
    settle()
    assert (RawMessage.objects.count(), Ticket.objects.count(), OutgoingMail.objects.count()) == (0, 0, 0)
    other = server.session()
    assert len(other.search(None, "UNSEEN")[1][0].split()) == 2000
    other.logout()


def test_what_is_there_comes_as_history_after_live_mail_and_newest_first(db, server, mailbox, monkeypatch):
    monkeypatch.setattr("tickets.channels.email.fetching.FETCH_AT_ONCE", 2)
    all_of_it(mailbox)
    server.deliver(*mails(1, 7), at=LONG_AGO)
    store, came = intake.store, []

    def one_comes_meanwhile(**arguments):
        if not came:
            came.append(server.deliver(*mails(7, 8)))
        return store(**arguments)

    monkeypatch.setattr(intake, "store", one_comes_meanwhile)
    assert fetch(mailbox) == 7
    assert numbers() == [5, 6, 7, 3, 4, 1, 2]
    assert numbers(is_history=False) == [7]
    folder = mailbox.folders.get()
    assert (folder.last_uid, folder.ahead_from, folder.history_upto) == (7, None, 6)
    server.deliver(*mails(8, 9))
    fetch(mailbox)
    assert numbers(is_history=False) == [7, 8]


def test_a_history_that_broke_off_is_still_history(db, server, mailbox, monkeypatch):
    monkeypatch.setattr("tickets.channels.email.fetching.FETCH_AT_ONCE", 2)
    all_of_it(mailbox)
    server.deliver(*mails(1, 7), at=LONG_AGO)
    turns = iter([True, False])
    fetch(mailbox, go_on=lambda: next(turns))
    server.deliver(*mails(7, 8))
    fetch(mailbox)
    assert numbers(is_history=False) == [7] and len(numbers(is_history=True)) == 6


def test_after_numbering_anew_what_was_passed_over_is_history_and_what_is_new_is_live(db, server, mailbox):
    old = clock.now() - timedelta(days=30)
    server.deliver(*mails(1, 3), at=old)
    fetch(mailbox)
    server.deliver(*written_now(3))
    fetch(mailbox)
    server.deliver(*written_now(4))
    server.number_anew()
    assert fetch(mailbox) == 4
    assert numbers(is_history=True) == [1, 2]
    receive_mail()
    assert numbers(state="duplicate") == [3]
    assert Ticket.objects.filter(subject="4").exists()


def test_a_server_put_back_from_a_copy_calls_every_mail_new_and_is_not_believed(db, server, mailbox):
    """The mails' own dates say that they are old."""
    fetch(mailbox)
    server.deliver(*[one.replace(b"Mon, 02 Mar 2026", b"Fri, 03 May 2019") for one in mails(1, 2)])
    Mailbox.objects.update(checked_at=clock.now())
    server.number_anew()
    fetch(mailbox)
    assert numbers(is_history=True) == [1]


def change_to(mailbox, start):
    mailbox.start = start
    mailbox.save()
    starting.restart(mailbox)


def test_what_was_passed_over_can_be_brought_in_later_and_nothing_comes_twice(db, server, mailbox):
    server.deliver(*mails(1, 4), at=LONG_AGO)
    fetch(mailbox)
    server.deliver(*mails(4, 6))
    fetch(mailbox)
    change_to(mailbox, "all")
    assert fetch(mailbox) == 3
    assert numbers(is_history=True) == [1, 2, 3]
    assert RawMessage.objects.count() == 5
    server.deliver(*mails(6, 7))
    fetch(mailbox)
    assert numbers(is_history=False) == [4, 5, 6]


def test_a_history_that_is_coming_can_be_ended(db, server, mailbox, monkeypatch):
    monkeypatch.setattr("tickets.channels.email.fetching.FETCH_AT_ONCE", 2)
    all_of_it(mailbox)
    server.deliver(*mails(1, 11), at=LONG_AGO)
    turns = iter([True, False])
    fetch(mailbox, go_on=lambda: next(turns))
    change_to(mailbox, "now")
    server.deliver(*mails(11, 12))
    assert fetch(mailbox) == 1
    assert numbers() == [9, 10, 11] and numbers(is_history=False) == [11]


def test_a_folder_chosen_later_begins_as_the_mailbox_did(db, server, mailbox):
    begun(mailbox)
    server.deliver(*mails(1, 3), folder="Later", at=LONG_AGO)
    MailFolder.objects.create(mailbox=mailbox, name="Later")
    assert fetch(mailbox) == 0
    server.deliver(*mails(3, 4), folder="Later")
    assert fetch(mailbox) == 1
