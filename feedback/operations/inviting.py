"""Deciding whom to ask: an invitation for each resolution, or the reason why there is none."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import get_supported_language_variant

from feedback.models import Invitation, InvitationState, OptOut, Reason, Survey
from helpdesk.events import history, record
from helpdesk.models import Event
from tickets.models import ContactPoint, Customer, MessageKind, Ticket
from tickets.operations import budget, sending

#: what an event that takes the ticket out of our sight means, and the one that brings it back
_GONE = {
    "ticket.spammed": Reason.SPAM,
    "ticket.deleted": Reason.DELETED,
    "ticket.merged": Reason.MERGED,
}
_BACK = {"ticket.unspammed": Reason.SPAM, "ticket.restored": Reason.DELETED, "ticket.unmerged": Reason.MERGED}

#: why the budget of unrequested mail refuses, in our words; whoever had their mail of the day was asked enough
_REFUSED = {
    "no_address": Reason.NO_ADDRESS,
    "robot": Reason.BOUNCING,
    "bouncing": Reason.BOUNCING,
    "ours": Reason.INTERNAL,
    "spent": Reason.SPENT,
}


@transaction.atomic
def invite(occasion: Event) -> Invitation | None:
    """Ask the customer of a resolved ticket, or record why not. The same occasion twice is one invitation.

    None where no survey asks after the ticket's inbox, or the inbox answers nothing by itself.
    """
    ticket = Ticket.objects.select_related("inbox").filter(pk=occasion.stream_id or 0).first()
    survey = Survey.objects.asking_after(ticket.inbox_id) if ticket and not ticket.inbox.is_quiet else None
    if ticket is None or survey is None:
        return None
    # Two tickets of one person may be resolved at the same moment: one of them must see the other's invitation.
    customer = Customer.objects.select_for_update(no_key=True).get(pk=ticket.customer_id)
    if known := Invitation.objects.filter(ticket=ticket, occasion_id=occasion.pk).first():
        return known
    recipient = next(iter(sending.recipients(ticket)), "")
    reason = (
        (Reason.BULK if occasion.facts.get("bulk") else None)
        or why_not(customer.pk, ticket, recipient)
        or (Reason.THROTTLED if _was_asked_lately(customer, survey, occasion.at) else None)
    )
    invitation = Invitation.objects.create(
        survey=survey,
        ticket=ticket,
        customer=customer,
        occasion_id=occasion.pk,
        occasion_at=occasion.at,
        recipient=recipient,
        language=language_of(customer),
        state=InvitationState.SUPPRESSED if reason else InvitationState.WAITING,
        reason=reason or "",
        due_at=occasion.at + survey.delay,
    )
    facts: dict[str, Any] = {"invitation": invitation.pk, "survey": survey.pk, "kind": survey.kind}
    if reason:
        record("survey.suppressed", ticket, actor=None, reason=str(reason), **facts)
    else:
        record("survey.invited", ticket, actor=None, **facts)
    return invitation


@transaction.atomic
def cancel(ticket: Ticket, *, reason: Reason) -> int:
    """Take back what has not been sent yet. Returns how many invitations that were."""
    waiting = Invitation.objects.select_for_update().filter(ticket=ticket, state=InvitationState.WAITING)
    cancelled = list(waiting)
    for invitation in cancelled:
        take_back(invitation, reason)
    return len(cancelled)


def take_back(invitation: Invitation, reason: Reason) -> None:
    """Cancel a waiting invitation that the caller has locked."""
    invitation.state, invitation.reason = InvitationState.CANCELLED, reason
    invitation.save(update_fields=["state", "reason"])
    record("survey.cancelled", invitation.subject, actor=None, **invitation.facts, reason=str(reason))


def why_not(customer_id: int, ticket: Ticket | None, recipient: str) -> Reason | None:
    """Why a customer should not be asked at all, after this ticket or after none, however long ago they last were."""
    if ticket and (reason := _out_of_sight(ticket)):
        return reason
    if OptOut.objects.filter(customer=customer_id).exists():
        return Reason.OPTED_OUT
    if ticket and not ticket.messages.filter(kind=MessageKind.INCOMING, is_automated=False).exists():
        return Reason.NEVER_WROTE
    if not recipient:
        return Reason.NO_ADDRESS
    if ContactPoint.objects.filter(channel="email", address=recipient, is_bouncing=True).exists():
        return Reason.BOUNCING
    # a colleague who writes to us is not a customer, and an inbox that answers itself is a loop
    return because(budget.never(recipient))


def because(refusal: str) -> Reason | None:
    """What a refusal of the budget of unrequested mail means for a survey; None where it refused nothing."""
    return _REFUSED.get(refusal, Reason.THROTTLED) if refusal else None


def language_of(customer: Customer) -> str:
    """The language to write in: the customer's where we speak it, else ours."""
    try:
        return get_supported_language_variant(customer.language)
    except LookupError:
        return settings.LANGUAGE_CODE


def _out_of_sight(ticket: Ticket) -> Reason | None:
    """Spam, deleted, merged or imported, as the ledger has it."""
    gone: set[Reason] = set()
    for event in history(ticket.number, ["ticket.created", *_GONE, *_BACK]):
        if event.verb == "ticket.created" and event.facts.get("imported"):
            return Reason.IMPORTED
        if event.verb in _GONE:
            gone.add(_GONE[event.verb])
        elif event.verb in _BACK:
            gone.discard(_BACK[event.verb])
    return next((reason for reason in _GONE.values() if reason in gone), None)


def _was_asked_lately(customer: Customer, survey: Survey, at: datetime) -> bool:
    """Whether any survey asked this person within the cool-down; exactly its length ago is long enough."""
    apart = timedelta(days=survey.cool_down_days)
    near = Invitation.objects.bothering(customer.pk).filter(occasion_at__gt=at - apart, occasion_at__lt=at + apart)
    return near.exists()


@transaction.atomic
def follow_merge(source: int, target: int) -> None:
    """Two customers were made one, or two again: let each asking be of whom its ticket is.

    An opt-out of the source holds for the target too, and goes on holding.
    """
    both = Invitation.objects.filter(customer__in=[source, target], ticket__isnull=False)
    both.update(customer=Subquery(Ticket.objects.filter(pk=OuterRef("ticket")).values("customer")[:1]))
    if Customer.objects.filter(pk=source, merged_into=target, survey_opt_out__isnull=False).exists():
        OptOut.objects.get_or_create(customer_id=target)
