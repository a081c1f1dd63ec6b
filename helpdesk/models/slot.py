"""Timed work done at most once: two clocks, or a clock that was away for six hours, are harmless."""

import uuid

from django.db import models

from helpdesk import clock
from helpdesk.failpoints import reach


class SlotManager(models.Manager["Slot"]):
    def take(self, job: str, slot: str) -> bool:
        """True for the first who asks for this slot of this job, for ever; call it inside the job's transaction."""
        made = self.bulk_create([Slot(job=job, slot=slot)], ignore_conflicts=True)
        reach("slot.inserted")
        return self.filter(job=job, slot=slot, token=made[0].token).exists()


class Slot(models.Model):
    """One occasion of a job, e.g. ("wake", "ticket 42 2026-03-01T09:00Z")."""

    job = models.CharField(max_length=40)
    slot = models.CharField(max_length=120)
    #: tells the one who took it from those who came too late
    token = models.UUIDField(default=uuid.uuid4)
    taken_at = models.DateTimeField(default=clock.now)

    objects = SlotManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "slot"], name="slot_once")]
