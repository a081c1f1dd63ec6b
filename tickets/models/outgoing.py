"""What leaves the house by mail: its identity and content once, and one delivery for each recipient."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from tickets.models.inbox import Inbox


class OutgoingMail(models.Model):
    """A mail to send. Its Message-ID is fixed before the first attempt, so a repeat is recognisable."""

    class Purpose(models.TextChoices):
        REPLY = "reply", _("Reply")
        SURVEY = "survey", _("Survey")

    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, null=True, related_name="outgoing")
    #: the reply it carries; null for a mail of our own accord
    said = models.OneToOneField("tickets.Message", models.CASCADE, null=True, related_name="outgoing")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    message_id = models.CharField(max_length=255, unique=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    subject = models.CharField(max_length=300)
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    FAILED = "failed", _("not delivered")
    UNCERTAIN = "uncertain", _("uncertain: it may have been sent")


class Delivery(models.Model):
    """One recipient of a mail, and how it went."""

    mail = models.ForeignKey(OutgoingMail, models.CASCADE, related_name="deliveries")
    recipient = models.CharField(max_length=320)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now)
    give_up_at = models.DateTimeField()
    #: while sending: whose turn it is, and until when
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    #: set just before the content goes out: from here on a crash leaves the outcome unknowable
    transmitting = models.BooleanField(default=False)
    answer = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "recipient"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="delivery_due"),
            models.Index(fields=["lease_until"], condition=models.Q(state="sending"), name="delivery_leased"),
        ]


class CaughtMail(models.Model):
    """Development only: a mail the local mail server caught instead of sending it on."""

    envelope_from = models.CharField(max_length=320, blank=True)
    recipients = models.JSONField(default=list)
    content = models.BinaryField()
    subject = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
