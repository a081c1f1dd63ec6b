"""Bulk acts: one act on many tickets, as a row that says how far it is."""

from django.db import models

from helpdesk import clock
from helpdesk.models import Agent


class BulkAct(models.Model):
    """The row is the job: whoever claims it goes on where it stopped."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="bulk_acts")
    #: {"do": "assign", "agent": 4}, in the words of a macro's actions
    act = models.JSONField()
    #: the tickets' numbers, in the order they are done
    tickets = models.JSONField()
    done = models.PositiveIntegerField(default=0)
    #: the ticket's number -> why it could not be, in words
    failed = models.JSONField(default=dict)
    #: the events it caused, so that it can be taken back
    events = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    undoes = models.ForeignKey("self", models.SET_NULL, null=True, related_name="undone_by")
    #: the once-only key of the form that asked for it
    once = models.CharField(max_length=64, unique=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], condition=~models.Q(state="done"), name="bulk_act_to_do")]
