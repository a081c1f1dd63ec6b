"""Taking answers: from the page we showed, as often as they change within their days."""

from django.db import transaction

from feedback import nonces
from feedback.models import Invitation, InvitationState, OptOut, Response
from helpdesk import clock
from helpdesk.events import record
from tickets import texts
from tickets.models import Message, MessageKind, Ticket
from tickets.operations import sorting

COMMENT_MOST = 5_000


class Refused(ValueError):
    """The answer was not recorded."""


class NotFromThePage(Refused):
    """It carries no good nonce: a machine's, a forged one, or one of a page shown long ago."""


class TooLate(Refused):
    """The invitation has run out, or the answer can no longer be changed."""


class NotOnTheScale(Refused):
    """There is no such score."""


@transaction.atomic
def respond(invitation: Invitation, *, nonce: str, score: int, comment: str = "") -> Response:
    """Record an answer, or a change of mind: the last one counts. Saying the same again changes nothing.

    Only what carries the nonce of a page shown for this invitation is an answer. Raises Refused.
    """
    if not nonces.is_good(nonce, invitation):
        raise NotFromThePage
    # the ticket first, as everybody else does who changes both: a low score is shown on it
    if invitation.ticket_id is not None:
        Ticket.objects.locked(invitation.ticket_id)
    invitation = (
        Invitation.objects.select_for_update(of=("self",)).select_related("survey", "ticket").get(pk=invitation.pk)
    )
    if not invitation.is_out:
        raise NotFromThePage
    if score not in invitation.survey.scale:
        raise NotOnTheScale
    now = clock.now()
    if invitation.is_expired(now):
        raise TooLate
    response = Response.objects.filter(invitation=invitation).first()
    comment = texts.clean(comment)[:COMMENT_MOST]
    if response is None:
        return _answer(invitation, score, comment)
    response.invitation = invitation
    if now > response.changeable_until:
        raise TooLate
    return _change(response, score, comment)


def _answer(invitation: Invitation, score: int, comment: str) -> Response:
    repliers = list(
        Message.objects.filter(
            ticket=invitation.ticket_id, kind=MessageKind.REPLY, is_automated=False, author__isnull=False,
            created_at__lte=invitation.occasion_at,
        ).order_by("created_at", "pk").values_list("author_id", flat=True)
    )  # fmt: skip
    response = Response.objects.create(
        invitation=invitation,
        score=score,
        comment=comment,
        answered_at=clock.now(),
        agent_id=repliers[-1] if repliers else None,
        is_shared=len(set(repliers)) > 1,
    )
    invitation.state, invitation.reason = InvitationState.ANSWERED, ""
    invitation.save(update_fields=["state", "reason"])
    _tell(response, scored=True, commented=bool(comment), changed=False)
    return response


def _change(response: Response, score: int, comment: str) -> Response:
    scored, commented = response.score != score, response.comment != comment
    if scored or commented:
        response.score, response.comment, response.changed_at = score, comment, clock.now()
        response.save(update_fields=["score", "comment", "changed_at"])
        _tell(response, scored=scored, commented=commented, changed=True)
    return response


def _tell(response: Response, *, scored: bool, commented: bool, changed: bool) -> None:
    """Record what was said, and show a low score where tickets are listed; a later good one takes it back."""
    invitation = response.invitation
    if scored:
        record(
            "survey.answered", invitation.subject, actor=None, **invitation.facts, survey=invitation.survey_id,
            kind=invitation.survey.kind, score=response.score, changed=changed,
            agent=response.agent_id, shared=response.is_shared,
        )  # fmt: skip
    if commented:
        record(
            "survey.commented", invitation.subject, actor=None, **invitation.facts, has_comment=bool(response.comment)
        )
    if scored and invitation.ticket is not None:
        sorting.mark_low_score(invitation.ticket, score=response.score if response.is_low else None, actor=None)


@transaction.atomic
def opt_out(invitation: Invitation) -> OptOut:
    """Ask this person no more. Once is enough; answers to their tickets reach them as before."""
    wish, is_new = OptOut.objects.get_or_create(customer_id=invitation.customer_id, defaults={"invitation": invitation})
    if is_new:
        facts = {**invitation.facts, "customer": invitation.customer_id}
        record("survey.opted_out", invitation.subject, actor=None, **facts)
    return wish
