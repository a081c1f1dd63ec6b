"""Who is asked after a resolution, and who is left alone, and why."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from feedback.models import Invitation, InvitationState, OptOut, Reason, Survey
from feedback.operations import inviting, mailing
from helpdesk.events import record
from helpdesk.models import Agent, Event
from tests.conftest import mail
from tickets.models import ContactPoint, Customer, Inbox, MessageKind, OutgoingMail, RawMessage, Ticket
from tickets.operations import replying, status


def occasion(ticket: Ticket, **facts: object) -> Event:
    """A resolution, as the ledger has it."""
    from django.db import transaction

    with transaction.atomic():
        return record("ticket.resolved", ticket, actor=None, was="open", to="resolved", **facts)


def test_resolving_a_ticket_asks_its_customer(resolved: Ticket, verbs, survey: Survey) -> None:  # type: ignore[no-untyped-def]
    invitation = Invitation.objects.get()
    assert (invitation.state, invitation.recipient) == (InvitationState.WAITING, "dora@customer.example")
    assert verbs(resolved)[-1] == "survey.invited"
    facts = Event.objects.get(verb="survey.invited").facts
    assert facts == {"invitation": invitation.pk, "survey": survey.pk, "kind": "csat", "language": "en"}


def test_hearing_of_one_resolution_twice_asks_once(resolved: Ticket) -> None:
    event = Event.objects.get(verb="ticket.resolved")
    assert inviting.invite(event) == inviting.invite(event) == Invitation.objects.get()
    assert Event.objects.filter(verb="survey.invited").count() == 1


def test_tokens_have_128_random_bits(invitation: Invitation) -> None:
    assert len(invitation.token) == 22


def test_without_a_survey_nobody_is_asked_and_nothing_is_recorded(ticket: Ticket, ana: Agent, settle, verbs) -> None:  # type: ignore[no-untyped-def]
    status.resolve(ticket, actor=ana)
    settle()
    assert not Invitation.objects.exists()
    assert not [verb for verb in verbs(ticket) if verb.startswith("survey.")]


def test_a_survey_that_names_an_inbox_goes_before_the_one_that_names_none(
    survey: Survey, inbox: Inbox, billing: Inbox
) -> None:
    own = Survey.objects.create(name="Of billing")
    own.inboxes.add(billing)
    assert Survey.objects.asking_after(billing.pk) == own
    assert Survey.objects.asking_after(inbox.pk) == survey
    own.is_active = False
    own.save()
    assert Survey.objects.asking_after(billing.pk) == survey


def test_the_survey_waits_as_long_as_it_says_or_as_the_setting_says(ticket: Ticket, survey: Survey, settings) -> None:  # type: ignore[no-untyped-def]
    settings.SURVEY_DELAY_MINUTES = 90
    survey.delay_minutes = None
    survey.save()
    invitation = inviting.invite(occasion(ticket))
    assert invitation and invitation.due_at - invitation.occasion_at == timedelta(minutes=90)
    assert mailing.send_due() == 0


def test_bulk_resolutions_are_not_asked_about(ticket: Ticket, survey: Survey) -> None:
    invitation = inviting.invite(occasion(ticket, bulk=True))
    assert invitation and (invitation.state, invitation.reason) == (InvitationState.SUPPRESSED, Reason.BULK)
    event = Event.objects.get(verb="survey.suppressed")
    assert event.facts["reason"] == "bulk" and event.stream_id == ticket.number


@pytest.mark.parametrize(
    ("verb", "reason"),
    [("ticket.spammed", Reason.SPAM), ("ticket.deleted", Reason.DELETED), ("ticket.merged", Reason.MERGED)],
)
def test_what_is_out_of_sight_is_not_asked_about(ticket: Ticket, survey: Survey, verb: str, reason: Reason) -> None:
    record(verb, ticket, actor=None)
    invitation = inviting.invite(occasion(ticket))
    assert invitation and invitation.reason == reason


def test_what_came_back_from_spam_is_asked_about(ticket: Ticket, survey: Survey) -> None:
    record("ticket.spammed", ticket, actor=None)
    record("ticket.unspammed", ticket, actor=None)
    invitation = inviting.invite(occasion(ticket))
    assert invitation and invitation.state == InvitationState.WAITING


def test_imported_tickets_are_not_asked_about(inbox: Inbox, dora: Customer, survey: Survey) -> None:
    old = Ticket.objects.create(inbox=inbox, customer=dora, subject="Long ago")
    record("ticket.created", old, actor=None, imported=True)
    invitation = inviting.invite(occasion(old))
    assert invitation and invitation.reason == Reason.IMPORTED


def test_tickets_of_ours_are_asked_about_only_once_the_customer_wrote(
    inbox: Inbox, dora: Customer, survey: Survey
) -> None:
    ours = Ticket.objects.create(inbox=inbox, customer=dora, subject="Your parcel", initiated_by="agent")
    first = inviting.invite(occasion(ours))
    assert first and first.reason == Reason.NEVER_WROTE
    ours.messages.create(kind=MessageKind.INCOMING, text="Out of office", is_automated=True)
    second = inviting.invite(occasion(ours))
    assert second and second.reason == Reason.NEVER_WROTE
    ours.messages.create(kind=MessageKind.INCOMING, text="Thank you!")
    third = inviting.invite(occasion(ours))
    assert third and third.state == InvitationState.WAITING


def test_without_an_address_nobody_can_be_asked(ticket: Ticket, dora: Customer, survey: Survey) -> None:
    dora.contact_points.all().delete()
    invitation = inviting.invite(occasion(ticket))
    assert invitation and (invitation.reason, invitation.recipient) == (Reason.NO_ADDRESS, "")


def test_bouncing_addresses_are_not_asked(ticket: Ticket, dora: Customer, survey: Survey) -> None:
    dora.contact_points.update(is_bouncing=True)
    invitation = inviting.invite(occasion(ticket))
    assert invitation and invitation.reason == Reason.BOUNCING


def test_colleagues_are_not_asked(send_mail_in: Callable[..., RawMessage], ana: Agent, survey: Survey) -> None:
    raw = send_mail_in(mail(sender=ana.email))
    assert raw.said
    invitation = inviting.invite(occasion(raw.said.ticket))
    assert invitation and invitation.reason == Reason.INTERNAL


def test_who_opted_out_is_not_asked(ticket: Ticket, dora: Customer, survey: Survey) -> None:
    OptOut.objects.create(customer=dora)
    invitation = inviting.invite(occasion(ticket))
    assert invitation and invitation.reason == Reason.OPTED_OUT


def test_a_person_is_left_alone_for_the_cool_down_whatever_asked_and_exactly_its_length_is_enough(
    ticket: Ticket, billing: Inbox, dora: Customer, survey: Survey
) -> None:
    elsewhere = Ticket.objects.create(inbox=billing, customer=dora)
    elsewhere.messages.create(kind=MessageKind.INCOMING, text="An invoice", sender=dora.contact_points.get())
    other = Survey.objects.create(name="Of billing")
    other.inboxes.add(billing)
    start = datetime(2026, 3, 1, 9, tzinfo=UTC)
    decisions = []
    for days, what in [(0, ticket), (7, elsewhere), (13.99999, ticket), (14, elsewhere), (27, ticket), (28, ticket)]:
        with time_machine.travel(start + timedelta(days=days), tick=False):
            invitation = inviting.invite(occasion(what))
            assert invitation
            decisions.append(invitation.reason or "send")
    assert decisions == ["send", "throttled_any", "throttled_any", "send", "throttled_any", "send"]


def test_a_survey_that_was_taken_back_or_bounced_does_not_keep_the_next_from_being_asked(
    invitation: Invitation, resolved: Ticket
) -> None:
    for state in (InvitationState.CANCELLED, InvitationState.FAILED):
        Invitation.objects.filter(pk=invitation.pk).update(state=state)
        again = inviting.invite(occasion(resolved))
        assert again and again.state == InvitationState.WAITING
        again.delete()


def test_reopening_before_it_is_sent_takes_it_back(resolved: Ticket, ana: Agent, settle, verbs) -> None:  # type: ignore[no-untyped-def]
    status.reopen(resolved, actor=ana)
    settle()
    invitation = Invitation.objects.get()
    assert (invitation.state, invitation.reason) == (InvitationState.CANCELLED, Reason.REOPENED)
    assert verbs(resolved)[-1] == "survey.cancelled"
    assert mailing.send_due() == 0
    status.resolve(resolved, actor=ana)
    settle()
    assert [i.state for i in Invitation.objects.order_by("pk")] == ["cancelled", "waiting"]


def test_a_ticket_reopened_in_the_last_moment_is_not_asked_about(resolved: Ticket, ana: Agent) -> None:
    status.reopen(resolved, actor=ana)  # nobody has heard of it yet
    assert mailing.send_due() == 0
    assert Invitation.objects.get().reason == Reason.REOPENED
    assert not OutgoingMail.objects.filter(purpose="survey").exists()


def test_who_opted_out_while_it_waited_is_not_asked(invitation: Invitation, dora: Customer) -> None:
    OptOut.objects.create(customer=dora)
    assert mailing.send_due() == 0
    invitation.refresh_from_db()
    assert (invitation.state, invitation.reason) == (InvitationState.CANCELLED, Reason.OPTED_OUT)


@pytest.mark.django_db(transaction=True)
def test_two_tickets_of_one_person_resolved_at_once_ask_once(
    ticket: Ticket, inbox: Inbox, dora: Customer, survey: Survey
) -> None:
    second = Ticket.objects.create(inbox=inbox, customer=dora)
    second.messages.create(kind=MessageKind.INCOMING, text="Also", sender=ContactPoint.objects.get(customer=dora))
    events = [occasion(ticket), occasion(second)]
    together = threading.Barrier(2)

    def work(event: Event) -> None:
        together.wait()
        try:
            inviting.invite(event)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[event]) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Invitation.objects.values_list("state", flat=True)) == ["suppressed", "waiting"]


def test_only_the_requester_is_asked_and_nobody_in_copy(
    ticket: Ticket,
    ana: Agent,
    survey: Survey,
    settle,
    survey_mail,  # type: ignore[no-untyped-def]
) -> None:
    for name in ("one", "two", "three"):
        ticket.participants.create(address=f"{name}@elsewhere.example", is_confirmed=True)
    replying.reply(ticket, text="Done.", actor=ana)
    status.resolve(ticket, actor=ana)
    settle()
    mailing.send_due()
    delivery = survey_mail(Invitation.objects.get())
    assert delivery.recipient == "dora@customer.example"
    assert delivery.mail.cc == [] and delivery.mail.to == ["dora@customer.example"]
