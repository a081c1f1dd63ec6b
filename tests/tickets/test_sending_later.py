"""Send later: once, late rather than never, and not past what happened meanwhile."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from helpdesk import clock
from tests.conftest import mail
from tickets.models import Draft, Message, Status, Ticket
from tickets.operations import drafting, replying, scheduling, sharing, status
from tickets.operations.drafting import Content
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible
from tickets.tasks import send_scheduled_drafts

HOUR = timedelta(hours=1)


@pytest.fixture
def scheduled(ticket, ana) -> Draft:
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("In good time."))
    assert draft
    return scheduling.schedule(draft, actor=ana, at=clock.now() + HOUR)


def replies() -> list[str]:
    return list(Message.objects.filter(kind="reply").values_list("text", flat=True))


def after(span: timedelta):
    return time_machine.travel(clock.now() + span)


def test_it_goes_out_at_its_time_as_its_author_and_once(scheduled, ticket, ana, settle, verbs):
    send_scheduled_drafts()
    assert replies() == []
    with after(HOUR):
        send_scheduled_drafts()
        send_scheduled_drafts()
    assert replies() == ["In good time."] and not Draft.objects.exists()
    assert Message.objects.get(kind="reply").author == ana
    assert "message.scheduled" in verbs(ticket)


def test_it_resolves_with_it_when_that_was_asked(ticket, ana):
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("Done."))
    scheduling.schedule(draft, actor=ana, at=clock.now() + HOUR, then="resolve")
    with after(HOUR):
        send_scheduled_drafts()
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED


def test_late_rather_than_never(scheduled):
    with after(timedelta(days=9)):
        send_scheduled_drafts()
    assert replies() == ["In good time."]


def test_two_clocks_send_it_once(transactional_db, scheduled):
    Draft.objects.update(send_at=clock.now() - HOUR)
    start = threading.Barrier(4)

    def beat() -> None:
        start.wait()
        send_scheduled_drafts()
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert replies() == ["In good time."]


@pytest.mark.parametrize("heard", [True, False])
def test_it_is_held_back_when_the_customer_wrote_meanwhile(scheduled, ticket, send_mail_in, settle, verbs, heard):
    send_mail_in(mail(text="Never mind.", In_Reply_To="<first@customer.example>"))
    if heard:  # the subscriber was quick; else the clock finds out itself
        settle()
        assert Draft.objects.get().send_at is None
    with after(HOUR):
        send_scheduled_drafts()
    held = Draft.objects.get()
    assert replies() == [] and held.send_at is None and held.text == "In good time."
    assert held.held_back == "Dora Diaz wrote meanwhile."
    assert verbs(ticket)[-1] == "message.unscheduled"


def test_what_came_before_it_was_scheduled_holds_nothing(ticket, ana, send_mail_in, settle):
    send_mail_in(mail(text="And?", In_Reply_To="<first@customer.example>"))
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("In good time."))
    scheduling.schedule(draft, actor=ana, at=clock.now() + HOUR)
    settle()  # hears of the mail only now
    with after(HOUR):
        send_scheduled_drafts()
    assert replies() == ["In good time."]


def test_a_machines_mail_holds_nothing(scheduled, send_mail_in, settle):
    send_mail_in(mail(text="Away.", In_Reply_To="<first@customer.example>", Auto_Submitted="auto-replied"))
    settle()
    with after(HOUR):
        send_scheduled_drafts()
    assert replies() == ["In good time."]


def test_it_is_held_back_when_a_colleague_answered(scheduled, ticket, chloe, settle):
    replying.reply(ticket, text="From Chloe.", actor=chloe)
    settle()
    held = Draft.objects.get()
    assert (held.send_at, held.held_back) == (None, "Somebody else answered meanwhile.")


def test_it_is_held_back_when_the_ticket_was_closed(scheduled, ticket, chloe, settle):
    status.close(ticket, actor=chloe)
    settle()
    assert Draft.objects.get().held_back == "The ticket was closed meanwhile."


@pytest.mark.parametrize("how", ["left", "moved", "light"])
def test_it_is_held_back_when_its_author_is_gone(scheduled, ana, how):
    if how == "left":
        ana.is_active = False
    elif how == "light":
        ana.role = "light"
    else:
        ana.teams.clear()
    ana.save()
    with after(HOUR):
        send_scheduled_drafts()
    held = Draft.objects.get()
    assert replies() == [] and held.send_at is None and held.held_back


def test_what_cannot_be_sent_is_held_back_with_its_reason(scheduled):
    Draft.objects.update(to=["nobody"], send_at=clock.now())
    send_scheduled_drafts()
    assert Draft.objects.get().held_back == "“nobody” is not an e-mail address."


def test_one_that_breaks_holds_up_no_other(scheduled, ticket, ana, chloe, monkeypatch):
    other = drafting.save(ticket, actor=chloe, kind="reply", content=Content("Mine."))
    scheduling.schedule(other, actor=chloe, at=clock.now() + HOUR)
    Draft.objects.update(send_at=clock.now() - HOUR)
    send = scheduling.send_due

    def breaks(draft):
        if draft.pk != other.pk:
            raise AttributeError("a defect of ours")
        return send(draft)

    monkeypatch.setattr(scheduling, "send_due", breaks)
    send_scheduled_drafts()
    assert replies() == ["Mine."] and Draft.objects.get().send_at


def test_it_is_not_written_on_while_it_waits(scheduled, ticket, ana):
    with pytest.raises(NotPossible, match="waits for its time"):
        drafting.save(ticket, actor=ana, kind="reply", content=Content("Other words"), version=scheduled.version)


def test_cancelled_it_is_a_draft_and_cancelling_twice_is_once(scheduled, ticket, ana, verbs):
    for _ in range(2):
        scheduling.cancel(scheduled, actor=ana)
    assert verbs(ticket)[-2:] == ["message.scheduled", "message.unscheduled"]
    with after(HOUR):
        send_scheduled_drafts()
    kept = Draft.objects.get()
    assert replies() == [] and (kept.text, kept.held_back) == ("In good time.", "")


def test_a_colleague_who_cancels_leaves_word(scheduled, chloe):
    scheduling.cancel(scheduled, actor=chloe)
    kept = Draft.objects.get()
    assert (kept.send_at, kept.held_back) == (None, "Chloe Martin cancelled it.")


def test_a_colleague_may_take_it_over_and_then_it_waits_no_more(scheduled, chloe):
    taken = sharing.take_over(scheduled, actor=chloe)
    assert (taken.author, taken.send_at, taken.text) == (chloe, None, "In good time.")


def test_send_now_sends_it_now(scheduled, ana, chloe):
    with pytest.raises(NotPossible):
        scheduling.send_now(scheduled, actor=chloe)
    scheduling.send_now(scheduled, actor=ana)
    assert replies() == ["In good time."] and not Draft.objects.exists()


@pytest.mark.parametrize("at", [timedelta(0), -HOUR, timedelta(days=400)])
def test_a_time_that_is_no_time_is_refused(ticket, ana, at):
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("Hello"))
    with pytest.raises(NotPossible, match="still to come"):
        scheduling.schedule(draft, actor=ana, at=clock.now() + at)


def test_what_could_not_be_sent_now_cannot_be_later(ticket, ana):
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("Hello", Chosen(to=("nobody",))))
    with pytest.raises(NotPossible, match="not an e-mail address"):
        scheduling.schedule(draft, actor=ana, at=clock.now() + HOUR)
    status.close(Ticket.objects.get(), actor=ana)
    with pytest.raises(NotPossible, match="closed"):
        scheduling.schedule(draft, actor=ana, at=clock.now() + HOUR)
