"""Taking answers: from the page we showed, as often as they change within their days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from psycopg.types.numeric import Int8

from feedback import nonces
from feedback.models import Hit, Invitation, InvitationState, OptOut, ReasonCode, Response, Survey
from helpdesk import clock, statements
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import texts
from tickets.models import Delivery, Message, MessageKind
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
    # the ticket too: a low score is shown on it
    invitation = Invitation.objects.locked(invitation.pk, ticket=invitation.ticket_id)
    if not invitation.is_out or invitation.survey.is_anonymous:
        raise NotFromThePage
    if said.score not in invitation.survey.scale:
        raise NotOnTheScale
    now = clock.now()
    if invitation.is_expired(now):
        raise TooLate
    if now - _delivered_at(invitation) < TOO_SOON:
        raise TooSoon
    response = Response.objects.of(invitation) if invitation.state == InvitationState.ANSWERED else None
    if response is None:
        if first := _answer(invitation, said, program, now):
            return first
        response = Response.objects.get(invitation=invitation)
        response.invitation = invitation
    if now > response.changeable_until:
        raise TooLate
    _note(invitation, said.score, Hit.Outcome.COUNTED, program)
    return _change(response, said, _is_burst(invitation, said.score, now))


def _delivered_at(invitation: Invitation) -> datetime:
    """When the mail was taken by the next server; the event that says so may not have been heard yet."""
    if invitation.sent_at is not None:
        return invitation.sent_at
    sent = Delivery.objects.filter(mail=invitation.mail_id, sent_at__isnull=False).values_list("sent_at", flat=True)
    return sent.first() or invitation.queued_at or invitation.created_at


def repliers(ticket: int, until: datetime) -> list[int]:
    """Who answered the customer of a ticket until then, the last one last: it is their help that is rated."""
    said = Message.objects.filter(
        ticket=ticket, kind=MessageKind.REPLY, is_automated=False, author__isnull=False, created_at__lte=until
    )
    found = said.order_by("created_at", "pk").values_list("author_id", flat=True)
    return [author for author in found if author is not None]


def _answer(invitation: Invitation, said: Said, program: str, now: datetime) -> Response | None:
    """The first answer: the press, the answer and what became of the invitation, in one statement of our own words.

    Rated is the last person who had answered in public before the
    occasion. None where there is an answer already: then nothing was done.
    """
    response = Response(
        invitation=invitation, score=said.score, comment=said.comment, is_solved=said.is_solved,
        reason=_reason(invitation.survey, said), answered_at=now, is_after_reminder=invitation.reminded_at is not None,
    )  # fmt: skip
    with statements.cursor() as cursor:
        cursor.execute(
            f"""
            WITH free AS (
                SELECT WHERE NOT EXISTS (SELECT FROM feedback_response WHERE invitation_id = %(invitation)s)
            ), pressed AS ({_PRESSED} AND EXISTS (SELECT FROM free)), replier AS (
                SELECT author_id, created_at, id FROM tickets_message
                WHERE ticket_id = %(ticket)s AND kind = 'reply' AND NOT is_automated AND author_id IS NOT NULL
                    AND created_at <= %(occasion)s
            ), answered AS (
                UPDATE feedback_invitation SET state = 'answered', reason = ''
                WHERE id = %(invitation)s AND EXISTS (SELECT FROM free)
            )
            INSERT INTO feedback_response (invitation_id, score, comment, is_solved, reason_id, answered_at,
                is_after_reminder, agent_id, is_shared, is_doubtful)
            SELECT %(invitation)s, %(score)s, %(comment)s, %(is_solved)s::boolean, %(reason)s::bigint, %(now)s,
                %(is_after_reminder)s, (SELECT author_id FROM replier ORDER BY created_at DESC, id DESC LIMIT 1),
                (SELECT count(DISTINCT author_id) > 1 FROM replier), false
            FROM free
            RETURNING id, agent_id, is_shared
            """,  # noqa: S608 - our own words
            {
                **_press(invitation, said.score, Hit.Outcome.COUNTED, program, now), "ticket": invitation.ticket_id,
                "occasion": invitation.occasion_at, "comment": said.comment, "is_solved": said.is_solved,
                "reason": response.reason_id, "is_after_reminder": response.is_after_reminder,
            },
        )  # fmt: skip
        row = cursor.fetchone()
    if row is None:
        return None
    response.pk, response.agent_id, response.is_shared = row
    response._state.adding, response._state.db = False, connection.alias
    invitation.state, invitation.reason = InvitationState.ANSWERED, ""
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


#: write down a press, unless there were too many already
_PRESSED = """
    INSERT INTO feedback_hit (invitation_id, at, score, outcome, program)
    SELECT %(invitation)s, %(now)s, %(pressed)s, %(outcome)s, %(program)s
    WHERE (SELECT count(*) FROM feedback_hit WHERE invitation_id = %(invitation)s) < %(most)s
"""


def _press(invitation: Invitation, score: int, outcome: Hit.Outcome, program: str, now: datetime) -> dict[str, Any]:
    return {
        "invitation": invitation.pk, "now": now, "score": score, "pressed": score if 0 <= score < 100 else None,
        "outcome": outcome.value, "program": texts.line(program, 200), "most": MOST_HITS,
    }  # fmt: skip


def _note(invitation: Invitation, score: int, outcome: Hit.Outcome, program: str) -> None:
    """Write down that a button was pressed, unless it was too often."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESSED, _press(invitation, score, outcome, program, clock.now()))


def _is_burst(invitation: Invitation, score: int, now: datetime) -> bool:
    """Several scores in a moment: a machine presses every button. The last one is kept, and no figure counts it."""
    pressed = Hit.objects.filter(invitation=invitation, outcome=Hit.Outcome.COUNTED, at__gt=now - BURST)
    near = list(pressed.order_by().values_list("score", "at"))
    instant = {one for one, at in near if at > now - INSTANT}
    return len({one for one, _at in near} | {score}) >= 3 or len(instant | {score}) >= 2


def opened(invitation: Invitation) -> None:
    """A page of it was shown: to a person or a machine, nobody can tell. The first time is kept.

    No disk is waited for: should the machine fail in that moment, somebody is reminded who need not have been.
    """
    if invitation.opened_at is not None:
        return
    at_once = "on" if connection.in_atomic_block else "off"  # what others do in their transaction is theirs
    with statements.cursor() as cursor:
        cursor.execute(
            "UPDATE feedback_invitation SET opened_at = %s WHERE id = %s AND opened_at IS NULL"
            " AND set_config('synchronous_commit', %s, true) IS NOT NULL",
            [clock.now(), Int8(invitation.pk), at_once],
        )


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
