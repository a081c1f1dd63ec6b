"""Recoveries: opened by a low answer, taken up by the first word, explained, closed, and taken back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from feedback import nonces
from feedback.models import (
    Department,
    Invitation,
    Outcome,
    ReasonCode,
    Recovery,
    RecoverySource,
    RecoveryState,
    Response,
    Survey,
)
from feedback.operations import answering, mailing, opening_recoveries, recovering, watching_recoveries
from helpdesk import clock
from helpdesk.models import Agent, Event
from reports.models import SurveyFacts
from tests.conftest import make_agent
from tickets.models import Customer, Inbox, Notification, Ticket
from tickets.operations import merging, merging_customers, opening, removing, replying, status, withdrawing
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.status import NotPossible


@pytest.fixture
def shipping(lou: Agent) -> Department:
    """Lou's department; Lou is a light collaborator."""
    shipping = Department.objects.create(name="Shipping")
    shipping.members.add(lou)
    return shipping


@pytest.fixture
def late(shipping: Department) -> ReasonCode:
    return ReasonCode.objects.create(name="It came late", department=shipping, in_control=False)


@pytest.fixture
def watched(survey: Survey) -> Survey:
    """A survey whose low answers open recoveries."""
    survey.opens_recovery = True
    survey.save()
    return survey


@pytest.fixture
def answer(asked: Invitation, watched: Survey, settle):  # type: ignore[no-untyped-def]
    """Let Dora answer, and everybody hear it."""

    def give(score: int, comment: str = "") -> Recovery | None:
        answering.respond(asked, nonce=nonces.make(asked), score=score, comment=comment)
        settle()
        return Recovery.objects.filter(response__invitation=asked).first()

    return give


@pytest.fixture
def recovery(answer, chloe: Agent) -> Recovery:  # type: ignore[no-untyped-def]
    """Dora's, after a 1; it is Chloe's."""
    Survey.objects.update(recovery_owner=chloe)
    found = answer(1, "Late, and nobody told me.")
    assert found is not None
    return found


def facts_of(verb: str) -> dict[str, object]:
    return Event.objects.filter(verb=verb).latest("id").facts


def test_a_low_answer_opens_one_for_somebody_else_than_who_was_rated(answer, ana: Agent, shipping, settle) -> None:  # type: ignore[no-untyped-def]
    found = answer(2)
    assert (found.source, found.state, found.rated_agent, found.owner) == ("low_score", "open", ana, None)
    assert facts_of("recovery.opened")["score"] == 2 and facts_of("recovery.opened")["rated_agent"] == ana.pk
    event = Event.objects.get(verb="survey.answered")
    opening_recoveries.open_for_answer(found.response, at=event.at)
    assert Recovery.objects.count() == 1, "heard twice is opened once"


def test_only_a_low_answer_of_a_survey_that_wants_it_opens_one(answer, watched: Survey) -> None:  # type: ignore[no-untyped-def]
    assert answer(3) is None
    Survey.objects.update(opens_recovery=False)
    assert answer(1) is None


def test_thinking_better_of_it_before_anybody_began_takes_it_back_and_worse_again_opens_it(answer) -> None:  # type: ignore[no-untyped-def]
    assert answer(1).state == RecoveryState.OPEN
    better = answer(5)
    assert (better.state, better.outcome) == ("closed", "not_needed")
    worse = answer(2)
    assert (worse.state, worse.outcome, worse.closed_at) == ("open", "", None)


def test_thinking_better_of_it_once_it_is_worked_on_changes_nothing(answer, recovery: Recovery, chloe: Agent) -> None:  # type: ignore[no-untyped-def]
    recovering.take_up(recovery, actor=chloe)
    assert answer(5).state == RecoveryState.WORKED


def test_it_goes_to_who_has_least_to_do_in_the_department_of_the_reason(
    ticket: Ticket, late: ReasonCode, shipping: Department, lou: Agent, ana: Agent
) -> None:
    kai = make_agent("kai@demo.localhost", "Kai", "light")
    shipping.members.add(kai)
    first = opening_recoveries.open_by_hand(ticket, actor=ana, reason=late)
    assert (first.owner, first.department, first.in_control) == (lou, shipping, False)
    other = opening.open_ticket(
        inbox=ticket.inbox, address="emil@b.example", subject="Late", text="!", actor=ana, once="1"
    )
    assert opening_recoveries.open_by_hand(other, actor=ana, reason=late).owner == kai
    assert opening_recoveries.open_by_hand(ticket, actor=ana) == first, "one at a time about a ticket"


def test_it_is_due_in_the_opening_hours_of_the_inbox(ticket: Ticket) -> None:
    friday = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)  # four in the afternoon in Berlin
    inbox = Inbox.objects.get(pk=ticket.inbox_id)
    assert opening_recoveries.due(inbox, friday, 3) == datetime(2026, 3, 9, 10, 0, tzinfo=UTC)


def test_the_first_answer_takes_it_up_and_a_withdrawn_one_was_none(
    recovery: Recovery, resolved: Ticket, chloe: Agent, settle
) -> None:  # type: ignore[no-untyped-def]
    said = replying.reply(resolved, text="I am sorry.", actor=chloe, delay=timedelta(minutes=1))
    settle()
    recovery.refresh_from_db()
    assert (recovery.state, recovery.taken_up_at) == (RecoveryState.WORKED, said.created_at)
    withdrawing.withdraw(said, actor=chloe)
    settle()
    recovery.refresh_from_db()
    assert (recovery.state, recovery.taken_up_at) == (RecoveryState.OPEN, None)


def test_who_was_rated_never_gets_it_also_not_on_hand_over(recovery: Recovery, ana: Agent, chloe: Agent) -> None:
    with pytest.raises(NotPossible, match="somebody else"):
        recovering.assign(recovery, owner=ana, actor=chloe)
    recovering.assign(recovery, owner=None, actor=chloe)
    taken = recovering.take_up(recovery, actor=ana)
    assert taken.taken_up_at and taken.owner is None, "speaking with the customer does not make it theirs"


def test_only_who_may_see_it_can_be_given_it(recovery: Recovery, ben: Agent, chloe: Agent) -> None:
    with pytest.raises(NotPossible, match="neither"):
        recovering.assign(recovery, owner=ben, actor=chloe)


def test_the_reason_brings_its_department_and_explains_the_answer(
    recovery: Recovery, late: ReasonCode, shipping: Department, chloe: Agent
) -> None:
    found = recovering.explain(recovery, reason=late, actor=chloe)
    assert (found.department, found.in_control) == (shipping, False)
    assert Response.objects.get().reason == late
    said = facts_of("survey.explained")
    assert (said["reason"], said["department"], said["in_control"]) == (late.pk, shipping.pk, False)
    overridden = recovering.explain(found, reason=late, in_control=True, actor=chloe)
    assert overridden.in_control is True and facts_of("survey.explained")["in_control"] is True


def test_an_answer_without_a_recovery_is_explained_too(asked: Invitation, late: ReasonCode, ana: Agent, ben) -> None:  # type: ignore[no-untyped-def]
    response = Response.objects.create(invitation=asked, score=2)
    recovering.explain_answer(response, reason=late, actor=ana)
    assert Response.objects.get().reason == late and facts_of("survey.explained")["reason"] == late.pk
    assert not Recovery.objects.exists()


def test_it_is_closed_with_a_reason_what_was_done_and_what_it_cost(
    recovery: Recovery, late: ReasonCode, chloe: Agent
) -> None:
    with pytest.raises(NotPossible, match="why it happened"):
        recovering.close(recovery, outcome=Outcome.RECOVERED, actor=chloe)
    recovery.refresh_from_db()
    assert recovery.state == RecoveryState.OPEN
    recovering.explain(recovery, reason=late, actor=chloe)
    found = recovering.close(recovery, outcome=Outcome.RECOVERED, done="Refunded", cost=Decimal("12.50"), actor=chloe)
    assert (found.state, found.outcome, found.done, found.cost) == ("closed", "recovered", "Refunded", Decimal("12.50"))
    assert found.taken_up_at is not None, "who was recovered was spoken to"
    assert facts_of("recovery.closed") == {"recovery": found.pk, "outcome": "recovered", "cost": "12.50"}


def test_closing_and_giving_away_are_taken_back_by_who_did_it_alone(
    recovery: Recovery, ana: Agent, chloe: Agent
) -> None:
    recovering.assign(recovery, owner=None, actor=chloe)
    given = Event.objects.filter(verb="recovery.assigned").latest("id")
    with pytest.raises(NotPossible):
        recovering.undo(recovery, given, actor=ana)
    assert recovering.undo(recovery, given, actor=chloe).owner == chloe
    recovering.close(recovery, outcome=Outcome.NOT_NEEDED, actor=chloe)
    closed = Event.objects.filter(verb="recovery.closed").latest("id")
    assert recovering.undo(recovery, closed, actor=chloe).state == RecoveryState.OPEN
    with pytest.raises(NotPossible, match="moved on"):
        recovering.undo(recovery, closed, actor=chloe)


def test_what_a_colleague_has_changed_meanwhile_is_not_changed_blindly(
    recovery: Recovery, late: ReasonCode, chloe: Agent
) -> None:
    recovering.explain(recovery, reason=late, actor=chloe, version=recovery.version)
    with pytest.raises(ChangedMeanwhile):
        recovering.take_up(recovery, actor=chloe, version=recovery.version)


def test_one_about_a_ticket_goes_on_at_a_time(recovery: Recovery, resolved: Ticket, chloe: Agent) -> None:
    recovering.close(recovery, outcome=Outcome.NOT_NEEDED, actor=chloe)
    opening_recoveries.open_by_hand(resolved, actor=chloe, source=RecoverySource.COMPLAINT)
    with pytest.raises(NotPossible, match="goes on"):
        recovering.reopen(recovery, actor=chloe)


def test_agents_see_those_of_their_inboxes_and_light_collaborators_those_of_their_departments(
    recovery: Recovery, late: ReasonCode, ana: Agent, ben: Agent, lou: Agent, chloe: Agent, admin: Agent
) -> None:
    def seen(agent: Agent) -> bool:
        return Recovery.objects.visible_to(agent).exists()

    assert (seen(ana), seen(ben), seen(lou), seen(admin)) == (True, False, False, True)
    recovering.explain(recovery, reason=late, actor=chloe)
    assert (seen(ben), seen(lou)) == (False, True)
    recovering.note(recovery, text="The carrier lost it.", actor=lou)
    admin.limited_to = frozenset()
    assert not seen(admin), "a program that is limited to other inboxes"


def test_a_light_collaborator_works_what_is_their_departments_only(recovery: Recovery, lou: Agent) -> None:
    with pytest.raises(NotPossible):
        recovering.note(recovery, text="May I?", actor=lou)


def test_it_goes_where_its_ticket_goes(recovery: Recovery, resolved: Ticket, ana: Agent, settle) -> None:  # type: ignore[no-untyped-def]
    other = opening.open_ticket(
        inbox=resolved.inbox, address="dora@customer.example", subject="Again", text="!", actor=ana, once="1"
    )
    merging.merge(resolved, into=other, actor=ana)
    settle()
    recovery.refresh_from_db()
    assert recovery.ticket == other and facts_of("recovery.moved") == {"recovery": recovery.pk, "was": resolved.pk}
    removing.spam(other, actor=ana)
    settle()
    recovery.refresh_from_db()
    assert (recovery.state, recovery.outcome) == ("closed", "not_needed")


def test_it_is_said_once_that_one_is_nearly_due_and_once_that_it_is_overdue(
    recovery: Recovery, chloe: Agent, settle
) -> None:  # type: ignore[no-untyped-def]
    def told() -> list[str]:
        for _ in range(2):
            for one, job in list(watching_recoveries.to_say()):
                watching_recoveries.warn(one, job)
        settle()
        return list(Notification.objects.filter(agent=chloe).order_by("pk").values_list("kind", flat=True))

    assert told() == ["recovery"]
    Notification.objects.all().delete()
    Recovery.objects.update(due_at=clock.now() + timedelta(hours=1))
    assert told() == ["recovery_near"]
    Notification.objects.all().delete()
    Recovery.objects.update(due_at=clock.now() - timedelta(minutes=1))
    assert told() == ["recovery_overdue"]
    assert list(Recovery.objects.overdue(clock.now())) == [recovery]


def test_what_was_done_is_exported_and_erased_with_the_customer(
    recovery: Recovery, late: ReasonCode, dora: Customer, chloe: Agent, admin: Agent
) -> None:
    from feedback import personal_data
    from tickets.registry import Subject

    recovering.explain(recovery, reason=late, actor=chloe)
    recovering.note(recovery, text="Dora is at work until six.", actor=chloe)
    recovering.close(recovery, outcome=Outcome.RECOVERED, done="Sent Dora flowers", actor=chloe)
    subject = Subject((dora.pk,), (recovery.ticket_id or 0,), ())
    [told] = personal_data.export_recoveries(subject)
    assert told["done"] == "Sent Dora flowers" and told["notes"][0]["text"].startswith("Dora")
    personal_data.erase_recoveries(subject)
    recovery.refresh_from_db()
    assert (recovery.done, recovery.outcome, recovery.notes.count()) == ("", "recovered", 0)


def test_when_it_is_over_the_question_is_asked_once_more(
    recovery: Recovery, late: ReasonCode, chloe: Agent, settle
) -> None:  # type: ignore[no-untyped-def]
    Survey.objects.update(asks_again=True)
    recovering.explain(recovery, reason=late, actor=chloe)
    recovering.close(recovery, outcome=Outcome.RECOVERED, actor=chloe)
    settle()
    again = Invitation.objects.get(recovery=recovery)
    assert (again.state, again.survey) == ("waiting", recovery.response.invitation.survey)  # type: ignore[union-attr]
    recovering.reopen(recovery, actor=chloe)
    recovering.close(recovery, outcome=Outcome.NOT_RECOVERED, actor=chloe)
    settle()
    assert Invitation.objects.filter(recovery=recovery).count() == 1
    assert Recovery.objects.count() == 1, "an answer to it opens no other"


def test_what_was_reopened_is_not_asked_about_before_it_is_over_again(
    recovery: Recovery, late: ReasonCode, chloe: Agent, settle
) -> None:  # type: ignore[no-untyped-def]
    Survey.objects.update(asks_again=True, percent=10)
    recovering.explain(recovery, reason=late, actor=chloe)
    recovering.close(recovery, outcome=Outcome.RECOVERED, actor=chloe)
    settle()
    recovering.reopen(recovery, actor=chloe)
    settle()
    mailing.send_due()
    again = Invitation.objects.get(recovery=recovery)
    assert (again.state, again.reason, again.percent) == ("cancelled", "open_recovery", 100)
    recovering.close(recovery, outcome=Outcome.RECOVERED, actor=chloe)
    settle()
    again.refresh_from_db()
    assert (again.state, again.reason) == ("waiting", "")
    facts = SurveyFacts.objects.get(invitation=again.pk)
    assert (facts.state, facts.reason, facts.percent) == ("invited", None, 100), "no lot was drawn"


def test_it_goes_with_its_customer_and_back(
    recovery: Recovery, dora: Customer, inbox: Inbox, ana, admin, settle
) -> None:  # type: ignore[no-untyped-def]
    other = opening.open_ticket(inbox=inbox, address="d@elsewhere.example", subject="!", text="!", actor=ana, once="2")
    survey = Survey.objects.create(name="Loyalty", kind="nps", every_days=90, sends_from=inbox, opens_recovery=True)
    invited = Invitation.objects.create(
        survey=survey, customer=dora, occasion_id=7, occasion_at=clock.now(), due_at=clock.now(), state="answered"
    )
    low = Response.objects.create(invitation=invited, score=0)
    loose = opening_recoveries.open_for_answer(low)
    assert loose is not None and loose.ticket is None
    merge = merging_customers.merge(dora, other.customer, actor=admin)
    settle()
    assert set(Recovery.objects.values_list("customer", flat=True)) == {other.customer_id}
    assert facts_of("recovery.moved")["was_customer"] == dora.pk
    merging_customers.unmerge(merge, actor=admin)
    settle()
    assert set(Recovery.objects.values_list("customer", flat=True)) == {dora.pk}


def test_where_several_answered_none_of_them_gets_it(
    ticket: Ticket, ana: Agent, chloe: Agent, team, watched: Survey, settle
) -> None:  # type: ignore[no-untyped-def]
    gus = make_agent("gus@helpdesk.example", "Gus", "agent", team)
    replying.reply(ticket, text="I look into it.", actor=chloe)
    replying.reply(ticket, text="It left on Monday.", actor=ana)
    status.resolve(ticket, actor=ana)
    Survey.objects.update(recovery_owner=chloe)
    settle()
    invited = Invitation.objects.get(ticket=ticket)
    low = Response.objects.create(invitation=invited, score=1, agent=ana, is_shared=True)
    found = opening_recoveries.open_for_answer(low)
    assert found is not None and found.rated_agent == ana and found.owner is None
    with pytest.raises(NotPossible):
        recovering.assign(found, owner=chloe, actor=gus)
    assert recovering.take_up(found, actor=chloe).owner is None
    assert recovering.assign(found, owner=gus, actor=chloe).owner == gus


def test_a_score_stands_beside_what_became_of_a_later_asking(answer, asked: Invitation, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    answer(1)
    Invitation.objects.create(
        survey=asked.survey, ticket=asked.ticket, customer=asked.customer, occasion_id=9, occasion_at=clock.now(),
        due_at=clock.now(), state="suppressed", reason="open_recovery",
    )  # fmt: skip
    page = as_agent(ana).get(f"/tickets/{asked.ticket_id}/").content.decode()
    assert "1 of 5" in page and "After that, once more: The customer was not asked" in page


def test_the_owner_of_one_about_no_ticket_is_told_and_led_to_it(
    ticket: Ticket, dora: Customer, inbox: Inbox, chloe: Agent, as_agent, settle
) -> None:  # type: ignore[no-untyped-def]
    survey = Survey.objects.create(
        name="Loyalty", kind="nps", every_days=90, sends_from=inbox, opens_recovery=True, recovery_owner=chloe
    )
    invited = Invitation.objects.create(
        survey=survey, customer=dora, occasion_id=7, occasion_at=clock.now(), due_at=clock.now(), state="answered"
    )
    loose = opening_recoveries.open_for_answer(Response.objects.create(invitation=invited, score=0))
    assert loose is not None and loose.owner == chloe
    settle()
    [told] = Notification.objects.filter(agent=chloe, kind="recovery")
    assert (told.ticket, told.facts["recovery"]) == (ticket, loose.pk)
    assert f'href="{loose.get_absolute_url()}"' in as_agent(chloe).get("/notifications/").content.decode()


def test_the_owner_is_told_too_where_the_customer_never_wrote_to_that_inbox(
    ticket: Ticket, dora: Customer, billing: Inbox, admin: Agent, settle
) -> None:  # type: ignore[no-untyped-def]
    survey = Survey.objects.create(
        name="Loyalty", kind="nps", every_days=90, sends_from=billing, opens_recovery=True, recovery_owner=admin
    )
    invited = Invitation.objects.create(
        survey=survey, customer=dora, occasion_id=7, occasion_at=clock.now(), due_at=clock.now(), state="answered"
    )
    loose = opening_recoveries.open_for_answer(Response.objects.create(invitation=invited, score=0))
    assert loose is not None and (loose.inbox, loose.owner) == (billing, admin) != (ticket.inbox, admin)
    settle()
    [told] = Notification.objects.filter(kind="recovery")
    assert (told.agent, told.ticket, told.facts["recovery"]) == (admin, ticket, loose.pk)
