"""What feedback keeps of customers: what they answered, for those who ask, and until they want to be forgotten."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from feedback.models import Invitation, Response
from tickets import registry
from tickets.registry import PersonalData, Subject


def count(subject: Subject) -> int:
    """How many answers there are."""
    return Response.objects.filter(invitation__ticket__in=subject.tickets).count()


def export(subject: Subject) -> list[dict[str, Any]]:
    """Each asking, and what was answered."""
    asked = Invitation.objects.filter(ticket__in=subject.tickets).select_related("survey", "response").order_by("pk")
    return [
        {
            "ticket": one.ticket_id, "survey": one.survey.words, "asked_at": one.sent_at, "sent_to": one.recipient,
            **(
                {"answered_at": one.response.answered_at, "score": one.response.score, "comment": one.response.comment}
                if hasattr(one, "response")
                else {}
            ),
        }
        for one in asked
    ]  # fmt: skip


def erase(subject: Subject) -> None:
    """Comments and addresses go; scores stay, as figures are made of them."""
    Response.objects.filter(invitation__ticket__in=subject.tickets).update(comment="")
    Invitation.objects.filter(ticket__in=subject.tickets).update(recipient="")
    Invitation.objects.filter(recipient__in=subject.addresses).update(recipient="")


registry.personal_data(PersonalData(_("Survey answers"), count, export, erase))
