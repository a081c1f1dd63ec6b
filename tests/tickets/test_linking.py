"""Links between tickets, said from both sides; and messages made a ticket of their own."""

import pytest

from tests.conftest import mail
from tickets.models import InboxAccess, TicketLink
from tickets.operations import linking, moving, opening, undo
from tickets.operations.status import NotPossible


@pytest.fixture
def other(ticket, send_mail_in):
    return send_mail_in(mail(Message_ID="<second@customer.example>")).said.ticket


@pytest.mark.parametrize(("kind", "back"), linking.OTHER_WAY.items())
def test_a_link_is_said_from_both_sides(kind, back, ticket, other, ana):
    linking.link(ticket, to=other, kind=kind, actor=ana)
    assert [(one.other, one.kind) for one in linking.links_of(ticket, ana)] == [(other, kind)]
    assert [(one.other, one.kind) for one in linking.links_of(other, ana)] == [(ticket, back)]
    linking.link(other, to=ticket, kind=back, actor=ana)
    assert TicketLink.objects.count() == 1
    undo.undo(ticket, undo.latest(ana), actor=ana)
    assert not TicketLink.objects.exists()


def test_a_second_link_says_it_anew(ticket, other, ana):
    linking.link(ticket, to=other, kind="related", actor=ana)
    linking.link(ticket, to=other, kind="duplicate", actor=ana)
    assert [one.kind for one in linking.links_of(ticket, ana)] == ["duplicate"]


def test_taking_back_a_second_link_brings_back_the_first_unless_somebody_linked_them_otherwise(
    ticket, other, ana, chloe
):
    linking.link(ticket, to=other, kind="child", actor=ana)
    linking.link(ticket, to=other, kind="duplicate", actor=ana)
    duplicate = undo.latest(ana)
    undo.undo(ticket, duplicate, actor=ana)
    assert [one.kind for one in linking.links_of(other, ana)] == ["parent"]
    linking.link(ticket, to=other, kind="related", actor=chloe)
    for event in (duplicate, undo.latest(ana)):
        with pytest.raises(NotPossible):
            undo.undo(ticket, event, actor=ana)
    assert [one.kind for one in linking.links_of(ticket, ana)] == ["related"]


def test_a_link_that_was_taken_off_does_not_take_the_place_of_anothers(ticket, other, ana, chloe):
    linking.link(ticket, to=other, kind="child", actor=ana)
    linking.unlink(ticket, to=other, actor=ana)
    linking.link(ticket, to=other, kind="related", actor=chloe)
    with pytest.raises(NotPossible):
        undo.undo(ticket, undo.latest(ana), actor=ana)
    assert [one.kind for one in linking.links_of(ticket, ana)] == ["related"]


def test_a_link_with_what_one_may_not_see_is_not_shown(ticket, ana, billing):
    foreign = opening.open_ticket(inbox=billing, address="dora@customer.example", subject="", text="Hello", actor=None)
    linking.link(ticket, to=foreign, kind="related", actor=None)
    assert linking.links_of(ticket, ana) == []


def test_both_tickets_must_be_ones_that_one_works(ticket, ana, billing, settle):
    foreign = opening.open_ticket(inbox=billing, address="dora@customer.example", subject="", text="Hello", actor=None)
    InboxAccess.objects.create(inbox=billing, agent=ana, level="light")
    for one, other in ((ticket, foreign), (foreign, ticket)):
        with pytest.raises(NotPossible):
            linking.link(one, to=other, kind="related", actor=ana)
    linking.link(ticket, to=foreign, kind="related", actor=None)
    for one, other in ((ticket, foreign), (foreign, ticket)):
        with pytest.raises(NotPossible):
            linking.unlink(one, to=other, actor=ana)
    assert TicketLink.objects.count() == 1


def test_nonsense_is_refused(ticket, other, ana, lou):
    for to, kind, who in ((ticket, "related", ana), (other, "cousin", ana), (other, "related", lou)):
        with pytest.raises(NotPossible):
            linking.link(ticket, to=to, kind=kind, actor=who)


def test_messages_become_a_ticket_of_their_own(ticket, ana, send_mail_in):
    for n in (2, 3):
        send_mail_in(
            mail(text=f"Part {n}", Message_ID=f"<{n}@customer.example>", In_Reply_To="<first@customer.example>")
        )
    second, third = ticket.messages.order_by("pk")[1:]
    new = moving.split([third, second], actor=ana)
    assert list(new.messages.order_by("pk")) == [second, third] and ticket.messages.count() == 1
    with pytest.raises(NotPossible):
        moving.split(list(ticket.messages.all()), actor=ana)
    with pytest.raises(NotPossible):
        moving.split([], actor=ana)
