"""Recoveries: closing the loop with a customer who was let down."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models.department import Department, ReasonCode
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Customer, Inbox, Ticket


class RecoveryState(models.TextChoices):
    OPEN = "open", _("open")
    WORKED = "worked", _("being worked on")
    CLOSED = "closed", _("closed")


class RecoverySource(models.TextChoices):
    """What opened it."""

    LOW_SCORE = "low_score", _("a low score")
    HIGH_EFFORT = "high_effort", _("high effort")
    DETRACTOR = "detractor", _("a detractor")
    COMPLAINT = "complaint", _("a complaint")
    REVIEW = "review", _("a bad review")
    AGENT = "agent", _("an agent")


class Outcome(models.TextChoices):
    """How it ended."""

    RECOVERED = "recovered", _("recovered")
    NOT_RECOVERED = "not_recovered", _("not recovered")
    UNREACHABLE = "unreachable", _("the customer could not be reached")
    NOT_NEEDED = "not_needed", _("nothing was to be done")


class Recovery(models.Model):
    """One customer who was let down, who takes care of it until when, and what came of it."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="recoveries")
    #: None where it is not about one ticket
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="recoveries")
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+")
    #: the answer that opened it
    response = models.OneToOneField("feedback.Response", models.SET_NULL, null=True, related_name="recovery")
    source = models.CharField(max_length=12, choices=RecoverySource.choices)
    state = models.CharField(max_length=8, choices=RecoveryState.choices, default=RecoveryState.OPEN)
    owner = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="recoveries", verbose_name=_("owner"))
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, related_name="recoveries", verbose_name=_("department")
    )
    reason = models.ForeignKey(ReasonCode, models.SET_NULL, null=True, related_name="+", verbose_name=_("reason"))
    #: in the service team's control; None is not decided yet
    in_control = models.BooleanField(null=True)
    #: whose help was rated; where so set, never the owner
    rated_agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField(default=clock.now)
    #: by when somebody should have taken it up, in the inbox's opening hours
    due_at = models.DateTimeField()
    #: the first word to the customer after it was opened
    taken_up_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    done = models.TextField(_("what was done"), blank=True)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=2, null=True)
    opened_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at=None)),
                name="recovery_closed_at_only_when_closed",
            ),
            models.CheckConstraint(condition=~Q(state="closed") | ~Q(outcome=""), name="recovery_closed_has_outcome"),
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(ticket__isnull=False) & ~Q(state="closed"), name="recovery_one_a_ticket"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=~Q(state="closed"), name="recovery_queue"),
            models.Index(fields=["inbox", "opened_at"], name="recovery_of_inbox"),
            models.Index(fields=["customer", "-opened_at"], name="recovery_of_customer"),
        ]
        verbose_name = _("recovery")
        verbose_name_plural = _("recoveries")

    def __str__(self) -> str:
        return f"recovery {self.pk}: {self.state}"


class RecoveryNote(models.Model):
    """What those who work on a recovery tell each other."""

    recovery = models.ForeignKey(Recovery, models.CASCADE, related_name="notes")
    author = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"note on recovery {self.recovery_id}"
