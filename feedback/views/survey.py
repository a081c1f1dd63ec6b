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
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from feedback import nonces
from feedback.forms import AnswerForm
from feedback.models import Invitation, OptOut, Response
from feedback.operations import answering
from helpdesk import clock
from helpdesk.models import Agent
from tickets import brands

Page = Callable[[HttpRequest, Invitation], HttpResponse]


def of_invitation(page: Page) -> Callable[[HttpRequest, str], HttpResponse]:
    """Find the invitation behind a token, speak its language, and keep its address out of caches and search engines."""

    @wraps(page)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        invitation = (
            Invitation.objects.select_related("survey__sends_from__brand", "ticket__inbox__brand", "customer")
            .filter(token=token)
            .first()
        )
        if invitation is None or not invitation.is_out:
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
    response = Response.objects.filter(invitation=invitation).first()
    if response:
        response.invitation = invitation
    if closed := _closed(request, invitation, response):
        return closed
    if request.method == "POST":
        return _answer(request, invitation, response)
    initial = {"score": request.GET.get("score", ""), "comment": ""}
    if response:
        initial = {"score": initial["score"] or str(response.score), "comment": response.comment}
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
        return _plain(
            request,
            title=_("This page is for customers"),
            words=_("You are signed in as an agent. An answer of ours would not be an answer of theirs."),
            status=403,
        )
    return None


def _answer(request: HttpRequest, invitation: Invitation, response: Response | None) -> HttpResponse:
    form = AnswerForm(request.POST, survey=invitation.survey)
    if not form.is_valid():
        return _ask(request, invitation, form, response, status=422)
    try:
        answering.respond(
            invitation,
            nonce=request.POST.get("nonce", ""),
            score=form.cleaned_data["score"],
            comment=form.cleaned_data["comment"],
        )
    except answering.TooLate:
        fresh = Response.objects.filter(invitation=invitation).first()
        if fresh:
            fresh.invitation = invitation
        return _closed(request, invitation, fresh) or _ask(request, invitation, form, fresh, status=409)
    except answering.Refused:
        form.add_error(None, _("This page was open for a long time. Your answer is still here: please send it again."))
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
    response = Response.objects.filter(invitation=invitation).first()
    if response is None:
        return redirect("survey", token=invitation.token)
    response.invitation = invitation
    context = {
        **_frame(invitation),
        "response": response,
        "words": response.words,
        "is_low": response.is_low,
        "nonce": nonces.make(invitation),
        "change_url": invitation.get_absolute_url() if clock.now() <= response.changeable_until else "",
    }
    return render(request, "feedback/thanks.html", context)


# RFC 8058: the mail program posts here by itself, without cookies and without a page of ours before.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@of_invitation
def unsubscribe(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Ask before, act on the POST that RFC 8058 prescribes, and say what was done."""
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        answering.opt_out(invitation)
    done = OptOut.objects.filter(customer=invitation.customer_id).exists()
    return render(request, "feedback/unsubscribe.html", {**_frame(invitation), "done": done})


def _frame(invitation: Invitation) -> dict[str, Any]:
    inbox = invitation.inbox
    look = brands.look_of(inbox.brand)
    return {"invitation": invitation, "company": look.name if look else inbox.sender_name or inbox.name, "brand": look}


def _context(invitation: Invitation, form: AnswerForm, response: Response | None) -> dict[str, Any]:
    chosen = str(form["score"].value() or "")
    return {
        **_frame(invitation),
        "question": invitation.survey.words,
        "subject": invitation.ticket.subject if invitation.ticket else "",
        "form": form,
        "comment": form["comment"].value() or "",
        "response": response,
        "nonce": nonces.make(invitation),
        "choices": [
            {"value": score, "words": words, "is_chosen": str(score) == chosen}
            for score, words in invitation.survey.scale.items()
        ],
    }


def _plain(request: HttpRequest, *, title: str, words: str, status: int) -> HttpResponse:
    return render(request, "feedback/closed.html", {"title": title, "words": words}, status=status)
