"""The pages behind the links of a survey's mail. They work without scripts, without cookies, without signing in.

Mail scanners follow every link, and some press buttons in a sandbox of theirs. So looking records nothing, ever; an
answer is a POST that carries the nonce of the page we showed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from feedback import finding, nonces
from feedback.finding import Asked, Reason
from feedback.forms import AnswerForm
from feedback.models import Ballot, Invitation, OptOut, Response, Survey, digest_of
from feedback.operations import answering, balloting
from helpdesk import clock, pieces
from helpdesk.models import Agent
from tickets import brands
from tickets.models import Inbox

_STALE = gettext_lazy("This page was open for a long time. Your answer is still here: please send it again.")
_ACTION, _NONCE, _SUBJECT = pieces.place("action"), pieces.place("nonce"), pieces.place("subject")
Page = Callable[[HttpRequest, Asked], HttpResponse]


def of_invitation(page: Page) -> Callable[[HttpRequest, str], HttpResponse]:
    """Find the invitation behind a token, speak its language, and keep its address out of caches and search engines."""

    @wraps(page)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        asked = finding.asked(token)
        # an anonymous asking is answered through its ballot; this address only ends them
        is_elsewhere = bool(asked and asked.invitation.survey.is_anonymous and page is not _unsubscribe)
        if asked is None or not asked.invitation.is_out or is_elsewhere:
            return _private(
                _plain(
                    request,
                    title=_("This link leads nowhere"),
                    words=_("Perhaps a part of it was lost on the way. Please open it from the mail again."),
                    status=404,
                ),
                translation.get_language(),
            )
        with translation.override(asked.invitation.language):
            return _private(page(request, asked), asked.invitation.language)

    return found


def _private(response: HttpResponse, language: str) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Content-Language"] = language
    return response


# A forged request from another site can do no harm here that the nonce does not prevent: nobody is signed in on these
# pages, the token names the invitation, and the nonce proves that the form is ours. Django's own token would need a
# cookie, which mail programs' browsers often refuse.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@of_invitation
def survey(request: HttpRequest, asked: Asked) -> HttpResponse:
    """The question, with the score of the link chosen; the button answers."""
    invitation, response = asked.invitation, asked.response
    if closed := _closed(request, invitation, response):
        return closed
    if request.method == "POST":
        return _answer(request, asked)
    if request.method == "GET" and invitation.opened_at is None:
        answering.opened(invitation)
    if response is None:
        return HttpResponse(_first_page(asked, request.GET.get("score", "")))
    initial: dict[str, Any] = {
        "score": request.GET.get("score", "") or str(response.score), "comment": response.comment,
        "is_solved": "" if response.is_solved is None else "yes" if response.is_solved else "no",
        "reason": response.reason_id,
    }  # fmt: skip
    return _ask(request, asked, AnswerForm(survey=invitation.survey, initial=initial))


def _first_page(asked: Asked, score: str) -> SafeString:
    """The page before any answer: it looks the same to everybody who is asked the same and followed the same link."""
    invitation, survey = asked.invitation, asked.invitation.survey
    places: dict[str, Any] = {_ACTION: invitation.get_absolute_url(), _NONCE: nonces.make(invitation)}
    if invitation.ticket:
        places[_SUBJECT] = invitation.ticket.subject
    return pieces.draw(
        "feedback/survey.html", places, **_looks(invitation.inbox), question=survey.words,
        is_numbered=survey.is_numbered, ends=survey.ends, choices=_choices(survey, score), reasons=asked.reasons,
        solved_choices=AnswerForm.solved_choices() if survey.asks_solved else (), action=_ACTION, nonce=_NONCE,
        subject=_SUBJECT if invitation.ticket else None, is_asked_again=invitation.recovery_id is not None,
    )  # fmt: skip


def _closed(request: HttpRequest, invitation: Invitation, response: Response | None) -> HttpResponse | None:
    """Plain words where nothing can be answered any more."""
    now = clock.now()
    if response and now > response.changeable_until:
        day = date_format(localtime(response.answered_at), "DATE_FORMAT")
        return _plain(
            request,
            title=_("Thank you, we have your answer"),
            words=_("You answered on %(day)s: %(score)s – %(words)s. It can no longer be changed.")
            % {"day": day, "score": response.score, "words": response.words},
            status=410,
        )
    if invitation.is_expired(now):
        return _plain(
            request,
            title=_("This survey is over"),
            words=_("Thank you for looking. If something is still open, please answer one of our mails."),
            status=410,
        )
    if not settings.MAIL_CATCHER and isinstance(request.user, Agent):
        # In a demo the person at the screen is everybody; elsewhere nobody rates the house they work in.
        return _for_customers(request)
    return None


def _for_customers(request: HttpRequest) -> HttpResponse:
    return _plain(
        request,
        title=_("This page is for customers"),
        words=_("You are signed in as an agent. An answer of ours would not be an answer of theirs."),
        status=403,
    )


def _answer(request: HttpRequest, asked: Asked) -> HttpResponse:
    invitation = asked.invitation
    form = AnswerForm(request.POST, survey=invitation.survey)
    if not form.is_valid():
        return _ask(request, asked, form, status=422)
    try:
        answering.respond(
            invitation, nonce=request.POST.get("nonce", ""), program=request.headers.get("User-Agent", ""), **form.said
        )
    except answering.TooLate:
        fresh = replace(asked, response=Response.objects.of(invitation))
        return _closed(request, invitation, fresh.response) or _ask(request, fresh, form, status=409)
    except answering.TooSoon:
        form.add_error(None, _("That came before anybody could have read our mail. Please press the button once more."))
        return _ask(request, asked, form, status=409)
    except answering.Refused:
        form.add_error(None, _STALE)
        return _ask(request, asked, form, status=409)
    return redirect("survey_thanks", token=invitation.token)


def _ask(request: HttpRequest, asked: Asked, form: AnswerForm, *, status: int = 200) -> HttpResponse:
    return render(request, "feedback/survey.html", _context(asked, form), status=status)


@require_safe
@of_invitation
def thanks(request: HttpRequest, asked: Asked) -> HttpResponse:
    """What was answered, and room for a comment."""
    invitation, response = asked.invitation, asked.response
    if response is None:
        return redirect("survey", token=invitation.token)
    context = {
        **_frame(invitation),
        "response": response,
        "words": response.words,
        "is_low": response.is_low,
        "nonce": nonces.make(invitation),
        "reasons": asked.reasons if response.is_low and not response.reason_id else [],
        "change_url": invitation.get_absolute_url() if clock.now() <= response.changeable_until else "",
    }
    return render(request, "feedback/thanks.html", context)


def _unsubscribe(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Ask before, act on the POST that RFC 8058 prescribes, and say what was done."""
    invitation = asked.invitation
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        answering.opt_out(invitation)
    done = OptOut.objects.filter(customer=invitation.customer_id).exists()
    return render(request, "feedback/unsubscribe.html", {**_frame(invitation), "done": done})


# RFC 8058: the mail program posts here by itself, without cookies and without a page of ours before.
unsubscribe = csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(of_invitation(_unsubscribe)))


# As on the survey's page: nobody is signed in, and a nonce of the page we showed stands in for Django's token.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def ballot(request: HttpRequest, token: str) -> HttpResponse:
    """The page of an anonymous asking: answered once, and never seen again."""
    found = balloting.handed_out(token)
    if found is None:
        words = _("It was used, it is too old, or a part of it was lost on the way. Nobody can tell which: that is how "
                  "an anonymous survey stays anonymous.")  # fmt: skip
        page = _plain(request, title=_("This link leads nowhere"), words=words, status=404)
        return _private(page, translation.get_language())
    with translation.override(found.language):
        return _private(_ballot(request, found, token), found.language)


def _ballot(request: HttpRequest, found: Ballot, token: str) -> HttpResponse:
    if isinstance(request.user, Agent) and not settings.MAIL_CATCHER:
        return _for_customers(request)
    survey, status = found.survey, 200
    form = AnswerForm(survey=survey, initial={"score": request.GET.get("score", "")})
    if request.method == "POST":
        form, status = AnswerForm(request.POST, survey=survey), 422
        if form.is_valid():
            try:
                balloting.cast(token, nonce=request.POST.get("nonce", ""), **form.said)
            except answering.Refused:
                form.add_error(None, _STALE)
                status = 409
            else:
                words = _("Your answer is in. Nobody can tell that it is yours, so nobody can show or change it later.")
                return _plain(request, title=_("Thank you"), words=words, status=200)
    context = {
        **_looks(found.inbox), **page_context(survey, form), "action": request.path, "is_anonymous": True,
        "nonce": nonces.make_for(digest_of(token)),
    }  # fmt: skip
    return render(request, "feedback/survey.html", context, status=status)


def _frame(invitation: Invitation) -> dict[str, Any]:
    return {"invitation": invitation, **_looks(invitation.inbox)}


def _looks(inbox: Inbox) -> dict[str, Any]:
    look = brands.look_of(inbox.brand)
    return {"company": look.name if look else inbox.sender_name or inbox.name, "brand": look}


def _context(asked: Asked, form: AnswerForm) -> dict[str, Any]:
    invitation = asked.invitation
    return {
        **_frame(invitation),
        **page_context(invitation.survey, form, asked.reasons),
        "action": invitation.get_absolute_url(),
        "subject": invitation.ticket.subject if invitation.ticket else None,
        "is_asked_again": invitation.recovery_id is not None,
        "response": asked.response,
        "nonce": nonces.make(invitation),
    }


def page_context(survey: Survey, form: AnswerForm, reasons: Sequence[Reason] | None = None) -> dict[str, Any]:
    """The question and its answers as the page shows them, whoever is asked."""
    return {
        "question": survey.words,
        "is_numbered": survey.is_numbered,
        "ends": survey.ends,
        "form": form,
        "comment": form["comment"].value() or "",
        "solved": form["is_solved"].value() if "is_solved" in form.fields else None,
        "solved_choices": AnswerForm.solved_choices() if "is_solved" in form.fields else (),
        "reasons": finding.offered_reasons(survey) if reasons is None else reasons,
        "reason": str(form["reason"].value() or ""),
        "choices": _choices(survey, str(form["score"].value() or (form["score"].value() == 0 and "0") or "")),
    }


class Choice(NamedTuple):
    """A step of the scale."""

    value: int
    words: str
    is_chosen: bool
    is_low: bool


def _choices(survey: Survey, chosen: str) -> tuple[Choice, ...]:
    low = -1 if survey.low is None else survey.low
    return tuple(Choice(score, str(words), str(score) == chosen, score <= low) for score, words in survey.scale.items())


def _plain(request: HttpRequest, *, title: str, words: str, status: int) -> HttpResponse:
    return render(request, "feedback/closed.html", {"title": title, "words": words}, status=status)
