"""Responses: what customers answered."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models.invitation import Invitation
from feedback.models.survey import HIGH
from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.prepared import Prepared

#: this score and those below ask for somebody's attention
LOW_SCORE = 2


_of_invitation = Prepared(lambda place: Response.objects.filter(invitation=place(int)).order_by())


class ResponseQuerySet(models.QuerySet["Response"]):
    def of(self, invitation: Invitation) -> "Response | None":
        """What was answered to an invitation so far."""
        found = next(iter(_of_invitation(invitation.pk)), None)
        if found is not None:
            found.invitation = invitation
        return found


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

    #: it came as machines answer, several scores in a moment: no figure counts it until a person answers anew
    is_doubtful = models.BooleanField(default=False)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["-answered_at"]
        indexes = [
            models.Index(fields=["answered_at"], name="response_answered_at"),
            models.Index(fields=["id"], condition=Q(is_doubtful=True), name="response_doubtful"),
        ]

    def __str__(self) -> str:
        return f"{self.score} for invitation {self.invitation_id}"

    @property
    def is_low(self) -> bool:
        low = self.invitation.survey.low
        return low is not None and self.score <= low

    @property
    def tone(self) -> str:
        """Whether it is a "good" or a "bad" one, or neither."""
        survey = self.invitation.survey
        if self.is_low:
            return "bad"
        high = HIGH.get(survey.kind)
        return "good" if high is not None and self.score >= high else ""

    @property
    def words(self) -> str:
        """The score in words."""
        return str(self.invitation.survey.scale.get(self.score, ""))

    @property
    def changeable_until(self) -> datetime:
        """The last moment a change of mind counts."""
        until = self.answered_at + timedelta(days=self.invitation.survey.change_days)
        return min(until, self.invitation.expires_at) if self.invitation.expires_at else until


class Hit(models.Model):
    """A button that was pressed on a page of an invitation, by somebody or something; kept to look into doubtful votes.

    Following links leaves nothing here: mail scanners do that by the thousand.
    """

    class Outcome(models.TextChoices):
        COUNTED = "counted", _("counted")
        TOO_SOON = "too_soon", _("sooner than anybody can read a mail")
        REFUSED = "refused", _("not from a page we showed")
        LATE = "late", _("too late")

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="hits")
    at = models.DateTimeField(default=clock.now)
    score = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    #: what the program called itself
    program = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["invitation", "at"], name="hit_of_invitation"),
            models.Index(fields=["at"], name="hit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.score} for invitation {self.invitation_id}: {self.outcome}"
