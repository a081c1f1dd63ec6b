"""Answering once, to who was seen, and not past what the writer did not know."""

import threading

import pytest
from django.db import connection

from tests.conftest import mail
from tickets.models import Delivery, Message, OutgoingMail, Status, Ticket
from tickets.operations import replying, status
from tickets.operations.replying import SomethingNew


def test_an_answer_takes_the_ticket_and_stops_the_wait(ticket, ana, verbs):
    message = replying.reply(ticket, text="It ships today.", actor=ana)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.waiting_since, ticket.snippet) == (ana, None, "It ships today.")
    assert ticket.last_message_id == message.pk
    assert verbs(ticket)[-2:] == ["message.replied", "ticket.assigned"]


def test_send_and_resolve_is_one_act(ticket, ana, verbs):
    replying.reply(ticket, text="Done.", actor=ana, then="resolve")
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED and ticket.resolved_at
    assert verbs(ticket)[-3:] == ["message.replied", "ticket.assigned", "ticket.resolved"]


def test_what_the_writer_did_not_see_holds_the_answer(ticket, ana, chloe, send_mail_in):
    seen = ticket.messages.get().pk
    raw = send_mail_in(mail(text="It arrived!", In_Reply_To="<first@customer.example>"))
    with pytest.raises(SomethingNew) as held:
        replying.reply(ticket, text="It ships today.", actor=ana, seen=seen)
    assert [message.text for message in held.value.messages] == ["It arrived!"]
    assert not OutgoingMail.objects.exists()
    assert replying.reply(ticket, text="Good!", actor=ana, seen=raw.said.pk)


def test_a_colleagues_answer_holds_it_and_ones_own_note_does_not(ticket, ana, chloe):
    seen = ticket.messages.get().pk
    replying.add_note(ticket, text="I answer that.", actor=ana)
    replying.reply(ticket, text="It ships today.", actor=ana, seen=seen)
    with pytest.raises(SomethingNew):
        replying.reply(ticket, text="It shipped.", actor=chloe, seen=seen)


def test_a_machines_mail_holds_nothing(ticket, ana, send_mail_in):
    seen = ticket.messages.get().pk
    send_mail_in(mail(text="I am away.", In_Reply_To="<first@customer.example>", Auto_Submitted="auto-replied"))
    assert ticket.messages.count() == 2
    assert replying.reply(ticket, text="Hello", actor=ana, seen=seen)


def test_f54_a_hundred_clicks_are_one_answer(transactional_db, ticket, ana):
    """100 requests with one key, in as many threads as the database lets in at once."""
    gate, written, failed = threading.Semaphore(20), [], []

    def click() -> None:
        with gate:
            try:
                written.append(replying.reply(ticket, text="Once.", actor=ana, once="click").pk)
            except Exception as error:
                failed.append(error)
            finally:
                connection.close()

    threads = [threading.Thread(target=click) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed and len(written) == 100 and len(set(written)) == 1
    assert Message.objects.filter(kind="reply").count() == OutgoingMail.objects.count() == Delivery.objects.count() == 1


def test_f54_two_agents_at_once_are_two_answers_unless_they_looked(transactional_db, ticket, ana, chloe):
    seen = ticket.messages.get().pk
    results: list[object] = []
    start = threading.Barrier(2)

    def answer(agent) -> None:
        start.wait()
        try:
            results.append(replying.reply(ticket, text=f"From {agent.name}", actor=agent, seen=seen, once="1"))
        except SomethingNew as held:
            results.append(held)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=[agent]) for agent in (ana, chloe)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(one).__name__ for one in results) == ["Message", "SomethingNew"]
    assert Message.objects.filter(kind="reply").count() == 1


def test_a_closed_ticket_takes_no_answer(ticket, ana):
    status.close(ticket, actor=ana)
    with pytest.raises(replying.NotPossible, match="closed"):
        replying.reply(Ticket.objects.get(), text="Hello", actor=ana)
