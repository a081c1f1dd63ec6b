"""Putting a message where it belongs: every number and every wait is then as if it had come there."""

import pytest

from tests.conftest import mail
from tickets.models import Status, Ticket
from tickets.operations import intake, moving, replying, status
from tickets.operations.status import NotPossible
from tickets.tasks import receive_mail


@pytest.fixture
def other(send_mail_in) -> Ticket:
    """A ticket of a stranger who answered Dora's."""
    return send_mail_in(
        mail("Emil <emil@stranger.example>", text="I am his brother", In_Reply_To="<first@customer.example>",
             Message_ID="<emil@stranger.example>")
    ).said.ticket  # fmt: skip


def test_a_message_moves_and_its_empty_ticket_is_closed_as_merged(ticket, other, ana, verbs):
    message = other.messages.get()
    moving.move(message, ticket=ticket, actor=ana)
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.ticket, message.matched_by, message.marks) == (ticket, "agent", [])
    assert other.is_closed and verbs(other)[-2:] == ["message.moved", "ticket.merged"]
    assert verbs(ticket)[-1] == "message.moved_here"
    moving.move(message, ticket=ticket, actor=ana)
    assert verbs(ticket).count("message.moved_here") == 1


def test_what_was_moved_by_mistake_goes_back_to_where_it_was(ticket, other, ana, verbs):
    message = moving.move(other.messages.get(), ticket=ticket, actor=ana)
    moving.move(message, ticket=other, actor=ana)
    other.refresh_from_db()
    ticket.refresh_from_db()
    assert other.status == Status.OPEN and other.waiting_since == message.created_at
    assert verbs(other)[-1] == "ticket.unmerged" and ticket.messages.count() == 1


def test_who_was_let_in_may_speak_from_then_on(ticket, other, ana, send_mail_in):
    moving.move(other.messages.get(), ticket=ticket, actor=ana)
    assert ticket.participants.get().is_confirmed
    again = send_mail_in(
        mail("emil@stranger.example", text="More", In_Reply_To="<emil@stranger.example>", Message_ID="<2@s.example>")
    ).said
    assert again.ticket == ticket


def test_a_resolved_ticket_opens_for_an_unanswered_message_and_waits_since_it_came(ticket, other, ana):
    replying.reply(ticket, text="Done", actor=ana)
    status.resolve(ticket, actor=ana)
    message = other.messages.get()
    type(message).objects.filter(pk=message.pk).update(created_at=status.clock.now())
    message.refresh_from_db()
    moving.move(message, ticket=ticket, actor=ana)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN and ticket.waiting_since == message.created_at


def test_a_message_becomes_a_ticket_of_its_own(ticket, ana, send_mail_in, verbs):
    second = send_mail_in(
        mail(subject="Another thing", text="And my chair?", In_Reply_To="<first@customer.example>", Message_ID="<2@c>")
    ).said
    moving.move(second, ticket=None, actor=ana)
    second.refresh_from_db()
    ticket.refresh_from_db()
    assert second.ticket != ticket and second.ticket.subject == "Another thing"
    assert second.ticket.waiting_since == second.created_at
    assert ticket.last_message_id == ticket.messages.get().pk and not ticket.is_closed
    assert verbs(second.ticket)[:2] == ["ticket.created", "message.moved_here"]


def test_the_only_message_of_a_ticket_cannot_leave_for_its_own(ticket, ana):
    with pytest.raises(NotPossible):
        moving.move(ticket.messages.get(), ticket=None, actor=ana)


def test_answers_and_notes_stay_where_they_are(ticket, other, ana):
    for message in (replying.reply(ticket, text="Hello", actor=ana), replying.add_note(ticket, text="Psst", actor=ana)):
        with pytest.raises(NotPossible):
            moving.move(message, ticket=other, actor=ana)


def test_neither_another_inboxs_nor_a_closed_ticket_takes_a_message(ticket, other, ana, billing, send_mail_in):
    foreign = send_mail_in(mail("x@y.example", Message_ID="<z@y>"), to=billing).said.ticket
    status.close(ticket, actor=ana)
    for target in (foreign, ticket):
        with pytest.raises(NotPossible):
            moving.move(other.messages.get(), ticket=target, actor=ana)
    assert other.messages.count() == 1


def test_a_light_collaborator_moves_nothing(ticket, other, lou):
    with pytest.raises(NotPossible):
        moving.move(other.messages.get(), ticket=ticket, actor=lou)


def test_a_mail_held_back_is_let_in_where_an_agent_says_it_belongs(ticket, ana, send_mail_in, settings):
    settings.TRUSTED_AUTHSERV_ID = "mx.desk.test"
    fail = "mx.desk.test; dmarc=fail header.from=stranger.example"
    raw = send_mail_in(mail("emil@stranger.example", text="It is me", Authentication_Results=fail))
    intake.assign_to(raw, ticket, actor=ana)
    receive_mail()
    raw.refresh_from_db()
    assert (raw.state, raw.said.ticket, raw.said.matched_by) == ("done", ticket, "agent")
    assert "unverified" in raw.said.marks


def test_several_messages_are_chosen_on_a_page_and_become_one_ticket(ticket, ana, send_mail_in, as_agent):
    for number, subject in ((2, "Re: My order"), (3, "My chair")):
        reply = {"In_Reply_To": "<first@customer.example>", "Message_ID": f"<{number}@c>"}
        send_mail_in(mail(subject=subject, text=f"Number {number}", **reply))
    first, second, third = ticket.messages.order_by("pk")
    browser, address = as_agent(ana), f"/tickets/{ticket.pk}/split"
    page = browser.get(address).content.decode()
    assert (
        'data-subject="My chair"' in page
        and "Number 2" in page
        and address in browser.get(f"/tickets/{ticket.pk}/").content.decode()
    )
    refused = browser.post(address, {"message": [first.pk, second.pk, third.pk]})
    assert refused.status_code == 409 and "Leave something" in refused.content.decode()
    assert browser.post(address, {"message": first.pk, "subject": ""}, headers={"HX-Request": "true"})["HX-Redirect"]
    browser.post(address, {"message": [third.pk], "subject": "Chairs, and more"})
    third.refresh_from_db()
    assert third.ticket.subject == "Chairs, and more" and second.ticket.messages.get() == second
