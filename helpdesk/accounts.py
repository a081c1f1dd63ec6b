"""How people sign in: allauth, with no way to sign up; agents are invited. What happens there is an event."""

import smtplib
from typing import Any

import structlog
from allauth.account import signals as account_signals
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as running
from allauth.mfa import signals as factor_signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import get_connection
from django.db import transaction
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from helpdesk import crypto, second_factor
from helpdesk.events import record
from helpdesk.models import Agent
from helpdesk.operations import sessions

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

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password of somebody who is here: the audit log shows it. Of nobody: the log has it already."""
        email = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        if agent := Agent.objects.filter(email=email).first():
            _happened("agent.sign_in_failed", agent, request, by="password")


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps are encrypted at rest; nobody takes off the last one where it is required."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("Everybody here needs a second factor: add another before you remove this."),
    }

    def encrypt(self, text: str) -> str:
        return crypto.encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypted(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=second_factor.KINDS)
        return not second_factor.is_required() or others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1} if count else _("Passkey")


def _happened(
    verb: str, agent: Agent, request: HttpRequest | None, *, actor: Agent | None = None, **facts: Any
) -> None:
    ip = request.META.get("REMOTE_ADDR", "") if request else ""
    if request is not None:
        try:
            ip = AccountAdapter(request).get_client_ip(request)
        except Exception:  # an address is a help, and no reason to fail
            log.warning("the address of a client is unknown", exc_info=True)
    with transaction.atomic():
        record(verb, agent, actor=actor, ip=ip, **facts)


@receiver(account_signals.user_logged_in)
def _signed_in(request: HttpRequest, user: Agent, **_more: Any) -> None:
    methods = [step.get("method", "") for step in request.session.get("account_authentication_methods", [])]
    _happened("agent.signed_in", user, request, actor=user, by=sorted({*filter(None, methods)}))


@receiver(factor_signals.authentication_failed)
def _code_was_wrong(request: HttpRequest, user: Agent, **_more: Any) -> None:
    _happened("agent.sign_in_failed", user, request, by="second factor")


@receiver(account_signals.password_changed)
@receiver(account_signals.password_set)
@receiver(account_signals.password_reset)
def _password_changed(request: HttpRequest, user: Agent, **_more: Any) -> None:
    """Every other session ends with the old password."""
    sessions.end_others(user, keeping=request.session.session_key if request.user.is_authenticated else None)
    _happened("agent.password_changed", user, request, actor=user)


@receiver(factor_signals.authenticator_added)
def _factor_added(request: HttpRequest, user: Agent, authenticator: Authenticator, **_more: Any) -> None:
    sessions.end_others(user, keeping=request.session.session_key)
    _happened("agent.second_factor_added", user, request, actor=user, kind=authenticator.type)


@receiver(factor_signals.authenticator_removed)
def _factor_removed(request: HttpRequest, user: Agent, authenticator: Authenticator, **_more: Any) -> None:
    _happened("agent.second_factor_removed", user, request, actor=user, kind=authenticator.type)


@receiver(factor_signals.authenticator_reset)
def _codes_made(request: HttpRequest, user: Agent, **_more: Any) -> None:
    _happened("agent.recovery_codes_made", user, request, actor=user)
