"""Sending what is due, and hearing how it went."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef

from feedback import mail
from feedback.models import Invitation, InvitationState, Reason
from feedback.operations import balloting
from feedback.operations.asking import because, why_not
from feedback.operations.inviting import take_back
from helpdesk import clock
from helpdesk.events import draft, record, record_many
from tickets import minting
from tickets.models import ContactPoint, Conversation, MessageKind, OutgoingMail, Status, Ticket
from tickets.operations import budget, chatting, posting, sending

log = structlog.get_logger(__name__)

BATCH = 500
_RETRY = timedelta(minutes=10)
#: who left a chat longer ago is asked there, should they come back, and nowhere else
_UNSEEN_FOR = timedelta(days=1)


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
    talk = _talk_of(invitation)
    channel = invitation.channel
    if invitation.due_at > now:  # it goes by mail, and when mail does
        return False
    reason = (
        (Reason.CLOSED if channel != "email" and talk is None else None)
        or why_not(invitation.customer_id, ticket, invitation.recipient, channel=channel)
        or because(budget.draw(invitation.recipient, OutgoingMail.Purpose.SURVEY, at=now, channel=channel))
    )
    if reason:
        take_back(invitation, reason)
        return False
    if talk is not None:
        return _ask_in(talk, invitation, now)
    is_anonymous = invitation.survey.is_anonymous
    ballot = balloting.hand_out(invitation) if is_anonymous else ""
    written = mail.write(invitation, ballot=ballot, days=balloting.promised(invitation.survey) if is_anonymous else 0)
    invitation.mail = sending.enqueue(
        inbox=invitation.inbox,
        ticket=None if is_anonymous else ticket,
        to=invitation.recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        purpose=OutgoingMail.Purpose.SURVEY,
        headers=written.headers,
    )
    invitation.state, invitation.queued_at = InvitationState.QUEUED, now
    invitation.expires_at = _runs_out(invitation, now)
    invitation.save(update_fields=["mail", "state", "queued_at", "expires_at"])
    return True


def _talk_of(invitation: Invitation) -> Conversation | None:
    """The talk it goes into now. One that is closed meanwhile is left, for the mail where there is an address."""
    ticket = invitation.ticket
    if invitation.channel == "email" or ticket is None:
        return None
    ways = [one for one in posting.routes(ticket) if one.talk and one.talk.pk == invitation.talk_id and not one.closed]
    if ways and not ways[0].is_public and not _has_left(ways[0]):
        return ways[0].talk
    if address := next(iter(sending.recipients(ticket)), ""):
        _leave_to_mail(invitation, address, is_late=bool(ways) and _has_left(ways[0]))
    return None


def _has_left(way: posting.Route) -> bool:
    """What is asked in our own chat is seen by who is there."""
    return way.can.is_at_home and way.talk is not None and not chatting.is_here(way.talk)


def _leave_to_mail(invitation: Invitation, address: str, *, is_late: bool) -> None:
    """Ask by mail instead; who left a chat, as late as everybody who is asked by mail."""
    invitation.channel, invitation.recipient = "email", address
    if is_late:
        invitation.due_at = max(invitation.occasion_at + invitation.survey.delay, clock.now())
    invitation.save(update_fields=["channel", "recipient", "due_at"])


def mail_unseen() -> int:
    """Who was asked in a chat and left before they saw it is asked by mail, where they have an address.

    Returns how many. What nobody saw is given back to the budget: it is drawn upon again for the mail.
    """
    now = clock.now()
    unseen = Invitation.objects.filter(
        channel="chat", state__in=[InvitationState.QUEUED, InvitationState.SENT], queued_at__gt=now - _UNSEEN_FOR,
        talk__visitor__here_at__lt=now - chatting.AWAY, mail__deliveries__seen_at=None,
    ).filter(Exists(ContactPoint.objects.filter(customer=OuterRef("ticket__customer"), channel="email")))  # fmt: skip
    return sum(_mail_unseen(pk) for pk in list(unseen.values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _mail_unseen(pk: int) -> bool:
    invitation = (
        Invitation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("survey", "ticket__inbox", "talk")
        .filter(pk=pk, channel="chat", state__in=[InvitationState.QUEUED, InvitationState.SENT])
        .first()
    )
    if invitation is None or invitation.ticket is None or invitation.talk is None or chatting.is_here(invitation.talk):
        return False
    address = next(iter(sending.recipients(invitation.ticket)), "")
    if not address:
        return False
    budget.give_back(invitation.recipient, OutgoingMail.Purpose.SURVEY, channel=invitation.channel)
    _leave_to_mail(invitation, address, is_late=True)
    invitation.state, invitation.queued_at, invitation.sent_at, invitation.mail = (
        InvitationState.WAITING,
        None,
        None,
        None,
    )
    invitation.expires_at = None
    invitation.save(update_fields=["state", "queued_at", "sent_at", "mail", "expires_at"])
    record("survey.left_to_mail", invitation.subject, actor=None, **invitation.facts)
    return True


def is_left_to_mail(invitation: Invitation) -> bool:
    """Whether somebody was asked in a chat, and left before they saw it, and the mail is not written yet."""
    return (
        invitation.state == InvitationState.WAITING and invitation.channel == "email" and invitation.talk_id is not None
    )


@transaction.atomic
def saw_it_after_all(invitation: Invitation) -> None:
    """Who was thought to have left answers in the chat: no mail is written, and it counts as asked there."""
    waiting = Invitation.objects.select_for_update(of=("self",)).select_related("survey", "talk__inbox", "talk__point")
    locked = waiting.get(pk=invitation.pk)
    if not is_left_to_mail(locked) or locked.talk is None:
        return
    locked.channel, locked.recipient = locked.talk.inbox.channel, locked.talk.point.address
    locked.state, locked.queued_at, locked.sent_at = InvitationState.SENT, locked.occasion_at, locked.occasion_at
    locked.expires_at = _runs_out(locked, clock.now())
    locked.save(update_fields=["channel", "recipient", "state", "queued_at", "sent_at", "expires_at"])


def _ask_in(talk: Conversation, invitation: Invitation, now: datetime) -> bool:
    """Ask with one short message in a talk."""
    invitation.mail = posting.write(
        talk, ticket=invitation.ticket, text=mail.write_short(invitation), purpose=OutgoingMail.Purpose.SURVEY,
        message_id=minting.message_id(talk.inbox.mail_domain),
    )  # fmt: skip
    invitation.state, invitation.queued_at = InvitationState.QUEUED, now
    invitation.expires_at = _runs_out(invitation, now)
    invitation.save(update_fields=["mail", "state", "queued_at", "expires_at"])
    return True


def _runs_out(invitation: Invitation, at: datetime) -> datetime | None:
    """From when on it cannot be answered; an anonymous one never is, so it does not run out either."""
    return None if invitation.survey.is_anonymous else at + timedelta(days=invitation.survey.valid_days)


def remind_silent() -> int:
    """Remind, once, of whom it is time. Returns how many. Any number of processes may run it at once."""
    count = 0
    for pk in list(Invitation.objects.to_remind(clock.now()).values_list("pk", flat=True)[:BATCH]):
        try:
            count += _remind(pk)
        except Exception:  # one that cannot be reminded must not hold up the others
            log.exception("a reminder could not be written; it is tried again later", invitation=pk)
    return count


@transaction.atomic
def _remind(pk: int) -> bool:
    """Write the one reminder, where nothing is new on the ticket and the person may get a mail of ours today.

    Where that is not so now it is looked at again the next time, as long as the question can be answered.
    """
    now = clock.now()
    invitation = (
        Invitation.objects.to_remind(now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("survey__sends_from", "ticket__inbox", "customer")
        .filter(pk=pk)
        .first()
    )
    if invitation is None or invitation.inbox.is_quiet:
        return False
    if _is_news(invitation) or why_not(invitation.customer_id, invitation.ticket, invitation.recipient):
        return False
    if budget.draw(invitation.recipient, OutgoingMail.Purpose.SURVEY, at=now):
        return False
    assert invitation.expires_at is not None  # or it were not to be reminded of
    written = mail.write(invitation, is_reminder=True, days=max((invitation.expires_at - now).days, 1))
    invitation.reminder_mail = sending.enqueue(
        inbox=invitation.inbox, ticket=invitation.ticket, to=invitation.recipient, subject=written.subject,
        text=written.text, html=written.html, purpose=OutgoingMail.Purpose.SURVEY, headers=written.headers,
    )  # fmt: skip
    invitation.reminded_at = now
    invitation.save(update_fields=["reminder_mail", "reminded_at"])
    record("survey.reminded", invitation.subject, actor=None, **invitation.facts)
    return True


def _is_news(invitation: Invitation) -> bool:
    """Whether the ticket went on since the question was sent: then an answer to it is not what we wait for."""
    ticket = invitation.ticket
    if ticket is None:
        return False
    if ticket.status not in (Status.RESOLVED, Status.CLOSED):
        return True
    said = ticket.messages.filter(kind__in=[MessageKind.INCOMING, MessageKind.REPLY], is_automated=False)
    return said.filter(created_at__gt=invitation.queued_at).exists()


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
    balloting.burn_letter(mail_id)
    if invitation is None or invitation.sent_at is not None:
        return
    invitation.sent_at = at
    invitation.expires_at = _runs_out(invitation, at)
    if invitation.state == InvitationState.QUEUED:
        invitation.state, invitation.reason = InvitationState.SENT, ""
    invitation.save(update_fields=["sent_at", "expires_at", "state", "reason"])
    record("survey.sent", invitation.subject, actor=None, at=at, **invitation.facts)


@transaction.atomic
def not_delivered(mail_id: int) -> None:
    """The mail was refused for good. Somebody who answered all the same was reached."""
    invitation = _of_mail(mail_id)
    balloting.burn_letter(mail_id)
    if invitation is not None and invitation.state in (InvitationState.QUEUED, InvitationState.SENT):
        _bounce(invitation, Reason.NOT_DELIVERED)


@transaction.atomic
def uncertain(mail_id: int) -> None:
    """Nobody can know whether the mail arrived: it can be answered, and is not sent again."""
    invitation = _of_mail(mail_id)
    balloting.burn_letter(mail_id)
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
        Invitation.objects.run_out(clock.now())
        .select_for_update(skip_locked=True, of=("self",))  # by the rows as they are now: an answer may have come
        .select_related("ticket", "survey")[:1000]
    )
    Invitation.objects.filter(pk__in=[i.pk for i in late]).update(state=InvitationState.EXPIRED)
    record_many(
        [draft("survey.expired", i.subject, actor=None, **i.facts) for i in late],
        audiences=[i.ticket.ledger_audience if i.ticket else "" for i in late],
    )
    return len(late)
