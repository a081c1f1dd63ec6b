"""Complaints: received, acknowledged in time, decided, closed with consent or without."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from feedback.models import Complaint, ReasonCode, Remark
from feedback.operations import complaining
from helpdesk.models import ApiToken, Event
from tickets.models import TicketType
from tickets.operations import merging, opening, replying, sorting
from tickets.operations.status import NotPossible


@pytest.fixture
def complaint(ticket, ana, settle) -> Complaint:
    sorting.retype(ticket, to=TicketType.COMPLAINT, actor=ana)
    settle()
    return Complaint.objects.get(ticket=ticket)


def said(ticket) -> list[str]:
    found = Event.objects.filter(stream_id=ticket.pk, verb__startswith="complaint.").order_by("id")
    return [verb.removeprefix("complaint.") for verb in found.values_list("verb", flat=True)]


def test_the_type_makes_a_complaint_and_takes_it_back(complaint, ticket, ana, settle):
    assert complaint.received_at == ticket.messages.get().created_at
    assert Remark.objects.counting().get().text == "Where is my order?"
    complaining.follow(ticket)
    sorting.retype(ticket, to=TicketType.QUESTION, actor=ana)
    settle()
    assert said(ticket) == ["received", "withdrawn"]
    assert not Remark.objects.counting().exists()
    sorting.retype(ticket, to=TicketType.COMPLAINT, actor=ana)
    settle()
    assert Complaint.objects.standing().get() == complaint
    assert Remark.objects.count() == 1


def test_the_first_answer_of_a_person_acknowledges_it_and_one_taken_back_does_not(complaint, ticket, ana, settle):
    message = replying.reply(ticket, text="We are sorry.", actor=ana)
    settle()
    complaint.refresh_from_db()
    assert complaint.acknowledged_at == message.created_at and complaint.is_late is False
    message.withdrawn_at = message.created_at
    message.save()
    complaining.hear_answers(ticket)
    complaint.refresh_from_db()
    assert complaint.acknowledged_at is None
    assert said(ticket) == ["received", "acknowledged", "unacknowledged"]


def test_working_days_are_those_of_the_inbox(inbox, billing):
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    # five working days after a Friday is the next Friday; its last moment is the midnight after
    assert complaining.acknowledge_by(inbox, friday).isoformat() == "2026-03-14T00:00:00+01:00"
    assert complaining.acknowledge_by(billing, friday).isoformat() == "2026-03-14T00:00:00+00:00"


def test_the_steps_go_in_order_and_each_can_be_taken_back(complaint, ticket, ana, lou):
    reason = ReasonCode.objects.create(name="Broken promise")
    with pytest.raises(NotPossible):
        complaining.close(complaint, is_agreed=True, actor=ana)
    with pytest.raises(NotPossible):
        complaining.acknowledge(complaint, actor=lou)
    complaining.acknowledge(complaint, actor=ana)
    complaining.unacknowledge(complaint, actor=ana)
    complaining.decide(complaint, finding="upheld", outcome="A refund", reason=reason, actor=ana)
    complaining.close(complaint, is_agreed=None, actor=ana)
    with pytest.raises(NotPossible):
        complaining.undecide(complaint, actor=ana)
    complaining.reopen(complaint, actor=ana)
    complaining.undecide(complaint, actor=ana)
    assert said(ticket) == [
        "received", "acknowledged", "unacknowledged", "decided", "closed", "reopened", "undecided",
    ]  # fmt: skip
    complaint.refresh_from_db()
    assert (complaint.finding, complaint.closed_at, complaint.is_acknowledged_by_hand) == ("", None, True)


def test_the_panel_and_the_list_show_how_far_it_is(complaint, ticket, ana, ben, as_agent):
    client = as_agent(ana)
    assert "The customer knows that it came" in client.get(f"/tickets/{ticket.pk}/").content.decode()
    client.post(f"/tickets/{ticket.pk}/complaint/", {"do": "decide", "finding": "partly"})
    page = client.get("/feedback/complaints/").content.decode()
    assert "partly upheld" in page and f"#{ticket.pk}" in page
    client.post(f"/tickets/{ticket.pk}/complaint/", {"do": "close", "agreed": "yes"})
    assert f"#{ticket.pk}" not in client.get("/feedback/complaints/").content.decode()
    assert "with consent" in client.get("/feedback/complaints/?show=closed").content.decode()
    assert f"#{ticket.pk}" not in as_agent(ben).get("/feedback/complaints/?show=all").content.decode()


def test_nobody_answered_in_time(complaint, ticket, ana, as_agent):
    Complaint.objects.update(acknowledge_by=complaint.received_at)
    page = as_agent(ana).get("/feedback/complaints/?show=overdue").content.decode()
    assert f"#{ticket.pk}" in page and "overdue" in page


def other_ticket(ticket, ana, subject="Again"):
    return opening.open_ticket(
        inbox=ticket.inbox, address="dora@customer.example", subject=subject, text="!", actor=ana, once=subject
    )


def test_of_two_complaints_that_become_one_the_first_keeps_its_clock_and_nothing_open_ends(
    complaint, ticket, ana, settle
):
    target = other_ticket(ticket, ana)
    sorting.retype(target, to=TicketType.COMPLAINT, actor=ana)
    settle()
    there = Complaint.objects.get(ticket=target)
    complaining.decide(there, finding="upheld", actor=ana)
    complaining.close(there, is_agreed=True, actor=ana)
    own = there.received_at
    merge = merging.merge(ticket, into=target, actor=ana)
    settle()
    joined = Complaint.objects.open().get()
    assert joined == there and joined.received_at == complaint.received_at < own
    assert joined.acknowledge_by == complaint.acknowledge_by
    assert said(ticket) == ["received", "withdrawn"] and said(target)[-1] == "joined"
    merging.unmerge(merge, actor=ana)
    settle()
    there.refresh_from_db()
    complaint.refresh_from_db()
    assert there.received_at == own and complaint.withdrawn_at is None
    assert said(ticket)[-1] == "received" and said(target)[-1] == "parted"


def test_a_complaint_goes_with_its_ticket_also_where_there_was_one_once_and_comes_back(complaint, ticket, ana, settle):
    target = other_ticket(ticket, ana)
    sorting.retype(target, to=TicketType.COMPLAINT, actor=ana)
    settle()
    sorting.retype(target, to=TicketType.QUESTION, actor=ana)
    settle()
    merge = merging.merge(ticket, into=target, actor=ana)
    settle()
    assert Complaint.objects.standing().get().ticket == target, "it is not lost"
    merging.unmerge(merge, actor=ana)
    settle()
    assert Complaint.objects.standing().get() == complaint
    plain = other_ticket(ticket, ana, "And again")
    merge = merging.merge(ticket, into=plain, actor=ana)
    settle()
    assert Complaint.objects.standing().get().ticket == plain
    merging.unmerge(merge, actor=ana)
    settle()
    complaint.refresh_from_db()
    assert complaint.ticket == ticket and complaint.withdrawn_at is None


def test_a_program_takes_it_from_receipt_to_closure_and_back(complaint, ticket, ana, ben):
    def ask(agent, method, step, body=None):
        headers = {"authorization": f"Bearer {ApiToken.objects.issue(agent, 'Program')[1]}"}
        address = f"/api/v1/complaints/{ticket.pk}/{step}"
        return Client().generic(method, address, json.dumps(body or {}), "application/json", headers=headers)

    assert ask(ben, "GET", "").status_code == 404
    assert ask(ana, "GET", "").json()["acknowledged_at"] is None
    assert ask(ana, "PUT", "closing/", {"is_agreed": True}).status_code == 409  # nothing was decided
    assert ask(ana, "PUT", "acknowledgement/").json()["acknowledged_at"]
    assert ask(ana, "DELETE", "acknowledgement/").json()["acknowledged_at"] is None
    assert ask(ana, "PUT", "decision/", {"finding": "perhaps"}).status_code == 400
    said = ask(ana, "PUT", "decision/", {"finding": "partly", "outcome": "Half is refunded"}).json()
    assert said["finding"] == "partly" and said["acknowledged_at"] == said["decided_at"]
    assert ask(ana, "PUT", "closing/", {"is_agreed": None}).json()["closed_at"]
    assert ask(ana, "PUT", "decision/", {"finding": "upheld"}).status_code == 409  # it is closed
    assert ask(ana, "DELETE", "closing/").json()["closed_at"] is None
    assert ask(ana, "DELETE", "decision/").json()["finding"] == ""
    sorting.retype(ticket, to="", actor=ana)
    complaining.follow(ticket)
    assert ask(ana, "GET", "").status_code == 404
