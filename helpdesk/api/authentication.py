"""Who asks: a program that holds a token. The token acts as its agent and may never do more than they."""

from datetime import timedelta

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from helpdesk import clock
from helpdesk.cache import house
from helpdesk.models import Agent, ApiToken
from helpdesk.models.api import digest
from helpdesk.prepared import Prepared

#: how often the use of a token is written down
USE_NOTED_EVERY = timedelta(minutes=1)
WRONG_KEYS_PER_MINUTE = 10

_by_digest = Prepared(
    lambda place: ApiToken.objects.filter(digest=place(str), revoked_at=None, agent__is_active=True), related="agent"
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer hd_…` (or `Token hd_…`). A token in the address is never looked at.

    Looked up by its hash, so that comparing takes the same time for every wrong token; one query a request.
    """

    def authenticate(self, request: Request) -> tuple[Agent, ApiToken] | None:
        scheme, _space, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() not in (b"bearer", b"token"):
            return None
        secret = secret.strip()
        token = _find(secret)
        if token is None or token.is_expired:
            _count_wrong(request)
            raise AuthenticationFailed(_("This token is unknown, was revoked or has run out."))
        if token.inboxes is not None:
            token.agent.limited_to = frozenset(token.inboxes)
        _note_use(token)
        return token.agent, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _find(secret: bytes) -> ApiToken | None:
    if not secret.startswith(b"hd_") or len(secret) > 100 or not secret.isascii():
        return None
    return next(iter(_by_digest(digest(secret.decode()))), None)


def _note_use(token: ApiToken) -> None:
    now = clock.now()
    if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _count_wrong(request: Request) -> None:
    """Slow down whoever tries tokens; a right one is never slowed down by somebody else's wrong ones."""
    minute = int(clock.now().timestamp()) // 60
    key = f"api-wrong:{request.META.get('REMOTE_ADDR', '')}:{minute}"
    if counted(key, 120) > WRONG_KEYS_PER_MINUTE:
        raise Throttled(wait=60)


def counted(key: str, seconds: int) -> int:
    """Count one more in the cache. 1 while the cache is away: what is counted there is not worth failing for."""
    return house().count(key, seconds)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema describes the token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made with `manage.py apikey EMAIL`. It acts as that agent.",
        }
