"""Quality reviews: what a lead thinks of an answer, beside what the customer thought."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox, Ticket

_GRADE: dict[str, Any] = {"null": True, "blank": True, "validators": [MinValueValidator(1), MaxValueValidator(4)]}


class QualityPlan(models.Model):
    """How many resolved tickets of an inbox are drawn for review each week."""

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="quality_plan", verbose_name=_("inbox"))
    per_week = models.PositiveSmallIntegerField(_("tickets a week"), default=10, validators=[MaxValueValidator(200)])
    #: the last week that was drawn, its Monday
    drawn_for = models.DateField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.per_week} a week of inbox {self.inbox_id}"


class QualityReview(models.Model):
    """One ticket drawn for review: four grades from 1 to 4, seen first by the agent who answered it."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="quality_reviews")
    #: whose answers are reviewed
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="reviewed")
    reviewer = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    drawn_at = models.DateTimeField(default=clock.now)
    reviewed_at = models.DateTimeField(null=True)
    clear = models.PositiveSmallIntegerField(_("clear"), **_GRADE)
    correct = models.PositiveSmallIntegerField(_("correct"), **_GRADE)
    complete = models.PositiveSmallIntegerField(_("complete"), **_GRADE)
    kind = models.PositiveSmallIntegerField(_("kind"), **_GRADE)
    comment = models.TextField(_("comment"), blank=True)
    #: when the agent looked at it; until then nobody else sees it in figures, for at most a week
    seen_at = models.DateTimeField(null=True)
    reply = models.TextField(_("the agent's reply"), blank=True)

    class Meta:
        ordering = ["-drawn_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "agent"], name="quality_review_once"),
            models.CheckConstraint(
                condition=Q(reviewed_at=None)
                | Q(clear__isnull=False, correct__isnull=False, complete__isnull=False, kind__isnull=False),
                name="quality_reviewed_has_grades",
            ),
        ]
        indexes = [
            models.Index(fields=["drawn_at"], condition=Q(reviewed_at=None), name="quality_waiting"),
            models.Index(fields=["agent", "reviewed_at"], name="quality_of_agent"),
        ]

    def __str__(self) -> str:
        return f"review of #{self.ticket_id}"
