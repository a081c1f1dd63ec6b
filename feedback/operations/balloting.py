"""Anonymous asking: ballots are handed out, and what comes back leads to nobody.

That somebody was asked is known: the invitation says so, and counts when we wonder whether to leave a person alone.
What and whether they answered is not: the ballot names no customer, no ticket and no invitation, its secret is in the
mail alone, and whoever answers gets their ballot replaced by another, on no day but its week's. No event is recorded.
"""

from django.db import transaction
from django.utils.timezone import localdate

from feedback import nonces
from feedback.models import (
    Ballot,
    Invitation,
    ReasonCode,
    Survey,
    digest_of,
    new_ballot_token,
    week_of,
)
from feedback.operations.answering import COMMENT_MOST, NotFromThePage, NotOnTheScale
from tickets import texts
from tickets.models import OutgoingMail


def hand_out(invitation: Invitation) -> str:
    """A ballot for whoever opens the mail of this invitation; the secret of its link is returned and kept nowhere."""
    token, survey = new_ballot_token(), invitation.survey
    Ballot.objects.create(
        survey=survey,
        inbox=invitation.inbox,
        digest=digest_of(token),
        language=invitation.language,
        week=week_of(localdate()),
        valid_days=promised(survey),
    )
    return token


def promised(survey: Survey) -> int:
    """So many days a ballot handed out now can be cast: what the first of its week were promised, all of it is."""
    before = Ballot.objects.filter(survey=survey, week=week_of(localdate())).order_by("-valid_days")
    found = before.values_list("valid_days", flat=True).first()
    return survey.valid_days if found is None else found


def handed_out(token: str) -> Ballot | None:
    """The ballot of a secret, while it can be cast: not cast before, and not too old."""
    ballot = Ballot.objects.select_related("survey", "inbox__brand").filter(digest=digest_of(token), score=None).first()
    return ballot if ballot and localdate() <= ballot.last_day else None


@transaction.atomic
def cast(
    token: str, *, nonce: str, score: int, comment: str = "", is_solved: bool | None = None,
    reason: ReasonCode | None = None,
) -> None:  # fmt: skip
    """Take an anonymous answer, once: nobody can tell later whose it was, so nobody can change it. Raises Refused."""
    if not nonces.is_good_for(nonce, digest_of(token)):
        raise NotFromThePage
    found = handed_out(token)
    ballot = found and Ballot.objects.select_for_update().filter(pk=found.pk, score=None).first()
    if not found or not ballot:
        raise NotFromThePage
    survey: Survey = found.survey
    if score not in survey.scale:
        raise NotOnTheScale
    is_low = survey.low is not None and score <= survey.low
    Ballot.objects.create(
        survey=survey,
        inbox_id=ballot.inbox_id,
        digest=digest_of(new_ballot_token()),
        language=ballot.language,
        week=ballot.week,
        valid_days=ballot.valid_days,
        score=score,
        comment=texts.clean(comment)[:COMMENT_MOST],
        is_solved=is_solved,
        reason=reason if is_low else None,
    )
    ballot.delete()


@transaction.atomic
def burn_letter(mail_id: int) -> None:
    """Empty the stored mail of an anonymous asking: from then on its link is only in the mail that left."""
    OutgoingMail.objects.filter(pk=mail_id, invitation__survey__is_anonymous=True).update(text="", html="")
