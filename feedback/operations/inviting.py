"""Deciding whom to ask: an invitation for each resolution, or the reason why there is none."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import get_supported_language_variant

from feedback import choosing, drawing
from feedback.models import Invitation, InvitationState, OptOut, Reason, Recovery, Survey
from feedback.operations.asking import Way, too_soon, way_to, why_not
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Event
from tickets.models import Customer, OutgoingMail, Ticket


@transaction.atomic
def invite(occasion: Event) -> Invitation | None:
    """Ask the customer of a resolved ticket, or record why not. The same occasion twice is one invitation.

    None where no survey asks after such tickets, or the inbox answers nothing by itself.
    """
    ticket = Ticket.objects.select_related("inbox").filter(pk=occasion.stream_id or 0).first()
    if ticket is None or ticket.inbox.is_quiet:
        return None
    # Two tickets of one person may be resolved at the same moment: one of them must see the other's invitation.
    customer = Customer.objects.select_for_update(no_key=True).get(pk=ticket.customer_id)
    if known := Invitation.objects.filter(ticket=ticket, occasion_id=occasion.pk).first():
        return known
    survey = choosing.survey_for(ticket)
    if survey is None:
        return None
    way = way_to(ticket, survey)
    reason = (
        (Reason.BULK if occasion.facts.get("bulk") else None)
        or why_not(customer.pk, ticket, way.address, channel=way.channel)
        or too_soon(customer.pk, survey, occasion.at)
        or (None if drawing.is_drawn(survey, ticket.pk) else Reason.NOT_DRAWN)
    )
    return _write(
        Invitation(
            survey=survey,
            ticket=ticket,
            customer=customer,
            occasion_id=occasion.pk,
            occasion_at=occasion.at,
            recipient=way.address,
            channel=way.channel,
            talk=way.talk,
            language=language_of(customer),
            due_at=occasion.at if way.is_at_home else occasion.at + survey.delay,
        ),
        reason,
    )


def _write(invitation: Invitation, reason: Reason | None, *, percent: int | None = None) -> Invitation:
    """Save an invitation that is to be sent, or one that was held back for this reason, and say so."""
    invitation.state = InvitationState.SUPPRESSED if reason else InvitationState.WAITING
    invitation.reason, invitation.percent = reason or "", percent or invitation.survey.percent
    invitation.save(force_insert=True)
    _record_invited(invitation, reason)
    return invitation


def _record_invited(invitation: Invitation, reason: Reason | None = None) -> None:
    survey = invitation.survey
    facts: dict[str, Any] = {**invitation.facts, "survey": survey.pk, "kind": survey.kind}
    facts["language"] = invitation.language
    if invitation.percent < 100:
        facts["percent"] = invitation.percent
    if survey.is_anonymous:
        facts["anonymous"] = True
    if reason:
        record("survey.suppressed", invitation.subject, actor=None, reason=str(reason), **facts)
    else:
        record("survey.invited", invitation.subject, actor=None, **facts)


@transaction.atomic
def invite_to_round(survey: Survey, customer_id: int, round_id: int, at: datetime, *, is_last: bool) -> bool:
    """Ask a customer once in a round of the calendar. True iff this wrote an invitation, sent or held back.

    Who was asked something else too lately is asked later in the round; on its last day, the reason is written down.
    """
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    if Invitation.objects.filter(survey=survey, customer=customer, ticket=None, occasion_id=round_id).exists():
        return False
    points = customer.contact_points.filter(channel="email").order_by("is_bouncing", "-is_verified", "-id")
    recipient = points.values_list("address", flat=True).first() or ""
    soon = too_soon(customer.pk, survey, at)
    if soon and not is_last:
        return False
    reason = (
        why_not(customer.pk, None, recipient)
        or soon
        or (None if drawing.is_drawn(survey, f"{customer.pk} {round_id}") else Reason.NOT_DRAWN)
    )
    _write(
        Invitation(
            survey=survey,
            customer=customer,
            occasion_id=round_id,
            occasion_at=at,
            recipient=recipient,
            language=language_of(customer),
            due_at=at,
        ),
        reason,
    )
    return True


@transaction.atomic
def ask_again(recovery: Recovery) -> Invitation | None:
    """Ask once more when a recovery is over, where its survey says so. A recovery that is heard of twice asks once; one
    that was reopened before its question went out, once it is over again.

    The time to leave people alone does not hold here, and no lot is drawn: it is the same question about the same
    matter.
    """
    if recovery.response is None:
        return None
    before = Invitation.objects.select_related("survey").get(pk=recovery.response.invitation_id)
    if not before.survey.asks_again or before.survey.is_anonymous:
        return None
    customer = Customer.objects.select_for_update(no_key=True).get(pk=recovery.customer_id)
    now, ticket = clock.now(), recovery.ticket
    known = Invitation.objects.select_for_update(of=("self",)).filter(recovery=recovery).first()
    if known is not None:
        return _ask_after_all(known) if known.was_held_back_by_recovery else known
    way = way_to(ticket, before.survey) if ticket else Way(before.recipient)
    again = Invitation(
        survey=before.survey, ticket=ticket, customer=customer, recovery=recovery, occasion_id=-recovery.pk,
        occasion_at=now, recipient=way.address, channel=way.channel, talk=way.talk, language=language_of(customer),
        due_at=now if way.is_at_home else now + before.survey.delay,
    )  # fmt: skip
    return _write(again, why_not(customer.pk, ticket, way.address, channel=way.channel), percent=100)


def _ask_after_all(invitation: Invitation) -> Invitation:
    """The recovery that stood in the way is over."""
    if why_not(invitation.customer_id, invitation.ticket, invitation.recipient, channel=invitation.channel):
        return invitation
    now = clock.now()
    invitation.state, invitation.reason = InvitationState.WAITING, ""
    invitation.occasion_at, invitation.due_at = now, now + invitation.survey.delay
    invitation.save(update_fields=["state", "reason", "occasion_at", "due_at"])
    _record_invited(invitation)
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


def language_of(customer: Customer) -> str:
    """The language to write in: the customer's where we speak it, else ours."""
    try:
        return get_supported_language_variant(customer.language)
    except LookupError:
        return settings.LANGUAGE_CODE


def follow_talks(ticket: int) -> None:
    """What was asked in a talk that goes on in another one is answered there, and is not missed where it was."""
    asked = Invitation.objects.filter(ticket=ticket, talk__isnull=False, mail__conversation__isnull=False)
    elsewhere = asked.exclude(talk=F("mail__conversation"))
    talks = OutgoingMail.objects.filter(pk=OuterRef("mail")).values("conversation")[:1]
    Invitation.objects.filter(pk__in=elsewhere.values("pk")).update(talk=Subquery(talks))


@transaction.atomic
def follow_merge(source: int, target: int) -> None:
    """Two customers were made one, or two again: let each asking be of whom its ticket is.

    An opt-out of the source holds for the target too, and goes on holding.
    """
    both = Invitation.objects.filter(customer__in=[source, target], ticket__isnull=False)
    both.update(customer=Subquery(Ticket.objects.filter(pk=OuterRef("ticket")).values("customer")[:1]))
    if Customer.objects.filter(pk=source, merged_into=target, survey_opt_out__isnull=False).exists():
        OptOut.objects.get_or_create(customer_id=target)
