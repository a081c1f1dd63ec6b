"""What a channel other than email keeps: its account, its conversations, and what the network calls each message."""

import json
import secrets

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.crypto import EncryptedTextField
from tickets.models.inbox import Inbox


def new_key() -> str:
    """What nobody guesses: it stands in the address of a webhook or a widget."""
    return secrets.token_urlsafe(18)


class ChannelAccount(models.Model):
    """Our account at a network, of one inbox: how we sign in there, and how far we have read."""

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="account")
    kind = models.CharField(max_length=20)
    #: who we are over there; the same account is connected once
    address = models.CharField(max_length=320, blank=True)
    #: what the channel's form asks for and nobody needs to hide
    config = models.JSONField(default=dict, blank=True)
    #: tokens and passwords, as JSON
    sealed = EncryptedTextField(default="", blank=True)
    key = models.CharField(max_length=43, unique=True, default=new_key)
    #: how far the poll has read, as its adapter wrote it
    cursor = models.JSONField(default=dict, blank=True)
    #: what the network has approved to be sent after its time for free words, as `protocol.Template` has it
    templates = models.JSONField(default=list, blank=True)
    polled_at = models.DateTimeField(null=True)
    #: whose turn it is to poll, until when
    polling_until = models.DateTimeField(null=True)
    #: the network wants to be left alone until then
    paused_until = models.DateTimeField(null=True)
    #: since when the network does not know us any more: nothing goes in or out until it is connected anew
    dead_since = models.DateTimeField(null=True)
    #: for people
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "address"], condition=~models.Q(address=""), name="channel_account_once"
            )
        ]

    def __str__(self) -> str:
        return self.address or self.kind

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Tokens and passwords."""
        return dict(json.loads(self.sealed)) if self.sealed else {}


class Conversation(models.Model):
    """A talk with one customer on one inbox's channel, for ever the same however many tickets come of it."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="conversations")
    #: the network's name of it
    thread = models.CharField(max_length=255)
    #: the customer's address there
    point = models.ForeignKey("tickets.ContactPoint", models.PROTECT, related_name="conversations")
    #: where what is said goes now; it may have been merged into another since
    ticket = models.ForeignKey("tickets.Ticket", models.SET_NULL, null=True, related_name="conversations")
    is_public = models.BooleanField(default=False)
    #: when the customer last wrote: some networks let nobody answer much later
    heard_at = models.DateTimeField(null=True)
    #: what the adapter needs to answer here
    facts = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "thread"], name="conversation_once")]
        indexes = [
            models.Index(fields=["point"], name="conversation_claims", condition=models.Q(facts__has_key="claimed")),
        ]

    def __str__(self) -> str:
        return f"{self.thread} in {self.inbox_id}"


class ChannelMessage(models.Model):
    """What the network calls a message, whoever wrote it: so that none comes twice, and edits find theirs.

    A row without a message, a mail or a talk is a tombstone: it was taken back before it came.
    """

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+")
    identifier = models.CharField(max_length=255)
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, related_name="messages")
    message = models.ForeignKey("tickets.Message", models.CASCADE, null=True, related_name="abroad")
    #: what went out of our own accord (a survey, an acknowledgement), where no message carries it
    mail = models.ForeignKey(
        "tickets.OutgoingMail", models.SET_NULL, null=True, related_name="abroad", db_index=False
    )  # fmt: skip
    #: our answer was too long for one: its parts, from 0
    part = models.PositiveSmallIntegerField(default=0)
    #: where people can look at it
    url = models.CharField(_("address"), max_length=500, blank=True)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    #: what the channel shows beside it: {"stars": 2}
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "identifier"], name="channel_message_once")]
        indexes = [
            models.Index(fields=["mail"], name="channel_message_of_mail", condition=models.Q(mail__isnull=False)),
        ]
