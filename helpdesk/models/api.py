"""API tokens, and the memory that makes a repeated request harmless."""

import hashlib
import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock


def digest(secret: str) -> str:
    """What is stored of a token: tokens are random, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenManager(models.Manager["ApiToken"]):
    def issue(self, agent, name: str, **limits: Any) -> tuple["ApiToken", str]:  # type: ignore[no-untyped-def]
        """A new token and its secret, which is shown once and stored nowhere. `limits` are fields of the token."""
        secret = f"hd_{secrets.token_urlsafe(32)}"
        return self.create(agent=agent, name=name, digest=digest(secret), hint=secret[-4:], **limits), secret


class ApiToken(models.Model):
    """A key with which a program acts as an agent."""

    agent = models.ForeignKey("helpdesk.Agent", models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)
    may_write = models.BooleanField(
        _("may change things"), default=True, help_text=_("Without it, the token only reads.")
    )
    #: ids of the inboxes it is limited to; null is all its agent sees
    inboxes = models.JSONField(null=True, blank=True)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenManager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= clock.now()


class IdempotencyKey(models.Model):
    """The answer once given to a request; the same key gets it again. Written with the request's effects."""

    principal = models.CharField(max_length=40)
    route = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal", "route", "key"], name="idempotency_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]
