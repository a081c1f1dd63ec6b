"""The mail of an invitation: text and HTML in the customer's language, five links in words, one way out."""

from dataclasses import dataclass

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from feedback.models import Invitation
from tickets import brands, texts
from tickets.models import MessageKind

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


def write(invitation: Invitation) -> Written:
    """The mail, in the invitation's language. Scores stand in the links only to choose one on the page."""
    with translation.override(invitation.language):
        survey, ticket, inbox = invitation.survey, invitation.ticket, invitation.inbox
        page = link("survey", invitation)
        context = {
            "invitation": invitation,
            "language": invitation.language,
            "is_rtl": translation.get_language_bidi(),
            "brand": brands.look_of(inbox.brand),
            "question": survey.words,
            "subject": texts.line(ticket.subject) if ticket else "",
            "number": ticket.number if ticket else None,
            "sender": inbox.sender_name or inbox.name,
            "choices": [
                {"score": score, "words": str(words), "url": f"{page}?score={score}"}
                for score, words in sorted(survey.scale.items(), reverse=True)
            ],
            "valid_days": survey.valid_days,
            "unsubscribe_url": link("survey_unsubscribe", invitation),
        }
        subject = _("How did we do? – %(subject)s") % {"subject": context["subject"]}
        return Written(
            subject=subject if context["subject"] else _("How did we do?"),
            text=render_to_string("feedback/mail/survey.txt", context).strip(),
            html=_inliner.inline(render_to_string("feedback/mail/survey.html", context)),
            headers=_headers(invitation),
        )


def _headers(invitation: Invitation) -> dict[str, str]:
    headers = {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{link('survey_unsubscribe', invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    if invitation.ticket is None:
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
