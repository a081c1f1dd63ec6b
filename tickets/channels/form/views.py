"""The form's page and its thanks, alone or in a frame of an allowed site. No cookie, nobody signed in; no script but
the one by which a frame tells its site how tall it is, and it does without.

What is sent is kept before anybody is thanked; a worker makes its ticket (`adapter`).
"""

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk import rates
from tickets import brands
from tickets.channels import handling, scripts
from tickets.channels.chat import origins
from tickets.channels.form import adapter, tokens
from tickets.channels.form.forms import MOST_BYTES, ContactForm
from tickets.models import ChannelAccount, Inbox
from tickets.operations import leaving
from tickets.operations.status import NotPossible

log = structlog.get_logger(__name__)

#: sendings of one network address in ten minutes, of one typed mail address in an hour, of one form in an hour
MOST_EACH, MOST_FROM, MOST_HERE = 15, 10, 600
MOST_UPLOAD = MOST_BYTES + 1024 * 1024
#: a field people do not see and programs fill in
TRAP = "your_homepage"


def _account(key: str) -> ChannelAccount | None:
    found = ChannelAccount.objects.filter(kind="form", key=key, inbox__is_active=True)
    return found.select_related("inbox__brand", "inbox__mails_through__brand").first()


# Nobody is signed in here and a frame has no cookies of ours: the signed token of the showing stands in for Django's.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, key: str) -> HttpResponse:
    """The form. What cannot be taken comes back with all that was written."""
    account = _account(key)
    if account is None:
        return _nothing(request)
    with translation.override(_language(request, account)):
        return _framed(request, _page(request, account), account)


def _page(request: HttpRequest, account: ChannelAccount) -> HttpResponse:
    if request.method != "POST":
        if account.config.get("paused"):
            return _closed(request, account)
        thread = tokens.added_to(account.key, request.GET.get("more", ""))
        is_more = bool(thread)
        token = tokens.make(account.key, thread=thread, is_more=is_more)
        return _show(request, account, ContactForm(config=account.config, is_more=is_more), token, is_more=is_more)
    length = str(request.META.get("CONTENT_LENGTH") or 0)
    if not length.isdecimal() or int(length) > MOST_UPLOAD:
        return _plain(
            request, account, _("That is too large"), status=413,
            words=_("The files are larger than %(most)d MB together.") % {"most": MOST_BYTES // 1024**2},
        )  # fmt: skip
    return _take(request, account)


def _take(request: HttpRequest, account: ChannelAccount) -> HttpResponse:
    token = request.POST.get("token", "")[:500]
    showing = tokens.read(account.key, token)
    is_more = showing is not None and showing.is_more
    form = ContactForm(request.POST, request.FILES, config=account.config, is_more=is_more)
    status, words = _refusal(request, account, showing)
    if words:
        form.add_error(None, words)
    elif form.is_valid():
        if not (words := _reachable(account, form)):
            assert showing is not None
            return _kept(request, account, form, showing)
        status = 429 if words == _busy() else 422
        form.add_error(None if status == 429 else "email", words)
    if showing is None or showing.is_too_old:  # all that was written goes on under a fresh token, in the same talk
        token = tokens.make(account.key, thread=showing.thread if showing else "", is_more=is_more)
    response = _show(request, account, form, token, is_more=is_more, status=status)
    if status == 429:
        response["Retry-After"] = "600"
    return response


def _refusal(request: HttpRequest, account: ChannelAccount, showing: tokens.Showing | None) -> tuple[int, str]:
    """Why nothing is taken, whatever is written; 422 and no words where it may be."""
    if account.config.get("paused"):
        return 409, _("This form takes no messages at the moment. What you wrote is still here; please keep it.")
    each = rates.count(f"form-sent {account.pk} {rates.address_of(request)}", 600)
    if each > MOST_EACH or rates.count(f"form-sent {account.pk}", 3600) > MOST_HERE:
        return 429, _busy()
    if request.POST.get(TRAP):
        return 409, _("Something filled in a field that is to stay empty. It is empty again: please press the button "
                      "once more.")  # fmt: skip
    if showing is None or showing.is_too_old:
        return 409, _("This page was open for a long time. What you wrote is still here: please send it again.")
    if showing.is_too_young:
        return 409, _("That came before anybody could have written it. Please press the button once more.")
    return 422, ""


def _busy() -> str:
    return _("Too much was sent from here. What you wrote is still here: please try again in ten minutes.")


def _reachable(account: ChannelAccount, form: ContactForm) -> str:
    """Why we cannot answer to this address, in words."""
    email = form.cleaned_data.get("email")
    if not email:
        return ""
    try:
        leaving.must_be_reachable(email)
    except NotPossible as error:
        return str(error)
    return _busy() if rates.count(f"form-from {account.pk} {email.lower()}", 3600) > MOST_FROM else ""


def _kept(
    request: HttpRequest, account: ChannelAccount, form: ContactForm, showing: tokens.Showing
) -> HttpResponse:  # fmt: skip
    """Keep it, then say thanks. The same words of the same showing are one message, others one more in the talk."""
    said = form.cleaned_data
    told: dict[str, Any] = {
        "thread": showing.thread, "name": said.get("name", ""), "email": said.get("email", ""),
        "subject": said.get("subject", ""), "text": said["text"], "answers": form.answers,
        "files": [_file(one) for one in said.get("files") or []], "language": translation.get_language() or "",
    }  # fmt: skip
    told["id"] = f"{showing.thread}.{hashlib.sha256(adapter.written(told)).hexdigest()[:16]}"
    try:
        handling.keep(account, adapter.written(told), told["id"], source="form")
    except Exception as error:  # nobody is thanked for what is not kept
        log.error("a form could not be kept", inbox=account.inbox_id, exc_info=error)
        form.add_error(None, _("We could not take it just now. What you wrote is still here: please send it again."))
        token = request.POST.get("token", "")
        return _show(request, account, form, token, is_more=showing.is_more, status=503)
    more = {"more": tokens.adding(account.key, showing.thread)}
    return redirect(f"{reverse('form_thanks', args=[account.key])}?{_query(request, more)}")


def _file(one: UploadedFile) -> dict[str, str]:
    content = base64.b64encode(one.read()).decode()
    return {"name": one.name or "", "type": one.content_type or "", "content": content}


@require_safe
def frame_script(request: HttpRequest, key: str) -> HttpResponse:
    """What a site that shows the form in a frame loads, so that the frame is as tall as the form."""
    if _account(key) is None:
        return scripts.missing("There is no form here.")
    return scripts.handed_out(request, "form/host.js")


@require_safe
def thanks(request: HttpRequest, key: str) -> HttpResponse:
    """It is here; and room for what was forgotten."""
    account = _account(key)
    if account is None:
        return _nothing(request)
    with translation.override(_language(request, account)):
        token = request.GET.get("more", "")[:500]
        more = f"{reverse('form_page', args=[key])}?{_query(request, {'more': token})}"
        is_open = bool(tokens.added_to(key, token)) and not account.config.get("paused")
        context = {"thanks": account.config.get("thanks", ""), "more_url": more if is_open else ""}
        return _framed(request, _draw(request, account, "tickets/form/thanks.html", context), account)


# ---------------------------------------------------------------------- how it looks


def _show(
    request: HttpRequest, account: ChannelAccount, form: ContactForm, token: str, *, is_more: bool, status: int = 200
) -> HttpResponse:
    query = _query(request, {})
    context = {
        "form": form, "config": account.config, "heading": _heading(account), "token": token,
        "is_more": is_more, "trap": TRAP,
        "action": request.path + (f"?{query}" if query else ""), "files_are_lost": bool(request.FILES),
    }  # fmt: skip
    return _draw(request, account, "tickets/form/page.html", context, status=status)


def _closed(request: HttpRequest, account: ChannelAccount) -> HttpResponse:
    words = _("This form takes no messages at the moment. Please come back later.")
    return _plain(request, account, _heading(account), words=words)


def _heading(account: ChannelAccount) -> str:
    return account.config.get("title") or _("Write to us")


def _plain(request: HttpRequest, account: ChannelAccount, title: str, *, words: str, status: int = 200) -> HttpResponse:
    return _draw(request, account, "tickets/form/closed.html", {"title": title, "words": words}, status=status)


def _nothing(request: HttpRequest) -> HttpResponse:
    context = {"title": _("There is no form here"), "words": _("The link is wrong, or the form is no longer in use.")}
    return render(request, "tickets/form/closed.html", context, status=404)


def _draw(
    request: HttpRequest, account: ChannelAccount, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    is_embedded = _is_embedded(request)
    theme = account.config.get("frame_theme") or "light"
    around = {
        **_looks(account.inbox), "is_embedded": is_embedded, "theme": theme if is_embedded else "auto",
        "is_answer": request.method == "POST" or template == "tickets/form/thanks.html",
    }  # fmt: skip
    return render(request, template, {**around, **context}, status=status)


def _is_embedded(request: HttpRequest) -> bool:
    return bool(request.GET.get("embed"))


def _looks(inbox: Inbox) -> dict[str, Any]:
    """The brand of the inbox, else of the one its mails go through, from which the answer will come."""
    mailing = inbox.mailing
    look = brands.look_of(inbox.brand or (mailing.brand if mailing else None))
    return {"company": look.name if look else inbox.sender_name or inbox.name, "brand": look}


def _language(request: HttpRequest, account: ChannelAccount) -> str:
    """What the address asks for, else the form's own, else the reader's."""
    known = dict(settings.LANGUAGES)
    fixed = account.config.get("language", "auto")
    asked = request.GET.get("lang", "")
    return next((one for one in (asked, fixed) if one in known), None) or translation.get_language() or "en"


def _query(request: HttpRequest, more: dict[str, str]) -> str:
    """What of an address goes on to the next: how it is shown."""
    return urlencode({**{name: request.GET[name][:10] for name in ("embed", "lang") if name in request.GET}, **more})


def _framed(request: HttpRequest, response: HttpResponse, account: ChannelAccount) -> HttpResponse:
    """Sites of this form may show it in a frame; all else is as strict as everywhere, and stricter about scripts."""
    sites = filter(None, map(origins.cleaned, account.config.get("allowed_origins", [])))
    policy = {**settings.CONTENT_SECURITY_POLICY["DIRECTIVES"], "frame-ancestors": ["'self'", *sites]}
    policy["script-src"] = ["'self'" if _is_embedded(request) else "'none'"]
    response["Content-Security-Policy"] = "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items())
    response.xframe_options_exempt = True  # the policy says who may frame it
    response["Content-Language"] = translation.get_language() or "en"
    response["Cache-Control"] = "private, no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
