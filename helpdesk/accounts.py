"""How people sign in: allauth, with no way to sign up; agents are invited."""

import smtplib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as running
from django.contrib import messages
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import get_connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)

#: somebody looks at the page meanwhile; a customer's mail has longer
MAIL_SECONDS = 15


def closed(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """allauth's pages on which people change the address they sign in with: only an admin does, in the settings."""
    raise Http404


class AccountAdapter(DefaultAccountAdapter):
    """Closed to strangers; signing in brings the agent's language and zone along."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail about somebody's account; when it cannot be, say so, to whoever asked for whomever."""
        request = running.request
        told = {"request": request, "email": email, "current_site": get_current_site(request), **context}
        mail = self.render_mail(template_prefix, email, told)
        mail.connection = get_connection(timeout=MAIL_SECONDS)
        try:
            mail.send()
        except (OSError, smtplib.SMTPException) as error:
            log.warning("a mail about an account could not be sent", error=str(error))
            messages.error(request, _("The mail could not be sent. Please try again later."))

    def login(self, request, user):  # type: ignore[no-untyped-def]
        super().login(request, user)
        from helpdesk.pages import remember_reader

        remember_reader(request, user)
