"""The edges of acts: they answer, they refuse, and two at once are told of each other."""

import json

import pytest

from helpdesk.models import Event
from tests.conftest import mail
from tickets.models import CustomField, Follower, Ticket
from tickets.operations import acting, assignment, collisions, removing, sorting, status

HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def plan(db):
    return CustomField.objects.create(key="plan", name="Plan", kind="choice", choices=["Gold", "Free"])


@pytest.fixture
def wanted(db):
    return CustomField.objects.create(key="cause", name="Cause", is_required_to_resolve=True)


def toast(answer):
    return json.loads(answer["HX-Trigger"])["toast"]


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ({"do": "priority", "to": "high"}, "priority", "high"),
        ({"do": "type", "to": "question"}, "type", "question"),
        ({"do": "status", "to": "pending"}, "status", "pending"),
        ({"do": "spam"}, "status", "spam"),
        ({"do": "trash"}, "status", "trash"),
    ],
)
def test_an_act_is_a_form(form, field, value, ticket, ana, as_agent):
    answer = as_agent(ana).post(f"/tickets/{ticket.pk}/acts", form, **HTMX)
    ticket.refresh_from_db()
    assert answer.status_code == 200 and getattr(ticket, field) == value
    assert toast(answer)["undo_url"]


def test_snoozing_in_words_without_scripts(ticket, ana, as_agent):
    answer = as_agent(ana).post(f"/tickets/{ticket.pk}/acts", {"do": "snooze", "words": "in 3 working days"})
    ticket.refresh_from_db()
    assert answer.status_code == 302 and ticket.is_snoozed


def test_what_words_mean_is_said_at_once(ticket, ana, as_agent):
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/moment", {"words": "24 December 2030 14:00"}).content.decode()
    assert "Tuesday 24 December 2030, 14:00" in page
    assert "Not a time yet" in as_agent(ana).get(f"/tickets/{ticket.pk}/moment", {"words": "soon"}).content.decode()


def test_nonsense_is_refused_and_changes_nothing(ticket, ana, as_agent):
    before = Ticket.objects.values().get()
    for form in ({}, {"do": "explode"}, {"do": "snooze", "words": "soon"}, {"do": "priority", "to": "x"}):
        assert as_agent(ana).post(f"/tickets/{ticket.pk}/acts", form, **HTMX).status_code == 409
    assert Ticket.objects.values().get() == before


def test_following_is_open_to_who_only_reads(ticket, lou, as_agent):
    assert as_agent(lou).post(f"/tickets/{ticket.pk}/acts", {"do": "follow"}, **HTMX).status_code == 200
    assert Follower.objects.get().agent == lou
    assert as_agent(lou).post(f"/tickets/{ticket.pk}/acts", {"do": "spam"}, **HTMX).status_code == 409


def test_spam_that_blocks_its_sender_is_one_act_and_one_undo(ticket, ana, as_agent):
    browser = as_agent(ana)
    answer = browser.post(f"/tickets/{ticket.pk}/acts", {"do": "spam block"}, **HTMX)
    ticket.refresh_from_db()
    assert ticket.status == "spam" and ticket.customer.is_blocked
    browser.post(toast(answer)["undo_url"], **HTMX)
    ticket = Ticket.objects.get()
    assert ticket.status == "open" and not ticket.customer.is_blocked


def test_giving_with_a_note_is_one_box(ticket, ana, chloe, as_agent):
    form = {"agent": chloe.pk, "note": "You know her."}
    answer = as_agent(ana).post(f"/tickets/{ticket.pk}/assignment", form, **HTMX)
    ticket.refresh_from_db()
    assert ticket.assignee == chloe and ticket.messages.get(kind="note").text == "You know her."
    assert "/undo/" in toast(answer)["undo_url"]


# --- undo from anywhere


def test_the_last_act_is_undone_from_another_page(ticket, ana, as_agent):
    browser = as_agent(ana)
    browser.post(f"/tickets/{ticket.pk}/acts", {"do": "priority", "to": "high"}, **HTMX)
    answer = browser.post("/undo", {"current": ""}, **HTMX)
    ticket.refresh_from_db()
    assert ticket.priority == "normal"
    assert toast(answer)["message"] == f"Undone on #{ticket.pk}: {ana.name} set the priority to high"
    assert answer["HX-Reswap"] == "none"
    assert "nothing" in toast(browser.post("/undo", **HTMX))["message"], "what was undone is not done again"


def test_nobody_undoes_a_colleagues_act(ticket, ana, chloe, as_agent):
    acting.perform(ticket, {"do": "priority", "to": "high"}, actor=ana)
    as_agent(chloe).post("/undo", **HTMX)
    ticket.refresh_from_db()
    assert ticket.priority == "high"


# --- collisions


@pytest.mark.parametrize(
    ("theirs", "mine", "words"),
    [
        ({"do": "take"}, ("assignment", {"agent": "me"}), "Chloe Martin took it"),
        ({"do": "status", "to": "pending"}, ("resolution", {}), "Chloe Martin is waiting for the customer"),
        ({"do": "priority", "to": "high"}, ("acts", {"do": "priority", "to": "low"}), "set the priority to high"),
        ({"do": "type", "to": "task"}, ("acts", {"do": "type", "to": "problem"}), "set the type to task"),
        ({"do": "field", "key": "plan", "value": "Gold"}, ("acts", {"do": "field", "key": "plan", "value": "Free"}),
         "answered Plan"),
    ],
)  # fmt: skip
def test_who_was_faster_is_said_first_and_one_may_nevertheless(theirs, mine, words, ticket, ana, chloe, plan, as_agent):  # type: ignore[no-untyped-def]
    seen = collisions.last_event(ticket)
    acting.perform(ticket, theirs, actor=chloe)
    before = Ticket.objects.values().get()
    where, form = mine
    browser = as_agent(ana)
    answer = browser.post(f"/tickets/{ticket.pk}/{where}", {**form, "seen": seen}, **HTMX)
    assert answer.status_code == 409 and words in toast(answer)["message"]
    assert Ticket.objects.values().get() == before
    page = browser.post(f"/tickets/{ticket.pk}/{where}", {**form, "seen": seen})
    assert page.status_code == 409 and "Do it nevertheless" in page.content.decode()
    again = toast(answer)["again"]
    assert browser.post(again["url"], again["values"], **HTMX).status_code == 200
    assert Ticket.objects.values().get() != before


def test_changing_something_else_is_no_collision(ticket, ana, chloe, as_agent):
    seen = collisions.last_event(ticket)
    sorting.tag(ticket, name="vip", actor=chloe)
    assignment.take(ticket, actor=chloe)
    form = {"do": "priority", "to": "low", "seen": seen}
    assert as_agent(ana).post(f"/tickets/{ticket.pk}/acts", form, **HTMX).status_code == 200


def test_ones_own_change_and_the_clocks_are_no_collision(ticket, ana, as_agent):
    seen = collisions.last_event(ticket)
    status.pend(ticket, actor=ana)
    status.reopen(ticket, actor=None)
    assert as_agent(ana).post(f"/tickets/{ticket.pk}/resolution", {"seen": seen}, **HTMX).status_code == 200


# --- fields


def test_resolving_asks_first_for_what_is_wanted(ticket, ana, wanted, as_agent):
    browser = as_agent(ana)
    asked = browser.post(f"/tickets/{ticket.pk}/resolution", **HTMX)
    assert asked.status_code == 422 and json.loads(asked["HX-Trigger"])["fields"] == {"then": "resolve"}
    assert asked["HX-Reswap"] == "none", "the conversation stays"
    plain = browser.post(f"/tickets/{ticket.pk}/resolution")
    assert plain.status_code == 422 and "Cause" in plain.content.decode()
    assert "fields-dialog" in browser.get(f"/tickets/{ticket.pk}/fields?then=resolve", **HTMX).content.decode()
    empty = browser.post(f"/tickets/{ticket.pk}/fields", {"then": "resolve", "field_cause": ""})
    assert empty.status_code == 422
    browser.post(f"/tickets/{ticket.pk}/fields", {"then": "resolve", "field_cause": "A bug"}, **HTMX)
    ticket.refresh_from_db()
    assert ticket.status == "resolved" and ticket.fields == {"cause": "A bug"}


def test_answering_and_resolving_asks_before_anything_is_sent(ticket, ana, wanted, as_agent):
    form = {"text": "It ships today.", "then": "resolve", "kind": "reply"}
    asked = as_agent(ana).post(f"/tickets/{ticket.pk}/reply", form, **HTMX)
    assert asked.status_code == 422 and json.loads(asked["HX-Trigger"])["fields"] == {"then": "reply"}
    plain = as_agent(ana).post(f"/tickets/{ticket.pk}/reply", form)
    assert plain.status_code == 422 and "It ships today." in plain.content.decode()
    assert not ticket.messages.filter(kind="reply").exists()


def test_an_answer_is_taken_back_and_is_not_in_the_ledger(ticket, ana, plan, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        acting.perform(ticket, {"do": "field", "key": "plan", "value": "gold"}, actor=ana)
    ticket.refresh_from_db()
    assert ticket.fields == {"plan": "Gold"}
    event = Event.objects.get(verb="ticket.answered")
    assert "Gold" not in json.dumps(event.facts)
    from tickets.operations import undo

    undo.undo(ticket, event, actor=ana)
    ticket.refresh_from_db()
    assert ticket.fields == {}


def test_the_clock_resolves_whatever_is_empty(ticket, wanted):
    assert status.resolve(ticket, actor=None).is_resolved


def test_a_page_of_spam_offers_the_way_back_and_no_answer(ticket, ana, as_agent):
    removing.spam(ticket, actor=ana)
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "No spam" in page and 'data-act="reply"' not in page


def test_a_change_of_many_tickets_is_undone_as_one(ticket, ana, as_agent, send_mail_in):
    from tests.conftest import mail
    from tickets.operations import bulk

    other = send_mail_in(mail(Message_ID="<second@customer.example>")).said.ticket
    act = {"do": "priority", "to": "high"}
    bulk.run(bulk.ask(actor=ana, act=act, tickets=[ticket.pk, other.pk], once="1").pk)
    answer = as_agent(ana).post("/undo", **HTMX)
    assert answer.status_code == 200
    assert set(Ticket.objects.values_list("priority", flat=True)) == {"normal"}


def test_a_merged_ticket_leads_where_it_went_and_can_be_taken_out(ticket, ana, as_agent, send_mail_in):
    from tests.conftest import mail
    from tickets.models import Merge

    other = send_mail_in(mail(Message_ID="<second@customer.example>")).said.ticket
    browser = as_agent(ana)
    assert f'value="{ticket.pk}"' in browser.get(f"/tickets/{other.pk}/merge", **HTMX).content.decode()
    browser.post(f"/tickets/{other.pk}/merge", {"into": f"#{ticket.pk}"})
    page = browser.get(f"/tickets/{other.pk}/", follow=True)
    assert page.redirect_chain[-1][0] == f"/tickets/{ticket.pk}/"
    assert f"#{other.pk} was merged into this ticket." in page.content.decode() and "Take out" in page.content.decode()
    browser.post(f"/tickets/{ticket.pk}/merge/{Merge.objects.get().pk}/undo")
    assert browser.get(f"/tickets/{other.pk}/").status_code == 200


def test_a_link_is_put_on_and_taken_off(ticket, ana, as_agent, send_mail_in):
    from tests.conftest import mail

    other = send_mail_in(mail(Message_ID="<second@customer.example>")).said.ticket
    browser = as_agent(ana)
    page = browser.post(f"/tickets/{ticket.pk}/links", {"ticket": other.pk, "kind": "duplicate"}, **HTMX)
    assert "Duplicate of" in page.content.decode()
    page = browser.post(f"/tickets/{ticket.pk}/links", {"ticket": other.pk, "_method": "delete"}, **HTMX)
    assert "Duplicate of" not in page.content.decode()
    assert browser.post(f"/tickets/{ticket.pk}/links", {"ticket": "999999"}, **HTMX).status_code == 409


@pytest.mark.parametrize(("after_act", "leads"), [("next", True), ("stay", False)])
def test_resolving_leads_on_as_the_agent_likes_it(after_act, leads, ticket, ana, as_agent, send_mail_in):
    send_mail_in(mail("eli@x.example", "Another matter", "Hello", Message_ID="<other@x.example>"))
    other = Ticket.objects.exclude(pk=ticket.pk).get()
    ana.after_act = after_act
    ana.save()
    answer = as_agent(ana).post(f"/tickets/{ticket.pk}/resolution", **HTMX)
    onward = json.loads(answer["HX-Trigger"]).get("onward")
    assert (onward == {"ticket": ticket.pk, "url": f"/tickets/{other.pk}/", "to": "next"}) if leads else onward is None
    reopened = as_agent(ana).delete(f"/tickets/{ticket.pk}/resolution", **HTMX)
    assert "onward" not in json.loads(reopened["HX-Trigger"])


def test_a_key_on_a_button_is_the_agents_own(ticket, ana, as_agent):
    ana.keys = {"reply": "9", "next": "7"}
    ana.save()
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert 'title="Reply (9)"' in page and 'title="Next in the list (7)"' in page
