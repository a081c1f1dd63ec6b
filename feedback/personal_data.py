"""What feedback keeps of customers: what they answered, for those who ask, and until they want to be forgotten.

Anonymous ballots are not here: nobody can tell whose they are.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from feedback.models import AccountEvent, Hit, Invitation, OptOut, Recovery, RecoveryNote, Response
from tickets import registry
from tickets.registry import PersonalData, Subject


def _asked(subject: Subject) -> "QuerySet[Invitation]":
    """Askings after their tickets, and those of themselves after none."""
    return Invitation.objects.filter(Q(ticket__in=subject.tickets) | Q(ticket=None, customer__in=subject.customers))


def count(subject: Subject) -> int:
    """How many answers there are."""
    return Response.objects.filter(invitation__in=_asked(subject)).count()


def export(subject: Subject) -> list[dict[str, Any]]:
    """Each asking, and what was answered; and whether they want no more."""
    found = [_told(one) for one in _asked(subject).select_related("survey", "response__reason").order_by("pk")]
    if OptOut.objects.filter(customer__in=subject.customers).exists():
        found.append({"wants_no_surveys": True})
    return found


def _told(one: Invitation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ticket": one.ticket_id, "survey": one.survey.words, "state": one.get_state_display(),
        "reason": one.get_reason_display(), "asked_at": one.sent_at, "sent_to": one.recipient,
        "language": one.language, "opened_at": one.opened_at, "reminded_at": one.reminded_at,
    }  # fmt: skip
    if hasattr(one, "response"):
        answer = one.response
        told |= {
            "answered_at": answer.answered_at, "score": answer.score, "comment": answer.comment,
            "problem_solved": answer.is_solved, "because": answer.reason.name if answer.reason else None,
        }  # fmt: skip
    return told


def erase(subject: Subject) -> None:
    """Comments, addresses and what their programs are called go; scores stay, as figures are made of them."""
    asked = list(_asked(subject).values_list("pk", flat=True))
    Response.objects.filter(invitation__in=asked).update(comment="")
    Hit.objects.filter(invitation__in=asked).update(program="")
    Invitation.objects.filter(Q(pk__in=asked) | Q(recipient__in=subject.addresses)).update(recipient="")


def count_of_account(subject: Subject) -> int:
    """How many events of their account other systems told."""
    return AccountEvent.objects.filter(customer__in=subject.customers).count()


def export_of_account(subject: Subject) -> list[dict[str, Any]]:
    """Each event as it was told, void ones too."""
    told = AccountEvent.objects.filter(customer__in=subject.customers).order_by("at", "pk")
    names = ("at", "kind", "value", "currency", "source", "external_id", "told_at", "voided_at")
    return list(told.values(*names))


def erase_account(subject: Subject) -> None:
    """The other system's number for it goes, which leads to them there; when they came and left stays."""
    AccountEvent.objects.filter(customer__in=subject.customers).update(external_id="")


registry.personal_data(PersonalData(_("Survey answers"), count, export, erase))
registry.personal_data(PersonalData(_("Events of the account"), count_of_account, export_of_account, erase_account))


def _recoveries(subject: Subject) -> "QuerySet[Recovery]":
    return Recovery.objects.filter(customer__in=subject.customers)


def count_recoveries(subject: Subject) -> int:
    """How many recoveries there are."""
    return _recoveries(subject).count()


def export_recoveries(subject: Subject) -> list[dict[str, Any]]:
    """Each recovery: why, what was done, and how it ended; what agents noted of it as well."""
    found = _recoveries(subject).select_related("reason", "department").prefetch_related("notes").order_by("pk")
    return [
        {
            "ticket": one.ticket_id, "opened_at": one.opened_at, "because_of": str(one.get_source_display()),
            "reason": one.reason.name if one.reason else None,
            "department": one.department.name if one.department else None,
            "taken_up_at": one.taken_up_at, "closed_at": one.closed_at, "outcome": one.outcome or None,
            "done": one.done, "notes": [{"at": note.at, "text": note.text} for note in one.notes.all()],
        }
        for one in found
    ]  # fmt: skip


def erase_recoveries(subject: Subject) -> None:
    """What was done and noted in words goes; when, why and how it ended stays, as figures are made of it."""
    found = _recoveries(subject)
    RecoveryNote.objects.filter(recovery__in=found).delete()
    found.update(done="")


registry.personal_data(PersonalData(_("Recoveries"), count_recoveries, export_recoveries, erase_recoveries))
