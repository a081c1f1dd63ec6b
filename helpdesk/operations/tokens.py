"""Keys of programs."""

from typing import Any

from django.db import transaction

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, ApiToken


@transaction.atomic
def issue(agent: Agent, *, name: str, **limits: Any) -> tuple[ApiToken, str]:
    """Make a token that acts as this agent. Its secret is returned this once and kept nowhere."""
    token, secret = ApiToken.objects.issue(agent, name, **limits)
    until = token.expires_at.isoformat() if token.expires_at else None
    record("apitoken.created", token, actor=agent, name=token.name, hint=token.hint, may_write=token.may_write,
           inboxes=token.inboxes, expires_at=until)  # fmt: skip
    return token, secret


@transaction.atomic
def revoke(token: ApiToken, *, actor: Agent) -> None:
    """Let a token open nothing from now on. Twice is as once."""
    token = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        token.save(update_fields=["revoked_at"])
        record("apitoken.revoked", token, actor=actor, name=token.name, hint=token.hint)
