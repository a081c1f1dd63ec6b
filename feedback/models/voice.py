"""The voice of the customer: remarks with their topics, and complaints."""

from datetime import datetime

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, OuterRef, Q
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
    #: None says that somebody looked, and it is about none of them
    topic = models.ForeignKey(Topic, models.CASCADE, null=True, related_name="tickets")
    is_by_hand = models.BooleanField(default=False)
    #: the words that were found
    found = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"#{self.ticket_id}: topic {self.topic_id}"


class Resorting(models.Model):
    """Looking again at what words found, since somebody changed the words: the row is the job.

    Remarks that were looked at in an earlier one come first, then tickets from the newest down to `until_number`.
    """

    begun_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    from_number = models.BigIntegerField()
    #: the next ticket to look at is below
    at_number = models.BigIntegerField()
    until_number = models.BigIntegerField()
    #: how many tickets and remarks have other topics now
    changed = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-id"], condition=Q(finished_at=None), name="resorting_to_do")]

    def __str__(self) -> str:
        return f"resorting {self.pk}"

    @property
    def percent(self) -> int:
        """How far it has come."""
        if self.finished_at is not None:
            return 100
        whole = self.from_number - self.until_number
        return min(99, 100 * (self.from_number - self.at_number) // whole) if whole > 0 else 99


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    """The complaints people name."""

    def visible_to(self, agent: Agent) -> "ComplaintQuerySet":
        """Those of the tickets an agent may see."""
        return self.filter(ticket__in=Ticket.objects.visible_to(agent))

    def standing(self) -> "ComplaintQuerySet":
        """Those that are complaints after all, on tickets that are tickets."""
        return self.filter(withdrawn_at=None, ticket__removed_at=None)

    def open(self) -> "ComplaintQuerySet":
        return self.standing().filter(closed_at=None)

    def overdue(self, at: datetime) -> "ComplaintQuerySet":
        """Not acknowledged in time, and still not."""
        return self.open().filter(acknowledged_at=None, acknowledge_by__lt=at)


class Complaint(models.Model):
    """A complaint as ISO 10002 wants it: received, acknowledged, told the outcome, closed with consent or without."""

    class Finding(models.TextChoices):
        UPHELD = "upheld", _("upheld")
        PARTLY = "partly", _("partly upheld")
        NOT_UPHELD = "not_upheld", _("not upheld")

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="complaint")
    received_at = models.DateTimeField(default=clock.now)
    #: by when it should be acknowledged, in the inbox's working days
    acknowledge_by = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    #: an agent said so; else it was the first answer
    is_acknowledged_by_hand = models.BooleanField(default=False)
    #: the customer was told what was decided
    decided_at = models.DateTimeField(null=True)
    finding = models.CharField(_("finding"), max_length=10, choices=Finding.choices, blank=True)
    outcome = models.TextField(_("outcome"), blank=True)
    closed_at = models.DateTimeField(null=True)
    #: whether the customer agreed to close it; None is not known
    is_agreed = models.BooleanField(null=True)
    reason = models.ForeignKey(ReasonCode, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="complaint_newest"),
            models.Index(fields=["acknowledge_by"], condition=Q(acknowledged_at=None), name="complaint_due"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(closed_at=None) | ~Q(finding=""), name="complaint_closed_has_finding")
        ]

    def __str__(self) -> str:
        return f"complaint on #{self.ticket_id}"

    @property
    def is_late(self) -> bool | None:
        """Whether it was acknowledged too late, or is not though it should be; None while there is time."""
        if self.acknowledge_by is None:
            return None
        if self.acknowledged_at is not None:
            return self.acknowledged_at > self.acknowledge_by
        return True if clock.now() > self.acknowledge_by else None


class RemarkQuerySet(models.QuerySet["Remark"]):
    """The remarks people name."""

    def visible_to(self, agent: Agent) -> "RemarkQuerySet":
        """Those of the inboxes an agent works in and of their departments; light collaborators: of those alone."""
        if not agent.is_active:
            return self.none()
        if agent.sees_all:
            return self
        own = Q(department__in=Department.members.through.objects.filter(agent=agent.pk).values("department"))
        if agent.limited_to is not None:
            own &= Q(inbox__in=agent.limited_to)
        if not agent.may_reply:
            return self.filter(own)
        return self.filter(Q(inbox__in=Inbox.objects.visible_to(agent).values("pk")) | own)

    def counting(self) -> "RemarkQuerySet":
        """Without those of tickets that are spam or in the trash, and of complaints that are none after all."""
        removed = Ticket.objects.filter(pk=OuterRef("ticket"), removed_at__isnull=False)
        withdrawn = Complaint.objects.filter(pk=OuterRef("complaint"), withdrawn_at__isnull=False)
        # few are, and they are in an index of their own: of the others nothing need be read
        return self.exclude(Exists(removed)).exclude(Exists(withdrawn))

    def unsettled(self) -> "RemarkQuerySet":
        return self.filter(settled_at=None)


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
    #: the review
    message = models.OneToOneField("tickets.Message", models.CASCADE, null=True, related_name="remark")
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
    #: who wrote it down, where an agent did
    noted_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    topics = models.ManyToManyField(Topic, through="RemarkTopic", related_name="remarks")
    #: an agent said what it is about: words say no more
    is_by_hand = models.BooleanField(default=False)
    #: the resorting it was last looked at in, or after; 0 before any
    looked_at = models.BigIntegerField(default=0)

    objects = RemarkQuerySet.as_manager()

    class Meta:
        ordering = ["-said_at", "-pk"]
        indexes = [
            models.Index(fields=["inbox", "-said_at", "-id"], name="remark_of_inbox"),
            models.Index(fields=["-said_at", "-id"], name="remark_newest"),
            models.Index(fields=["looked_at", "-id"], name="remark_to_look_at"),
            GinIndex(OpClass(models.F("text"), "gin_trgm_ops"), name="remark_trigrams"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"

    @property
    def ledger_stream(self) -> int | None:
        """What happens to it is told with its ticket, where it has one."""
        return self.ticket_id


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
