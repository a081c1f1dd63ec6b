"""What agents do about a mail that waits for a person: read it again, let it in, say that it needs nothing."""

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import RawMessage, RawState
from tickets.operations import intake
from tickets.operations.status import NotPossible, must_work_in

WAITING = (RawState.QUARANTINED, RawState.PARKED)


@transaction.atomic
def read_again(raw: RawMessage, *, actor: Agent) -> RawMessage:
    """Read a parked or dismissed mail once more. Raises NotPossible for any other."""
    raw = _locked(raw, actor)
    if raw.state not in (RawState.PARKED, RawState.DISMISSED):
        raise NotPossible(_("Only a parked or dismissed mail can be read again."))
    return _replayed(raw, "mail.replayed", actor)


@transaction.atomic
def let_in(raw: RawMessage, *, actor: Agent) -> RawMessage:
    """Take a quarantined mail as it is. Raises NotPossible for any other, and for one without a sender."""
    raw = _locked(raw, actor)
    if raw.state != RawState.QUARANTINED:
        raise NotPossible(_("Only a quarantined mail can be let in."))
    if not raw.sender:
        raise NotPossible(_("It names no sender whom anybody could answer, so it cannot become a message."))
    return _replayed(raw, "mail.released", actor)


@transaction.atomic
def dismiss(raw: RawMessage, *, actor: Agent) -> RawMessage:
    """Say that a waiting mail needs nothing: it is kept, and waits no more. Twice is as once."""
    raw = _locked(raw, actor)
    if raw.state == RawState.DISMISSED:
        return raw
    if raw.state not in WAITING:
        raise NotPossible(_("Only a mail that waits for a person can be dismissed."))
    was, raw.state = raw.state, RawState.DISMISSED
    raw.save(update_fields=["state"])
    record("mail.dismissed", raw.inbox, actor=actor, raw=raw.pk, was=was, reason=raw.reason_code)
    return raw


def _locked(raw: RawMessage, actor: Agent) -> RawMessage:
    must_work_in(actor, raw.inbox_id)
    return RawMessage.objects.select_for_update(of=("self",)).select_related("inbox").defer("content").get(pk=raw.pk)


def _replayed(raw: RawMessage, verb: str, actor: Agent) -> RawMessage:
    was, reason = raw.state, raw.reason_code
    inbox = raw.inbox
    raw = intake.replay(raw, force=verb == "mail.released")
    record(verb, inbox, actor=actor, raw=raw.pk, was=was, reason=reason)
    return raw
