"""Surveys in the chat's own window: the question as the widget draws it, and what was answered there."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from feedback import finding, mail, nonces
from feedback.forms import AnswerForm
from feedback.models import Invitation, Response, SurveyKind
from feedback.operations import answering, mailing
from helpdesk import clock
from tickets import registry
from tickets.models import OutgoingMail


def question(sent: OutgoingMail) -> dict[str, Any] | None:
    """What a survey asks in a talk; None for what is no survey's."""
    if sent.conversation_id is None:
        return None
    # one that nobody saw in time was left to the mail, and can be answered here all the same
    theirs = Q(mail=sent) | Q(talk=sent.conversation_id, ticket=sent.ticket_id, channel="email")
    found = Invitation.objects.filter(theirs, survey__is_anonymous=False).order_by("-pk").first()
    asked = finding.asked(found.token) if found is not None else None
    return _drawn(asked) if asked is not None else None


def _drawn(asked: finding.Asked) -> dict[str, Any]:
    invitation, survey, response = asked.invitation, asked.invitation.survey, asked.response
    with translation.override(invitation.language):
        return {
            "token": invitation.token, "language": invitation.language, "question": survey.words,
            "is_stars": survey.kind == SurveyKind.CSAT,
            "choices": [[score, str(words)] for score, words in survey.scale.items()],
            "solved": [_("Was your problem solved?"), *map(list, AnswerForm.solved_choices())]
            if survey.asks_solved
            else None,
            "comment": _("Anything you want to tell us"), "optional": _("(optional)"), "send": _("Send"),
            "note": _("Your answer is not anonymous: the people who helped you see it."),
            "stop": [_("No more questions"), mail.link("survey_unsubscribe", invitation)],
            "answer": _thanks(response) if response else "",
            "is_over": not (invitation.is_out or mailing.is_left_to_mail(invitation))
            or invitation.is_expired(clock.now()),
        }  # fmt: skip


def _thanks(response: Response) -> str:
    return _("Thank you. Your answer: %(words)s") % {"words": response.words or response.score}


def answer(token: str, talk: int, said: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Take an answer given in the talk in which it was asked. The visitor's own token stands for the page we showed."""
    asked = finding.asked(token)
    if asked is None or not talk or asked.invitation.talk_id != talk or asked.invitation.survey.is_anonymous:
        return 404, {}
    invitation = asked.invitation
    with translation.override(invitation.language):
        form = AnswerForm(_typed(said), survey=invitation.survey)
        if not form.is_valid():
            return 422, {"words": next(iter(next(iter(form.errors.values()))))}
        if mailing.is_left_to_mail(invitation):
            mailing.saw_it_after_all(invitation)
        try:
            answering.respond(invitation, nonce=nonces.make(invitation), program="chat", **form.said)
        except answering.TooSoon:
            return 409, {"words": _("That came at once. Please press the button once more.")}
        except answering.TooLate:
            return 410, {"words": _("This survey is over")}
        except answering.Refused:
            return 404, {}
    fresh = finding.asked(token)
    return (200, {"asks": _drawn(fresh)}) if fresh else (404, {})


def _typed(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(said[name]) for name in ("score", "comment", "is_solved") if said.get(name) not in (None, "")}


registry.chat_questions(registry.ChatQuestions(question, answer))
