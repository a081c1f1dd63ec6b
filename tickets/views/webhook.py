"""Where programs post mail for an inbox, and where admins make the secret they sign it with."""

import hashlib
import json
import time

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.api import problems
from helpdesk.models import Role
from helpdesk.pages import agent_of, roles
from tickets.channels.email import webhook
from tickets.models import Inbox
from tickets.operations import health, intake, webhook_secrets
from tickets.settings_tabs import Tab, frame

log = structlog.get_logger(__name__)

RETRY_SECONDS = "60"


# programs have no session and no form token: what they send is signed instead
@csrf_exempt
@require_POST
def mail_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Store a raw mail: 202, or 200 for one we have. 401 unsigned, 413 too large, 503 when we cannot store it."""
    timestamp = request.headers.get("X-Helpdesk-Timestamp", "")
    signature = request.headers.get("X-Helpdesk-Signature", "")
    if not webhook.is_fresh(timestamp, time.time()):
        return _unsigned()
    if not request.META.get("CONTENT_LENGTH", "").isdecimal():
        return problems.answer(411, _("Say with Content-Length how long the mail is."))
    try:
        body = _body(request)
        if body is None:
            return problems.answer(413, _("A mail may have %(size)d MB at most.") % {"size": settings.MAIL_MAX_MB})
        inbox = Inbox.objects.active().filter(pk=pk).first()
        secrets = webhook_secrets.accepted(inbox) if inbox else []
        if not webhook.is_signed(secrets, timestamp, body, signature) or inbox is None:
            return _unsigned()
        return _store(inbox, webhook.mail_in(body, request.headers.get("Content-Type", "")))
    except webhook.NotThere as error:
        return problems.answer(400, str(error))
    except UnreadablePostError:
        return problems.answer(400, _("The body broke off."))
    except Exception as error:  # whatever it is, the sender still has the mail
        log.error("a posted mail could not be stored", inbox=pk, exc_info=error)
        answer = problems.answer(503, _("We could not store this mail. Please try again later."))
        answer["Retry-After"] = RETRY_SECONDS
        return answer


def _body(request: HttpRequest) -> bytes | None:
    """The body as it came; None when it is larger than a mail, and a form around it, may be."""
    most = settings.MAIL_MAX_MB * 1024 * 1024 + 64 * 1024
    if int(request.META["CONTENT_LENGTH"]) > most:
        return None
    body = request.read(most + 1)
    return body if len(body) <= most else None


def _unsigned() -> HttpResponse:
    """One answer for a missing, old, wrong or foreign signature, and for an inbox that takes no posted mail."""
    answer = problems.answer(
        401, _("This request is not signed with this inbox's secret, or its time is not within five minutes of ours.")
    )
    answer["WWW-Authenticate"] = "X-Helpdesk-Signature"
    return answer


def _store(inbox: Inbox, content: bytes) -> HttpResponse:
    if len(content) > settings.MAIL_MAX_MB * 1024 * 1024:
        return problems.answer(413, _("A mail may have %(size)d MB at most.") % {"size": settings.MAIL_MAX_MB})
    if not content.strip():
        raise webhook.NotThere(_("There is no mail in it."))
    key = hashlib.sha256(content).hexdigest()
    raw = intake.store(inbox=inbox, content=content, source="webhook", source_key=key)
    if raw is None:
        return _json({"stored": False, "known": True}, 200)
    health.note_received(inbox.pk)
    return _json({"stored": True, "known": False}, 202)


def _json(document: dict[str, bool], status: int) -> HttpResponse:
    return HttpResponse(json.dumps(document), status=status, content_type="application/json")


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Make, renew or take away the secret. A new one is shown in this answer and never again."""
    inbox, secret = get_object_or_404(Inbox, pk=pk), ""
    if request.method == "POST" and request.POST.get("do") == "revoke":
        webhook_secrets.revoke(inbox, actor=agent_of(request))
        messages.success(request, _("The secret is taken away: nothing more can be posted."))
        return redirect("settings_inboxes_webhook", pk=pk)
    if request.method == "POST":
        secret = webhook_secrets.renew(inbox, actor=agent_of(request))
        inbox.refresh_from_db()
    accepted = webhook_secrets.accepted(inbox)
    context = {
        **frame(request, inbox, TAB), "secret": secret, "is_on": bool(accepted), "has_former": len(accepted) > 1,
        "limit": settings.MAIL_MAX_MB, "address": f"{settings.BASE_URL}{reverse('mail_in', args=[pk])}",
    }  # fmt: skip
    return render(request, "tickets/settings/webhook.html", context)


TAB = Tab(
    "webhook", gettext_lazy("Webhook"),
    gettext_lazy("A program posts raw mail to an address of this helpdesk, and signs it with a secret the two share."),
    form=None, view=settings_page,
)  # fmt: skip
