"""Messages: what was said on a ticket."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models.ticket import Ticket

#: what may be marked on a message
MARKS = (
    "unverified",  # nobody vouches for the sender's address
    "stranger",  # it names a ticket its sender takes no part in
    "collision",  # another mail with the same Message-ID says something else
    "probable_duplicate",  # the same words came before, by another way
    "erased",  # who wrote it asked to be forgotten: its words are gone
    "edited", "deleted",  # the sender changed it, or took it back, on the network it came from
    "elsewhere",  # our account wrote it, not through us
    "file_missing",  # a file of it could not be fetched
    "encrypted", "signed", "invitation", "too_complex", "feedback_report", "delay",
)  # fmt: skip


class MessageKind(models.TextChoices):
    INCOMING = "incoming", _("Incoming")
    REPLY = "reply", _("Reply")
    NOTE = "note", _("Note")
    #: ours to somebody else about the ticket, and what they said to it: the customer sees neither
    FORWARD = "forward", _("Forward")
    ASIDE = "aside", _("Answer aside")


class Message(models.Model):
    """One utterance: the customer's, our public answer, or a note among agents."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=10, choices=MessageKind.choices)
    #: who of us wrote it
    author = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    #: which address of a customer wrote it
    sender = models.ForeignKey("tickets.ContactPoint", models.SET_NULL, null=True, related_name="messages")
    sender_name = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=20, default="email")
    subject = models.CharField(max_length=300, blank=True)
    #: what is new in it; `full_text` is all of it where that is more
    text = models.TextField(blank=True)
    full_text = models.TextField(blank=True)
    #: as it came; made safe whenever it is shown
    html = models.TextField(blank=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    #: where the sender wants answers, when it is not From
    reply_to = models.JSONField(default=list)
    #: what a reader should know, in words of MARKS
    marks = models.JSONField(default=list)
    #: the talk with a third party it belongs to
    side = models.ForeignKey("tickets.SideConversation", models.SET_NULL, null=True, related_name="messages")
    #: sent and taken back within the seconds for that; its text went back into the draft
    withdrawn_at = models.DateTimeField(null=True)
    #: minted with our own messages, read from theirs; without the angle brackets
    message_id = models.CharField(max_length=998, blank=True)
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    #: made by a machine: an auto-reply, a bounce, our own acknowledgement
    is_automated = models.BooleanField(default=False)
    #: pass, fail or unknown: whether the sender's domain vouches for them
    authentication = models.CharField(max_length=10, blank=True)
    #: why it is on this ticket, in a word: see tickets.operations.threading
    matched_by = models.CharField(max_length=20, blank=True)
    #: the sender's own claim, shown only
    claimed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    raw = models.ForeignKey("tickets.RawMessage", models.SET_NULL, null=True, related_name="+")
    #: the once-only key of the form or request that made it
    once = models.CharField(max_length=100, null=True, unique=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["ticket", "created_at", "id"], name="message_in_ticket"),
            models.Index(fields=["message_id"], condition=~models.Q(message_id=""), name="message_by_id"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on #{self.ticket_id}"


class AwaitedMessage(models.Model):
    """A Message-ID a customer's mail named before we saw the mail itself: when it comes, it joins that ticket."""

    inbox = models.ForeignKey("tickets.Inbox", models.CASCADE, related_name="+")
    identifier = models.CharField(max_length=998)
    #: only a mail from the same address joins
    address = models.CharField(max_length=320)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "identifier", "address"], name="awaited_once")]


class SideConversation(models.Model):
    """A talk with somebody else about a ticket: a forward and what comes back. It moves no clock of the ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="side_conversations")
    subject = models.CharField(max_length=300, blank=True)
    #: whom we asked, in lower case; only they may answer into it
    addresses = models.JSONField(default=list)
    created_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
