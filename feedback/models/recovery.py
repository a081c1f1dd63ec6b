"""Recoveries: closing the loop with a customer who was let down."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models.department import Department, ReasonCode
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Customer, Inbox, Message, Ticket


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


#: the customer's side of it is done: what is left to say is how it ended
NOT_OVER = (RecoveryState.OPEN, RecoveryState.WORKED)


class RecoveryQuerySet(models.QuerySet["Recovery"]):
    def visible_to(self, agent: Agent) -> "RecoveryQuerySet":
        """Those of the inboxes an agent may see and of their departments; a light collaborator's departments only."""
        if not agent.is_active:
            return self.none()
        if agent.sees_all:
            return self
        if agent.limited_to is not None:
            self = self.filter(inbox__in=agent.limited_to)
            if agent.is_admin:
                return self
        theirs = Q(department__in=Department.members.through.objects.filter(agent=agent).values("department_id"))
        return self.filter(theirs | Q(inbox__in=Inbox.objects.visible_to(agent)) if agent.may_reply else theirs)

    def standing(self) -> "RecoveryQuerySet":
        """Those that are not over."""
        return self.exclude(state=RecoveryState.CLOSED)

    def overdue(self, at: datetime) -> "RecoveryQuerySet":
        """Those nobody took up in time."""
        return self.filter(state=RecoveryState.OPEN, taken_up_at=None, due_at__lt=at)

    def unassigned(self) -> "RecoveryQuerySet":
        """Those that are not over and nobody's."""
        return self.standing().filter(owner=None)

    def locked(self, pk: int) -> "Recovery":
        """This recovery, ours alone until the transaction ends: after its ticket, or without one after the answer that
        opened it, as everybody does who changes both.

        Raises Recovery.DoesNotExist.
        """
        ticket, answer = self.filter(pk=pk).values_list("ticket_id", "response_id").first() or (None, None)
        if ticket is not None:
            Ticket.objects.locked(ticket)
        elif answer is not None:
            from feedback.models.response import Response

            Response.objects.select_for_update(of=("self",)).filter(pk=answer).first()
        return (
            self.select_for_update(of=("self",), no_key=True)
            .select_related("ticket__inbox", "customer", "inbox", "response__invitation__survey", "owner", "department")
            .get(pk=pk)
        )


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
    #: raised with every change: who changes what a colleague has changed meanwhile is told so
    version = models.PositiveIntegerField(default=0)

    objects = RecoveryQuerySet.as_manager()

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

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        return reverse("recovery", args=[self.pk])

    @property
    def subject(self) -> Ticket | Customer:
        """What its events are about: the ticket, where it is about one."""
        return self.ticket or self.customer

    @property
    def is_closed(self) -> bool:
        return self.state == RecoveryState.CLOSED

    @property
    def is_overdue(self) -> bool:
        """Nobody took it up in time, and it still waits."""
        return self.state == RecoveryState.OPEN and self.taken_up_at is None and self.due_at < clock.now()


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


class RecoveryReview(models.Model):
    """A bad review, and the recovery that takes care of it: reviews on one ticket may share one."""

    recovery = models.ForeignKey(Recovery, models.CASCADE, related_name="reviews")
    message = models.OneToOneField(Message, models.CASCADE, related_name="recovery_review")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"review {self.message_id} of recovery {self.recovery_id}"
