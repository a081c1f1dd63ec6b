"""Invitations: how somebody new gets in."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from helpdesk import clock

LIFE = timedelta(days=7)


class AgentInvitationQuerySet(models.QuerySet["AgentInvitation"]):
    def open(self, at: datetime | None = None) -> "AgentInvitationQuerySet":
        """Those whose link still works."""
        return self.filter(accepted_at=None, revoked_at=None, sent_at__gt=(at or clock.now()) - LIFE)


class AgentInvitation(models.Model):
    """A link that lets one agent choose their first password, once, within a week. Only its hash is kept."""

    agent = models.ForeignKey("helpdesk.Agent", models.CASCADE, related_name="invitations")
    invited_by = models.ForeignKey("helpdesk.Agent", models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    sent_at = models.DateTimeField(default=clock.now)
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = AgentInvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], condition=Q(accepted_at=None, revoked_at=None), name="one_open_invitation"
            )
        ]

    @property
    def runs_out_at(self) -> datetime:
        return self.sent_at + LIFE
