"""The ticket's page: what is new on it, what stands in its head, and what each act offers to undo."""

import json
from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import mail
from tickets import glance, reading
from tickets.operations import drafting, following, replying, sorting
from tickets.operations.replying import Upload


def page_of(client, ticket):
    return client.get(f"/tickets/{ticket.pk}/")


def act(client, ticket, what, **form):
    """Post an act as htmx does; the toast of the answer."""
    answer = client.post(f"/tickets/{ticket.pk}/{what}", form, headers={"HX-Request": "true"})
    return json.loads(answer["HX-Trigger"])["toast"]


def test_only_what_others_wrote_since_the_last_look_is_new(ticket, ana, chloe, as_agent, send_mail_in):
    client = as_agent(ana)
    assert b'id="unread"' not in page_of(client, ticket).content, "a first look finds nothing newer than the rest"
    replying.add_note(ticket, text="Mine.", actor=ana)
    assert reading.first_unread(ticket, ana) is None
    note = replying.add_note(ticket, text="Hers.", actor=chloe)
    assert reading.first_unread(ticket, ana) == note.pk
    assert b'id="unread"' in page_of(client, ticket).content
    assert b'id="unread"' not in page_of(client, ticket).content, "seen is seen, a note too"
    arrived = send_mail_in(mail(text="And?", In_Reply_To="<first@customer.example>")).said
    assert arrived.ticket_id == ticket.pk and reading.first_unread(ticket, ana) == arrived.pk


def test_a_low_score_stands_in_the_head(ticket, ana, as_agent):
    sorting.mark_low_score(ticket, score=2, actor=None)
    head = as_agent(ana).get(f"/tickets/{ticket.pk}/?part=header", headers={"HX-Request": "true"}).content.decode()
    assert "Rated 2" in head


def test_an_act_offers_its_own_undo_and_an_act_that_changed_nothing_none(ticket, ana, as_agent):
    client = as_agent(ana)
    first = act(client, ticket, "assignment", agent="me")
    assert first["undo_url"]
    again = act(client, ticket, "assignment", agent="me")
    assert again["undo_url"] == ""
    tagged = act(client, ticket, "tags", tag="shipping")
    assert tagged["undo_url"] not in ("", first["undo_url"])


def test_a_page_asks_as_often_however_much_was_said(
    ticket, ana, chloe, as_agent, send_mail_in, django_assert_max_num_queries
):
    client = as_agent(ana)
    page_of(client, ticket)
    with CaptureQueriesContext(connection) as short:
        page_of(client, ticket)
    for n in range(15):
        replying.add_note(ticket, text=f"Note {n}", actor=chloe)
        send_mail_in(
            mail(text=f"And {n}?", In_Reply_To="<first@customer.example>", Message_ID=f"<{n}@customer.example>")
        )
    page_of(client, ticket)
    with django_assert_max_num_queries(15) as long:
        page_of(client, ticket)
    assert len(long.captured_queries) - len(short.captured_queries) <= 1, "names of the agents who did something"


def test_what_a_glance_says_is_asked_for(ticket, ana, chloe, dora, as_agent):
    assert glance.at(ticket, ana) == replace(
        glance.at(ticket, chloe), **dict.fromkeys(("files", "drafts", "links", "merges", "is_following"), False)
    )
    drafting.save(ticket, actor=ana, kind="reply", content=drafting.Content("In good time."))
    following.follow(ticket, agent=ana, actor=ana)
    replying.add_note(ticket, text="Seen", actor=ana, files=[Upload("seen.txt", "text/plain", b"seen")])
    found = glance.at(ticket, ana)
    assert found.drafts and found.files and found.is_following and not glance.at(ticket, chloe).is_following
    page = page_of(as_agent(ana), ticket).content.decode()
    assert "In good time." in page and "seen.txt" in page
    assert glance.at(ticket, ana).read_upto == found.last_message


def test_a_mail_without_words_says_so(send_mail_in, ana, as_agent):
    said = send_mail_in(mail(subject="Hello", text="", Message_ID="<wordless@customer.example>")).said
    page = page_of(as_agent(ana), said.ticket).content.decode()
    assert page.count("Nothing is written in it.") == 1
