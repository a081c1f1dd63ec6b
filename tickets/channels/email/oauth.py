"""Signing in at Google and Microsoft without a password: OAuth 2 (RFC 6749) with PKCE (RFC 7636), and XOAUTH2.

`authorization_url` sends an admin to the provider; what comes back is exchanged for a `Grant`, which anybody who needs
a token asks by `access_token`. Tests replace the endpoints in PROVIDERS.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import clock
from tickets.models import Grant, Security

TIMEOUT = 15
#: a token that ends sooner is renewed first
SOON = timedelta(minutes=5)


class OAuthTrouble(Exception):
    """No token is to be had; the words are for people."""

    code = "oauth"

    def __init__(self, words: str, remedy: str = "") -> None:
        super().__init__(words)
        self.remedy = remedy


class GrantLost(OAuthTrouble):
    """The permission was taken back, or never given: somebody must connect the account again."""

    code = "grant-lost"


class ClientRefused(OAuthTrouble):
    """The provider does not know our client id and secret (any more)."""

    code = "oauth-client"


class ProviderAway(OAuthTrouble):
    """The provider cannot be asked now; later it can."""

    code = "oauth-away"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider's consent page, its tokens and its mail servers are."""

    key: str
    name: str
    authorize_url: str
    token_url: str
    scope: str
    #: the part of the scope without which there is no mail
    needed: str
    more: dict[str, str] = field(default_factory=dict)
    imap_host: str = ""
    imap_port: int = 993
    imap_security: str = Security.TLS
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = Security.STARTTLS

    @property
    def client_id(self) -> str:
        return str(getattr(settings, f"{self.key.upper()}_CLIENT_ID"))

    @property
    def client_secret(self) -> str:
        return str(getattr(settings, f"{self.key.upper()}_CLIENT_SECRET"))

    @property
    def is_set_up(self) -> bool:
        """Whether this helpdesk is registered there."""
        return bool(self.client_id and self.client_secret)

    @property
    def redirect_uri(self) -> str:
        """The page of ours that the provider sends people back to; it must be registered there."""
        return settings.BASE_URL + reverse("settings_oauth_callback", args=[self.key])

    def endpoint(self, url: str) -> str:
        return url.replace("{tenant}", settings.MICROSOFT_TENANT)


_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
PROVIDERS: dict[str, Provider] = {
    "google": Provider(
        key="google", name="Google",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        scope="https://mail.google.com/ openid email", needed="https://mail.google.com/",
        # without both, a second consent brings no refresh token
        more={"access_type": "offline", "prompt": "consent"},
        imap_host="imap.gmail.com", smtp_host="smtp.gmail.com",
    ),
    "microsoft": Provider(
        key="microsoft", name="Microsoft",
        authorize_url=f"{_MICROSOFT}/authorize", token_url=f"{_MICROSOFT}/token",
        scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send "
              "offline_access openid email profile",
        needed="IMAP.AccessAsUser.All", more={"prompt": "select_account"},
        imap_host="outlook.office365.com", smtp_host="smtp.office365.com",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider's token endpoint gave."""

    access_token: str
    refresh_token: str
    seconds: int
    scope: str
    username: str


def authorization_url(provider: Provider, *, state: str, verifier: str, username: str = "") -> str:
    """The consent page an admin is sent to. `verifier` is kept for `exchange`; the provider sees its digest only."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": provider.client_id, "redirect_uri": provider.redirect_uri, "response_type": "code",
        "scope": provider.scope, "state": state, "code_challenge": digest, "code_challenge_method": "S256",
        **provider.more, **({"login_hint": username} if username else {}),
    }  # fmt: skip
    return f"{provider.endpoint(provider.authorize_url)}?{urlencode(asked)}"


def exchange(provider: Provider, *, code: str, verifier: str) -> Tokens:
    """Tokens for the code a consent page sent back. Raises OAuthTrouble."""
    tokens = _ask(
        provider, grant_type="authorization_code", code=code, redirect_uri=provider.redirect_uri,
        code_verifier=verifier,
    )  # fmt: skip
    if tokens.scope and provider.needed not in tokens.scope:
        raise GrantLost(
            _("%(provider)s did not give the permission to read mail.") % {"provider": provider.name},
            _("Connect again, and leave the permission for mail ticked."),
        )
    if not tokens.username:
        raise GrantLost(_("%(provider)s did not say whose account it is.") % {"provider": provider.name})
    return tokens


def keep(provider: Provider, tokens: Tokens) -> Grant:
    """The grant of this account: a new one, or the one we had with new tokens. Raises GrantLost without any."""
    given = {
        "access_token": tokens.access_token, "expires_at": clock.now() + timedelta(seconds=tokens.seconds),
        "scope": tokens.scope, "error": "",
        **({"refresh_token": tokens.refresh_token} if tokens.refresh_token else {}),
    }  # fmt: skip
    account = {"provider": provider.key, "username": tokens.username}
    if not tokens.refresh_token and not Grant.objects.filter(**account).exists():
        raise GrantLost(
            _("%(provider)s gave a permission that ends within the hour.") % {"provider": provider.name},
            _("Remove this helpdesk from the account's connected apps there, and connect again."),
        )
    return Grant.objects.update_or_create(provider=provider.key, username=tokens.username, defaults=given)[0]


def access_token(grant: Grant, *, refused: str = "") -> str:
    """A token that is good for some minutes, renewed first where it is not; whoever comes meanwhile waits for it.

    `refused` is a token that a server did not take: it is not given again. Raises GrantLost when the permission was
    taken back (the grant then says so in words), else another OAuthTrouble.
    """
    lost: GrantLost | None = None
    with transaction.atomic():
        mine = Grant.objects.select_for_update().get(pk=grant.pk)
        left = mine.expires_at - clock.now() if mine.expires_at else timedelta(0)
        is_good = bool(mine.access_token) and mine.access_token != refused
        if is_good and left > SOON:
            return mine.access_token
        try:
            _renew(mine)
        except GrantLost as error:
            lost = error
            Grant.objects.filter(pk=mine.pk).update(error=str(error), access_token="")
        except ProviderAway:
            if is_good and left > timedelta(0):
                return mine.access_token
            raise
    if lost:
        raise lost
    return mine.access_token


def _renew(grant: Grant) -> None:
    provider = PROVIDERS[grant.provider]
    if not grant.refresh_token:
        raise GrantLost(*_lost(provider))
    tokens = _ask(provider, grant_type="refresh_token", refresh_token=grant.refresh_token)
    grant.access_token = tokens.access_token
    grant.refresh_token = tokens.refresh_token or grant.refresh_token
    grant.expires_at = clock.now() + timedelta(seconds=tokens.seconds)
    grant.error = ""
    grant.save(update_fields=["access_token", "refresh_token", "expires_at", "error"])


def _lost(provider: Provider) -> tuple[str, str]:
    return (
        _("%(provider)s does not let us in any more: the permission was taken back or has run out.")
        % {"provider": provider.name},
        _("Connect the account again."),
    )


def _ask(provider: Provider, **asked: str) -> Tokens:
    """Ask the token endpoint. Raises OAuthTrouble in plain words; what the provider said goes no further."""
    away = ProviderAway(
        _("%(provider)s's sign-in does not answer.") % {"provider": provider.name}, _("It is tried again by itself.")
    )
    form = {**asked, "client_id": provider.client_id, "client_secret": provider.client_secret}
    try:
        answer = httpx.post(provider.endpoint(provider.token_url), data=form, timeout=TIMEOUT)
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise away from error
    if not isinstance(told, dict) or answer.status_code >= 500 or answer.status_code == 429:
        raise away
    if answer.status_code == 200 and isinstance(told.get("access_token"), str):
        return Tokens(
            told["access_token"], str(told.get("refresh_token") or ""), _seconds(told.get("expires_in")),
            str(told.get("scope") or ""), _username(str(told.get("id_token") or "")),
        )  # fmt: skip
    if told.get("error") in ("invalid_client", "unauthorized_client"):
        raise ClientRefused(
            _("%(provider)s does not know this helpdesk: its client id or secret is wrong or has run out.")
            % {"provider": provider.name},
            _("Renew %(setting)s (docs/email.md).") % {"setting": f"{provider.key.upper()}_CLIENT_SECRET"},
        )
    raise GrantLost(*_lost(provider))


def _seconds(value: Any) -> int:
    try:
        return max(60, min(int(value), 30 * 24 * 3600))
    except (TypeError, ValueError):
        return 3600


def _username(id_token: str) -> str:
    """Whose account it is. The token came from the provider itself over TLS, so its signature adds nothing
    (OpenID Connect Core 3.1.3.7)."""
    try:
        payload = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return ""
    if not isinstance(claims, dict):
        return ""
    return str(claims.get("email") or claims.get("preferred_username") or claims.get("upn") or "").lower()[:320]


def xoauth2(username: str, token: str) -> str:
    """What a client says to sign in with a token, before base64: alike for IMAP and SMTP."""
    return f"user={username.replace(chr(1), '')}\x01auth=Bearer {token}\x01\x01"
