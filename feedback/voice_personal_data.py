"""What the voice keeps of customers: what they said of us and what they complained of."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from feedback.models import Complaint, QualityReview, Remark, RemarkTopic, TicketTopic
from tickets import registry
from tickets.registry import PersonalData, Subject


def _remarks(subject: Subject) -> "QuerySet[Remark]":
    return Remark.objects.filter(Q(customer__in=subject.customers) | Q(ticket__in=subject.tickets))


def count(subject: Subject) -> int:
    """How many remarks there are."""
    return _remarks(subject).count()


def export(subject: Subject) -> list[dict[str, Any]]:
    """What they said, where it came from, and what we took it to be about."""
    found = _remarks(subject).prefetch_related("topics").order_by("pk")
    return [
        {
            "ticket": one.ticket_id, "said_at": one.said_at, "source": one.source, "text": one.text, "score": one.score,
            "topics": [topic.name for topic in one.topics.all()],
        }
        for one in found
    ]  # fmt: skip


def erase(subject: Subject) -> None:
    """The words go, and those that were found in them; scores, topics and times stay, as figures are made of them."""
    found = _remarks(subject)
    RemarkTopic.objects.filter(remark__in=found).update(found="")
    TicketTopic.objects.filter(ticket__in=subject.tickets).update(found="")
    found.update(text="")
    # what agents wrote of their tickets may name them
    QualityReview.objects.filter(ticket__in=subject.tickets).update(comment="", reply="")


def _complaints(subject: Subject) -> "QuerySet[Complaint]":
    return Complaint.objects.filter(ticket__in=subject.tickets)


def count_complaints(subject: Subject) -> int:
    """How many complaints there are."""
    return _complaints(subject).count()


def export_complaints(subject: Subject) -> list[dict[str, Any]]:
    """Each complaint, its steps, and what it came to."""
    return [
        {
            "ticket": one.ticket_id, "received_at": one.received_at, "acknowledged_at": one.acknowledged_at,
            "decided_at": one.decided_at, "finding": one.finding or None, "outcome": one.outcome,
            "closed_at": one.closed_at, "agreed": one.is_agreed,
        }
        for one in _complaints(subject).order_by("pk")
    ]  # fmt: skip


def erase_complaints(subject: Subject) -> None:
    """What they were told goes; the steps stay."""
    _complaints(subject).update(outcome="")


registry.personal_data(PersonalData(_("Remarks"), count, export, erase))
registry.personal_data(PersonalData(_("Complaints"), count_complaints, export_complaints, erase_complaints))
