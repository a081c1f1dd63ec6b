"""Spam and the trash: out of sight and figures, what comes in meanwhile, and for good after a while."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.storage import default_storage

from feedback.models import Invitation, Survey
from helpdesk import clock
from helpdesk.models import Event, File
from reports.ledger import facts
from reports.models import TicketFacts
from tests.conftest import mail
from tests.tickets.test_notifications import want
from tickets import tasks
from tickets.models import Message, OutgoingMail, RawMessage, SearchWord, Ticket
from tickets.operations import assignment, blocking, indexing, notice_mails, removing, replying, status
from tickets.operations.replying import Upload
from tickets.operations.status import NotPossible

AGAIN = {"Message_ID": "<again@customer.example>", "In_Reply_To": "<first@customer.example>"}


def test_mail_of_a_blocked_customer_opens_spam_and_answers_nothing(ticket, ana, inbox, send_mail_in, settle, verbs):  # type: ignore[no-untyped-def]
    inbox.acknowledges = True
    inbox.save()
    Survey.objects.create(name="Satisfaction", delay_minutes=0)
    blocking.block(ticket.customer, actor=ana)
    new = send_mail_in(mail(Message_ID="<new@customer.example>")).said.ticket
    settle()
    assert (new.status, new.waiting_since) == ("spam", None) and new.removed_at is not None
    assert verbs(new) == ["ticket.created", "message.received", "ticket.spammed"]
    assert not OutgoingMail.objects.filter(ticket=new).exists() and not Invitation.objects.filter(ticket=new).exists()
    facts.refresh([new.pk])
    assert TicketFacts.objects.get(ticket=new.pk).klass == "spam"


def test_what_was_no_spam_is_a_ticket_like_any_other(ticket, ana, send_mail_in):
    blocking.block(ticket.customer, actor=ana)
    new = send_mail_in(mail(Message_ID="<new@customer.example>")).said.ticket
    blocking.unblock(ticket.customer, actor=ana)
    new = removing.restore(new, actor=ana)
    assert new.status == "open" and new.waiting_since is not None
    facts.refresh([new.pk])
    assert TicketFacts.objects.get(ticket=new.pk).klass == "counted"


def test_a_customer_who_writes_takes_their_ticket_out_of_the_trash(ticket, ana, send_mail_in, verbs):
    removing.trash(ticket, actor=ana)
    assert send_mail_in(mail(**AGAIN)).said.ticket == ticket
    ticket.refresh_from_db()
    assert ticket.status == "open" and ticket.removed_at is None and ticket.waiting_since is not None
    assert verbs(ticket)[-1] == "ticket.restored"
    facts.refresh([ticket.pk])
    assert TicketFacts.objects.get(ticket=ticket.pk).klass == "counted"


def test_a_resolved_ticket_comes_out_of_the_trash_open_also_for_the_figures(ticket, ana, send_mail_in, verbs):
    status.resolve(ticket, actor=ana)
    removing.trash(ticket, actor=ana)
    send_mail_in(mail(**AGAIN))
    ticket.refresh_from_db()
    assert ticket.status == "open" and verbs(ticket)[-2:] == ["ticket.restored", "ticket.reopened"]
    facts.refresh([ticket.pk])
    row = TicketFacts.objects.get(ticket=ticket.pk)
    assert (row.klass, row.status) == ("counted", "open")


def test_more_of_a_spammer_stays_spam(ticket, ana, send_mail_in):
    removing.spam(ticket, actor=ana)
    assert send_mail_in(mail(**AGAIN)).said.ticket == ticket
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_since) == ("spam", None)


@pytest.mark.parametrize("way", [removing.spam, removing.trash])
def test_after_a_while_it_is_deleted_for_good_and_the_ledger_and_figures_stay(way, ticket, ana, settings):
    file = Upload("a.txt", "text/plain", b"Secret words")
    replying.add_note(ticket, text="Look", actor=ana, files=[file])
    stored = File.objects.get()
    way(ticket, actor=ana)
    facts.refresh([ticket.pk])
    with time_machine.travel(clock.now() + timedelta(days=29)):
        tasks.empty_trash()
    assert Ticket.objects.filter(pk=ticket.pk).exists()
    with time_machine.travel(clock.now() + timedelta(days=31)):
        tasks.empty_trash()
    assert not Ticket.objects.filter(pk=ticket.pk).exists() and not Message.objects.exists()
    assert not File.objects.exists()
    raw = RawMessage.objects.get()
    assert bytes(raw.content) == b"" and raw.sender == "" and raw.state == "dismissed"
    assert Event.objects.filter(stream_id=ticket.pk, verb="ticket.purged").exists()
    facts.refresh([ticket.pk])
    assert TicketFacts.objects.get(ticket=ticket.pk).klass in ("spam", "deleted")
    assert default_storage.exists(File.name_of(stored.sha256)) in (True, False)


def test_agents_mails_reports_and_search_keep_nothing_of_what_is_deleted_for_good(
    ticket, ana, chloe, settle, send_mail_in
):
    settle()
    want(ana, "assigned", "mail")
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=True):
        assert notice_mails.send_due() == 1
    report, waiting = (
        send_mail_in(mail(Message_ID=f"<{n}@customer.example>", text="xylophone")) for n in ("report", "waits")
    )
    for raw, state in ((report, "done"), (waiting, "quarantined")):
        RawMessage.objects.filter(pk=raw.pk).update(said=None, belongs_to=ticket, state=state)
    Message.objects.filter(text="xylophone").update(ticket=ticket)
    indexing.write([ticket.pk])
    SearchWord.objects.get_or_create(word="xylophone")
    removing.trash(ticket, actor=ana)
    removing.purge(ticket, actor=None)
    told = OutgoingMail.objects.get(purpose="notice")
    assert (told.subject, told.text, told.html) == ("", "", "")
    assert bytes(RawMessage.objects.get(pk=report.pk).content) == b""
    assert b"xylophone" in bytes(RawMessage.objects.get(pk=waiting.pk).content), "nobody has read it yet"
    assert not SearchWord.objects.filter(word="xylophone").exists()


def test_a_file_that_others_have_stays(ticket, ana, send_mail_in):
    other = send_mail_in(mail(Message_ID="<second@customer.example>")).said.ticket
    for one in (ticket, other):
        replying.add_note(one, text="Look", actor=ana, files=[Upload("a.txt", "text/plain", b"Hello")])
    removing.trash(ticket, actor=ana)
    removing.purge(ticket, actor=None)
    assert File.objects.count() == 1 and other.messages.get(kind="note").attachments.count() == 1


def test_nothing_but_removed_tickets_is_deleted_for_good_and_0_days_never(ticket, ana, settings):
    with pytest.raises(NotPossible):
        removing.purge(ticket, actor=None)
    settings.TRASH_DAYS = 0
    removing.trash(ticket, actor=ana)
    with time_machine.travel(clock.now() + timedelta(days=400)):
        tasks.empty_trash()
    assert Ticket.objects.filter(pk=ticket.pk).exists()


def test_spam_and_trash_have_lists_and_are_in_no_other(ticket, ana, as_agent):
    from tickets.lists import VIEWS

    removing.spam(ticket, actor=ana)
    shown = [
        view.key
        for view in VIEWS
        if f"/tickets/{ticket.pk}/" in as_agent(ana).get(f"/?view={view.key}").content.decode()
    ]
    assert shown == ["spam"]
