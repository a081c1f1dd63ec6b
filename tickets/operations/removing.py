"""Spam and the trash: out of sight and out of the figures, for a while and then for good."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import history, record
from helpdesk.models import Agent, File
from tickets.models import Attachment, DraftFile, RawMessage, RawState, Status, Ticket
from tickets.operations import blocking, moving, status, traces
from tickets.operations.status import NotPossible, must_work_tickets

#: mail that nobody has read yet
WAITING = (RawState.RECEIVED, RawState.PARKED, RawState.QUARANTINED)
#: what each way out is announced by, and the way back
VERBS = {Status.SPAM: "ticket.spammed", Status.TRASH: "ticket.deleted"}
WAYS_BACK = {Status.SPAM: "ticket.unspammed", Status.TRASH: "ticket.restored"}


@transaction.atomic
def spam(ticket: Ticket, *, actor: Agent | None, block: bool = False) -> Ticket:
    """Say that nobody needs to read it; `block` lets whatever its customer sends be spam from now on.

    Raises NotPossible for what is in the trash.
    """
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.status == Status.TRASH:
        raise NotPossible(_("This ticket is in the trash already."))
    is_blocked_now = block and not ticket.customer.is_blocked
    if is_blocked_now:
        blocking.block(ticket.customer, actor=actor)
    return _remove(ticket, Status.SPAM, actor, **({"blocked": True} if is_blocked_now else {}))


@transaction.atomic
def trash(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Put it into the trash, out of which it can be taken for TRASH_DAYS."""
    must_work_tickets(actor, ticket)
    return _remove(Ticket.objects.locked(ticket.pk), Status.TRASH, actor)


@transaction.atomic
def restore(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Take it out of the trash, or say that it is no spam: it is again what it was before."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if not ticket.is_removed:
        return ticket
    out, at = Status(ticket.status), clock.now()
    facts = _before(ticket, out)
    to = Status(facts.get("was") or Status.OPEN)
    status.apply(ticket, to, at)
    if to == Status.SPAM:
        ticket.removed_at = at
    if to in (Status.RESOLVED, Status.CLOSED):
        ticket.resolved_at = _instant(facts.get("was_resolved_at")) or at
    elif to != Status.SPAM:
        ticket.waiting_since = moving.waiting_since(ticket)
    if to == Status.OPEN and (until := _instant(facts.get("was_snoozed_until"))) and until > at:
        ticket.snoozed_until = until
    ticket.save(update_fields=status.FIELDS)
    record(WAYS_BACK[out], ticket, actor=actor, at=at, was=str(out), to=str(to))
    return ticket


@transaction.atomic
def purge(ticket: Ticket, *, actor: Agent | None) -> bool:
    """Delete a removed ticket for good: its messages, mails and drafts, and files nothing else has.

    The ledger and the figures keep that it was there, and nothing of what was said. Returns whether it was there.
    """
    must_work_tickets(actor, ticket)
    found = Ticket.objects.all_locked([ticket.pk]).get(ticket.pk)
    if found is None:
        return False
    if not found.is_removed:
        raise NotPossible(_("Only what is spam or in the trash is deleted for good."))
    files = set(Attachment.objects.filter(message__ticket=found).values_list("file_id", flat=True))
    files |= set(DraftFile.objects.filter(draft__ticket=found).values_list("file_id", flat=True))
    words = traces.words_of([found.pk])
    traces.forget_notices([found.pk])
    traces.forget_answers([found.pk])
    # that these mails came stays known, so that a mailbox that still has them is not read anew; so does what came back.
    # What nobody has read yet is not lost with a ticket it would have joined
    read = Q(belongs_to=found) & ~Q(state__in=WAITING)
    RawMessage.objects.filter(Q(said__ticket=found) | read).update(
        content=b"", subject="", sender="", envelope_from="", envelope_to=[], size=0, state=RawState.DISMISSED,
        reason=_("Deleted for good with its ticket."), reason_code="purged",
    )  # fmt: skip
    record("ticket.purged", found, actor=actor, was=found.status, messages=found.messages.count())
    found.delete()
    traces.forget_words(words)
    File.objects.forget_unused(files)
    return True


def _remove(ticket: Ticket, to: Status, actor: Agent | None, **more: Any) -> Ticket:
    if ticket.status == to:
        return ticket
    at = clock.now()
    facts: dict[str, Any] = {
        "was_resolved_at": ticket.resolved_at.isoformat() if ticket.resolved_at else None,
        "was_snoozed_until": ticket.snoozed_until.isoformat() if ticket.snoozed_until else None,
    }
    change = status.apply(ticket, to, at)
    ticket.removed_at, ticket.waiting_since = at, None
    ticket.save(update_fields=status.FIELDS)
    record(VERBS[to], ticket, actor=actor, at=at, **change, **facts, **more)
    return ticket


def _before(ticket: Ticket, out: Status) -> dict[str, Any]:
    """What the ticket was when it went."""
    event = history(ticket.number, [VERBS[out]]).last()
    return event.facts if event else {}


def _instant(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
