"""Notifications: what an agent is told, by which way, and when not."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models.inbox import Inbox


class Way(models.TextChoices):
    """How somebody is told; in the product is always the first of them."""

    PAGE = "page", _("In the helpdesk")
    MAIL = "mail", _("By mail")
    PUSH = "push", _("On this device")


class Notification(models.Model):
    """One agent is told of one event. The row is the job of its mail and of its push messages."""

    class State(models.TextChoices):
        NONE = "", "not wanted"
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="notifications")
    #: a word of tickets.notices: assigned, mentioned, answered …
    kind = models.CharField(max_length=30)
    event_id = models.BigIntegerField()
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, null=True, related_name="notifications")
    #: who did it; null is the customer or a rule
    actor_id = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True)
    is_shown = models.BooleanField(default=True)
    mail = models.CharField(max_length=8, choices=State.choices, default=State.NONE, blank=True)
    push = models.CharField(max_length=8, choices=State.choices, default=State.NONE, blank=True)
    #: mailed not before: a short rest, and quiet hours
    due_at = models.DateTimeField(default=clock.now)
    mailed_at = models.DateTimeField(null=True)
    #: pushed not before: quiet hours, and growing patience
    push_due_at = models.DateTimeField(default=clock.now)
    push_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["agent", "event_id", "kind"], name="notification_once")]
        indexes = [
            models.Index(fields=["agent", "-id"], name="notification_of_agent"),
            models.Index(
                fields=["agent", "ticket"], condition=models.Q(read_at=None, is_shown=True), name="notification_unread"
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(mail="waiting") | models.Q(push="waiting"),
                name="notification_due",
            ),
            models.Index(fields=["push_due_at"], condition=models.Q(push="waiting"), name="notification_push_due"),
            models.Index(
                fields=["agent", "mailed_at"], condition=models.Q(mailed_at__isnull=False), name="notification_mailed"
            ),
        ]  # fmt: skip


class NotificationChoice(models.Model):
    """What an agent wants to hear of, by which way; without an inbox it holds for all. `agent` null is the default."""

    agent = models.ForeignKey(Agent, models.CASCADE, null=True, related_name="notification_choices")
    inbox = models.ForeignKey(Inbox, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=30)
    way = models.CharField(max_length=4, choices=Way.choices)
    is_wanted = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "inbox", "kind", "way"], name="notification_choice_once", nulls_distinct=False
            )
        ]


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    def standing(self) -> "PushSubscriptionQuerySet":
        """Those whose session has not run out."""
        return self.filter(session__expire_date__gt=clock.now())


class PushSubscription(models.Model):
    """A browser that shows notifications (RFC 8030, 8291): where to post them, and its keys."""

    # Whoever ends a session (signing out, a new password, an admin) deletes its row, and this goes with it.

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="push_subscriptions")
    #: where it was asked for, and with which it ends
    session = models.ForeignKey("sessions.Session", models.CASCADE, related_name="+")
    endpoint = models.URLField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=200)
    auth = models.CharField(max_length=100)
    device = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)

    objects = PushSubscriptionQuerySet.as_manager()
