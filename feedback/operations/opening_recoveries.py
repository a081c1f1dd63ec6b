"""Opening recoveries: somebody was let down, and somebody else is to take care of it, until when."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from feedback.models import (
    NOT_OVER,
    Department,
    Outcome,
    ReasonCode,
    Recovery,
    RecoveryReview,
    RecoverySource,
    Response,
    ReviewRule,
    SurveyKind,
)
from feedback.operations import recovering
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import hours
from tickets.models import ChannelMessage, Customer, Inbox, Message, Ticket
from tickets.operations.status import NotPossible, must_work_tickets

#: to be taken up within, where no survey says it
HOURS = 24
_SOURCES = {SurveyKind.CES: RecoverySource.HIGH_EFFORT, SurveyKind.NPS: RecoverySource.DETRACTOR}


@transaction.atomic
def open_for_answer(response: Response, *, at: datetime | None = None) -> Recovery | None:
    """Open a recovery for a low answer, where its survey wants that; take it back where the customer thought better.

    It looks at the answer as it is now, so it may be called as often as anybody hears of it. None where there is none.
    """
    ticket_id = response.invitation.ticket_id
    if ticket_id is not None:
        Ticket.objects.locked(ticket_id)
    response = (
        Response.objects.select_for_update(of=("self",))
        .select_related("invitation__survey__recovery_owner", "invitation__ticket__inbox", "invitation__customer",
                        "reason__department")
        .get(pk=response.pk)
    )  # fmt: skip
    survey, invitation = response.invitation.survey, response.invitation
    if survey.is_anonymous or not survey.opens_recovery or invitation.recovery_id is not None:
        return None  # the answer to the second question belongs to the recovery it asks about
    known = Recovery.objects.filter(response=response).first()
    if not response.is_low:
        return recovering.withdraw(known) if known else None
    if known is not None and response.reason_id and known.reason_id is None and not known.is_closed:
        known = recovering.explain(known, reason=response.reason, actor=None)
    if known is not None:
        return recovering.again(known) if known.outcome == Outcome.NOT_NEEDED and known.taken_up_at is None else known
    return _open(
        customer=invitation.customer, ticket=invitation.ticket, inbox=invitation.inbox, response=response,
        source=_SOURCES.get(SurveyKind(survey.kind), RecoverySource.LOW_SCORE), reason=response.reason,
        rated=response.agent if survey.spares_rated_agent else None, within=survey.recovery_hours,
        owner=survey.recovery_owner, actor=None, at=at,
    )  # fmt: skip


@transaction.atomic
def open_by_hand(
    ticket: Ticket, *, actor: Agent | None, source: RecoverySource = RecoverySource.AGENT,
    reason: ReasonCode | None = None, owner: Agent | None = None, at: datetime | None = None,
) -> Recovery:  # fmt: skip
    """Open a recovery about a ticket; the one it has while that is not over. Raises NotPossible for who only reads.

    Complaints and bad reviews open theirs by this door, with their `source`.
    """
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.is_removed:
        raise NotPossible(_("This ticket is spam or in the trash."))
    if at and (known := Recovery.objects.filter(ticket=ticket, source=source, opened_at=at).first()):
        return known  # heard of twice
    inbox = Inbox.objects.get(pk=ticket.inbox_id)
    return _open(
        customer=ticket.customer, ticket=ticket, inbox=inbox, response=None, source=source, reason=reason, rated=None,
        within=HOURS, owner=owner, actor=actor, at=at,
    )  # fmt: skip


@transaction.atomic
def open_for_review(message_id: int, *, at: datetime | None = None) -> Recovery | None:
    """Open a recovery for a review of few stars, where the inbox it came to wants that; take it back for a better one.

    Where a recovery of its ticket goes on, the review is a matter of that one: one customer is spoken with once. It is
    taken back when none of its reviews is bad any more. One that comes after all is over opens its own.
    It looks at the review as it is now, so it may be called as often as anybody hears of it. None where there is none.
    """
    row = ChannelMessage.objects.filter(message=message_id, part=0, facts__has_key="stars").first()
    rule = ReviewRule.objects.select_related("owner").filter(inbox=row.inbox_id).first() if row else None
    if row is None or rule is None:
        return None
    message = Message.objects.get(pk=message_id)
    ticket = Ticket.objects.locked(message.ticket_id)
    link = RecoveryReview.objects.select_related("recovery").filter(message=message).first()
    known = link.recovery if link else None
    if not _is_bad(row, rule):
        return _think_better(known, rule) if known else None
    standing = Recovery.objects.standing().filter(ticket=ticket).first()
    if known is not None:
        if known.outcome != Outcome.NOT_NEEDED or known.taken_up_at is not None:
            return known
        if standing is None:
            return recovering.again(known)
    elif ticket.is_removed or (message.claimed_at or message.created_at) < rule.since:
        return None
    stars = int(row.facts["stars"])
    recovery = standing or _open(
        customer=ticket.customer, ticket=ticket, inbox=Inbox.objects.get(pk=ticket.inbox_id), response=None,
        source=RecoverySource.REVIEW, reason=None, rated=None, within=rule.hours, owner=rule.owner, actor=None, at=at,
        score=stars,
    )  # fmt: skip
    RecoveryReview.objects.update_or_create(message=message, defaults={"recovery": recovery})
    if standing is not None and standing != known:
        record("recovery.joined", ticket, actor=None, recovery=standing.pk, message=message.pk, score=stars)
    return recovery


def _is_bad(row: ChannelMessage, rule: ReviewRule) -> bool:
    stars = row.facts.get("stars")
    return isinstance(stars, int) and stars <= rule.up_to and row.deleted_at is None


def _think_better(recovery: Recovery, rule: ReviewRule) -> Recovery:
    """A review is bad no more: what it opened is not needed, unless another one of it is bad still."""
    rows = ChannelMessage.objects.filter(message__recovery_review__recovery=recovery, part=0)
    if recovery.source != RecoverySource.REVIEW or any(_is_bad(one, rule) for one in rows):
        return recovery
    return recovering.withdraw(recovery)


def _open(
    *, customer: Customer, ticket: Ticket | None, inbox: Inbox, response: Response | None, source: RecoverySource,
    reason: ReasonCode | None, rated: Agent | None, within: int, owner: Agent | None, actor: Agent | None,
    at: datetime | None, score: int | None = None,
) -> Recovery:  # fmt: skip
    if ticket is not None and (open_now := Recovery.objects.standing().filter(ticket=ticket).first()):
        return open_now
    at = at or clock.now()
    department = reason.department if reason else None
    recovery = Recovery.objects.create(
        customer=customer, ticket=ticket, inbox=inbox, response=response, source=source, reason=reason,
        department=department, in_control=reason.in_control if reason else None, rated_agent=rated, opened_at=at,
        due_at=due(inbox, at, within), opened_by=actor,
        owner=first_owner(
            inbox, ticket, department, recovering.spared(response, rated.pk if rated else None), wanted=owner
        ),
    )  # fmt: skip
    record(
        "recovery.opened", recovery.subject, actor=actor, at=at, recovery=recovery.pk, source=str(source),
        customer=customer.pk, owner=recovery.owner_id, department=recovery.department_id,
        reason=recovery.reason_id, in_control=recovery.in_control, due_at=recovery.due_at.isoformat(),
        score=response.score if response else score, rated_agent=rated.pk if rated else None,
    )  # fmt: skip
    return recovery


def due(inbox: Inbox, at: datetime, within: int) -> datetime:
    """By when it should be taken up: so many hours of the inbox's business time. One that never opens counts all."""
    try:
        return hours.business(inbox.calendar_id).due(at, within * 3600)
    except ValueError:
        return at + timedelta(hours=within)


def first_owner(
    inbox: Inbox, ticket: Ticket | None, department: Department | None, spared: Iterable[int], *,
    wanted: Agent | None = None,
) -> Agent | None:  # fmt: skip
    """Whose it is at first: who is named for it, else the ticket's agent, else who has least to do in the department.

    Never who is spared since their help was rated, nobody who left or is away, and nobody who may not see it.
    """
    may = recovering.could_own(inbox.pk, department, spared).filter(is_away=False)
    for one in (wanted.pk if wanted else None, ticket.assignee_id if ticket else None):
        if one and (found := may.filter(pk=one).first()):
            return found
    if department is None:
        return None
    theirs = may.filter(departments=department)
    load = Count("recoveries", filter=Q(recoveries__state__in=NOT_OVER))
    return theirs.annotate(load=load).order_by("load", "pk").first()


def latest_ticket(recovery: Recovery) -> int | None:
    """The customer's latest ticket in the inbox of a recovery; where they never wrote to it, the latest of all that its
    owner may see."""
    theirs = Ticket.objects.filter(customer=recovery.customer_id, removed_at=None).order_by("-created_at", "-pk")
    found = theirs.filter(inbox=recovery.inbox_id).values_list("pk", flat=True).first()
    if found is None and recovery.owner is not None:
        found = theirs.filter(pk__in=Ticket.objects.visible_to(recovery.owner)).values_list("pk", flat=True).first()
    return found


@transaction.atomic
def follow_ticket(source: int, into: int) -> Recovery | None:
    """A ticket was merged into another: its recovery goes on there, unless one goes on there already."""
    tickets = Ticket.objects.all_locked({source, into})
    recovery = Recovery.objects.standing().select_for_update(of=("self",)).filter(ticket=source).first()
    if recovery is None or into not in tickets:
        return None
    if there := Recovery.objects.standing().filter(ticket=into).first():
        recovery = recovering.withdraw(recovery)
        if recovery.is_closed:
            _join(recovery, there)
        return recovery
    target = tickets[into]
    recovery.ticket, recovery.customer_id, recovery.inbox_id = target, target.customer_id, target.inbox_id
    recovery.version += 1
    recovery.save(update_fields=["ticket", "customer", "inbox", "version"])
    record("recovery.moved", target, actor=None, recovery=recovery.pk, was=source)
    return recovery


def _join(recovery: Recovery, other: Recovery) -> None:
    """The bad reviews of a recovery that is not needed are matters of another one."""
    for link in recovery.reviews.all():
        link.recovery = other
        link.save(update_fields=["recovery"])
        record("recovery.joined", other.subject, actor=None, recovery=other.pk, message=link.message_id)


@transaction.atomic
def leave_removed(ticket: Ticket) -> Recovery | None:
    """A ticket that is spam, or in the trash, needs no recovery."""
    recovery = Recovery.objects.standing().filter(ticket=ticket).first()
    return recovering.withdraw(recovery, even_worked=True) if recovery else None


@transaction.atomic
def follow_customers(source: int, target: int) -> int:
    """Two customers were made one, or two again: each recovery is of whom its ticket is, and one about no ticket of who
    was asked, whoever they are now. Returns how many moved.
    """
    theirs = Recovery.objects.filter(customer__in=[source, target])
    Ticket.objects.all_locked(theirs.filter(ticket__isnull=False).values_list("ticket", flat=True))
    Customer.objects.all_locked([source, target])
    # an answer before its recovery, where there is no ticket: see `Recovery.objects.locked`
    answers = theirs.filter(ticket=None, response__isnull=False).values_list("response", flat=True)
    list(Response.objects.select_for_update(of=("self",)).filter(pk__in=list(answers)).order_by("pk"))
    locked = theirs.select_for_update(of=("self",), no_key=True).order_by("pk")
    moved = 0
    for recovery in locked.select_related("ticket", "customer", "response__invitation__customer"):
        now = _whose(recovery)
        if now.pk == recovery.customer_id:
            continue
        was, recovery.customer = recovery.customer_id, now
        recovery.version += 1
        recovery.save(update_fields=["customer", "version"])
        record("recovery.moved", recovery.subject, actor=None, recovery=recovery.pk, was_customer=was)
        moved += 1
    return moved


def _whose(recovery: Recovery) -> Customer:
    if recovery.ticket is not None:
        return recovery.ticket.customer
    if recovery.response is None:
        return recovery.customer
    asked, seen = recovery.response.invitation.customer, set[int]()
    while asked.merged_into is not None and asked.pk not in seen:
        seen.add(asked.pk)
        asked = asked.merged_into
    return asked
