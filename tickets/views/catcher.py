"""Development only: every mail that left, and a way to answer it as its recipient."""

import smtplib
from base64 import b64encode
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.models import Role
from helpdesk.pages import roles
from tickets import texts
from tickets.models import CaughtMail


def _only_here() -> None:
    if not settings.MAIL_CATCHER:
        raise Http404


def _read(caught: CaughtMail) -> EmailMessage:
    parsed = message_from_bytes(bytes(caught.content), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body else ""


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def mail_catcher(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The caught mails and one of them; a POST answers it, over real SMTP, as the customer would."""
    _only_here()
    mails = list(CaughtMail.objects.defer("content")[:100])
    caught = get_object_or_404(CaughtMail, pk=pk) if pk else CaughtMail.objects.first()
    if request.method == "POST" and caught is not None:
        try:
            _answer(caught, request.POST.get("text", ""))
            messages.success(request, _("Sent as the customer's answer."))
        except (OSError, smtplib.SMTPException) as error:
            messages.error(request, _("The mail server did not take it: %(error)s") % {"error": error})
        return redirect("mail_catcher_mail", pk=caught.pk)
    context: dict[str, Any] = {"mails": mails, "caught": caught, "rail_current": "settings"}
    if caught is not None:
        mail = _read(caught)
        context.update(
            mail_headers=[(name, str(value)) for name, value in mail.items()],
            mail_text=_part(mail, "plain"), has_html=bool(_part(mail, "html")),
        )  # fmt: skip
    return render(request, "tickets/mail_catcher.html", context)


def _answer(caught: CaughtMail, text: str) -> None:
    mail = _read(caught)
    answer = EmailMessage()
    answer["From"] = caught.recipients[0]
    answer["To"] = parseaddr(str(mail["From"]))[1]
    subject = texts.line(str(mail["Subject"] or ""))
    answer["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    answer["Message-ID"] = make_msgid(domain="customer.localhost")
    if mail["Message-ID"]:
        answer["In-Reply-To"] = str(mail["Message-ID"])
        answer["References"] = str(mail["Message-ID"])
    quoted = "\n".join(f"> {row}" for row in _part(mail, "plain").splitlines())
    answer.set_content(f"{texts.clean(text)}\n\nOn {mail['Date']}, {answer['To']} wrote:\n{quoted}\n")
    # what catches our mail is our own mail server, wherever it runs
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=10) as session:
        session.send_message(answer)


@roles(Role.ADMIN)
@require_safe
def caught_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of a caught mail in a page that may do nothing but look as it was meant to."""
    _only_here()
    mail = _read(get_object_or_404(CaughtMail, pk=pk))
    html = _part(mail, "html")
    # a mail program shows the pictures a mail brings along
    for part in mail.walk():
        if (name := str(part["Content-ID"] or "").strip("<> ")) and part.get_content_maintype() == "image":
            picture = b64encode(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{picture}")
    response = HttpResponse(html)
    # our own mail styles itself inline, as mail must; the sandbox has no scripts, no forms and no origin
    response["Content-Security-Policy"] = (
        "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    return response
