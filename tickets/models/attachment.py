"""Attachments: files that came or went with a message."""

from django.db import models

from tickets.models.message import Message


class Attachment(models.Model):
    """A named file of a message; the bytes are a File, kept once however often they were sent."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    file = models.ForeignKey("helpdesk.File", models.PROTECT, related_name="+")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    content_id = models.CharField(max_length=255, blank=True)
    is_inline = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.filename
