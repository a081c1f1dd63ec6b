"""Responses: what customers answered."""

from datetime import datetime, timedelta

from django.db import models

from feedback.models.invitation import Invitation
from helpdesk import clock
from helpdesk.models import Agent

#: this score and those below ask for somebody's attention
LOW_SCORE = 2


class Response(models.Model):
    """One answer to one invitation; a change of mind changes it."""

    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="response")
    score = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(default=clock.now)
    #: the last change of mind
    changed_at = models.DateTimeField(null=True)
    #: whether the problem was solved, where that was asked
    is_solved = models.BooleanField(null=True)
    #: why the score is low, as the customer or later an agent says
    reason = models.ForeignKey("feedback.ReasonCode", models.SET_NULL, null=True, related_name="+")
    is_after_reminder = models.BooleanField(default=False)
    #: whose help was rated: the last person to answer in public before the resolution
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    #: more than one person had answered
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["-answered_at"]
        indexes = [models.Index(fields=["answered_at"], name="response_answered_at")]

    def __str__(self) -> str:
        return f"{self.score} for invitation {self.invitation_id}"

    @property
    def is_low(self) -> bool:
        low = self.invitation.survey.low
        return low is not None and self.score <= low

    @property
    def words(self) -> str:
        """The score in words."""
        return str(self.invitation.survey.scale.get(self.score, ""))

    @property
    def changeable_until(self) -> datetime:
        """The last moment a change of mind counts."""
        until = self.answered_at + timedelta(days=self.invitation.survey.change_days)
        return min(until, self.invitation.expires_at) if self.invitation.expires_at else until
