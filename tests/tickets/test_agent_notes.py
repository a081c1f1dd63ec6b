"""Answering a notification by mail: a note of the agent's, on that ticket, and never anything else."""

from datetime import timedelta

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Agent, Event
from tests.conftest import mail
from tickets import minting
from tickets.models import Message, Notification, OutgoingMail, RawState, Ticket
from tickets.operations import sending

PASS = "mx.demo.localhost; dmarc=pass header.from=demo.localhost"
FAIL = "mx.demo.localhost; dmarc=fail header.from=demo.localhost"


@pytest.fixture(autouse=True)
def trusted(settings):
    settings.TRUSTED_AUTHSERV_ID = "mx.demo.localhost"


@pytest.fixture
def address(ticket, ana, inbox, settle):
    settle()
    return minting.note_address(
        inbox, agent=ana.pk, ticket=ticket.number, until=clock.now() + timedelta(days=30)
    )  # fmt: skip


def answer(
    to: str, sender: str = "Ana Silva <ana@demo.localhost>", verdict: str = PASS, text: str = "I call her.", **more
):
    return mail(
        sender, "Re: #1 My order: assigned", f"{text}\n\nOn Monday, Helpdesk wrote:\n> Chloe assigned it to you\n",
        to=to, Authentication_Results=verdict, **more,
    )  # fmt: skip


def is_untouched(ticket: Ticket) -> bool:
    """Nothing was said, and nothing leaves the house."""
    return ticket.messages.count() == 1 and Ticket.objects.count() == 1 and not OutgoingMail.objects.exists()


def test_the_agent_s_answer_is_their_note(ticket, ana, address, send_mail_in):
    raw = send_mail_in(answer(address))
    assert raw.state == RawState.DONE, raw.reason
    note = Message.objects.get(kind="note")
    assert (note.text, note.author, note.ticket) == ("I call her.", ana, ticket)
    assert Event.objects.filter(verb="message.noted", actor_id=ana.pk).count() == 1
    assert not OutgoingMail.objects.exists() and Ticket.objects.count() == 1


def test_the_same_mail_twice_is_one_note(ticket, address, send_mail_in):
    send_mail_in(answer(address, Message_ID="<a@demo.localhost>"))
    raw = send_mail_in(answer(address, Message_ID="<a@demo.localhost>"))
    assert raw.state == RawState.DUPLICATE and Message.objects.filter(kind="note").count() == 1


def test_t03_1_one_letter_changed_is_held_back(ticket, address, send_mail_in, settle):
    local, _, domain = address.partition("@")
    bad = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    raw = send_mail_in(answer(bad))
    assert raw.state == RawState.QUARANTINED and raw.reason_code == "agent_reply"
    assert is_untouched(ticket) and Event.objects.filter(verb="mail.withheld").count() == 1
    settle()
    assert not Notification.objects.filter(kind="withheld").exists()  # a stranger's letters tell nobody anything


@pytest.mark.parametrize("verdict", [FAIL, "mx.else.where; dmarc=pass"])
def test_t03_2_a_good_address_and_a_domain_that_does_not_vouch(verdict, ticket, ana, address, send_mail_in, settle):
    raw = send_mail_in(answer(address, verdict=verdict))
    assert raw.state == RawState.QUARANTINED and is_untouched(ticket)
    assert raw.belongs_to == ticket
    settle()
    assert [one.agent for one in Notification.objects.filter(kind="withheld")] == [ana]


@pytest.mark.parametrize("gone", ["left", "moved"])
def test_t03_3_who_left_or_moved_after_the_notification_says_nothing(gone, ticket, ana, address, send_mail_in, settle):
    if gone == "left":
        Agent.objects.filter(pk=ana.pk).update(is_active=False)
    else:
        ana.teams.clear()
    raw = send_mail_in(answer(address))
    assert raw.state == RawState.QUARANTINED and is_untouched(ticket)
    settle()
    assert not Notification.objects.exists()


def test_somebody_else_cannot_use_it(ticket, ben, chloe, address, send_mail_in):
    for sender in ("chloe@demo.localhost", "dora@customer.example", "emil@stranger.example"):
        raw = send_mail_in(answer(address, sender=sender, text=sender))
        assert raw.state == RawState.QUARANTINED, sender
    assert is_untouched(ticket)


def test_after_a_month_it_is_too_late(ticket, address, send_mail_in):
    with time_machine.travel(clock.now() + timedelta(days=33)):
        raw = send_mail_in(answer(address))
    assert raw.state == RawState.QUARANTINED and "30 days" in raw.reason and is_untouched(ticket)


def test_a_machine_s_answer_is_noted_and_loops_end(ticket, address, send_mail_in):
    raw = send_mail_in(answer(address, Auto_Submitted="auto-replied"))
    assert raw.state == RawState.RECORDED and is_untouched(ticket)


def test_t03_6_an_agent_s_own_mail_to_the_inbox_is_a_customer_s(ticket, ana, address, send_mail_in):
    raw = send_mail_in(answer("support@demo.localhost"))
    assert raw.state == RawState.DONE and raw.said.kind == "incoming" and raw.said.ticket != ticket
    assert not OutgoingMail.objects.filter(purpose="reply").exists()


def test_an_answer_to_the_wrong_address_waits_for_a_person(ticket, ana, inbox, send_mail_in):
    told = sending.enqueue(
        inbox=inbox, ticket=None, to=ana.email, subject="#1: assigned", text="…", purpose=OutgoingMail.Purpose.NOTICE
    )
    raw = send_mail_in(answer("support@demo.localhost", In_Reply_To=f"<{told.message_id}>"))
    assert raw.state == RawState.QUARANTINED and raw.reason_code == "agent_reply" and ticket.messages.count() == 1


def test_on_a_domain_of_our_own_it_finds_its_inbox(ticket, ana, inbox, settings):
    from tickets.channels.email import recipients

    settings.MAIL_REPLY_DOMAIN = "reply.demo.localhost"
    address = minting.note_address(inbox, agent=ana.pk, ticket=ticket.number, until=clock.now())
    assert address.endswith("@reply.demo.localhost") and recipients.find([address]) == {address: inbox}
    assert recipients.find([address.replace("n-", "n-a")]) == {}


def test_an_address_says_what_was_put_in(inbox):
    until = clock.now() + timedelta(days=30)
    claim = minting.note_claim(minting.note_address(inbox, agent=7, ticket=1_000_000, until=until))
    assert claim and claim.is_ours and (claim.agent, claim.ticket) == (7, 1_000_000)
    assert timedelta(0) <= claim.until - until <= timedelta(days=1)
    for other in ("support@demo.localhost", "support+r-abc@demo.localhost", "n-x.y@x", ""):
        assert minting.note_claim(other) is None
