"""The voice of the customer: remarks with their topics, and complaints."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models.department import Department, ReasonCode
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Customer, Inbox, Ticket


class Topic(models.Model):
    """What something is about, found by words and phrases that anybody can read and change."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    #: words and phrases, one a line; `*` at the end of a word stands for any ending
    phrases = models.TextField(_("words and phrases"), blank=True)
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    is_active = models.BooleanField(_("active"), default=True)
    #: raised whenever its phrases change: what was found by older ones is looked at again
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name


class TicketTopic(models.Model):
    """What a ticket is about: said by an agent, or found by words."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="topic")
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="tickets")
    is_by_hand = models.BooleanField(default=False)
    #: the words that were found
    found = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"#{self.ticket_id}: topic {self.topic_id}"


class Complaint(models.Model):
    """A complaint as ISO 10002 wants it: received, acknowledged, told the outcome, closed with consent or without."""

    class Finding(models.TextChoices):
        UPHELD = "upheld", _("upheld")
        PARTLY = "partly", _("partly upheld")
        NOT_UPHELD = "not_upheld", _("not upheld")

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="complaint")
    received_at = models.DateTimeField(default=clock.now)
    acknowledged_at = models.DateTimeField(null=True)
    #: the customer was told what was decided
    decided_at = models.DateTimeField(null=True)
    finding = models.CharField(_("finding"), max_length=10, choices=Finding.choices, blank=True)
    outcome = models.TextField(_("outcome"), blank=True)
    closed_at = models.DateTimeField(null=True)
    #: whether the customer agreed to close it; None is not known
    is_agreed = models.BooleanField(null=True)
    reason = models.ForeignKey(ReasonCode, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.CheckConstraint(condition=Q(closed_at=None) | ~Q(finding=""), name="complaint_closed_has_finding")
        ]

    def __str__(self) -> str:
        return f"complaint on #{self.ticket_id}"


class Remark(models.Model):
    """Something a customer said about us, whatever the way it came."""

    class Source(models.TextChoices):
        SURVEY = "survey", _("Survey")
        COMPLAINT = "complaint", _("Complaint")
        REVIEW = "review", _("Review")
        NOTED = "noted", _("Noted by an agent")

    source = models.CharField(max_length=10, choices=Source.choices)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="remarks")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="remarks")
    response = models.OneToOneField("feedback.Response", models.CASCADE, null=True, related_name="remark")
    complaint = models.OneToOneField(Complaint, models.CASCADE, null=True, related_name="remark")
    text = models.TextField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    #: the survey's kind and the score given, where there was one
    kind = models.CharField(max_length=10, blank=True)
    score = models.SmallIntegerField(null=True)
    #: good, bad or neither; by the score
    tone = models.SmallIntegerField(default=0)
    said_at = models.DateTimeField(default=clock.now)
    department = models.ForeignKey(Department, models.SET_NULL, null=True, related_name="remarks")
    assignee = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="remarks")
    settled_at = models.DateTimeField(null=True)
    topics = models.ManyToManyField(Topic, through="RemarkTopic", related_name="remarks")
    #: the sum of the topics' versions it was looked at with
    looked_at = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-said_at", "-pk"]
        indexes = [
            models.Index(fields=["inbox", "-said_at", "-id"], name="remark_of_inbox"),
            GinIndex(OpClass(models.F("text"), "gin_trgm_ops"), name="remark_trigrams"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"


class RemarkTopic(models.Model):
    """A topic of a remark, and the words that say so."""

    remark = models.ForeignKey(Remark, models.CASCADE, related_name="found_topics")
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="+")
    is_by_hand = models.BooleanField(default=False)
    found = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["remark", "topic"], name="remark_topic_once")]
        indexes = [models.Index(fields=["topic", "remark"], name="remark_topic_listed")]

    def __str__(self) -> str:
        return f"remark {self.remark_id}: topic {self.topic_id}"
