"""What feedback does when it hears of events. Each may be heard twice."""

from collections.abc import Sequence

from django.db import transaction

from feedback.models import (
    InvitationState,
    Outcome,
    Reason,
    Recovery,
    RecoverySource,
    RecoveryState,
    Response,
)
from feedback.operations import inviting, mailing, opening_recoveries, recovering
from feedback.tasks import send_due_invitations
from helpdesk import clock
from helpdesk.doorbell import ring
from helpdesk.events import subscribe, subscribe_batch
from helpdesk.models import Event
from tickets.models import Message, OutgoingMail, Ticket
from tickets.operations import notifying


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
    opening_recoveries.follow_customers(event.facts["source"], event.subject_id)


@subscribe("chat.carried_over", "chat.given_back")
def follow_talks(event: Event) -> None:
    """What was asked in a talk is answered where it can be read."""
    inviting.follow_talks(event.stream_id or 0)


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


# --- closing the loop


@subscribe("survey.answered")
def hear_of_answer(event: Event) -> None:
    """A low answer opens a recovery; a better one, before anybody began, takes it back."""
    answers = Response.objects.select_related("invitation")
    if response := answers.filter(invitation=event.facts.get("invitation")).first():
        opening_recoveries.open_for_answer(response, at=event.at)


@subscribe("complaint.received")
def hear_of_complaint(event: Event) -> None:
    """A complaint is somebody who was let down."""
    ticket = Ticket.objects.filter(pk=event.stream_id or 0).first()
    if ticket is not None and not ticket.is_removed:
        opening_recoveries.open_by_hand(ticket, actor=None, source=RecoverySource.COMPLAINT, at=event.at)


@subscribe("message.replied", "message.withdrawn")
def hear_of_word(event: Event) -> None:
    """The first word to the customer takes their recovery up; a word taken back was none."""
    if event.stream_id:
        recovering.hear_reply(event.stream_id)


@subscribe("ticket.merged")
def move_recovery(event: Event) -> None:
    """What goes on about a ticket goes on where it goes on."""
    opening_recoveries.follow_ticket(event.stream_id or 0, event.facts["into"])


@subscribe("ticket.spammed", "ticket.deleted")
def leave_recovery(event: Event) -> None:
    """Nobody is recovered whose ticket is spam, or in the trash."""
    if ticket := Ticket.objects.filter(pk=event.stream_id or 0).first():
        opening_recoveries.leave_removed(ticket)


@subscribe("recovery.closed")
def ask_how_it_is_now(event: Event) -> None:
    """When a recovery is over, the same question once more, where its survey says so."""
    over = (Outcome.RECOVERED, Outcome.NOT_RECOVERED)
    closed = Recovery.objects.filter(state=RecoveryState.CLOSED, outcome__in=over, response__isnull=False)
    found = closed.select_related("ticket__inbox", "response", "customer").filter(pk=event.facts["recovery"]).first()
    if found is not None:
        inviting.ask_again(found)


@subscribe_batch("recovery.*")
def tell_of_recoveries(events: Sequence[Event]) -> None:
    """Whom it concerns is told; of one about no ticket on the customer's latest ticket in its inbox, else elsewhere; of
    one whose customer has none, by itself."""
    loose = {event.pk: event.facts["recovery"] for event in events if not event.stream_id}
    recoveries = Recovery.objects.in_bulk(set(loose.values())) if loose else {}
    on = {
        event: number
        for event, pk in loose.items()
        if (one := recoveries.get(pk)) and (number := opening_recoveries.latest_ticket(one)) is not None
    }
    alone = {event: recoveries[pk].inbox_id for event, pk in loose.items() if event not in on and pk in recoveries}
    notifying.tell(events, on=on, inboxes=alone)
