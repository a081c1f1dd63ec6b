"""Why a message is where it is, and what a reader should know of it, in words."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from tickets.models import Message, MessageKind


def why(message: Message) -> str:
    """Why this message is on this ticket; "" for our own."""
    if message.kind not in (MessageKind.INCOMING, MessageKind.ASIDE):
        return ""
    match message.matched_by:
        case "talk":
            return _("It belongs to the conversation this ticket came of.")
        case "new":
            return _("It answers no message we know, so it opened this ticket.")
        case "stranger":
            return _("It answers another ticket where its sender takes no part, so it has one of its own.")
        case "follow_up":
            return _("It answers a ticket that is closed, so it opened this one.")
        case "reply_address":
            return _("It was sent to the address that only our message on this ticket had.")
        case "in_reply_to":
            return _("It says that it answers a message on this ticket.")
        case "references":
            return _("It names a message on this ticket among those it goes back to.")
        case "marker":
            return _("It quotes the reference line of our message on this ticket.")
        case "subject":
            return _("Its subject has this ticket's number, and its sender takes part here and is who they say.")
        case "same_thread":
            return _("It answers the same message, which we never saw, as another mail of this sender.")
        case "overtaken":
            return _("An answer to it had come before it.")
        case "same_id":
            return _("The same mail had come here before, by another way.")
        case "agent":
            return _("An agent put it here.")
        case "report":
            return _("It reports on an answer of ours.")
    return ""


def vouching(message: Message) -> str:
    """What is known of the sender, in words; "" for our own."""
    if message.kind not in (MessageKind.INCOMING, MessageKind.ASIDE) or message.channel != "email":
        return ""
    match message.authentication:
        case "pass":
            return _("Their domain vouches for the sender.")
        case "fail":
            return _("Their domain says that this mail is not theirs. An agent let it in.")
    return _("Nobody checked whether the sender is who they say.")


def notices(marks: Sequence[str]) -> list[str]:
    """What a reader must know before they believe or answer it."""
    return [word for mark in marks if (word := _notice(mark))]


def _notice(mark: str) -> str:
    match mark:
        case "stranger":
            return _("It names another ticket, but its sender takes no part there, so it has its own.")
        case "unverified":
            return _("The sender is not verified: their domain disowned this mail, and an agent let it in.")
        case "collision":
            return _("Another mail with other words came under the same identity. One of the two may be forged.")
        case "probable_duplicate":
            return _("The same words came before, by another way.")
        case "encrypted":
            return _("This mail is encrypted. What it says is in the attached file.")
        case "too_complex":
            return _(
                "This mail is larger or more tangled than we read. What could be read is shown; the original is kept."
            )
        case "feedback_report":
            return _("A mail provider passes on a complaint about a mail of ours.")
        case "file_missing":
            return _("A file that came with it could not be fetched.")
        case "delay":
            return _("A mail of ours is late: the other server still tries.")
    return ""


def badges(marks: Sequence[str]) -> list[str]:
    """What is good to know: a word each."""
    if not marks:  # as most have none
        return []
    words = {
        "signed": _("signed"), "invitation": _("invitation"), "encrypted": _("encrypted"), "erased": _("erased"),
        "thanks": _("only thanks: it stayed snoozed"), "edited": _("edited there"), "deleted": _("taken back there"),
        "elsewhere": _("written there, not here"),
    }  # fmt: skip
    return [words[mark] for mark in marks if mark in words]
