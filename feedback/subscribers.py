"""What feedback does when it hears of events. Each may be heard twice."""

from django.db import transaction

from feedback.models import InvitationState, Reason
from feedback.operations import inviting, mailing
from feedback.tasks import send_due_invitations
from helpdesk import clock
from helpdesk.doorbell import ring
from helpdesk.events import subscribe
from helpdesk.models import Event
from tickets.models import Message, OutgoingMail, Ticket


@subscribe("ticket.resolved")
def invite_to_rate(event: Event) -> None:
    """A resolved ticket is the occasion to ask; where there is no delay, ask now."""
    invitation = inviting.invite(event)
    if invitation and invitation.state == InvitationState.WAITING and invitation.due_at <= clock.now():
        transaction.on_commit(lambda: ring(send_due_invitations), robust=True)


_TAKEN_BACK = {
    "ticket.reopened": Reason.REOPENED,
    "ticket.pended": Reason.REOPENED,
    "ticket.held": Reason.REOPENED,
    "ticket.spammed": Reason.SPAM,
    "ticket.deleted": Reason.DELETED,
    "ticket.merged": Reason.MERGED,
}


@subscribe(*_TAKEN_BACK)
def take_back(event: Event) -> None:
    """A ticket that is not resolved after all is nothing to rate."""
    if ticket := Ticket.objects.filter(pk=event.stream_id or 0).first():
        inviting.cancel(ticket, reason=_TAKEN_BACK[event.verb])


@subscribe("customer.merged", "customer.unmerged")
def follow_merges(event: Event) -> None:
    """Askings belong to whose ticket it is; who wanted no more of them wants none under another address either."""
    inviting.follow_merge(event.facts["source"], event.subject_id)


@subscribe("message.sent", "message.failed", "message.bounced", "message.uncertain")
def hear_of_delivery(event: Event) -> None:
    """How the mail of an invitation fared."""
    if event.facts.get("purpose") != OutgoingMail.Purpose.SURVEY:
        return
    mail = event.facts["mail"]
    if event.verb == "message.sent":
        mailing.sent(mail, at=event.at)
    elif event.verb in ("message.failed", "message.bounced"):
        mailing.not_delivered(mail)
    else:
        mailing.uncertain(mail)


@subscribe("message.received")
def hear_of_bounce(event: Event) -> None:
    """A mail that was taken first and came back later."""
    if not event.facts.get("automated"):
        return
    message = Message.objects.select_related("ticket").filter(pk=event.facts["message"], matched_by="bounce").first()
    if message:
        mailing.bounced_back(message.ticket)
