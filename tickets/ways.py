"""How a mail of ours fared, in words: for all its recipients together where that is true, and for each where not."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tickets import delivery_words, texts
from tickets.models import Delivery, DeliveryState, OutgoingMail

#: a person may have it sent again, or to another address
_AGAIN = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.UNCERTAIN)
_ANEW = (*_AGAIN, DeliveryState.DELAYED)
#: what is worst is said first
_WORST = (
    "failed", "bounced", "uncertain", "delayed", "sending", "queued", "sent", "delivered", "corrected", "cancelled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipient:
    """How it went to one address; `said` is what a server said, in its words."""

    delivery: int
    address: str
    state: str
    words: str
    said: str = ""
    may_retry: bool = False
    may_correct: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How a mail got out: a state for the eye, words for the reader; `each` where recipients differ or need help."""

    state: str
    words: str
    each: tuple[Recipient, ...] = ()


def of(mail: OutgoingMail | None, *, is_mail: bool = True) -> Way | None:
    """The way of a mail whose deliveries are loaded; None for what was none. What went into a talk has no address."""
    deliveries = list(mail.deliveries.all()) if mail else []
    if not deliveries:
        return None
    recipients = sorted(
        (_one(d, deliveries, is_mail) for d in deliveries), key=lambda r: (_WORST.index(r.state), r.address)
    )
    worst = recipients[0]
    needs_help = any(r.may_retry or r.may_correct or r.state == "corrected" for r in recipients)
    alike = {r.words for r in recipients if r.state != "corrected"}
    each = tuple(recipients) if needs_help or len(alike) > 1 else ()
    if not each or len(recipients) == 1:
        return Way(worst.state, worst.words, each)
    count = sum(r.state == worst.state for r in recipients)
    if worst.state in ("failed", "bounced", "uncertain", "delayed") and count < len(recipients):
        return Way(worst.state, _("not everybody got it"), each)
    return Way(worst.state, worst.words, each)


def _one(delivery: Delivery, others: Sequence[Delivery], is_mail: bool) -> Recipient:
    state = str(delivery.state)
    reason = delivery_words.reason(delivery.status_code, delivery.answer)
    why = reason or texts.line(delivery.answer, 200)
    said = texts.line(delivery.answer, 300) if reason else ""
    if delivery.corrected_by_id:
        new = next((d.recipient for d in others if d.pk == delivery.corrected_by_id), "")
        return Recipient(
            delivery.pk, delivery.recipient, "corrected", _("sent to %(address)s instead") % {"address": new}
        )
    if state == DeliveryState.QUEUED and delivery.attempts:
        at = date_format(timezone.localtime(delivery.due_at), "SHORT_DATETIME_FORMAT")
        words = _("delayed: %(why)s; tried again at %(time)s") % {"why": why or _("not sent yet"), "time": at}
        return Recipient(delivery.pk, delivery.recipient, "delayed", words, said)
    words = _words(state, why)
    if delivery.seen_at and state in (DeliveryState.SENT, DeliveryState.DELIVERED):
        state, words = "delivered", _("seen")
    return Recipient(
        delivery.pk,
        delivery.recipient,
        state,
        words,
        said,
        may_retry=state in _AGAIN,
        may_correct=is_mail and state in _ANEW,
    )


def _words(state: str, why: str) -> str:
    match state:
        case DeliveryState.FAILED:
            return _("not delivered: %(why)s") % {"why": why} if why else _("not delivered")
        case DeliveryState.BOUNCED:
            return _("came back: %(why)s") % {"why": why} if why else _("came back")
        case DeliveryState.DELAYED:
            return _("delayed: %(why)s") % {"why": why} if why else _("delayed, their mail server goes on trying")
        case DeliveryState.UNCERTAIN:
            return _("uncertain: the connection broke while it was handed over, so nobody can know whether it arrived")
        case DeliveryState.SENDING:
            return _("sending")
        case DeliveryState.SENT:
            return _("sent")
        case DeliveryState.DELIVERED:
            return _("delivered")
        case DeliveryState.CANCELLED:
            return _("taken back")
    return _("queued")
