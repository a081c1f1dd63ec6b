"""Visitors: who talks to us in the chat on a site, from how many browsers, and how much of it they have seen."""

from django.db import models

from helpdesk import clock
from tickets.models.inbox import Inbox


class Visitor(models.Model):
    """Somebody who chats. `thread` names their talk, for ever; the site vouches for who has a `user_id`."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="visitors")
    #: as in Conversation.thread
    thread = models.CharField(max_length=255)
    #: there once they wrote; who is erased goes with it
    talk = models.OneToOneField("tickets.Conversation", models.CASCADE, null=True, related_name="visitor")
    #: the site's name for them, signed; "" is anybody
    user_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    #: where answers go once they left: as they typed it, or as the site signed it
    email = models.CharField(max_length=320, blank=True)
    is_email_vouched = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)
    #: the page they are on, where the inbox asks for it and they agreed
    page_url = models.CharField(max_length=500, blank=True)
    page_title = models.CharField(max_length=200, blank=True)
    #: when a browser of theirs was last connected, a minute old at most
    here_at = models.DateTimeField(default=clock.now)
    #: since when we say that they left
    left_at = models.DateTimeField(null=True)
    #: up to which of the talk's messages (ChannelMessage) their browser has them, they saw them, a mail brought them
    got_to = models.BigIntegerField(default=0)
    seen_to = models.BigIntegerField(default=0)
    mailed_to = models.BigIntegerField(default=0)
    #: when they were last mailed a transcript
    transcript_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "thread"], name="visitor_once")]
        indexes = [models.Index(fields=["here_at"], condition=models.Q(left_at=None), name="visitor_may_have_left")]

    def __str__(self) -> str:
        return self.name or self.thread


class VisitorToken(models.Model):
    """What a browser of a visitor shows us; we keep its digest only."""

    digest = models.CharField(max_length=64, unique=True)
    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="tokens")
    created_at = models.DateTimeField(default=clock.now)
    #: the visitor signed out of the site, there
    ended_at = models.DateTimeField(null=True)
