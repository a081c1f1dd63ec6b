"""What leaves the house: its identity and content once, and one delivery for each recipient.

Named after mail, which came first. With a `conversation` it is a message on another channel, and `subject`, `cc`,
`in_reply_to` and the like are empty; all else (states, attempts, purposes, the ledger's facts) is the same for both.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from tickets.models.inbox import Inbox


class OutgoingMail(models.Model):
    """A mail to send, or a message on another channel. Its Message-ID is fixed before the first attempt, so a repeat is
    recognisable."""

    class Purpose(models.TextChoices):
        REPLY = "reply", _("Reply")
        SURVEY = "survey", _("Survey")
        FORWARD = "forward", _("Forward")
        ACKNOWLEDGEMENT = "acknowledgement", _("Acknowledgement")
        NOTICE = "notice", _("Notice")
        PROBE = "probe", _("Test mail")

    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, null=True, related_name="outgoing")
    #: the reply it carries; null for a mail of our own accord
    said = models.OneToOneField("tickets.Message", models.CASCADE, null=True, related_name="outgoing")
    #: it goes out on another channel than email, into this talk
    conversation = models.ForeignKey("tickets.Conversation", models.SET_NULL, null=True, related_name="outgoing")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    message_id = models.CharField(max_length=255, unique=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    #: where answers shall go, when it is not the inbox's own address
    reply_to = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=300)
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    text = models.TextField()
    html = models.TextField(blank=True)
    #: what stands below: fixed with the mail, so that every attempt sends the same
    signature = models.TextField(blank=True)
    quoted_text = models.TextField(blank=True)
    quoted_html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)


class MailPicture(models.Model):
    """A picture inside a mail of our own accord, such as a chart; its HTML names it by `cid:`."""

    mail = models.ForeignKey(OutgoingMail, models.CASCADE, related_name="pictures")
    file = models.ForeignKey("helpdesk.File", models.PROTECT, related_name="+")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100, default="image/png")
    content_id = models.CharField(max_length=255)
    is_inline = True

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.filename


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    DELAYED = "delayed", _("delayed")
    FAILED = "failed", _("not delivered")
    BOUNCED = "bounced", _("came back")
    CANCELLED = "cancelled", _("taken back")
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
    #: RFC 3463, such as 5.1.1, of the answer or the report that settled it
    status_code = models.CharField(max_length=10, blank=True)
    #: names this delivery in the envelope's sender, so that a bounce finds it
    token = models.CharField(max_length=64, unique=True, null=True)
    #: the provider's name for it, for its delivery reports
    provider_id = models.CharField(max_length=255, blank=True)
    #: what the network calls the parts it has taken, in order
    receipts = models.JSONField(default=list)
    #: the address the agent put in place of this one
    corrected_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="corrects")
    settled_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    #: when the customer saw it, where the channel says so
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "recipient"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="delivery_due"),
            models.Index(fields=["lease_until"], condition=models.Q(state="sending"), name="delivery_leased"),
            models.Index(fields=["provider_id"], condition=~models.Q(provider_id=""), name="delivery_by_provider"),
        ]


class Unrequested(models.Model):
    """A mail nobody asked for went to an address: all channels share one budget of them."""

    #: the address as people who alias it cannot vary it
    key = models.CharField(max_length=320)
    purpose = models.CharField(max_length=16)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="unrequested_by_address")]


class CaughtMail(models.Model):
    """Development only: a mail the local mail server caught instead of sending it on."""

    envelope_from = models.CharField(max_length=320, blank=True)
    recipients = models.JSONField(default=list)
    content = models.BinaryField()
    subject = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
