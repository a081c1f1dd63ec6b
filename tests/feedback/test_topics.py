"""What tickets and remarks are about: found by words that anybody can read, or said by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import phrases, rising
from feedback.models import Remark, Resorting, TicketTopic, Topic
from feedback.operations import topics
from helpdesk.models import Event
from tests.conftest import mail
from tickets.models import Ticket


def said(lines: str, text: str) -> str:
    found = phrases.matcher([(1, lines)]).look(text)
    return found[0].said if found else ""


@pytest.mark.parametrize(
    ("lines", "text", "words"),
    [
        ("refund", "I want a REFUND, now", "REFUND"),
        ("refund", "refunds are slow", ""),
        ("refund*", "refunds are slow", "refunds"),
        ("*versand*", "Die Expressversandkosten sind hoch", "Expressversandkosten"),
        ("late delivery", "A late\n  delivery again", "late delivery"),
        ("late delivery", "delivery was late", ""),
        ("zurück", "Ich will mein Geld ZURUCK", "ZURUCK"),
        ("strasse", "in der Straße", "Straße"),
        ("e-mail", "no E mail came", "E mail"),
        ("a.b", "axb", ""),
        ("***", "anything", ""),
    ],
)
def test_a_phrase_is_found_whatever_its_case_and_accents_and_only_as_whole_words(lines, text, words):
    assert said(lines, text) == words


@given(st.text(max_size=60), st.text(alphabet="ab* \nÄß.(", max_size=30))
def test_whatever_is_written_what_is_found_stands_in_the_text(text, lines):
    for found in phrases.matcher([(1, lines)]).look(text):
        assert found.count == len(found.words) > 0
        flat = phrases.read(text).folded
        for words in found.words:
            assert phrases.read(words).folded.strip() in flat


def test_the_topic_with_the_most_different_phrases_wins_and_a_tie_is_none():
    matcher = phrases.matcher([(1, "parcel\nlate"), (2, "invoice\ninvoice"), (3, "late")])
    assert phrases.winner(matcher.look("The parcel is late, and the invoice, the invoice!")).topic == 1
    assert phrases.winner(matcher.look("invoice, late")) is None


@pytest.fixture
def delivery(db) -> Topic:
    return Topic.objects.create(name="Delivery", phrases="where is my order\nparcel*")


def test_a_new_ticket_is_sorted_by_its_words_and_says_which(delivery, ticket, settle):
    settle()
    kept = TicketTopic.objects.get(ticket=ticket)
    assert (kept.topic, kept.is_by_hand, kept.found) == (delivery, False, "Where is my order")
    event = Event.objects.get(verb="ticket.categorised")
    assert event.facts == {"topic": str(delivery.pk), "was": None, "by": "words"}
    topics.look_at([ticket.pk])
    assert Event.objects.filter(verb="ticket.categorised").count() == 1


def test_what_was_said_by_hand_stays_whatever_the_words(delivery, ticket, ana, settle):
    billing = Topic.objects.create(name="Billing")
    topics.categorise(ticket, topic=billing, actor=ana)
    settle()
    topics.begin_resorting(delivery.pk)
    while topics.go_on():
        pass
    assert TicketTopic.objects.get(ticket=ticket).topic == billing
    topics.uncategorise(ticket, actor=ana)
    assert TicketTopic.objects.get(ticket=ticket).topic == delivery


def test_other_words_are_looked_for_in_what_was_said_before_and_a_killed_run_goes_on(
    delivery, ticket, inbox, send_mail_in, settle, monkeypatch
):
    other = send_mail_in(mail(Message_ID="<2@customer.example>", subject="Hello", text="The cup is broken")).said.ticket
    remark = Remark.objects.create(source="noted", inbox=inbox, text="My cup was broken too")
    settle()
    quality = Topic.objects.create(name="Quality")
    topics.add_phrase(quality, phrase="broken", actor=None)
    settle()
    monkeypatch.setattr(topics, "BATCH", 1)
    assert topics.go_on() == 1  # the remark, and then no more: the worker is gone
    assert list(remark.topics.all()) == [quality]
    assert not TicketTopic.objects.filter(ticket=other).exists()
    while topics.go_on():
        pass
    job = Resorting.objects.latest("pk")
    assert (job.percent, job.changed) == (100, 2)
    assert TicketTopic.objects.get(ticket=other).topic == quality
    quality.refresh_from_db()
    assert quality.version == 2


def test_words_rise_that_are_in_more_remarks_than_before():
    before = ["the colour is nice", "all was well", "thanks for the help"] * 30
    lately = [*before[:40], *["the new app crashes when I sign in"] * 12]
    found = rising.rises(lately, before)
    assert "app crashes" in {one.words for one in found}
    assert all(one.lately > one.before and one.g2 >= rising.CLEAR for one in found)
    assert rising.rises(before, before) == []


def test_the_panel_offers_topics_and_one_click_says_it(delivery, ticket, ana, as_agent, settle):
    settle()
    billing = Topic.objects.create(name="Billing")
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "found by “Where is my order”" in page
    as_agent(ana).post(f"/tickets/{ticket.pk}/topic/", {"topic": billing.pk})
    assert TicketTopic.objects.get(ticket=ticket).topic == billing
    as_agent(ana).post(f"/tickets/{ticket.pk}/topic/?topic=words")
    assert TicketTopic.objects.get(ticket=ticket).topic == delivery


def test_the_try_box_says_which_topics_are_in_a_sentence_and_why(delivery, chloe, as_agent):
    page = as_agent(chloe).post("/settings/topics/try/", {"sentence": "Two parcels came"}).content.decode()
    assert ("Delivery" in page and "parcels" in page and "ticket&#x27;s topic" in page) or "a ticket" in page
    assert Ticket.objects.count() == 0


def test_phrases_are_kept_once_and_a_line_without_letters_is_refused(admin, as_agent):
    client = as_agent(admin)
    client.post(
        "/settings/topics/new/", {"name": "Refunds", "phrases": "Refund*\nrefund*\n\nmoney  back", "is_active": "on"}
    )
    assert Topic.objects.get().phrases == "Refund*\nmoney back"
    assert client.post("/settings/topics/new/", {"name": "X", "phrases": "***"}).status_code == 422
