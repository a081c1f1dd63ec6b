"""Through whom a mail leaves: the outgoing server of its inbox, else the one of EMAIL_URL."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from tickets.models import OutgoingServer
from tickets.models.mailbox import Security, SignIn


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect and how to sign in. Equal ones can share a connection."""

    kind: str
    host: str
    port: int
    security: str
    sign_in: str
    username: str
    password: str = field(repr=False)
    #: whose permission it is, with OAuth2
    grant: int | None = None
    #: what a provider wants beside its key
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def is_api(self) -> bool:
        """Whether mail is handed over by HTTP."""
        return self.kind != OutgoingServer.Kind.SMTP


def of(row: OutgoingServer | None) -> Server:
    """What a row of settings says; without one, what EMAIL_URL says."""
    if row is None:
        return _of_settings()
    return Server(
        kind=row.kind,
        host=row.host,
        port=row.port,
        security=row.security,
        sign_in=row.sign_in,
        username=row.username,
        password=row.password,
        grant=row.grant_id,
        options=tuple(sorted((name, value) for name, value in row.options.items() if isinstance(value, str))),
    )


def _of_settings() -> Server:
    security = (
        Security.TLS if settings.EMAIL_USE_SSL else Security.STARTTLS if settings.EMAIL_USE_TLS else Security.NONE
    )
    return Server(
        kind=OutgoingServer.Kind.SMTP,
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        security=security,
        sign_in=SignIn.PASSWORD,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
    )
