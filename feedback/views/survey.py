"""The pages behind the links of a survey's mail. They work without scripts, without cookies, without signing in.

Mail scanners follow every link, and some press buttons in a sandbox of theirs. So looking records nothing, ever; an
answer is a POST that carries the nonce of the page we showed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from feedback import finding, nonces
from feedback.forms import AnswerForm
from feedback.models import Ballot, Invitation, OptOut, Response, Survey, digest_of
from feedback.operations import answering, balloting
from helpdesk import clock
from helpdesk.models import Agent
from tickets import brands
from tickets.models import Inbox

_STALE = gettext_lazy("This page was open for a long time. Your answer is still here: please send it again.")
Page = Callable[[HttpRequest, Invitation], HttpResponse]


def of_invitation(page: Page) -> Callable[[HttpRequest, str], HttpResponse]:
    """Find the invitation behind a token, speak its language, and keep its address out of caches and search engines."""

    @wraps(page)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        invitation = finding.invitation(token)
        # an anonymous asking is answered through its ballot; this address only ends them
        is_elsewhere = bool(invitation and invitation.survey.is_anonymous and page is not _unsubscribe)
        if invitation is None or not invitation.is_out or is_elsewhere:
            return _private(
                _plain(
                    request,
                    title=_("This link leads nowhere"),
                    words=_("Perhaps a part of it was lost on the way. Please open it from the mail again."),
                    status=404,
                ),
                translation.get_language(),
            )
        with translation.override(invitation.language):
            return _private(page(request, invitation), invitation.language)

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
def survey(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The question, with the score of the link chosen; the button answers."""
    response = finding.response(invitation)
    if closed := _closed(request, invitation, response):
        return closed
    if request.method == "POST":
        return _answer(request, invitation, response)
    if request.method == "GET" and invitation.opened_at is None:
        answering.opened(invitation)
    initial: dict[str, Any] = {"score": request.GET.get("score", ""), "comment": ""}
    if response:
        initial = {
            "score": initial["score"] or str(response.score), "comment": response.comment,
            "is_solved": {True: "yes", False: "no"}.get(response.is_solved, ""), "reason": response.reason_id,  # type: ignore[arg-type]
        }  # fmt: skip
    return _ask(request, invitation, AnswerForm(survey=invitation.survey, initial=initial), response)


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
    if isinstance(request.user, Agent) and not settings.MAIL_CATCHER:
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


def _answer(request: HttpRequest, invitation: Invitation, response: Response | None) -> HttpResponse:
    form = AnswerForm(request.POST, survey=invitation.survey)
    if not form.is_valid():
        return _ask(request, invitation, form, response, status=422)
    try:
        answering.respond(
            invitation, nonce=request.POST.get("nonce", ""), program=request.headers.get("User-Agent", ""), **form.said
        )
    except answering.TooLate:
        fresh = finding.response(invitation)
        return _closed(request, invitation, fresh) or _ask(request, invitation, form, fresh, status=409)
    except answering.TooSoon:
        form.add_error(None, _("That came before anybody could have read our mail. Please press the button once more."))
        return _ask(request, invitation, form, response, status=409)
    except answering.Refused:
        form.add_error(None, _STALE)
        return _ask(request, invitation, form, response, status=409)
    return redirect("survey_thanks", token=invitation.token)


def _ask(
    request: HttpRequest, invitation: Invitation, form: AnswerForm, response: Response | None, *, status: int = 200
) -> HttpResponse:
    return render(request, "feedback/survey.html", _context(invitation, form, response), status=status)


@require_safe
@of_invitation
def thanks(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """What was answered, and room for a comment."""
    response = Response.objects.select_related("reason").filter(invitation=invitation).first()
    if response is None:
        return redirect("survey", token=invitation.token)
    response.invitation = invitation
    context = {
        **_frame(invitation),
        "response": response,
        "words": response.words,
        "is_low": response.is_low,
        "nonce": nonces.make(invitation),
        "reasons": response.invitation.survey.offered_reasons if response.is_low and not response.reason_id else [],
        "change_url": invitation.get_absolute_url() if clock.now() <= response.changeable_until else "",
    }
    return render(request, "feedback/thanks.html", context)


def _unsubscribe(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Ask before, act on the POST that RFC 8058 prescribes, and say what was done."""
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


def _context(invitation: Invitation, form: AnswerForm, response: Response | None) -> dict[str, Any]:
    return {
        **_frame(invitation),
        **page_context(invitation.survey, form),
        "action": invitation.get_absolute_url(),
        "subject": invitation.ticket.subject if invitation.ticket else None,
        "is_asked_again": invitation.recovery_id is not None,
        "response": response,
        "nonce": nonces.make(invitation),
    }


def page_context(survey: Survey, form: AnswerForm) -> dict[str, Any]:
    """The question and its answers as the page shows them, whoever is asked."""
    chosen = str(form["score"].value() or (form["score"].value() == 0 and "0") or "")
    low = -1 if survey.low is None else survey.low
    return {
        "question": survey.words,
        "is_numbered": survey.is_numbered,
        "ends": survey.ends,
        "form": form,
        "comment": form["comment"].value() or "",
        "solved": form["is_solved"].value() if "is_solved" in form.fields else None,
        "reasons": [{"pk": r.pk, "name": r.name} for r in finding.offered_reasons(survey)],
        "reason": str(form["reason"].value() or ""),
        "choices": [
            {"value": score, "words": words, "is_chosen": str(score) == chosen, "is_low": score <= low}
            for score, words in survey.scale.items()
        ],
    }


def _plain(request: HttpRequest, *, title: str, words: str, status: int) -> HttpResponse:
    return render(request, "feedback/closed.html", {"title": title, "words": words}, status=status)
