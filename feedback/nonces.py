"""Nonces: what shows that an answer comes from the page we showed, and not from a machine that follows links."""

from django.core import signing

from feedback.models import Invitation

_SALT = "feedback.survey-page"
#: long enough for somebody who opens the page in the morning and answers at night; then the page is shown anew
MAX_AGE_SECONDS = 24 * 60 * 60


def make(invitation: Invitation) -> str:
    """A nonce for one showing of this invitation's page: signed, dated, good for no other invitation."""
    return make_for(invitation.pk)


def make_for(whose: int | str) -> str:
    """A nonce for one showing of a page of whatever this names."""
    return signing.dumps(whose, salt=_SALT)


def is_good(nonce: str, invitation: Invitation) -> bool:
    """Whether the nonce is ours, of this invitation, and not too old."""
    return is_good_for(nonce, invitation.pk)


def is_good_for(nonce: str, whose: int | str) -> bool:
    """Whether the nonce is ours, of this one, and not too old."""
    try:
        return bool(signing.loads(nonce, salt=_SALT, max_age=MAX_AGE_SECONDS) == whose)
    except signing.BadSignature:
        return False
