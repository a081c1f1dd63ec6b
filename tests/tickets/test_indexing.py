"""What search looks in is what was said, a moment after it was said."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from helpdesk.models import Event
from tests.conftest import mail
from tickets.models import ContactPoint, Customer, Message, Organisation, SearchDocument, SearchWord, Ticket
from tickets.operations import indexing, replying, sorting
from tickets.search_subscribers import WORDLESS, keep_search_up_to_date
from tickets.tasks import write_search_documents


def has(ticket: Ticket, query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT vector @@ %s::tsquery FROM tickets_searchdocument WHERE ticket_id = %s", [query, ticket.pk]
        )
        row = cursor.fetchone()
    return bool(row and row[0])


@pytest.fixture
def heard(ticket, settle):
    settle()
    return ticket


def test_subject_words_and_customer_are_found_with_their_weight(heard):
    assert has(heard, "'order':A") and has(heard, f"'{heard.number}':A")
    assert has(heard, "'dora':B & 'diaz':B & 'customer':B")
    assert has(heard, "'where':C") and not has(heard, "'where':A")


def test_what_is_said_later_is_found(heard, ana, settle):
    replying.add_note(heard, text="Ask the Straße office about parcel AB-1234", actor=ana)
    replying.reply(
        heard, text="It ships today.", actor=ana, files=[replying.Upload("invoice_2026.pdf", "text/plain", b"Hello")]
    )
    sorting.tag(heard, name="refund", actor=ana)
    settle()
    assert has(heard, "'strasse':C") and has(heard, "'ab' <-> '1234'") and has(heard, "'ships'")
    assert has(heard, "'invoice':B & '2026':B") and has(heard, "'refund':B")
    sorting.untag(heard, name="refund", actor=ana)
    settle()
    assert not has(heard, "'refund'")


def test_an_answer_that_was_taken_back_is_not_found(heard, ana, settle):
    message = replying.add_note(heard, text="A secret", actor=ana)
    settle()
    assert has(heard, "'secret'")
    Message.objects.filter(pk=message.pk).update(withdrawn_at=message.created_at)
    indexing.write([heard.pk])
    assert not has(heard, "'secret'")


def test_another_name_of_the_customer_is_found_when_the_clock_came_by(heard, ana):
    company = Organisation.objects.create(name="Acme Works")
    Customer.objects.filter(pk=heard.customer_id).update(name="Theodora Levin", organisation=company)
    keep_search_up_to_date([Event(verb="customer.changed", subject_id=heard.customer_id, facts={})])
    assert write_search_documents() == 1
    assert has(heard, "'theodora':B & 'acme':B") and not has(heard, "'diaz'")
    Organisation.objects.filter(pk=company.pk).update(name="Zenith")
    keep_search_up_to_date([Event(verb="organisation.changed", subject_id=company.pk, facts={})])
    write_search_documents()
    assert has(heard, "'zenith':B")


def test_writing_again_writes_nothing(heard):
    assert indexing.write([heard.pk]) == 0
    assert indexing.write([heard.pk, 10**12]) == 0
    assert indexing.write([]) == 0


def test_one_statement_writes_a_batch(heard, send_mail_in, django_assert_num_queries):
    numbers = [send_mail_in(mail(subject=f"Parcel {n}", Message_ID=f"<{n}@x.example>")).said.ticket_id for n in "abc"]
    with django_assert_num_queries(3):  # with the savepoint around it
        assert indexing.write(numbers) == 3


def test_the_words_are_known_for_whoever_mistypes_them(heard):
    assert SearchWord.objects.filter(word="order").exists()
    assert not SearchWord.objects.filter(word__regex="[0-9]").exists()


def test_a_huge_message_is_read_as_far_as_is_reasonable(heard):
    text = " ".join(f"word{n}" for n in range(60_000))
    for _ in range(12):
        Message.objects.create(ticket=heard, kind="note", text=text)
    assert indexing.write([heard.pk]) == 1
    assert has(heard, "'word1'") and not has(heard, "'word50000'")


def test_what_the_database_cannot_take_stops_nobody(heard, monkeypatch):
    monkeypatch.setattr(indexing, "_WRITE", "SELECT 1 / (%s::bigint[])[1] * 0 / 0")
    assert indexing.write([heard.pk]) == 1
    assert SearchDocument.objects.get(pk=heard.pk).vector == ""


def test_an_upgraded_installation_catches_up_by_itself(heard):
    SearchDocument.objects.all().delete()
    assert write_search_documents() == 1
    assert has(heard, "'order'")
    assert write_search_documents() == 0


def test_the_command_writes_what_is_missing_or_all(heard):
    SearchDocument.objects.all().delete()
    said = StringIO()
    call_command("index_search", stdout=said)
    assert "wrote 1 documents" in said.getvalue() and has(heard, "'order'")
    call_command("index_search", stdout=said)
    assert "Looked at 0 tickets" in said.getvalue()
    call_command("index_search", "--all", stdout=said)
    assert "Looked at 1 tickets" in said.getvalue()


def test_a_customer_with_a_great_many_addresses_is_no_trouble(heard):
    for n in range(300):
        ContactPoint.objects.create(customer_id=heard.customer_id, address=f"d{n}@many.example")
    assert indexing.write([heard.pk]) == 1


def test_what_is_wordless_is_a_verb_we_know():
    documented = (__import__("pathlib").Path(__file__).parents[2] / "docs/events.md").read_text()
    assert {
        verb for verb in WORDLESS if verb.split(".")[0] in ("ticket", "message") and f"`{verb}`" not in documented
    } == set()
