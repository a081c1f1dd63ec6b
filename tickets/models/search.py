"""What search looks in: one document a ticket, and the words there are."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tickets.models.inbox import Inbox
from tickets.models.ticket import Ticket


class SearchDocument(models.Model):
    """Subject, customer, messages, notes, tags and names of attachments of a ticket, as words.

    The inbox stands here too, so that the permission is part of the same look-up.
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="document")
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+")
    vector = SearchVectorField()
    #: the newest message in it
    message_id = models.BigIntegerField(default=0)
    #: when something was last said
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            GinIndex(fields=["vector"], name="search_vector", fastupdate=True, gin_pending_list_limit=2048),
            models.Index(fields=["inbox", "-updated_at"], name="search_newest"),
        ]


class StaleDocument(models.Model):
    """A ticket whose document is to be written anew when the clock comes by: its customer has another name now."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="+")


class SearchWord(models.Model):
    """A word somebody wrote, for those who mistype it."""

    word = models.CharField(max_length=40, primary_key=True)
    #: how often it was written down, as far as it matters: counting ends at a few
    count = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [GinIndex(OpClass(models.F("word"), "gin_trgm_ops"), name="search_word_trigrams")]
