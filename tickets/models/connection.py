"""How tickets belong together: followers, links, and tickets that were merged."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models.ticket import Ticket


class Follower(models.Model):
    """An agent who watches a ticket without owing its next step."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="followers")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="followed")
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "agent"], name="follower_once")]


class TicketLink(models.Model):
    """Two tickets that have to do with each other: `source` is the parent, or the duplicate, of `target`."""

    class Kind(models.TextChoices):
        RELATED = "related", _("Related")
        PARENT = "parent", _("Parent of")
        DUPLICATE = "duplicate", _("Duplicate of")

    source = models.ForeignKey(Ticket, models.CASCADE, related_name="links_to")
    target = models.ForeignKey(Ticket, models.CASCADE, related_name="links_from")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.RELATED)
    by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], name="ticket_link_once"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="ticket_link_of_two"),
        ]


class Merge(models.Model):
    """A ticket that went into another one: what went with it, so that it can be taken apart again."""

    source = models.ForeignKey(Ticket, models.CASCADE, related_name="merges")
    target = models.ForeignKey(Ticket, models.CASCADE, related_name="merged_here")
    by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True)
    #: what the source was, and what was added to the target: messages, participants, tags, followers
    kept = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(undone_at=None), name="merge_of_a_ticket_once"
            )
        ]
