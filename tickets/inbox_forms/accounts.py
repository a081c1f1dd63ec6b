"""Accounts at Google and Microsoft that were connected, for the forms that sign in with one."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from tickets.channels.email import oauth
from tickets.models import Grant, Inbox, SignIn


class GrantField(forms.ModelChoiceField):
    """One of the connected accounts."""

    def __init__(self, **kwargs: Any) -> None:
        given: dict[str, Any] = {"label": _("Account"), "required": False, "empty_label": _("none yet"), **kwargs}
        super().__init__(queryset=Grant.objects.order_by("username"), **given)

    def label_from_instance(self, grant: Grant) -> str:
        name = f"{grant.username} ({oauth.PROVIDERS[grant.provider].name})"
        return _("%(account)s: connect again") % {"account": name} if grant.error else name


@dataclass(frozen=True, slots=True)
class Connecting:
    """What a page shows of a provider: whether we are registered there, and where to connect an account."""

    provider: oauth.Provider
    url: str

    @property
    def settings(self) -> str:
        key = self.provider.key.upper()
        return f"{key}_CLIENT_ID, {key}_CLIENT_SECRET"


def connecting(inbox: Inbox, tab: str) -> list[Connecting]:
    """Each provider, with the address that leads to its consent page and back to this tab of the inbox."""
    return [
        Connecting(
            provider,
            f"{reverse('settings_oauth_start', args=[provider.key])}?{urlencode({'inbox': str(inbox.pk), 'tab': tab})}",
        )
        for provider in oauth.PROVIDERS.values()
    ]


def just_connected(request: HttpRequest) -> dict[str, Any]:
    """Initial values of a form to which somebody comes back from a provider: `sign_in` and `grant`."""
    pk = request.GET.get("grant", "")
    grant = Grant.objects.filter(pk=pk).first() if pk.isdigit() and len(pk) < 19 else None
    return {"sign_in": grant.provider, "grant": grant.pk} if grant else {}


def grant_for(sign_in: str, grant: Grant | None) -> Grant:
    """The account to sign in with. Raises ValidationError where it is none of this provider."""
    if grant is None or grant.provider != sign_in:
        name = oauth.PROVIDERS[SignIn(sign_in)].name
        raise forms.ValidationError(_("Connect an account at %(provider)s first, or choose one.") % {"provider": name})
    return grant
