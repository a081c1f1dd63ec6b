"""Resolving, reopening and all other moves of a ticket."""

from datetime import timedelta

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Event, Slot
from tests.conftest import mail
from tickets.models import Status, Ticket
from tickets.operations import assignment, replying, sorting, status, undo
from tickets.operations.status import NotPossible
from tickets.tasks import close_resolved, wake_snoozed


def test_resolving_twice_is_resolving_once(ticket, ana, verbs):
    before = len(verbs(ticket))
    status.resolve(ticket, actor=ana)
    status.resolve(ticket, actor=ana)
    assert verbs(ticket)[before:] == ["ticket.resolved"]


def test_a_resolved_ticket_knows_when_and_nobody_waits(ticket, ana):
    ticket = status.resolve(ticket, actor=ana)
    assert ticket.is_resolved and ticket.resolved_at and ticket.waiting_since is None


def test_reopening_forgets_the_resolution(ticket, ana):
    status.resolve(ticket, actor=ana)
    ticket = status.reopen(ticket, actor=ana)
    assert ticket.status == Status.OPEN and ticket.resolved_at is None


def test_a_closed_ticket_stays_closed(ticket, ana):
    status.close(ticket, actor=ana)
    for move in (status.resolve, status.reopen, status.pend, status.hold):
        with pytest.raises(NotPossible):
            move(ticket, actor=ana)
    with pytest.raises(NotPossible):
        replying.reply(ticket, text="Too late", actor=ana)


def test_a_snoozed_ticket_wakes_once_when_its_time_has_come(ticket, ana, verbs):
    until = clock.now() + timedelta(hours=3)
    status.snooze(ticket, until=until, actor=ana)
    wake_snoozed()
    assert "ticket.woken" not in verbs(ticket)
    with time_machine.travel(until + timedelta(hours=6)):
        wake_snoozed()
        wake_snoozed()
    assert verbs(ticket).count("ticket.woken") == 1
    assert Slot.objects.filter(job="wake").count() == 1
    assert not Ticket.objects.get().is_snoozed


def test_the_past_cannot_be_snoozed_into(ticket, ana):
    with pytest.raises(NotPossible):
        status.snooze(ticket, until=clock.now() - timedelta(seconds=1), actor=ana)


def test_what_has_been_resolved_long_enough_is_closed(ticket, ana, settings):
    status.resolve(ticket, actor=ana)
    close_resolved()
    assert Ticket.objects.get().is_resolved
    with time_machine.travel(clock.now() + timedelta(days=settings.AUTO_CLOSE_DAYS, hours=1)):
        close_resolved()
    assert Ticket.objects.get().is_closed


def test_a_reply_opens_a_resolved_ticket_and_takes_it(ticket, ana):
    status.resolve(ticket, actor=ana)
    replying.reply(ticket, text="One more thing", actor=ana)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN and ticket.assignee == ana and ticket.waiting_since is None


def test_a_note_changes_no_clock(ticket, ana):
    waiting = ticket.waiting_since
    replying.add_note(ticket, text="Careful with this one", actor=ana)
    ticket.refresh_from_db()
    assert ticket.waiting_since == waiting and ticket.assignee is None and not hasattr(ticket.messages.last(), "mail")


def test_a_light_collaborator_notes_but_does_not_answer(ticket, lou):
    replying.add_note(ticket, text="I know him", actor=lou)
    with pytest.raises(NotPossible):
        replying.reply(ticket, text="Hello", actor=lou)


def test_the_same_form_sent_twice_is_one_reply(ticket, ana):
    first = replying.reply(ticket, text="Hello", actor=ana, once="form-1")
    assert replying.reply(ticket, text="Hello", actor=ana, once="form-1") == first
    assert ticket.messages.filter(kind="reply").count() == 1


def test_an_empty_reply_is_refused(ticket, ana):
    with pytest.raises(NotPossible):
        replying.reply(ticket, text=" \n\t ", actor=ana)


def test_who_does_not_see_the_inbox_cannot_be_given_the_ticket(ticket, ana, ben, lou):
    for other in (ben, lou):
        with pytest.raises(NotPossible):
            assignment.assign(ticket, agent=other, team=None, actor=ana)


def test_tags_are_one_word_however_they_are_written(ticket, ana):
    sorting.tag(ticket, name="  Refund   Due ", actor=ana)
    sorting.tag(ticket, name="refund due", actor=ana)
    assert [tag.name for tag in ticket.tags.all()] == ["refund due"]
    with pytest.raises(NotPossible):
        sorting.tag(ticket, name=" \x00 ", actor=ana)


@pytest.mark.parametrize(
    "act",
    [
        lambda t, a: status.resolve(t, actor=a),
        lambda t, a: status.pend(t, actor=a),
        lambda t, a: status.hold(t, actor=a),
        lambda t, a: assignment.take(t, actor=a),
        lambda t, a: sorting.tag(t, name="x", actor=a),
        lambda t, a: status.snooze(t, until=clock.now() + timedelta(days=1), actor=a),
    ],
)
def test_the_last_act_can_be_undone(ticket, ana, act):
    fields = ["status", "assignee", "team", "snoozed_until", "resolved_at"]
    before = [getattr(ticket, f) for f in fields]
    act(ticket, ana)
    event = Event.objects.filter(stream_id=ticket.pk).last()
    after = undo.undo(ticket, event, actor=ana)
    assert [getattr(after, f) for f in fields] == before and not after.tags.exists()


def test_what_has_moved_on_is_not_undone(ticket, ana, chloe):
    assignment.take(ticket, actor=ana)
    event = Event.objects.filter(stream_id=ticket.pk).last()
    assignment.assign(ticket, agent=chloe, team=None, actor=chloe)
    with pytest.raises(NotPossible):
        undo.undo(ticket, event, actor=ana)


@pytest.mark.parametrize("thing", ["status", "assignment"])
def test_what_a_colleague_made_the_same_again_is_theirs(ticket, ana, ben, chloe, thing):
    there, away = {
        "status": (lambda a: status.resolve(ticket, actor=a), lambda a: status.reopen(ticket, actor=a)),
        "assignment": (
            lambda a: assignment.assign(ticket, agent=ana, team=None, actor=a),
            lambda a: assignment.unassign(ticket, actor=a),
        ),
    }[thing]
    there(ana)
    event = Event.objects.filter(stream_id=ticket.pk).last()
    away(chloe)
    after = there(chloe)
    with pytest.raises(NotPossible):
        undo.undo(ticket, event, actor=ana)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == (after.status, after.assignee)


@pytest.mark.parametrize("act", [status.resolve, status.pend, status.hold])
def test_what_was_put_aside_is_put_aside_again(ticket, ana, act):
    until = clock.now() + timedelta(days=1)
    status.snooze(ticket, until=until, actor=ana)
    act(ticket, actor=ana)
    after = undo.undo(ticket, undo.latest(ana), actor=ana)
    assert (after.status, after.snoozed_until) == ("open", until)
    after = undo.undo(ticket, undo.latest(ana), actor=ana)
    assert (after.status, after.snoozed_until) == ("open", None)


def test_only_ones_own_act_is_undone(ticket, ana, chloe):
    status.resolve(ticket, actor=ana)
    event = Event.objects.filter(stream_id=ticket.pk).last()
    with pytest.raises(NotPossible):
        undo.undo(ticket, event, actor=chloe)


def test_a_customer_who_writes_again_after_closing_gets_a_ticket_that_names_the_old_one(ticket, ana, send_mail_in):
    status.close(ticket, actor=ana)
    raw = send_mail_in(mail(Message_ID="<again@customer.example>", In_Reply_To="<first@customer.example>"))
    assert raw.said.ticket != ticket and raw.said.ticket.follow_up_of == ticket


def test_a_ticket_snoozed_anew_while_the_clock_strikes_sleeps_on(db, ticket, ana, monkeypatch):
    from datetime import timedelta

    import time_machine

    from helpdesk import clock
    from tickets import tasks
    from tickets.operations import status

    soon, later = clock.now() + timedelta(hours=1), clock.now() + timedelta(days=2)
    status.snooze(ticket, until=soon, actor=ana)
    lock = tasks.Ticket.objects.locked

    def snoozed_meanwhile(number):
        monkeypatch.undo()
        status.snooze(ticket, until=later, actor=ana)
        return lock(number)

    with time_machine.travel(soon + timedelta(seconds=1), tick=False):
        monkeypatch.setattr(tasks.Ticket.objects, "locked", snoozed_meanwhile)
        tasks.wake_snoozed()
    ticket.refresh_from_db()
    assert ticket.snoozed_until == later
