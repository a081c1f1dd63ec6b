"""Two tickets that are one: everything goes, later mail follows, and taking apart brings back what was."""

import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction

from helpdesk import clock
from helpdesk.models import Event
from reports.ledger import facts
from reports.models import TicketFacts
from tests.conftest import mail
from tickets.models import Draft, Merge, Message, Participant, Ticket
from tickets.operations import drafting, following, merging, opening, removing, replying, sorting, status, undo
from tickets.operations.drafting import Content
from tickets.operations.status import NotPossible


@pytest.fixture
def other(ticket, send_mail_in):
    """Dora's second ticket, about the same."""
    return send_mail_in(mail(Message_ID="<second@customer.example>", text="Still nothing?")).said.ticket


def everything(*numbers):
    rows = list(Ticket.objects.filter(pk__in=numbers).order_by("pk").values())
    for row in rows:
        row.pop("updated_at")
    return [
        rows, list(Message.objects.order_by("pk").values_list("pk", "ticket")),
        list(Ticket.tags.through.objects.order_by("ticket", "tag").values_list("ticket", "tag__name")),
        list(Participant.objects.order_by("ticket", "address").values_list("ticket", "address")),
        list(Draft.objects.order_by("pk").values_list("ticket", "text")),
    ]  # fmt: skip


def test_everything_goes_and_comes_back_exactly(ticket, other, ana, chloe):
    for name in ("vip", "refund"):
        sorting.tag(other, name=name, actor=ana)
    sorting.tag(ticket, name="vip", actor=ana)
    following.follow(other, agent=chloe, actor=chloe)
    replying.add_note(other, text="Look", actor=ana)
    drafting.save(other, actor=ana, kind="reply", content=Content("In good time."))
    status.snooze(other, until=clock.now() + timedelta(days=3), actor=ana)
    before = everything(ticket.pk, other.pk)
    merge = merging.merge(other, into=ticket, actor=ana)
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert other.is_closed and other.merged_into == ticket and not other.messages.exists()
    assert ticket.messages.count() == 3 and ticket.followers.get().agent == chloe
    assert set(ticket.tags.values_list("name", flat=True)) == {"vip", "refund"}
    assert Draft.objects.get().ticket == ticket
    merging.unmerge(merge, actor=ana)
    assert everything(ticket.pk, other.pk) == before


def test_what_was_written_since_stays(ticket, other, ana):
    merge = merging.merge(other, into=ticket, actor=ana)
    replying.add_note(ticket, text="Since", actor=ana)
    merging.unmerge(merge, actor=ana)
    assert ticket.messages.get(kind="note").text == "Since" and other.messages.count() == 1


def test_a_question_that_comes_with_it_opens_a_ticket_that_waited_for_nothing(ticket, other, ana):
    replying.reply(ticket, text="Done.", actor=ana, then="resolve")
    merge = merging.merge(other, into=ticket, actor=ana)
    ticket.refresh_from_db()
    assert ticket.status == "open" and ticket.waiting_since is not None
    merging.unmerge(merge, actor=ana)
    ticket.refresh_from_db()
    assert ticket.status == "resolved" and ticket.waiting_since is None


@pytest.mark.parametrize("steps", [1, 2])
def test_later_mail_to_what_was_merged_goes_on_where_it_went(steps, ticket, other, ana, send_mail_in):
    if steps == 2:
        third = send_mail_in(mail(Message_ID="<third@customer.example>")).said.ticket
        merging.merge(other, into=third, actor=ana)
        merging.merge(third, into=ticket, actor=ana)
    else:
        merging.merge(other, into=ticket, actor=ana)
    raw = send_mail_in(mail(In_Reply_To="<second@customer.example>", Message_ID="<4@customer.example>"))
    assert raw.said.ticket == ticket
    raw = send_mail_in(mail(In_Reply_To="<4@customer.example>", Message_ID="<5@customer.example>"))
    assert raw.said.ticket == ticket


def test_a_number_in_the_subject_means_where_it_went(ticket, other, ana, inbox):
    from tickets.operations import threading as threads

    merging.merge(other, into=ticket, actor=ana)
    known = threads.load({inbox.pk}, [], set(), [other.pk])
    assert known.tickets[other.pk].pk == ticket.pk
    assert known.may_speak(known.tickets[other.pk], "dora@customer.example")
    assert threads.Threads().ticket(other.pk).pk == ticket.pk


def test_its_customer_takes_part_where_it_went(ticket, ana, send_mail_in):
    theirs = send_mail_in(mail("Emil <emil@stranger.example>", Message_ID="<emil@stranger.example>")).said.ticket
    merging.merge(theirs, into=ticket, actor=ana)
    raw = send_mail_in(mail("Emil <emil@stranger.example>", In_Reply_To="<emil@stranger.example>"))
    assert raw.said.ticket == ticket
    assert ticket.participants.get().is_confirmed


def test_figures_count_both_as_one_and_apart_again(ticket, other, ana):
    merge = merging.merge(other, into=ticket, actor=ana)
    facts.refresh([ticket.pk, other.pk])
    assert TicketFacts.objects.get(ticket=other.pk).klass == "merged"
    assert TicketFacts.objects.get(ticket=ticket.pk).contacts == 2
    merging.unmerge(merge, actor=ana)
    facts.refresh([ticket.pk, other.pk])
    assert {row.klass for row in TicketFacts.objects.all()} == {"counted"}
    assert TicketFacts.objects.get(ticket=ticket.pk).contacts == 1


def test_what_cannot_be_merged_says_why(ticket, other, ana, billing, lou):
    foreign = opening.open_ticket(inbox=billing, address="dora@customer.example", subject="", text="Hello", actor=None)
    for source, into in ((ticket, ticket), (ticket, foreign)):
        with pytest.raises(NotPossible):
            merging.merge(source, into=into, actor=None)
    with pytest.raises(NotPossible):
        merging.merge(ticket, into=other, actor=lou)
    status.close(other, actor=ana)
    with pytest.raises(NotPossible):
        merging.merge(ticket, into=other, actor=ana)
    removing.spam(ticket, actor=ana)
    with pytest.raises(NotPossible):
        merging.merge(other, into=ticket, actor=ana)


def test_after_thirty_days_it_stays_merged(ticket, other, ana):
    merge = merging.merge(other, into=ticket, actor=ana)
    with time_machine.travel(clock.now() + timedelta(days=31)), pytest.raises(NotPossible):
        merging.unmerge(merge, actor=ana)


def test_what_moved_on_is_not_taken_apart(ticket, other, ana, send_mail_in):
    third = send_mail_in(mail(Message_ID="<third@customer.example>")).said.ticket
    merge = merging.merge(other, into=ticket, actor=ana)
    merging.merge(ticket, into=third, actor=ana)
    with pytest.raises(NotPossible, match="moved on"):
        merging.unmerge(merge, actor=ana)


def test_the_last_act_takes_a_merge_apart(ticket, other, ana):
    before = everything(ticket.pk, other.pk)
    merging.merge(other, into=ticket, actor=ana)
    undo.undo(other, undo.latest(ana), actor=ana)
    assert everything(ticket.pk, other.pk) == before


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_each_into_the_other_make_one_merge(ticket, other, ana, chloe):
    ready, said = threading.Barrier(2), []

    def go(source, target, who):
        try:
            ready.wait(10)
            merging.merge(source, into=target, actor=who)
            said.append("merged")
        except NotPossible as why:
            said.append(str(why))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=go, args=(ticket, other, ana)),
        threading.Thread(target=go, args=(other, ticket, chloe)),
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert said.count("merged") == 1 and len(said) == 2
    assert "has gone into" in next(one for one in said if one != "merged")
    assert Merge.objects.count() == 1 and Event.objects.filter(verb="ticket.merged").count() == 1
    survivor = Ticket.objects.get(merged_into=None)
    assert survivor.messages.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_undone", [False, True], ids=["merge", "undo"])
def test_who_merges_waits_for_the_lower_number_and_holds_nothing_meanwhile(is_undone, ticket, other, ana, as_agent):
    client, address = as_agent(ana), f"/tickets/{other.pk}/merge"
    if is_undone:
        merging.merge(other, into=ticket, actor=ana)
        address = f"/tickets/{other.pk}/undo/{undo.latest(ana).pk}"

    def go():
        try:
            client.post(address, {"into": ticket.pk})
        finally:
            connection.close()

    with transaction.atomic():
        Ticket.objects.locked(ticket.pk)
        thread = threading.Thread(target=go)
        thread.start()
        until = clock.now() + timedelta(seconds=10)
        while not _waits() and clock.now() < until:
            time.sleep(0.05)
        assert _waits()
        Ticket.objects.select_for_update(of=("self",), nowait=True).get(pk=other.pk)
    thread.join(30)
    other.refresh_from_db()
    assert other.merged_into_id == (None if is_undone else ticket.pk)


def _waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def test_what_was_thrown_away_after_it_was_merged_is_taken_out_first(ticket, other, ana):
    merge = merging.merge(other, into=ticket, actor=ana)
    removing.trash(other, actor=ana)
    with pytest.raises(NotPossible):
        merging.unmerge(merge, actor=ana)
    removing.restore(other, actor=ana)
    assert merging.unmerge(merge, actor=ana).status == "open"
    facts.refresh([ticket.pk, other.pk])
    assert TicketFacts.objects.get(ticket=other.pk).klass == "counted"


@pytest.mark.django_db(transaction=True)
def test_two_who_change_the_same_thing_lose_no_update(ticket, ana, chloe):
    from tickets.operations import acting, collisions

    seen, ready, said = collisions.last_event(ticket), threading.Barrier(2), {}

    def go(who, to):
        try:
            ready.wait(10)
            acting.perform(ticket, {"do": "priority", "to": to}, actor=who, seen=seen)
            said[to] = "done"
        except collisions.ChangedMeanwhile as why:
            said[to] = str(why)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=each) for each in ((ana, "high"), (chloe, "low"))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    ticket.refresh_from_db()
    assert list(said.values()).count("done") == 1
    assert said[ticket.priority] == "done", "who was told that it worked sees their own value"
    assert f"set the priority to {ticket.priority}" in next(one for one in said.values() if one != "done")
