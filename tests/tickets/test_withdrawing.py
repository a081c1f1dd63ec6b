"""Undo: until its mail is claimed an answer can be taken back, and then it never was."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from feedback.models import Survey
from helpdesk import clock
from helpdesk.models import Event
from reports.ledger.folding import standing
from tests.conftest import mail
from tests.smtp_sink import smtp_sink
from tickets.models import Delivery, DeliveryState, Draft, Message, Participant, Status
from tickets.operations import (
    assignment,
    drafting,
    enclosing,
    forwarding,
    merging,
    replying,
    sending,
    status,
    withdrawing,
)
from tickets.operations.drafting import Content
from tickets.operations.enclosing import Upload
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible
from tickets.tasks import deliver

TEN = timedelta(seconds=10)
DORA = "dora@customer.example"


def life(ticket) -> dict:
    """What an answer may change of a ticket."""
    ticket.refresh_from_db()
    names = (
        "status",
        "resolved_at",
        "snoozed_until",
        "waiting_since",
        "assignee_id",
        "team_id",
        "snippet",
        "last_message_id",
    )
    return {name: getattr(ticket, name) for name in names}


def test_an_answer_taken_back_is_a_draft_again_and_nothing_goes_out(ticket, ana, settings, verbs):
    with smtp_sink(settings) as sink:
        before = life(ticket)
        chosen = Chosen((DORA,), ("emil@other.example",), ("gil@other.example",))
        files = [Upload("a.txt", "text/plain", b"a")]
        message = replying.reply(ticket, text="It ships.", actor=ana, once="k", to=chosen, files=files, delay=TEN)
        draft = withdrawing.withdraw(message, actor=ana)
        assert life(ticket) == before
        assert (draft.text, draft.to, draft.cc, draft.bcc) == (
            "It ships.",
            [DORA],
            ["emil@other.example"],
            ["gil@other.example"],
        )
        assert draft.answers == ticket.messages.get(kind="incoming")
        assert [file.filename for file in draft.files.all()] == ["a.txt"]
        with time_machine.travel(clock.now() + timedelta(minutes=1)):
            deliver()
        assert not sink.accepted
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.CANCELLED}
    assert not Participant.objects.exists()
    assert verbs(ticket)[-1] == "message.withdrawn"


@pytest.mark.parametrize("was", ["open", "pending", "on_hold", "resolved"])
@pytest.mark.parametrize("then", ["", "resolve"])
def test_the_status_comes_back_and_the_ledger_reads_as_if_nothing_was(ticket, ana, was, then):
    Survey.objects.create(name="Satisfaction")
    assignment.take(ticket, actor=ana)
    for change in {"pending": [status.pend], "on_hold": [status.hold], "resolved": [status.resolve]}.get(was, []):
        change(ticket, actor=ana)
    before = life(ticket)
    known = list(Event.objects.filter(stream_id=ticket.pk).values_list("id", flat=True))
    message = replying.reply(ticket, text="Done.", actor=ana, then=then, delay=TEN)
    withdrawing.withdraw(message, actor=ana)
    after = life(ticket)
    if was == "resolved":  # it was resolved again, a moment later
        assert after.pop("resolved_at") >= before.pop("resolved_at")
    assert after == before
    left = standing(list(Event.objects.filter(stream_id=ticket.pk).order_by("id")))
    assert [event.id for event in left if event.verb != "message.withdrawn"] == known


def test_a_snooze_comes_back(ticket, ana):
    until = clock.now() + timedelta(days=2)
    status.snooze(ticket, until=until, actor=ana)
    message = replying.reply(ticket, text="Done.", actor=ana, then="resolve", delay=TEN)
    withdrawing.withdraw(message, actor=ana)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.snoozed_until) == (Status.OPEN, until)


def test_what_others_changed_since_stays(ticket, ana, chloe):
    message = replying.reply(ticket, text="Done.", actor=ana, then="resolve", delay=TEN)
    assignment.take(ticket, actor=chloe)
    status.pend(ticket, actor=chloe)
    withdrawing.withdraw(message, actor=ana)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.status) == (chloe, Status.PENDING)


def test_a_customer_who_wrote_within_the_seconds_waits_since_the_first_time(ticket, ana, send_mail_in):
    since = life(ticket)["waiting_since"]
    message = replying.reply(ticket, text="Hello", actor=ana, delay=TEN)
    send_mail_in(mail(text="And?", In_Reply_To="<first@customer.example>"))
    withdrawing.withdraw(message, actor=ana)
    after = life(ticket)
    assert (after["waiting_since"], after["snippet"]) == (since, "And?")


def test_it_is_gone_from_the_thread_and_not_from_the_database(ticket, ana, as_agent):
    message = replying.reply(ticket, text="Ships on the 35th.", actor=ana, delay=TEN)
    withdrawing.withdraw(message, actor=ana)
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert f'id="message-{message.pk}"' not in page
    assert Message.objects.get(pk=message.pk).withdrawn_at


def test_what_was_begun_since_stands_below(ticket, ana):
    message = replying.reply(ticket, text="First.", actor=ana, once="k", delay=TEN)
    drafting.save(ticket, actor=ana, kind="reply", content=Content("Second."))
    assert withdrawing.withdraw(message, actor=ana).text == "First.\n\nSecond."


def test_twice_is_once_and_only_the_author_may(ticket, ana, chloe):
    message = replying.reply(ticket, text="Hello", actor=ana, delay=TEN)
    with pytest.raises(NotPossible, match="Only who sent it"):
        withdrawing.withdraw(message, actor=chloe)
    first = withdrawing.withdraw(message, actor=ana)
    events = Event.objects.count()
    assert withdrawing.withdraw(message, actor=ana) == first
    assert Event.objects.count() == events


def test_the_same_request_after_an_undo_sends_nothing_and_says_so(ticket, ana):
    message = replying.reply(ticket, text="Hello", actor=ana, once="k", delay=TEN)
    draft = withdrawing.withdraw(message, actor=ana)
    with pytest.raises(NotPossible, match="taken back"):
        replying.reply(ticket, text="Hello", actor=ana, once="k")
    again = replying.reply(ticket, text=draft.text, actor=ana, once=draft.once, draft=draft.version)
    assert again.pk != message.pk and not Draft.objects.exists()


@pytest.mark.parametrize("progress", ["claimed", "sent", "handed back"])
def test_f54_too_late_is_said_in_words(ticket, ana, progress):
    message = replying.reply(ticket, text="Hello", actor=ana)
    [delivery] = sending.claim(10)
    if progress == "sent":
        sending.begin_transmission(delivery)
        sending.sent(delivery, "250 OK")
    with pytest.raises(NotPossible, match="Too late"):
        withdrawing.withdraw(message, actor=ana)
    message.refresh_from_db()
    assert message.withdrawn_at is None and not Draft.objects.exists()


def test_f54_undo_and_the_worker_race_and_exactly_one_wins(transactional_db, send_mail_in, dora, ana):
    for round_ in range(6):
        ticket = send_mail_in(mail(Message_ID=f"<{round_}@customer.example>", subject=f"Matter {round_}")).said.ticket
        message = replying.reply(ticket, text="Hello", actor=ana)
        claimed: list[int] = []
        undone: list[bool] = []
        start = threading.Barrier(2)

        def claim(start=start, claimed=claimed) -> None:
            start.wait()
            claimed.extend(delivery.pk for delivery in sending.claim(10))
            connection.close()

        def undo(start=start, undone=undone, message=message) -> None:
            start.wait()
            try:
                withdrawing.withdraw(message, actor=ana)
                undone.append(True)
            except NotPossible:
                undone.append(False)
            connection.close()

        threads = [threading.Thread(target=claim), threading.Thread(target=undo)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert undone == [not claimed]


def test_a_forward_is_taken_back_with_its_talk(ticket, ana):
    message = ticket.messages.get()
    said = forwarding.forward(
        ticket, message=message, text="Do you know?", to=Chosen(to=("frida@maker.example",)), actor=ana, delay=TEN
    )
    draft = withdrawing.withdraw(said, actor=ana)
    assert (draft.kind, draft.text, draft.to, draft.subject) == (
        "forward", "Do you know?", ["frida@maker.example"], "Fwd: My order",
    )  # fmt: skip
    assert draft.answers == message and not ticket.side_conversations.exists()


def test_pictures_come_back_into_the_draft(ticket, ana):
    draft, _files = enclosing.attach(
        ticket, actor=ana, kind="reply", uploads=[Upload("p.png", "image/png", b"\x89PNG")], is_inline=True
    )
    message = replying.reply(
        ticket, text="[image: p.png]", actor=ana, enclosures=enclosing.of(draft), draft=draft.version, delay=TEN
    )
    [file] = withdrawing.withdraw(message, actor=ana).files.all()
    assert (file.filename, file.is_inline) == ("p.png", True)


@pytest.fixture
def other(ticket, send_mail_in):
    """Dora's second ticket, about the same."""
    return send_mail_in(mail(Message_ID="<second@customer.example>", text="Still nothing?")).said.ticket


@pytest.mark.parametrize("target_was", ["open", "resolved"])
def test_an_answer_is_taken_back_after_its_ticket_was_merged(ticket, other, ana, chloe, target_was):
    """Its customer waits again, on the ticket that took theirs in, and comes back out of it as one who waits."""
    asked = other.waiting_since
    chosen = Chosen((DORA,), ("emil@other.example",))
    replying.reply(ticket, text="First.", actor=chloe)
    if target_was == "resolved":
        status.resolve(ticket, actor=chloe)
    message = replying.reply(other, text="It ships.", actor=ana, to=chosen, then="resolve", delay=TEN)
    merge = merging.merge(other, into=ticket, actor=chloe)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_since) == (target_was, None)
    draft = withdrawing.withdraw(message, actor=ana)
    ticket.refresh_from_db()
    assert (draft.ticket, draft.text, draft.answers.text) == (ticket, "It ships.", "Still nothing?")
    assert (ticket.status, ticket.waiting_since) == ("open", asked)
    assert not Participant.objects.exists()
    assert {row.state for row in Delivery.objects.filter(mail__said=message)} == {DeliveryState.CANCELLED}
    said = Event.objects.get(verb="message.replied", facts__message=message.pk)
    taken = {event.stream_id: event.facts["undone"] for event in Event.objects.filter(verb="message.withdrawn")}
    assert said.pk in taken[other.pk] and taken[ticket.pk] == []
    merging.unmerge(merge, actor=chloe)
    other.refresh_from_db()
    assert (other.status, other.waiting_since) == ("open", asked)
    assert withdrawing.withdraw(message, actor=ana) == draft  # once is enough


def test_the_undo_of_the_page_finds_an_answer_that_went_along(ticket, other, ana, chloe, as_agent):
    message = replying.reply(other, text="It ships.", actor=ana, delay=TEN)
    merging.merge(other, into=ticket, actor=chloe)
    assert as_agent(ana).post(f"/tickets/{other.pk}/messages/{message.pk}/withdrawal").status_code == 302
    message.refresh_from_db()
    assert message.withdrawn_at


def test_so_does_the_undo_key(ticket, other, ana, chloe, as_agent):
    message = replying.reply(other, text="It ships.", actor=ana, delay=TEN)
    merging.merge(other, into=ticket, actor=chloe)
    as_agent(ana).post("/undo")
    message.refresh_from_db()
    assert message.withdrawn_at
