"""Sending what is due, and hearing how it went."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from feedback import mail
from feedback.models import Invitation, InvitationState, Reason
from feedback.operations.inviting import because, take_back, why_not
from helpdesk import clock
from helpdesk.events import draft, record, record_many
from tickets.models import ContactPoint, OutgoingMail, Status, Ticket
from tickets.operations import budget, sending

log = structlog.get_logger(__name__)

BATCH = 500
_RETRY = timedelta(minutes=10)


def send_due() -> int:
    """Write the mails of all invitations that are due. Returns how many. Any number of processes may run it at once."""
    count = 0
    for pk in list(Invitation.objects.due(clock.now()).values_list("pk", flat=True)[:BATCH]):
        try:
            count += _send(pk)
        except Exception:  # one that cannot be sent must not hold up the others
            log.exception("an invitation could not be sent; it is tried again later", invitation=pk)
            Invitation.objects.filter(pk=pk, state=InvitationState.WAITING).update(due_at=clock.now() + _RETRY)
    return count


@transaction.atomic
def _send(pk: int) -> bool:
    """The invitation and its mail change in one transaction, so that there is one mail however often this runs."""
    invitation = (
        Invitation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("survey__sends_from", "ticket__inbox", "customer")
        .filter(pk=pk, state=InvitationState.WAITING)
        .first()
    )
    if invitation is None:
        return False
    ticket = invitation.ticket
    if ticket and ticket.status not in (Status.RESOLVED, Status.CLOSED):
        take_back(invitation, Reason.REOPENED)
        return False
    now = clock.now()
    reason = why_not(invitation.customer_id, ticket, invitation.recipient) or because(
        budget.draw(invitation.recipient, OutgoingMail.Purpose.SURVEY, at=now)
    )
    if reason:
        take_back(invitation, reason)
        return False
    written = mail.write(invitation)
    invitation.mail = sending.enqueue(
        inbox=invitation.inbox,
        ticket=ticket,
        to=invitation.recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        purpose=OutgoingMail.Purpose.SURVEY,
        headers=written.headers,
    )
    invitation.state, invitation.queued_at = InvitationState.QUEUED, now
    invitation.expires_at = now + timedelta(days=invitation.survey.valid_days)
    invitation.save(update_fields=["mail", "state", "queued_at", "expires_at"])
    return True


def _of_mail(mail_id: int) -> Invitation | None:
    return (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("survey", "ticket")
        .filter(mail_id=mail_id)
        .first()
    )


@transaction.atomic
def sent(mail_id: int, *, at: datetime) -> None:
    """The mail of an invitation was taken by the next server. Hearing it twice changes nothing."""
    invitation = _of_mail(mail_id)
    if invitation is None or invitation.sent_at is not None:
        return
    invitation.sent_at = at
    invitation.expires_at = at + timedelta(days=invitation.survey.valid_days)
    if invitation.state == InvitationState.QUEUED:
        invitation.state, invitation.reason = InvitationState.SENT, ""
    invitation.save(update_fields=["sent_at", "expires_at", "state", "reason"])
    record("survey.sent", invitation.subject, actor=None, at=at, **invitation.facts)


@transaction.atomic
def not_delivered(mail_id: int) -> None:
    """The mail was refused for good. Somebody who answered all the same was reached."""
    invitation = _of_mail(mail_id)
    if invitation is not None and invitation.state in (InvitationState.QUEUED, InvitationState.SENT):
        _bounce(invitation, Reason.NOT_DELIVERED)


@transaction.atomic
def uncertain(mail_id: int) -> None:
    """Nobody can know whether the mail arrived: it can be answered, and is not sent again."""
    invitation = _of_mail(mail_id)
    if invitation is not None and invitation.state == InvitationState.QUEUED:
        invitation.reason = Reason.UNCERTAIN
        invitation.save(update_fields=["reason"])


@transaction.atomic
def bounced_back(ticket: Ticket) -> None:
    """A bounce came to this ticket: what was sent to an address that takes no mail did not arrive."""
    out = Invitation.objects.select_for_update(of=("self",)).filter(
        ticket=ticket, state__in=[InvitationState.QUEUED, InvitationState.SENT]
    )
    for invitation in out.select_related("ticket", "survey"):
        point = ContactPoint.objects.filter(channel="email", address=invitation.recipient, is_bouncing=True)
        if point.exists():
            _bounce(invitation, Reason.BOUNCING)


def _bounce(invitation: Invitation, reason: Reason) -> None:
    invitation.state, invitation.reason = InvitationState.FAILED, reason
    invitation.save(update_fields=["state", "reason"])
    record("survey.bounced", invitation.subject, actor=None, **invitation.facts)


@transaction.atomic
def expire() -> int:
    """Close the invitations that nobody can answer any more. Returns how many."""
    late = list(
        Invitation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("ticket", "survey")
        .filter(pk__in=Invitation.objects.run_out(clock.now()).values("pk")[:1000])
    )
    Invitation.objects.filter(pk__in=[i.pk for i in late]).update(state=InvitationState.EXPIRED)
    record_many(
        [draft("survey.expired", i.subject, actor=None, **i.facts) for i in late],
        audiences=[i.ticket.ledger_audience if i.ticket else "" for i in late],
    )
    return len(late)
