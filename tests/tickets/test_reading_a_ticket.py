"""Reading a ticket: what is folded, what it is about in one line, and its subject said anew."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import clock
from tests.conftest import mail
from tickets import gist, stretches, texts, timeline
from tickets.models import Message, Ticket
from tickets.operations import replying, sorting, status
from tickets.operations.status import NotPossible


def told(ticket, **more):
    return stretches.of(timeline.of(ticket, timeline.said_on(ticket)), **more)


def open_messages(found):
    return [pk for one in found if one.kind != "earlier" for entry in one.entries for pk in entry.ids]


@pytest.fixture
def long(ticket, ana):
    """A ticket on which much was said."""
    for n in range(9):
        replying.add_note(ticket, text=f"Note {n}", actor=ana)
    return list(ticket.messages.order_by("created_at", "pk").values_list("pk", flat=True))


def test_the_question_and_the_last_words_stay_open(ticket, long):
    found = told(ticket)
    assert open_messages(found) == [long[0], *long[-stretches.LAST :]]
    (earlier,) = [one for one in found if one.kind == "earlier"]
    assert earlier.messages == len(long) - 1 - stretches.LAST and earlier.people == ("Ana Silva",)


def test_what_is_new_is_never_folded(ticket, long):
    for at in range(1, len(long)):
        assert set(long[at:]) <= set(open_messages(told(ticket, shown_from=long[at])))


def test_nothing_is_lost_by_folding(ticket, long):
    everything = timeline.of(ticket, timeline.said_on(ticket))
    for shown_from in (None, 0, *long):
        found = stretches.of(everything, shown_from=shown_from)
        assert [entry for one in found for entry in one.entries] == everything


def test_a_short_ticket_has_no_fold(ticket, ana):
    replying.add_note(ticket, text="One", actor=ana)
    assert {one.kind for one in told(ticket)} == {"open"}


def test_an_act_keeps_open_what_the_page_had_open(ticket, long, ana, as_agent):
    client, headers = as_agent(ana), {"HX-Request": "true"}
    page = client.post(f"/tickets/{ticket.pk}/tags", {"tag": "vip"}, headers={**headers, "X-Shown-From": str(long[2])})
    before, _fold, after = page.content.decode().partition('class="fold earlier"')
    assert f'id="message-{long[2]}"' in before and not after
    page = client.post(f"/tickets/{ticket.pk}/tags", {"tag": "new"}, headers={**headers, "X-Shown-From": "1 OR 1"})
    assert 'class="fold earlier"' in page.content.decode()


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Hello,\n\nI ordered a lamp last week. When does it come?\n\nDora", "When does it come?"),
        ("Hi there!\nThe lamp is broken. I want my money back.", "The lamp is broken."),
        ("Guten Tag, mein Paket fehlt seit Montag.", "Guten Tag, mein Paket fehlt seit Montag."),
        ("Sehr geehrte Damen und Herren,\nwann kommt meine Rechnung? Danke", "wann kommt meine Rechnung?"),
        ("Where is it", "Where is it"),
        ("Why?\nMy parcel never came.", "My parcel never came."),
        ("…\n---\n", ""),
        ("", ""),
    ],
)
def test_the_point_is_the_first_question_else_the_first_sentence_that_is_no_greeting(text, asks):
    assert gist.point(text) == asks


@given(st.text(max_size=4000))
def test_the_point_of_any_text_is_one_short_line_of_it(text):
    found = gist.point(text)
    assert len(found) <= gist.MOST and "\n" not in found
    assert found.removesuffix("…") in texts.line(text, len(text))


def gist_of(ticket, others=()):
    return gist.of(ticket, timeline.said_on(ticket), others)


def test_the_line_says_who_asks_what_and_how_it_stands(ticket, ana, send_mail_in):
    found = gist_of(ticket)
    assert (found.who, found.asks) == ("Dora Diaz", "Where is my order?")
    assert found.facts == ("first contact", "not answered yet")
    replying.reply(ticket, text="It ships today.", actor=ana)
    assert gist_of(ticket).facts == ("first contact", "Ana answered last")
    send_mail_in(mail(text="And today?", In_Reply_To="<first@customer.example>"))
    found = gist_of(ticket)
    assert found.asks == "And today?"
    assert found.facts == ("first contact", "wrote 2 times", "wrote again after Ana’s answer")


def test_the_line_counts_what_one_may_see_of_the_customers_other_tickets(ticket):
    now = clock.now()
    others = [Ticket(created_at=now - timedelta(days=days), low_score=score) for days, score in ((3, None), (40, 2))]
    assert gist_of(ticket, others).facts == ("1 other ticket in 30 days", "not answered yet", "rated us 2 of 5 lately")


def test_a_ticket_on_which_nobody_wrote_has_no_gist(ticket):
    Message.objects.all().delete()
    assert gist_of(ticket) is None


def test_the_line_stands_in_the_head(ticket, ana, as_agent):
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert 'class="ticket-gist"' in page and '<q dir="auto">Where is my order?</q>' in page


def test_a_subject_is_said_anew_and_answers_carry_it(ticket, ana, verbs):
    sorting.rename(ticket, subject="  The\nlamp ", actor=ana)
    ticket.refresh_from_db()
    assert ticket.subject == "The lamp" and verbs(ticket)[-1] == "ticket.renamed"
    sorting.rename(ticket, subject="The lamp", actor=ana)
    assert verbs(ticket).count("ticket.renamed") == 1
    with pytest.raises(NotPossible):
        sorting.rename(ticket, subject=" \x00 ", actor=ana)
    assert replying.reply(ticket, text="Yes", actor=ana).outgoing.subject == "Re: The lamp"


def test_who_only_reads_does_not_rename(ticket, lou):
    with pytest.raises(NotPossible):
        sorting.rename(ticket, subject="Mine", actor=lou)


def test_a_resolved_ticket_folds_too(ticket, long, ana):
    status.resolve(ticket, actor=ana)
    assert any(one.kind == "earlier" for one in told(ticket))


def test_one_goes_through_the_list_from_ticket_to_ticket(ticket, ana, as_agent, send_mail_in):
    second = send_mail_in(mail(subject="Later", Message_ID="<later@customer.example>")).said.ticket
    client = as_agent(ana)
    assert client.get(f"/tickets/{ticket.pk}/next").url == f"/tickets/{second.pk}/"
    assert client.get(f"/tickets/{second.pk}/previous").url == f"/tickets/{ticket.pk}/"
    page = client.get(f"/tickets/{second.pk}/next", follow=True)
    assert page.request["PATH_INFO"] == f"/tickets/{second.pk}/" and "the last of the list" in page.content.decode()
