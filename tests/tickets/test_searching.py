"""Search: what is typed, what is meant by it, and what is found; only ever what the agent may see."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import mail
from tickets import conditions, search_meaning, search_suggestions, search_words, searching
from tickets.highlighting import Marker
from tickets.models import CustomField, Organisation, SearchDocument, Ticket
from tickets.operations import assignment, removing, replying, sorting, status


@pytest.fixture
def found(ana, settle):
    """What Ana finds: the numbers of tickets."""

    def look(text, agent=ana, **more):
        settle()
        return [ticket.number for ticket in searching.search(text, agent, **more).tickets]

    return look


@pytest.fixture
def parcel(send_mail_in):
    """Emil's ticket, beside Dora's."""
    return send_mail_in(
        mail("Emil Novák <emil@other.example>", "Damaged parcel", "The café table in parcel AB-1234 is broken.",
             Message_ID="<emil@other.example>")
    ).said.ticket  # fmt: skip


# --- taking apart ---------------------------------------------------------------------------------------------------


def test_words_phrases_qualifiers_and_alternatives():
    typed = search_words.parse('refund or return "my order" -late is:open -tag:vip sub')
    assert [[word.text for word in group] for group in typed.groups] == [
        ["refund", "return"],
        ["my order"],
        ["late"],
        ["sub"],
    ]
    assert [(q.key, q.value, q.is_negative) for q in typed.qualifiers] == [("is", "open", False), ("tag", "vip", True)]
    assert [word.is_begun for word in typed.words] == [False, False, False, False, True]
    assert typed.without(typed.qualifiers[0]) == 'refund or return "my order" -late -tag:vip sub'


@pytest.mark.parametrize(("text", "number"), [("#123", 123), (" 42 ", 42), ("12 monkeys", None), ("0", None)])
def test_a_number_alone_is_that_ticket(text, number):
    assert search_words.parse(text).number == number


def test_what_is_no_qualifier_of_ours_is_words():
    typed = search_words.parse("https://shop.example foo:bar or ")
    assert [word.text for word in typed.words] == ["https://shop.example", "foo:bar"]
    assert not typed.qualifiers


# --- meaning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("is:open", "status is open"),
        ("is:open is:pending", "status any_of open, pending"),
        ("-is:closed", "status is_not closed"),
        ("is:mine", "assignee is me"),
        ("is:unassigned", "assignee not_set"),
        ("-is:unassigned", "assignee set"),
        ("is:snoozed", "snoozed set"),
        ("assignee:none", "assignee not_set"),
        ("from:dora", "customer is dora"),
        ("tag:refund -tag:vip", "tag is refund; tag is_not vip"),
        ("has:attachment", "has is attachment"),
        ("before:2026-03-01", "created is_not 2026-03-01".replace("is_not", "before")),
        ("after:2026-03-01", "updated after 2026-03-01"),
        ("created:>2026-03-01", "created after 2026-03-01"),
        ("created:2026-03-01..2026-03-31", "created after 2026-03-01; created before 2026-03-31"),
        ("created:<7d", "created less_than 7 days"),
        ('created:"7 days ago"', "created is 7 days ago"),
        ("waiting:>4h", "waiting more_than 4 hours"),
        ("field.plan:gold", "field:plan is gold"),
        ("priority:high", "priority is high"),
        ("in:trash", "status is trash"),
    ],
)
def test_qualifiers_are_conditions(ana, text, meant):
    CustomField.objects.create(key="plan", name="Plan")
    query = search_meaning.parse(text, ana)
    assert [chip.why for chip in query.chips if chip.why] == []
    assert conditions.written(query.conditions) == meant


def test_what_cannot_be_is_said_in_words_and_not_looked_for(ana):
    query = search_meaning.parse("is:opne created:soon tag:x", ana)
    assert [bool(chip.why) for chip in query.chips] == [True, True, False]
    assert "“opne” is none of:" in query.chips[0].why
    assert conditions.written(query.conditions) == "tag is x"


# --- finding --------------------------------------------------------------------------------------------------------


def test_words_of_subject_message_customer_and_number_are_found(found, ticket, parcel):
    assert found("order") == [ticket.number]
    assert found("cafe TABLE") == [parcel.number]
    assert found("novak") == [parcel.number]
    assert found("emil@other.example") == [parcel.number]
    assert found("AB-1234") == [parcel.number] and found("1234") == [parcel.number]
    assert found("dam") == [parcel.number], "a word that is begun"
    assert found("dam ") == [], "and one that is written out"
    assert found(f"#{ticket.number}")[:1] == [ticket.number]


def test_phrases_alternatives_and_exclusions(found, ticket, parcel):
    assert found('"my order"') == [ticket.number] and found('"order my"') == []
    assert sorted(found("order or parcel")) == sorted([ticket.number, parcel.number])
    assert found("-order parcel") == [parcel.number]
    assert found('subject:"damaged parcel"') == [parcel.number]
    assert found('subject:"broken"') == []


def test_qualifiers_narrow_what_words_find(found, ticket, parcel, ana):
    sorting.tag(parcel, name="damage", actor=ana)
    assignment.assign(parcel, agent=ana, team=None, actor=ana)
    status.resolve(ticket, actor=ana)
    assert found("tag:damage") == [parcel.number] and found("tag:damage order") == []
    assert found("is:mine") == [parcel.number]
    assert found("is:resolved") == [ticket.number]
    assert found("from:novák is:open parcel") == [parcel.number]
    assert found("to:support from:dora") == [ticket.number]
    assert found("to:nobody") == []


def test_unread_is_what_i_have_not_read(found, ticket, ana):
    assert found("is:unread") == [ticket.number]
    searching.reading.mark_read(ticket, ana, upto=ticket.last_message_id)
    assert found("is:unread") == [] and found("-is:unread") == [ticket.number]


def test_notes_names_of_files_and_organisations_are_found(found, ticket, ana):
    ticket.customer.organisation = Organisation.objects.create(name="Larkwheel")
    ticket.customer.save()
    replying.add_note(
        ticket, text="Ask accounting", actor=ana, files=[replying.Upload("proof.pdf", "text/plain", b"Hello")]
    )
    assert found("accounting") == found("proof") == found("larkwheel") == [ticket.number]


def test_what_was_thrown_away_is_found_when_asked_for(found, ticket, ana):
    removing.trash(ticket, actor=ana)
    assert found("order") == []
    assert found("order in:trash") == found("order in:anywhere") == found("is:trash") == [ticket.number]


def test_others_tickets_are_not_found_nor_are_their_customers(found, ticket, ben, ana, settle):
    settle()
    assert found("order", agent=ben) == found("is:open", agent=ben) == found(f"#{ticket.number}", agent=ben) == []
    seen = searching.search("dora", ben)
    assert not seen.customers and not seen.number
    assert [one.pk for one in searching.search("dora", ana).customers] == [ticket.customer_id]


def test_a_moved_ticket_is_not_found_by_who_may_not_see_it_any_more(found, ticket, ana, billing):
    assert found("order") == [ticket.number]
    Ticket.objects.filter(pk=ticket.pk).update(inbox=billing)  # the document does not know yet
    assert found("order") == []


def test_a_mistyped_word_is_taken_for_the_one_that_was_meant(found, parcel, ana, settle):
    settle()
    seen = searching.search("pracel", ana)
    assert [one.number for one in seen.tickets] == [parcel.number] and seen.instead == {"pracel": "parcel"}
    assert not searching.search("pracel", ana, exact=True).tickets
    assert searching.search("xylophone", ana).instead == {}


def test_nobody_learns_a_word_from_tickets_they_may_not_see(parcel, ben, settle):
    settle()
    assert searching.search("pracel", ben).instead == {}


def test_what_says_it_in_the_subject_comes_first(found, send_mail_in, ticket):
    one = send_mail_in(mail(subject="A question", text="About my invoice", Message_ID="<1@x.example>")).said.ticket_id
    two = send_mail_in(mail(subject="Invoice", text="See above", Message_ID="<2@x.example>")).said.ticket_id
    three = send_mail_in(mail(subject="Question", text="About an invoice", Message_ID="<3@x.example>")).said.ticket_id
    assert found("invoice")[0] == two and set(found("invoice")) == {one, two, three}


def test_of_common_words_the_newest_are_ranked_and_it_is_said(ticket, parcel, ana, settle, monkeypatch):
    settle()
    monkeypatch.setattr(searching, "FEW", 0)
    monkeypatch.setattr(searching, "ENOUGH", 1)
    seen = searching.search("order or parcel", ana)
    assert seen.newest == 2 and seen.is_about


def test_words_that_go_together_more_often_than_by_chance_are_many_too(ticket, parcel, ana, settle, monkeypatch):
    settle()
    monkeypatch.setattr(searching, "MOST_FETCHED", 0)
    monkeypatch.setattr(searching, "ENOUGH", 1)
    assert searching.search("damaged parcel", ana).is_about
    monkeypatch.setattr(searching, "ENOUGH", 100)
    assert not searching.search("damaged parcel", ana).is_about, "not enough of the newest have both"


def test_pages_follow_each_other(found, ticket, parcel, monkeypatch):
    monkeypatch.setattr(searching, "PAGE", 1)
    first, second = found("order or parcel"), found("order or parcel", page=2)
    assert len(first) == len(second) == 1 and first != second
    assert found("order or parcel", page=10**6) == []


def test_permission_and_words_are_one_statement_whatever_there_is(
    ticket, parcel, ana, settle, django_assert_max_num_queries
):
    settle()
    with django_assert_max_num_queries(20):
        searching.search("order parcel", ana)


# --- whatever is typed ----------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["is:", "open", "-", '"', "or", "OR", ":", "#", "1", "from:", "field.x:", "created:>", "..", "2026-03-01", " ", " ",
     "'", "\\", "&", "|", "!", "<->", ":*", "(", ")", "%", "ß", "日本", "\x00", "é", "subject:", "to:", "in:", "🦊"]
)  # fmt: skip
TYPED = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TYPED)
def test_any_text_is_understood_and_none_fails(ticket, ana, text):
    seen = searching.search(text, ana)
    assert len(seen.tickets) <= searching.PAGE
    for one in search_suggestions.suggest(text, ana):
        assert one.text


@given(text=st.text(max_size=200), words=st.lists(st.tuples(st.text(max_size=8), st.booleans()), max_size=4))
def test_marking_changes_no_letter_and_lets_no_markup_in(text, words):
    shown = str(Marker(words).marked(text))
    from django.utils.html import escape

    assert shown.replace("<mark>", "").replace("</mark>", "") == str(escape(text))


def test_marks_stand_where_the_words_are():
    marker = Marker([("cafe", False), ("tab", True)])
    assert marker.marked("The Café <table>, cafes") == "The <mark>Café</mark> &lt;<mark>table</mark>&gt;, cafes"
    assert marker.excerpt("nothing of it") is None
    assert "… " in str(marker.excerpt("word " * 40 + "café" + " word" * 60))


# --- the pages ------------------------------------------------------------------------------------------------------


def test_the_page_finds_without_scripts(as_agent, ana, ticket, parcel, settle):
    settle()
    page = as_agent(ana).get("/search/", {"q": "pracel is:open"}).content.decode()
    assert "<mark>parcel</mark>" in page and "Showing results for" in page and "Status is Open" in page
    assert "Damaged" in page and "My order" not in page
    assert "What can be asked for" in as_agent(ana).get("/search/").content.decode()


def test_a_number_and_enter_lead_to_the_ticket(as_agent, ana, ben, ticket):
    asked = {"q": f"#{ticket.number}", "go": "1"}
    assert as_agent(ana).get("/search/", asked)["Location"] == f"/tickets/{ticket.number}/"
    assert as_agent(ben).get("/search/", asked).status_code == 200


def test_htmx_gets_the_results_alone(as_agent, ana, ticket, settle):
    settle()
    part = as_agent(ana).get("/search/", {"q": "order"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="results"' in part and "<html" not in part


def test_a_search_is_saved_as_a_view(as_agent, ana, ticket):
    page = as_agent(ana).get("/search/", {"q": "is:open tag:refund"}).content.decode()
    assert "/views/new?where=status+is+open%3B+tag+is+refund" in page
    assert "/views/new" not in as_agent(ana).get("/search/", {"q": "refund"}).content.decode()


def test_suggestions_go_on_from_what_is_typed(ana, ticket):
    def texts(typed):
        return [one.text for one in search_suggestions.suggest(typed, ana)]

    assert "refund is:open " in texts("refund is:o")
    assert texts("inb") == ["inbox:"]
    assert texts("inbox:sup") == ["inbox:Support "]
    assert texts("from:dor") == ['from:"Dora Diaz" ']
    assert texts("order ") == []


def test_the_palette_finds_tickets_customers_views_and_settings(as_agent, ana, ben, ticket, settle):
    settle()
    client = as_agent(ana)
    assert "My order" in client.get("/palette/", {"q": "order"}).content.decode()
    assert "Dora Diaz" in client.get("/palette/", {"q": "dora"}).content.decode()
    assert "Unassigned" in client.get("/palette/", {"q": "unas"}).content.decode()
    assert "/settings/you/keys/" in client.get("/palette/", {"q": "keys"}).content.decode()
    assert f"/tickets/{ticket.number}/" in client.get("/palette/", {"q": str(ticket.number)}).content.decode()
    assert "My order" not in as_agent(ben).get("/palette/", {"q": "order"}).content.decode()


def test_documents_go_with_their_ticket(ticket, settle):
    settle()
    assert SearchDocument.objects.filter(pk=ticket.pk).exists()
