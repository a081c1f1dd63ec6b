"""Moving a ticket between statuses: resolve, reopen, pend, hold, close, snooze, wake."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import fields
from tickets.models import CustomField, Status, Ticket, works_in

#: the event each status is announced by
VERBS = {
    Status.OPEN: "ticket.reopened",
    Status.PENDING: "ticket.pended",
    Status.ON_HOLD: "ticket.held",
    Status.RESOLVED: "ticket.resolved",
    Status.CLOSED: "ticket.closed",
}
FIELDS = ["status", "resolved_at", "snoozed_until", "waiting_since", "removed_at", "updated_at"]


class NotPossible(ValueError):
    """The ticket's state forbids this; the text says why, in words for people."""


class NotAnswered(NotPossible):
    """These must be answered before the ticket is resolved."""

    def __init__(self, missing: Sequence[CustomField]) -> None:
        self.fields = missing
        names = ", ".join(f"“{field.name}”" for field in missing)
        super().__init__(_("Answer %(fields)s before this ticket is resolved.") % {"fields": names})


def must_work_tickets(actor: Agent | None, ticket: Ticket | None = None) -> None:
    """Raise NotPossible for who only reads and notes on this ticket; the clock and rules may do everything.

    Without a ticket, for what belongs to no inbox, the role alone decides.
    """
    must_work_in(actor, ticket.inbox_id if ticket else None)


def must_work_in(actor: Agent | None, inbox_id: int | None) -> None:
    """Raise NotPossible for who does not change tickets of this inbox, whether by role or by their access to it."""
    if actor is None:
        return
    if not actor.may_reply:
        raise NotPossible(_("A light collaborator reads and notes, but does not change tickets."))
    if inbox_id is not None and not works_in(actor, inbox_id):
        raise NotPossible(_("You read and note in this inbox, but do not change its tickets."))


def must_answer_customers(actor: Agent | None, ticket: Ticket) -> None:
    """Raise NotPossible for who only reads and notes on this ticket."""
    if actor is None:
        return
    if not actor.may_reply:
        raise NotPossible(_("A light collaborator reads and notes, but does not answer customers."))
    if not works_in(actor, ticket.inbox_id):
        raise NotPossible(_("You read and note in this inbox, but do not answer its customers."))


def must_be_here(ticket: Ticket) -> None:
    """Raise NotPossible for a ticket that is spam or in the trash: it is taken out first."""
    if ticket.status == Status.SPAM:
        raise NotPossible(_("This ticket is spam. Say that it is not before you work on it."))
    if ticket.status == Status.TRASH:
        raise NotPossible(_("This ticket is in the trash. Take it out before you work on it."))


def must_be_answered(ticket: Ticket) -> None:
    """Raise NotAnswered while a field is empty without which this ticket is not resolved."""
    if missing := fields.missing(ticket):
        raise NotAnswered(missing)


def apply(ticket: Ticket, to: Status, at: datetime) -> dict[str, Any]:
    """Put a locked ticket into a status, in memory, and return the facts of the change.

    The one place that knows what a status implies; operations save `FIELDS` and record the event.
    """
    was = ticket.status
    ticket.status = to
    ticket.snoozed_until = ticket.removed_at = None
    ticket.updated_at = at
    if to == Status.RESOLVED:
        ticket.resolved_at = at
        ticket.waiting_since = None
    elif to == Status.CLOSED:
        ticket.resolved_at = ticket.resolved_at or at
        ticket.waiting_since = None
    else:
        ticket.resolved_at = None
    return {"was": was, "to": str(to)}


@transaction.atomic
def _move(ticket: Ticket, to: Status, actor: Agent | None, **facts: Any) -> Ticket:
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.status == to:
        return ticket
    must_be_here(ticket)
    if ticket.is_closed:
        raise NotPossible(_("A closed ticket stays closed. A new message opens a new one."))
    if to == Status.RESOLVED and actor is not None:
        must_be_answered(ticket)
    at = clock.now()
    if ticket.is_snoozed and ticket.snoozed_until:
        facts["was_snoozed_until"] = ticket.snoozed_until.isoformat()
    change = apply(ticket, to, at)
    ticket.save(update_fields=FIELDS)
    record(VERBS[to], ticket, actor=actor, at=at, **change, **facts)
    return ticket


def resolve(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Mark the ticket resolved. Resolving twice is the same as resolving once.

    Raises NotPossible when closed, NotAnswered while a required field is empty; the clock and rules may.
    """
    return _move(ticket, Status.RESOLVED, actor)


def reopen(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Open the ticket again. Raises NotPossible when closed."""
    return _move(ticket, Status.OPEN, actor)


def pend(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """The next step is the customer's. Raises NotPossible when closed."""
    return _move(ticket, Status.PENDING, actor)


def hold(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """The next step is somebody else's. Raises NotPossible when closed."""
    return _move(ticket, Status.ON_HOLD, actor)


def close(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Close the ticket for good: a later message of the customer opens a new one."""
    return _move(ticket, Status.CLOSED, actor)


@transaction.atomic
def snooze(ticket: Ticket, *, until: datetime, actor: Agent | None) -> Ticket:
    """Put an open ticket aside until then. Raises NotPossible when it is not open, or the time is past."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    at = clock.now()
    if ticket.status != Status.OPEN:
        raise NotPossible(_("Only an open ticket can be snoozed."))
    if until <= at:
        raise NotPossible(_("That time is past."))
    if ticket.snoozed_until == until:
        return ticket
    was = ticket.snoozed_until
    ticket.snoozed_until, ticket.updated_at = until, at
    ticket.save(update_fields=["snoozed_until", "updated_at"])
    record(
        "ticket.snoozed", ticket, actor=actor, at=at, until=until.isoformat(), was=was.isoformat() if was else None
    )  # fmt: skip
    return ticket


@transaction.atomic
def wake(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Bring a snoozed ticket back. One that is awake stays as it is."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if not ticket.is_snoozed:
        return ticket
    until, at = ticket.snoozed_until, clock.now()
    ticket.snoozed_until, ticket.updated_at = None, at
    ticket.save(update_fields=["snoozed_until", "updated_at"])
    record("ticket.woken", ticket, actor=actor, at=at, until=until.isoformat() if until else None)
    return ticket
