"""The ledger of everything that happened, and the outbox of what is still to be told."""

from django.db import models

from helpdesk import clock


class Event(models.Model):
    """A fact, past tense, never changed. The table is partitioned by month and refuses UPDATE and DELETE."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=clock.now)
    verb = models.CharField(max_length=60)
    #: events of one stream are heard in order: a ticket's number; null for matters of the house
    stream_id = models.BigIntegerField(null=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    #: who did it; null is the clock, a rule or the customer
    actor_id = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict)
    #: the request that caused it
    cause = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["stream_id", "id"], name="event_stream"),
            models.Index(fields=["at"], name="event_at"),
            # matters of the house, by whom they speak of
            models.Index(
                fields=["subject_type", "subject_id", "id"],
                condition=models.Q(stream_id__isnull=True),
                name="event_of_the_house",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"


class PendingEvent(models.Model):
    """An event whose subscribers have not run. Written with the event, removed with their effects."""

    event_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    stream_id = models.BigIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="pending_due"),
            models.Index(fields=["stream_id", "event_id"], name="pending_stream"),
        ]
