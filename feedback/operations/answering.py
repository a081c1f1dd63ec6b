"""Taking answers: from the page we showed, as often as they change within their days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from feedback import nonces
from feedback.models import Hit, Invitation, InvitationState, OptOut, ReasonCode, Response, Survey
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import texts
from tickets.models import Delivery, Message, MessageKind, Ticket
from tickets.operations import sorting

COMMENT_MOST = 5_000
#: whoever presses a button sooner after the mail was delivered did not read it
TOO_SOON = timedelta(seconds=2)
#: three scores within the first, or two within the second, are a machine's
BURST, INSTANT = timedelta(seconds=10), timedelta(seconds=2)
#: of one invitation; more are not kept
MOST_HITS = 50
HITS_KEPT = timedelta(days=90)


class Refused(ValueError):
    """The answer was not recorded."""

    outcome = Hit.Outcome.REFUSED


class NotFromThePage(Refused):
    """It carries no good nonce: a machine's, a forged one, or one of a page shown long ago."""


class TooSoon(Refused):
    """It came before anybody could have read the mail."""

    outcome = Hit.Outcome.TOO_SOON


class TooLate(Refused):
    """The invitation has run out, or the answer can no longer be changed."""

    outcome = Hit.Outcome.LATE


class NotOnTheScale(Refused):
    """There is no such score."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer said. None of `is_solved` is not said; of `reason` no reason."""

    score: int
    comment: str = ""
    is_solved: bool | None = None
    reason: ReasonCode | None = None


def respond(
    invitation: Invitation, *, nonce: str, score: int, comment: str = "", is_solved: bool | None = None,
    reason: ReasonCode | None = None, program: str = "",
) -> Response:  # fmt: skip
    """Record an answer, or a change of mind: the last one counts. Saying the same again changes nothing.

    Only what carries the nonce of a page shown for this invitation is an answer. Every press of a button is noted with
    what became of it; several scores in a moment make the answer doubtful. Raises Refused.
    """
    if not nonces.is_good(nonce, invitation):
        raise NotFromThePage
    said = Said(score, texts.clean(comment)[:COMMENT_MOST], is_solved, reason)
    try:
        return _take(invitation, said, program)
    except Refused as refused:
        _note(invitation, score, refused.outcome, program)
        raise


@transaction.atomic
def _take(invitation: Invitation, said: Said, program: str) -> Response:
    # the ticket first, as everybody else does who changes both: a low score is shown on it
    ticket = Ticket.objects.locked(invitation.ticket_id) if invitation.ticket_id is not None else None
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("survey").get(pk=invitation.pk)
    invitation.ticket = ticket
    if not invitation.is_out or invitation.survey.is_anonymous:
        raise NotFromThePage
    if said.score not in invitation.survey.scale:
        raise NotOnTheScale
    now = clock.now()
    if invitation.is_expired(now):
        raise TooLate
    if now - _delivered_at(invitation) < TOO_SOON:
        raise TooSoon
    response = Response.objects.select_related("reason").filter(invitation=invitation).first()
    if response is not None:
        response.invitation = invitation
        if now > response.changeable_until:
            raise TooLate
    is_doubtful = _is_burst(_note(invitation, said.score, Hit.Outcome.COUNTED, program), now)
    return _change(response, said, is_doubtful) if response else _answer(invitation, said)


def _delivered_at(invitation: Invitation) -> datetime:
    """When the mail was taken by the next server; the event that says so may not have been heard yet."""
    if invitation.sent_at is not None:
        return invitation.sent_at
    sent = Delivery.objects.filter(mail=invitation.mail_id, sent_at__isnull=False).values_list("sent_at", flat=True)
    return sent.first() or invitation.queued_at or invitation.created_at


def _answer(invitation: Invitation, said: Said) -> Response:
    repliers = list(
        Message.objects.filter(
            ticket=invitation.ticket_id, kind=MessageKind.REPLY, is_automated=False, author__isnull=False,
            created_at__lte=invitation.occasion_at,
        ).order_by("created_at", "pk").values_list("author_id", flat=True)
    ) if invitation.ticket_id is not None else []  # fmt: skip
    response = Response.objects.create(
        invitation=invitation,
        score=said.score,
        comment=said.comment,
        is_solved=said.is_solved,
        reason=_reason(invitation.survey, said),
        answered_at=clock.now(),
        is_after_reminder=invitation.reminded_at is not None,
        agent_id=repliers[-1] if repliers else None,
        is_shared=len(set(repliers)) > 1,
    )
    invitation.state, invitation.reason = InvitationState.ANSWERED, ""
    invitation.save(update_fields=["state", "reason"])
    _tell(response, scored=True, commented=bool(said.comment), changed=False)
    return response


def _reason(survey: Survey, said: Said) -> ReasonCode | None:
    """Why, where the score is a low one: a good score has no reason to complain."""
    return said.reason if survey.low is not None and said.score <= survey.low else None


def _change(response: Response, said: Said, is_doubtful: bool) -> Response:
    reason = _reason(response.invitation.survey, said)
    is_solved = response.is_solved if said.is_solved is None else said.is_solved
    scored = response.score != said.score or response.is_solved != is_solved
    commented, explained = response.comment != said.comment, response.reason_id != (reason.pk if reason else None)
    if not (scored or commented or explained):
        return response
    had_reason = response.reason_id is not None
    response.score, response.comment, response.is_solved = said.score, said.comment, is_solved
    response.reason, response.changed_at = reason, clock.now()
    if scored:  # whoever answers anew, and not as machines do, is believed
        response.is_doubtful = is_doubtful
    response.save(update_fields=["score", "comment", "is_solved", "reason", "changed_at", "is_doubtful"])
    _tell(response, scored=scored, commented=commented, changed=True, had_reason=had_reason)
    if explained and not scored:
        _tell_reason(response, actor=None)
    return response


def _blame(reason: ReasonCode | None) -> dict[str, Any]:
    return {
        "reason": reason.pk if reason else None,
        "department": reason.department_id if reason else None,
        "in_control": reason.in_control if reason else None,
    }


def _tell(
    response: Response, *, scored: bool, commented: bool, changed: bool, had_reason: bool = False
) -> None:  # fmt: skip
    """Record what was said, and show a low score where tickets are listed; a later good one takes it back."""
    invitation = response.invitation
    if scored:
        facts: dict[str, Any] = {}
        if response.is_solved is not None:
            facts["solved"] = response.is_solved
        if response.reason or had_reason:
            facts |= _blame(response.reason)
        if response.is_after_reminder:
            facts["after_reminder"] = True
        if response.is_doubtful:
            facts["doubtful"] = True
        record(
            "survey.answered", invitation.subject, actor=None, **invitation.facts, survey=invitation.survey_id,
            kind=invitation.survey.kind, score=response.score, changed=changed,
            agent=response.agent_id, shared=response.is_shared, **facts,
        )  # fmt: skip
    if commented:
        has_comment = bool(response.comment)
        record("survey.commented", invitation.subject, actor=None, **invitation.facts, has_comment=has_comment)
    low = response.score if response.is_low else None
    if scored and invitation.ticket is not None and invitation.ticket.low_score != low:
        sorting.mark_low_score(invitation.ticket, score=low, actor=None)


def _tell_reason(response: Response, *, actor: Agent | None) -> None:
    invitation = response.invitation
    record(
        "survey.explained", invitation.subject, actor=actor, **invitation.facts, **_blame(response.reason)
    )  # fmt: skip


@transaction.atomic
def explain(response: Response, *, reason: ReasonCode | None, actor: Agent) -> Response:
    """Say why a customer answered as they did, as an agent sees it. Saying the same again changes nothing."""
    invitation = Invitation.objects.select_related("survey", "ticket").get(pk=response.invitation_id)
    response = Response.objects.select_for_update(of=("self",)).get(pk=response.pk)
    response.invitation = invitation
    if response.reason_id != (reason.pk if reason else None):
        response.reason = reason
        response.save(update_fields=["reason"])
        _tell_reason(response, actor=actor)
    return response


def _note(invitation: Invitation, score: int, outcome: Hit.Outcome, program: str) -> list[Hit]:
    """Write down that a button was pressed, unless it was too often. Returns all that were pressed, this one, too."""
    known = list(Hit.objects.filter(invitation=invitation).order_by("-pk")[:MOST_HITS])
    hit = Hit(
        invitation=invitation, at=clock.now(), score=score if 0 <= score < 100 else None, outcome=outcome,
        program=texts.line(program, 200),
    )  # fmt: skip
    if len(known) < MOST_HITS:
        hit.save(force_insert=True)
    return [hit, *known]


def _is_burst(hits: Iterable[Hit], now: datetime) -> bool:
    """Several scores in a moment: a machine presses every button. The last one is kept, and no figure counts it."""
    near = [hit for hit in hits if hit.outcome == Hit.Outcome.COUNTED and hit.at > now - BURST]
    return len({hit.score for hit in near}) >= 3 or len({hit.score for hit in near if hit.at > now - INSTANT}) >= 2


@transaction.atomic
def opened(invitation: Invitation) -> None:
    """A page of it was shown: to a person or a machine, nobody can tell. The first time is kept."""
    if invitation.opened_at is None:
        Invitation.objects.filter(pk=invitation.pk, opened_at=None).update(opened_at=clock.now())


def forget_hits() -> int:
    """Drop what nobody will look into any more. Returns how many."""
    return Hit.objects.filter(at__lt=clock.now() - HITS_KEPT).delete()[0]


@transaction.atomic
def opt_out(invitation: Invitation) -> OptOut:
    """Ask this person no more. Once is enough; answers to their tickets reach them as before."""
    wish, is_new = OptOut.objects.get_or_create(customer_id=invitation.customer_id, defaults={"invitation": invitation})
    if is_new:
        facts = {**invitation.facts, "customer": invitation.customer_id}
        record("survey.opted_out", invitation.subject, actor=None, **facts)
    return wish
