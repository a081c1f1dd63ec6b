"""Asking a third party: in full, aside, and without a trace for the customer or the clocks."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from helpdesk.calendars import ALWAYS_OPEN
from helpdesk.models import Event
from reports.ledger.folding import fold
from tests.smtp_sink import smtp_sink
from tickets.models import Attachment, Message, MessageKind, Participant
from tickets.operations import forwarding, recipients, replying
from tickets.operations.recipients import Chosen
from tickets.operations.replying import Upload
from tickets.operations.status import NotPossible
from tickets.tasks import deliver

FRIDA = Chosen(to=("Frida@maker.example",))


@pytest.fixture
def first(ticket) -> Message:
    message = ticket.messages.get()
    replying.enclosing.put_on(
        message, [Upload("photo.png", "image/png", b"\x89PNG"), Upload("bill.pdf", "application/pdf", b"%PDF")]
    )
    return message


def test_a_message_is_passed_on_in_full_with_the_chosen_files(ticket, first, ana, settings):
    photo = Attachment.objects.get(filename="photo.png")
    with smtp_sink(settings) as sink:
        said = forwarding.forward(
            ticket, message=first, text="Can you tell what broke?", to=FRIDA, actor=ana, attachments=[photo]
        )
        deliver()
    [(to, content)] = sink.accepted
    received = message_from_bytes(content, policy=policy.default)
    text = received.get_body(("plain",)).get_content()
    assert to == ["Frida@maker.example"] and received["Subject"] == "Fwd: My order"
    assert text.startswith("Can you tell what broke?")
    for whole in (said.full_text, said.outgoing.quoted_text):
        assert "From: Dora Diaz <dora@customer.example>" in whole and "Where is my order?" in whole
    assert [part.get_filename() for part in received.iter_attachments()] == ["photo.png"]
    # no word of the customer's mail in the headers: an answer goes to the talk aside
    assert received["In-Reply-To"] is None and received["References"] is None
    assert (said.kind, said.text, said.side.addresses) == (
        MessageKind.FORWARD, "Can you tell what broke?", ["frida@maker.example"],
    )  # fmt: skip


def test_it_moves_no_clock_and_no_figure(ticket, first, ana, verbs):
    def of(ticket):
        ticket.refresh_from_db()
        return (ticket.status, ticket.waiting_since, ticket.assignee, ticket.snippet, ticket.last_message_id)

    def facts():
        found = fold(Event.objects.filter(stream_id=ticket.pk).order_by("id"), calendar=ALWAYS_OPEN)
        return replace(found, last_event_at=None)

    before, figures = of(ticket), facts()
    forwarding.forward(ticket, message=first, text="", to=FRIDA, actor=ana)
    assert of(ticket) == before and facts() == figures
    assert verbs(ticket)[-1] == "message.forwarded"


def test_the_customers_answer_knows_nothing_of_it(ticket, first, ana):
    forwarding.forward(ticket, message=first, text="Ours only", to=FRIDA, actor=ana)
    found = recipients.suggest(ticket, recipients.answered_by(ticket))
    assert [p.address for p in (*found.to, *found.cc, *found.left, *found.offered)] == ["dora@customer.example"]
    answer = replying.reply(ticket, text="We are on it.", actor=ana)
    assert answer.cc == [] and not Participant.objects.exists()
    assert "Ours only" not in answer.outgoing.text + answer.outgoing.quoted_text


def test_an_answer_aside_is_answered_aside(ticket, first, ana):
    said = forwarding.forward(ticket, message=first, text="What broke?", to=FRIDA, actor=ana)
    aside = Message.objects.create(
        ticket=ticket, kind=MessageKind.ASIDE, side=said.side, text="The switch.", message_id="aside@maker.example"
    )
    again = forwarding.forward(ticket, message=aside, text="Thank you!", to=FRIDA, actor=ana)
    assert (again.side, again.in_reply_to, again.full_text, again.subject) == (
        said.side, "aside@maker.example", "", "Fwd: My order",
    )  # fmt: skip
    assert ticket.side_conversations.count() == 1


@pytest.mark.parametrize(
    ("to", "says"),
    [(Chosen(), "whom to forward"), (Chosen(to=("dora@customer.example",)), "customer's own"),
     (Chosen(("frida@maker.example",), bcc=("DORA@customer.example",)), "customer's own"),
     (Chosen(to=("support@demo.localhost",)), "our own address")],
)  # fmt: skip
def test_whom_it_must_not_go_to_is_refused(ticket, first, ana, to, says):
    with pytest.raises(NotPossible, match=says):
        forwarding.forward(ticket, message=first, text="Hello", to=to, actor=ana)
    assert not ticket.side_conversations.exists()


def test_notes_and_others_tickets_are_not_passed_on(ticket, first, ana, lou):
    note = replying.add_note(ticket, text="Between us.", actor=ana)
    with pytest.raises(NotPossible):
        forwarding.forward(ticket, message=note, text="Hello", to=FRIDA, actor=ana)
    with pytest.raises(NotPossible, match="light collaborator"):
        forwarding.forward(ticket, message=first, text="Hello", to=FRIDA, actor=lou)


def test_files_of_another_message_do_not_come_along(ticket, first, ana):
    note = replying.add_note(ticket, text="x", actor=ana, files=[Upload("secret.txt", "text/plain", b"s")])
    said = forwarding.forward(
        ticket, message=first, text="Hi", to=FRIDA, actor=ana, attachments=list(note.attachments.all())
    )
    assert not said.attachments.exists()


def test_twice_the_same_request_is_one_forward(ticket, first, ana):
    for _ in range(2):
        forwarding.forward(ticket, message=first, text="Hi", to=FRIDA, actor=ana, once="k")
    assert Message.objects.filter(kind=MessageKind.FORWARD).count() == 1
