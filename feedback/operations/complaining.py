"""Complaints, as ISO 10002 wants them handled: received, acknowledged, decided, closed with consent or without.

A ticket of the type complaint is one; there is nothing else to mark. The clock begins with the customer's last words
before it was so marked.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from feedback.models import Complaint, ReasonCode
from helpdesk import clock
from helpdesk.calendars import BusinessCalendar
from helpdesk.events import history, record
from helpdesk.models import Agent
from tickets import hours, texts
from tickets.models import Inbox, Message, MessageKind, Ticket, TicketType
from tickets.operations.status import NotPossible, must_work_tickets

MOST_OUTCOME = 5_000
#: no calendar is shut longer
_LONGEST_DAYS = 120


def acknowledge_by(inbox: Inbox, received_at: datetime) -> datetime:
    """The end of the last working day for it; without hours of its own an inbox works from Monday to Friday."""
    return end_of_days(hours.business(inbox.calendar_id) if inbox.calendar_id else None, received_at)


def end_of_days(calendar: BusinessCalendar | None, received_at: datetime) -> datetime:
    """The same by a calendar."""
    zone = ZoneInfo(calendar.zone if calendar else settings.TIME_ZONE)
    day, left = received_at.astimezone(zone).date(), settings.COMPLAINT_DAYS
    for _day in range(_LONGEST_DAYS):
        if left <= 0:
            break
        day += timedelta(days=1)
        left -= bool(calendar.hours_on(day)) if calendar else day.weekday() < 5
    return datetime.combine(day + timedelta(days=1), time(), zone)


# ---------------------------------------------------------------------- following the ticket


@transaction.atomic
def follow(ticket: Ticket, *, actor: Agent | None = None) -> Complaint | None:
    """Let the complaint be what the ticket's type says: there, or withdrawn. Twice is as once."""
    ticket = Ticket.objects.locked(ticket.pk)
    kept = Complaint.objects.select_for_update(no_key=True).filter(ticket=ticket).first()
    if ticket.type == TicketType.COMPLAINT:
        return _receive(ticket, kept, actor)
    if kept is not None and kept.withdrawn_at is None:
        kept.withdrawn_at = clock.now()
        kept.save(update_fields=["withdrawn_at"])
        record("complaint.withdrawn", ticket, actor=actor, complaint=kept.pk)
    return kept


def _receive(ticket: Ticket, kept: Complaint | None, actor: Agent | None) -> Complaint:
    if kept is not None and kept.withdrawn_at is None:
        return kept
    if kept is None:
        said = Message.objects.filter(ticket=ticket, kind=MessageKind.INCOMING, is_automated=False)
        last = said.order_by("-created_at", "-pk").values_list("created_at", flat=True).first()
        received_at = last or ticket.created_at
        kept = Complaint(
            ticket=ticket, received_at=received_at, acknowledge_by=acknowledge_by(ticket.inbox, received_at)
        )
    kept.withdrawn_at = None
    kept.save()
    assert kept.acknowledge_by is not None
    record(
        "complaint.received", ticket, actor=actor, complaint=kept.pk, received_at=kept.received_at.isoformat(),
        acknowledge_by=kept.acknowledge_by.isoformat(),
    )  # fmt: skip
    _hear_answers(ticket, kept)
    return kept


@transaction.atomic
def hear_answers(ticket: Ticket) -> Complaint | None:
    """The first answer of a person acknowledges a complaint; one that was taken back did not."""
    if not Complaint.objects.filter(ticket=ticket).exists():
        return None
    ticket = Ticket.objects.locked(ticket.pk)
    kept = Complaint.objects.select_for_update(no_key=True).get(ticket=ticket)
    if kept.withdrawn_at is None:
        _hear_answers(ticket, kept)
    return kept


def _hear_answers(ticket: Ticket, kept: Complaint) -> None:
    if kept.is_acknowledged_by_hand or kept.decided_at is not None:
        return
    answers = Message.objects.filter(
        ticket=ticket, kind=MessageKind.REPLY, is_automated=False, author__isnull=False, withdrawn_at=None,
        created_at__gte=kept.received_at,
    )  # fmt: skip
    first = answers.order_by("created_at", "pk").first()
    at = first.created_at if first else None
    if at == kept.acknowledged_at:
        return
    kept.acknowledged_at = at
    kept.save(update_fields=["acknowledged_at"])
    if first is None:
        record("complaint.unacknowledged", ticket, actor=None, complaint=kept.pk)
    else:
        record("complaint.acknowledged", ticket, actor=first.author, complaint=kept.pk, by="answer", late=kept.is_late)


@transaction.atomic
def move(source: Ticket, into: Ticket) -> Complaint | None:
    """Its ticket went into another one: so does the complaint. Where there is one already, two become one."""
    both = Ticket.objects.all_locked([source.pk, into.pk])
    found = _of_tickets(both)
    kept, there = found.get(source.pk), found.get(into.pk)
    if kept is None or kept.withdrawn_at is not None or len(both) < 2:
        return None
    if there is not None:
        return _join(kept, there, both[source.pk], both[into.pk])
    _put(kept, both[into.pk])
    return kept


def _of_tickets(tickets: Mapping[int, Ticket]) -> dict[int, Complaint]:
    found = Complaint.objects.select_for_update(no_key=True).filter(ticket__in=tickets).order_by("pk")
    return {one.ticket_id: one for one in found}


def _put(kept: Complaint, ticket: Ticket) -> None:
    was, kept.ticket = kept.ticket_id, ticket
    kept.save(update_fields=["ticket"])
    record("complaint.moved", ticket, actor=None, complaint=kept.pk, was=was)
    _hear_answers(ticket, kept)


#: what a complaint that was withdrawn takes over from one that stands
_STEPS = (
    "received_at", "acknowledge_by", "acknowledged_at", "is_acknowledged_by_hand", "decided_at", "finding", "outcome",
    "closed_at", "is_agreed", "reason_id",
)  # fmt: skip


def _join(kept: Complaint, there: Complaint, source: Ticket, into: Ticket) -> Complaint:
    """One matter: the clock began with the first of the two, and it is not over while one of them is not."""
    was = {
        "received_at": there.received_at.isoformat(),
        "acknowledge_by": there.acknowledge_by.isoformat() if there.acknowledge_by else None,
        "withdrawn": there.withdrawn_at is not None,
    }
    if there.withdrawn_at is not None:
        there.withdrawn_at = None
        for name in _STEPS:
            setattr(there, name, getattr(kept, name))
    else:
        if kept.received_at < there.received_at:
            there.received_at, there.acknowledge_by = kept.received_at, kept.acknowledge_by
        if kept.closed_at is None:
            there.closed_at = there.is_agreed = None
    there.save()
    record("complaint.joined", into, actor=None, complaint=there.pk, source=source.pk, was=was)
    kept.withdrawn_at = clock.now()
    kept.save(update_fields=["withdrawn_at"])
    record("complaint.withdrawn", source, actor=None, complaint=kept.pk)
    _hear_answers(into, there)
    return there


@transaction.atomic
def move_back(source: Ticket, out_of: Ticket) -> Complaint | None:
    """Two tickets are two again: each has its own complaint, as far as it had one. Twice is as once."""
    both = Ticket.objects.all_locked([source.pk, out_of.pk])
    found = _of_tickets(both)
    mine, there = found.get(source.pk), found.get(out_of.pk)
    if len(both) < 2 or there is None:
        return None
    moves = [
        event for event in history(out_of.pk, ["complaint.moved", "complaint.joined"])
        if event.facts["complaint"] == there.pk and source.pk in (event.facts.get("was"), event.facts.get("source"))
    ]  # fmt: skip
    if not moves:
        return None
    if moves[-1].verb == "complaint.moved":
        if mine is None:
            _put(there, both[source.pk])
        return there
    if mine is None or mine.withdrawn_at is None:
        return mine
    _part(there, moves[-1].facts["was"], both[out_of.pk])
    return _receive(both[source.pk], mine, None)


def _part(there: Complaint, was: Mapping[str, Any], ticket: Ticket) -> None:
    """Be what it was before another one was joined to it."""
    there.received_at = datetime.fromisoformat(was["received_at"])
    there.acknowledge_by = datetime.fromisoformat(was["acknowledge_by"]) if was["acknowledge_by"] else None
    if was["withdrawn"]:
        there.withdrawn_at = clock.now()
    there.save(update_fields=["received_at", "acknowledge_by", "withdrawn_at"])
    record("complaint.parted", ticket, actor=None, complaint=there.pk)
    if there.withdrawn_at is None:
        _hear_answers(ticket, there)


# ---------------------------------------------------------------------- the steps


@transaction.atomic
def acknowledge(complaint: Complaint, *, actor: Agent) -> Complaint:
    """Say that the customer was told that it came, by whatever way."""
    ticket, complaint = _locked(complaint, actor)
    if complaint.acknowledged_at is None:
        complaint.acknowledged_at, complaint.is_acknowledged_by_hand = clock.now(), True
        complaint.save(update_fields=["acknowledged_at", "is_acknowledged_by_hand"])
        record("complaint.acknowledged", ticket, actor=actor, complaint=complaint.pk, by="hand", late=complaint.is_late)
    return complaint


@transaction.atomic
def unacknowledge(complaint: Complaint, *, actor: Agent) -> Complaint:
    """Take that back. What an answer said stays said."""
    ticket, complaint = _locked(complaint, actor)
    if complaint.is_acknowledged_by_hand and complaint.decided_at is None:
        complaint.acknowledged_at, complaint.is_acknowledged_by_hand = None, False
        complaint.save(update_fields=["acknowledged_at", "is_acknowledged_by_hand"])
        record("complaint.unacknowledged", ticket, actor=actor, complaint=complaint.pk)
        _hear_answers(ticket, complaint)
    return complaint


@transaction.atomic
def decide(
    complaint: Complaint, *, finding: str, actor: Agent, outcome: str = "", reason: ReasonCode | None = None
) -> Complaint:
    """Keep what was found and what the customer was told; that acknowledges it too. Raises NotPossible."""
    ticket, complaint = _locked(complaint, actor)
    if finding not in Complaint.Finding.values:
        raise NotPossible(_("Choose what was found: upheld, partly, or not."))
    if complaint.closed_at is not None:
        raise NotPossible(_("The complaint is closed: open it again first."))
    outcome = texts.clean(outcome).strip()[:MOST_OUTCOME]
    says = (finding, outcome, reason.pk if reason else None)
    if complaint.decided_at is not None and says == (complaint.finding, complaint.outcome, complaint.reason_id):
        return complaint
    was = complaint.finding
    complaint.finding, complaint.outcome, complaint.reason = finding, outcome, reason
    complaint.decided_at = complaint.decided_at or clock.now()
    if complaint.acknowledged_at is None:
        complaint.acknowledged_at, complaint.is_acknowledged_by_hand = complaint.decided_at, True
    complaint.save()
    record(
        "complaint.decided", ticket, actor=actor, complaint=complaint.pk, finding=finding, was=was,
        reason=complaint.reason_id, department=reason.department_id if reason else None,
        in_control=reason.in_control if reason else None,
    )  # fmt: skip
    return complaint


@transaction.atomic
def undecide(complaint: Complaint, *, actor: Agent) -> Complaint:
    """Nothing is decided yet, after all."""
    ticket, complaint = _locked(complaint, actor)
    if complaint.decided_at is None:
        return complaint
    if complaint.closed_at is not None:
        raise NotPossible(_("The complaint is closed: open it again first."))
    was, complaint.finding, complaint.decided_at = complaint.finding, "", None
    complaint.save(update_fields=["finding", "decided_at"])
    record("complaint.undecided", ticket, actor=actor, complaint=complaint.pk, was=was)
    return complaint


@transaction.atomic
def close(complaint: Complaint, *, is_agreed: bool | None, actor: Agent) -> Complaint:
    """Close it, with the customer's consent, without, or not knowing. Raises NotPossible before it is decided."""
    ticket, complaint = _locked(complaint, actor)
    if complaint.decided_at is None:
        raise NotPossible(_("Say first what was decided."))
    if complaint.closed_at is not None and complaint.is_agreed == is_agreed:
        return complaint
    complaint.closed_at, complaint.is_agreed = complaint.closed_at or clock.now(), is_agreed
    complaint.save(update_fields=["closed_at", "is_agreed"])
    record("complaint.closed", ticket, actor=actor, complaint=complaint.pk, agreed=is_agreed)
    return complaint


@transaction.atomic
def reopen(complaint: Complaint, *, actor: Agent) -> Complaint:
    """It is not closed, after all."""
    ticket, complaint = _locked(complaint, actor)
    if complaint.closed_at is not None:
        complaint.closed_at = complaint.is_agreed = None
        complaint.save(update_fields=["closed_at", "is_agreed"])
        record("complaint.reopened", ticket, actor=actor, complaint=complaint.pk)
    return complaint


def _locked(complaint: Complaint, actor: Agent) -> tuple[Ticket, Complaint]:
    ticket = Ticket.objects.locked(complaint.ticket_id)
    must_work_tickets(actor, ticket)
    complaint = Complaint.objects.select_for_update(no_key=True).get(pk=complaint.pk)
    if complaint.withdrawn_at is not None:
        raise NotPossible(_("This ticket is no complaint."))
    return ticket, complaint
