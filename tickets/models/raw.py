"""Raw messages: what came in, byte for byte, stored before anybody tried to understand it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from tickets.models.inbox import Inbox


class RawState(models.TextChoices):
    RECEIVED = "received", _("Received")
    DONE = "done", _("On a ticket")
    DUPLICATE = "duplicate", _("Duplicate")
    QUARANTINED = "quarantined", _("Quarantined")
    PARKED = "parked", _("Parked")
    #: understood, and no message for people: a delivery report, a test mail of ours
    RECORDED = "recorded", _("Noted")
    #: an agent said that it needs nothing
    DISMISSED = "dismissed", _("Dismissed")


class RawQuerySet(models.QuerySet["RawMessage"]):
    def visible_to(self, agent) -> "RawQuerySet":  # type: ignore[no-untyped-def]
        """Raw mail of the inboxes an agent may see."""
        return self.filter(inbox__in=Inbox.objects.visible_to(agent))


class RawMessage(models.Model):
    """One mail as received. It ends in a visible state, with a reason."""

    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="raw_messages")
    source = models.CharField(max_length=10)
    #: what the source calls it: "smtp <uuid>", "imap <uidvalidity> <uid>", "pipe <uuid>"
    source_key = models.CharField(max_length=120)
    envelope_from = models.CharField(max_length=320, blank=True)
    #: whom the envelope was for, where the source says it: our signed addresses stand here
    envelope_to = models.JSONField(default=list)
    #: it was in the mailbox before we came: it is kept, and moves and answers nothing
    is_history = models.BooleanField(default=False)
    #: when the mailbox had it, where the source says it
    arrived_at = models.DateTimeField(null=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    sha256 = models.BinaryField(max_length=32)
    received_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=12, choices=RawState.choices, default=RawState.RECEIVED)
    #: for people
    reason = models.TextField(blank=True)
    #: the reason in a word, for filters and counts
    reason_code = models.CharField(max_length=20, blank=True)
    #: an agent lets it in as it is
    is_released = models.BooleanField(default=False)
    #: the ticket it would have joined, or an agent says it belongs to
    belongs_to = models.ForeignKey("tickets.Ticket", models.SET_NULL, null=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    #: known once it was read; they decide what is a duplicate
    message_id = models.CharField(max_length=998, blank=True)
    content_hash = models.BinaryField(max_length=32, null=True)
    sender = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    #: what became of it
    said = models.ForeignKey("tickets.Message", models.SET_NULL, null=True, related_name="+")

    objects = RawQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["inbox", "source", "source_key"], name="raw_source_once"),
            models.UniqueConstraint(
                fields=["inbox", "message_id", "content_hash"],
                condition=models.Q(state="done"),
                name="raw_done_once",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="received"), name="raw_waiting"),
            models.Index(fields=["inbox", "state", "-id"], name="raw_by_state"),
        ]
