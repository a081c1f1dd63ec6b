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
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            GinIndex(fields=["vector"], name="search_vector", fastupdate=False),
            models.Index(fields=["inbox", "-updated_at"], name="search_newest"),
        ]


class SearchWord(models.Model):
    """A word somebody wrote, for those who mistype it."""

    word = models.CharField(max_length=40, primary_key=True)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [GinIndex(OpClass(models.F("word"), "gin_trgm_ops"), name="search_word_trigrams")]
