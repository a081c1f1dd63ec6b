"""Working recoveries: each act locks, looks, changes and records.

An act may bring the `version` the page knew; where a colleague has changed the recovery since, nothing is done.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from feedback.models import Department, Outcome, ReasonCode, Recovery, RecoveryNote, RecoveryState, Response
from feedback.operations.answering import repliers
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event
from helpdesk.prepared import Prepared
from tickets import texts
from tickets.models import Message, MessageKind, Ticket, workers_of, works_in
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.status import NotPossible, must_work_tickets

MOST_WORDS = 5_000
#: what can be taken back, by whom who did it
UNDOABLE = ("recovery.assigned", "recovery.explained", "recovery.closed", "recovery.reopened")
#: left as it is
SAME: Any = object()


def may_work(recovery: Recovery, actor: Agent) -> bool:
    """Whether somebody who sees it may work it: in its department everybody, else who works in its inbox."""
    if recovery.department_id and actor.departments.filter(pk=recovery.department_id).exists():
        return True
    return works_in(actor, recovery.inbox_id)


def could_own(inbox_id: int, department: Department | None, spared: Iterable[int]) -> "QuerySet[Agent]":
    """Who may be given a recovery: who works its inbox, and the members of its department, but for those spared."""
    workers = Q(pk__in=workers_of(inbox_id).order_by().values("pk"))
    found = Agent.objects.active().filter(workers | Q(departments=department) if department else workers)
    return found.exclude(pk__in=list(spared)).distinct().order_by("name")


def spared(response: Response | None, rated: int | None) -> set[int]:
    """Whose help was rated, where they are to be spared: all who had answered in public, not the last one alone."""
    if rated is None:
        return set()
    ticket = response.invitation.ticket_id if response else None
    return {rated, *repliers(ticket, response.invitation.occasion_at)} if response and ticket else {rated}


def spared_of(recovery: Recovery) -> set[int]:
    """Who may not be its owner."""
    return spared(recovery.response, recovery.rated_agent_id)


def _locked(recovery: Recovery, actor: Agent | None, version: int | None) -> Recovery:
    locked = Recovery.objects.locked(recovery.pk)
    if actor is not None and not may_work(locked, actor):
        raise NotPossible(_("You read this recovery, but do not work it."))
    if version is not None and version != locked.version:
        raise ChangedMeanwhile(_("A colleague has changed this recovery meanwhile. Look at it as it is now."))
    return locked


def _keep(recovery: Recovery, *fields: str) -> None:
    recovery.version += 1
    recovery.save(update_fields=[*fields, "version"])


def _must_stand(recovery: Recovery) -> None:
    if recovery.is_closed:
        raise NotPossible(_("This recovery is closed. Reopen it first."))


@transaction.atomic
def take_up(
    recovery: Recovery, *, actor: Agent | None, at: datetime | None = None, version: int | None = None
) -> Recovery:
    """Say that the customer was spoken to, as on the phone. Only the first word counts; an answer by mail is heard.

    Who takes up what is nobody's owns it, unless it is their help that was rated.
    """
    recovery = _locked(recovery, actor, version)
    if recovery.taken_up_at is not None:
        return recovery
    _must_stand(recovery)
    return _take_up(recovery, actor, at or clock.now())


def _take_up(recovery: Recovery, actor: Agent | None, at: datetime) -> Recovery:
    recovery.taken_up_at, recovery.state = max(at, recovery.opened_at), RecoveryState.WORKED
    if recovery.owner_id is None and actor is not None and actor.pk not in spared_of(recovery):
        recovery.owner = actor
    _keep(recovery, "taken_up_at", "state", "owner")
    record("recovery.taken_up", recovery.subject, actor=actor, at=at, recovery=recovery.pk, owner=recovery.owner_id)
    return recovery


#: what goes on about a ticket
_standing = Prepared(lambda place: Recovery.objects.standing().filter(ticket=place(int)))


@transaction.atomic(savepoint=False)
def hear_reply(number: int) -> Recovery | None:
    """A person wrote to the customer, or took that back: the first word that stands takes the recovery up.

    A word by phone, said by hand, stays. None where the ticket has no recovery that goes on.
    """
    try:
        Ticket.objects.locked(number)
    except Ticket.DoesNotExist:
        return None
    found = _standing(number)
    if not found:
        return None
    recovery = Recovery.objects.locked(found[0].pk)
    said = Message.objects.filter(ticket=number, kind=MessageKind.REPLY, is_automated=False, author__isnull=False)
    said = said.filter(created_at__gte=recovery.opened_at)
    first = said.filter(withdrawn_at=None).select_related("author").order_by("created_at", "pk").first()
    if recovery.taken_up_at is None:
        return _take_up(recovery, first.author, first.created_at) if first else recovery
    if first is None and said.filter(created_at=recovery.taken_up_at).exists():
        recovery.taken_up_at, recovery.state = None, RecoveryState.OPEN
        _keep(recovery, "taken_up_at", "state")
        record("recovery.put_back", recovery.subject, actor=None, recovery=recovery.pk)
    return recovery


@transaction.atomic
def assign(recovery: Recovery, *, owner: Agent | None, actor: Agent | None, version: int | None = None) -> Recovery:
    """Give it to somebody, or to nobody. Raises NotPossible for who was rated, and for who may not see it."""
    recovery = _locked(recovery, actor, version)
    if recovery.owner_id == (owner.pk if owner else None):
        return recovery
    _must_stand(recovery)
    if owner is not None:
        if owner.pk in spared_of(recovery):
            raise NotPossible(_("It is their help that was rated: somebody else should speak with the customer."))
        if not could_own(recovery.inbox_id, recovery.department, ()).filter(pk=owner.pk).exists():
            raise NotPossible(_("They neither work in its inbox nor belong to its department."))
    was, recovery.owner = recovery.owner_id, owner
    _keep(recovery, "owner")
    record(
        "recovery.assigned", recovery.subject, actor=actor, recovery=recovery.pk, owner=recovery.owner_id, was_owner=was
    )
    return recovery


@transaction.atomic
def explain(
    recovery: Recovery, *, reason: ReasonCode | None, actor: Agent | None, department: Department | None = SAME,
    in_control: bool | None = SAME, version: int | None = None,
) -> Recovery:  # fmt: skip
    """Say why it happened. The reason brings its department and whose control it was in, unless those are given.

    The answer that opened it is explained with it, so that figures of answers and of recoveries agree.
    """
    recovery = _locked(recovery, actor, version)
    if department is SAME:
        department = reason.department if reason else None
    if in_control is SAME:
        in_control = reason.in_control if reason else None
    now = (reason.pk if reason else None, department.pk if department else None, in_control)
    was = (recovery.reason_id, recovery.department_id, recovery.in_control)
    if now == was:
        return recovery
    recovery.reason, recovery.department, recovery.in_control = reason, department, in_control
    _keep(recovery, "reason", "department", "in_control")
    _record_explained(recovery, actor, was)
    if recovery.response is not None:
        _explain_answer(recovery.response, *now, actor=actor)
    return recovery


def _record_explained(recovery: Recovery, actor: Agent | None, was: tuple[int | None, int | None, bool | None]) -> None:
    record(
        "recovery.explained", recovery.subject, actor=actor, recovery=recovery.pk, reason=recovery.reason_id,
        department=recovery.department_id, in_control=recovery.in_control, was=list(was),
    )  # fmt: skip


@transaction.atomic
def explain_answer(response: Response, *, reason: ReasonCode | None, actor: Agent) -> Response:
    """Say why a score was low where no recovery was opened for it; where one was, both are explained.

    Raises NotPossible for who only reads the ticket.
    """
    recovery = Recovery.objects.filter(response=response).first()
    if recovery is not None:
        explain(recovery, reason=reason, actor=actor)
        response.refresh_from_db(fields=["reason"])
        return response
    ticket = response.invitation.ticket
    must_work_tickets(actor, ticket)
    if ticket is not None:
        Ticket.objects.locked(ticket.pk)
    response = Response.objects.select_for_update(of=("self",)).get(pk=response.pk)
    department, in_control = (reason.department_id, reason.in_control) if reason else (None, None)
    _explain_answer(response, reason.pk if reason else None, department, in_control, actor=actor)
    return response


def _explain_answer(
    response: Response, reason: int | None, department: int | None, in_control: bool | None, *, actor: Agent | None
) -> None:
    invitation = response.invitation
    if response.reason_id != reason:
        response.reason_id = reason
        response.save(update_fields=["reason"])
    elif not Recovery.objects.filter(response=response).exists():
        return
    record(
        "survey.explained", invitation.subject, actor=actor, **invitation.facts, reason=reason, department=department,
        in_control=in_control,
    )  # fmt: skip


@transaction.atomic
def note(recovery: Recovery, *, text: str, actor: Agent) -> RecoveryNote:
    """Tell the others who work it. Raises NotPossible where nothing is said."""
    recovery = _locked(recovery, actor, None)
    said = texts.clean(text)[:MOST_WORDS].strip()
    if not said:
        raise NotPossible(_("A note needs words."))
    made = RecoveryNote.objects.create(recovery=recovery, author=actor, text=said)
    record("recovery.noted", recovery.subject, actor=actor, recovery=recovery.pk, note=made.pk)
    return made


@transaction.atomic
def close(
    recovery: Recovery, *, outcome: Outcome, actor: Agent | None, done: str = "", cost: Decimal | None = None,
    version: int | None = None,
) -> Recovery:  # fmt: skip
    """Say how it ended, what was done, and what that cost. Closing twice is closing once.

    Who was recovered or not was spoken to: that counts as taken up now, where nobody said so before.
    """
    recovery = _locked(recovery, actor, version)
    if recovery.is_closed:
        return recovery
    if outcome in (Outcome.RECOVERED, Outcome.NOT_RECOVERED) and recovery.taken_up_at is None:
        recovery = _take_up(recovery, actor, clock.now())
    if outcome != Outcome.NOT_NEEDED and actor is not None and recovery.reason_id is None:
        raise NotPossible(_("Say first why it happened: every recovery has a reason."))
    return _close(recovery, outcome, actor, texts.clean(done)[:MOST_WORDS].strip(), cost)


def _close(
    recovery: Recovery, outcome: Outcome, actor: Agent | None, done: str = "", cost: Decimal | None = None
) -> Recovery:
    recovery.state, recovery.outcome, recovery.closed_at = RecoveryState.CLOSED, outcome, clock.now()
    recovery.done, recovery.cost = done, cost
    _keep(recovery, "state", "outcome", "closed_at", "done", "cost")
    record(
        "recovery.closed", recovery.subject, actor=actor, recovery=recovery.pk, outcome=str(outcome),
        cost=None if cost is None else str(cost),
    )  # fmt: skip
    return recovery


@transaction.atomic
def withdraw(recovery: Recovery, *, even_worked: bool = False) -> Recovery:
    """Nothing is to be done after all: the customer thought better of it before anybody began."""
    recovery = Recovery.objects.locked(recovery.pk)
    if recovery.is_closed or (recovery.state != RecoveryState.OPEN and not even_worked):
        return recovery
    return _close(recovery, Outcome.NOT_NEEDED, None)


@transaction.atomic
def reopen(recovery: Recovery, *, actor: Agent | None, version: int | None = None) -> Recovery:
    """It is not over. Raises NotPossible while another one about the same ticket goes on."""
    recovery = _locked(recovery, actor, version)
    if not recovery.is_closed:
        return recovery
    return _reopen(recovery, actor)


@transaction.atomic
def again(recovery: Recovery) -> Recovery:
    """The customer is unhappy again: what was withdrawn by itself goes on, unless another one does."""
    recovery = Recovery.objects.locked(recovery.pk)
    if not recovery.is_closed or _has_other(recovery):
        return recovery
    return _reopen(recovery, None)


def _has_other(recovery: Recovery) -> bool:
    if recovery.ticket_id is None:
        return False
    return Recovery.objects.standing().filter(ticket=recovery.ticket_id).exclude(pk=recovery.pk).exists()


def _reopen(recovery: Recovery, actor: Agent | None) -> Recovery:
    if _has_other(recovery):
        raise NotPossible(_("Another recovery about this ticket goes on."))
    was = recovery.outcome
    recovery.state = RecoveryState.WORKED if recovery.taken_up_at else RecoveryState.OPEN
    recovery.closed_at, recovery.outcome = None, ""
    _keep(recovery, "state", "closed_at", "outcome")
    record("recovery.reopened", recovery.subject, actor=actor, recovery=recovery.pk, was=was, owner=recovery.owner_id)
    return recovery


@transaction.atomic
def undo(recovery: Recovery, event: Event, *, actor: Agent) -> Recovery:
    """Take back the actor's own act, if nothing has happened since that it would trample on. Raises NotPossible."""
    recovery = _locked(recovery, actor, None)
    facts = event.facts
    if event.verb not in UNDOABLE or event.actor_id != actor.pk or facts.get("recovery") != recovery.pk:
        raise NotPossible(_("That cannot be undone."))
    moved_on = NotPossible(_("The recovery has moved on since."))
    if event.verb == "recovery.closed":
        if not recovery.is_closed or recovery.outcome != facts["outcome"]:
            raise moved_on
        return _reopen(recovery, actor)
    if event.verb == "recovery.reopened":
        if recovery.is_closed or not facts.get("was"):
            raise moved_on
        return _close(recovery, Outcome(facts["was"]), actor, recovery.done, recovery.cost)
    if event.verb == "recovery.assigned":
        if recovery.owner_id != facts["owner"]:
            raise moved_on
        return assign(recovery, owner=Agent.objects.filter(pk=facts["was_owner"]).first(), actor=actor)
    if [recovery.reason_id, recovery.department_id, recovery.in_control] != [
        facts["reason"], facts["department"], facts["in_control"]
    ]:  # fmt: skip
        raise moved_on
    reason, department, in_control = facts["was"]
    return explain(
        recovery, reason=ReasonCode.objects.filter(pk=reason).first(),
        department=Department.objects.filter(pk=department).first(), in_control=in_control, actor=actor,
    )  # fmt: skip
