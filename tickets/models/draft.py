"""Drafts: what is being written, kept on the server until it is sent. Sending later is a draft with a time."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models.ticket import Ticket


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, agent: Agent) -> "DraftQuerySet":
        """The agent's own drafts, and of others those that are shared, wait for their time or were held back."""
        known = Q(author=agent) | Q(is_shared=True) | Q(send_at__isnull=False) | ~Q(held_back="")
        return self.filter(known, ticket__in=Ticket.objects.visible_to(agent))


class Draft(models.Model):
    """One agent's unsent words of one kind on a ticket."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Note")
        FORWARD = "forward", _("Forward")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    author = models.ForeignKey(Agent, models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REPLY)
    text = models.TextField(blank=True)
    #: as the editor wrote it; "" where it has nothing that `text` does not say
    html = models.TextField(blank=True)
    #: null: whoever the answered message says
    to = models.JSONField(null=True)
    cc = models.JSONField(null=True)
    bcc = models.JSONField(default=list)
    subject = models.CharField(max_length=300, blank=True)
    #: the message it answers or passes on
    answers = models.ForeignKey("tickets.Message", models.SET_NULL, null=True, related_name="+")
    is_shared = models.BooleanField(default=False)
    #: the way it goes, a key of `operations.posting.routes`; "" the way the answered message came
    via = models.CharField(max_length=20, blank=True)
    #: send it then, and resolve the ticket with it if `then` says so
    send_at = models.DateTimeField(null=True)
    then = models.CharField(max_length=10, blank=True)
    #: acts in words that are done with it, in their order: see tickets.operations.acting
    acts = models.JSONField(default=list)
    #: why it did not go out at its time, in words
    held_back = models.TextField(blank=True)
    #: the once-only key of the message it becomes
    once = models.CharField(max_length=64)
    #: counts savings, so that an older page cannot overwrite a newer text
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=clock.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "author", "kind"], name="draft_once")]
        indexes = [models.Index(fields=["send_at"], condition=Q(send_at__isnull=False), name="draft_due")]


class DraftFile(models.Model):
    """A file that will go with a draft."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    file = models.ForeignKey("helpdesk.File", models.PROTECT, related_name="+")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    #: pictures shown in the text, where it says [image: filename]
    is_inline = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
