"""The mail of an invitation: text and HTML in the customer's language, five links in words, one way out."""

from dataclasses import dataclass

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from feedback.models import Invitation, Survey
from tickets import brands, texts
from tickets.models import Inbox, MessageKind, Ticket

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail ready to be put in the queue."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]


def link(name: str, invitation: Invitation) -> str:
    """The full address of one of an invitation's pages."""
    return settings.BASE_URL + reverse(name, args=[invitation.token])


def write(
    invitation: Invitation, *, ballot: str = "", days: int = 0, is_reminder: bool = False, sample: str = ""
) -> Written:
    """The mail, in the invitation's language. Scores stand in the links only to choose one on the page.

    With the secret of a `ballot` its links are those of the ballot, and nothing in it names the ticket. A `sample` is
    the address its links lead to instead. `days` is how long the links work, where that is not what the survey says.
    """
    with translation.override(invitation.language):
        survey, inbox = invitation.survey, invitation.inbox
        ticket = None if ballot else invitation.ticket
        page = settings.BASE_URL + reverse("ballot", args=[ballot]) if ballot else sample or link("survey", invitation)
        about = texts.line(ticket.subject) if ticket else ""
        context = {
            "invitation": invitation,
            "language": invitation.language,
            "is_rtl": translation.get_language_bidi(),
            "brand": brands.look_of(inbox.brand),
            "question": survey.words,
            "subject": about,
            "number": ticket.number if ticket else None,
            "sender": inbox.sender_name or inbox.name,
            "choices": [
                {"score": score, "words": str(words), "url": f"{page}?score={score}"}
                for score, words in sorted(survey.scale.items(), reverse=not survey.is_numbered)
            ],
            "is_numbered": survey.is_numbered,
            "ends": survey.ends,
            "is_anonymous": survey.is_anonymous,
            "is_reminder": is_reminder,
            "is_asked_again": invitation.recovery_id is not None,
            "valid_days": days or survey.valid_days,
            "unsubscribe_url": link("survey_unsubscribe", invitation),
        }
        return Written(
            subject=_subject(about, is_reminder),
            text=render_to_string("feedback/mail/survey.txt", context).strip(),
            html=_inliner.inline(render_to_string("feedback/mail/survey.html", context)),
            headers={} if sample else _headers(invitation, is_anonymous=bool(ballot)),
        )


def write_short(invitation: Invitation) -> str:
    """The same question for a chat or a network: one message, with one link and a way out."""
    with translation.override(invitation.language):
        return "\n".join(
            (
                invitation.survey.words,
                link("survey", invitation),
                _("No more questions: %(url)s") % {"url": link("survey_unsubscribe", invitation)},
            )
        )


def sample(survey: Survey, inbox: Inbox, page: str, language: str) -> Written:
    """The mail as customers get it, about a request that there is not."""
    with translation.override(language):
        subject = _("My order has not arrived")
    ticket = None if survey.is_by_schedule or survey.is_anonymous else Ticket(number=1234, subject=subject, inbox=inbox)
    if ticket is None:
        survey.sends_from = survey.sends_from or inbox
    return write(Invitation(survey=survey, ticket=ticket, language=language), sample=page)


def _subject(about: str, is_reminder: bool) -> str:
    if not about:
        return _("A reminder: how did we do?") if is_reminder else _("How did we do?")
    if is_reminder:
        return _("A reminder: how did we do? – %(subject)s") % {"subject": about}
    return _("How did we do? – %(subject)s") % {"subject": about}


def _headers(invitation: Invitation, *, is_anonymous: bool) -> dict[str, str]:
    headers = {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{link('survey_unsubscribe', invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    if invitation.ticket is None or is_anonymous:
        return headers
    # Somebody who answers this mail in words goes on with their ticket: its last message is named here.
    said = (
        invitation.ticket.messages.exclude(kind=MessageKind.NOTE)
        .exclude(message_id="")
        .order_by("-created_at", "-pk")
        .values_list("message_id", flat=True)
        .first()
    )
    if said and len(said) < 200:
        headers["In-Reply-To"] = headers["References"] = f"<{texts.line(said)}>"
    return headers
